"""Does augmentation by interpolation harm? Each way to read a pixel, on each sequence.

    python -m benchmarks.accuracy.interpolation --out results/interpolation

Trains a GRU on images of MNIST reduced to 14×14 (the mean of each 2×2 pixels), in the permuted
order, by pixels and by rows: without augmentation, and with ``augment.interpolation`` bilinear and
nearest. A network that relies on what interpolation does to an image is worse on unchanged images,
so the table compares losses on unchanged training images and on validation images, both without
dropout. Figures are means over seeds. The test images are not read. Finished runs are kept, so the
benchmark can be stopped and resumed. This takes about 15 minutes on one core.

Reads:   params.yaml, data/raw/mnist/
Writes:  OUT/SEQUENCE-INTERPOLATION-SEED.json for each network, and OUT/interpolation.md; the table
         also goes to standard output
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.accuracy.ablation import mean_and_deviation
from benchmarks.scratch import ROOT, RUNS, TASK, kept, markdown, with_changes
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import write_atomically
from rnnlab.core.params import Augment
from rnnlab.core.stage import make_parser
from rnnlab.images.idx import IMAGE_FILES, as_sequences, input_statistics, pixel_order, read_idx
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network
from rnnlab.training.device import prepare
from rnnlab.training.loop import score
from rnnlab.training.members import Recipe, train_member

INTERPOLATIONS = ("none", "bilinear", "nearest")
VALIDATION = 2_000
# what the named sets for pixels use, with shifts for images of half the size
AMOUNTS = {"rotate": 10.0, "scale": 0.12, "shear": 8.0, "shift": 1.0, "final": 0.6}
MODEL = {"cell": "gru", "hidden_size": 64, "num_layers": 1, "pooling": "last", "head_dropout": 0.2}
TRAIN = {"precision": "float32", "learning_rate": 0.004, "batch_size": 64, "patience": 0}


class Plan(NamedTuple):
    """What a core can do in a few minutes: training images, epochs, and networks by seed."""

    images: int
    epochs: int
    seeds: int


# by rows the differences are small, and a network takes little time
PLANS = {
    "permuted": Plan(4_000, 16, 1),
    "pixels": Plan(4_000, 16, 1),
    "rows": Plan(20_000, 16, 3),
}


def main(arguments: argparse.Namespace) -> None:
    if arguments.seeds is not None and arguments.seeds < 1:
        raise InputError("--seeds: write 1 or more")
    device = prepare(with_changes({"threads": 1}))
    images, labels = reduced()
    rows = []
    for sequence in arguments.only:
        plan = PLANS[sequence]
        plan = Plan(*(getattr(arguments, key) or getattr(plan, key) for key in Plan._fields))
        parts, card = laid_out(images, labels, sequence, plan.images, device)
        for interpolation in INTERPOLATIONS:
            runs = []
            for seed in range(1, plan.seeds + 1):
                recipe = recipe_for(card, interpolation, plan.epochs, seed, device)
                settings = {"model": recipe.model.model_dump(), "train": recipe.train.model_dump()}
                amount = {"images": plan.images, "epochs": plan.epochs}
                made_by = {**amount, "seed": seed, **settings}
                path = arguments.out / f"{sequence}-{interpolation}-{seed}.json"
                runs.append(kept(path, made_by, partial(train, recipe, parts)))
                print(f"{path.stem}: {runs[-1]['validation_accuracy']:.2%}", file=sys.stderr)
            what = [sequence, f"{plan.images:,}", str(plan.epochs), str(plan.seeds), interpolation]
            rows.append([*what, *cells(runs)])
    header = ["sequence", "images", "epochs", "seeds", "interpolation"]
    header += ["training loss", "validation loss", "validation accuracy (%)"]
    text = markdown(header, rows)
    write_atomically(arguments.out / "interpolation.md", (text + "\n").encode())
    print(text)


def reduced() -> tuple[np.ndarray, np.ndarray]:
    """MNIST's training images at half the size, uint8 [N, 14, 14], and their labels [N]."""
    folder = ROOT / "data/raw/mnist"
    images = read_idx(folder / IMAGE_FILES["train_images"], "images")
    count, rows, columns = images.shape
    halves = images.reshape(count, rows // 2, 2, columns // 2, 2).mean(axis=(2, 4))
    return np.rint(halves).astype(np.uint8), read_idx(
        folder / IMAGE_FILES["train_labels"], "labels"
    )


def laid_out(
    images: np.ndarray, labels: np.ndarray, sequence: str, count: int, device: torch.device
) -> tuple[dict[str, Samples], dict]:
    """The first ``count`` images to train, the last ones to validate, and their card."""
    x = as_sequences(images, sequence)
    card = {
        "kind": "images",
        "steps": x.shape[1],
        "features": x.shape[2],
        "outputs": 10,
        "image_shape": [*images.shape[1:]],
        "pixel_order": pixel_order(sequence, images[0].size),
        "input": input_statistics(images[:count], "standard"),
    }
    parts = {"train": slice(count), "validation": slice(-min(VALIDATION, len(x) - count), None)}
    return {
        name: make_samples({"x": x[part].copy(), "y": labels[part].astype(np.int64)}, card, device)
        for name, part in parts.items()
    }, card


def recipe_for(
    card: dict, interpolation: str, epochs: int, seed: int, device: torch.device
) -> Recipe:
    task = with_changes({}).images(TASK)
    augment = None
    if interpolation != "none":
        augment = Augment.model_validate({**AMOUNTS, "interpolation": interpolation})
    # gates start with a memory as long as the sequence, as in the named sets for pixels
    model = task.model.model_copy(update={**MODEL, "chrono": card["steps"]})
    changes = {**TRAIN, "epochs": epochs, "augment": augment}
    return Recipe(model, task.train.model_copy(update=changes), card, seed, device)


def train(recipe: Recipe, parts: dict[str, Samples]) -> dict[str, float]:
    """Train a network; score its best weights on unchanged training and validation images."""
    member = train_member(recipe, parts, "interpolation", 0)
    network = build_network(recipe.card, recipe.model).to(recipe.device)
    network.load_state_dict(member.final)
    train = Samples(min(VALIDATION, parts["train"].count), parts["train"].draw)
    return {
        **score(network, train, recipe.train, "train_"),
        **score(network, parts["validation"], recipe.train, "validation_"),
    }


def cells(runs: list[dict[str, float]]) -> list[str]:
    """Mean losses, and the accuracy with its deviation over seeds."""
    losses = [
        f"{np.mean([run[f'{part}_loss'] for run in runs]):.3f}" for part in ("train", "validation")
    ]
    return [*losses, mean_and_deviation(100 * np.array([r["validation_accuracy"] for r in runs]))]


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", type=int, help="networks of each row, instead of those planned")
    parser.add_argument(
        "--images", type=int, help="training images, instead of those of each sequence"
    )
    parser.add_argument("--epochs", type=int, help="epochs, instead of those of each sequence")
    parser.add_argument(
        "--only", nargs="+", choices=PLANS, default=[*PLANS], help="sequences to measure"
    )
    parser.add_argument(
        "--out", type=Path, default=RUNS / "interpolation", help="folder for what is written"
    )
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
