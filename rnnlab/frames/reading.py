"""Data in memory: frames and arrays as the table that files are read to, and results like them."""

import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.typed import arrow_array
from rnnlab.frames.arrow import table_of, to_arrow, to_pandas
from rnnlab.frames.shape import ID, TIME, Shape
from rnnlab.frames.times import as_clock_times, zone_of
from rnnlab.tables.reading import Table, read_table

# what a person may hand over
Data: TypeAlias = (
    str
    | os.PathLike[str]
    | IntoDataFrame
    | IntoSeries
    | np.ndarray
    | Iterable[object]
    | Mapping[Hashable, object]
)
WANTED = (
    "give a path, a frame of pandas, polars or pyarrow, a pandas Series, or arrays of one dimension"
)


def read_data(data: Data, options: ReadOptions, future: Data | None = None) -> tuple[Table, Shape]:
    """Read what a person hands over: a path, a frame, a series, or arrays.

    Frames are read as Parquet is: long or wide, their columns found or named by ``options``.
    Arrays [T] have whole-number times 0 to T - 1; NaN is a missing value.

    Args:
        future: rows that go on where the data end, without values: a path if ``data`` is one, else
            a frame of the same library.

    Raises:
        InputError: it is something else, or see ``read_table``.
    """
    if isinstance(data, str | os.PathLike):
        if future is not None:
            if not isinstance(future, str | os.PathLike):
                raise InputError("--future: give a path beside a path, and a frame beside a frame")
            options = replace(options, future=os.fspath(future))
        table = read_table(os.fspath(data), options)
        ids = pd.Series(table.names, dtype=object)
        return table, Shape(table.names, ids, parts=pd.DataFrame(table.parts))
    if future is not None and not isinstance(data, pd.Series):
        data = _with_later_rows(data, future)
    table, shape = _read_in_memory(data, options)
    return replace(table, zone=zone_of(shape.times) or table.zone), shape


def _read_in_memory(data: Data, options: ReadOptions) -> tuple[Table, Shape]:
    if isinstance(data, pd.Series):
        return _read_series(data, options)
    if isinstance(data, pd.DataFrame):
        return _read_pandas(data, options)
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return _read_frame(frame, options)
    if isinstance(nw.from_native(data, pass_through=True), nw.LazyFrame):
        raise InputError(f"{type(data).__name__}: is not computed yet; collect it first")
    if isinstance(data, Mapping):
        return _read_several(list(data), list(data.values()))
    if isinstance(data, Iterable) and not isinstance(data, bytes):
        values = list(data)
        if values and all(np.ndim(value) == 0 for value in values):
            values = [data if hasattr(data, "__array__") else values]
        return _read_several(range(len(values)), values)
    raise InputError(f"{type(data).__name__}: is no data; {WANTED}")


def _with_later_rows(data: Data, future: Data) -> IntoDataFrame:
    """A frame with the rows of another one below its own; columns that one lacks are missing.

    Raises:
        InputError: they are not frames of one library, or the second has a column of its own.
    """
    found = [nw.from_native(each, eager_only=True, pass_through=True) for each in (data, future)]
    frames = [each for each in found if isinstance(each, nw.DataFrame)]
    if len(frames) < 2 or len({each.implementation for each in frames}) > 1:
        raise InputError("--future: give a path beside a path, and a frame beside a frame")
    if extra := [name for name in frames[1].columns if name not in frames[0].columns]:
        raise InputError(f"--future: column {extra[0]!r} is not in the data; rename it")
    if isinstance(data, pd.DataFrame) and isinstance(future, pd.DataFrame):
        return pd.concat([data, future])
    import pyarrow

    # types may differ: whole numbers, and numbers
    arrow = pyarrow.concat_tables([f.to_arrow() for f in frames], promote_options="permissive")
    return nw.from_arrow(arrow, backend=frames[0].implementation).to_native()


def _read_series(data: pd.Series, options: ReadOptions) -> tuple[Table, Shape]:
    """One series; its index holds the times. Two levels of it are names and times."""
    name = "y" if data.name is None else data.name
    if data.index.nlevels > 1:
        return _read_pandas(data.rename("y").to_frame(), options)
    frame = pd.DataFrame({TIME: data.index, "y": data.to_numpy()})
    table = table_of(to_arrow(frame), "Series", ReadOptions(dates=options.dates))
    table = replace(table, names=[str(name)], value=str(name))
    time_name = str(data.index.name or TIME)
    return table, Shape(table.names, pd.Series([name]), frame[TIME], time_name=time_name)


def _read_pandas(data: pd.DataFrame, options: ReadOptions) -> tuple[Table, Shape]:
    if data.empty:
        raise InputError("DataFrame: is empty; it needs a row for each time")
    frame, by_index = _with_index(data)
    if data.index.nlevels == 2:
        id, time = map(str, frame.columns[:2])
        options = replace(options, id=id, time=time)
    labels = list(frame.columns)
    frame.columns = pd.Index(list(map(str, labels)))
    values = frame.drop(columns=list(options.known), errors="ignore")
    if by_index and not options.value and _is_wide(values):
        options = replace(options, layout=options.layout or "wide")
    table = table_of(to_arrow(frame), "DataFrame", options)
    ids = _ids(table, frame)
    if ids is None:
        # the columns are the series; so labels that are numbers stay numbers
        known = dict(zip(frame.columns, labels, strict=True))
        ids = pd.Series([known.get(name, name) for name in table.names])
    return table, _shape(table, ids, frame)


