"""Do recurrent networks suit images? Every cell by every sequence, beside networks that see it all.

    python -m benchmarks.study

Trains rnn, lstm and gru by rows, pixels, permuted and flat with the parameters of params.yaml, but
without augmentation, so that what is compared is the networks; beside them, by the same loop, a
logistic regression and a convolutional network with about as many parameters as the LSTM by rows.
A CPU could not finish 784 steps of all images: there pixels and permuted get the first 10,000
images, and the two others are trained on as few too. With two cores about an hour; a network that
is done is not trained again, so it may be stopped at any time.

Reads:   params.yaml, data/raw/mnist/
Writes:  benchmarks/results/study/: a JSON for each network, study.md, study.csv and study.png
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

from benchmarks.comparisons import OfImages, convolutional, logistic_regression
from benchmarks.scratch import (
    RESULTS,
    TASK,
    Changes,
    kept,
    recipe,
    run_stages,
    scratch_project,
    with_changes,
    write_params,
)
from benchmarks.study_report import draw, in_markdown
from stages.common.devices import prepare, sow
from stages.common.errors import exit_code
from stages.common.files import (
    read_json,
    read_tensors,
    write_sums,
    write_table,
    write_tensors,
)
from stages.common.models import build_network, read_models
from stages.common.network import CELLS, count_parameters
from stages.common.params import Params
from stages.common.samples import samples_of
from stages.common.training import answers_for, fit

SEQUENCES = ("rows", "pixels", "permuted", "flat")
LONG = ("pixels", "permuted")
FEWER = 10_000  # images, for long sequences on a CPU
COMPARED = ("logistic regression", "convolutional")
ALONE = 20  # images that are timed by themselves
TOGETHER = 256  # images that are timed as one batch
# 784 steps need gates that remember, and sums that bfloat16 would round away
LONG_CHANGES: Changes = {
    f"tasks.{TASK}.model.chrono": 784,
    f"tasks.{TASK}.train.precision": "float32",
    f"tasks.{TASK}.train.learning_rate": 0.002,
    f"tasks.{TASK}.train.batch_size": 128,
}


class Plan(NamedTuple):
    """How much a network learns from; images 0 for all there are."""

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
            rows += [study.compared(name, plan) for name in COMPARED]
    table = pd.DataFrame(rows)
    write_table(arguments.out / "study.csv", table)
    text = in_markdown(table)
    (arguments.out / "study.md").write_text(text + "\n", encoding="utf-8")
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False}):
        draw(table).savefig(arguments.out / "study.png", dpi=120)
    print(text)


def plan_for(sequence: str, device: torch.device, arguments: argparse.Namespace) -> Plan:
    on_cuda = device.type == "cuda"
    images = FEWER if sequence in LONG and not on_cuda else 0
    epochs = arguments.epochs or (20 if on_cuda else 10)
    return Plan(arguments.images or images, epochs)


class Study:
    """The scratch project, with the layout that lies in it, and where results are kept."""

    def __init__(self, project: Path, out: Path, shared: Changes, device: torch.device) -> None:
        self.project, self.out, self.shared, self.device = project, out, shared, device
        self.laid_out: tuple[str, int] | None = None

    def recurrent(self, cell: str, sequence: str, plan: Plan) -> dict:
        """Train a cell by a sequence, through the stages; its row of the table."""
        changes = {**self.shared, **(LONG_CHANGES if sequence in LONG else {})}
        changes |= {
            f"tasks.{TASK}.windows.sequence": sequence,
            f"tasks.{TASK}.model.cell": cell,
            f"tasks.{TASK}.train.epochs": plan.epochs,
        }
        params = write_params(self.project, changes)

        def work() -> dict:
            self.lay_out(sequence, plan.images)
            run_stages(self.project, "train")
            folder = self.project / f"data/models/{TASK}"
            networks, card = read_models(folder, TASK, self.device)
            seconds = read_json(self.project / f"metrics/{TASK}/speed.json", "train")
            return {
                "steps": card["windows"]["steps"],
                "validation_accuracy": card["fits"]["main"][0]["validation_accuracy"],
                "train_seconds": seconds["train_seconds"],
                **self.measure(networks["main"][0]),
            }

        return self.row(cell, sequence, plan, params, work)

    def compared(self, name: str, plan: Plan) -> dict:
        """Train a network that sees the image as a whole, by the same loop; its row."""
        changes = {**self.shared, f"tasks.{TASK}.windows.sequence": "rows"}
        params = write_params(self.project, {**changes, f"tasks.{TASK}.train.epochs": plan.epochs})

        def work() -> dict:
            self.lay_out("rows", plan.images)
            folder = self.project / f"data/windows/{TASK}"
            card = read_json(folder / "card.json", "windows")
            parts = {
                part: samples_of(self.part(part), card, self.device)
                for part in ("train", "validation")
            }
            generator = sow(params.seed, "study", name)
            network = self.network(name, params, card)
            begun = time.perf_counter()
            settings = params.tasks[TASK].train
            result = fit(network, parts["train"], parts["validation"], settings, generator)
            seconds = time.perf_counter() - begun
            network.load_state_dict(result.weights)
            best = result.history[result.best_epoch - 1]
            return {
                "steps": 1,
                "validation_accuracy": best["validation_accuracy"],
                "train_seconds": round(seconds, 2),
                **self.measure(network),
            }

        return self.row(name, "whole", plan, params, work)

    def network(self, name: str, params: Params, card: dict) -> nn.Module:
        shape, classes = card["image_shape"], card["outputs"]
        if name == "convolutional":
            lstm = params.tasks[TASK].model.model_copy(update={"cell": "lstm"})
            layers = convolutional(shape, classes, count_parameters(build_network(card, lstm)))
        else:
            layers = logistic_regression(shape, classes)
        return OfImages(layers, **card["input"]).to(self.device)

    def row(
        self, name: str, sequence: str, plan: Plan, params: Params, work: Callable[[], dict]
    ) -> dict:
        path = self.out / f"{name}-{sequence}-{plan.images or 'all'}.json".replace(" ", "_")
        made_by = {**recipe(params), "network": name, "images": plan.images}
        figures = kept(path, made_by, work)
        print(f"{name} by {sequence}: {figures['accuracy']:.2%}", file=sys.stderr)
        return {"network": name, "sequence": sequence, **figures, "epochs": plan.epochs}

    def lay_out(self, sequence: str, images: int) -> None:
        """Windows of ``sequence``, of which training gets the first ``images``."""
        if self.laid_out == (sequence, images):
            return
        normalized = self.project / f"data/normalized/{TASK}"
        run_stages(self.project, *(() if normalized.exists() else ("normalize",)), "windows")
        if images:
            path = self.project / f"data/windows/{TASK}/main/train.safetensors"
            train = read_tensors(path, "windows")
            write_tensors(path, {key: values[:images].copy() for key, values in train.items()})
            write_sums(path.parent)
        self.laid_out = sequence, images

    def part(self, name: str) -> dict[str, np.ndarray]:
        return read_tensors(
            self.project / f"data/windows/{TASK}/main/{name}.safetensors", "windows"
        )

    def measure(self, network: nn.Module) -> dict:
        """Test accuracy, size and speed of a trained network."""
        network.eval()
        test = self.part("test")
        x, y = (torch.from_numpy(test[key]).to(self.device) for key in ("x", "y"))
        right = answers_for(network, x).argmax(dim=1) == y
        alone = [self.milliseconds(network, x[n : n + 1]) for n in range(ALONE)]
        together = self.milliseconds(network, x[:TOGETHER]) / len(x[:TOGETHER])
        on_cuda = self.device.type == "cuda"
        return {
            "parameters": count_parameters(network),
            "accuracy": right.double().mean().item(),
            "ms_alone": float(np.median(alone)),
            "ms_in_batch": together,
            "training_images": len(self.part("train")["y"]),
            "device": torch.cuda.get_device_name() if on_cuda else "cpu",
        }

    @torch.inference_mode()
    def milliseconds(self, network: nn.Module, x: torch.Tensor) -> float:
        """The faster of two passes, since the first may set things up."""
        times = []
        for _ in range(2):
            begun = time.perf_counter()
            # the answer's way to the host waits until the device is done
            network(x).cpu()
            times.append(1000 * (time.perf_counter() - begun))
        return min(times)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, help="of all, in place of 10 (20 on CUDA)")
    parser.add_argument("--images", type=int, help="to train on, for all networks")
    parser.add_argument("--threads", type=int, help="of the processor, in place of params.yaml's")
    parser.add_argument(
        "--out", type=Path, default=RESULTS / "study", help="folder for what is written"
    )
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
