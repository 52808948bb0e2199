"""Seconds of the main commands on an idle machine, and with one and two busy processes.

    python -m benchmarks.speed.busy --rounds 3 --out results/busy

A busy process runs an endless loop; two of them compete for both cores of a two-core machine. Idle
and busy alternate, so that a slow phase of the machine affects both. Set environment variables such
as ``GOMP_SPINCOUNT`` and ``OMP_WAIT_POLICY`` to measure other settings.

Reads:   params.yaml, data/raw/
Writes:  OUT/busy.md and busy.json: median seconds of an epoch of task mnist, of the training of
         task airline and of a forecast of its series, and their ratio to the idle time
Needs:   what `dvc repro download_mnist` leaves, and a machine that does nothing else
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.scratch import CODE, markdown, run_stages, scratch_project, write_params
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import output_files, read_json, write_json
from rnnlab.core.stage import make_parser

LOADS = (0, 1, 2)
EPOCHS = 1
BEGIN = ("normalize", "windows")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="names of rows")
    parser.add_argument("--out", type=Path, help="folder; without it, the table is printed alone")
    sys.exit(exit_code(lambda: busy(parser.parse_args())))


def busy(arguments: argparse.Namespace) -> None:
    with scratch_project() as project:
        write_params(project, {"tasks.mnist.train.epochs": EPOCHS})
        works = {
            "task mnist, an epoch": lambda: epoch_seconds(project),
            "task airline, training": lambda: wall_seconds(project, "stages.train", "airline"),
            "forecast of the airline series": lambda: wall_seconds(project, "rnnlab", "forecast"),
        }
        works = {name: work for name, work in works.items() if name in (arguments.only or works)}
        for task in ("mnist", "airline"):
            run_stages(project, *BEGIN, task=task)
        seconds = {name: measure(name, work, arguments.rounds) for name, work in works.items()}
    text = table(seconds)
    print(text)
    if arguments.out is not None:
        with output_files(arguments.out) as folder:
            (folder / "busy.md").write_text(text + "\n", encoding="utf-8")
            write_json(folder / "busy.json", seconds)


def measure(name: str, work: Callable[[], float], rounds: int) -> dict[int, list[float]]:
    """Seconds of each round, by the number of busy processes."""
    found: dict[int, list[float]] = {load: [] for load in LOADS}
    for _ in range(rounds):
        for load in LOADS:
            with busy_processes(load):
                found[load].append(work())
            print(f"{name}, {load} busy processes: {found[load][-1]:.2f} s", file=sys.stderr)
    return found


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def epoch_seconds(project: Path) -> float:
    """Mean seconds of an epoch of task mnist, training alone."""
    wall_seconds(project, "stages.train", "mnist")
    speed = read_json(project / "metrics/mnist/speed.json", "train@mnist")
    return speed["train_seconds"] / EPOCHS


def wall_seconds(project: Path, *command: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InputError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return time.perf_counter() - begun


def table(seconds: dict[str, dict[int, list[float]]]) -> str:
    rows = []
    for name, found in seconds.items():
        idle, *beside = (median(found[load]) for load in LOADS)
        cells = [f"{each:.1f} ({each / idle:.2f} ×)" for each in beside]
        rows.append([name, f"{idle:.1f}", *cells])
    return markdown(["seconds", "idle", "one busy process", "two busy processes"], rows)


if __name__ == "__main__":
    main()
