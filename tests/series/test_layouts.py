"""The tables that people have: how they are read, and what is asked where two readings exist."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from layouts import MONTHS, NAMES, by_year, load, rows, said

from rnnlab.core.errors import InputError
from rnnlab.formats.options import reading_options
from rnnlab.series.seasons import find_season

AIRLINE: dict[str, Callable[[np.ndarray], str | bytes]] = {
    "Jan-49": lambda y: "Month,Passengers\n" + rows(y, lambda _, m: f"{m:%b-%y},"),
    "Jan 1949": lambda y: "Month,Passengers\n" + rows(y, lambda _, m: f"{m:%b %Y},"),
    "1949M01": lambda y: "TIME_PERIOD,OBS_VALUE\n" + rows(y, lambda _, m: f"{m.year}M{m:%m},"),
    "a row a year": lambda y: f"Year,{','.join(NAMES)}\n" + by_year(y),
    "a row a year, numbers": lambda y: f"Year,{','.join(map(str, range(1, 13)))}\n" + by_year(y),
    "R": lambda y: "rownames,time,value\n" + rows(y, lambda n, _: f"{n + 1},{1949 + n / 12:.12g},"),
    "R, short": lambda y: ",time,value\n" + rows(y, lambda n, _: f"{n + 1},{1949 + n / 12:.7g},"),
    "semicolons": lambda y: "Monat;Wert\n" + rows(y, lambda _, m: f"01.{m:%m.%Y};", "{:.0f},0"),
    "thousands": lambda y: "Month,Passengers\n" + rows(y, lambda _, m: f"{m},", '"{:.0f},000"'),
    "utf-16": lambda y: ("Month\tPassengers\n" + rows(y, lambda _, m: f"{m}\t")).encode("utf-16"),
    "latin-1": lambda y: ("Monat;Gäste\n" + rows(y, lambda _, m: f"{m};")).encode("latin-1"),
    "three columns": lambda y: "year,month,value\n" + rows(y, lambda _, m: f"{m.year},{m.month},"),
    "month's name": lambda y: "Year,Month,n\n" + rows(y, lambda _, m: f"{m.year},{m:%B},"),
    "title and footer": lambda y: (
        'Table 7: guests\n\nMonth,"Guests, all"\n' + rows(y, lambda _, m: f"{m},") + "Source: us\n"
    ),
    "Excel's hint": lambda y: "sep=;\nMonth;n\n" + rows(y, lambda _, m: f"{m};"),
    "constant column": lambda y: "geo,time,n\n" + rows(y, lambda _, m: f"DE,{m},"),
}


@pytest.mark.parametrize("form", AIRLINE)
def test_the_airline_series_in_the_forms_in_which_it_circulates(
    tmp_path: Path, airline: np.ndarray, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = load(tmp_path / "mine.csv", AIRLINE[form](airline))
    assert panel.ids == ["mine"]
    np.testing.assert_array_equal(panel.y, airline * (1000 if form == "thousands" else 1))
    np.testing.assert_array_equal(panel.ds, np.array(MONTHS, dtype="datetime64[s]"))
    lines = said(panel)
    assert len(lines) <= 2
    assert lines[0].startswith(f"{tmp_path}/mine.csv: one series, monthly, 1949-01 to 1960-12")
    assert lines[0].endswith("; period 12 (autocorrelation 0.94)")
    assert capsys.readouterr().err == ""


def test_what_is_guessed_is_said(tmp_path: Path, airline: np.ndarray) -> None:
    notes = {form: load(tmp_path / "m.csv", AIRLINE[form](airline)).table.notes for form in AIRLINE}
    assert notes["Jan-49"] == ["year 49 as 1949 (guessed; else --read century=2000)"]
    assert notes["thousands"] == ["'112,000' read as 112000 (guessed; else --read decimal=comma)"]
    assert notes["latin-1"] == ["letters in cp1252 (guessed; else --read encoding=NAME)"]
    assert notes["R"] == ["without column 'rownames'"]
    day_first = "'01.01.1949' day first (guessed; else --read dates=month-first)"
    assert notes["semicolons"] == [day_first]
    assert notes["three columns"] == notes["a row a year"] == []


def test_options_say_otherwise(tmp_path: Path, airline: np.ndarray) -> None:
    path = tmp_path / "mine.csv"
    panel = load(path, AIRLINE["thousands"](airline), "decimal=comma")
    np.testing.assert_array_equal(panel.y, airline)
    panel = load(path, AIRLINE["Jan-49"](airline), "century=2000")
    assert panel.ds[0] == np.datetime64("2049-01-01")
    panel = load(path, AIRLINE["a row a year, numbers"](airline), "layout=wide")
    assert len(panel.ids) == 12
    assert panel.y[panel.span(panel.ids.index("12"))][-1] == 432
    text = "ds,y\n" + "".join(f"0{n}/02/2020,{n}\n" for n in range(1, 6))
    assert load(path, text, "dates=month-first").ds[1] == np.datetime64("2020-02-02")
    assert load(path, text, "dates=day-first").ds[1] == np.datetime64("2020-02-02T00:00:00")


@pytest.mark.parametrize("row", ["Source: an office,,", "Source: an office"])
def test_a_footer_below_values_in_front(tmp_path: Path, row: str) -> None:
    text = f"y,unique_id,ds\n1,a,2020-01\n2,a,2020-02\n4,a,2020-03\n{row}\n"
    np.testing.assert_array_equal(load(tmp_path / "mine.csv", text).y, [1, 2, 4])


def test_a_wide_table_is_a_series_a_column(tmp_path: Path, airline: np.ndarray) -> None:
    text = "date;b;a\n" + rows(airline, lambda n, m: f"{m};{n % 7},5;")
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["a", "b"]
    np.testing.assert_array_equal(panel.y[:144], airline)
    np.testing.assert_array_equal(panel.y[144:], np.arange(144) % 7 + 0.5)
    assert "a series a column (guessed; else --value COLUMN)" in said(panel)[1]
    panel = load(tmp_path / "mine.csv", text, value="a")
    assert panel.ids == ["mine"]
    np.testing.assert_array_equal(panel.y, airline)


def test_many_columns_take_no_more_time_each(tmp_path: Path) -> None:
    """Twenty thousand took over half a minute once."""
    names = [f"s{n}x" for n in range(20_000)]
    lines = "".join(f"2020-{n:02}{f',{n}' * len(names)}\n" for n in range(1, 4))
    start = time.process_time()
    panel = load(tmp_path / "mine.csv", f"date,{','.join(names)}\n{lines}")
    assert time.process_time() - start < 15
    assert len(panel.ids) == len(names)


@pytest.mark.parametrize("form", ['"{0:%Y %b}",', '"{0:%b-%y}",', '"{0.day}. {0:%B} {0:%Y}",'])
def test_lines_that_describe_columns_below_the_header(
    tmp_path: Path, airline: np.ndarray, form: str
) -> None:
    """As the British Office for National Statistics has them."""
    lines = rows(airline, lambda _, m: form.format(m).upper(), '"{:.0f}"')
    head = '"Title","Passengers: total"\n"CDID","ABCD"\n"PreUnit",""\n"Release date","16-02-2020"\n'
    panel = load(tmp_path / "mine.csv", head + lines)
    np.testing.assert_array_equal(panel.y, airline)
    assert panel.ds.astype("datetime64[D]").tolist() == MONTHS
    assert "without the 3 lines below the header" in panel.table.notes
    gaps = load(tmp_path / "mine.csv", "date,n\n2020-01,\n2020-02,6\n2020-03,7\n2020-04,7\n")
    assert gaps.ds[0] == np.datetime64("2020-02-01")
    assert gaps.table.notes == []
    with pytest.raises(InputError, match="row 2: column"):
        load(tmp_path / "mine.csv", "date,n\nsoon,5\n2020-02,6\n2020-03,7\n2020-04,7\n")


def test_a_line_names_the_first_of_many_columns(tmp_path: Path) -> None:
    header = ",".join(["name", *(f"v{n * n}" for n in range(40))])
    text = f"{header}\na{',1' * 40}\nb{',2' * 40}\n"
    with pytest.raises(InputError, match=r"columns name, v0, .*, v100 and 29 more, none of"):
        load(tmp_path / "mine.csv", text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("d;y\n2020-01;1.234\n2020-02;2.345\n2020-03;3.456\n",
         "row 2: column 'y' holds '1.234', which is 1.234 or 1234; add --read decimal=point or"),
        ("d;y\n2020-01;1,234\n2020-02;2,345\n2020-03;3,456\n", "--read decimal=point or"),
        ("d;y\n2020-01;1,5\n2020-02;2.5\n2020-03;3\n", "row 3: column 'y' holds '2.5', but the"),
        ("d,y\n01/02/2020,1\n01/03/2020,2\n01/04/2020,3\n", "--read dates=day-first or"),
        ("d,y\n01/02/20,1\n01/03/20,2\n01/04/20,3\n", "--read dates=day-first or"),
        ("Year,1,2,3,4\n2020,1,2,3,4\n2021,4,5,6,7\n", "--read layout=matrix or layout=wide"),
        (f"Year,{','.join(NAMES[9:] + NAMES[:9])}\n2020,1,2,3,4,5,6,7,8,9,1,2,3\n",
         "begin with 'Oct'"),
        ("shop,date,n\na,2019-01,1\na,2019-02,2\nb,2019-03,3\n", "add --id shop, or --time date"),
        ("a,b,date,n\nx,u,2019-01,1\nx,v,2019-01,2\ny,u,2019-01,3\n", "a, b; add --id COLUMN"),
        ("from,to,n\n2019-01-01,2019-01-31,1\n2019-02-01,2019-02-28,2\n", "from, to; add --time"),
        ("date,a,b\n2020-01,1,2\n2020-02,3,3\n2020-02,4,5\n", "'date' holds '2020-02' twice"),
        ("Year,Jan,Feb,Mar\n2020,1,2,3\n2021,4,5,6\n2022,5,6,7\n", "but none for M4; add it"),
        ("d,n\n2020-01-01,1\n02/01/2020,2\n2020-03-01,3\n", "row 3: column 'd' holds '02/01"),
        ("id,Year,Period,Value\na,2020,M01,1\na,2020,M13,2\n", "'Period' holds M13, which is"),
        ("Year,Q1,Q2,Q3,Q4\n2019/20,1,2,3,4\n2020/21,4,5,6,7\n", "'2019/20': write the calendar"),
        ("date,n\n2020-01,1\n2020-02,x\n2020-03,2\n", "row 3: column 'n' holds 'x'; write"),
        ("date,n\n2020-01,1\nsoon,2\n2020-03,2\n", "row 3: column 'date' holds 'soon'"),
        ("date,n\n2020-01,1\n2020-02,2\n2020-02,2\n2020-03,2\n", r"2020-02-01 twice \(row 4\)"),
        ("date,n\n2020-01,1\n2020-02,2\n2020-03-15,2\n2020-03-16,2\n", r"even.* \(row 4\)"),
        ("date,n\n2020-01,1,234\n2020-02,2,345\n", "row 2: .*has more cells than the header"),
        ("date,name\n2020-01,a\n2020-02,b\n", "column 'name' holds 'a'; write a number"),
        ("a,b,c\nx,y,z\nu,v,w\n", "none of which holds times"),
        ("a,b\n1996,2001\n1998,2002\n2000,2003\n", "the times are in one of a, b; add"),
        ("a,b\n10,2001\n20,2002\n30,2003\n", "the times are in one of a, b; add --time COLUMN"),
    ],
)  # fmt: skip
def test_two_readings_or_none_are_refused_in_a_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        load(tmp_path / "mine.csv", text)
    assert str(error.value).startswith(f"{tmp_path}/mine.csv: ")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("pair", ["decimal", "decimal=", "sign=comma", "decimal=dot", "id=a"])
def test_unknown_ways_to_read(pair: str) -> None:
    with pytest.raises(InputError, match=f"--read {pair}: write "):
        reading_options([pair])


@pytest.mark.parametrize(
    ("frequency", "period", "spacing"),
    [("MS", 12, "monthly"), ("ME", 12, "monthly"), ("QS", 4, "quarterly"), ("W", 52, "weekly"),
     ("D", 7, "daily"), ("h", 24, "hourly"), ("30min", 48, "half-hourly"), ("YS", 1, "yearly"),
     ("B", 5, "by working day"), ("BME", 12, "monthly"), ("WOM-1MON", 12, "monthly"),
     ("BQE", 4, "quarterly"), ("15min", 96, "every 15 minutes"), ("2MS", 6, "every 2 months")],
)  # fmt: skip
def test_the_period_follows_from_the_spacing(
    tmp_path: Path, frequency: str, period: int, spacing: str
) -> None:
    count = max(12, 3 * period)
    times = pd.date_range("2020-01-01", periods=count, freq=frequency)
    y = np.sin(2 * np.pi * np.arange(count) / (period if period > 1 else 7)) + 5
    table = io.StringIO()
    pd.DataFrame({"when": times, "y": y}).to_csv(table, index=False)
    season = find_season(load(tmp_path / "mine.csv", table.getvalue()), None)
    assert (season.period, season.spacing) == (period, spacing)
    assert season.horizon == (period if period > 1 else 6)
    assert season.notes == []
    assert period == 1 or season.correlation > 0.9


def test_a_season_that_the_values_do_not_show_is_said(tmp_path: Path) -> None:
    y = np.random.default_rng(0).normal(size=144)
    text = "ds,y\n" + "".join(f"{m},{v:.4f}\n" for m, v in zip(MONTHS, y, strict=True))
    lines = said(load(tmp_path / "mine.csv", text))
    assert "period 12, though the values show no season (guessed; else --period 1)" in lines[1]


def test_numbered_steps_take_their_period_from_the_values(
    tmp_path: Path, airline: np.ndarray
) -> None:
    panel = load(tmp_path / "mine.csv", "t,y\n" + rows(airline, lambda n, _: f"{n},"))
    season = find_season(panel, None)
    assert season.period == 12
    assert season.notes == ["period 12 from the values (guessed; else --period)"]
    noise = np.random.default_rng(0).normal(size=144)
    panel = load(tmp_path / "mine.csv", "t,y\n" + rows(noise, lambda n, _: f"{n},", "{:.4f}"))
    assert find_season(panel, None).period == 1


FOOTERS = ["Total", "Summe", "Mean", "Average", "Gesamt", "Sum", "Total général", "Total 2021"]


@pytest.mark.parametrize("name", FOOTERS)
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%Y", "%b %Y"])
def test_a_last_row_of_totals_is_left_out_and_said(tmp_path: Path, name: str, form: str) -> None:
    times = pd.date_range("2000-01", periods=24, freq="YS" if form == "%Y" else "MS")
    lines = "".join(f"{time:{form}};{n},5\n" for n, time in enumerate(times))
    panel = load(tmp_path / "mine.csv", f"time;n\n{lines}{name};999.999,99\n")
    np.testing.assert_array_equal(panel.y, np.arange(24) + 0.5)
    assert f"without the last row {name!r}" in said(panel)[1]


@pytest.mark.parametrize("header", ["ds,y", "ds,a,b", "unique_id,ds,y", "shop,date,n,m"])
def test_a_header_alone(tmp_path: Path, header: str) -> None:
    with pytest.raises(InputError, match="has a header but no rows; it needs a row for each time"):
        load(tmp_path / "mine.csv", f"{header}\n")


# lines of a month, names of series, how many values there are, and the least
DRESSED = {
    "wide": (["date,a,b", "{m},{n}%,{k}%"], ["a", "b"], 24, 1),
    "brackets beside numbers": (["date,a,b", "{m},{k},({n})"], ["a", "b"], 24, -12),
    "long": (["date,shop,sales", "{m},1,{n} kg", "{m},2,{k} kg"], ["1", "2"], 24, 1),
    "hours": (["date,Hour,Load", "{m},0,{k} %", "{m},12,{k} %"], ["mine"], 24, 4),
}


@pytest.mark.parametrize("form", DRESSED)
def test_numbers_with_units_are_values_where_they_may_be(tmp_path: Path, form: str) -> None:
    """A value that is missing does not make another column the values."""
    (header, *lines), names, count, least = DRESSED[form]
    days = [(f"2020-01-{n:02}", n, n % 3 + 4) for n in range(1, 13)]
    cells = [line.format(m=m, n=n, k=k) for m, n, k in days for line in lines]
    cells[5] = cells[5].rpartition(",")[0] + ","
    options = {"id": "shop"} if form == "long" else {}
    panel = load(tmp_path / "mine.csv", "\n".join([header, *cells, ""]), **options)
    assert panel.ids == names
    known = panel.y[~np.isnan(panel.y)]
    assert (len(known), known.min()) == (count - 1, least)


def test_a_title_between_a_hint_of_the_separator_and_the_header(tmp_path: Path) -> None:
    text = "sep=;\nTable 5\n\ndate;n\n2020-01;1\n2020-02;5\n2020-03;3\n"
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.y, [1, 5, 3])


def test_dates_of_old_years_with_slashes(tmp_path: Path) -> None:
    panel = load(tmp_path / "mine.csv", "date,n\n1600/11/30,1\n1600/12/01,5\n1600/12/02,3\n")
    assert str(panel.ds[0]) == "1600-11-30T00:00:00"


def test_hours_of_a_few_days_are_no_working_days(tmp_path: Path) -> None:
    hours = [f"{day:02}.02.2015 {hour:02}:00" for day in (2, 3, 4) for hour in range(24)]
    text = "time,n\n" + "".join(f"{hour},{n % 24}\n" for n, hour in enumerate(hours))
    panel = load(tmp_path / "mine.csv", text)
    assert find_season(panel, None).spacing == "hourly"
    assert "'02.02.2015 00:00' day first (guessed; else --read dates=month-first)" in (
        panel.table.notes
    )
