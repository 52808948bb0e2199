"""Excel's files as rows of cells."""

import datetime
import zipfile
from typing import TYPE_CHECKING

from rnnlab.cells.numbers import Typed
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, Rows, grid_of
from rnnlab.formats.options import ReadOptions, similar
from rnnlab.formats.sources import Source

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet


def sheet_grid(source: Source, options: ReadOptions) -> Grid:
    """The sheet of an Excel file that holds a table.

    Raises:
        InputError: it is no such file, or several sheets hold something.
    """
    import openpyxl

    broken = InputError(f"{source.name}: is not a valid .xlsx file; save it again")
    try:
        book = openpyxl.load_workbook(source.bytes_or_path(), read_only=True, data_only=True)
        sheets = {
            name: rows
            for name in book.sheetnames
            if hasattr(book[name], "iter_rows") and (rows := _rows(book[name]))
        }
        book.close()
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, EOFError):
        raise broken from None
    except Exception as error:
        # openpyxl's own errors, and those of the parsers of XML beneath it
        if type(error).__module__.partition(".")[0] in ("openpyxl", "xml", "lxml"):
            raise broken from None
        raise
    if options.sheet is not None and options.sheet not in sheets:
        raise InputError(
            f"{source.name}: has no sheet {options.sheet!r} with cells; it has {', '.join(sheets)}",
            [f"--read sheet={similar(options.sheet, sheets) or next(iter(sheets), '')}"],
        )
    if len(sheets) > 1 and options.sheet is None:
        raise InputError(
            f"{source.name}: has the sheets {', '.join(sheets)}; add --read sheet=NAME",
            [f"--read sheet={max(sheets, key=lambda name: len(sheets[name]))}"],
        )
    rows = sheets[options.sheet] if options.sheet else next(iter(sheets.values()), [])

    def all_rows() -> Rows:
        return iter(rows)

    return grid_of(source, all_rows, None, [], options.skip)


def _rows(sheet: "ReadOnlyWorksheet") -> list[tuple[int, list[str]]]:
    found = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [cell_text(cell) for cell in row]
        if any(cell.strip() for cell in cells):
            found.append((number, cells))
    return found


def cell_text(cell: object) -> str:
    """A cell as text; numbers and times as Typed, so that no sign in them is guessed."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        if cell != cell:
            return ""
        return Typed(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else Typed(repr(cell))
    if isinstance(cell, int):
        return Typed(cell)
    if isinstance(cell, datetime.datetime | datetime.date):
        text = cell.isoformat(sep=" ") if isinstance(cell, datetime.datetime) else str(cell)
        return Typed(text.removesuffix(" 00:00:00"))
    return str(cell)
