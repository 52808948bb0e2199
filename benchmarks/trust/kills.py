"""Kill `dvc repro` at random times; it must resume, with the bytes of an uninterrupted run.

    python -m benchmarks.trust.kills --kills 50

In a temporary copy with small settings (scikit-learn's digits and the airline series, few epochs)
the pipeline runs once without a kill. Then it runs again and is killed after a random time (SIGKILL
to all of its processes), repeatedly, until a run finishes. Its metrics/, models/ and data/models/
are compared with those of the first run. Then all outputs are removed, and so on until the last
kill.

Reads:   the code and parameters of this project, in their current state
Writes:  how often each stage was killed, to standard output, and each kill to standard error; exit
         code 1 if any byte differs
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.scratch import markdown, own_tools, project_copy, write_params
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.stage import make_parser

SMALL = {
    "threads": 1,
    "tasks.mnist.data.dataset": "digits",
    "tasks.mnist.data.validation_images": 200,
    "tasks.mnist.train.batch_size": 64,
    "tasks.mnist.train.epochs": 20,
    "tasks.airline.train.epochs": 60,
    "tasks.airline.train.ensemble": 2,
    "zero_shot.steps": 200,
    "zero_shot.batch_size": 64,
    "zero_shot.evaluate.synthetic_series": 50,
}
# outputs of a run; without them the next run starts from scratch
OUTPUTS = (
    "data/raw/mnist",
    "data/normalized",
    "data/windows",
    "data/models",
    "data/live",
    "metrics",
    "models",
)
CACHED = (".dvc/cache", ".dvc/tmp", "data/checkpoints", "dvc.lock")
COMPARED = ("metrics", "models", "data/models")
# times differ between runs
NOT_COMPARED = ("speed.json",)


def main(arguments: argparse.Namespace) -> None:
    random_times = random.Random(arguments.seed)
    with project_copy() as project:
        write_params(project, SMALL)
        remove_outputs(project)
        started = time.monotonic()
        finish(project)
        duration, expected = time.monotonic() - started, sums_of(project)
        log(f"without kills: {duration:.0f} s, {len(expected)} files")
        kills: Counter[str] = Counter()
        finished = 0
        while kills.total() < arguments.kills:
            remove_outputs(project)
            kills += kill_until_done(
                project, random_times, duration, arguments.kills - kills.total()
            )
            found = sums_of(project)
            differing = sorted({*expected.items()} ^ {*found.items()})
            if differing:
                raise InputError(
                    f"{differing[0][0]} differs after kills from the run without kills"
                )
            finished += 1
            log(f"same bytes after {kills.total()} kills")
    rows = [[stage, str(count)] for stage, count in sorted(kills.items())]
    print(markdown(["killed in", "times"], rows))
    print(f"\n{kills.total()} kills; {finished} runs resumed, with the bytes of the first run.")


def remove_outputs(project: Path) -> None:
    for name in (*OUTPUTS, *CACHED):
        path = project / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def start(project: Path) -> subprocess.Popen:
    # a new session, so that one signal reaches all processes that DVC starts
    return subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=project,
        env=own_tools(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(project: Path) -> None:
    """Run the pipeline to its end; InputError with the end of its output if it fails."""
    process = start(project)
    output = process.communicate()[0]
    if process.returncode:
        raise InputError(f"dvc repro failed: {output[-2000:]}")


def kill_until_done(
    project: Path, random_times: random.Random, duration: float, limit: int
) -> Counter[str]:
    """Kill the pipeline at random times, at limit ``limit`` times; count the kills by stage."""
    kills: Counter[str] = Counter()
    while kills.total() < limit:
        process = start(project)
        try:
            output, _ = process.communicate(timeout=random_times.uniform(0, duration))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stage = last_stage(process.communicate()[0])
            kills[stage] += 1
            log(f"killed in: {stage}")
            continue
        if not process.returncode:
            return kills
        remove_partial_lock(project, output)
    finish(project)
    return kills


def remove_partial_lock(project: Path, output: str) -> None:
    """Remove a dvc.lock that was written only in part; InputError for any other failure."""
    if not re.search(r"dvc\.lock' (validation failed|is invalid)", output):
        raise InputError(f"dvc repro failed after a kill: {output[-2000:]}")
    log(f"removing dvc.lock, which was written only in part: {output.strip()[-200:]}")
    (project / "dvc.lock").unlink()


def log(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def last_stage(output: str) -> str:
    """The last stage that DVC reported as running, or "before the first stage"."""
    running = re.findall(r"Running stage '([^']+)'", output)
    return running[-1] if running else "before the first stage"


def sums_of(project: Path) -> dict[str, str]:
    """The MD5 sum of each compared file, by its path in the project."""
    files = [path for name in COMPARED for path in (project / name).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(project)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.name not in NOT_COMPARED
    }


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the random times")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given)))
