"""The tables that people have: how they are read, and what is asked where two readings exist."""

import io
import re
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnlab.core.errors import InputError
from rnnlab.formats.options import reading_options
from rnnlab.formats.sources import find_source
from rnnlab.series.loading import load_panel
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import find_season, note_guesses, understood
from rnnlab.tables.by_columns import names_of_series
from rnnlab.tables.reading import read_table

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


COUNTS = ["12", "987", "1,012", "345", "1,200", "2,345", "3,456"]
PRICES = ["1,234", "1,250", "2,345", "3,456", "2,100", "4,567", "5,678"]
UNCLEAR = "which is {} or {}; add --read decimal=point or decimal=comma"


def table_of(sign: str, separator: str, *columns: list[str]) -> str:
    """A table a month a row, whose numbers have ``sign`` where those above have a comma."""
    lines = [["date", *"abc"[: len(columns)]]]
    lines += [[str(MONTHS[n]), *cells] for n, cells in enumerate(zip(*columns, strict=True))]
    cells = [[cell.replace(",", sign) for cell in line] for line in lines]
    return "".join(separator.join(f'"{cell}"' for cell in line) + "\n" for line in cells)


SIGNS = [(",", ","), (",", ";"), (".", ";"), (",", "\t"), (".", "\t")]


@pytest.mark.parametrize(("sign", "separator"), SIGNS)
def test_short_whole_numbers_beside_groups_tell_thousands(
    tmp_path: Path, sign: str, separator: str
) -> None:
    panel = load(tmp_path / "mine.csv", table_of(sign, separator, COUNTS))
    np.testing.assert_array_equal(panel.y, [12, 987, 1012, 345, 1200, 2345, 3456])
    (note,) = panel.table.notes
    other = "comma" if sign == "," else "point"
    assert note == f"'1{sign}012' read as 1012 (guessed; else --read decimal={other})"


@pytest.mark.parametrize(("sign", "separator"), SIGNS)
@pytest.mark.parametrize("columns", [[PRICES], [PRICES, ["5", "6", "7", "8", "9", "10", "11"]]])
def test_three_digits_after_the_sign_are_thousands_or_decimals(
    tmp_path: Path, sign: str, separator: str, columns: list[list[str]]
) -> None:
    """Whole numbers of another series say nothing."""
    text = table_of(sign, separator, *columns)
    numbers = ("1234", "1.234") if sign == "," else ("1.234", "1234")
    with pytest.raises(InputError) as error:
        load(tmp_path / "mine.csv", text)
    where = f"{tmp_path}/mine.csv: row 2: column 'a' holds '1{sign}234', "
    assert str(error.value) == where + UNCLEAR.format(*numbers)
    decimal = {",": "comma", ".": "point"}[sign]
    assert load(tmp_path / "mine.csv", text, f"decimal={decimal}").y[0] == 1.234
    other = {",": "point", ".": "comma"}[sign]
    assert load(tmp_path / "mine.csv", text, f"decimal={other}").y[0] == 1234


def test_a_point_between_commas_is_the_decimal_sign(tmp_path: Path) -> None:
    """As programs write CSV; short whole numbers in the same series speak against it."""
    panel = load(tmp_path / "mine.csv", table_of(".", ",", PRICES))
    assert panel.y[0] == 1.234
    assert panel.table.notes == ["'1.234' read as 1.234 (guessed; else --read decimal=comma)"]
    with pytest.raises(InputError, match=r"holds '1\.012', which is 1\.012 or 1012; add --read"):
        load(tmp_path / "mine.csv", table_of(".", ",", COUNTS))


DECIMAL, THOUSANDS = (1.234, "0,234 1,23 1234,567 1.234,567 1,5"), (1234, "1,234,567 1,234.5 12.5")


@pytest.mark.parametrize(
    ("first", "cell"), [(n, cell) for n, cells in (DECIMAL, THOUSANDS) for cell in cells.split()]
)
def test_one_cell_tells_the_sign_of_the_whole_file(tmp_path: Path, first: float, cell: str) -> None:
    panel = load(tmp_path / "mine.csv", table_of(",", ";", [*PRICES[:-1], cell]))
    assert panel.y[0] == first
    assert panel.table.notes == []


