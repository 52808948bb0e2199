"""Kill `dvc repro` at random moments; it must go on, and end with the bytes of a run never killed.

    python -m benchmarks.kills --kills 50

In a temporary copy with a small setting (scikit-learn's digits and the airline series, few epochs)
the pipeline runs once without harm. Then it starts anew and is killed (SIGKILL, with all that it
started) after a random time, again and again, until a run finishes; what it leaves in metrics/ and
data/models/ is compared with the first run's, all is removed, and so on until all kills are spent.

Reads:   the code and parameters of this project as they lie here
Writes:  which stages were hit how often, to standard output, and each kill to standard error; exit
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
}
# what a run makes, beside what git holds: without all of it the next starts from nothing
MADE = ("data/raw/mnist", "data/normalized", "data/windows", "data/models", "data/live", "metrics")
CACHED = (".dvc/cache", ".dvc/tmp", "data/checkpoints", "dvc.lock")
COMPARED = ("metrics", "data/models")
# the time of a run is no part of its result
BESIDES = ("speed.json",)


def main(arguments: argparse.Namespace) -> None:
    chance = random.Random(arguments.seed)
    with project_copy() as project:
        write_params(project, SMALL)
        empty(project)
        started = time.monotonic()
        finish(project)
        duration, expected = time.monotonic() - started, sums_of(project)
        say(f"unharmed: {duration:.0f} s, {len(expected)} files")
        hit: Counter[str] = Counter()
        finished = 0
        while hit.total() < arguments.kills:
            empty(project)
            hit += kill_until_done(project, chance, duration, arguments.kills - hit.total())
            found = sums_of(project)
            differing = sorted({*expected.items()} ^ {*found.items()})
            if differing:
                raise InputError(f"after kills {differing[0][0]} is not what it is without them")
            finished += 1
            say(f"same bytes after {hit.total()} kills")
    rows = [[stage, str(count)] for stage, count in sorted(hit.items())]
    print(markdown(["killed in", "times"], rows))
    print(
        f"\n{hit.total()} kills; {finished} runs went on to the same bytes as a run never killed."
    )


def empty(project: Path) -> None:
    for name in (*MADE, *CACHED):
        path = project / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def start(project: Path) -> subprocess.Popen:
    # a session of its own, so that one signal reaches all that DVC starts
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
    """Run the pipeline to its end; InputError with its last words if it fails."""
    process = start(project)
    said = process.communicate()[0]
    if process.returncode:
        raise InputError(f"dvc repro failed: {said[-2000:]}")


def kill_until_done(
    project: Path, chance: random.Random, duration: float, most: int
) -> Counter[str]:
    """Kill the pipeline at random times, at most so often; the stages in which it was hit."""
    hit: Counter[str] = Counter()
    while hit.total() < most:
        process = start(project)
        try:
            said, _ = process.communicate(timeout=chance.uniform(0, duration))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stage = last_stage(process.communicate()[0])
            hit[stage] += 1
            say(f"killed in: {stage}")
            continue
        if not process.returncode:
            return hit
        mend(project, said)
    finish(project)
    return hit


def mend(project: Path, said: str) -> None:
    """Remove a half-written dvc.lock, of which git has no copy here; InputError if it is none."""
    if not re.search(r"dvc\.lock' (validation failed|is invalid)", said):
        raise InputError(f"dvc repro failed after a kill: {said[-2000:]}")
    say(f"dvc.lock was written by half, and is removed: {said.strip()[-200:]}")
    (project / "dvc.lock").unlink()


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def last_stage(said: str) -> str:
    """The stage that DVC said last that it runs, or that it had run none yet."""
    running = re.findall(r"Running stage '([^']+)'", said)
    return running[-1] if running else "before the first stage"


def sums_of(project: Path) -> dict[str, str]:
    """The MD5 sum of each file that is compared, by its path in the project."""
    files = [path for name in COMPARED for path in (project / name).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(project)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.name not in BESIDES
    }


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given)))
