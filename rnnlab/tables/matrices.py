"""Tables whose header holds times: a row a year, a month, a day or a series."""

import re

import numpy as np
import pandas as pd

from rnnlab.cells.counted import UNIX
from rnnlab.cells.dates import YEAR, are_times
from rnnlab.cells.months import season_label, season_labels
from rnnlab.cells.parts import FULL, minute_of_day
from rnnlab.cells.periods import SEASON
from rnnlab.tables.columns import PART_NAMES, YEAR_NAMES, Clues, Column, first_twice
from rnnlab.tables.proposals import by_unique
from rnnlab.tables.roles import Layout
from rnnlab.tables.time_columns import HOUR_1

MIN_TIMES = 3
# fewer columns such as x1 to x5 are measures rather than steps
MIN_NUMBERED = 12
# columns of a table with those of 12 months, a year and a few others
MOST_MONTHS = 24
# minutes of a day, and how many columns of them are no chance
DAY, MIN_CLOCKS = 1440, 4


def row_a_year(clues: Clues) -> Layout | None:
    """A column a month or quarter."""
    header = clues.grid.header
    few = MIN_NUMBERED < len(header) <= MOST_MONTHS and _year_column(clues.columns, set())
    names = season_labels(header) if few else map(season_label, header)
    labels = [(label, place) for place, label in enumerate(names)]
    for part, mark in (("M", "M"), ("Q", "Q"), ("M", "N"), ("Q", "N")):
        places = {label[1]: place for label, place in labels if label and label[0] == mark}
        year = _year_column(clues.columns, {*places.values()}) if len(places) > 1 else None
        if sorted(places) != [*range(1, FULL[part] + 1)]:
            if mark != "N" and year:
                _check_whole(clues, part, places)
            continue
        if year is None:
            if mark != "N":
                _check_years(clues)
            continue
        ordered = tuple(places[number] for number in sorted(places))
        if ordered != tuple(sorted(ordered)):
            raise clues.refusal(
                f"years that begin with {header[min(ordered)]!r} may be "
                "named after either calendar year; write columns from January to December"
            )
        notes = _note_of_numbers(clues, part) if mark == "N" else ()
        others = [c for c in clues.columns if c.place not in {*ordered, year.place} and c.cells]
        series, left = _names(clues, others, year, "year")
        numbers = tuple(map(str, sorted(places)))
        notes = (*notes, *_without(left))
        return Layout((year.place,), ordered, series, part, labels=numbers, notes=notes)
    return None


def _year_column(columns: list[Column], but: set[int]) -> Column | None:
    """The first column of years, those named so before others."""
    found = [each for each in columns if each.place not in but and each.holds_years]
    named = [each for each in found if each.name.lower() in YEAR_NAMES]
    return next(iter(named or found), None)


def _check_whole(clues: Clues, part: str, places: dict[int, int]) -> None:
    """InputError where a row a year lacks months or quarters."""
    missing = sorted({*range(1, FULL[part] + 1)} - {*places})
    if missing:
        raise clues.refusal(
            f"has columns of {len(places)} of {FULL[part]} months or quarters, but "
            f"none for {part}{missing[0]}; add it (cells may be empty), or --read layout=wide",
            ["--read layout=wide"],
        )


def _check_years(clues: Clues) -> None:
    """InputError where a row is a year that begins in one calendar year and ends in the next."""
    for each in clues.columns:
        if each.cells and all(map(SEASON.fullmatch, each.cells)):
            raise clues.refusal(
                f"column {each.name!r} holds {each.cells[0]!r}: write the calendar "
                "year of the columns, or a row a month"
            )


def _note_of_numbers(clues: Clues, part: str) -> tuple[str, ...]:
    if clues.options.layout == "matrix":
        return ()
    if part == "Q":
        raise clues.refusal(
            "columns 1 to 4 may be quarters or series; add --read layout=matrix or layout=wide",
            ["--read layout=matrix"],
        )
    return ("columns 1 to 12 as months (guessed; else --read layout=wide)",)


def _without(left: list[Column]) -> tuple[str, ...]:
    names = ", ".join(repr(each.name) for each in left)
    return (f"without column {names}",) if left else ()


def _names(
    clues: Clues, others: list[Column], rows: Column, what: str
) -> tuple[tuple[int, ...], list[Column]]:
    """The columns of the names of series, and those that are not read."""
    if clues.series:
        return clues.series, [each for each in others if each.place not in clues.series]
    varied = [e for e in others if not (e.is_number or e.blanks or e.is_constant)]
    if len({*rows.cells}) == len(rows.cells):
        if varied:
            raise clues.refusal(
                f"column {varied[0].name!r} may name the series; add --id COLUMN or remove it",
                [f"--id {varied[0].name}"],
            )
        return (), others
    if len(varied) != 1:
        raise clues.refusal(
            f"column {rows.name!r} has {what}s twice; name the column of the series by "
            f"--id COLUMN, or keep one row a {what}",
            by_unique(others, clues.rows_of([rows.place])),
        )
    return (varied[0].place,), [each for each in others if each is not varied[0]]


