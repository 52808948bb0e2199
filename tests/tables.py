"""Small tables of series, as users have them."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from rnnlab.core.params import SeriesData
from rnnlab.series.loading import read_panel
from rnnlab.series.panel import Panel

# a warning of pandas on stderr is a line that the user can't use; a note of our own is not
NOTES_ALONE = pytest.mark.filterwarnings("error", "ignore::rnnlab.core.notes.InputWarning")
TABLE = "unique_id,ds,y\n"


def data_of(csv: Path | str = "x.csv", **changes) -> SeriesData:
    settings = {"period": 12, "test_fraction": 0.3, "validation_fraction": 0.15}
    settings |= dict.fromkeys(("test_steps", "validation_steps"))
    settings |= dict.fromkeys(("id_column", "time_column", "value_column"))
    # test_params.py tests that a path stays inside the project
    return SeriesData.model_construct(**{**settings, **changes}, csv=str(csv))


def read(folder: Path, text: str, name: str = "series.csv", **changes) -> Panel:
    """Write a table into ``folder`` and read it as a panel."""
    path = folder / name
    path.write_bytes(text.encode())
    return read_panel(data_of(path, **changes))


def month(number: int) -> str:
    return f"{1949 + number // 12}-{number % 12 + 1:02}"


def long_table(values: Iterable, unique_id: str = "a") -> str:
    return "".join(f"{unique_id},{month(n)}-01,{value}\n" for n, value in enumerate(values))


GOOD = long_table([1, 2, 3, 4, 5])


def said(panel: Panel) -> list[str]:
    """What was guessed of its table."""
    assert panel.table is not None
    return panel.table.notes
