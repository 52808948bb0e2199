"""The program ``rnnlab``: its help, its exit codes, and what it costs to ask."""

import subprocess
import sys

from helpers import COMMANDS, ROOT


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
