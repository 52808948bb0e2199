"""Settings of a process of our own, a stage or a command; a library must not touch them."""

import gc
import os
import sys
from types import TracebackType


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    # Ctrl-C during the imports of a stage; later, errors.exit_code handles it
    if issubclass(kind, KeyboardInterrupt):
        print("error: stopped; `dvc repro` continues from here", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def prepare_program() -> None:
    """Make a program start and compute faster, and stop in one line.

    Call it before torch is imported.
    """
    sys.excepthook = _report
    # Imports of torch and pandas create a million objects, which the garbage collector would scan
    # many times: a seventh of the import time. A stage is short and creates few reference cycles.
    gc.set_threshold(100_000)
    # Threads of torch that wait for each other spin, by default for about 20 ms. Next to another
    # busy process they take the core from the thread they wait for, and training takes up to 30
    # times as long. 2,000 spins (0.1 ms) are enough when all cores are free. libgomp reads this
    # variable when torch is loaded. A value set by the user is kept.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")


def available_cpus() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
