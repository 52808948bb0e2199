"""How much faster DVC's queue is through when experiments run side by side.

    python -m benchmarks.parallel_queue --experiments 4 --jobs 2 --rounds 3

Queues airline experiments that differ in their seed, in a clone of the last commit, and times
`dvc exp run --run-all`: one at a time with a thread for each core used, one at a time with one
thread, and side by side with one thread each. Prints the medians over the rounds as a Markdown
table. With two free cores and the default parameters a round takes about five minutes.
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
    parser.add_argument("--jobs", type=int, default=2, help="experiments side by side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="in place of params.yaml's, for a quick look")
    sys.exit(exit_code(lambda: print(report(parser.parse_args()))))


def report(arguments: argparse.Namespace) -> str:
    one, side_by_side = (1, 1), (arguments.jobs, 1)
    ways = ((1, arguments.jobs), one, side_by_side)
    seconds: dict[tuple[int, int], list[float]] = {way: [] for way in ways}
    # seeds that no earlier experiment had: DVC would take its results from the cache
    seeds = itertools.count(1000)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        run(project, "git", "clone", "--quiet", str(CODE), ".")
        run(project, "dvc", "repro", "--quiet", "windows@airline")
        for _ in range(arguments.rounds):
            for way in ways:
                taken = time_queue(project, way, seeds, arguments)
                seconds[way].append(taken)
                print(f"jobs {way[0]}, threads {way[1]}: {taken:.1f} s", file=sys.stderr)
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    fastest = min(medians[way] for way in ways if way != side_by_side)
    rows = [[str(jobs), str(threads), f"{medians[jobs, threads]:.1f}"] for jobs, threads in medians]
    table = markdown(["jobs", "threads of each", f"s for {arguments.experiments}"], rows)
    ratio = fastest / medians[side_by_side]
    return f"{table}\n\n{arguments.jobs} at once: {ratio:.2f} times as fast as one after the other"


def time_queue(
    project: Path, way: tuple[int, int], seeds: Iterator[int], arguments: argparse.Namespace
) -> float:
    """Seconds that the queue takes with so many jobs of so many threads each."""
    jobs, threads = way
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
    """What a command prints; InputError with its last words if it fails."""
    done = subprocess.run(words, cwd=project, env=own_tools(), capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{' '.join(words[:3])} failed: {done.stderr[-500:]}")
    return done.stdout


if __name__ == "__main__":
    main()
