"""Whether there is a git to ask: the project may also be an unpacked ZIP."""

import subprocess


def under_git() -> bool:
    """Whether git tracks the project; a ZIP may lie in a repository of something else."""
    command = ["git", "ls-files", "--error-unmatch", "params.yaml"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
