"""The stages of the pipeline."""

import sys
from types import TracebackType


def _report(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    # Ctrl-C while a stage's libraries are still being imported; after that errors.exit_code says it
    if issubclass(kind, KeyboardInterrupt):
        print("error: stopped; `dvc repro` goes on from here", file=sys.stderr)
    else:
        sys.__excepthook__(kind, fault, trace)


sys.excepthook = _report
