"""Spreadsheets that no library here writes: .ods, .xlsb and .xls of one sheet, by hand.

Cells are texts, numbers, dates (at midnight) or None.
"""

import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

Cells = Sequence[Sequence[object]]
EPOCH = date(1899, 12, 30)


def _texts(rows: Cells) -> list[str]:
    return sorted({cell for row in rows for cell in row if isinstance(cell, str)})


def _ods_cell(cell: object) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str):
        kind = f'office:value-type="string"><text:p>{escape(cell)}</text:p>'
    elif isinstance(cell, date):
        kind = f'office:value-type="date" office:date-value="{cell}">'
    elif isinstance(cell, timedelta):
        hours, rest = divmod(cell.seconds, 3600)
        kind = f'office:value-type="time" office:time-value="PT{hours:02}H{rest // 60:02}M00S">'
    else:
        kind = f'office:value-type="float" office:value="{cell}">'
    return f"<table:table-cell {kind}</table:table-cell>"


def ods(path: Path, rows: Cells) -> None:
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    body = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
        file.writestr(
            "content.xml",
            f"<office:document-content{spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Sheet1">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )


def _record(kind: int, content: bytes) -> bytes:
    """Of .xlsb: numbers of seven bits a byte."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    size = len(content)
    return head + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(path: Path, rows: Cells) -> None:
    texts = _texts(rows)
    # XF 0 is general, XF 1 a date
    styles = _record(617, struct.pack("<I", 2)) + b"".join(
        _record(47, struct.pack("<HHHHHHHH", 0, form, 0, 0, 0, 0, 0, 0)) for form in (0, 14)
    )
    strings = _record(159, struct.pack("<II", len(texts), len(texts))) + b"".join(
        _record(19, b"\0" + _wide(text)) for text in texts
    )
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    sheet = _record(148, size) + _record(145, b"")
    for number, row in enumerate(rows):
        sheet += _record(0, struct.pack("<I", number) + bytes(13))
        for place, cell in enumerate(row):
            where = struct.pack("<II", place, isinstance(cell, date))
            if isinstance(cell, str):
                sheet += _record(7, where + struct.pack("<I", texts.index(cell)))
            elif cell is not None:
                value = (cell - EPOCH).days if isinstance(cell, date) else cell
                sheet += _record(5, where + struct.pack("<d", value))
    sheet += _record(146, b"")
    book = _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Sheet1"))
    book += _record(144, b"") + _record(132, b"")
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("xl/workbook.bin", book)
        file.writestr("xl/worksheets/sheet1.bin", sheet)
        file.writestr("xl/sharedStrings.bin", strings)
        file.writestr("xl/styles.bin", styles)
        file.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="rId1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )


def compound(path: Path, name: str, content: bytes) -> None:
    """A file of old Office with one stream."""
    stream = content + bytes(max(4096 - len(content), -len(content) % 512))
    sectors = len(stream) // 512
    # sector 0 has the table of sectors, sector 1 the folder, the others the stream
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    assert len(chain) <= 128
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
                        0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)  # fmt: skip
    head += b"\xff" * (512 - len(head))
    none = 0xFFFFFFFF

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = title.encode("utf-16-le") + b"\0\0"
        known = text.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(text), kind, 1, none, none, child
        )
        return known + bytes(36) + struct.pack("<IQ", start, size)

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, none, 2, len(stream))
    path.write_bytes(head + table + folder.ljust(512, b"\0") + stream)


def _old(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def xls(path: Path, rows: Cells, encrypted: bool = False) -> None:
    start = _old(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    if encrypted:
        start += _old(0x2F, struct.pack("<HHH", 0, 1, 2))
    # XF 0 is general, XF 1 a date
    for form in (0, 14):
        start += _old(0xE0, struct.pack("<HH", 0, form) + bytes(16))
    sheet = _old(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0))
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            where = struct.pack("<HHH", number, place, isinstance(cell, date))
            if isinstance(cell, str):
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                sheet += _old(0x204, where + text)
            elif cell is not None:
                value = (cell - EPOCH).days if isinstance(cell, date) else cell
                sheet += _old(0x203, where + struct.pack("<d", value))
    title, end = b"\x06\0Sheet1", _old(0x0A, b"")
    at = len(start) + 4 + 6 + len(title) + len(end)
    named = _old(0x85, struct.pack("<IBB", at, 0, 0) + title)
    compound(path, "Workbook", start + named + end + sheet + end)


BY_HAND: dict[str, Callable[[Path, Cells], None]] = {".ods": ods, ".xlsb": xlsb, ".xls": xls}
