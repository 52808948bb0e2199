"""Overhead of the pipeline beyond training: all stages, none, the first three, imports.

    python -m benchmarks.speed.pipeline

In a copy of this project with an empty cache and one epoch of training, it measures:

    repro    ``dvc repro`` of everything, minus the seconds of training itself; importing torch, for
             example, counts as time outside training
    no-op    ``dvc repro`` with everything up to date, compared with ``dvc version``
    first    download, normalize and windows of MNIST as separate processes: total seconds, and the
             largest peak memory
    imports  ``python -m stages.STAGE --help``: the time to start a stage, and the large packages
             that it imports; packages that only some tasks need are imported on use

The image files come from data/raw/mnist, so that no download is measured.

Reads:   the files of this project that git tracks, data/raw/mnist
Writes:  a table to standard output
"""

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.scratch import (
    ROOT,
    TASK,
    alternate,
    markdown,
    own_tools,
    project_copy,
    write_params,
)
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.stage import make_parser

REPRO = ["dvc", "repro"]
STAGES = ("download_mnist", "normalize", "windows", "train", "pretrain", "evaluate", "plot")
ONE_EPOCH = {f"tasks.{task}.train.epochs": 1 for task in (TASK, "airline")} | {"zero_shot.steps": 1}
LARGE = ("torch", "pandas", "scipy", "sklearn", "statsmodels", "matplotlib", "dvclive", "requests")
# the peak memory of a child includes that of its parent at the fork, so this parent is small
LAUNCHER = """
import json, resource, subprocess, sys, time
begun = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode
seconds = time.perf_counter() - begun
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
sys.exit(code)
"""
# ru_maxrss counts bytes on macOS and KiB elsewhere
MEMORY_UNIT = 1 if sys.platform == "darwin" else 1 << 10


def measure(rounds: int) -> dict[str, Any]:
    """All results: seconds, and bytes of memory."""
    with project_copy() as project:
        write_params(project, ONE_EPOCH)
        stages = repro(project)
        trained = sum(training_seconds(project).values())
        no_op = alternate(
            {
                "repro": partial(run, project, *REPRO),
                "version": partial(run, project, "dvc", "version"),
            },
            rounds,
        )
        first = [first_stages(project) for _ in range(rounds)]
        imports = alternate({stage: partial(start, project, stage) for stage in STAGES}, rounds)
        packages = {stage: large_packages(project, stage) for stage in STAGES}
    return {
        "stages": stages,
        "outside_training": sum(stages.values()) - trained,
        "no_op": no_op,
        "first_seconds": median(seconds for seconds, _ in first),
        "first_memory": max(memory for _, memory in first),
        "imports": [
            {"stage": stage, "seconds": imports[stage], "packages": packages[stage]}
            for stage in STAGES
        ],
    }


def repro(project: Path) -> dict[str, float]:
    """Run everything; seconds by stage with DVC's work for it, and the rest as "dvc"."""
    found, current, begun = {}, "dvc", time.perf_counter()
    with subprocess.Popen(
        REPRO, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if line.startswith("Running stage '"):
                found[current] = time.perf_counter() - begun
                current, begun = line.split("'")[1], time.perf_counter()
    found[current] = time.perf_counter() - begun
    if process.returncode:
        raise InputError(f"{' '.join(REPRO[:2])} failed, see above")
    return found


def training_seconds(project: Path) -> dict[str, float]:
    files = project.glob("metrics/*/speed.json")
    return {file.parent.name: json.loads(file.read_text())["train_seconds"] for file in files}


def first_stages(project: Path) -> tuple[float, int]:
    """Total seconds of download, normalize and windows, and their largest memory in bytes."""
    commands = (["download_mnist"], ["normalize", TASK], ["windows", TASK])
    found = [
        json.loads(
            run(
                project, sys.executable, "-c", LAUNCHER, sys.executable, "-m", f"stages.{name}", *of
            )
        )
        for name, *of in commands
    ]
    return sum(seconds for seconds, _ in found), MEMORY_UNIT * max(memory for _, memory in found)


def start(project: Path, stage: str) -> None:
    run(project, sys.executable, "-m", f"stages.{stage}", "--help")


def large_packages(project: Path, stage: str) -> list[str]:
    """The large packages that a stage imports at its start."""
    loaded = f"import stages.{stage}, sys; print(*sys.modules)"
    modules = set(run(project, sys.executable, "-c", loaded).split())
    return [package for package in LARGE if package in modules]


def run(project: Path, *command: str) -> str:
    """Run a command in ``project``, and return its output.

    Raises:
        InputError: it failed; the reason is on standard error.
    """
    done = subprocess.run(
        command, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{' '.join(command[-3:])} failed, see above")
    return done.stdout


def environment() -> dict[str, str]:
    """The environment of the project's commands, with a local mirror."""
    mirror = str(ROOT / "data/raw/mnist")
    return {**own_tools(), "MNIST_MIRROR": mirror, "PYTHONUNBUFFERED": "1"}


def in_markdown(found: dict[str, Any]) -> str:
    """Two tables: seconds of all stages, and of their imports."""
    stages = [[name, f"{seconds:.1f}"] for name, seconds in found["stages"].items()]
    imports = [
        [each["stage"], f"{each['seconds']:.2f}", ", ".join(each["packages"])]
        for each in found["imports"]
    ]
    no_op = found["no_op"]
    return "\n\n".join(
        [
            markdown(["`dvc repro`, one epoch each", "seconds"], stages),
            f"Nothing to do: {no_op['repro']:.2f} s; `dvc version` takes "
            f"{no_op['version']:.2f} s. Download, normalize and windows of MNIST: "
            f"{found['first_seconds']:.2f} s, {found['first_memory'] / 1e6:.0f} MB.",
            markdown(["stage, started with `--help`", "seconds", "large packages"], imports),
        ]
    )


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds for the medians (5)")
    arguments = parser.parse_args()
    sys.exit(exit_code(lambda: print(in_markdown(measure(arguments.rounds)))))


if __name__ == "__main__":
    main()
