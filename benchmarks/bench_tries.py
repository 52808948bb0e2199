"""What was tried to make a step of training faster, each by itself, and what it gave.

    python -m benchmarks.bench --tries

A step is forward, backward and all that ``Optimization`` does, on one batch of images by rows that
lies ready, for the two smaller shapes of bench_epochs. Each try runs in a process of its own, since
most of them hold for a whole process, and all take turns in each round.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.bench_epochs import SHAPES, Shape
from benchmarks.scratch import CODE, TASK, markdown, with_changes
from rnnlab.core.params import Params
from rnnlab.networks import network
from rnnlab.networks.network import CELLS, RecurrentNetwork
from rnnlab.training import device as device_module
from rnnlab.training.device import prepare
from rnnlab.training.optimizer import Optimization

STEPS, FEATURES, CLASSES = 28, 28, 10
COLUMNS = {f"{cell} {shape.hidden_size}": (cell, shape) for shape in SHAPES[:2] for cell in CELLS}
WARM_UP, SECONDS = 5, 0.8  # steps before the clock, and how long it runs at least


@dataclass(frozen=True)
class Try:
    """A way to take a step; the defaults are the pipeline's, but for float32."""

    threads: int = 0  # 0 for as many as the others have
    flush_denormals: bool = True
    keep_memory: bool = True
    onednn: bool = True
    precision: str = "float32"
    products: str = "highest"  # highest, medium: the precision of float32 products
    clip: bool = True
    average: bool = True
    optimizer: str = "fused"  # fused, foreach, for_loop
    own_cells: bool = True
    time_first: bool = False
    compiled: bool = False


TRIES = {
    "as it is": Try(),
    "1 thread": Try(threads=1),
    "torch's own RNN and GRU": Try(own_cells=False),
    "torch's own, time first": Try(time_first=True),
    "denormals kept": Try(flush_denormals=False),
    "freed memory given back": Try(keep_memory=False),
    "without oneDNN": Try(onednn=False),
    "bfloat16": Try(precision="bfloat16"),
    "float32 products in bfloat16": Try(products="medium"),
    "no clipping": Try(clip=False),
    "no average of weights": Try(average=False),
    "optimizer: foreach": Try(optimizer="foreach"),
    "optimizer: one tensor at a time": Try(optimizer="for_loop"),
    "torch.compile": Try(compiled=True),
}


class TimeFirst(nn.Module):
    """The same network, whose cells, run by torch, are given their input as [T, N, F]."""

    def __init__(self, network: RecurrentNetwork) -> None:
        super().__init__()
        self.network = network
        network.recurrent.batch_first = False

    def forward(self, x: Tensor) -> Tensor:
        output, _ = self.network.recurrent(x.transpose(0, 1).contiguous())
        return self.network.head(self.network.head_dropout(output[-1]))


def measure(threads: int, rounds: int) -> list[dict[str, Any]]:
    """A row a try: the median milliseconds of a step by cell and size; None where it fails."""
    found: dict[str, list[dict[str, float | None]]] = {name: [] for name in TRIES}
    for _ in range(rounds):
        for name in TRIES:
            found[name].append(in_own_process(name, threads))
            print(f"{name}: {found[name][-1]}", file=sys.stderr)
    return [
        {"try": name, **{column: _median([run[column] for run in runs]) for column in COLUMNS}}
        for name, runs in found.items()
    ]


def _median(found: list[float | None]) -> float | None:
    known = [value for value in found if value is not None]
    return median(known) if known else None


def in_own_process(name: str, threads: int) -> dict[str, float | None]:
    command = [sys.executable, "-m", "benchmarks.bench_tries", name, str(threads)]
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        # a way that this build of torch has not
        return dict.fromkeys(COLUMNS)
    return json.loads(done.stdout)


def milliseconds(name: str, threads: int) -> dict[str, float]:
    """Of a step by cell and size, in this process."""
    tried = TRIES[name]
    params = with_changes({"threads": tried.threads or threads})
    with nullcontext() if tried.keep_memory else patch.object(device_module, "_keep_freed_memory"):
        device = prepare(params)
    torch.set_flush_denormal(tried.flush_denormals)
    torch.set_float32_matmul_precision(tried.products)
    onednn = nullcontext() if tried.onednn else torch.backends.mkldnn.flags(enabled=False)
    cells = (
        nullcontext() if tried.own_cells else patch.object(network, "recurrent_outputs", _by_torch)
    )
    with onednn, cells:
        return {
            column: 1000 * seconds_of_step(params, cell, shape, tried, device)
            for column, (cell, shape) in COLUMNS.items()
        }


def seconds_of_step(
    params: Params, cell: str, shape: Shape, tried: Try, device: torch.device
) -> float:
    task = params.images(TASK)
    size = {"hidden_size": shape.hidden_size, "num_layers": shape.num_layers}
    model = task.model.model_copy(update={"cell": cell, **size})
    changes: dict[str, Any] = {"precision": tried.precision}
    changes |= {} if tried.clip else {"gradient_clip": 0.0}
    changes |= {} if tried.average else {"weight_average": 0.0}
    settings = task.train.model_copy(update=changes)
    whole = RecurrentNetwork(FEATURES, CLASSES, **model.model_dump()).to(device)
    trained: nn.Module = TimeFirst(whole) if tried.time_first else whole
    optimization = Optimization(trained, settings, 10_000)
    if tried.optimizer != "fused":
        foreach = tried.optimizer == "foreach"
        for group in optimization.optimizer.param_groups:
            group.update(fused=False, foreach=foreach)
    answer = torch.compile(trained) if tried.compiled else trained
    x = torch.randn(shape.batch_size, STEPS, FEATURES, device=device)
    y = torch.randint(CLASSES, (shape.batch_size,), device=device)

    def step() -> None:
        half = tried.precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            answers = answer(x)
        optimization.step(F.cross_entropy(answers.float(), y))

    return _clock(step, device)


def _by_torch(recurrent: nn.RNNBase, x: Tensor) -> Tensor:
    return recurrent(x)[0]


def _clock(step: Callable[[], None], device: torch.device) -> float:
    for _ in range(WARM_UP):
        step()
    count, passed, begun = 0, 0.0, time.perf_counter()
    while not count or passed < SECONDS:
        for _ in range(WARM_UP):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        count, passed = count + WARM_UP, time.perf_counter() - begun
    return passed / count


def in_markdown(report: dict[str, Any]) -> str:
    """A row a try, and how far each is from the first."""
    base, lines = report["tries"][0], []
    for row in report["tries"]:
        cells = []
        for name in COLUMNS:
            if row[name] is None:
                cells.append("fails")
            else:
                cells.append(f"{row[name]:.2f} ({100 * (row[name] / base[name] - 1):+.0f} %)")
        lines.append([row["try"], *cells])
    return markdown(["milliseconds a step", *COLUMNS], lines)


if __name__ == "__main__":
    print(json.dumps(milliseconds(sys.argv[1], int(sys.argv[2]))))
