"""Errors that a user can fix: one line on stderr and a non-zero exit code, never a traceback."""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from rnnlab.core.notes import in_python, phrasing, printed_notes, with_arguments
from rnnlab.core.progress import without_bars

P = ParamSpec("P")
R = TypeVar("R")


class InputError(Exception):
    """Bad input. The message is one line that names the file or key and says how to fix it.

    Attributes:
        options: of the command that would work, such as ``--id store``; ``--id `` without a value
            takes an option away.
        command: that command as it would be typed; set by the command line, which knows its words.
    """

    def __init__(self, message: str, options: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.options, self.command = tuple(options), ""


FIXES = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EISDIR: "is a folder: name a file",
    errno.EROFS: "the file system is read-only: choose a writable place and run again",
}

OUT_OF_MEMORY = (
    "out of memory: use fewer series or steps, a smaller hidden_size or a larger machine"
)


def exit_code(work: Callable[[], None]) -> int:
    """Run ``work``; print errors that a user can fix as one line on stderr.

    Returns:
        0 if ``work`` succeeds, 1 for bad input, a file system error or too little memory, 130 for
        Ctrl-C.
    """
    try:
        with printed_notes():
            work()
    except InputError as error:
        return _report(str(error), 1, error.command)
    except BrokenPipeError:
        # as with `| head`: whoever reads standard output has what it wants, and Python must not
        # write the rest on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        # of a move, the second name is the one that a person knows
        name = error.filename2 or error.filename
        return _report(f"{name}: {fix_of(error)}" if name else fix_of(error), 1)
    except MemoryError:
        return _report(OUT_OF_MEMORY, 1)
    except RuntimeError as error:
        # torch raises a plain RuntimeError on a CPU, and a subclass of it on a GPU
        if not re.search(r"(out of|not enough|can't allocate) memory", str(error)):
            raise
        return _report(OUT_OF_MEMORY, 1)
    except KeyboardInterrupt:
        return _report("stopped; `dvc repro` continues from here", 130)
    return 0


def fix_of(error: OSError) -> str:
    """What to do about a system error."""
    name = error.filename2 or error.filename
    if error.errno not in (errno.EACCES, errno.EPERM) or not isinstance(name, str | Path):
        return FIXES.get(error.errno or 0, error.strerror or str(error))
    path = Path(name)
    # what has no name yet, or lies in a folder that may not be entered
    while not os.access(path, os.F_OK) and path != path.parent:
        path = path.parent
    # no file is written in place, so one that is there was to be read
    reading = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    wanted = "writable" if os.access(path, reading) else "readable"
    which = "it" if path == Path(name) else path
    return f"permission denied: make {which} {wanted} and run again"


def _report(message: str, code: int, command: str = "") -> int:
    line = " ".join(message.split())
    # one that cannot be typed in a line is left out
    if command and command.isprintable():
        line += f"; type: {command}"
    # names and cells from a file must not control the terminal
    print("error: " + "".join(c if c.isprintable() else "\ufffd" for c in line), file=sys.stderr)
    return code


def require(path: Path, fix: str) -> Path:
    """Return ``path`` if it exists; raise InputError that ends with ``fix`` otherwise."""
    if not path.exists():
        raise InputError(f"{path} is missing: {fix}")
    return path


def for_python(function: Callable[P, R]) -> Callable[P, R]:
    """A public function: its errors and notes name arguments, and nothing moves on a terminal."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        token = phrasing.set(in_python)
        try:
            with without_bars():
                return function(*args, **kwargs)
        except InputError as error:
            raise InputError(with_arguments(str(error), error.options), error.options) from None
        finally:
            phrasing.reset(token)

    return called
