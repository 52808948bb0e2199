"""Which columns of a table make up its times."""

import re
from itertools import pairwise

import pandas as pd

from rnnlab.cells.months import season_labels
from rnnlab.cells.periods import NO_MONTHS
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import listed
from rnnlab.tables.columns import (
    DAY_NAMES,
    HOUR_NAMES,
    PART_NAMES,
    TIME_NAMES,
    VALUE_NAMES,
    YEAR,
    YEAR_NAMES,
    Column,
    ask,
    first_twice,
    is_whole,
)
from rnnlab.tables.proposals import of_time

# two numbers are always evenly spaced
MIN_STEPS = 3
CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
HOUR = re.compile(r"(?:[01]?\d|2[0-3])(?::[0-5]\d(?::[0-5]\d)?)?|24(?::00){0,2}")
PERIODS = r"P?(?:0?[1-9]|1[0-3])"
# share of the hours of a table that a date has
MOST_HOURS = 0.8


def time_columns(
    grid: Grid, columns: list[Column], known: dict[str, int], series: tuple[int, ...]
) -> tuple[tuple[int, ...], str, tuple[str, ...]]:
    """The columns that make up the time, the part of the year, and what was guessed."""
    if "ds" in known:
        return (known["ds"],), "", ()
    parts = _parts(columns, grid.name)
    if parts:
        return parts[0], parts[1], ()
    usable = [each for each in columns if each.place not in {*known.values(), *series}]
    named = [each for each in usable if each.name.lower() in TIME_NAMES and each.cells]
    if series:
        # a column named period may hold the same in all rows of a series
        names = [columns[place].cells for place in series]
        named = [n for n in named if not first_twice(list(zip(*names, n.cells, strict=False)))]
    dates = [each for each in usable if each.is_date]
    # hours alone are no times beside dates
    whole = [each for each in dates if not all(map(CLOCK.fullmatch, each.cells))]
    if whole:
        named = [each for each in named if each in whole or each not in dates]
        dates = whole
    for found in ([d for d in dates if d in named], dates, [n for n in named if n.is_time], named):
        if len(found) == 1:
            return _with_hour(found[0], usable) or ((found[0].place,), "", ())
        if found:
            raise InputError(
                ask(grid, "the times are in one of", found, "--time COLUMN"),
                of_time(found, columns),
            )
    years = [each for each in usable if each.is_time]
    if len(counting := [each for each in years if counts_steps(each)]) == 1:
        # values of four digits look like years, but are seldom evenly spaced
        years = counting
    if len(years) == 1 or (years and years[0].place == 0):
        return (years[0].place,), "", (f"times in {years[0].name!r} (guessed; else --time COLUMN)",)
    first = usable[0] if usable else columns[0]
    numbers = pd.to_numeric(pd.Series(first.cells, dtype=str), errors="coerce")
    even = numbers.notna().all() and numbers.diff().dropna().nunique() == 1
    if first.place == 0 and even and (numbers % 1 == 0).all():
        return (0,), "", (f"times in {first.name!r} (guessed; else --time COLUMN)",)
    raise InputError(
        f"{grid.name}: has the columns {listed(grid.header)}, none of which holds times in all "
        "rows; write dates as 1949-01-31, or name the column by --time COLUMN"
    )


def time_of_two(
    grid: Grid, columns: list[Column], known: dict[str, int]
) -> tuple[int, tuple[str, ...]]:
    """Which of two columns holds the times, and what was guessed: the first unless more
    speaks for the other.

    Raises:
        InputError: either may hold them.
    """
    if "ds" in known or "y" in known:
        return known.get("ds", 1 - known.get("y", 1)), ()
    first, other = columns
    guess = (f"times in {other.name!r} (guessed; else --time {first.name})",)
    if not first.is_number or not (other.is_time or counts_steps(other)):
        return 0, ()
    if other.is_date:
        return 1, guess
    steps, calls = counts_steps(first), _called(first) - _called(other)
    dated = other.is_time and counts_steps(other)
    if calls > 0 or (steps and not counts_steps(other)):
        return 0, ()
    if calls < 0 or (dated and not steps and not first.is_time):
        return 1, guess
    if dated:
        raise InputError(
            ask(grid, "the times are in one of", columns, "--time COLUMN"),
            [f"--time {first.name}"],
        )
    if steps and counts_steps(other) and not first.is_time:
        return 0, (f"times in {first.name!r} (guessed; else --time {other.name})",)
    return 0, ()


