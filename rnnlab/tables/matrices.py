"""Tables whose header holds times: a row a year, a row a month, or a row a series."""

import re
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from rnnlab.cells.counted import UNIX
from rnnlab.cells.dates import are_times
from rnnlab.cells.months import season_label, season_labels
from rnnlab.cells.periods import SEASON
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import ReadOptions, id_columns
from rnnlab.tables.columns import (
    PART_NAMES,
    YEAR,
    Column,
    first_twice,
    is_whole,
    part_text,
    year_column,
)
from rnnlab.tables.proposals import by_unique

FULL = {"M": 12, "Q": 4}
MIN_TIMES = 3
SAMPLE_ROWS = 5000
# fewer columns such as x1 to x5 are measures rather than steps
MIN_NUMBERED = 12
# columns of a table with those of 12 months, a year and a few others
MOST_MONTHS = 24


@dataclass(frozen=True)
class Matrix:
    """How the time of a cell comes from its row and its column.

    Attributes:
        kind: years (a row a year), seasons (a row a month or quarter) or series (a row a series).
        part: M or Q; empty for a row a series.
        labels: of each column of values: the number of its month, its year, or its time.
        id: the columns of names of series.
    """

    kind: str
    part: str
    labels: tuple[str, ...]
    id: tuple[int, ...] = ()

    def time(self, label: str, cell: str) -> str:
        """The time of the column ``label`` in the row whose own time is ``cell``."""
        if self.kind == "series":
            return label
        if self.kind == "years":
            return part_text(cell, self.part, label)
        return part_text(label, self.part, cell)


Found = tuple[tuple[int, ...], tuple[int, ...], Matrix, tuple[str, ...]]


def find_matrix(grid: Grid, columns: list[Column], options: ReadOptions) -> Found | None:
    """The columns of times and values, the matrix and what was guessed; None for other tables."""
    return (
        _row_a_year(grid, columns, options)
        or _row_a_season(grid, columns, options)
        or _row_a_series(grid, columns, options)
    )


def _row_a_year(grid: Grid, columns: list[Column], options: ReadOptions) -> Found | None:
    few = MIN_NUMBERED < len(grid.header) <= MOST_MONTHS and year_column(columns, set())
    names = season_labels(grid.header) if few else map(season_label, grid.header)
    labels = dict(enumerate(names))
    for part, mark in (("M", "M"), ("Q", "Q"), ("M", "N"), ("Q", "N")):
        places = {label[1]: place for place, label in labels.items() if label and label[0] == mark}
        if sorted(places) != [*range(1, FULL[part] + 1)]:
            _check_whole(grid, columns, part, mark, places, options)
            continue
        year = year_column(columns, {*places.values()})
        if year is None:
            _check_years(grid, columns, mark, options)
            continue
        order = sorted(places)
        if [places[each] for each in order] != sorted(places.values()):
            raise InputError(
                f"{grid.name}: years that begin with {grid.header[min(places.values())]!r} may be "
                "named after either calendar year; write columns from January to December"
            )
        notes: tuple[str, ...] = ()
        if mark == "N" and options.layout != "matrix":
            if part == "Q":
                raise InputError(
                    f"{grid.name}: columns 1 to 4 may be quarters or series; add "
                    "--read layout=matrix or layout=wide",
                    ["--read layout=matrix"],
                )
            notes = ("columns 1 to 12 as months (guessed; else --read layout=wide)",)
        others = [c for c in columns if c.place not in {*places.values(), year.place} and c.cells]
        name, left = _names(grid, others, year, options)
        if left:
            notes = (*notes, f"without column {', '.join(map(repr, left))}")
        matrix = Matrix("years", part, tuple(map(str, order)), name)
        return (year.place,), tuple(places[each] for each in order), matrix, notes
    return None


def _check_years(grid: Grid, columns: list[Column], mark: str, options: ReadOptions) -> None:
    """InputError where a row is a year that begins in one calendar year and ends in the next."""
    for each in columns:
        seasons = each.cells and all(SEASON.fullmatch(cell) for cell in each.cells)
        if seasons and mark != "N" and options.layout != "wide":
            raise InputError(
                f"{grid.name}: column {each.name!r} holds {each.cells[0]!r}: write the calendar "
                "year of the columns, or a row a month"
            )


def _check_whole(
    grid: Grid,
    columns: list[Column],
    part: str,
    mark: str,
    places: dict[int, int],
    options: ReadOptions,
) -> None:
    """InputError where a row a year lacks months or quarters."""
    if mark == "N" or len(places) < 2 or not year_column(columns, {*places.values()}):
        return
    missing = sorted({*range(1, FULL[part] + 1)} - {*places})
    if missing:
        raise InputError(
            f"{grid.name}: has columns of {len(places)} of {FULL[part]} months or quarters, but "
            f"none for {part}{missing[0]}; add it (cells may be empty), or --read layout=wide",
            ["--read layout=wide"],
        )


