"""Read a table: the one way in, whatever its format and layout."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.cells.numbers import as_column
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, cells_of, followed_by, without_columns
from rnnlab.formats.opening import open_columns, open_grid
from rnnlab.formats.options import ReadOptions, check_known
from rnnlab.formats.sources import Source, find_source
from rnnlab.formats.typed import named_horizon, parquet_grid, read_column
from rnnlab.tables.by_columns import is_typed, read_typed
from rnnlab.tables.layouts import find_layout
from rnnlab.tables.rows import check_rows, read_cells

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
        zone: whose clocks the table has, where ``ds`` is in UTC; else empty.
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
    return _table_of(source, grid, options)


def read_dataset(source: Source, dataset: "Dataset", options: ReadOptions) -> Table:
    """The table of a pyarrow dataset.

    Raises:
        InputError: see ``read_table``.
    """
    return _table_of(source, parquet_grid(source, dataset), options, dataset)


def _table_of(
    source: Source, grid: Grid, options: ReadOptions, dataset: "Dataset | None" = None
) -> Table:
    """The table of a grid: by columns where their types say all, else cell by cell."""
    check_known(grid.header, options, grid.name)
    values = without_columns(grid, options.known) if options.known else grid
    header = values.header
    layout = find_layout(values, options)
    plain = source.kind == "text" and source.is_plain
    if dataset is not None and not options.frequency and is_typed(dataset, header, layout):
        plain = source.kind == "parquet" and source.path is not None
        found = read_typed(source, dataset, header, layout, options)
    else:
        found = read_cells(values, layout, options)
    notes = [*grid.notes, *layout.notes, *found.notes]
    value = header[layout.values[0]] if len(layout.values) == 1 else grid.stem
    known = _known_cells(source, grid, options, dataset) if options.known else {}
    if known and layout.labels:
        raise InputError(
            f"{grid.name}: has a row a year, where columns are not known ahead", ["--known "]
        )
    id_name, time_name = layout.long_columns(header)
    joined = [header[place] for place in layout.id] if len(layout.id) > 1 else []
    return Table(
        grid.name,
        grid.stem,
        found.names,
        found.codes,
        found.ds,
        found.y,
        value + (f" ({found.unit})" if found.unit else ""),
        is_long=plain and layout.is_long and not notes,
        notes=notes,
        row_of=lambda index: found.number(int(found.rows(np.array([index]))[0])),
        id_name=id_name,
        time_name=time_name,
        known={name: of[found.rows(np.arange(len(found.y)))] for name, of in known.items()},
        horizon=named_horizon(dataset) if dataset is not None else None,
        roles=layout.roles(header),
        parts={name: [part[n] for part in found.parts] for n, name in enumerate(joined)},
        zone=found.zone,
    )


def _known_cells(
    source: Source, grid: Grid, options: ReadOptions, dataset: "Dataset | None"
) -> dict[str, np.ndarray]:
    """For each row the cells of the columns that are known of later times."""
    texts, numbers = ({}, None) if dataset is not None else cells_of(grid, options.known)
    return {
        name: as_column(
            texts[name] if dataset is None else read_column(source, dataset, name).to_pandas(),
            grid.name,
            name,
            options.decimal,
            grid.separator,
            numbers,
        )
        for name in options.known
    }
