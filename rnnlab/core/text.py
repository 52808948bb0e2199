"""Format numbers and names for people, in UTF-8."""

import math
import os
import sys
import textwrap
from collections.abc import Iterable


def use_utf8() -> None:
    """Make this program read names and write text in UTF-8; call it first in a program.

    In a locale of another encoding Python starts again, since it has decoded the command line and
    opens files in that encoding.

    Raises:
        SystemExit: a word of the command line is not UTF-8; one line on stderr says which.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        # a library may have wrapped it, or a test put another kind of stream in its place
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(encoding="utf-8")
    for word in sys.argv[1:]:
        # Python keeps bytes that it cannot decode as surrogates
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            shown = os.fsencode(word).decode("utf-8", errors="replace")
            print(f"error: {shown}: is not UTF-8; write it in UTF-8", file=sys.stderr)
            sys.exit(1)


def percent(share: float) -> str:
    """Per cent, rounded down: only a share of exactly 1 reads 100 %."""
    # the 1e-6 keeps 0.57 from becoming 56.99
    return "–" if math.isnan(share) else f"{math.floor(10000 * share + 1e-6) / 100:.2f} %"


def readable(name: str) -> str:
    return name.replace("_", " ")


def shorten_name(unique_id: str) -> str:
    """The name of a series, shortened to fit next to small Axes."""
    return unique_id if len(unique_id) <= 20 else f"{unique_id[:19]}…"


def wrapped(name: str, width: int, lines: int = 3) -> str:
    """A name in at most ``lines`` lines of ``width`` characters; its middle is cut."""
    most = (lines - 1) * width
    if len(name) > most:
        name = f"{name[: most // 2]} … {name[-most // 2 + 3 :]}"
    return textwrap.fill(name, width, max_lines=lines, placeholder=" …")


def join_names(names: Iterable[str]) -> str:
    *most, last = map(readable, names)
    return f"{', '.join(most)} and {last}" if most else last
