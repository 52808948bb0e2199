"""Whether the project is under git; it may also be an unpacked ZIP."""

import subprocess


def under_git() -> bool:
    """Whether git tracks the project; an unpacked ZIP may lie inside an unrelated repository."""
    command = ["git", "ls-files", "--error-unmatch", "params.yaml"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
