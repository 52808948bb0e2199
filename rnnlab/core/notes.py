"""Notes for people: what was guessed of their data, or left out of it, as warnings."""

import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO


class InputWarning(UserWarning):
    """What was guessed of the input, or left out of it. The message is one line."""


# what commands call their options, and Python its arguments
END = r"(?=[:;,)]*(?:\s|$))"
PHRASES = (
    (re.compile(r"--(id|time|value) or data\.\w+"), r"\1"),
    (re.compile(rf"--(id|time|value) (\S+?){END}"), r'\1="\2"'),
    (re.compile(rf"--(period|horizon) (\S+?){END}"), r"\1=\2"),
    (re.compile(rf"--read (\w+)=(\S+?){END}"), r'read={"\1": "\2"}'),
    (re.compile(r"--(\w+)"), r"\1="),
)
# how the public functions say what names options of commands
phrasing: ContextVar[Callable[[str], str]] = ContextVar("phrasing", default=str)


def in_python(message: str) -> str:
    """A message that names options of commands, with the arguments of the public functions."""
    for option, argument in PHRASES:
        message = option.sub(argument, message)
    return message


def with_arguments(message: str, options: Sequence[str]) -> str:
    """A message in Python's words that ends with the arguments that would work, if it lacks one."""
    message, read = in_python(message), {}
    arguments = []
    for option in options:
        name, _, value = option.removeprefix("--").partition(" ")
        key, _, choice = value.partition("=")
        if name == "read" and choice:
            read[key] = choice
        elif name == "known" and value:
            arguments.append(f"known={json.dumps(value.split(','), ensure_ascii=False)}")
        elif name != "read" and value:
            arguments.append(f"{name}={json.dumps(value, ensure_ascii=False)}")
    if read:
        arguments.append(f"read={json.dumps(read, ensure_ascii=False)}")
    if all(argument in message for argument in arguments):
        return message
    return f"{message}; write {', '.join(arguments)}"


def note(message: str) -> None:
    """Warn with one line; commands and stages print it on stderr, Python users get the warning.

    The warning points to the line that called the library.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "rnnlab":
        frame, level = frame.f_back, level + 1
    warnings.warn(phrasing.get()(message), InputWarning, stacklevel=level)


@contextmanager
def printed_notes() -> Iterator[None]:
    """Print each note in this block as a line on stderr, as programs do."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, InputWarning):
            print(message, file=sys.stderr)
        else:
            shown(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        shown, warnings.showwarning = warnings.showwarning, show
        yield
