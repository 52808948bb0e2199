"""Read files of columns with types by columns, as exact and fast as they hold them."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rnnlab.cells.counted import DAY_NUMBER, UNIX, to_seconds
from rnnlab.cells.dates import DIGITS, YEAR, read_times
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import without_columns
from rnnlab.formats.options import SIGN, ReadOptions
from rnnlab.formats.sources import Source
from rnnlab.formats.typed import open_parquet, parquet_grid, read_column
from rnnlab.tables.layouts import find_layout
from rnnlab.tables.roles import Layout
from rnnlab.tables.rows import Values, full_rows

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.dataset import Dataset


def is_typed(dataset: "Dataset", header: list[str], layout: Layout) -> bool:
    """Whether columns hold values as they are, and no texts of numbers as JSON may."""
    from pyarrow import types

    if len(layout.id) > 1 or layout.constant or layout.labels or layout.part:
        return False
    time, *values = (
        dataset.schema.field(header[place]).type for place in (*layout.times, *layout.values)
    )
    if layout.is_long:
        return not any(types.is_string(each) or types.is_large_string(each) for each in values)
    return (types.is_temporal(time) or types.is_integer(time)) and all(
        types.is_integer(each) or types.is_floating(each) for each in values
    )


def read_typed(
    source: Source, dataset: "Dataset", header: list[str], layout: Layout, options: ReadOptions
) -> Values:
    """A table with one column of times, by columns: as exact and fast as the file holds it."""

    def column(place: int) -> "pyarrow.ChunkedArray":
        return read_column(source, dataset, header[place])

    y = np.concatenate(
        [
            _typed_values(column(place).to_pandas(), header[place], source.name)
            for place in layout.values
        ]
    )
    if np.isnan(y).all():
        raise InputError(f"{source.name}: has no numbers; it needs a value for each time")
    # what repeats is read once
    (time,) = layout.times
    codes, unique = _distinct(column(time), header[time], source.name)
    ds, guesses = _typed_times(unique, header[time], source.name, options)
    ds = ds[codes]
    length, width = len(ds), len(layout.values)
    names, owners = [source.stem], np.zeros(length, dtype=np.int64)
    if layout.is_wide:
        names = [header[place] for place in layout.values]
        owners, ds = np.repeat(np.arange(width), length), np.tile(ds, width)
    elif layout.id:
        places, ids = _distinct(column(layout.id[0]), header[layout.id[0]], source.name)
        # different values may be the same as text
        codes, unique = pd.factorize(ids.astype(str))
        names, owners = list(unique), codes[places]
    return Values(names, owners, ds, y, guesses, lambda index: index % length, lambda row: row + 1)


def _distinct(
    column: "pyarrow.ChunkedArray", name: str, source: str
) -> tuple[np.ndarray, pd.Series]:
    """The distinct values of an Arrow column in order, and for each row the index of its own.

    Raises:
        InputError: a cell is empty.
    """
    import pyarrow

    if pyarrow.types.is_dictionary(column.type):
        # a dictionary may hold values that no row has
        column = column.cast(column.type.value_type)
    if column.null_count:
        raise InputError(
            f"{source}: row {column.is_null().index(True).as_py() + 1}: column {name!r} has empty "
            "cells; fill them, or drop their rows"
        )
    encoded = column.dictionary_encode().combine_chunks()
    return encoded.indices.to_numpy(), pd.Series(encoded.dictionary.to_pandas())


def _typed_values(values: pd.Series, name: str, source: str) -> np.ndarray:
    y = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.isinf(y) | (np.isnan(y) & values.notna().to_numpy())
    # pandas would convert times to numbers of nanoseconds
    if pd.api.types.is_datetime64_any_dtype(values) or bad.any():
        row = int(np.flatnonzero(bad)[0]) + 1 if bad.any() else 1
        raise InputError(
            f"{source}: row {row}: column {name!r} holds a value that is not a finite number; "
            "write a number or leave it empty"
        )
    return y


def _typed_times(
    times: pd.Series, name: str, source: str, options: ReadOptions
) -> tuple[np.ndarray, list[str]]:
    """The times of distinct cells, and what was guessed."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return to_seconds(times.dt.tz_localize(None).to_numpy(), name, source), []
    texts = times.astype(str)
    if pd.api.types.is_integer_dtype(times) and not any(
        texts.str.fullmatch(form).all() for form in (DIGITS, UNIX, DAY_NUMBER, YEAR)
    ):
        return times.to_numpy(np.int64), []
    codes, unique = pd.factorize(texts)
    found, guesses = read_times(list(unique), name, source, options.dates, options.century)
    return found[codes], guesses


def names_of_series(source: Source, options: ReadOptions) -> list[str]:
    """The names of the series of a file, without reading the values.

    Raises:
        InputError: the file is damaged, or its columns have several readings.
    """
    dataset = open_parquet(source)
    grid = without_columns(parquet_grid(source, dataset), options.known)
    layout = find_layout(grid, options)
    if layout.is_wide:
        return [grid.header[place] for place in layout.values]
    if not layout.id:
        return [source.stem]
    names: set[object] = set()
    if len(layout.id) > 1:
        for _, row in full_rows(grid, layout):
            names.add(SIGN.join(row[place].strip() for place in layout.id))
        return sorted(map(str, names))
    for batch in dataset.to_batches(columns=[grid.header[layout.id[0]]]):
        names.update(batch.column(0).unique().to_pylist())
    return sorted(map(str, names))
