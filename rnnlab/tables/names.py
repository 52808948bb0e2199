"""The names of series: one cell of a row, or those of several columns joined."""

from collections.abc import Callable, Sequence

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import SIGN, listed
from rnnlab.tables.roles import Layout


def key_reader(grid: Grid, layout: Layout) -> Callable[[list[str]], str | tuple[str, ...]]:
    """What tells the series of a row: the cells that name it, as they stand."""
    places = layout.id
    if not places:
        return lambda row: grid.stem
    if len(places) == 1:
        return lambda row: row[places[0]]
    return lambda row: tuple(row[place] for place in places)


def series_names(
    keys: Sequence[str | tuple[str, ...]], grid: Grid, layout: Layout
) -> tuple[list[str], np.ndarray, list[tuple[str, ...]], list[str]]:
    """The names of series, for each key the number of its name, and the note on those merged.

    Between them, for each name the cells of the columns that give it.

    Raises:
        InputError: parts of a name that differ are the same when they are joined.
    """
    names: dict[str, int] = {}
    first: list[tuple[str, ...]] = []
    numbers: list[int] = []
    merged: dict[str, None] = {}
    for key in keys:
        parts = (key,) if isinstance(key, str) else key
        plain = tuple(part.strip() for part in parts) if layout.id else parts
        name = SIGN.join(part for part in plain if part)
        number = names.setdefault(name, len(names))
        numbers.append(number)
        if number == len(first):
            first.append(plain)
        elif first[number] == plain:
            merged[repr(name)] = None
        else:
            raise InputError(
                f"{grid.name}: two series would be named {name!r}; rename one, or add --id COLUMN"
            )
    notes = (
        [f"names that differ by spaces alone are one series: {listed([*merged])}"] if merged else []
    )
    return list(names), np.array(numbers, dtype=np.intc), first, notes
