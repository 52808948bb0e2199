"""The values of a grid row by row, as its layout says."""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

import numpy as np
import pandas as pd

from rnnlab.cells.dates import are_times, is_footer, read_times
from rnnlab.cells.frequencies import of_one_frequency
from rnnlab.cells.numbers import Numbers, Typed, is_missing, readings
from rnnlab.cells.offsets import in_utc_if_shifted
from rnnlab.cells.parts import TEXTS, without_fraction
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, Marks, is_title
from rnnlab.formats.options import SIGN, ReadOptions
from rnnlab.tables.names import key_reader, series_names
from rnnlab.tables.roles import Layout

# rows that tell what a name in the last one is
MOST_LOOKED_AT = 24
SHORT_DATE = re.compile(r"\d{1,2}/(\d{1,2})/\d{2}")


@dataclass(frozen=True)
class Values:
    """The values of a table.

    Attributes:
        names: of the series, [S].
        codes, ds, y: for each value the index of its series, its time, and itself, [M].
        notes: what was guessed of the cells.
        rows: gives the rows, from 0, of the values at some places.
        number: gives the number in the file of a row.
        unit: of all values.
        zone: whose clocks the file has, where ``ds`` is in UTC; else empty.
        parts: for each name the cells of the columns that give it.
    """

    names: list[str]
    codes: np.ndarray
    ds: np.ndarray
    y: np.ndarray
    notes: list[str]
    rows: Callable[[np.ndarray], np.ndarray]
    number: Callable[[int], int]
    unit: str = ""
    zone: str = ""
    parts: Sequence[tuple[str, ...]] = ()


