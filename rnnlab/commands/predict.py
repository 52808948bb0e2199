"""Name the digit in pictures, or write the trained network as an ONNX file.

    rnnlab predict seven.png photo.jpg
    rnnlab predict --onnx digits.onnx

A picture may have any size, be dark on light or light on dark, and hold colour or transparency. It
is made into an image as those of MNIST were made: the digit in a box of 20×20, its centre of mass
in the middle of 28×28 pixels.

Reads:   params.yaml (threads, device, deterministic, tasks.TASK.kind), data/models/TASK/, the
         pictures (PNG or JPEG)
Writes:  a row for each picture to standard output: the answer, and each class's probability in
         per cent; with --onnx the named file: input x, float32 [N, T, F] of grey levels 0 to 255,
         output logits [N, K], the normalization inside
Needs:   what `dvc repro train@TASK` leaves
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.params import Params, load_params
from rnnlab.core.stage import parser_of
from rnnlab.images.idx import as_sequences
from rnnlab.images.photos import read_digit
from rnnlab.images.scores import mean_probabilities
from rnnlab.networks.onnx_export import write_onnx
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare
from rnnlab.training.loop import answers_for


def main(arguments: argparse.Namespace, params: Params) -> None:
    if not arguments.images and arguments.onnx is None:
        raise InputError("nothing to do: name a picture, or a file after --onnx")
    device = prepare(params)
    if params.task(arguments.task).kind != "images":
        raise InputError(f"--task {arguments.task}: forecasts a series; name a task of images")
    networks, card = read_models(Path("data/models") / arguments.task, arguments.task, device)
    windows = card["windows"]
    if arguments.onnx is not None:
        write_onnx(networks["main"], card["model"]["cell"], windows, arguments.onnx)
    if arguments.images:
        images = [read_digit(path, windows["image_shape"]) for path in arguments.images]
        x = torch.from_numpy(as_sequences(np.stack(images), windows["sequence"])).to(device)
        chances = mean_probabilities(answers_for(network, x) for network in networks["main"])
        print(table(arguments.images, chances.cpu().numpy()))


def table(paths: list[Path], chances: np.ndarray) -> str:
    names = ["picture", *map(str, paths)]
    width = max(map(len, names))
    rows = [[f"{answer}", *(f"{100 * chance:.1f}" for chance in row)]
            for answer, row in zip(chances.argmax(axis=1), chances, strict=True)]  # fmt: skip
    header = ["answer", *(f"{label} (%)" for label in range(chances.shape[1]))]
    return "\n".join(
        name.ljust(width) + "".join(cell.rjust(8) for cell in row)
        for name, row in zip(names, [header, *rows], strict=True)
    )


def parse() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("images", metavar="IMAGE", nargs="*", type=Path, help="a PNG or JPEG")
    parser.add_argument(
        "--task", default="mnist", help="a key of tasks in params.yaml whose network reads (mnist)"
    )
    parser.add_argument("--onnx", metavar="FILE", type=Path, help="write the network as ONNX")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given, load_params())))
