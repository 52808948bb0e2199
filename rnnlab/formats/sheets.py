"""Spreadsheets as rows of cells: .xlsx, .xls, .xlsb and .ods."""

import datetime
import io
import re
from typing import TYPE_CHECKING

from rnnlab.cells.numbers import Typed
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid, Rows, grid_of
from rnnlab.formats.options import ReadOptions, chosen
from rnnlab.formats.sources import Source
from rnnlab.formats.trials import survives_sheets

if TYPE_CHECKING:
    import python_calamine

# what .xls begins with, and the name of a part of .xlsb
OLD, BINARY = b"\xd0\xcf\x11\xe0", b"xl/workbook.bin"
# .xlsx with a password lies in a part of this name; in .xls a record of its own follows the first
LOCKED = re.compile("EncryptedPackage".encode("utf-16-le") + rb"|\t\x08\x10\0.{16}/\0", re.DOTALL)
HOUR = datetime.timedelta(hours=1)


def sheet_grid(source: Source, options: ReadOptions) -> Grid:
    """The sheet of a spreadsheet that holds a table.

    Raises:
        InputError: it is no such file, or several sheets hold something.
    """
    import python_calamine

    with source.open() as file:
        content = file.read()
    locked = InputError(f"{source.name}: has a password; save it without one")
    broken = InputError(f"{source.name}: is not a valid spreadsheet; save it again as .xlsx")
    if content.startswith(OLD) and LOCKED.search(content):
        raise locked
    if (content.startswith(OLD) or BINARY in content) and not survives_sheets(content):
        raise broken
    try:
        # by its bytes: a path would be read as its ending says
        with python_calamine.load_workbook(io.BytesIO(content)) as book:
            tables = [
                each.name
                for each in book.sheets_metadata
                if each.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
            sheets = {name: cells for name in tables if (cells := _rows(book, name))}
    except python_calamine.PasswordError:
        raise locked from None
    except (python_calamine.CalamineError, OSError):
        raise broken from None
    rows: list[tuple[int, list[str]]] = []
    if sheets:
        likely = max(sheets, key=lambda name: len(sheets[name]))
        rows = sheets[chosen([*sheets], options.sheet, source.name, "sheet", likely)]

    def all_rows() -> Rows:
        return iter(rows)

    return grid_of(source, all_rows, None, [], options.skip)


def _rows(book: "python_calamine.CalamineWorkbook", name: str) -> list[tuple[int, list[str]]]:
    """The rows with cells, without empty columns before the first one with cells."""
    sheet = book.get_sheet_by_name(name)
    above = sheet.start[0] if sheet.start else 0
    found = []
    for number, row in enumerate(sheet.to_python(), above + 1):
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
    if isinstance(cell, datetime.timedelta):
        # as spreadsheets show it, and times of a day in .ods
        hours, rest = divmod(cell, HOUR)
        return f"{hours:02}:{datetime.datetime.min + rest:%M:%S}"
    return str(cell)