@pytest.mark.parametrize(("sign", "separator"), [(",", ";"), (",", "\t"), (".", ";")])
def test_zeros_after_the_sign_are_thousands_between_commas_alone(
    tmp_path: Path, sign: str, separator: str
) -> None:
    """SAP writes 112 pieces as 112,000 or 112.000."""
    text = table_of(sign, separator, ["112,000", "118,000", "132,000"])
    with pytest.raises(InputError, match="--read decimal=point or decimal=comma"):
        load(tmp_path / "mine.csv", text)


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


def test_a_row_a_series(tmp_path: Path) -> None:
    text = "Country,Code,2019,2020,2021,2022\nAland,AL,1,2,3,\nBland,BL,5,4,,9\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Aland", "Bland"]
    np.testing.assert_array_equal(panel.y, [1, 2, 3, 5, 4, np.nan, 9])
    assert find_season(panel, None).spacing == "yearly"


def test_a_row_a_series_with_numbered_steps(tmp_path: Path) -> None:
    """As the M4 competition has them."""
    header = ",".join(f'"V{n}"' for n in range(1, 20))
    rows = "".join(f"H{n}," + ",".join(str(n * 10 + k) for k in range(17)) + ",\n" for n in (1, 2))
    panel = load(tmp_path / "mine.csv", header + "\n" + rows)
    assert panel.ids == ["H1", "H2"]
    np.testing.assert_array_equal(panel.y, [*range(10, 27), *range(20, 37)])
    np.testing.assert_array_equal(panel.ds[:17], range(2, 19))
    (note,) = panel.table.notes
    assert note == "a series a row, 'V2' its step 2 (guessed; else --time COLUMN)"


def test_numbered_steps_behind_several_labels(tmp_path: Path) -> None:
    """As the M5 competition has them."""
    header = ",".join(["id", "item_id", "store_id", *(f"d_{n}" for n in range(1, 15))])
    lines = "".join(
        f"i{n}_s1,i{n},s1,{','.join(str(n + k) for k in range(14))}\n" for n in (1, 2, 3)
    )
    panel = load(tmp_path / "mine.csv", f"{header}\n{lines}")
    assert panel.ids == ["i1_s1", "i2_s1", "i3_s1"]
    np.testing.assert_array_equal(panel.y[:14], range(1, 15))
    np.testing.assert_array_equal(panel.ds[:14], range(1, 15))
    assert panel.table.notes == [
        "'d_1' its step 1 (guessed; else --time COLUMN)",
        "a series a row by 'id' (guessed; else --id COLUMN)",
    ]


GAPS = "Province/State,Country/Region,Lat,Long,1/30/20,1/31/20,2/1/20,2/2/20\n"


def test_short_american_dates_as_headers_behind_labels_with_gaps(tmp_path: Path) -> None:
    """As Johns Hopkins University counted cases: a number above 12 can only be a day."""
    text = f"{GAPS},Austria,47.5,14.5,0,1,4,9\n,Italy,41.5,12.5,0,2,3,5\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Austria", "Italy"]
    assert str(panel.ds[0]) == "2020-01-30T00:00:00"
    assert find_season(panel, None).spacing == "daily"
    assert "year 20 as 2020 (guessed; else --read century=1900)" in panel.table.notes
    text = f"{GAPS}Hubei,China,30.9,112.2,1,2,3,4\nHunan,China,27,111,0,1,4,9\n,Italy,4,1,0,2,3,5\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Hubei/China", "Hunan/China", "Italy"]
    names = "a series a row by 'Province/State,Country/Region' (guessed; else --id COLUMN)"
    assert names in panel.table.notes
    assert load(tmp_path / "mine.csv", text, id="Country/Region,Province/State").ids[0] == (
        "China/Hubei"
    )


def test_a_header_of_unclear_dates_is_called_so(tmp_path: Path) -> None:
    header = "name,1/2/20,1/3/20,1/4/20,1/5/20"
    with pytest.raises(InputError, match=r"mine\.csv: the header holds '1/2/20'; write dates"):
        load(tmp_path / "mine.csv", f"{header}\na,1,2,3,4\nb,2,3,4,5\n")


