"""The speedup of DVC's queue with experiments in parallel.

    python -m benchmarks.speed.parallel_queue --experiments 4 --jobs 2 --rounds 3

Queues airline experiments with different seeds in a clone of the last commit, and times
`dvc exp run --run-all`: one job with as many threads as there are parallel jobs, one job with one
thread, and parallel jobs with one thread each. Prints medians over the rounds as a Markdown table.
With two idle cores and the default parameters a round takes about five minutes.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scratch import CODE, markdown, own_tools
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.stage import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--experiments", type=int, default=4, help="in the queue each time")
    parser.add_argument("--jobs", type=int, default=2, help="parallel experiments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--epochs", type=int, help="instead of those in params.yaml, for a quick test"
    )
    sys.exit(exit_code(lambda: print(report(parser.parse_args()))))


def report(arguments: argparse.Namespace) -> str:
    one, parallel = (1, 1), (arguments.jobs, 1)
    setups = ((1, arguments.jobs), one, parallel)
    seconds: dict[tuple[int, int], list[float]] = {setup: [] for setup in setups}
    # new seeds, since DVC would take known results from its cache
    seeds = itertools.count(1000)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        run(project, "git", "clone", "--quiet", str(CODE), ".")
        run(project, "dvc", "repro", "--quiet", "windows@airline")
        for _ in range(arguments.rounds):
            for setup in setups:
                taken = time_queue(project, setup, seeds, arguments)
                seconds[setup].append(taken)
                print(f"jobs {setup[0]}, threads {setup[1]}: {taken:.1f} s", file=sys.stderr)
    medians = {setup: statistics.median(times) for setup, times in seconds.items()}
    fastest = min(medians[setup] for setup in setups if setup != parallel)
    rows = [[str(jobs), str(threads), f"{medians[jobs, threads]:.1f}"] for jobs, threads in medians]
    table = markdown(["jobs", "threads of each", f"s for {arguments.experiments}"], rows)
    ratio = fastest / medians[parallel]
    return f"{table}\n\n{arguments.jobs} at once: {ratio:.2f} times as fast as one at a time"


def time_queue(
    project: Path, setup: tuple[int, int], seeds: Iterator[int], arguments: argparse.Namespace
) -> float:
    """Seconds that the queue takes with the jobs and threads of ``setup``."""
    jobs, threads = setup
    settings = [f"threads={threads}"]
    if arguments.epochs:
        settings.append(f"tasks.airline.train.epochs={arguments.epochs}")
    for seed in itertools.islice(seeds, arguments.experiments):
        options = [word for each in (*settings, f"seed={seed}") for word in ("-S", each)]
        run(project, "dvc", "exp", "run", "--queue", *options, "plot@airline")
    started = time.perf_counter()
    run(project, "dvc", "exp", "run", "--run-all", "--jobs", str(jobs))
    seconds = time.perf_counter() - started
    states = run(project, "dvc", "queue", "status")
    if states.count("Success") != arguments.experiments:
        raise InputError(f"dvc queue: an experiment failed: {' '.join(states.split())}")
    run(project, "dvc", "queue", "remove", "--success")
    return seconds


def run(project: Path, *words: str) -> str:
    """Run a command and return its output; InputError with the end of stderr if it fails."""
    done = subprocess.run(words, cwd=project, env=own_tools(), capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{' '.join(words[:3])} failed: {done.stderr[-500:]}")
    return done.stdout


if __name__ == "__main__":
    main()