@dataclass
class _Cells:
    """The cells of a table in arrays, which take less memory than the file has bytes.

    Attributes:
        keys, times: what names series, and texts of times, each with its number.
        first_rows: where each time stands first.
        codes, when: for each value the numbers of its key and of its time.
    """

    numbers: Numbers
    keys: dict[str | tuple[str, ...], int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    first_rows: list[int] = field(default_factory=list)
    codes: array = field(default_factory=lambda: array("i"))
    when: array = field(default_factory=lambda: array("i"))
    marks: Marks = field(default_factory=Marks)


def read_cells(grid: Grid, layout: Layout, options: ReadOptions) -> Values:
    """The values of a grid.

    Raises:
        InputError: a cell is unreadable, or has several readings.
    """
    _check_header(grid, layout)
    check_rows(grid)
    cells = _collect(grid, layout, options)
    names, own, parts, merged = series_names(list(cells.keys), grid, layout)
    owners = own[np.frombuffer(cells.codes, dtype=np.intc)]
    cells.numbers.finish(owners)
    y, texts = np.frombuffer(cells.numbers.values, dtype=np.float64), list(cells.times)
    kept = _rows_kept(y, layout, texts, cells.when, grid, bool(options.known))
    kept, footer = _without_footer(texts, cells.when, kept, layout)
    series, when = owners[:kept], np.frombuffer(cells.when, dtype=np.intc)[:kept]
    texts, first_rows = texts[: int(when.max()) + 1], cells.first_rows
    y, places = y[:kept], None
    is_kept, others = of_one_frequency(texts, options.frequency, grid.name)
    if not is_kept.all():
        places = np.flatnonzero(is_kept[when])
        texts, first_rows = [*compress(texts, is_kept)], [*compress(first_rows, is_kept)]
        series, when, y = series[places], (np.cumsum(is_kept) - 1)[when[places]], y[places]
    ds, guesses = _times_of_texts(texts, grid, layout, options, first_rows)
    ds, zone, shifted = in_utc_if_shifted(ds, texts, series, when)
    count = int(series.max()) + 1
    names, parts = names[:count], parts[:count]
    _check_names(grid, layout, names)
    notes = [*merged, *footer, *cells.numbers.notes, *others, *guesses, *shifted]
    ds = ds[when]
    if layout.labels:
        # a row a month goes through the years again and again
        order = np.argsort(ds, kind="stable")
        series, ds, y = series[order], ds[order], y[order]
        places = order if places is None else places[order]

    def row(index: np.ndarray) -> np.ndarray:
        return (index if places is None else places[index]) // len(layout.values)

    unit = cells.numbers.dress.unit
    return Values(names, series, ds, y, notes, row, cells.marks.row, unit, zone, parts)


def _collect(grid: Grid, layout: Layout, options: ReadOptions) -> _Cells:
    found = _Cells(Numbers(grid.name, options.decimal, grid.separator, options.below))
    keys, times, numbers, marks = found.keys, found.times, found.numbers, found.marks
    codes, when = found.codes, found.when
    columns, is_wide = _value_columns(grid, layout), layout.is_wide
    time_of, key_of = _time_reader(layout), key_reader(grid, layout)
    for count, (number, row) in enumerate(full_rows(grid, layout)):
        marks.add(count, number)
        key = key_of(row)
        for place, label, column in columns:
            cell, text = row[place], time_of(row, label)
            if text not in times:
                times[text] = len(times)
                found.first_rows.append(number)
            codes.append(keys.setdefault(column if is_wide else key, len(keys)))
            when.append(times[text])
            numbers.add(cell if isinstance(cell, Typed) else cell.strip(), number, column)
    return found


def full_rows(grid: Grid, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The rows of the grid, with a cell for each column of its header."""
    width, values_first = len(grid.header), layout.values[0] == 0
    for number, row in grid.rows():
        if values_first and is_title(row) and not readings(row[0]):
            # a footer, which is no value though it lies below values
            row = ["", *row[1:]]
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            raise InputError(
                f"{grid.name}: row {number}: the row {','.join(row)!r} has more cells than the "
                "header has names; quote cells that contain a comma"
            )
        if len(row) < width:
            # a footer may have fewer cells than the header
            row = [*row, *[""] * (width - len(row))]
        for place, constant in layout.constant.items():
            other = without_fraction(row[place].strip())
            if other not in ("", constant):
                column, value = grid.header[place], grid.header[layout.values[0]]
                more = [f"--value {value}"] if len(layout.values) > 1 else []
                raise InputError(
                    f"{grid.name}: row {number}: column {column!r} holds {other!r} after "
                    f"{constant!r}; add --id {column} if it names the series, or --time and "
                    "--value COLUMN to leave it out",
                    [f"--id {column}", *more],
                )
        yield number, row


def _value_columns(grid: Grid, layout: Layout) -> list[tuple[int, str, str]]:
    """Of each column of values its place, its part of the time and its name."""
    labels = layout.labels or [""] * len(layout.values)
    return [
        (place, label, grid.header[place])
        for place, label in zip(layout.values, labels, strict=True)
    ]


def _time_reader(layout: Layout) -> Callable[[list[str], str], str]:
    """What makes the text of a time from a row and the label of a column."""
    times, text = layout.times, TEXTS[layout.part]
    if not times:
        return lambda row, label: label
    if len(times) == 1 and not layout.labels:
        (time,) = times
        return lambda row, _: row[time].strip()
    if layout.label_first:
        return lambda row, label: text(label, *(row[place].strip() for place in times))
    if layout.labels:
        return lambda row, label: text(*(row[place].strip() for place in times), label)
    return lambda row, _: text(*(row[place].strip() for place in times))


def _times_of_texts(
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


def _rows_kept(
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


def _without_footer(
    times: list[str], when: array, kept: int, layout: Layout
) -> tuple[int, list[str]]:
    """How many of ``kept`` values lie above a last row of totals, and the note that names it."""
    row, column = divmod(kept - 1, len(layout.values))
    above, label = row * len(layout.values), layout.labels[column] if layout.labels else ""
    text = times[when[kept - 1]]
    # of a matrix the label of the column, and of a date the day, are part of the text
    name = re.sub(rf"^{re.escape(label)} | {re.escape(label)}$|-00$", "", text).strip(" -")
    if not above or not is_footer(name) or when[kept - 1] in when[:above]:
        return kept, []
    # the name of a month among others is no name of a total
    if are_times(pd.Series([*times[:MOST_LOOKED_AT], text], dtype=str))[-1]:
        return kept, []
    return above, [f"without the last row {name!r}"]


def check_rows(grid: Grid) -> None:
    if next(grid.rows(), None) is None:
        raise InputError(f"{grid.name}: has a header but no rows; it needs a row for each time")


def _check_header(grid: Grid, layout: Layout) -> None:
    """InputError where the first line is a row of data, so that the file has no header."""
    if not layout.times or layout.labels:
        return
    time, value = grid.header[layout.times[0]], grid.header[layout.values[0]]
    if time[:1].isdigit() and (readings(value) or is_missing(value)) and value:
        raise InputError(
            f"{grid.name}: begins with {','.join(grid.header)!r}, which are not names of columns; "
            "add a header line such as ds,y"
        )


def _check_names(grid: Grid, layout: Layout, names: list[str]) -> None:
    if layout.id and "" in names:
        column = SIGN.join(grid.header[place] for place in layout.id)
        row = next(
            number
            for number, row in full_rows(grid, layout)
            if not any(row[place].strip() for place in layout.id)
        )
        raise InputError(
            f"{grid.name}: row {row}: column {column!r} has empty cells; write a name in each"
        )
