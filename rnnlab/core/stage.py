"""The one shape of a stage's command line: ``python -m stages.STAGE [TASK]``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from rnnlab.core.errors import exit_code
from rnnlab.core.params import Params, load_params
from rnnlab.core.progress import track_progress

EXIT_CODES = """\
Run in the root of the project. Exit codes: 0 done; 1 bad input or a fault of the machine, told in
one line; 2 a wrong command line; 130 stopped by Ctrl-C."""


def run_task_stage(doc: str, work: Callable[[str, Params], None]) -> NoReturn:
    """Parse the name of a task, check all parameters, then do ``work(task_name, params)``."""
    parser = make_parser(doc)
    parser.add_argument("task", metavar="TASK", help="a key of tasks in params.yaml, e.g. mnist")
    name = parser.parse_args().task

    def checked() -> None:
        params = load_params()
        params.task(name)
        with track_progress(f"{stage_name()} {name}"):
            work(name, params)

    sys.exit(exit_code(checked))


def run_stage(doc: str, work: Callable[[Params], None]) -> NoReturn:
    """Check all parameters, then do ``work(params)``."""
    make_parser(doc).parse_args()

    def told() -> None:
        with track_progress(stage_name()):
            work(load_params())

    sys.exit(exit_code(told))


def stage_name() -> str:
    """The stage's name, as the command line has it."""
    return Path(sys.argv[0]).stem


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser whose help is ``doc``, the stage's own, and what its exit codes mean."""
    return argparse.ArgumentParser(
        description=doc, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
