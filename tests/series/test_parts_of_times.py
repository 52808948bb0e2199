"""Times in parts: of a day beside a date or in the header, and of years in one column."""

from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnlab.core.errors import InputError
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
        ([f"h{hour}" for hour in range(1, 25)], "2020-01-01T00:00", "2020-01-20T23:00"),
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
    begins = ", whose hour 1 begins at 0:00" if names[0] == "h1" else ""
    times = f"{names[0]!r} to {names[-1]!r} its times{begins}"
    assert panel.notes == [f"a row a day, {times} (guessed; else --read layout=wide)"]
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
        ("hour", [(n,) for n in range(1, 25)], "2020-01-20T23:00"),
        ("hour,minute", [(h, m) for h in range(1, 25) for m in (0, 30)], "2020-01-20T23:30"),
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
    begins = ", whose hour 1 begins at 0:00" if cells[-1][0] == 24 else ""
    assert panel.notes == [
        f"times of '{joined}' and {names.split(',')[-1]!r}{begins} (guessed; else --time COLUMN)"
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


YEARS = [f"{year}" for year in range(1990, 1996)]
QUARTERS = [f"{year} Q{quarter}" for year in YEARS for quarter in range(1, 5)]
MONTHS = [f"{day:%Y %b}".upper() for day in pd.date_range("1990-01", "1995-12", freq="MS")]


def an_office(*times: list[str]) -> str:
    rows = [f'"{time}","{n}"' for n, time in enumerate(chain(*times))]
    return "\n".join(['"Title","Guests"', '"CDID","ABCD"', '"Unit","thousands"', *rows, ""])


@pytest.mark.parametrize(
    ("read", "count", "first", "said"),
    [
        (
            [],
            72,
            30,
            "monthly rows; without 6 yearly and 24 quarterly ones "
            "(guessed; else --read frequency=quarter)",
        ),
        (["frequency=quarter"], 24, 6, "quarterly rows; without 6 yearly and 72 monthly ones"),
        (["frequency=year"], 6, 0, "yearly rows; without 24 quarterly and 72 monthly ones"),
    ],
)
def test_years_quarters_and_months_in_one_column(
    tmp_path: Path, read: list[str], count: int, first: int, said: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(an_office(YEARS, QUARTERS, MONTHS))
    panel = load_panel(str(path), reading_options(read))
    np.testing.assert_array_equal(panel.y, np.arange(first, first + count))
    assert str(panel.ds[0]) == "1990-01-01T00:00:00"
    assert said in panel.notes
    assert panel.table.row_of(0) == first + 4


def test_of_several_frequencies_the_finest_that_is_whole_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(an_office(YEARS, QUARTERS, MONTHS[:30] + MONTHS[40:]))
    assert len(load_panel(str(path), reading_options([])).y) == 24
    path.write_text(an_office(YEARS, MONTHS))
    assert len(load_panel(str(path), reading_options([])).y) == 72
    path.write_text(an_office(YEARS[:2] + YEARS[3:], MONTHS[:30] + MONTHS[40:]))
    with pytest.raises(InputError, match="add --read frequency=month or year"):
        load_panel(str(path), reading_options([]))
    # one year among months is a mistake, and no frequency
    path.write_text(an_office(MONTHS[:30], YEARS[:1], MONTHS[31:]))
    with pytest.raises(InputError, match="1990-01-01 twice"):
        load_panel(str(path), reading_options([]))
