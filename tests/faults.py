"""What a user is told when something is wrong, checked for its form."""

from pathlib import Path

import pytest
from helpers import one_error_line, partial_leftovers, run_stage_here

from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params


def fault(project: Path) -> str:
    """What is told of the project's params.yaml, which must be refused in one line."""
    with pytest.raises(InputError) as error:
        load_params(project / "params.yaml")
    message = str(error.value)
    assert message.startswith(f"{project / 'params.yaml'}: ")
    assert "\n" not in message
    assert len(message.removeprefix(str(project))) < 300
    return message.removeprefix(f"{project / 'params.yaml'}: ")


def fails_here(
    project: Path, stage: str, task: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Run a stage in this process that must fail in one line, and leave nothing half-written."""
    capsys.readouterr()
    assert run_stage_here(project, stage, task) == 1
    complaint(capsys, *words)
    assert partial_leftovers(project) == []


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line for a user; on a slow machine training says besides how far it is."""
    lines = capsys.readouterr().err.splitlines()
    return one_error_line("\n".join(line for line in lines if ": epoch " not in line), *words)
