"""Run by test_processors in a separate process: all stages that use a network, for each cell.

    python tests/all_cells.py PROJECT PHOTO

Writes {CELL: {COMMAND: [exit code, standard error]}} as JSON to standard output.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from helpers import edit_params, run_stage_here

# every product then uses oneDNN, as in large networks
from rnnlab.networks import cpu_cells

cpu_cells.MIN_LARGE_PRODUCT = 0

COMMANDS = {
    "train images": ("train", "mnist"),
    "evaluate images": ("evaluate", "mnist"),
    "predict": ("predict", sys.argv[2], "--accept"),
    "train series": ("train", "airline"),
    "evaluate series": ("evaluate", "airline"),
    "forecast": ("forecast", "--task", "airline", "--horizon", "3", "--trained"),
}


def ended(project: Path, *command: str) -> tuple[int, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = run_stage_here(project, *command)
    return code, stderr.getvalue()


def main(project: Path) -> None:
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for cell in ("rnn", "lstm", "gru"):
        both = {f"tasks.{task}.model.cell": cell for task in ("mnist", "airline")}
        auto = {f"tasks.{task}.train.precision": "auto" for task in ("mnist", "airline")}
        edit_params(project, {**both, **auto})
        found[cell] = {name: ended(project, *command) for name, command in COMMANDS.items()}
        edit_params(project, {"tasks.mnist.train.precision": "bfloat16"})
        found[cell]["by name"] = ended(project, "train", "mnist")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
