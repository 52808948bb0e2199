"""Columns of a table that are known of later times, too, beside its values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, Rows
from rnnlab.tables.layouts import Layout


def without_columns(grid: Grid, names: Collection[str]) -> Grid:
    """The grid without the columns of these names."""
    kept = [place for place, name in enumerate(grid.header) if name not in names]
    stop = len(grid.header)

    def rows() -> Rows:
        for number, row in grid.rows():
            yield number, [row[place] for place in kept if place < len(row)] + row[stop:]

    return replace(grid, header=[grid.header[place] for place in kept], rows=rows)


def cells_of(grid: Grid, names: Sequence[str]) -> tuple[dict[str, list[str]], list[int]]:
    """The cells of the columns of these names, row by row, and the rows' numbers in the file."""
    cells: dict[str, list[str]] = {name: [] for name in names}
    columns = [(cells[name], grid.header.index(name)) for name in cells]
    numbers = []
    for number, row in grid.rows():
        numbers.append(number)
        for column, place in columns:
            column.append(row[place] if place < len(row) else "")
    return cells, numbers


def followed_by(grid: Grid, later: Grid) -> Grid:
    """The grid with the rows of another one below its own; columns that this one lacks are empty.

    Raises:
        InputError: ``later`` has a column that the grid has not.
    """
    if extra := [name for name in later.header if name and name not in grid.header]:
        raise InputError(f"{later.name}: column {extra[0]!r} is not in {grid.name}; rename it")
    places = [later.header.index(name) if name in later.header else None for name in grid.header]

    def rows() -> Rows:
        number = 0
        for number, row in grid.rows():
            yield number, row
        for after, row in later.rows():
            cells = [row[p] if p is not None and p < len(row) else "" for p in places]
            yield number + after, cells

    return replace(grid, rows=rows)


def beside_values(
    cells: Mapping[str, np.ndarray], layout: Layout, count: int, name: str, by_row: bool
) -> dict[str, np.ndarray]:
    """For each of ``count`` values of a table the cells of its row.

    Args:
        name: of the file.
        by_row: whether values of one row lie beside each other, or those of one column.

    Raises:
        InputError: the table has a row a year.
    """
    if not cells:
        return {}
    if layout.matrix is not None:
        raise InputError(
            f"{name}: has a row a year, where columns are not known ahead", ["--known "]
        )
    values, width = np.arange(count), len(layout.values)
    rows = values // width if by_row else values % (count // width)
    return {column: of[rows] for column, of in cells.items()}
