"""The stages of the pipeline."""

import gc
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