def _names(
    grid: Grid, others: list[Column], year: Column, options: ReadOptions
) -> tuple[tuple[int, ...], list[str]]:
    """The column of the names of series, and the columns that are not read."""
    if known := id_columns(grid.header, options, grid.name):
        return known, [each.name for each in others if each.place not in known]
    texts = [each for each in others if not each.is_number and not each.blanks]
    if len({*year.cells}) == len(year.cells):
        varied = [each for each in texts if not each.is_constant]
        if varied:
            raise InputError(
                f"{grid.name}: column {varied[0].name!r} may name the series; add --id COLUMN or "
                "remove it",
                [f"--id {varied[0].name}"],
            )
        return (), [each.name for each in others]
    varied = [each for each in texts if not each.is_constant]
    if len(varied) != 1:
        raise InputError(
            f"{grid.name}: column {year.name!r} has years twice; name the column of the series by "
            "--id COLUMN, or keep one row a year",
            by_unique(others, list(zip(year.cells))),
        )
    return (varied[0].place,), [each.name for each in others if each is not varied[0]]


def _row_a_season(grid: Grid, columns: list[Column], options: ReadOptions) -> Found | None:
    """A row a month and a column a year."""
    years = [c.place for c in columns[1:] if YEAR.fullmatch(c.name)]
    cells = columns[0].cells
    if len(years) < 2 or not cells:
        return None
    labels = season_labels(cells) if len(cells) == FULL["M"] else [*map(season_label, cells)]
    if None in labels:
        return None
    marks = {label[0] for label in labels if label}
    numbers = [label[1] for label in labels if label]
    if len(marks) != 1:
        return None
    part = marks.pop()
    if part == "N":
        name = columns[0].name.lower()
        part = next((p for p in FULL if name in PART_NAMES[p] and name != "period"), "")
    if part not in FULL or sorted(numbers) != [*range(1, FULL[part] + 1)]:
        return None
    left = [c.name for c in columns[1:] if c.place not in years and c.cells]
    notes = (f"without column {', '.join(map(repr, left))}",) if left else ()
    matrix = Matrix("seasons", part, tuple(grid.header[place] for place in years))
    return (0,), tuple(years), matrix, notes


def _row_a_series(grid: Grid, columns: list[Column], options: ReadOptions) -> Found | None:
    """Names in front, and a column a time, as in the tables of the World Bank or of the M4."""
    header = pd.Series(grid.header, dtype=str)
    # of many names the last says whether a look at all is worth its time
    timely = np.zeros(len(header), dtype=bool)
    if are_times(header[-MIN_TIMES:])[-1]:
        timely = are_times(header) & ~header.str.fullmatch(r"-?\d{1,3}").to_numpy(dtype=bool)
        # numbers of products have ten digits, too
        timely &= ~header.str.fullmatch(UNIX).to_numpy(dtype=bool)
    labels, notes = grid.header, ["a series a row"]
    first = int(timely.argmax())
    if timely.sum() < MIN_TIMES or not first or not timely[first:].all():
        labels, first = _numbered(grid.header, columns)
        if not first:
            return None
        step = f"{grid.header[first]!r} its step {labels[first]} (guessed; else --time COLUMN)"
        notes = [f"a series a row, {step}"]
    place = id_columns(grid.header, options, grid.name)
    front = [c for c in columns[:first] if c.cells]
    if not place:
        place = _front_names(grid, front)
        if len(front) > 1:
            names = ",".join(grid.header[each] for each in place)
            counted = [f"{notes[0].partition(', ')[2]}"] if ", " in notes[0] else []
            notes = [*counted, f"a series a row by {names!r} (guessed; else --id COLUMN)"]
    matrix = Matrix("series", "", tuple(labels[first:]), place)
    return (), tuple(range(first, len(grid.header))), matrix, tuple(notes)


def _front_names(grid: Grid, front: list[Column]) -> tuple[int, ...]:
    """A column that names each row, or all texts if they do so together, with gaps.

    Before other numbers, which may be latitudes, the first column and texts name rows.

    Raises:
        InputError: no column does.
    """
    alone = [
        each
        for each in front
        if len({*each.cells}) == len(each.cells)
        and not each.blanks
        and (not each.is_number or is_whole(each))
    ]
    for each in alone:
        if not each.is_number or each.place == 0:
            return (each.place,)
    together = tuple(c.place for c in front if not c.is_number and not c.is_constant)
    cells = [
        tuple(row[place].strip() for place in together if place < len(row))
        for _, row in islice(grid.rows(), SAMPLE_ROWS)
    ]
    if len(together) > 1 and not first_twice(cells):
        return together
    if alone:
        return (alone[0].place,)
    raise InputError(
        f"{grid.name}: no column names each row; name the one by --id COLUMN",
        by_unique(front, [()] * max(len(each.cells) for each in front)) if front else (),
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
    numeric = all(each.is_number or not each.cells for each in columns[first:])
    named = any(
        not each.is_number and not each.blanks and len({*each.cells}) == len(each.cells)
        for each in front
    )
    if len(header) - first < MIN_NUMBERED or not numeric or not named:
        return [], 0
    if any(each.is_time for each in front):
        return [], 0
    return [""] * first + [f"{number + n}" for n in range(len(header) - first)], first
