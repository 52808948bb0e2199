"""The program ``rnnlab``: its help, its exit codes, and what it costs to ask."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import COMMANDS, ROOT, run_stage_here


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
