"""Steps of a CUDA graph beside single steps: the same training, and the seconds of an epoch.

    python -m benchmarks.speed.gpu

Trains the network of params.yaml with hidden size 128 and one layer on MNIST by rows:

    times   seconds of an epoch with the graph, without it, and of the usual loop with 8 workers:
            medians of 3 epochs after the first, which captures the graph
    check   do steps replayed by a graph train as single steps do, and repeat to the byte

An error of one case is kept in the place of its result. This takes about two minutes on an H100.
``--device cpu --quick`` tries the script with tiny sizes; on a CPU there is no graph.

Reads:   params.yaml, data/raw/mnist/
Writes:  OUT/graph.json, as results come
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.scratch import (
    ROOT,
    RUNS,
    TASK,
    alternate,
    run_stages,
    scratch_project,
    write_params,
)
from benchmarks.speed.bench_usual import Usual, in_own_process, unpacked
from rnnlab.core.errors import exit_code
from rnnlab.core.files import read_json, read_tensors, write_json
from rnnlab.core.params import Model, Params, Train
from rnnlab.core.stage import make_parser
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network
from rnnlab.training import graph
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.device import prepare, seeded_generator
from rnnlab.training.loop import Result, Watch, fit

# a capture that fails comes last
PARTS = ("times", "check")
ROUNDS = 3  # epochs that are timed, after one that is not
SHAPE = {"hidden_size": 128, "num_layers": 1}
BATCH = 128
WORKERS = 8


class Bench:
    """Trainings on MNIST by rows, and the file of their results."""

    def __init__(self, quick: bool, out: Path, params: Params, windows: Path) -> None:
        self.quick, self.path = quick, out / "graph.json"
        self.params, self.device = params, prepare(params)
        self.card = read_json(windows / "card.json", "windows")
        self.arrays = read_tensors(windows / "main/train.safetensors", "windows")
        self.found: dict[str, dict[str, Any]] = {"machine": {"torch": torch.__version__}}
        if self.device.type == "cuda":
            self.found["machine"]["device"] = torch.cuda.get_device_name(self.device)

    def keep(self, part: str, name: str, work: Callable[[], dict]) -> None:
        """Print and write the result of ``work``, or the error in its place."""
        try:
            figures = work()
        except Exception as error:
            figures = {"error": f"{type(error).__name__}: {error}"}
        self.found.setdefault(part, {})[name] = figures
        write_json(self.path, self.found)
        print(f"{part}: {name}: {json.dumps(figures)}", flush=True)

    def samples(self, first: int, count: int) -> Samples:
        arrays = {name: values[first : first + count] for name, values in self.arrays.items()}
        return make_samples(arrays, self.card, self.device)

    def settings(self, cell: str, **changes: Any) -> tuple[Model, Train]:
        task = self.params.images(TASK)
        model = task.model.model_copy(update={**SHAPE, "cell": cell})
        plain = {"batch_size": BATCH, "precision": "float32", "patience": 0}
        return model, task.train.model_copy(update={**plain, **changes})

    def fit(
        self,
        model: Model,
        train: Train,
        samples: Samples,
        validation: Samples | None,
        how: str,
        on_epoch: Callable[[dict[str, float]], None] = lambda figures: None,
    ) -> tuple[Result, bool]:
        """Train a network; the result, and whether its steps were replays of a graph.

        Args:
            how: graph, called (the steps of a graph, but called and not replayed), refused (the
                same after a capture that CUDA refuses) or single steps.
        """
        captured: list[bool] = []
        usable, capture = graph.usable, graph.capture

        def watched(step: Callable[[], None]) -> Callable[[], None]:
            def refused() -> None:
                step()
                torch.cuda.synchronize()

            if how == "refused":
                return capture(refused)
            replay = step if how == "called" else capture(step)
            captured.append(replay is not step)
            return replay

        generator = seeded_generator(1, "gpu")
        network = build_network(self.card, model).to(self.device)
        augment = None
        if train.augment is not None:
            augment = Augmentation(train.augment, self.card["image_shape"], None, self.device)
        graph.capture = watched
        if how == "single steps":
            graph.usable = lambda *given: False
        try:
            watch = Watch(on_epoch=on_epoch)
            result = fit(network, samples, validation, train, generator, augment, watch=watch)
        finally:
            graph.usable, graph.capture = usable, capture
        return result, captured == [True]

    def check(self) -> None:
        """Whether graph and single steps give the same network, and two graphs the same bytes."""
        count = min(2_600 if self.quick else 12_850, len(self.arrays["y"]) // 2)
        samples, validation = self.samples(0, count), self.samples(count, 1_000)
        cases: dict[str, dict[str, Any]] = {
            "lstm": {},
            "gru": {},
            "rnn": {},
            "lstm, bfloat16": {"precision": "bfloat16"},
            "lstm, plain": {"augment": None, "weight_average": 0.0, "gradient_clip": 0.0},
            "lstm, adam, cosine, noise": {
                "optimizer": "adam",
                "schedule": "cosine",
                "input_noise": 5.0,
            },
        }
        for name, changes in cases.items():
            self.keep("check", name, partial(self.compare, name, changes, samples, validation))
        if self.device.type == "cuda":
            self.keep("check", "refused", partial(self.refuse, samples, validation))

    def compare(self, name: str, changes: dict, samples: Samples, validation: Samples) -> dict:
        epochs = 1 if self.quick else 3
        model, train = self.settings(name.split(",")[0], epochs=epochs, **changes)
        ways = ("graph", "graph", "called", "single steps", "single steps")
        found = [self.fit(model, train, samples, validation, how) for how in ways]
        first, again, called, single, single_again = (result for result, _ in found)
        return {
            "captured": found[0][1],
            "graph_repeats": same_bytes(first, again),
            "single_steps_repeat": same_bytes(single, single_again),
            "replayed_as_called": same_bytes(first, called),
            "as_single_steps": same_bytes(first, single),
            "distance_to_single_steps": distance(first.weights, single.weights),
        }

    def refuse(self, samples: Samples, validation: Samples) -> dict:
        """Whether training goes on after a capture that fails."""
        model, train = self.settings("lstm", epochs=1)
        ways = ("called", "refused")
        called, refused = (self.fit(model, train, samples, validation, how)[0] for how in ways)
        return {"refused_as_called": same_bytes(called, refused)}

    def times(self) -> None:
        """Seconds of an epoch; the first one, which captures the graph, apart."""
        count = 2_600 if self.quick else len(self.arrays["y"])
        samples = self.samples(0, count)
        kinds: dict[str, dict[str, Any]] = {"": {"augment": None}, ", augmented": {}}
        for cell in ("lstm", "gru", "rnn"):
            for kind, changes in kinds.items():
                for how in ("graph", "single steps"):
                    work = partial(self.epoch, cell, how, samples, changes)
                    self.keep("times", f"{cell}, {how}{kind}", work)
        self.keep("times", f"lstm, usual loop, {WORKERS} workers", lambda: self.usual(count))
        half = {"precision": "bfloat16", "augment": None}
        work = partial(self.epoch, "lstm", "graph", samples, half)
        self.keep("times", "lstm, graph, bfloat16", work)

    def epoch(self, cell: str, how: str, samples: Samples, changes: dict) -> dict:
        model, train = self.settings(cell, epochs=1 + ROUNDS, **changes)
        ends = [time.perf_counter()]

        def on_epoch(figures: dict[str, float]) -> None:
            ends.append(time.perf_counter())

        _, captured = self.fit(model, train, samples, None, how, on_epoch)
        first, *seconds = [round(after - before, 4) for before, after in pairwise(ends)]
        return {"seconds": median(seconds), "all": seconds, "first": first, "captured": captured}

    def usual(self, count: int) -> dict:
        model, train = self.settings("lstm")
        workers = 2 if self.quick else WORKERS
        threads = torch.get_num_threads()
        with unpacked(ROOT / "data/raw/mnist") as folder:
            usual = Usual(folder, self.card, model, train, count, workers, self.device, threads)
            with in_own_process(usual) as run:
                return {"seconds": alternate({"usual": run}, ROUNDS)["usual"]}


def same_bytes(one: Result, other: Result) -> bool:
    equal = all(torch.equal(w, other.weights[name]) for name, w in one.weights.items())
    return equal and one.history == other.history


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """The norm of the difference of all weights, relative to the weights."""
    names = [name for name in one if name not in ("shift", "scale")]
    first, second = (torch.cat([w[name].flatten() for name in names]) for w in (one, other))
    return float((first - second).norm() / second.norm())


def main(arguments: argparse.Namespace) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    changes = {"device": arguments.device, "deterministic": True}
    with scratch_project() as project:
        params = write_params(project, {**changes, f"tasks.{TASK}.windows.sequence": "rows"})
        run_stages(project, "normalize", "windows")
        bench = Bench(arguments.quick, arguments.out, params, project / f"data/windows/{TASK}")
        for part in arguments.only:
            {"check": bench.check, "times": bench.times}[part]()


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="device (cuda)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the script")
    parser.add_argument("--out", type=Path, default=RUNS / "gpu", help="folder for what is written")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
