"""The program ``rnnlab``: its help, its exit codes, and what it costs to ask."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from helpers import COMMANDS, ROOT, run_stage_here
from typer.testing import CliRunner

from rnnlab.commands.options import TableOptions, takes_options


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_is_read_written_and_needed(
    project: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(project, command, "--help") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    name = command.replace("_", "-")
    for word in (f"Usage: rnnlab {name} ", "Reads: ", "Writes: ", "Needs: ", "Exit codes: "):
        assert word in printed.out
    assert max(map(len, printed.out.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_command_line_is_exit_code_2(
    project: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(project, command, "--no-such-option") == 2
    assert "Usage: rnnlab" in capsys.readouterr().err


def test_every_command_is_listed_and_help_needs_no_torch() -> None:
    ask = f"""if True:
        import sys
        sys.path[0], sys.argv = {str(ROOT)!r}, ["rnnlab", "--help"]
        from rnnlab.commands.app import main
        try:
            main()
        except SystemExit:
            print("torch" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    for command in COMMANDS:
        assert f"  {command.replace('_', '-')} " in done.stdout
    assert done.stdout.endswith("False\n")


@dataclass(frozen=True)
class MoreOptions(TableOptions):
    known: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="known ahead")] = None
    holidays: str | None = None


def test_a_field_of_a_dataclass_is_an_option() -> None:
    program, got = typer.Typer(), []

    @program.command()
    @takes_options
    def work(file: str, options: MoreOptions, loud: bool = False) -> None:
        got.append((file, options, loud))

    run = CliRunner().invoke
    assert run(program, ["a.csv"]).exit_code == 0
    words = ["a.csv", "--known", "x", "--known", "y", "--id", "shop", "--holidays", "DE", "--loud"]
    assert run(program, words).exit_code == 0
    more = MoreOptions(id_column="shop", known=["x", "y"], holidays="DE")
    assert got == [("a.csv", MoreOptions(), False), ("a.csv", more, True)]
    assert "known ahead" in run(program, ["--help"]).output
