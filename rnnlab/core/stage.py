"""The command line of all stages: ``python -m stages.STAGE [TASK]``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from rnnlab.core.errors import exit_code
from rnnlab.core.params import Params, load_params
from rnnlab.core.progress import track_progress
from rnnlab.core.text import use_utf8

EXIT_CODES = """\
Run in the root of the project. Exit codes: 0 success; 1 bad input or a system error, with one line
on stderr; 2 wrong command line; 130 stopped by Ctrl-C."""


def run_task_stage(
    doc: str, work: Callable[[str, Params], None], also: tuple[str, ...] = ()
) -> NoReturn:
    """Parse the name of a task, validate all parameters, then run ``work(task_name, params)``.

    Args:
        also: names that the stage takes in the place of a task.
    """
    parser = make_parser(doc)
    parser.add_argument("task", metavar="TASK", help="a key of tasks in params.yaml, e.g. mnist")
    name = parser.parse_args().task

    def run() -> None:
        params = load_params()
        params.require_task(name, also)
        with track_progress(f"{stage_name()} {name}"):
            work(name, params)

    sys.exit(exit_code(run))


def run_stage(doc: str, work: Callable[[Params], None]) -> NoReturn:
    """Validate all parameters, then run ``work(params)``."""
    make_parser(doc).parse_args()

    def run() -> None:
        with track_progress(stage_name()):
            work(load_params())

    sys.exit(exit_code(run))


def stage_name() -> str:
    """The name of the stage, from the command line."""
    return Path(sys.argv[0]).stem


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser whose help shows ``doc`` and the exit codes, for a program in UTF-8."""
    use_utf8()
    return argparse.ArgumentParser(
        description=doc, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
