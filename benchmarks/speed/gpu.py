"""What only a GPU can show, within a time limit: CUDA graphs, epoch times, the permuted set.

    python -m benchmarks.speed.gpu --seconds 540 --out results/gpu/new

Each part runs in a process of its own and writes its results as they come, so that one that fails
or runs out of time leaves the others whole:

    check      do steps replayed by a CUDA graph train as eager ones do, and repeat to the byte
    times      seconds of an epoch of MNIST by rows: with the graph, without it, the usual loop with
               8 workers (medians of 3 epochs after the first, which captures the graph)
    fast       the times of graph and eager steps with deterministic: false
    permuted   the stages normalize, windows, train and evaluate with experiments/permuted.yaml, for
               as many epochs as the remaining seconds allow
    rows       (only if asked for) the network of params.yaml with each augment.interpolation

``--device cpu --quick`` tries the script with tiny sizes; on a CPU there is no graph.

Reads:   params.yaml, experiments/permuted.yaml, data/raw/mnist/
Writes:  OUT/gpu.json: the results of all parts but permuted; OUT/permuted/: scores.json,
         speed.json, history.csv and params.yaml
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.scratch import (
    CODE,
    RUNS,
    TASK,
    Changes,
    code_path,
    read_set,
    run_stages,
    scratch_project,
    with_changes,
    write_params,
)
from benchmarks.speed.gpu_graph import Bench
from rnnlab.core.errors import exit_code
from rnnlab.core.files import read_json, read_tensors
from rnnlab.core.params import Params
from rnnlab.core.stage import make_parser
from rnnlab.networks.samples import make_samples
from rnnlab.networks.storage import build_network
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.device import prepare, seeded_generator
from rnnlab.training.loop import Watch, fit

PARTS = ("check", "times", "fast", "permuted", "rows")
DEFAULT_PARTS = PARTS[:-1]
# seconds that the permuted set needs beside its epochs: start, windows, evaluation
BESIDE_EPOCHS = 45
WITHOUT_DVCLIVE = """class Live:
    def __init__(self, *arguments, **options): self.step = 0
    def __enter__(self): return self
    def __exit__(self, *exception): pass
    def log_metric(self, *arguments): pass
    def make_report(self): pass
"""


def main(arguments: argparse.Namespace) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.part:
        run_part(arguments)
        return
    end = time.monotonic() + arguments.seconds
    for part in arguments.only:
        left = end - time.monotonic()
        own = [f"--part={part}", f"--seconds={left:.0f}", f"--out={arguments.out.resolve()}"]
        own += [f"--device={arguments.device}", *(["--quick"] if arguments.quick else [])]
        print(f"== {part}, {left:.0f} seconds left", flush=True)
        command = [sys.executable, "-u", "-m", "benchmarks.speed.gpu", *own]
        try:
            subprocess.run(command, cwd=CODE, timeout=max(left, 1), check=True)
        except subprocess.SubprocessError as error:
            print(f"{part}: {error}", flush=True)


def run_part(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    deterministic = arguments.part != "fast"
    changes = {"device": arguments.device, "deterministic": deterministic}
    with scratch_project() as project:
        write_params(project, {**changes, f"tasks.{TASK}.windows.sequence": "rows"})
        if arguments.part == "permuted":
            permuted(arguments, project, changes, started + arguments.seconds)
            return
        run_stages(project, "normalize", "windows")
        params = with_changes(changes)
        windows, device = project / f"data/windows/{TASK}", prepare(params)
        bench = Bench(arguments.part, arguments.quick, arguments.out, params, device, windows)
        parts = {"check": bench.check, "times": bench.times, "fast": bench.times}
        {**parts, "rows": bench.rows}[arguments.part]()


def permuted(arguments: argparse.Namespace, project: Path, changes: Changes, end: float) -> None:
    """Train the permuted set for the seconds that are left, and score it on the test images."""
    changes = {**changes, **read_set("permuted"), f"tasks.{TASK}.evaluate.early_reading": False}
    if arguments.quick:
        changes |= {"tasks.mnist.data.dataset": "digits", "tasks.mnist.train.batch_size": 64}
        changes |= {"tasks.mnist.model.hidden_size": 8}
        (project / "data/raw").unlink()
        write_params(project, changes)
        command = [sys.executable, "-m", "stages.download_mnist"]
        environment = {**os.environ, "PYTHONPATH": code_path()}
        subprocess.run(command, cwd=project, env=environment, check=True)
    params = write_params(project, changes)
    if importlib.util.find_spec("dvclive") is None:
        # its curves are not needed here; a module in the working directory takes its place
        (project / "dvclive.py").write_text(WITHOUT_DVCLIVE)
    run_stages(project, "normalize", "windows")
    seconds = seconds_of_epoch(params, project / f"data/windows/{TASK}")
    epochs = max(int((end - time.monotonic() - BESIDE_EPOCHS) / seconds), 1)
    epochs = min(epochs, 2) if arguments.quick else epochs
    print(f"permuted: {seconds:.2f} s an epoch, so {epochs} epochs", flush=True)
    write_params(project, {**changes, f"tasks.{TASK}.train.epochs": epochs})
    run_stages(project, "train")
    out = arguments.out / "permuted"
    out.mkdir(exist_ok=True)
    shutil.copy(project / "params.yaml", out)
    shutil.copy(project / f"data/models/{TASK}/history.csv", out)
    shutil.copy(project / f"metrics/{TASK}/speed.json", out)
    run_stages(project, "evaluate")
    shutil.copy(project / f"metrics/{TASK}/scores.json", out)
    print((out / "scores.json").read_text(), flush=True)


def seconds_of_epoch(params: Params, windows: Path) -> float:
    """The seconds of an epoch, from 20 batches without those that set up, and of its validation."""
    device, task = prepare(params), params.images(TASK)
    card = read_json(windows / "card.json", "windows")
    arrays = read_tensors(windows / "main/train.safetensors", "windows")
    total, batch = len(arrays["y"]), task.train.batch_size
    count = min(20 * batch, total)
    samples = make_samples({name: a[:count] for name, a in arrays.items()}, card, device)
    assert task.train.augment is not None
    augment = Augmentation(task.train.augment, card["image_shape"], card["pixel_order"], device)
    ends: list[float] = []
    fit(
        build_network(card, task.model).to(device),
        samples,
        None,
        task.train.model_copy(update={"epochs": 3}),
        seeded_generator(1, "gpu"),
        augment,
        watch=Watch(on_epoch=lambda figures: ends.append(time.perf_counter())),
    )
    # the forward passes of 5,000 validation images are a small part of those of training
    return 1.05 * (ends[-1] - ends[-2]) * total / count


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=540, help="time limit (540)")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="device (cuda)")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=DEFAULT_PARTS, help="parts to run"
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the script")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RUNS / "gpu", help="folder for what is written")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
