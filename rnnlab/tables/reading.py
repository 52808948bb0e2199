"""Read a table: the one way in, whatever its format and layout."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.cells.numbers import Numbers, Typed, as_column
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, Marks
from rnnlab.formats.opening import open_columns, open_grid
from rnnlab.formats.options import SIGN, ReadOptions, check_known
from rnnlab.formats.sources import Source, find_source
from rnnlab.formats.typed import named_horizon, parquet_grid, read_column
from rnnlab.tables.by_columns import Rows, is_typed, read_typed
from rnnlab.tables.known import beside_values, cells_of, followed_by, without_columns
from rnnlab.tables.layouts import Layout, find_layout
from rnnlab.tables.rows import (
    check_header,
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

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset


@dataclass(frozen=True)
class Table:
    """The rows of a table, and what was understood of it.

    Attributes:
        name, stem: of the file.
        names: of the series, [S].
        codes: for each row the index of its name, [M].
        ds: datetime64[s] or int64 [M].
        y: float64 [M], NaN if missing.
        value: what the values are called.
        is_long: whether the file is text or Parquet with a row a value, and nothing was guessed.
        notes: what was guessed, with the option that says otherwise.
        row_of: the row of the file that holds the value of an index of ``y``.
        id_name, time_name: columns of a long table; None where there is no such column.
        known: columns that are known of later times, too: by name float64 or texts, [M].
        horizon: steps to forecast that the file names; None where it names none.
        roles: the names of the columns by what they hold: series, time, value and what is left out.
        parts: of columns that name the series together, the cells of each name, [S]; else empty.
        zone: whose clocks the file has, where ``ds`` is in UTC; else empty.
    """

    name: str
    stem: str
    names: list[str]
    codes: np.ndarray
    ds: np.ndarray
    y: np.ndarray
    value: str
    is_long: bool = False
    notes: list[str] = field(default_factory=list)
    row_of: Callable[[int], int] = lambda index: index + 1
    id_name: str | None = None
    time_name: str | None = None
    known: dict[str, np.ndarray] = field(default_factory=dict)
    horizon: int | None = None
    roles: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)
    zone: str = ""

    def row_at(self, name: str, time: np.generic, again: int = 0) -> int:
        """The row of the time of a series, or of the time that stands ``again``."""
        found = np.flatnonzero((self.codes == self.names.index(name)) & (self.ds == time))
        return self.row_of(int(found[again]))


def read_table(name: str, options: ReadOptions | None = None) -> Table:
    """Read the table that ``name`` is: a path, ``-`` for standard input, or an address.

    Raises:
        InputError: it is missing, a cell is unreadable, or it has several readings; the message
            is one line and names the option that decides.
    """
    options = options or ReadOptions()
    source = find_source(name)
    if not options.future and (dataset := open_columns(source, options)) is not None:
        return read_dataset(source, dataset, options)
    grid = open_grid(source, options)
    if options.future:
        grid = followed_by(grid, open_grid(find_source(options.future), options))
    if not grid.header:
        raise InputError(f"{grid.name}: is empty; it needs a header and a row for each time")
    if len(grid.header) > 1 and not grid.header[0][:1].isdigit():
        check_rows(grid)
    check_known(grid.header, options, grid.name)
    values = without_columns(grid, options.known) if options.known else grid
    layout = find_layout(values, options)
    table = _read_cells(values, layout, options)
    texts, numbers = cells_of(grid, options.known) if options.known else ({}, [])
    cells = {
        column: as_column(cells, grid.name, column, options.decimal, grid.separator, numbers)
        for column, cells in texts.items()
    }
    plain = source.kind == "text" and source.is_plain
    return replace(
        table,
        is_long=plain and layout.is_long and not table.notes,
        known=beside_values(cells, layout, len(table.y), table.name, by_row=True),
    )


def read_dataset(source: Source, dataset: "Dataset", options: ReadOptions) -> Table:
    """The table of a pyarrow dataset: by columns where their types say all, else cell by cell.

    Raises:
        InputError: see ``read_table``.
    """
    check_known(dataset.schema.names, options, source.name)
    cells: dict[str, np.ndarray] = {}
    if options.known:
        import pyarrow

        for name in options.known:
            column = read_column(source, dataset, name).to_pandas()
            cells[name] = as_column(column, source.name, name, options.decimal, None)
        kept = [each for each in dataset.schema if each.name not in options.known]
        dataset = dataset.replace_schema(pyarrow.schema(kept))
    grid = parquet_grid(source, dataset)
    layout = find_layout(grid, options)
    by_columns = (
        len(layout.id) < 2 and not layout.constant and layout.matrix is None and not layout.part
    )
    if not by_columns or not is_typed(dataset, layout):
        table = _read_cells(grid, layout, options)
        return replace(
            table, known=beside_values(cells, layout, len(table.y), table.name, by_row=True)
        )
    rows: Rows = read_typed(source, dataset, layout, options)
    value = grid.header[layout.values[0]] if len(layout.values) == 1 else source.stem
    plain = source.kind == "parquet" and source.path is not None and not layout.notes
    length = len(rows[3]) // len(layout.values)
    table = Table(
        source.name,
        source.stem,
        *rows,
        value,
        plain and layout.is_long,
        list(layout.notes),
        lambda index: index % length + 1,
        *layout.long_columns(grid.header),
        horizon=named_horizon(dataset),
    )
    known = beside_values(cells, layout, len(table.y), table.name, by_row=False)
    return replace(table, known=known, roles=layout.roles(grid.header))


def _read_cells(grid: Grid, layout: Layout, options: ReadOptions) -> Table:
    """Read row by row into three arrays, which take less memory than the file has bytes."""
    check_header(grid, layout)
    numbers = Numbers(grid.name, options.decimal, grid.separator, options.below)
    names: dict[str | tuple[str, ...], int] = {}
    times: dict[str, int] = {}
    first_rows: list[int] = []
    codes, when = array("i"), array("i")
    marks = Marks()
    labels, time_of, key_of = (
        value_columns(grid, layout),
        time_reader(layout),
        key_reader(grid, layout),
    )
    for count, (number, row) in enumerate(full_rows(grid, layout)):
        marks.add(count, number)
        name = key_of(row)
        for value_place, label, column in labels:
            cell = row[value_place]
            text = time_of(row, label)
            if text not in times:
                times[text] = len(times)
                first_rows.append(number)
            codes.append(names.setdefault(column if layout.is_wide else name, len(names)))
            when.append(times[text])
            numbers.add(cell if isinstance(cell, Typed) else cell.strip(), number, column)
    check_rows(grid)
    found, own, parts, merged = series_names(list(names), grid, layout)
    owners = own[np.frombuffer(codes, dtype=np.intc)]
    numbers.finish(owners)
    y = np.frombuffer(numbers.values, dtype=np.float64)
    texts = list(times)
    kept = rows_kept(y, layout, texts, when, grid, bool(options.known))
    kept, footer = without_footer(texts, when, kept, labels)
    series, place = owners[:kept], np.frombuffer(when, dtype=np.intc)[:kept]
    texts = texts[: int(place.max()) + 1]
    ds, notes = times_of_texts(texts, grid, layout, options, first_rows)
    ds, zone, shifted = in_utc_if_shifted(ds, texts, series, place)
    found = found[: series.max() + 1]
    _check_names(grid, layout, found)
    value = grid.header[layout.values[0]] if len(layout.values) == 1 else grid.stem
    value += f" ({numbers.dress.unit})" if numbers.dress.unit else ""
    notes = [*grid.notes, *layout.notes, *merged, *footer, *numbers.notes, *notes, *shifted]
    ds, y, order = ds[place], y[:kept], None
    if layout.matrix is not None:
        # a row a month goes through the years again and again
        order = np.argsort(ds, kind="stable")
        series, ds, y = series[order], ds[order], y[order]

    def row_of(index: int) -> int:
        return marks.row((index if order is None else int(order[index])) // len(labels))

    columns = layout.long_columns(grid.header)
    table = Table(grid.name, grid.stem, found, series, ds, y, value, False, notes, row_of, *columns)
    joined = [grid.header[place] for place in layout.id] if len(layout.id) > 1 else []
    cells = zip(*parts[: len(found)], strict=True)
    return replace(
        table,
        zone=zone,
        roles=layout.roles(grid.header),
        parts={name: list(of) for name, of in zip(joined, cells, strict=bool(joined))},
    )


def _check_names(grid: Grid, layout: Layout, names: list[str]) -> None:
    if layout.id and "" in names:
        column = SIGN.join(grid.header[place] for place in layout.id)

        def key(row: list[str]) -> list[str]:
            return [row[place] for place in layout.id]

        row = next(n for n, row in full_rows(grid, layout) if not any(map(str.strip, key(row))))
        raise InputError(
            f"{grid.name}: row {row}: column {column!r} has empty cells; write a name in each"
        )
