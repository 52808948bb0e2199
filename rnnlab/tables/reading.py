"""Read a table: the one way in, whatever its format and layout."""

import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.tables.columns import part_text, without_fraction
from rnnlab.tables.dates import are_times, is_footer, offsets_from_utc, read_times
from rnnlab.tables.grids import (
    Grid,
    Marks,
    cells_of,
    followed_by,
    is_title,
    text_grid,
    without_columns,
)
from rnnlab.tables.layouts import Layout, check_known, find_layout
from rnnlab.tables.numbers import Numbers, Typed, as_column, is_missing, readings
from rnnlab.tables.options import ReadOptions
from rnnlab.tables.parquet import Rows, is_typed, open_parquet, parquet_grid, read_typed
from rnnlab.tables.sheets import sheet_grid
from rnnlab.tables.sources import Source, find_source

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
    if source.kind in ("parquet", "folder") and not options.future:
        return read_dataset(source, open_parquet(source), options)
    grid = _grid_of(source, options)
    if options.future:
        grid = followed_by(grid, _grid_of(find_source(options.future), options))
    if not grid.header:
        raise InputError(f"{grid.name}: is empty; it needs a header and a row for each time")
    if len(grid.header) > 1 and not grid.header[0][:1].isdigit():
        _check_rows(grid)
    check_known(grid.header, options, grid.name)
    values = without_columns(grid, options.known) if options.known else grid
    layout = find_layout(values, options)
    table = _read_cells(values, layout, options)
    cells = {
        column: as_column(cells, grid.name, column, options.decimal, grid.separator)
        for column, cells in (cells_of(grid, options.known) if options.known else {}).items()
    }
    plain = source.kind == "text" and source.path is not None and source.path.suffix != ".gz"
    return replace(
        table,
        is_long=plain and layout.is_long and not table.notes,
        known=_beside_values(table, layout, cells, by_row=True),
    )


def _grid_of(source: Source, options: ReadOptions) -> Grid:
    if source.kind == "old excel":
        raise InputError(f"{source.name}: is an old Excel file; save it as .xlsx or CSV")
    if source.kind in ("parquet", "folder"):
        return parquet_grid(source, open_parquet(source))
    return (sheet_grid if source.kind == "excel" else text_grid)(source, options)


def _beside_values(
    table: Table, layout: Layout, cells: Mapping[str, np.ndarray], by_row: bool
) -> dict[str, np.ndarray]:
    """For each value of the table the cells of its row.

    Args:
        by_row: whether values of one row lie beside each other, or those of one column.

    Raises:
        InputError: the table has a row a year.
    """
    if not cells:
        return {}
    if layout.matrix is not None:
        raise InputError(f"{table.name}: has a row a year, where columns are not known ahead")
    rows, width = np.arange(len(table.y)), len(layout.values)
    place = rows // width if by_row else rows % (len(rows) // width)
    return {name: of[place] for name, of in cells.items()}


def read_dataset(source: Source, dataset: "Dataset", options: ReadOptions) -> Table:
    """The table of a pyarrow dataset: by columns where their types say all, else cell by cell.

    Raises:
        InputError: see ``read_table``.
    """
    check_known(dataset.schema.names, options, source.name)
    cells: dict[str, np.ndarray] = {}
    if options.known:
        frame = dataset.to_table(columns=list(options.known)).to_pandas()
        cells = {n: as_column(frame[n], source.name, n, options.decimal, None) for n in frame}
        kept = [each for each in dataset.schema if each.name not in options.known]
        dataset = dataset.replace_schema(type(dataset.schema)(kept))
    grid = parquet_grid(source, dataset)
    layout = find_layout(grid, options)
    by_columns = not layout.constant and layout.matrix is None and not layout.part
    if not by_columns or not (layout.is_long or is_typed(dataset, layout)):
        table = _read_cells(grid, layout, options)
        return replace(table, known=_beside_values(table, layout, cells, by_row=True))
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
    )
    return replace(table, known=_beside_values(table, layout, cells, by_row=False))


