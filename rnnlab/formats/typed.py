"""Files of columns with types: Parquet (also a folder of it), Feather, JSON records, Stata."""

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.sheets import cell_text
from rnnlab.formats.sources import Source

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.dataset import Dataset

BATCH_ROWS = 10_000


def open_dataset(source: Source) -> "Dataset":
    """The pyarrow.dataset of a file or folder.

    Raises:
        InputError: a file is damaged, or no table.
    """
    if source.kind in ("parquet", "folder"):
        return open_parquet(source)
    import pyarrow.dataset

    try:
        frame = READERS[source.kind](source.bytes_or_path())
    except (ValueError, OSError, struct.error, pyarrow.ArrowException):
        raise InputError(
            f"{source.name}: is not a table in {source.kind}; save it as CSV"
        ) from None
    columns = [arrow_array(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return pyarrow.dataset.dataset(pyarrow.table(columns, names=[*map(str, frame.columns)]))


def _read_json(place: Path | BytesIO) -> pd.DataFrame:
    """A list of records, or a record a line; times stay texts."""
    text = place.read_bytes() if isinstance(place, Path) else place.read()
    lines = text.lstrip()[:1] != b"["
    return pd.read_json(BytesIO(text), lines=lines, convert_dates=False, precise_float=True)


READERS = {"feather": pd.read_feather, "json": _read_json, "stata": pd.read_stata}


def open_parquet(source: Source) -> "Dataset":
    """The pyarrow.dataset of a file or folder.

    Raises:
        InputError: a file is damaged, or the folder holds none.
    """
    import pyarrow
    import pyarrow.dataset

    place = source.bytes_or_path() if source.kind == "parquet" else None
    try:
        if place is None:
            assert source.path is not None
            files = sorted(source.path.rglob("*.parquet"))
            if not files:
                raise InputError(f"{source.name}: is a folder without .parquet files; name a file")
            return pyarrow.dataset.dataset(
                [str(each) for each in files],
                format="parquet",
                partitioning="hive",
                partition_base_dir=str(source.path),
            )
        if source.path is None:
            import pyarrow.parquet

            return pyarrow.dataset.dataset(pyarrow.parquet.read_table(place))
        return pyarrow.dataset.dataset(str(place), format="parquet")
    except (pyarrow.ArrowException, OSError) as error:
        raise parquet_error(source, error) from None


def parquet_grid(source: Source, dataset: "Dataset") -> Grid:
    """The columns as cells."""

    def rows() -> Iterator[tuple[int, list[str]]]:
        number = 0
        for batch in dataset.to_batches(batch_size=BATCH_ROWS, batch_readahead=1):
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                number += 1
                yield number, [cell_text(cell) for cell in row]

    return Grid(source.name, source.stem, dataset.schema.names, rows)


def read_column(source: Source, dataset: "Dataset", name: str) -> "pyarrow.ChunkedArray":
    """A column as Arrow has it; one at a time, since all of them take much memory."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()
    try:
        return dataset.to_table(columns=[name])[name]
    except (pyarrow.ArrowException, OSError) as error:
        raise parquet_error(source, error) from None


def parquet_error(source: Source, error: Exception) -> Exception:
    # pyarrow reports some damaged files as OSError without an errno
    if isinstance(error, OSError) and error.errno is not None:
        # and does not say which file a system error is of
        return OSError(error.errno, error.strerror, error.filename or source.name)
    return InputError(f"{source.name}: is not a valid Parquet file; save it as Parquet")


def arrow_array(column: pd.Series) -> "pyarrow.Array":
    """A column as Arrow has it; as text where its cells are of several types."""
    import pyarrow

    try:
        return pyarrow.array(column, from_pandas=True)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return pyarrow.array(column.astype(str).where(column.notna(), None), from_pandas=True)


def can_be_cast(found: "pyarrow.DataType", wanted: "pyarrow.DataType") -> bool:
    """Whether times or names can be cast: texts that are no known form of times became dates."""
    from pyarrow import types

    return types.is_temporal(found) == types.is_temporal(wanted)
