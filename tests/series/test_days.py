"""Times that are parts of a day in columns of their own, or in the header."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnlab.formats.options import reading_options
from rnnlab.series.loading import load_panel

DAYS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2020-01-01", periods=20)]
HALF_HOURS = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(30, 1441, 30)]


def a_row_a_day(names: list[str]) -> str:
    rows = (
        [day, *map(str, range(n * len(names), (n + 1) * len(names)))] for n, day in enumerate(DAYS)
    )
    return "".join(",".join(row) + "\n" for row in [["date", *names], *rows])


@pytest.mark.parametrize(
    ("names", "first", "last"),
    [
        (HALF_HOURS, "2020-01-01T00:30", "2020-01-21T00:00"),
        ([f"h{hour}" for hour in range(1, 25)], "2020-01-01T01:00", "2020-01-21T00:00"),
        ([f"{hour}:00" for hour in range(24)], "2020-01-01T00:00", "2020-01-20T23:00"),
    ],
)
def test_a_column_a_time_of_day(tmp_path: Path, names: list[str], first: str, last: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(a_row_a_day(names))
    panel = load_panel(str(path), reading_options([]))
    assert panel.ids == ["mine"]
    np.testing.assert_array_equal(panel.y, np.arange(20 * len(names)))
    assert (panel.ds[0], panel.ds[-1]) == (np.datetime64(first), np.datetime64(last))
    said = (
        f"a row a day, {names[0]!r} to {names[-1]!r} its times (guessed; else --read layout=wide)"
    )
    assert panel.notes == [said]
    assert len(load_panel(str(path), reading_options(["layout=wide"])).ids) == len(names)


def test_clock_times_that_are_no_whole_day_are_series(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(a_row_a_day(["08:00", "12:00", "16:00", "20:00"]))
    assert len(load_panel(str(path), reading_options([])).ids) == 4


@pytest.mark.parametrize(
    ("names", "cells", "last"),
    [
        ("hour,minute", [(h, m) for h in range(24) for m in (0, 15, 30, 45)], "2020-01-20T23:45"),
        ("SETTLEMENT_PERIOD", [(n,) for n in range(1, 49)], "2020-01-20T23:30"),
        ("quarter_hour", [(n,) for n in range(1, 97)], "2020-01-20T23:45"),
        ("hour", [(n,) for n in range(1, 25)], "2020-01-21T00:00"),
    ],
)
def test_parts_of_a_day_beside_a_date(
    tmp_path: Path, names: str, cells: list[tuple[int, ...]], last: str
) -> None:
    rows = [",".join(map(str, [day, *cell, n])) for day in DAYS for n, cell in enumerate(cells)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([f"date,{names},load", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    assert len(panel.y) == 20 * len(cells)
    assert panel.ds[-1] == np.datetime64(last)
    joined = "', '".join(["date", *names.split(",")][:-1])
    assert panel.notes == [
        f"times of '{joined}' and {names.split(',')[-1]!r} (guessed; else --time COLUMN)"
    ]


def test_24_00_ends_a_day(tmp_path: Path) -> None:
    rows = [
        f"{day[8:]}/{day[5:7]}/2020 {hour:02}:00,{hour}" for day in DAYS for hour in range(1, 25)
    ]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["ts,y", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    assert [str(time) for time in panel.ds[22:25]] == [
        "2020-01-01T23:00:00",
        "2020-01-02T00:00:00",
        "2020-01-02T01:00:00",
    ]