def row_a_season(clues: Clues) -> Layout | None:
    """A row a month or quarter, and a column a year."""
    first, *others = clues.columns
    years = [each for each in others if YEAR.fullmatch(each.name)]
    whole_year = len(first.cells) == FULL["M"]
    labels = season_labels(first.cells) if whole_year else [*map(season_label, first.cells)]
    marks = {label[0] if label else "" for label in labels}
    if len(years) < 2 or len(marks) != 1:
        return None
    part = marks.pop()
    if part == "N":
        name = first.name.lower()
        part = next((p for p in "MQ" if name in PART_NAMES[p] and name != "period"), "")
    numbers = sorted(label[1] for label in labels if label)
    if part not in ("M", "Q") or numbers != [*range(1, FULL[part] + 1)]:
        return None
    left = [each for each in others if each not in years and each.cells]
    places, names = zip(*((each.place, each.name) for each in years), strict=True)
    return Layout((0,), places, (), part, labels=names, label_first=True, notes=_without(left))


def row_a_day(clues: Clues) -> Layout | None:
    """A date, and a column a clock time, which together are those of a whole day."""
    found = [(minute, c) for c in clues.columns if (minute := minute_of_day(c.name)) is not None]
    minutes, clocks = [minute for minute, _ in found], {column for _, column in found}
    step = DAY // len(found) if found else 0
    begin = minutes[0] if found else 0
    dates = [each for each in clues.columns if each.is_date and each not in clocks]
    if (
        len(found) < MIN_CLOCKS
        or len(dates) != 1
        or begin not in (0, step)
        or minutes != [*range(begin, begin + DAY, step)]
    ):
        return None
    others = [c for c in clues.columns if c.cells and c not in clocks and c is not dates[0]]
    series, left = _names(clues, others, dates[0], "day")
    first, last = found[0][1].name, found[-1][1].name
    # h1 is the first hour of a day, and 01:00 a time
    which = HOUR_1 if begin and ":" not in first else ""
    if which:
        minutes = [minute - step for minute in minutes]
    labels = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in minutes)
    note = f"a row a day, {first!r} to {last!r} its times{which} (guessed; else --read layout=wide)"
    places = tuple(column.place for _, column in found)
    notes = (note, *_without(left))
    return Layout((dates[0].place,), places, series, "H", labels=labels, notes=notes)


def row_a_series(clues: Clues) -> Layout | None:
    """Names in front, and a column a time, as in the tables of the World Bank or of the M4."""
    labels, note = clues.grid.header, ""
    first = _first_time(labels)
    if not first:
        labels, first = _numbered(labels, clues.columns)
        if not first:
            return None
        name = clues.grid.header[first]
        note = f"{name!r} its step {labels[first]} (guessed; else --time COLUMN)"
    notes = [f"a series a row, {note}" if note else "a series a row"]
    series = clues.series
    front = [each for each in clues.columns[:first] if each.cells]
    if not series:
        series = _front_names(clues, front)
        if len(front) > 1:
            names = ",".join(clues.grid.header[each] for each in series)
            by = f"a series a row by {names!r} (guessed; else --id COLUMN)"
            notes = [note, by] if note else [by]
    values = tuple(range(first, len(labels)))
    return Layout((), values, series, labels=tuple(labels[first:]), notes=tuple(notes))


def _first_time(header: list[str]) -> int:
    """Where the names of columns that are times begin; 0 without such."""
    names = pd.Series(header, dtype=str)
    # of many names the last says whether a look at all is worth its time
    if not are_times(names[-MIN_TIMES:])[-1]:
        return 0
    # numbers of products have ten digits, too; a time of day alone is none
    others = [
        bool(re.fullmatch(r"-?\d{1,3}", name) or UNIX.fullmatch(name))
        or minute_of_day(name) is not None
        for name in header
    ]
    timely = are_times(names) & ~np.array(others)
    first = int(np.argmax(timely))
    return first if timely.sum() >= MIN_TIMES and timely[first:].all() else 0


def _front_names(clues: Clues, front: list[Column]) -> tuple[int, ...]:
    """A column that names each row, or all texts if they do so together, with gaps.

    Before other numbers, which may be latitudes, the first column and texts name rows.

    Raises:
        InputError: no column does.
    """
    alone = [c for c in front if c.names_rows and (c.is_whole or not c.is_number)]
    for each in alone:
        if not each.is_number or each.place == 0:
            return (each.place,)
    together = tuple(each.place for each in front if not (each.is_number or each.is_constant))
    cells = [
        tuple(row[place].strip() for place in together if place < len(row))
        for row in clues.first_rows
    ]
    if len(together) > 1 and not first_twice(cells):
        return together
    if alone:
        return (alone[0].place,)
    # rows have no time of their own
    rows: list[tuple[str, ...]] = [()] * max((len(each.cells) for each in front), default=0)
    raise clues.refusal(
        "no column names each row; name the one by --id COLUMN", by_unique(front, rows)
    )


def _numbered(header: list[str], columns: list[Column]) -> tuple[list[str], int]:
    """The numbers of columns such as V2 to V961 behind names, and where they begin, or 0."""
    last = re.fullmatch(r"(\D*|.*\D)(\d+)", header[-1])
    if last is None:
        return [], 0
    prefix, number, first = last[1], int(last[2]), len(header) - 1
    while first > 1 and header[first - 1] == f"{prefix}{number - 1}":
        first, number = first - 1, number - 1
    front = columns[:first]
    if (
        len(header) - first < MIN_NUMBERED
        or any(each.is_time for each in front)
        or not any(each.names_rows and not each.is_number for each in front)
        or not all(each.is_number or not each.cells for each in columns[first:])
    ):
        return [], 0
    return [""] * first + [f"{number + n}" for n in range(len(header) - first)], first