def _with_index(data: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The frame with an index that may hold times or names as columns, and whether it does."""
    index = data.index
    dated = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
    plain = index.nlevels == 1 and index.name is None and not dated
    if plain and data.shape[1] > 1 and pd.api.types.is_integer_dtype(index):
        return data.reset_index(drop=True), False
    usual = [TIME] if index.nlevels == 1 else [ID, TIME, *range(2, index.nlevels)]
    names = [usual[place] if name is None else name for place, name in enumerate(index.names)]
    if again := [name for name in names if name in data.columns]:
        if all(name is None or data[name].equals(pd.Series(index, index)) for name in index.names):
            return data.reset_index(drop=True), False
        raise InputError(f"DataFrame: column {again[0]!r} is in the index, too; rename one")
    return data.reset_index(names=names if len(names) > 1 else names[0]), index.nlevels == 1


def _is_wide(frame: pd.DataFrame) -> bool:
    """Whether all but the first column, which was the index, are series."""
    numbers = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes[1:]]
    return len(numbers) > 1 and all(numbers) and not {ID, "y"} & set(frame.columns)


def _read_frame(frame: nw.DataFrame[IntoDataFrame], options: ReadOptions) -> tuple[Table, Shape]:
    from pyarrow import types

    name, arrow = type(frame.to_native()).__name__, frame.to_arrow()
    zoned = [field.name for field in arrow.schema if getattr(field.type, "tz", None)]
    for column in zoned:
        clock = as_clock_times(arrow[column].to_pandas())
        arrow = arrow.set_column(arrow.schema.get_field_index(column), column, arrow_array(clock))
    table = table_of(arrow, name, options)
    named = {table.id_name, table.time_name, *table.parts}
    columns = [f.name for f in arrow.schema if f.name in named or types.is_temporal(f.type)]
    own = to_pandas(frame.select(columns).to_native()) if columns else pd.DataFrame()
    ids = _ids(table, own)
    ids = pd.Series(table.names, dtype=object) if ids is None else ids
    return table, replace(_shape(table, ids, own), frame=frame)


def _ids(table: Table, frame: pd.DataFrame) -> pd.Series | None:
    """The names of a long table as the frame has them, [S]; None where no column holds them."""
    if table.id_name is None:
        return None
    return frame[table.id_name].iloc[_first_rows(table)]


def _first_rows(table: Table) -> list[int]:
    """The first row of each series in its frame, [S]."""
    _, first = np.unique(table.codes, return_index=True)
    return [table.row_of(int(index)) - 1 for index in first]


def _shape(table: Table, ids: pd.Series, frame: pd.DataFrame) -> Shape:
    times = frame[table.time_name] if table.time_name else _first_times(frame)
    shape = Shape(table.names, ids, times, table.id_name or ID, table.time_name or TIME)
    if not table.parts:
        return shape
    return replace(shape, parts=frame[list(table.parts)].iloc[_first_rows(table)])


def _first_times(frame: pd.DataFrame) -> pd.Series | None:
    """The only column of dates, of a wide frame."""
    found = [name for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name])]
    found += [name for name in frame if isinstance(frame[name].dtype, pd.PeriodDtype)]
    return frame[found[0]] if len(found) == 1 else None


def _read_several(keys: Sequence[Hashable], values: Sequence[object]) -> tuple[Table, Shape]:
    """Arrays, or pandas Series with times, by name."""
    if not values:
        raise InputError(f"no series in it; {WANTED}")
    dated = [each for each in values if isinstance(each, pd.Series) and not _is_counted(each.index)]
    if len(dated) == len(values):
        parts = [
            pd.DataFrame({ID: number, TIME: each.index, "y": each.to_numpy()})
            for number, each in enumerate(dated)
        ]
        frame = pd.concat(parts, ignore_index=True)
        kinds = {each.index.dtype for each in dated}
        if frame[TIME].dtype == object and all(isinstance(k, pd.DatetimeTZDtype) for k in kinds):
            # of several zones, of which a column can have one
            frame[TIME] = pd.to_datetime(frame[TIME], utc=True)
        table = table_of(to_arrow(frame), "Series", ReadOptions())
        table = replace(table, names=[str(keys[int(name)]) for name in table.names])
        return table, Shape(table.names, pd.Series(keys), frame[TIME])
    arrays = [_as_values(key, each) for key, each in zip(keys, values, strict=True)]
    names = list(map(str, keys))
    if len({*names}) < len(names):
        raise InputError("two series have the same name as text; rename one")
    lengths = [len(each) for each in arrays]
    ends = np.cumsum([0, *lengths])
    codes = np.repeat(np.arange(len(names)), lengths)
    ds = np.concatenate([np.arange(length) for length in lengths])
    y = np.concatenate(arrays)
    if np.isnan(y).all():
        raise InputError("arrays: have no numbers; each needs a value for each time")
    table = Table(
        "arrays", "y", names, codes, ds, y, "y", row_of=lambda i: int(i - ends[codes[i]]) + 1
    )
    return table, Shape(names, pd.Series(list(keys)), pd.Series(ds))


def _is_counted(index: pd.Index) -> bool:
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _as_values(key: Hashable, values: object) -> np.ndarray:
    """One series as float64 [T], with NaN for masked values."""
    try:
        array = np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)
    except (TypeError, ValueError):
        raise InputError(f"series {key!r} holds something else than numbers; {WANTED}") from None
    if array.ndim != 1:
        raise InputError(f"series {key!r} has the shape {list(array.shape)}; {WANTED}")
    if np.isinf(array).any():
        row = int(np.isinf(array).argmax())
        raise InputError(f"series {key!r} is infinite at {row}; write NaN for a missing value")
    return array
