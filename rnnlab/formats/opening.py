"""The one way in: a source of any format as cells, or as columns with types."""

from typing import TYPE_CHECKING

from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.sheets import sheet_grid
from rnnlab.formats.sources import Source
from rnnlab.formats.text import text_grid
from rnnlab.formats.typed import TYPED, open_dataset, parquet_grid

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset

REFUSED = {
    "pickle": "is a pickle, which can run any code when it is read; where you trust it, write "
    "pandas.read_pickle(FILE).to_parquet('mine.parquet') and name that",
    "hdf": "is an HDF5 file; read it in Python and save the table with to_parquet",
    "pdf": "is a PDF; save its table as .xlsx or CSV",
    "xml": "is XML; save its table as .xlsx or CSV",
    "html": "is a web page; save its table as .xlsx or CSV, or name the address of the data",
}


def open_columns(source: Source, options: ReadOptions) -> "Dataset | None":
    """The columns of a source that has them with types; None for one of cells.

    Raises:
        InputError: it is damaged, no table, or has several.
    """
    return open_dataset(source, options) if source.kind in TYPED else None


def open_grid(source: Source, options: ReadOptions) -> Grid:
    """A source of any format as cells.

    Raises:
        InputError: see ``open_columns``.
    """
    if source.kind in REFUSED:
        raise InputError(f"{source.name}: {REFUSED[source.kind]}")
    if (dataset := open_columns(source, options)) is not None:
        return parquet_grid(source, dataset)
    return (sheet_grid if source.kind == "sheets" else text_grid)(source, options)
