"""How `rnnlab predict` reads photos as people take them, by kind: right, in doubt, or wrong.

    python -m benchmarks.accuracy.photos
    python -m benchmarks.accuracy.photos --threshold

Draws photos whose digits are known, a few hundred, and reads them with the trained network of task
mnist. A blank photo is right only if it is in doubt. The first kind are the test images of MNIST as
PNG files, each taken as it is. --threshold shows instead what a least probability does on MNIST's
validation images, from which that of `rnnlab predict` was chosen.

Reads:   params.yaml, data/raw/mnist/, data/models/mnist/; for --threshold also data/windows/mnist/
Writes:  a table to standard output
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.accuracy.photo_kinds import KINDS, drawn
from rnnlab.commands.predict import read_photos
from rnnlab.core.errors import exit_code
from rnnlab.core.files import read_tensors
from rnnlab.core.params import load_params
from rnnlab.core.stage import make_parser
from rnnlab.images.idx import read_idx, read_list
from rnnlab.images.scores import mean_probabilities
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare
from rnnlab.training.loop import predict_in_batches

TASK = "mnist"
LARGE = {"speck": (3000, 4000), "noise": (3000, 4000)}
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def main(arguments: argparse.Namespace) -> None:
    device = prepare(load_params())
    networks, card = read_models(Path("data/models") / TASK, TASK, device)
    files = read_list(Path("data/raw/mnist/files.csv"), "MNIST")
    images = read_idx(files["test_images"], "images")
    labels = read_idx(files["test_labels"], "labels")
    if arguments.threshold:
        show_thresholds(networks["main"], device)
        return

    def read(paths: list[Path]) -> list[tuple[str, bool]]:
        readings, answers = read_photos(paths, networks["main"], card["windows"], device)
        named = ("".join(map(str, each.argmax(axis=1))) for each in answers)
        return [(name, bool(each.doubt)) for name, each in zip(named, readings, strict=True)]

    print(f"{'kind':16}{'right':>8}{'doubt':>8}{'wrong':>8}{'s each':>8}")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.png" for number in range(arguments.test)]
        for path, image in zip(paths, images, strict=False):
            Image.fromarray(image).save(path)
        if paths:
            show("MNIST's own", read(paths), [str(label) for label in labels], 0)
        examples = {digit: images[labels == digit][:300] for digit in range(10)}
        for kind in arguments.kinds or KINDS:
            paths, truth = [], []
            for number in range(arguments.first, arguments.first + arguments.count):
                photo = drawn(kind, number, examples, LARGE.get(kind, (600, 800)))
                paths.append(Path(folder) / f"{kind}{number}.{photo.suffix}")
                paths[-1].write_bytes(photo.file)
                truth.append(photo.answer)
            started = time.perf_counter()
            found = read(paths)
            show(kind, found, truth, (time.perf_counter() - started) / max(len(paths), 1))


def show(kind: str, found: list[tuple[str, bool]], truth: list[str], seconds: float) -> None:
    counts = [0, 0, 0]
    for (name, doubt), answer in zip(found, truth, strict=False):
        right = doubt if not answer else name == answer and not doubt
        counts[0 if right else 1 if doubt else 2] += 1
    print(f"{kind:16}" + "".join(f"{count:8}" for count in counts) + f"{seconds:8.2f}", flush=True)


def show_thresholds(networks: list, device: torch.device) -> None:
    parts = read_tensors(
        Path(f"data/windows/{TASK}/main/validation.safetensors"), f"windows@{TASK}"
    )
    x = torch.from_numpy(parts["x"]).to(device)
    chances = mean_probabilities(predict_in_batches(each, x) for each in networks).cpu().numpy()
    largest, wrong = chances.max(axis=1), chances.argmax(axis=1) != parts["y"]
    print("least probability    images in doubt    errors in doubt")
    for least in THRESHOLDS:
        doubt = largest < least
        print(
            f"{least:17}{100 * np.mean(doubt):17.2f} %{np.sum(doubt & wrong):12} of {wrong.sum()}"
        )


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--threshold", action="store_true", help="the choice of a threshold")
    parser.add_argument("--count", type=int, default=20, help="photos of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first photo")
    parser.add_argument("--test", type=int, default=10_000, help="test images of MNIST")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, metavar="KIND", help="these alone")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given)))
