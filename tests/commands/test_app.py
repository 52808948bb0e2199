"""The program ``rnnlab``: its help, its exit codes, and what it costs to ask."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import typer
from helpers import COMMANDS, ROOT
from typer.testing import CliRunner

from rnnlab.commands.options import TableOptions, takes_options


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
