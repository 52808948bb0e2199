"""Do recurrent networks suit images? Every cell with every sequence, and two other networks.

    python -m benchmarks.accuracy.study

Trains rnn, lstm and gru by rows, pixels, permuted and flat with the parameters of params.yaml, but
without augmentation, to compare the networks alone. The same loop trains a logistic regression and
a convolutional network with about as many parameters as the LSTM by rows. 784 steps of all images
take too long on a CPU: there pixels and permuted use the first 10,000 images, and the two other
networks are trained on as many too. This takes about an hour on two cores. Trained networks are
kept, so the benchmark can be stopped and resumed. The time per image is measured at the end,
alternating all networks; it does not depend on the weights.

Reads:   params.yaml, data/raw/mnist/
Writes:  benchmarks/runs/study/: a JSON for each network, study.md, study.csv and study.png
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmarks.accuracy.comparisons import OfImages, convolutional, logistic_regression
from benchmarks.accuracy.study_report import draw, in_markdown
from benchmarks.scratch import (
    RUNS,
    TASK,
    Changes,
    kept,
    recipe,
    run_stages,
    scratch_project,
    with_changes,
    write_params,
)
from rnnlab.core.errors import exit_code
from rnnlab.core.files import (
    output_files,
    read_json,
    read_tensors,
    write_checksums,
    write_table,
    write_tensors,
)
from rnnlab.core.params import Params
from rnnlab.core.stage import make_parser
from rnnlab.images.idx import as_sequences
from rnnlab.networks.network import CELLS, RecurrentNetwork, count_parameters
from rnnlab.networks.samples import make_samples
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare, seeded_generator
from rnnlab.training.loop import fit, predict_in_batches

SEQUENCES = ("rows", "pixels", "permuted", "flat")
LONG = ("pixels", "permuted")
FEWER_IMAGES = 10_000  # for long sequences on a CPU
WHOLE_IMAGE = ("logistic regression", "convolutional")
ROUNDS = 5  # of timing; all networks alternate
ALONE = 4  # images that are timed one by one in each round
BATCH = 256  # images that are timed as one batch
# 784 steps need long memory, and sums that bfloat16 would round away
LONG_CHANGES: Changes = {
    f"tasks.{TASK}.model.chrono": 784,
    f"tasks.{TASK}.train.precision": "float32",
    f"tasks.{TASK}.train.learning_rate": 0.002,
    f"tasks.{TASK}.train.batch_size": 128,
}


class Plan(NamedTuple):
    """Training images (0 for all of them) and epochs of a network."""

    images: int
    epochs: int


def main(arguments: argparse.Namespace) -> None:
    started = with_changes({} if arguments.threads is None else {"threads": arguments.threads})
    device = prepare(started)
    shared: Changes = {
        "threads": started.threads,
        f"tasks.{TASK}.train.augment": None,
        f"tasks.{TASK}.train.patience": 0,
        f"tasks.{TASK}.train.ensemble": 1,
    }
    plans = {sequence: plan_for(sequence, device, arguments) for sequence in SEQUENCES}
    rows = []
    with scratch_project() as project:
        study = Study(project, arguments.out, shared, device)
        for sequence, plan in plans.items():
            rows += [study.recurrent(cell, sequence, plan) for cell in CELLS]
        for plan in sorted(set(plans.values())):
            rows += [study.whole_image(name, plan) for name in WHOLE_IMAGE]
        study.time(rows, write_params(project, shared))
    table = pd.DataFrame(rows)
    text = in_markdown(table)
    with output_files(arguments.out) as folder:
        write_table(folder / "study.csv", table)
        (folder / "study.md").write_text(text + "\n", encoding="utf-8")
        with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False}):
            draw(table).savefig(folder / "study.png", dpi=120)
    print(text)


def plan_for(sequence: str, device: torch.device, arguments: argparse.Namespace) -> Plan:
    on_cuda = device.type == "cuda"
    images = FEWER_IMAGES if sequence in LONG and not on_cuda else 0
    epochs = arguments.epochs or (20 if on_cuda else 10)
    return Plan(arguments.images or images, epochs)


class Study:
    """The scratch project, its current windows, and the folder of the results."""

    def __init__(self, project: Path, out: Path, shared: Changes, device: torch.device) -> None:
        self.project, self.out, self.shared, self.device = project, out, shared, device
        self.current_windows: tuple[str, int] | None = None

    def recurrent(self, cell: str, sequence: str, plan: Plan) -> dict:
        """Train a cell with a sequence by running the stages; return its row of the table."""
        changes = {**self.shared, **(LONG_CHANGES if sequence in LONG else {})}
        changes |= {
            f"tasks.{TASK}.windows.sequence": sequence,
            f"tasks.{TASK}.model.cell": cell,
            f"tasks.{TASK}.train.epochs": plan.epochs,
        }
        params = write_params(self.project, changes)

        def work() -> dict:
            self.write_windows(sequence, plan.images)
            run_stages(self.project, "train")
            folder = self.project / f"data/models/{TASK}"
            networks, card = read_models(folder, TASK, self.device)
            return {
                "steps": card["windows"]["steps"],
                "validation_accuracy": card["fits"]["main"][0]["validation_accuracy"],
                **self.measure(networks["main"][0]),
            }

        return self.row(cell, sequence, plan, params, work)

    def whole_image(self, name: str, plan: Plan) -> dict:
        """Train a network that reads whole images, with the same loop; return its row."""
        changes = {**self.shared, f"tasks.{TASK}.windows.sequence": "rows"}
        params = write_params(self.project, {**changes, f"tasks.{TASK}.train.epochs": plan.epochs})

        def work() -> dict:
            self.write_windows("rows", plan.images)
            folder = self.project / f"data/windows/{TASK}"
            card = read_json(folder / "card.json", "windows")
            parts = {
                part: make_samples(self.part(part), card, self.device)
                for part in ("train", "validation")
            }
            generator = seeded_generator(params.seed, "study", name)
            network = self.network(name, "rows", params)
            settings = params.tasks[TASK].train
            result = fit(network, parts["train"], parts["validation"], settings, generator)
            network.load_state_dict(result.weights)
            best = result.history[result.best_epoch - 1]
            return {
                "steps": 1,
                "validation_accuracy": best["validation_accuracy"],
                **self.measure(network),
            }

        return self.row(name, "whole", plan, params, work)

    def network(self, name: str, sequence: str, params: Params) -> nn.Module:
        """An untrained network for images of the scratch project, by its name in the table."""
        card = read_json(self.project / f"data/normalized/{TASK}/card.json", "normalize")
        shape, classes, statistics = card["shape"], card["classes"], card["statistics"]
        model = params.images(TASK).model
        steps, features = as_sequences(np.empty((1, *shape)), sequence).shape[1:]

        def recurrent(cell: str) -> nn.Module:
            settings = {**model.model_dump(), "cell": cell}
            return RecurrentNetwork(features, classes, steps=steps, **settings, **statistics)

        if name in CELLS:
            return recurrent(name).to(self.device)
        layers = logistic_regression(shape, classes)
        if name == "convolutional":
            layers = convolutional(shape, classes, count_parameters(recurrent("lstm")))
        return OfImages(layers, **statistics).to(self.device)

    def time(self, rows: list[dict], params: Params) -> None:
        """Add the milliseconds per image to each row, for a single image and in a batch.

        They are medians over rounds in which all networks alternate, so that a slow phase of the
        machine affects all of them.
        """
        self.normalize()
        images = read_tensors(
            self.project / f"data/normalized/{TASK}/images.safetensors", "normalize"
        )["test_images"][:BATCH]
        ready = []
        for row in rows:
            sequence = row["sequence"] if row["network"] in CELLS else "rows"
            x = torch.from_numpy(as_sequences(images, sequence).copy()).to(self.device)
            network = self.network(row["network"], sequence, params).eval()
            # warm up
            milliseconds(network, x)
            ready.append((network, x))
        alone: list[list[float]] = [[] for _ in rows]
        together: list[list[float]] = [[] for _ in rows]
        for _ in range(ROUNDS):
            for number, (network, x) in enumerate(ready):
                alone[number] += [milliseconds(network, x[n : n + 1]) for n in range(ALONE)]
                together[number].append(milliseconds(network, x) / len(x))
        for row, one, many in zip(rows, alone, together, strict=True):
            row |= {"ms_alone": float(np.median(one)), "ms_in_batch": float(np.median(many))}

    def row(
        self, name: str, sequence: str, plan: Plan, params: Params, work: Callable[[], dict]
    ) -> dict:
        path = self.out / f"{name}-{sequence}-{plan.images or 'all'}.json".replace(" ", "_")
        made_by = {**recipe(params), "network": name, "images": plan.images}
        figures = kept(path, made_by, work)
        print(f"{name} by {sequence}: {figures['accuracy']:.2%}", file=sys.stderr)
        return {"network": name, "sequence": sequence, **figures, "epochs": plan.epochs}

    def write_windows(self, sequence: str, images: int) -> None:
        """Write the windows of ``sequence``, with the first ``images`` for training."""
        if self.current_windows == (sequence, images):
            return
        self.normalize()
        run_stages(self.project, "windows")
        if images:
            path = self.project / f"data/windows/{TASK}/main/train.safetensors"
            train = read_tensors(path, "windows")
            write_tensors(path, {key: values[:images].copy() for key, values in train.items()})
            write_checksums(path.parent)
        self.current_windows = sequence, images

    def normalize(self) -> None:
        if not (self.project / f"data/normalized/{TASK}").exists():
            run_stages(self.project, "normalize")

    def part(self, name: str) -> dict[str, np.ndarray]:
        return read_tensors(
            self.project / f"data/windows/{TASK}/main/{name}.safetensors", "windows"
        )

    def measure(self, network: nn.Module) -> dict:
        """Test accuracy and size of a trained network."""
        network.eval()
        test = self.part("test")
        x, y = (torch.from_numpy(test[key]).to(self.device) for key in ("x", "y"))
        correct = predict_in_batches(network, x).argmax(dim=1) == y
        on_cuda = self.device.type == "cuda"
        return {
            "parameters": count_parameters(network),
            "accuracy": correct.double().mean().item(),
            "training_images": len(self.part("train")["y"]),
            "device": torch.cuda.get_device_name() if on_cuda else "cpu",
        }


@torch.inference_mode()
def milliseconds(network: nn.Module, x: torch.Tensor) -> float:
    begun = time.perf_counter()
    # copying to the CPU waits for the device
    network(x).cpu()
    return 1000 * (time.perf_counter() - begun)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, help="of all networks, instead of 10 (20 on CUDA)")
    parser.add_argument("--images", type=int, help="training images, for all networks")
    parser.add_argument("--threads", type=int, help="CPU threads, instead of those in params.yaml")
    parser.add_argument("--out", type=Path, default=RUNS / "study", help="folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
