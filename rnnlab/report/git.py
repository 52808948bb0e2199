"""Whether the project is under git; it may also be an unpacked ZIP."""

import subprocess

# what git's advice names, in any language, where another user owns the folder
REFUSAL = "safe.directory"


def under_git() -> bool:
    """Whether git tracks the project; an unpacked ZIP may lie inside an unrelated repository."""
    return why_not_under_git() is None


def why_not_under_git() -> str | None:
    """What git says where it does not track the project; None where it does."""
    command = ["git", "ls-files", "--error-unmatch", "params.yaml"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "git is not installed"
    return " ".join(done.stderr.split()) if done.returncode else None
