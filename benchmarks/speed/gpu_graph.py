"""Steps of a CUDA graph beside eager ones: the same training, and the seconds of an epoch.

Parts check, times, fast and rows of ``benchmarks.speed.gpu``.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.scratch import ROOT, TASK
from benchmarks.speed.bench_usual import Usual, in_own_process, unpacked
from rnnlab.core.files import read_json, read_tensors
from rnnlab.core.params import Model, Params, Train
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network
from rnnlab.training import graph
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import Result, Watch, fit

ROUNDS = 3  # epochs that are timed, after one that is not
SHAPE = {"hidden_size": 128, "num_layers": 1}
BATCH = 128
WORKERS = 8


class Bench:
    """Trainings on MNIST by rows, and the file of their results."""

    def __init__(
        self, part: str, quick: bool, out: Path, params: Params, device: torch.device, windows: Path
    ) -> None:
        self.part, self.quick, self.out = part, quick, out
        self.params, self.device = params, device
        self.card = read_json(windows / "card.json", "windows")
        self.arrays = read_tensors(windows / "main/train.safetensors", "windows")
        self.windows = windows
        self.found: dict[str, Any] = {"torch": torch.__version__}
        if device.type == "cuda":
            self.found["device"] = torch.cuda.get_device_name(device)

    def keep(self, name: str, figures: object) -> None:
        """Print figures and add them to the file of results."""
        self.found[name] = figures
        path = self.out / "gpu.json"
        report = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**report, self.part: self.found}, indent=2) + "\n")
        print(f"{self.part}: {name}: {json.dumps(figures)}", flush=True)

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
        seed: int = 1,
    ) -> tuple[Result, bool]:
        """Train a network; the result, and whether its steps were replays of a graph.

        Args:
            how: graph, called (the steps of a graph, but called and not replayed), refused (the
                same after a capture that CUDA refuses) or eager.
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

        generator = seeded_generator(seed, "gpu")
        network = build_network(self.card, model).to(self.device)
        augment = None
        if train.augment is not None:
            augment = Augmentation(train.augment, self.card["image_shape"], None, self.device)
        graph.capture = watched
        if how == "eager":
            graph.usable = lambda *given: False
        try:
            watch = Watch(on_epoch=on_epoch)
            result = fit(network, samples, validation, train, generator, augment, watch=watch)
        finally:
            graph.usable, graph.capture = usable, capture
        return result, captured == [True]

    def check(self) -> None:
        """Whether graph and eager steps give the same network, and two graphs the same bytes."""
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
            with_report(self, name, partial(self.compare, name, changes, samples, validation))
        if self.device.type == "cuda":
            with_report(self, "refused", partial(self.refuse, samples, validation))

    def compare(self, name: str, changes: dict, samples: Samples, validation: Samples) -> dict:
        epochs = 1 if self.quick else 3
        model, train = self.settings(name.split(",")[0], epochs=epochs, **changes)
        ways = ("graph", "graph", "called", "eager", "eager")
        found = [self.fit(model, train, samples, validation, how) for how in ways]
        first, again, called, eager, eager_again = (result for result, _ in found)
        return {
            "captured": found[0][1],
            "graph_repeats": same_bytes(first, again),
            "eager_repeats": same_bytes(eager, eager_again),
            "replayed_as_called": same_bytes(first, called),
            "distance_to_eager": distance(first.weights, eager.weights),
            "losses_graph": losses(first),
            "losses_eager": losses(eager),
        }

    def refuse(self, samples: Samples, validation: Samples) -> dict:
        """Whether training goes on after a capture that fails."""
        model, train = self.settings("lstm", epochs=1)
        ways = ("called", "refused")
        called, refused = (self.fit(model, train, samples, validation, how)[0] for how in ways)
        return {"refused_as_called": same_bytes(called, refused)}

    def times(self) -> None:
        """Seconds of an epoch; the first one, which captures the graph, apart."""
        count = len(self.arrays["y"])
        count = min(count, 2_600) if self.quick else count
        samples = self.samples(0, count)
        cells = ("lstm",) if self.part == "fast" else ("lstm", "gru", "rnn")
        kinds: dict[str, dict[str, Any]] = {"": {"augment": None}, ", augmented": {}}
        for cell in cells:
            for kind, changes in kinds.items():
                for how in ("graph", "eager"):
                    work = partial(self.epoch, cell, how, samples, changes)
                    with_report(self, f"{cell}, {how}{kind}", work)
        if self.part == "times":
            with_report(self, f"lstm, usual loop, {WORKERS} workers", lambda: self.usual(count))
            half = {"precision": "bfloat16", "augment": None}
            work = partial(self.epoch, "lstm", "graph", samples, half)
            with_report(self, "lstm, graph, bfloat16", work)

    def epoch(self, cell: str, how: str, samples: Samples, changes: dict) -> dict:
        model, train = self.settings(cell, epochs=1 + ROUNDS, **changes)
        ends = [time.perf_counter()]

        def on_epoch(figures: dict[str, float]) -> None:
            ends.append(time.perf_counter())

        _, captured = self.fit(model, train, samples, None, how, on_epoch)
        first, *seconds = [round(after - before, 4) for before, after in pairwise(ends)]
        return {"seconds": median(seconds), "all": seconds, "first": first, "captured": captured}

    def rows(self) -> None:
        """Validation of the network of params.yaml with each interpolation, by seed."""
        arrays = read_tensors(self.windows / "main/validation.safetensors", "windows")
        validation = make_samples(arrays, self.card, self.device)
        samples = self.samples(0, 2_600 if self.quick else len(self.arrays["y"]))
        for seed in (1,) if self.quick else (1, 2, 3):
            for interpolation in ("bilinear", "nearest"):
                work = partial(self.best_of, interpolation, seed, samples, validation)
                with_report(self, f"{interpolation}, seed {seed}", work)

    def best_of(
        self, interpolation: str, seed: int, samples: Samples, validation: Samples
    ) -> dict[str, float]:
        task = self.params.images(TASK)
        assert task.train.augment is not None
        augment = task.train.augment.model_copy(update={"interpolation": interpolation})
        changes = {"augment": augment, "precision": "float32"}
        changes |= {"epochs": 1} if self.quick else {}
        train = task.train.model_copy(update=changes)
        result, _ = self.fit(task.model, train, samples, validation, "graph", seed=seed)
        return {**result.history[result.best_epoch - 1], "seconds": round(result.seconds, 1)}

    def usual(self, count: int) -> dict:
        model, train = self.settings("lstm")
        workers = 2 if self.quick else WORKERS
        threads = torch.get_num_threads()
        with unpacked(ROOT / "data/raw/mnist") as folder:
            usual = Usual(folder, self.card, model, train, count, workers, self.device, threads)
            with in_own_process(usual) as run:
                seconds = []
                for _ in range(1 + ROUNDS):
                    started = time.perf_counter()
                    run()
                    seconds.append(round(time.perf_counter() - started, 4))
        return {"seconds": median(seconds[1:]), "first": seconds[0], "all": seconds[1:]}


def with_report(bench: Bench, name: str, work: Callable[[], dict]) -> None:
    """Keep the result of ``work``, or the error in its place."""
    try:
        bench.keep(name, work())
    except Exception as error:
        bench.keep(name, {"error": f"{type(error).__name__}: {error}"})


def losses(result: Result) -> list[list[float]]:
    """Training and validation loss by epoch."""
    return [[epoch["train_loss"], epoch["validation_loss"]] for epoch in result.history]


def same_bytes(one: Result, other: Result) -> bool:
    equal = all(torch.equal(w, other.weights[name]) for name, w in one.weights.items())
    return equal and one.history == other.history


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """The norm of the difference of all weights, relative to the weights."""
    names = [name for name in one if name not in ("shift", "scale")]
    first, second = (torch.cat([w[name].flatten() for name in names]) for w in (one, other))
    return float((first - second).norm() / second.norm())