def sales(*stores: str) -> str:
    """A row a day, store and family; the promotion tells rows apart, too, but leaves gaps."""
    rows = [
        (f"2020-01-{day:02},{store},{family}", day * 10 + place)
        for day in range(1, 21)
        for place, store in enumerate(stores)
        for family in ("bread", "dairy")
    ]
    lines = [f"{n},{row},{value},{n % 5}" for n, (row, value) in enumerate(rows)]
    return "\n".join(["id,date,store_nbr,family,sales,onpromotion", *lines, ""])


def test_several_columns_name_a_series_together(tmp_path: Path) -> None:
    panel = load(tmp_path / "mine.csv", sales("1", "2"))
    assert panel.ids == ["1/bread", "1/dairy", "2/bread", "2/dairy"]
    np.testing.assert_array_equal(panel.y[panel.span(3)], np.arange(1, 21) * 10 + 1)
    assert "series by store_nbr,family (guessed; else --id COLUMNS)" in panel.table.notes
    panel = load(tmp_path / "mine.csv", sales("1", "2"), id="family, store_nbr", value="sales")
    assert panel.ids == ["bread/1", "bread/2", "dairy/1", "dairy/2"]
    assert panel.table.notes == []
    with pytest.raises(InputError, match="has no column 'shop'"):
        load(tmp_path / "mine.csv", sales("1"), id="family,shop")


def test_several_columns_of_parquet_name_a_series_together(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pd.read_csv(io.StringIO(sales("1", "2"))).to_parquet(path)
    options = reading_options([], "store_nbr,family")
    assert load_panel(str(path), options).ids == names_of_series(find_source(str(path)), options)
    assert load_panel(str(path), reading_options([])).ids[0] == "1/bread"


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


def test_a_column_of_numbers_alone_is_asked_for(tmp_path: Path) -> None:
    lines = "".join(f"2020-01-{n:02},{k},{n * k}\n" for n in range(1, 21) for k in (1, 2))
    with pytest.raises(InputError, match="add --id COLUMN"):
        load(tmp_path / "mine.csv", f"date,store,sales\n{lines}")


def test_columns_beside_a_time_that_is_missing(tmp_path: Path) -> None:
    text = sales("1", "2").replace("2020-01-05,2,dairy", ",2,dairy")
    with pytest.raises(InputError, match=r"mine\.csv: "):
        load(tmp_path / "mine.csv", text)


def test_names_that_are_the_same_when_joined_are_refused(tmp_path: Path) -> None:
    lines = "".join(f"{n},a/b,c,{n}\n{n},a,b/c,{n}\n" for n in range(4))
    with pytest.raises(InputError, match="two series would be named 'a/b/c'; rename one"):
        load(tmp_path / "mine.csv", f"t,p,q,y\n{lines}", id="p,q")


def test_names_that_differ_by_spaces_alone_are_said(tmp_path: Path) -> None:
    text = "unique_id,ds,y\na,1,1\na ,2,2\n a,3,4\nb,1,3\nb,2,1\nb,3,1\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["a", "b"]
    assert panel.table.notes == ["names that differ by spaces alone are one series: 'a'"]


def test_lines_of_another_width_above_the_header(tmp_path: Path) -> None:
    """As the World Bank has them, with a comma at the end of each line and early years empty."""
    years = ",".join(f'"{year}"' for year in range(1960, 1980))
    lines = [
        '"Data Source","World Development Indicators",',
        "",
        '"Last Updated Date","2024-05-30",',
        "",
        f'"Country Name","Country Code",{years},',
        f'"Aruba","ARU",,,{",".join(str(n * n) for n in range(18))},',
        f'"Chad","TCD",,,{",".join(str(n + 5) for n in range(18))},',
    ]
    panel = load(tmp_path / "mine.csv", "\n".join(lines))
    assert panel.ids == ["Aruba", "Chad"]
    np.testing.assert_array_equal(panel.y[~np.isnan(panel.y)][:18], np.arange(18) ** 2)
    assert find_season(panel, None).spacing == "yearly"
    guess = "without the 4 lines above the header (guessed; else --read skip=LINES)"
    assert guess in panel.table.notes


def test_lines_that_describe_columns_below_the_header(tmp_path: Path, airline: np.ndarray) -> None:
    """As the British Office for National Statistics has them."""
    lines = rows(airline, lambda _, m: f'"{m.year} {m:%b}",'.upper(), '"{:.0f}"')
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


def test_flags_behind_the_values_of_eurostat(tmp_path: Path) -> None:
    text = "freq,geo\\TIME_PERIOD\t2020-01 \t2020-02 \t2020-03 \t2020-04 \n"
    text += "M,AT\t112.5 p\t118 \t132 bp\t1 \nM,DE\t4 \t: c\t5 \t6 e\n"
    panel = load(tmp_path / "mine.tsv", text)
    assert panel.ids == ["M,AT", "M,DE"]
    np.testing.assert_array_equal(panel.y[:4], [112.5, 118, 132, 1])
    np.testing.assert_array_equal(panel.y[-2:], [5, 6])
    assert "without the flags of 4 values" in panel.table.notes


def test_few_numbered_columns_are_measures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of which holds times"):
        load(tmp_path / "mine.csv", "name,x1,x2,x3\na,1,2,3\nb,2,5,7\n")


def test_a_line_names_the_first_of_many_columns(tmp_path: Path) -> None:
    header = ",".join(["name", *(f"v{n * n}" for n in range(40))])
    text = f"{header}\na{',1' * 40}\nb{',2' * 40}\n"
    with pytest.raises(InputError, match=r"columns name, v0, .*, v100 and 29 more, none of"):
        load(tmp_path / "mine.csv", text)


def test_a_column_named_period_need_not_be_the_time(tmp_path: Path) -> None:
    text = "unique_id,period,step,y\n" + "".join(f"a,4,{n},{n * n}\n" for n in range(1, 9))
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.ds, range(1, 9))


