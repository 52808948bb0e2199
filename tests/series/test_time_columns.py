"""Which columns of a table hold its times, and what their texts mean."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from layouts import MONTHS, NAMES, by_year, load, said

from rnnlab.core.errors import InputError
from rnnlab.series.seasons import find_season
from rnnlab.tables.reading import read_table


@pytest.mark.parametrize(
    "header", ["Year,Month,Sold,Shop", "Shop,year,month,Sold", "year,Shop,Sold,month"]
)
def test_whole_numbers_with_a_fraction_are_years_and_months(
    tmp_path: Path, airline: np.ndarray, header: str
) -> None:
    """As pandas writes them where a cell of the column was empty once; the shop is always 7."""
    names = header.lower().split(",")
    cells = [
        {"year": f"{m.year}.0", "month": f"{m.month}.0", "sold": f"{v}", "shop": "7.0"}
        for m, v in zip(MONTHS, airline, strict=True)
    ]
    text = "\n".join([header, *(",".join(row[name] for name in names) for row in cells)])
    panel = load(tmp_path / "float.csv", text, value="Sold")
    np.testing.assert_array_equal(panel.y, airline)
    assert panel.ds.astype("datetime64[D]").tolist() == MONTHS
    years = re.sub(r"(?m)^(\d{4})", r"\1.0", by_year(airline))
    panel = load(tmp_path / "matrix.csv", f"YEAR,{','.join(NAMES).upper()}\n{years}")
    np.testing.assert_array_equal(panel.y, airline)
    assert panel.ds.astype("datetime64[D]").tolist() == MONTHS


@pytest.mark.parametrize(
    "header", ["population,year", "population,Jahr", "number,date", "sales,a", "a,b"]
)
def test_the_time_may_stand_behind_the_values(tmp_path: Path, header: str) -> None:
    """Round numbers are evenly spaced, too, if they grow by as much each year."""
    month = header == "number,date"
    times = [f"2001-{n:02}" if month else str(2000 + n) for n in range(1, 13)]
    values = [n * n if header == "a,b" else 90 + 10 * n for n in range(1, 13)]
    lines = "".join(f"{value},{time}\n" for value, time in zip(values, times, strict=True))
    panel = load(tmp_path / "mine.csv", f"{header}\n{lines}")
    np.testing.assert_array_equal(panel.y, values)
    assert find_season(panel, None).spacing == ("monthly" if month else "yearly")
    assert panel.table.notes == [
        "times in {1!r} (guessed; else --time {0})".format(*header.split(","))
    ]


@pytest.mark.parametrize("text", ["a,b\n1,9\n2,7\n4,8\n", "t,b\n1,5\n2,6\n4,7\n",
    "a,b\n1,1500\n2,1700\n3,1600\n", "a,data\n1,1500\n2,1700\n3,1600\n", "x,y\n3,5\n4,6\n5,7\n",
    "a,b\n2001,5\n2002,6\n2004,7\n", "day,y\n1,2001\n2,2002\n3,2003\n"])  # fmt: skip
def test_the_first_of_two_columns_is_the_time_otherwise(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.csv").write_text(text)
    table = read_table(str(tmp_path / "mine.csv"))
    assert table.value == text.split()[0].partition(",")[2]
    assert table.notes == []


def test_years_behind_values_that_look_like_years(tmp_path: Path) -> None:
    lines = "".join(f"{1500 + n * n},{n % 3},{2000 + n}\n" for n in range(12))
    panel = load(tmp_path / "mine.csv", f"a,b,c\n{lines}")
    assert panel.ids == ["a", "b"]
    assert panel.ds[0] == np.datetime64("2000-01-01")
    assert "times in 'c' (guessed; else --time COLUMN)" in panel.table.notes


@pytest.mark.parametrize("form", ["{}", "{:02}:00", "{:02}:00:00"])
@pytest.mark.parametrize("day", ["%Y-%m-%d", "%d.%m.%Y"])
def test_an_hour_beside_a_date(tmp_path: Path, form: str, day: str) -> None:
    hours = pd.date_range("2020-01-11", periods=240, freq="h")
    lines = "".join(
        f"{n + 1},{hour:{day}},{form.format(hour.hour)},{n % 24}\n" for n, hour in enumerate(hours)
    )
    panel = load(tmp_path / "mine.csv", f"instant,dteday,hr,cnt\n{lines}")
    np.testing.assert_array_equal(panel.ds, hours.to_numpy().astype("datetime64[s]"))
    assert find_season(panel, None).spacing == "hourly"
    assert "times of 'dteday' and 'hr' (guessed; else --time COLUMN)" in panel.table.notes


def test_an_hour_that_is_a_feature_is_no_time(tmp_path: Path) -> None:
    """Two shops that open at 8 or 9 on some days."""
    lines = "".join(f"2020-01-{n:02},{k},{8 + n % 2},{n * n}\n" for n in range(1, 21) for k in "ab")
    panel = load(tmp_path / "mine.csv", f"date,shop,hour,sales\n{lines}")
    assert panel.ids == ["a", "b"]
    assert find_season(panel, None).spacing == "daily"


def test_a_column_named_period_need_not_be_the_time(tmp_path: Path) -> None:
    text = "unique_id,period,step,y\n" + "".join(f"a,4,{n},{n * n}\n" for n in range(1, 9))
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.ds, range(1, 9))


PERIODS = {
    "2015-W01": ("weekly", lambda n: "{}-W{:02}".format(*WEEKS[n].isocalendar()[:2])),
    "1949Q1": ("quarterly", lambda n: f"{1949 + n // 4}Q{n % 4 + 1}"),
    "1949/50": ("yearly", lambda n: f"{1949 + n}/{(50 + n) % 100:02}"),
    "202001": ("monthly", lambda n: f"{2020 + n // 12}{n % 12 + 1:02}"),
}
WEEKS = pd.date_range("2014-12-29", periods=60, freq="7D")


@pytest.mark.parametrize("form", PERIODS)
def test_periods_as_offices_write_them(tmp_path: Path, form: str) -> None:
    spacing, write = PERIODS[form]
    assert write(0) == form
    text = "time,n\n" + "".join(f"{write(n)},{n * n}\n" for n in range(60))
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.y, np.arange(60) ** 2)
    assert find_season(panel, None).spacing == spacing


@pytest.mark.parametrize("bad", ["Total", "soon", "31.02.2015", "2015-03-01"])
def test_the_row_that_is_no_time_is_named(tmp_path: Path, bad: str) -> None:
    text = f"d;n\n01.01.2015;1\n01.02.2015;2\n{bad};3\n01.04.2015;4\n01.05.2015;5\n"
    with pytest.raises(InputError, match=f"row 4: column 'd' holds '{bad}'"):
        load(tmp_path / "mine.csv", text)


@pytest.mark.parametrize("bad", ["2015-13-01", "2015-O4-01", "Decc 2015", "December", ""])
def test_a_mistyped_last_date_is_no_total(tmp_path: Path, bad: str) -> None:
    text = f"d,n\n2015-01-01,1\n2015-02-01,2\n2015-03-01,3\n{bad},4\n"
    with pytest.raises(InputError, match=f"row 5: column 'd' holds '{bad}'"):
        load(tmp_path / "mine.csv", text)


def autumn(offset: bool, start: str = "2023-10-28", zone: str = "Europe/London") -> list[str]:
    times = pd.date_range(start, periods=144, freq="30min", tz=zone)
    return [time.isoformat() if offset else f"{time:%Y-%m-%d %H:%M}" for time in times]


def test_local_times_that_repeat_are_read_in_utc(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"{time},{n % 48}\n" for n, time in enumerate(autumn(True)))
    panel = load(tmp_path / "mine.csv", f"time,n\n{lines}")
    assert panel.y.tolist() == [n % 48 for n in range(144)]
    assert str(panel.ds[0]) == "2023-10-27T23:00:00"
    assert "times in UTC, since local ones repeat when summer time ends" in said(panel)[1]
    assert "not in time order" not in capsys.readouterr().err


def test_series_of_two_zones_keep_their_hours(tmp_path: Path) -> None:
    lines = [
        f"{name},{time},{n % 24}\n"
        for name, zone in (("a", "Europe/Paris"), ("b", "Europe/London"))
        for n, time in enumerate(autumn(True, "2023-05-01", zone))
    ]
    panel = load(tmp_path / "mine.csv", "unique_id,ds,y\n" + "".join(lines))
    assert [str(panel.ds[place]) for place in panel.offsets[:-1]] == ["2023-05-01T00:00:00"] * 2
    assert not panel.notes


def test_a_time_twice_in_autumn_may_be_the_end_of_summer_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"{time},{n % 48}\n" for n, time in enumerate(autumn(False)))
    with pytest.raises(InputError, match="keep one row; if summer time ends there, write") as error:
        load(tmp_path / "mine.csv", f"time,n\n{lines}")
    assert "2023-10-29T01:00:00 twice" in str(error.value)
    assert "not in time order" not in capsys.readouterr().err
    for day in ("2023-10-", "2023-05-"):
        hours = "" if day == "2023-10-" else "T00:00"
        text = "".join(f"{day}{n:02}{hours},{n}\n" for n in [*range(1, 9), 4])
        with pytest.raises(InputError, match=r"keep one row$"):
            load(tmp_path / "days.csv", f"time,n\n{text}")
        assert "not in time order" not in capsys.readouterr().err
