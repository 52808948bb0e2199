"""Tables with columns of times: a row a value, or a column a series."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from rnnlab.formats.options import listed
from rnnlab.tables.columns import (
    MOST,
    MOST_CANDIDATES,
    MOST_TOGETHER,
    Clues,
    Column,
    called_value,
    first_twice,
)
from rnnlab.tables.proposals import naming, of_long, totals
from rnnlab.tables.roles import Layout
from rnnlab.tables.time_columns import time_columns

# of columns that together name series: each series has so many rows at least; where one holds
# numbers, it has few gaps, since any numbers may tell rows apart
MIN_ROWS, MOST_OF_SPAN = 3, 0.95


def long_or_wide(clues: Clues) -> Layout:
    """A row a value where series are named or times repeat, else a column a series.

    Raises:
        InputError: several readings are possible.
    """
    times = time_columns(clues)
    rest = [c for c in clues.columns if c.place not in {*times.places, *clues.series}]
    filled = [each for each in rest if each.cells and not each.counts_rows]
    numbers = [each for each in filled if each.is_number]
    called = None
    if "y" in clues.known:
        numbers = [clues.columns[clues.known["y"]]]
    elif clues.options.layout != "wide" and (called := called_value(numbers)):
        numbers = [called]
    if not numbers:
        raise clues.refusal(
            f"has no column of numbers beside {clues.grid.header[times.places[0]]!r}; "
            "name one by --value COLUMN",
            ["--time "] if clues.options.time else (),
        )
    values = tuple(each.place for each in numbers)
    found = Layout(times.places, values, clues.series, times.part, notes=times.notes)
    if called:
        found = found.that(f"values in {called.name!r} (guessed; else --value COLUMN)")
    if not clues.series:
        found = _without_id(clues, found, filled, called)
    elif len(numbers) > 1:
        options = [f"--value {numbers[0].name}"]
        raise clues.ask("the values are in one of", numbers, "--value COLUMN", options)
    used = {*found.values, *found.id}
    left = [repr(each.name) for each in filled if each.place not in used]
    if called and left:
        more = "(--known COLUMNS uses those that are known ahead)"
        found = found.that(f"without {listed(left)} {more}")
    return found


def _without_id(clues: Clues, found: Layout, filled: list[Column], called: Column | None) -> Layout:
    """The layout where no one says which columns name series; ``called`` is the value by name."""
    values = {*found.values}
    texts = [each for each in filled if not each.is_number and each.place not in values]
    names = [each for each in texts if not (each.is_constant or each.blanks)]
    found = replace(found, constant={c.place: c.cells[0] for c in texts if c.is_constant})
    times = clues.rows_of(found.times)
    if not (twice := first_twice(times)):
        if clues.options.layout == "long":
            return _long(clues, found, names, "")
        return _wide(clues, found, names, called)
    # a text that names series makes the times unique
    whole = [n for n in names if not first_twice(zip(n.cells, times, strict=False))]
    if not whole and len(found.values) == 1:
        numbers = [c for c in filled if c.is_number and not c.blanks and c.is_whole]
        may_name = {*names, *(each for each in numbers if each.place not in values)}
        candidates = [each for each in filled if each in may_name]
        if together := _naming_columns(candidates, times):
            return _by_several(clues, found, together)
    again = f"column {clues.grid.header[found.times[0]]!r} holds {' '.join(twice)!r} twice"
    if clues.options.every:
        # they become one value
        again = ""
    return _long(clues, found, whole or names, again)


def _long(clues: Clues, found: Layout, names: list[Column], again: str) -> Layout:
    """A row a value, the times of several series one after the other; ``again`` if they repeat."""
    numbers = [clues.columns[place] for place in found.values]
    times = clues.rows_of(found.times) if again else []
    if len(numbers) > 1:
        which = listed([each.name for each in numbers])
        raise clues.refusal(
            f"{again or 'a long table'}, and values are in one of {which}: add "
            "--value COLUMN, and --id COLUMN if rows are of several series; or keep one row a time",
            of_long(numbers, names, times),
        )
    if len(names) > 1:
        options = of_long(numbers, names, times)
        raise clues.ask("the series are named in one of", names, "--id COLUMN", options)
    if names:
        by = f"series by {names[0].name!r} (guessed; else --id COLUMN)"
        return found.that(by, id=(names[0].place,))
    if again:
        raise clues.refusal(
            f"{again}, and no column names series; keep one row a time, or add --id COLUMN",
            totals(times),
        )
    return found


def _by_several(clues: Clues, found: Layout, together: list[tuple[Column, ...]]) -> Layout:
    """A row a value, where several columns name the series together."""
    names = [",".join(each.name for each in columns) for columns in together]
    if len(together) > 1:
        raise clues.refusal(
            f"the series are named by {' or '.join(names)}; add --id {names[0]}",
            [f"--id {names[0]}"],
        )
    by = f"series by {names[0]} (guessed; else --id COLUMNS)"
    return found.that(by, id=tuple(each.place for each in together[0]))


def _naming_columns(
    candidates: list[Column], times: list[tuple[str, ...]]
) -> list[tuple[Column, ...]]:
    """The fewest columns that together tell series whose times are unique and have few gaps.

    Returns:
        none; or one set of columns; or several, if they would make different series.
    """
    when = pd.factorize(pd.Series([" ".join(each) for each in times]), sort=True)[0]
    # a time that is missing leaves open which row a cell is of
    whole = [each for each in candidates if len(each.cells) == len(times)][:MOST_CANDIDATES]
    codes = {each: pd.factorize(pd.Series(each.cells))[0] for each in whole}
    best, found_size = 0.0, 0
    found: dict[bytes, tuple[Column, ...]] = {}
    for size in range(1, MOST_TOGETHER + 1):
        for chosen in combinations(codes, size):
            joined = pd.MultiIndex.from_arrays([codes[each] for each in chosen])
            series = pd.factorize(joined)[0]
            share = _share_of_spans(series, when)
            least = MOST_OF_SPAN if any(each.is_number for each in chosen) else MOST
            if share < least or share < best or (share == best and size > found_size):
                continue
            if share > best:
                best, found, found_size = share, {}, size
            found.setdefault(series.tobytes(), chosen)
    # whether a column of numbers alone names series is asked
    return [] if found_size == 1 else [*found.values()]


def _share_of_spans(series: np.ndarray, when: np.ndarray) -> float:
    """Which share of the times from the first to the last of each series it has; 0 if one twice."""
    frame = pd.DataFrame({"series": series, "when": when})
    spans = frame.groupby("series")["when"].agg(["min", "max"])
    if frame.duplicated().any() or len(frame) < MIN_ROWS * len(spans):
        return 0.0
    return len(frame) / float((spans["max"] - spans["min"] + 1).sum())


def _wide(clues: Clues, found: Layout, names: list[Column], called: Column | None) -> Layout:
    """A column a series, or one alone."""
    options, header = clues.options, clues.grid.header
    if names and "y" not in clues.known and called is None:
        time = header[found.times[0]]
        raise clues.refusal(
            f"column {names[0].name!r} may name the series: add --id {names[0].name}, "
            f"or --time {time} and --value COLUMN to leave it out",
            naming(names[0], [clues.columns[place] for place in found.values], time),
        )
    used = {*found.times, *found.values}
    left = [
        repr(each.name)
        for each in clues.columns
        if each.cells and each.place not in used and (each.counts_rows or not each.is_number)
    ]
    if left and called is None:
        found = found.that(f"without column {', '.join(left)}")
    several = len(found.values) > 1
    if several and not options.value and options.layout != "wide":
        found = found.that("a series a column (guessed; else --value COLUMN)")
    return replace(found, is_wide=several or options.layout == "wide")
