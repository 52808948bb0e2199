"""Check the form of error messages."""

from pathlib import Path

import pytest
from helpers import one_error_line, partial_leftovers, run_stage_here

from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params


def fault(project: Path) -> str:
    """The message for the project's params.yaml, which must be rejected in one line."""
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
    """Run a stage in this process that must fail with one line and leave no partial files."""
    capsys.readouterr()
    assert run_stage_here(project, stage, task) == 1
    complaint(capsys, *words)
    assert partial_leftovers(project) == []


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The error line; on a slow machine training also writes progress lines."""
    lines = capsys.readouterr().err.splitlines()
    return one_error_line("\n".join(line for line in lines if ": epoch " not in line), *words)
