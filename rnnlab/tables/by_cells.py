"""Read a grid row by row, as its layout says."""

from array import array
from dataclasses import dataclass, field

import numpy as np

from rnnlab.cells.numbers import Numbers, Typed
from rnnlab.formats.grids import Grid, Marks
from rnnlab.formats.options import ReadOptions
from rnnlab.tables.roles import Layout
from rnnlab.tables.rows import (
    Values,
    check_header,
    check_names,
    check_rows,
    full_rows,
    in_utc_if_shifted,
    key_reader,
    rows_kept,
    series_names,
    time_reader,
    times_of_texts,
    value_columns,
    without_footer,
)


@dataclass
class Cells:
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
    check_header(grid, layout)
    check_rows(grid)
    cells = _collect(grid, layout, options)
    names, own, merged = series_names(list(cells.keys), grid, layout)
    owners = own[np.frombuffer(cells.codes, dtype=np.intc)]
    cells.numbers.finish(owners)
    y, texts = np.frombuffer(cells.numbers.values, dtype=np.float64), list(cells.times)
    kept = rows_kept(y, layout, texts, cells.when, grid, bool(options.known))
    kept, footer = without_footer(texts, cells.when, kept, layout)
    series, when = owners[:kept], np.frombuffer(cells.when, dtype=np.intc)[:kept]
    texts = texts[: int(when.max()) + 1]
    ds, guesses = times_of_texts(texts, grid, layout, options, cells.first_rows)
    ds, shifted = in_utc_if_shifted(ds, texts, series, when)
    names = names[: series.max() + 1]
    check_names(grid, layout, names)
    notes = [*merged, *footer, *cells.numbers.notes, *guesses, *shifted]
    ds, y, places = ds[when], y[:kept], None
    if layout.labels:
        # a row a month goes through the years again and again
        places = np.argsort(ds, kind="stable")
        series, ds, y = series[places], ds[places], y[places]

    def row(index: np.ndarray) -> np.ndarray:
        return (index if places is None else places[index]) // len(layout.values)

    return Values(names, series, ds, y, notes, row, cells.marks.row, cells.numbers.dress.unit)


def _collect(grid: Grid, layout: Layout, options: ReadOptions) -> Cells:
    found = Cells(Numbers(grid.name, options.decimal, grid.separator, options.below))
    keys, times, numbers = found.keys, found.times, found.numbers
    columns, is_wide = value_columns(grid, layout), layout.is_wide
    time_of, key_of = time_reader(layout), key_reader(grid, layout)
    for count, (number, row) in enumerate(full_rows(grid, layout)):
        found.marks.add(count, number)
        key = key_of(row)
        for place, label, column in columns:
            cell, text = row[place], time_of(row, label)
            if text not in times:
                times[text] = len(times)
                found.first_rows.append(number)
            found.codes.append(keys.setdefault(column if is_wide else key, len(keys)))
            found.when.append(times[text])
            numbers.add(cell if isinstance(cell, Typed) else cell.strip(), number, column)
    return found