def _read_cells(grid: Grid, layout: Layout, options: ReadOptions) -> Table:
    """Read row by row into three arrays, which take less memory than the file has bytes."""
    _check_header(grid, layout)
    numbers = Numbers(grid.name, options.decimal, grid.separator)
    names: dict[str, int] = {}
    times: dict[str, int] = {}
    first_rows: list[int] = []
    codes, when = array("i"), array("i")
    marks = Marks()
    labels, time_of = _labels(grid, layout), _time_reader(layout)
    for count, (number, row) in enumerate(_full_rows(grid, layout)):
        marks.add(count, number)
        name = row[layout.id].strip() if layout.id is not None else grid.stem
        for value_place, label, column in labels:
            cell = row[value_place]
            text = time_of(row, label)
            if text not in times:
                times[text] = len(times)
                first_rows.append(number)
            own = column if layout.is_wide else name
            codes.append(names.setdefault(own, len(names)))
            when.append(times[text])
            numbers.add(cell if isinstance(cell, Typed) else cell.strip(), number, column)
    _check_rows(grid)
    numbers.finish(np.frombuffer(codes, dtype=np.intc))
    y = np.frombuffer(numbers.values, dtype=np.float64)
    texts = list(times)
    kept = _rows_kept(y, layout, texts, when, grid, bool(options.known))
    kept, footer = _without_footer(texts, when, kept, labels)
    series, place = (np.frombuffer(each, dtype=np.intc)[:kept] for each in (codes, when))
    texts = texts[: int(place.max()) + 1]
    ds, notes = read_times(texts, _time_name(grid, layout), grid.name, options, first_rows)
    ds, shifted = _in_utc_if_repeated(ds, texts, series, place)
    found = list(names)[: series.max() + 1]
    _check_names(grid, layout, found)
    value = grid.header[layout.values[0]] if len(layout.values) == 1 else grid.stem
    notes = [*grid.notes, *layout.notes, *footer, *numbers.notes, *notes, *shifted]
    ds, y, order = ds[place], y[:kept], None
    if layout.matrix is not None:
        # a row a month goes through the years again and again
        order = np.argsort(ds, kind="stable")
        series, ds, y = series[order], ds[order], y[order]

    def row_of(index: int) -> int:
        return marks.row((index if order is None else int(order[index])) // len(labels))

    columns = layout.long_columns(grid.header)
    return Table(grid.name, grid.stem, found, series, ds, y, value, False, notes, row_of, *columns)


def _full_rows(grid: Grid, layout: Layout) -> Iterator[tuple[int, list[str]]]:
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
                raise _several_series(grid, number, place, constant, other)
        yield number, row


def _labels(grid: Grid, layout: Layout) -> list[tuple[int, str, str]]:
    """Of each column of values its place, its part of the time and its name."""
    labels = layout.matrix.labels if layout.matrix else [""] * len(layout.values)
    return [
        (place, label, grid.header[place])
        for place, label in zip(layout.values, labels, strict=True)
    ]


def _time_reader(layout: Layout) -> Callable[[list[str], str], str]:
    """What makes the text of a time from a row and the label of a column."""
    matrix, times, part = layout.matrix, layout.times, layout.part
    if matrix is not None:
        return lambda row, label: matrix.time(label, row[times[0]].strip() if times else "")
    if part == "D":
        year, month, day = times
        return lambda row, _: "-".join(
            (part_text(row[year].strip(), "M", row[month].strip()), row[day].strip().zfill(2))
        )
    if part:
        year, season = times
        return lambda row, _: part_text(row[year].strip(), part, row[season].strip())
    (time,) = times
    return lambda row, _: row[time].strip()


def _time_name(grid: Grid, layout: Layout) -> str:
    return "/".join(grid.header[place] for place in layout.times) or "header"


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
    if (layout.id is not None or with_later) and kept < len(y):
        # rows with a time belong to later times, or to a series without values, which is reported
        is_time = are_times(pd.Series(times, dtype=str))
        while kept < len(y) and is_time[when[kept]]:
            kept += 1
    return kept


def _without_footer(
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
    return above, [f"without the last row {name!r}"]


def _in_utc_if_repeated(
    ds: np.ndarray, texts: list[str], series: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Times ds [N] of texts, in UTC if a series would have a local one twice, and the note."""
    if len(np.unique(ds)) == len(ds) or (ahead := offsets_from_utc(texts)) is None:
        return ds, []
    rows = np.unique(np.column_stack([series, place]), axis=0)
    local = np.column_stack([rows[:, 0], ds.astype(np.int64)[rows[:, 1]]])
    # series of several zones may share local times, and a row may be there twice
    if len(np.unique(local, axis=0)) == len(rows):
        return ds, []
    return ds - ahead, ["times in UTC, since local ones repeat when summer time ends"]


def _check_names(grid: Grid, layout: Layout, names: list[str]) -> None:
    if layout.id is not None and "" in names:
        raise InputError(
            f"{grid.name}: column {grid.header[layout.id]!r} has empty cells; write a name in each"
        )


def _check_rows(grid: Grid) -> None:
    if next(grid.rows(), None) is None:
        raise InputError(f"{grid.name}: has a header but no rows; it needs a row for each time")


def _check_header(grid: Grid, layout: Layout) -> None:
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


def _several_series(grid: Grid, row: int, place: int, first: str, other: str) -> InputError:
    column = grid.header[place]
    return InputError(
        f"{grid.name}: row {row}: column {column!r} holds {other!r} after {first!r}; add --id "
        f"{column} if it names the series, or --time and --value COLUMN to leave it out"
    )
