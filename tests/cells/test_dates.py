"""Dates as they are written elsewhere: Unix times, fiscal years, 2000年1月."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import NOTES_ALONE, said

from rnnlab.core.errors import InputError
from rnnlab.formats.options import reading_options
from rnnlab.series.loading import load_panel
from rnnlab.series.panel import Panel

pytestmark = NOTES_ALONE


def read(folder: Path, times: list[str], *pairs: str, header: str = "ds;y") -> Panel:
    path = folder / "x.csv"
    between = "7;" * (header.count(";") - 1 - times[0].count(";"))
    rows = [f"{time};{between}{n + 10}" for n, time in enumerate(times)]
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return load_panel(str(path), reading_options(pairs))


@pytest.mark.parametrize(
    ("unit", "ending"), [("s", ""), ("s", ".0"), ("ms", "000"), ("us", "0" * 6), ("ns", "0" * 9)]
)
@pytest.mark.parametrize("header", ["time;y", "time;a;y"])
def test_unix_times_are_dates(tmp_path: Path, unit: str, ending: str, header: str) -> None:
    times = [f"{1_600_000_000 + 3600 * n}{ending}" for n in range(5)]
    panel = read(tmp_path, times, *(["layout=wide"] if "a" in header else []), header=header)
    assert str(panel.ds[0]) == "2020-09-13T12:26:40"
    assert (np.diff(panel.ds[:5]) == np.timedelta64(1, "h")).all()
    assert any(
        f"in UTC, Unix time in {unit} (guessed; else --read dates=numbers)" in note
        for note in said(panel)
    )


def test_unix_times_as_numbers(tmp_path: Path) -> None:
    panel = read(tmp_path, ["1600000000", "1600000010", "1600000020"], "dates=numbers")
    np.testing.assert_array_equal(panel.ds, [1600000000, 1600000010, 1600000020])
    assert said(panel) == []


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (["1600000000", "1600000060000", "1600000120"], "Unix times of 2 units; write one unit"),
        (["1600000000001", "1600000060001", "1600000120001"], "write whole seconds"),
        (["1600000000", "16000x0060", "1600000120"], "row 3: column 'ds' holds '16000x0060'"),
    ],
)
def test_other_long_numbers_are_refused(tmp_path: Path, times: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, times)


def test_long_numbers_of_products_are_names_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"2020-01-0{n},{n},{n + 1},{n + 2}" for n in range(1, 7)]
    path.write_text("\n".join(["date,1600000000,1600000001,1600000002", *rows, ""]))
    assert len(load_panel(str(path), reading_options([])).ids) == 3


def test_long_numbers_that_are_values_are_no_times(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{n},{1600000000 + n * n},{n * n}" for n in range(1, 9)]
    path.write_text("\n".join(["n,gdp,people", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    assert panel.ids == ["gdp", "people"]
    np.testing.assert_array_equal(panel.ds[:3], [1, 2, 3])


@pytest.mark.parametrize(
    ("times", "first", "second"),
    [
        (["FY2000", "FY2001", "FY2002"], "2000-01-01", "2001-01-01"),
        (["FY 2000/01", "FY 2001/02", "FY 2002/03"], "2000-01-01", "2001-01-01"),
        (["FY2000 Q1", "FY2000 Q2", "FY2000 Q3"], "2000-01-01", "2000-04-01"),
        (["Q1 FY2000", "Q2 FY2000", "Q3 FY2000"], "2000-01-01", "2000-04-01"),
        (["FY98", "FY99", "FY00"], "1998-01-01", "1999-01-01"),
        (["2000年1月", "2000年2月", "2000年3月"], "2000-01-01", "2000-02-01"),
        (["2000年1月5日", "2000年1月6日", "2000年1月7日"], "2000-01-05", "2000-01-06"),
        (["2000年1月5日 10:00", "2000年1月5日 11:00", "2000年1月5日 12:00"], "2000-01-05T10", None),
        (["2000년 1월", "2000년 2월", "2000년 3월"], "2000-01-01", "2000-02-01"),
        (["2000年", "2001年", "2002年"], "2000-01-01", "2001-01-01"),
        (["2000年度", "2001年度", "2002年度"], "2000-01-01", "2001-01-01"),
        (["2000年第1四半期", "2000年第2四半期", "2000年第3四半期"], "2000-01-01", "2000-04-01"),
        (
            ["２０００－０１－０１", "２０００－０１－０２", "２０００－０１－０３"],
            "2000-01-01",
            None,
        ),
    ],
)
def test_years_and_months_of_elsewhere(
    tmp_path: Path, times: list[str], first: str, second: str | None
) -> None:
    panel = read(tmp_path, times)
    assert panel.ds.dtype == "datetime64[s]"
    assert panel.ds[0] == np.datetime64(first)
    assert second is None or panel.ds[1] == np.datetime64(second)


def test_a_row_a_year_with_months_of_japan(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [",".join(map(str, [year, *range(year, year + 12)])) for year in (2000, 2001, 2002)]
    header = ",".join(["年", *(f"{n}月" for n in range(1, 13))])
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    panel = load_panel(str(path), reading_options([]))
    assert panel.ds[12] == np.datetime64("2001-01-01")
    assert panel.y[12] == 2001


def test_fiscal_years_beside_dates_are_no_times(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"2020-01-0{n},FY2020,{n}" for n in range(1, 7)]
    path.write_text("\n".join(["date,fiscal,y0", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    assert panel.ds[1] == np.datetime64("2020-01-02")


def test_long_numbers_in_the_first_column_that_do_not_grow_are_values(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{1700000000 - n % 3},{2000 + n},{n % 4}" for n in range(9)]
    path.write_text("\n".join(["gdp,x,b", *rows, ""]))
    assert load_panel(str(path), reading_options([])).ids == ["b", "gdp"]


def test_unix_times_in_parquet(tmp_path: Path) -> None:
    path = str(tmp_path / "x.parquet")
    times = [1_600_000_000 + 3600 * n for n in range(5)]
    pd.DataFrame({"ds": times, "y": range(5)}).to_parquet(path)
    panel = load_panel(path, reading_options([]))
    assert panel.table.notes[0].startswith("1600000000 as 2020-09-13 12:26:40 in UTC")
    assert str(panel.ds[0]) == "2020-09-13T12:26:40"
    np.testing.assert_array_equal(load_panel(path, reading_options(["dates=numbers"])).ds, times)


def on(first: str, apart: str, count: int = 6) -> list[str]:
    """Dates as a spreadsheet counts their days."""
    days = np.arange(np.datetime64(first), np.datetime64("2100"), np.timedelta64(1, apart))
    return [str(int(day)) for day in (days[:count].astype("datetime64[D]") - EXCEL).astype(int)]


EXCEL = np.datetime64("1899-12-30")


@pytest.mark.parametrize("header", ["date;y", "Datum;a;y", "order date;y", "period;y"])
@pytest.mark.parametrize(("first", "apart"), [("2020-01-01", "D"), ("2020-01-06", "W"),
                                              ("2020-01", "M")])  # fmt: skip
def test_days_of_a_spreadsheet(tmp_path: Path, header: str, first: str, apart: str) -> None:
    times = on(first, apart)
    options = ["layout=wide"] if header.count(";") > 1 else []
    panel = read(tmp_path, times, *options, header=header)
    assert str(panel.ds[0])[:7] == "2020-01"
    assert (np.diff(panel.ds[:6].astype(f"datetime64[{apart}]")).astype(int) == 1).all()
    guess = f"{times[0]} as {panel.ds[0].astype('datetime64[D]')}, the number of a day"
    assert any(guess in note and "else --read dates=numbers" in note for note in said(panel))
    if apart != "M":
        panel = read(tmp_path, times, *options, "dates=numbers", header=header)
        assert panel.ds[0] == int(times[0])


def test_working_days_of_a_spreadsheet_newest_first(tmp_path: Path) -> None:
    days = [day for n, day in enumerate(on("2020-01-06", "D", 40)) if n % 7 < 5]
    panel = read(tmp_path, days[::-1], header="Date;y")
    assert str(panel.ds[0])[:10] == "2020-01-06"
    assert len(panel.y) == len(days)


@pytest.mark.parametrize(
    ("header", "times"),
    [
        ("step;y", [str(20000 + n) for n in range(9)]),
        ("customer_id;y", [str(20000 + n) for n in range(9)]),
        ("period;y", [str(20000 + 100 * n) for n in range(9)]),
        ("period;y", [str(70000 + n) for n in range(9)]),
    ],
)
def test_other_numbers_stay_numbers(tmp_path: Path, header: str, times: list[str]) -> None:
    panel = read(tmp_path, times, header=header)
    np.testing.assert_array_equal(panel.ds, [*map(int, times)])


@pytest.mark.parametrize("gap", [1, 7, 3])
def test_values_like_days_of_a_spreadsheet_beside_years(tmp_path: Path, gap: int) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{30000 + gap * n},{2000 + n}" for n in range(9)]
    path.write_text("\n".join(["population,year", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    np.testing.assert_array_equal(panel.y, 30000 + gap * np.arange(9))


def test_days_of_a_spreadsheet_in_parquet(tmp_path: Path) -> None:
    path = str(tmp_path / "x.parquet")
    pd.DataFrame({"ds": [*map(int, on("2020-01-01", "D"))], "y": range(6)}).to_parquet(path)
    panel = load_panel(path, reading_options([]))
    assert panel.table.notes[0].startswith("43831 as 2020-01-01, the number of a day")
    assert str(panel.ds[0])[:10] == "2020-01-01"


@pytest.mark.parametrize(
    "form", ["2020-01-{:02} {:02}:00", "2020-01-{:02}T{:02}:00:00", "{:02}.01.2020 {:02}:00"]
)
@pytest.mark.parametrize("ending", ["", "+01:00"])
def test_hour_24_is_midnight(tmp_path: Path, form: str, ending: str) -> None:
    times = [form.format(day, hour) + ending for day in range(14, 16) for hour in range(1, 25)]
    panel = read(tmp_path, times)
    assert str(panel.ds[23]) == "2020-01-15T00:00:00"
    assert (np.diff(panel.ds) == np.timedelta64(1, "h")).all()


def test_the_last_hour_of_a_year(tmp_path: Path) -> None:
    times = [f"31.12.2020 {hour}:00" for hour in range(20, 25)]
    assert str(read(tmp_path, times).ds[-1]) == "2021-01-01T00:00:00"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (range(24), "times of 'date' and 'hour' (guessed; else --time COLUMN)"),
        (range(1, 25), "times of 'date' and 'hour', whose hour 1 begins at 0:00 (guessed; else"),
    ],
)
def test_hours_beside_a_date(tmp_path: Path, hours: range, words: str) -> None:
    times = [f"2020-01-{day:02};{hour}" for day in range(1, 6) for hour in hours]
    panel = read(tmp_path, times, header="date;hour;y")
    assert str(panel.ds[0]) == "2020-01-01T00:00:00"
    assert (np.diff(panel.ds) == np.timedelta64(1, "h")).all()
    assert words in said(panel)[0]


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("ds;y", "{}-{:02}"), ("ds;y", "{}{:02}"), ("ds;y", "{}M{:02}"), ("ds;y", "{}P{:02}"),
        ("ds;y", "P{1}/{0}"), ("year;month;y", "{};{}"), ("year;period;y", "{};P{:02}"),
    ],
)  # fmt: skip
def test_a_calendar_of_13_periods_is_refused(tmp_path: Path, header: str, form: str) -> None:
    times = [form.format(2019 + n // 13, n % 13 + 1) for n in range(30)]
    with pytest.raises(InputError, match="a 13th month: a calendar of 13 periods of four weeks"):
        read(tmp_path, times, header=header)


def test_a_season_that_ends_in_a_13th_year_is_no_13th_month(tmp_path: Path) -> None:
    panel = read(tmp_path, [f"{2000 + n}/{n + 1:02}" for n in range(5, 13)])
    assert str(panel.ds[-1])[:4] == "2012"


def test_a_week_that_a_year_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'2020-W54', but 2020 has 53 weeks; write the first day"):
        read(tmp_path, [f"2020-W{week}" for week in range(40, 55)])
