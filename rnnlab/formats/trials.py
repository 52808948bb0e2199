"""Readers that a damaged file may end together with Python: tried in a process of their own."""

import subprocess
import sys

TRIAL = """
import io, sys, {library}
content = io.BytesIO(sys.stdin.buffer.read())
try:
    {read}
except Exception:
    # which the process that asks sees, too
    pass
"""
SHEETS = "[each.to_python() for book in [python_calamine.load_workbook(content)]"
SHEETS += " for each in map(book.get_sheet_by_name, book.sheet_names)]"


def survives_sheets(content: bytes) -> bool:
    """Whether the reader of an old spreadsheet, which has no checksums, comes back from it."""
    return _survives("python_calamine", SHEETS, content)


def survives_statistics(reader: str, content: bytes) -> bool:
    """Whether a reader of pyreadstat comes back from a file."""
    return _survives("pyreadstat", f"pyreadstat.{reader}(content)", content)


def _survives(library: str, read: str, content: bytes) -> bool:
    code = TRIAL.format(library=library, read=read)
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    return done.returncode == 0
