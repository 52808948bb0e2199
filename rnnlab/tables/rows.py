"""Rows of a grid as its layout says: the values of each, the text of its time, and the last."""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from rnnlab.cells.dates import are_times, is_footer, read_times
from rnnlab.cells.numbers import is_missing, readings
from rnnlab.cells.offsets import offsets_from_utc, zone_of
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, is_title
from rnnlab.formats.options import SIGN, ReadOptions, listed
from rnnlab.tables.columns import part_text, without_fraction
from rnnlab.tables.layouts import Layout

# rows that tell what a name in the last one is
MOST_LOOKED_AT = 24
SHORT_DATE = re.compile(r"\d{1,2}/(\d{1,2})/\d{2}")


def full_rows(grid: Grid, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The rows of the grid, with a cell for each column of its header."""
    width, values_first = len(grid.header), layout.values[0] == 0
    for number, row in grid.rows():
        if values_first and is_title(row) and not readings(row[0]):
            # a footer, which is no value though it lies below values
            row = ["", *row[1:]]
        if len(row) > width:
            _check_width(grid, number, row)
        elif len(row) < width:
            # a footer may have fewer cells than the header
            row = [*row, *[""] * (width - len(row))]
        for place, constant in layout.constant.items():
            other = without_fraction(row[place].strip())
            if other not in ("", constant):
                raise _several_series(grid, number, layout, place, constant, other)
        yield number, row


def value_columns(grid: Grid, layout: Layout) -> list[tuple[int, str, str]]:
    """Of each column of values its place, its part of the time and its name."""
    labels = layout.matrix.labels if layout.matrix else [""] * len(layout.values)
    return [
        (place, label, grid.header[place])
        for place, label in zip(layout.values, labels, strict=True)
    ]


def time_reader(layout: Layout) -> Callable[[list[str], str], str]:
    """What makes the text of a time from a row and the label of a column."""
    matrix, times, part = layout.matrix, layout.times, layout.part
    if matrix is not None:
        return lambda row, label: matrix.time(label, row[times[0]].strip() if times else "")
    if part == "D":
        year, month, day = times
        return lambda row, _: "-".join(
            (part_text(row[year].strip(), "M", row[month].strip()), row[day].strip().zfill(2))
        )
    if part in ("H", "H24"):
        day, hour = times
        before = 1 if part == "H24" else 0
        return lambda row, _: f"{row[day].strip()} {_clock(row[hour].strip(), before)}"
    if part:
        year, season = times
        return lambda row, _: part_text(row[year].strip(), part, row[season].strip())
    (time,) = times
    return lambda row, _: row[time].strip()


def _clock(cell: str, before: int) -> str:
    """05:00 of 5, or 04:00 where hour 1 is the first; other cells as they are."""
    return f"{int(cell) - before:02}:00" if re.fullmatch(r"[0-9]{1,2}", cell) else cell


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


def times_of_texts(
    texts: list[str], grid: Grid, layout: Layout, options: ReadOptions, rows: list[int]
) -> tuple[np.ndarray, list[str]]:
    """The times of texts, [N], and what was guessed; see ``read_times``."""
    order = options.dates
    dates = [SHORT_DATE.fullmatch(text) for text in texts]
    if order is None and all(dates) and any(int(date[1]) > 12 for date in dates if date):
        # of 1/22/20 the second number is no month, and so the first no year
        order = "month-first"
    if layout.times:
        name = "/".join(grid.header[place] for place in layout.times)
        return read_times(texts, name, grid.name, order, options.century, rows)
    try:
        return read_times(texts, "header", grid.name, order, options.century)
    except InputError as error:
        said = str(error).replace("column 'header' holds", "the header holds")
        raise InputError(said, error.options) from None


def rows_kept(
    y: np.ndarray, layout: Layout, times: list[str], when: array, grid: Grid, with_later: bool
) -> int:
    """How many rows hold data; those after the last number are a footer.

    Args:
        with_later: whether rows without a value may be those of later times.
    """
    known = np.flatnonzero(~np.isnan(y))
    if len(known) == 0:
        raise InputError(f"{grid.name}: has no numbers; it needs a value for each time")
    kept = int(known[-1]) + 1
    if (layout.id or with_later) and kept < len(y):
        # rows with a time belong to later times, or to a series without values, which is reported
        is_time = are_times(pd.Series(times, dtype=str))
        while kept < len(y) and is_time[when[kept]]:
            kept += 1
    return kept


def without_footer(
    times: list[str], when: array, kept: int, labels: list[tuple[int, str, str]]
) -> tuple[int, list[str]]:
    """How many of ``kept`` values lie above a last row of totals, and the note that names it."""
    row, column = divmod(kept - 1, len(labels))
    above, label = row * len(labels), labels[column][1]
    text = times[when[kept - 1]]
    # of a matrix the label of the column, and of a date the day, are part of the text
    name = re.sub(rf"^{re.escape(label)} | {re.escape(label)}$|-00$", "", text).strip(" -")
    if not above or not is_footer(name) or when[kept - 1] in when[:above]:
        return kept, []
    # the name of a month among others is no name of a total
    if are_times(pd.Series([*times[:MOST_LOOKED_AT], text], dtype=str))[-1]:
        return kept, []
    return above, [f"without the last row {name!r}"]


def in_utc_if_shifted(
    ds: np.ndarray, texts: list[str], series: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, str, list[str]]:
    """Times ds [N] of texts, in UTC where changes of clocks part or repeat local ones, and why.

    Between them the zone of these clocks, or UTC; empty for local times.
    """
    ahead = offsets_from_utc(texts)
    if ahead is None or (ahead == ahead[:1]).all():
        return ds, "", []
    rows = np.unique(np.column_stack([series, place]), axis=0)
    local, repeated = _uneven(rows[:, 0], ds[rows[:, 1]])
    instants, _ = _uneven(rows[:, 0], (ds - ahead)[rows[:, 1]])
    # days stay those of the local calendar
    if instants >= local and not repeated:
        return ds, "", []
    zone = zone_of(ds - ahead, ahead)
    why = (
        "local ones repeat when summer time ends" if repeated else "the clocks change between them"
    )
    written = f"; a forecast has the offsets of {zone} (guessed)" if zone != "UTC" else ""
    return ds - ahead, zone, [f"times in UTC, since {why}{written}"]


def _uneven(series: np.ndarray, ds: np.ndarray) -> tuple[int, bool]:
    """How many times do not follow the one before at the usual distance, and whether one repeats.

    ``series`` may share times, since each has its own clocks.
    """
    order = np.lexsort((ds, series))
    apart = np.diff(ds[order].astype(np.int64))[np.diff(series[order]) == 0]
    if not len(apart):
        return 0, False
    _, counts = np.unique(apart, return_counts=True)
    return len(apart) - int(counts.max()), bool((apart == 0).any())


def check_rows(grid: Grid) -> None:
    if next(grid.rows(), None) is None:
        raise InputError(f"{grid.name}: has a header but no rows; it needs a row for each time")


def check_header(grid: Grid, layout: Layout) -> None:
    """InputError where the first line is a row of data, so that the file has no header."""
    if not layout.times or layout.matrix:
        return
    time, value = grid.header[layout.times[0]], grid.header[layout.values[0]]
    if time[:1].isdigit() and (readings(value) or is_missing(value)) and value:
        raise InputError(
            f"{grid.name}: begins with {','.join(grid.header)!r}, which are not names of columns; "
            "add a header line such as ds,y"
        )


def _check_width(grid: Grid, number: int, row: list[str]) -> None:
    if any(cell.strip() for cell in row[len(grid.header) :]):
        raise InputError(
            f"{grid.name}: row {number}: the row {','.join(row)!r} has more cells than the header "
            "has names; quote cells that contain a comma"
        )


def _several_series(
    grid: Grid, row: int, layout: Layout, place: int, first: str, other: str
) -> InputError:
    column = grid.header[place]
    value = [f"--value {grid.header[layout.values[0]]}"] if len(layout.values) > 1 else []
    return InputError(
        f"{grid.name}: row {row}: column {column!r} holds {other!r} after {first!r}; add --id "
        f"{column} if it names the series, or --time and --value COLUMN to leave it out",
        [f"--id {column}", *value],
    )
