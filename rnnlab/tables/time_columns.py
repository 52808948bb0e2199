"""Which columns of a table make up its times."""

import math
import re
from typing import NamedTuple

import pandas as pd

from rnnlab.cells.months import season_labels
from rnnlab.cells.parts import FULL
from rnnlab.cells.periods import NO_MONTHS
from rnnlab.formats.options import listed
from rnnlab.tables.columns import (
    DAY_NAMES,
    HOUR_NAMES,
    INTERVAL_NAMES,
    MINUTE_NAMES,
    PART_NAMES,
    TIME_NAMES,
    VALUE_NAMES,
    YEAR_NAMES,
    Clues,
    Column,
    first_twice,
)
from rnnlab.tables.proposals import of_time
from rnnlab.tables.roles import Layout

CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
HOUR = re.compile(r"(?:[01]?\d|2[0-3])(?::[0-5]\d(?::[0-5]\d)?)?|24(?::00){0,2}")
MINUTES = {*map(str, range(60)), *(f"{minute:02}" for minute in range(10))}
PERIODS = re.compile(r"P?(?:0?[1-9]|1[0-3])")
INTERVALS = {"half-hour": 48, "quarter-hour": 96}
HOUR_1 = ", whose hour 1 begins at 0:00"
# share of the times of day of a table that a date has
MOST_TIMES = 0.8


class Times(NamedTuple):
    """The columns that make up the time, what the last of several is, and what was guessed."""

    places: tuple[int, ...]
    part: str = ""
    notes: tuple[str, ...] = ()


def guessed(column: Column, option: str = "COLUMN") -> tuple[str]:
    return (f"times in {column.name!r} (guessed; else --time {option})",)


def time_columns(clues: Clues) -> Times:
    """The columns that make up the time.

    Raises:
        InputError: there are none, or several readings.
    """
    columns, known, series = clues.columns, clues.known, clues.series
    if "ds" in known:
        return Times((known["ds"],))
    if parts := _parts(clues):
        return parts
    usable = [each for each in columns if each.place not in {*known.values(), *series}]
    named = [each for each in usable if each.name.lower() in TIME_NAMES and each.cells]
    if series:
        # a column named period may hold the same in all rows of a series
        named = [n for n in named if not first_twice(clues.rows_of([*series, n.place]))]
    dates = [each for each in usable if each.is_date]
    # hours alone are no times beside dates
    whole = [each for each in dates if not all(map(CLOCK.fullmatch, each.cells))]
    if whole:
        named = [each for each in named if each in whole or each not in dates]
        dates = whole
    for found in ([d for d in dates if d in named], dates, [n for n in named if n.is_time], named):
        if len(found) == 1:
            return _with_hour(found[0], usable) or Times((found[0].place,))
        if found:
            options = of_time(found, columns)
            raise clues.ask("the times are in one of", found, "--time COLUMN", options)
    if time := _of_numbers(usable or columns[:1]):
        return Times((time.place,), "", guessed(time))
    raise clues.refusal(
        f"has the columns {listed(clues.grid.header)}, none of which holds times in all rows; "
        "write dates as 1949-01-31, or name the column by --time COLUMN"
    )


def _of_numbers(columns: list[Column]) -> Column | None:
    """The column of years, or of steps in front, without a name that says so."""
    years = [each for each in columns if each.is_time]
    if len(counting := [each for each in years if each.counts_steps]) == 1:
        # values of four digits look like years, but are seldom evenly spaced
        years = counting
    if len(years) == 1 or (years and years[0].place == 0):
        return years[0]
    first = columns[0]
    numbers = pd.to_numeric(pd.Series(first.cells, dtype=str), errors="coerce")
    even = numbers.notna().all() and numbers.diff().dropna().nunique() == 1
    return first if first.place == 0 and even and (numbers % 1 == 0).all() else None


