"""Format numbers and names for people."""

import math
import textwrap
from collections.abc import Iterable


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
