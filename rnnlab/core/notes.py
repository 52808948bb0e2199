"""Notes for people: what was guessed of their data, or left out of it, as warnings."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class InputWarning(UserWarning):
    """What was guessed of the input, or left out of it. The message is one line."""


def note(message: str) -> None:
    """Warn with one line; commands and stages print it on stderr, Python users get the warning."""
    warnings.warn(message, InputWarning, stacklevel=2)


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
