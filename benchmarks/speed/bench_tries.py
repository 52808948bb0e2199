"""Variants of a training step, each with its time.

    python -m benchmarks.speed.bench --tries

A step is forward, backward and ``Optimization.step`` on one preloaded batch of images by rows, for
the two smaller shapes of bench_epochs. Each variant runs in a separate process, since most settings
apply to a whole process. The variants alternate in each round.
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

from benchmarks.scratch import CODE, TASK, markdown, with_changes
from benchmarks.speed.bench_epochs import SHAPES, Shape
from rnnlab.core.params import Params
from rnnlab.networks import network
from rnnlab.networks.network import CELLS, RecurrentNetwork
from rnnlab.training import device as device_module
from rnnlab.training.device import prepare
from rnnlab.training.optimizer import Optimization

STEPS, FEATURES, CLASSES = 28, 28, 10
COLUMNS = {f"{cell} {shape.hidden_size}": (cell, shape) for shape in SHAPES[:2] for cell in CELLS}
WARM_UP, SECONDS = 5, 0.8  # steps before the clock, and minimum seconds on the clock


@dataclass(frozen=True)
class Variant:
    """A variant of the training step; the defaults are those of the pipeline, but in float32."""

    threads: int = 0  # 0 for the number of params.yaml
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


VARIANTS = {
    "as it is": Variant(),
    "1 thread": Variant(threads=1),
    "torch's own RNN and GRU": Variant(own_cells=False),
    "torch's own, time first": Variant(time_first=True),
    "denormals kept": Variant(flush_denormals=False),
    "freed memory given back": Variant(keep_memory=False),
    "without oneDNN": Variant(onednn=False),
    "bfloat16": Variant(precision="bfloat16"),
    "float32 products in bfloat16": Variant(products="medium"),
    "no clipping": Variant(clip=False),
    "no average of weights": Variant(average=False),
    "optimizer: foreach": Variant(optimizer="foreach"),
    "optimizer: one tensor at a time": Variant(optimizer="for_loop"),
    "torch.compile": Variant(compiled=True),
}


class TimeFirst(nn.Module):
    """The same network with torch's cells and time-first input [T, N, F]."""

    def __init__(self, network: RecurrentNetwork) -> None:
        super().__init__()
        self.network = network
        network.recurrent.batch_first = False

    def forward(self, x: Tensor) -> Tensor:
        output, _ = self.network.recurrent(x.transpose(0, 1).contiguous())
        return self.network.head(self.network.head_dropout(output[-1]))


def measure(threads: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each variant: median milliseconds of a step by cell and size; None if it fails."""
    found: dict[str, list[dict[str, float | None]]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name in VARIANTS:
            found[name].append(in_process(name, threads))
            print(f"{name}: {found[name][-1]}", file=sys.stderr)
    return [
        {"try": name, **{column: _median([run[column] for run in runs]) for column in COLUMNS}}
        for name, runs in found.items()
    ]


def _median(found: list[float | None]) -> float | None:
    known = [value for value in found if value is not None]
    return median(known) if known else None


def in_process(name: str, threads: int) -> dict[str, float | None]:
    command = [sys.executable, "-m", "benchmarks.speed.bench_tries", name, str(threads)]
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        # this build of torch does not support the variant
        return dict.fromkeys(COLUMNS)
    return json.loads(done.stdout)


def milliseconds(name: str, threads: int) -> dict[str, float]:
    """Milliseconds of a step by cell and size, in this process."""
    variant = VARIANTS[name]
    params = with_changes({"threads": variant.threads or threads})
    with (
        nullcontext() if variant.keep_memory else patch.object(device_module, "_keep_freed_memory")
    ):
        device = prepare(params)
    torch.set_flush_denormal(variant.flush_denormals)
    torch.set_float32_matmul_precision(variant.products)
    onednn = nullcontext() if variant.onednn else torch.backends.mkldnn.flags(enabled=False)
    cells = nullcontext() if variant.own_cells else patch.object(network, "outputs_of", _by_torch)
    with onednn, cells:
        return {
            column: 1000 * seconds_of_step(params, cell, shape, variant, device)
            for column, (cell, shape) in COLUMNS.items()
        }


def seconds_of_step(
    params: Params, cell: str, shape: Shape, variant: Variant, device: torch.device
) -> float:
    task = params.images(TASK)
    size = {"hidden_size": shape.hidden_size, "num_layers": shape.num_layers}
    model = task.model.model_copy(update={"cell": cell, **size})
    changes: dict[str, Any] = {"precision": variant.precision}
    changes |= {} if variant.clip else {"gradient_clip": 0.0}
    changes |= {} if variant.average else {"weight_average": 0.0}
    settings = task.train.model_copy(update=changes)
    whole = RecurrentNetwork(FEATURES, CLASSES, **model.model_dump()).to(device)
    trained: nn.Module = TimeFirst(whole) if variant.time_first else whole
    optimization = Optimization.from_settings(trained, settings, 10_000)
    if variant.optimizer != "fused":
        foreach = variant.optimizer == "foreach"
        for group in optimization.optimizer.param_groups:
            group.update(fused=False, foreach=foreach)
    forward = torch.compile(trained) if variant.compiled else trained
    x = torch.randn(shape.batch_size, STEPS, FEATURES, device=device)
    y = torch.randint(CLASSES, (shape.batch_size,), device=device)

    def step() -> None:
        in_bfloat16 = variant.precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=in_bfloat16):
            logits = forward(x)
        optimization.step(F.cross_entropy(logits.float(), y))

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
    """A row for each variant, with its difference to the first."""
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
