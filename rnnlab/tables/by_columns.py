"""Read files of columns with types by columns, as exact and fast as they hold them."""

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rnnlab.cells.counted import DAY_NUMBER, UNIX, to_seconds
from rnnlab.cells.dates import DIGITS, read_times
from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.formats.options import SIGN, ReadOptions
from rnnlab.formats.sources import Source
from rnnlab.formats.typed import open_parquet, parquet_grid, read_column
from rnnlab.tables.layouts import Layout, find_layout
from rnnlab.tables.rows import full_rows

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.dataset import Dataset

# names of the series, and for each row the index of its name, its time and its value
Rows = tuple[list[str], np.ndarray, np.ndarray, np.ndarray]


def is_typed(dataset: "Dataset", layout: Layout) -> bool:
    """Whether columns hold values as they are, and no texts of numbers as JSON may."""
    from pyarrow import types

    kinds = dataset.schema.types
    values = [kinds[place] for place in layout.values]
    if layout.is_long:
        return not any(types.is_string(each) or types.is_large_string(each) for each in values)
    (time,) = layout.times
    return (types.is_temporal(kinds[time]) or types.is_integer(kinds[time])) and all(
        types.is_integer(each) or types.is_floating(each) for each in values
    )


def read_typed(source: Source, dataset: "Dataset", layout: Layout, options: ReadOptions) -> Rows:
    """A table with one column of times, by columns: as exact and fast as the file holds it."""
    header = dataset.schema.names
    ds_name, y_names = header[layout.times[0]], [header[place] for place in layout.values]
    id_name = header[layout.id[0]] if layout.id else None
    y = np.concatenate(
        [
            _typed_values(read_column(source, dataset, name).to_pandas(), name, source.name)
            for name in y_names
        ]
    )
    if np.isnan(y).all():
        raise InputError(f"{source.name}: has no numbers; it needs a value for each time")
    # what repeats is read once
    codes, unique = _distinct(read_column(source, dataset, ds_name), ds_name, source.name)
    ds = _typed_times(unique, ds_name, source.name, options)[codes]
    if layout.is_wide:
        return y_names, np.repeat(np.arange(len(y_names)), len(ds)), np.tile(ds, len(y_names)), y
    if id_name is None:
        return [source.stem], np.zeros(len(y), dtype=np.int64), ds, y
    places, ids = _distinct(read_column(source, dataset, id_name), id_name, source.name)
    # different values may be the same as text
    codes, names = pd.factorize(ids.astype(str))
    return list(names), codes[places], ds, y


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


def _typed_times(times: pd.Series, name: str, source: str, options: ReadOptions) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(times):
        return to_seconds(times.dt.tz_localize(None).to_numpy(), name, source)
    if pd.api.types.is_integer_dtype(times):
        texts = times.astype(str)
        forms = (DIGITS, UNIX, DAY_NUMBER, re.compile(r"[12]\d{3}"))
        if not any(texts.str.fullmatch(form).all() for form in forms):
            return times.to_numpy(np.int64)
    codes, unique = pd.factorize(times.astype(str))
    found, guesses = read_times(list(unique), name, source, options.dates, options.century)
    if pd.api.types.is_integer_dtype(times):
        for guess in guesses:
            note(f"{source}: {guess}")
    return found[codes]


def names_of_series(source: Source, options: ReadOptions) -> list[str]:
    """The names of the series of a file, without reading the values.

    Raises:
        InputError: the file is damaged, or its columns have several readings.
    """
    dataset = open_parquet(source)
    grid = parquet_grid(source, dataset)
    layout = find_layout(grid, options)
    if layout.is_wide:
        return [dataset.schema.names[place] for place in layout.values]
    if not layout.id:
        return [source.stem]
    names: set[object] = set()
    if len(layout.id) > 1:
        for _, row in full_rows(grid, layout):
            names.add(SIGN.join(row[place].strip() for place in layout.id))
        return sorted(map(str, names))
    for batch in dataset.to_batches(columns=[dataset.schema.names[layout.id[0]]]):
        names.update(batch.column(0).unique().to_pylist())
    return sorted(map(str, names))