def _called(column: Column) -> int:
    """1 for a name of times, -1 for one of values."""
    name = column.name.lower()
    return (name in TIME_NAMES) - any(name in names for names in VALUE_NAMES)


def counts_steps(column: Column) -> bool:
    """Whether it holds whole numbers of one distance, as years are."""
    if len(column.cells) < MIN_STEPS or not is_whole(column):
        return False
    gaps = {int(after) - int(before) for before, after in pairwise(column.cells)}
    return len(gaps) == 1 and gaps != {0}


def _with_hour(
    date: Column, columns: list[Column]
) -> tuple[tuple[int, ...], str, tuple[str, ...]] | None:
    """A date that repeats, and the column of hours beside it that most dates have in full."""
    if date.blanks or not date.is_date or any(":" in cell for cell in date.cells):
        return None
    for each in columns:
        if each.name.lower() not in HOUR_NAMES or each.blanks or each is date:
            continue
        hours, days = {*each.cells}, {*date.cells}
        pairs = {*zip(date.cells, each.cells, strict=True)}
        full = len(pairs) >= MOST_HOURS * len(days) * len(hours)
        if full and 1 < len(hours) <= len(date.cells) / 2 and all(map(HOUR.fullmatch, hours)):
            # the first hour of a day is number 1, whether it is named by its end or not
            ends = "24" in hours and not hours & {"0", "00"}
            which = ", whose hour 1 begins at 0:00" if ends else ""
            note = f"times of {date.name!r} and {each.name!r}{which} (guessed; else --time COLUMN)"
            return (date.place, each.place), "H24" if ends else "H", (note,)
    return None


def _parts(columns: list[Column], source: str) -> tuple[tuple[int, ...], str] | None:
    """Columns of year and month (and day), quarter or week."""
    by_name = {each.name.lower(): each for each in columns}
    year = next((by_name[name] for name in by_name if name in YEAR_NAMES), None)
    if year is None or not year.cells or not all(YEAR.fullmatch(cell) for cell in year.cells):
        return None
    for part, names in PART_NAMES.items():
        column = next((by_name[name] for name in by_name if name in names), None)
        if column is None or not column.cells or not _all_parts(column.cells, part):
            cells = {*column.cells} if part == "M" and column else set()
            if cells & {"13", "P13"} and all(re.fullmatch(PERIODS, cell) for cell in cells):
                raise InputError(f"{source}: has {NO_MONTHS}")
            beyond = [c for c in (column.cells if column else []) if re.fullmatch(r"M13|Q0?5", c)]
            if beyond:
                raise InputError(
                    f"{source}: column {column.name!r} holds {beyond[0]}, which is a whole year; "  # type: ignore[union-attr]
                    "remove such rows"
                )
            continue
        day = next((by_name[name] for name in by_name if name in DAY_NAMES), None)
        if part == "M" and day and all(re.fullmatch(r"\d{1,2}", cell) for cell in day.cells):
            return (year.place, column.place, day.place), "D"
        return (year.place, column.place), part
    return None


def _all_parts(cells: list[str], part: str) -> bool:
    labels = season_labels([*dict.fromkeys(cells)])
    most = {"M": 12, "Q": 4, "W": 53}[part]
    period = {label[0] for label in labels if label} - {"N"}
    return period <= {part} and all(label and 1 <= label[1] <= most for label in labels)
