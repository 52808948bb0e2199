"""Frames as Arrow has them, and from there as tables."""

from dataclasses import replace
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.sources import Source
from rnnlab.formats.typed import arrow_array
from rnnlab.frames.times import as_clock_times
from rnnlab.tables.reading import Table, read_dataset

if TYPE_CHECKING:
    import pyarrow


def table_of(arrow: "pyarrow.Table", name: str, options: ReadOptions) -> Table:
    """The table in Arrow's columns, called ``name`` in messages."""
    import pyarrow.dataset

    if doubled := [each for each in arrow.column_names if arrow.column_names.count(each) > 1]:
        raise InputError(f"{name}: has the column {doubled[0]!r} twice; rename one")
    table = read_dataset(Source(name, "y", "frame", None), pyarrow.dataset.dataset(arrow), options)
    if table.id_name is None and len(table.names) == 1:
        table = replace(table, names=[table.value])
    return table


def to_pandas(table: object) -> pd.DataFrame:
    """A frame of any library in pandas; raise InputError if it is none."""
    if isinstance(table, pd.DataFrame):
        return table
    frame = nw.from_native(table, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise InputError(f"{type(table).__name__}: is no frame; give what forecast() gave")
    return frame.to_arrow().to_pandas(date_as_object=True)


def to_arrow(frame: pd.DataFrame) -> "pyarrow.Table":
    """A frame of pandas in Arrow, its times without a zone."""
    import pyarrow

    columns = [arrow_array(as_clock_times(frame.iloc[:, place])) for place in range(frame.shape[1])]
    return pyarrow.Table.from_arrays(columns, names=list(frame.columns))
