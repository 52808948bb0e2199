"""The library behind the stages and the command ``rnnlab``: a package for each concern.

Arrows run one way: commands → report → plots → forecasting, images → training → networks, series →
core. What stands here has to act before torch is imported.
"""

import gc
import os
import sys
from types import TracebackType


def _report(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    # Ctrl-C while a stage's libraries are still being imported; after that errors.exit_code says it
    if issubclass(kind, KeyboardInterrupt):
        print("error: stopped; `dvc repro` goes on from here", file=sys.stderr)
    else:
        sys.__excepthook__(kind, fault, trace)


sys.excepthook = _report
# a stage is short and leaves little in cycles, but imports a million objects of torch and pandas,
# through which the collector would look again and again: a seventh of what that takes
gc.set_threshold(100_000)

# Threads of torch that wait for each other keep their cores busy, by default for some 20 ms. Beside
# another busy process that starves the very thread they wait for, and training takes up to 30 times
# as long. 2,000 turns, 0.1 ms, are enough where all cores are free. libgomp reads this as torch is
# loaded; whoever says how threads wait has their way.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