def two_columns(clues: Clues) -> Layout:
    """A time and a value: the first column is the time unless more speaks for the other.

    Raises:
        InputError: either may be.
    """
    first, other = clues.columns
    as_usual, turned = Layout((0,), (1,)), Layout((1,), (0,))
    if clues.known:
        return turned if clues.known in ({"ds": 1}, {"y": 0}) else as_usual
    if not first.is_number or not (other.is_time or other.counts_steps):
        return as_usual
    turned = turned.that(*guessed(other, first.name))
    if other.is_date:
        return turned
    steps, calls = first.counts_steps, _called(first) - _called(other)
    dated = other.is_time and other.counts_steps
    if calls > 0 or (steps and not other.counts_steps):
        return as_usual
    if calls < 0 or (dated and not steps and not first.is_time):
        return turned
    if dated:
        options = [f"--time {first.name}"]
        raise clues.ask("the times are in one of", [first, other], "--time COLUMN", options)
    if steps and other.counts_steps and not first.is_time:
        return as_usual.that(*guessed(first, other.name))
    return as_usual


def _called(column: Column) -> int:
    """1 for a name of times, -1 for one of values."""
    name = column.name.lower()
    return (name in TIME_NAMES) - any(name in names for names in VALUE_NAMES)


def _with_hour(date: Column, columns: list[Column]) -> Times | None:
    """A date that repeats, and the columns of a time of day that most dates have in full."""
    if date.blanks or not date.is_date or any(":" in cell for cell in date.cells):
        return None
    beside = [each for each in columns if each is not date and not each.blanks]
    minutes = [c for c in beside if c.name.lower() in MINUTE_NAMES and {*c.cells} <= MINUTES]
    for each in beside:
        part, joined = _part_of_day(each), [date, each]
        if not part:
            continue
        if part.startswith("H") and all(map(str.isdigit, each.cells)):
            joined += minutes[:1]
        days, *clocks = ({*column.cells} for column in joined)
        a_day = math.prod(map(len, clocks))
        times = {*zip(*(column.cells for column in joined), strict=True)}
        if (
            a_day > 1
            and 2 * a_day <= len(date.cells)
            and len(times) >= MOST_TIMES * len(days) * a_day
        ):
            *first, last = (repr(column.name) for column in joined)
            which = HOUR_1 if part == "H24" else ""
            note = f"times of {', '.join(first)} and {last}{which} (guessed; else --time COLUMN)"
            return Times(tuple(column.place for column in joined), part, (note,))
    return None


def _part_of_day(column: Column) -> str:
    """Which part of a day its cells are, see ``parts.TEXTS``; empty for none."""
    cells, name = {*column.cells}, column.name.lower()
    if name in HOUR_NAMES and all(map(HOUR.fullmatch, cells)):
        # the first hour of a day is number 1, whether it is named by its end or not
        return "H24" if "24" in cells and not cells & {"0", "00"} else "H"
    numbers = (
        part for part, count in INTERVALS.items() if cells == {*map(str, range(1, count + 1))}
    )
    return next(numbers, "") if name in INTERVAL_NAMES else ""


def _parts(clues: Clues) -> Times | None:
    """Columns of year and month (and day), quarter or week."""
    by_name = {each.name.lower(): each for each in clues.columns}

    def called(names: set[str]) -> Column | None:
        return next((column for name, column in by_name.items() if name in names), None)

    year = called(YEAR_NAMES)
    if year is None or not year.holds_years:
        return None
    for part, names in PART_NAMES.items():
        column = called(names)
        if column is None:
            continue
        if not _all_parts(column.cells, part):
            cells = {*column.cells}
            if part == "M" and cells & {"13", "P13"} and all(map(PERIODS.fullmatch, cells)):
                raise clues.refusal(f"has {NO_MONTHS}")
            beyond = [cell for cell in column.cells if re.fullmatch(r"M13|Q0?5", cell)]
            if beyond:
                raise clues.refusal(
                    f"column {column.name!r} holds {beyond[0]}, which is a whole year; "
                    "remove such rows"
                )
            continue
        day = called(DAY_NAMES)
        if part == "M" and day and all(re.fullmatch(r"\d{1,2}", cell) for cell in day.cells):
            return Times((year.place, column.place, day.place), "D")
        return Times((year.place, column.place), part)
    return None


def _all_parts(cells: list[str], part: str) -> bool:
    labels = season_labels([*dict.fromkeys(cells)])
    period = {label[0] for label in labels if label} - {"N"}
    return (
        bool(cells)
        and period <= {part}
        and all(label and 1 <= label[1] <= FULL[part] for label in labels)
    )
