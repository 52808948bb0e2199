"""Write a table as people have it, and read it as series."""

import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.formats.options import reading_options
from rnnlab.series.loading import load_panel
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import find_season, note_guesses, understood

MONTHS = [each.date() for each in pd.date_range("1949-01", periods=144, freq="MS")]
NAMES = [f"{month:%b}" for month in pd.date_range("2000-01", periods=12, freq="MS")]


def load(path: Path, content: bytes | str, *read: str, **columns: str) -> Panel:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_panel(str(path), reading_options(read, **columns))


def said(panel: Panel) -> list[str]:
    season = find_season(panel, None)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        note_guesses(panel, season)
    return [understood(panel, season), *(str(note.message) for note in notes)]


def rows(y: np.ndarray, time: Callable[[int, date], str], number: str = "{:.0f}") -> str:
    return "".join(
        f"{time(n, month)}{number.format(v)}\n"
        for n, (month, v) in enumerate(zip(MONTHS, y, strict=True))
    )


def by_year(y: np.ndarray, separator: str = ",") -> str:
    years = y.astype(int).reshape(12, 12)
    return "".join(
        separator.join(map(str, [1949 + n, *year])) + "\n" for n, year in enumerate(years)
    )