def test_matrices_of_several_series(tmp_path: Path) -> None:
    text = "shop,Year,Q1,Q2,Q3,Q4\na,2020,1,2,3,4\na,2021,5,6,7,8\nb,2020,9,8,7,\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["a", "b"]
    np.testing.assert_array_equal(panel.y, [*range(1, 9), 9, 8, 7])
    assert find_season(panel, None).period == 4


def test_a_row_a_month(tmp_path: Path) -> None:
    text = "Month," + ",".join(map(str, range(1958, 1961))) + "\n"
    text += "".join(f"{name.upper()},{n},{n + 12},{n + 24}\n" for n, name in enumerate(NAMES))
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.y, range(36))


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


def test_a_last_row_of_totals_below_years_or_months(tmp_path: Path, airline: np.ndarray) -> None:
    text = f"Year,{','.join(NAMES)}\n{by_year(airline)}Total,{','.join(['9'] * 12)}\n"
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.y, airline)
    assert "without the last row 'Total'" in said(panel)[1]
    cells = "".join(f"{name},{n},{n * 2 + 1}\n" for n, name in enumerate(NAMES))
    panel = load(tmp_path / "season.csv", f"Month,2020,2021\n{cells}Mean,5,6\n")
    assert panel.lengths.tolist() == [24]
    assert panel.y[-1] == 23
    assert "without the last row 'Mean'" in said(panel)[1]
    text = "year,month,value\n" + rows(airline, lambda _, m: f"{m.year},{m.month},")
    panel = load(tmp_path / "parts.csv", f"{text}Total,,9999\n")
    np.testing.assert_array_equal(panel.y, airline)


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


def test_a_row_of_totals_in_a_table_of_rows_is_a_series(tmp_path: Path) -> None:
    text = "shop,2019,2020,2021\na,1,2,4\nb,2,3,5\nTotal,3,5,9\n"
    assert load(tmp_path / "mine.csv", text).ids == ["Total", "a", "b"]


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


@pytest.mark.parametrize("header", ["ds,y", "ds,a,b", "unique_id,ds,y", "shop,date,n,m"])
def test_a_header_alone(tmp_path: Path, header: str) -> None:
    with pytest.raises(InputError, match="has a header but no rows; it needs a row for each time"):
        load(tmp_path / "mine.csv", f"{header}\n")
