"""Files of columns with types: Parquet (also a folder of it), Feather, JSON and others."""

import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.formats.databases import read_sqlite
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.records import read_json
from rnnlab.formats.sheets import cell_text
from rnnlab.formats.sources import Source
from rnnlab.formats.trials import survives_statistics
from rnnlab.formats.tsf import HORIZON, read_tsf

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.dataset import Dataset

BATCH_ROWS = 10_000
# names in the place of numbers that stand for them
BY_NAME = {"apply_value_formats": True}
# by kind the function of pyreadstat, and its options
STATISTICS: dict[str, tuple[str, dict[str, bool]]] = {
    "sav": ("read_sav", BY_NAME),
    "por": ("read_por", BY_NAME),
    "sas7bdat": ("read_sas7bdat", {}),
    "xpt": ("read_xport", {}),
}


def _read_statistics(source: Source, _: ReadOptions) -> pd.DataFrame:
    """A file of SPSS or SAS.

    Raises:
        ValueError: it is damaged.
    """
    import pyreadstat

    name, options = STATISTICS[source.kind]
    with source.open() as file:
        content = file.read()
    if not survives_statistics(name, content):
        raise ValueError(source.name)
    reader: Callable[..., tuple[pd.DataFrame, object]] = getattr(pyreadstat, name)
    try:
        return reader(BytesIO(content), **options)[0]
    except (pyreadstat.ReadstatError, OverflowError) as error:
        raise ValueError(error) from None


# by kind what messages call the format, and what reads it; folders and Parquet are not read whole
READERS: dict[str, tuple[str, Callable[[Source, ReadOptions], "pd.DataFrame | pyarrow.Table"]]] = {
    "feather": ("Feather", lambda source, _: pd.read_feather(source.bytes_or_path())),
    "stata": ("Stata", lambda source, _: pd.read_stata(source.bytes_or_path())),
    "json": ("JSON", read_json),
    "sqlite": ("SQLite", read_sqlite),
    "tsf": (".tsf", lambda source, _: read_tsf(source)),
    "sav": ("SPSS", _read_statistics),
    "por": ("SPSS", _read_statistics),
    "sas7bdat": ("SAS", _read_statistics),
    "xpt": ("SAS", _read_statistics),
}
TYPED = {"parquet", "folder", *READERS}


def open_dataset(source: Source, options: ReadOptions) -> "Dataset":
    """The pyarrow.dataset of a file or folder.

    Raises:
        InputError: a file is damaged, or no table.
    """
    if source.kind in ("parquet", "folder"):
        return open_parquet(source)
    import pyarrow.dataset

    name, read = READERS[source.kind]
    try:
        found = read(source, options)
    except (ValueError, OSError, struct.error, pyarrow.ArrowException) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{source.name}: is not a table in {name}; save it as CSV") from None
    if isinstance(found, pd.DataFrame):
        columns = [arrow_array(found.iloc[:, place]) for place in range(found.shape[1])]
        found = pyarrow.table(columns, names=[*map(str, found.columns)])
    return pyarrow.dataset.dataset(found)


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
        if isinstance(place, BytesIO):
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


def named_horizon(dataset: "Dataset") -> int | None:
    """The steps to forecast that a file .tsf names."""
    return int((dataset.schema.metadata or {}).get(HORIZON, 0)) or None


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
