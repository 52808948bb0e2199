"""Reading the table of a series task: common formats, and what is rejected."""

import time
from pathlib import Path

import numpy as np
import pytest
from tables import GOOD, NOTES_ALONE, TABLE, data_of, long_table, month, read

from rnnlab.core.errors import InputError
from rnnlab.series.loading import read_panel

pytestmark = NOTES_ALONE


@pytest.fixture
def raw_airline(airline: np.ndarray) -> str:
    """The common file of the series: CRLF, quotes, and a footer in the time column."""
    title = "International airline passengers: monthly totals in thousands. Jan 49 ? Dec 60"
    rows = [f'"Month","{title}"', *(f'"{month(n)}",{int(y)}' for n, y in enumerate(airline))]
    return "\r\n".join([*rows, "", f'"{title}"', "", ""])


@pytest.mark.parametrize("quoted", [True, False])
def test_raw_airline_loads_as_it_is(
    tmp_path: Path, raw_airline: str, airline: np.ndarray, quoted: bool
) -> None:
    head, _, rest = raw_airline.partition("\r\n")
    panel = read(tmp_path, raw_airline if quoted else head + "\r\n" + rest.replace('"', ""))
    assert panel.ids == ["series"]
    assert panel.left_out == {}
    np.testing.assert_array_equal(panel.y, airline)
    expected = np.arange("1949-01", "1961-01", dtype="datetime64[M]")
    np.testing.assert_array_equal(panel.ds, expected.astype("datetime64[s]"))


def test_named_columns(tmp_path: Path) -> None:
    text = "when,shop,sold,price\n" + "".join(f"{month(n)},x,{n},9.5\n" for n in range(5))
    panel = read(tmp_path, text, id_column="shop", time_column="when", value_column="sold")
    assert panel.ids == ["x"]
    np.testing.assert_array_equal(panel.y, range(5))


def test_byte_order_mark_and_spaces(tmp_path: Path) -> None:
    text = "\ufeffds , y\n" + "".join(f" {month(n)} , {n}.5 \n" for n in range(4))
    np.testing.assert_array_equal(read(tmp_path, text).y, [0.5, 1.5, 2.5, 3.5])


@pytest.mark.parametrize(
    ("times", "first"),
    [
        (["1", "2", "3", "4"], 1),
        (["-5", "0", "5", "10"], -5),
        (["1990", "1991", "1992", "1993"], "1990-01-01"),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"], "2020-01-31"),
        (["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00"], "2020-01-01"),
        (["2020-01-01T00:00Z", "2020-01-01T01:00Z", "2020-01-01T02:00Z"], "2020-01-01"),
        (["2020-01-01T00:00+01:00", "2020-01-01T01:00+01:00", "2020-01-01T02:00+01:00"], None),
        (["Jan 2020", "Feb 2020", "Mar 2020"], "2020-01-01"),
        (["2020-01-06", "2020-01-13", "2020-01-20"], "2020-01-06"),
        (["20200131", "20200229", "20200331"], "2020-01-31"),
        (["202011", "202012", "202101"], "2020-11-01"),
        (["202011", "202012", "202013"], 202011),
        (["31/01/2020", "29/02/2020", "31/03/2020"], "2020-01-31"),
        (
            [f"01/{month:02}/{year}" for year in (2020, 2021) for month in range(1, 13)],
            "2020-01-01",
        ),
        (
            [f"{month:02}/01/{year}" for year in (2020, 2021) for month in range(1, 13)],
            "2020-01-01",
        ),
        (["12/31/2020", "1/1/2021", "1/2/2021"], "2020-12-31"),
        (["1949.0", "1950.0", "1951.0"], "1949-01-01"),
        (["01/15/2020 11:00 AM", "01/15/2020 12:00 PM", "01/15/2020 1:00 PM"], "2020-01-15T11"),
        (["13.12.2020 23:00", "14.12.2020 00:00", "14.12.2020 01:00"], "2020-12-13T23"),
    ],
    ids=[
        *["integers", "steps of 5", "years", "month ends", "hours", "UTC", "offset", "words", "7"],
        *["days in digits", "months in digits", "digits", "day first", "months, day first"],
        *["months, month first", "month first", "years with a zero", "noon", "day first, hours"],
    ],
)
def test_forms_of_time(tmp_path: Path, times: list[str], first: int | str | None) -> None:
    panel = read(tmp_path, "ds,y\n" + "".join(f"{each},{n}\n" for n, each in enumerate(times)))
    np.testing.assert_array_equal(panel.y, range(len(times)))
    if isinstance(first, int):
        assert panel.ds.dtype == "int64"
        assert panel.ds[0] == first
    else:
        assert panel.ds.dtype == "datetime64[s]"
        assert first is None or panel.ds[0] == np.datetime64(first)


def test_hours_over_a_change_of_clocks_are_instants(tmp_path: Path) -> None:
    """The hour that clocks leave out is no missing row."""
    times = ["2020-03-29T00:00+01:00", "2020-03-29T01:00+01:00", "2020-03-29T03:00+02:00"]
    times += [f"2020-03-29T0{hour}:00+02:00" for hour in (4, 5, 6)]
    panel = read(tmp_path, "ds,y\n" + "".join(f"{each},{n}\n" for n, each in enumerate(times)))
    assert len(panel.y) == 6
    assert str(panel.ds[0]) == "2020-03-28T23:00:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n\r\n \n", "is empty"),
        ("y\n1\n2\n", "only the column"),
        (TABLE + GOOD.replace(",3\n", ",three\n"), "'y' holds 'three'; write a number"),
        (TABLE + GOOD.replace(",3\n", ',"1,23"\n').replace(",2\n", ",2.5\n"), "sign is a point"),
        (TABLE + GOOD.replace(",3\n", ",inf\n"), "holds 'inf'"),
        (TABLE + GOOD.replace("1949-03-01", "March"), "'ds' holds 'March'; write dates"),
        (TABLE + GOOD.replace("1949-03-01", ""), "'ds' holds ''; write dates"),
        (TABLE + GOOD + "a,1949-03-01,9\n", r"1949-03-01 twice \(row 7\); keep one row"),
        (TABLE + GOOD.replace("1949-03-01", "1949-03-09"), "spaced, first at 1949-03-09"),
        ("ds,y\n1,1\n2,2\n4,4\n", "not evenly spaced, first at 4"),
        (TABLE + long_table([1, 2]), "'a' has 2 values"),
        (TABLE + long_table([5] * 5), r"'a' is constant \(5\); there is nothing to forecast"),
        (TABLE + long_table([""] * 5), "has no numbers"),
        ("1949-01,1\n1949-02,2\n1949-03,4\n", "begins with '1949-01,1'.* add a header line"),
        ("ds,y\n01/02/2020,1\n02/03/2020,2\n03/04/2020,4\n", "which is ambiguous"),
        ("ds,y\n01/02/20,1\n01/03/20,2\n01/04/20,4\n", "'01/02/20'; write dates"),
        ("ds,y\n10:00,1\n11:00,2\n12:00,4\n", "'10:00'; write dates"),
        ("ds y\n1 1\n2 2\n3 4\n", "only the column 'ds y'; .*with commas"),
        (TABLE + GOOD + GOOD.replace("a,", ","), "'unique_id' has empty cells; write a name"),
        ("ds,y\nnow,1\n2,2\n3,4\n", "'now'; write dates"),
        ("ds,y\n1949.0,1\n1949.5,2\n1950.0,4\n", "'1949.0'; write dates"),
        ("ds,y\nJan-25,1\nFeb-25,2\nMar-35,4\n", "'Jan-25'; write dates"),
        ("ds,y\n2020-01-01 00:00:00.5,1\n2020-01-01 00:00:01,2\n", "write whole seconds"),
        (TABLE + GOOD.replace("a,1949-04", '"a,1949-04'), "with closed quotes"),
        (TABLE + long_table([1, 2, 3e200, 4]),
         r"holds 3e\+200 or its negative; write it in a larger"),
        (TABLE + long_table([1e-13, 2e-13, 4e-13]), "no more than 3e-13; write it in a smaller"),
        # 1,234 without quotes is two cells: reading it as 1 would silently damage the series
        ("ds,y\n" + "".join(f"{month(n)},1,23{n}\n" for n in range(5)),
         "more cells than the header.* quote cells"),
        ("ds,y,y\n" + "".join(f"{month(n)},{n},{n}\n" for n in range(5)),
         "has the column 'y' twice; rename one"),
        (TABLE + GOOD.replace(",3\n", ",1_000\n"), "holds '1_000'; write a number"),
    ],
    ids=[
        *["empty", "blank lines", "one column", "word", "two signs", "infinite"],
        *["time in words", "no time", "twice", "another day", "number missing", "two values"],
        *["constant", "no numbers", "no header", "day or month", "no century"],
        *["hours of no day", "spaces", "no name", "now", "shares of years", "one of two centuries"],
        *["half a second", "open quote", "large", "small"],
        *["more cells", "a column twice", "a number of Python"],
    ],
)  # fmt: skip
def test_rejected_in_one_line_that_names_the_file_and_the_fix(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as error:
        read(tmp_path, text)
    assert str(tmp_path / "series.csv") in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["id_column", "time_column", "value_column"])
def test_missing_column(tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError, match=rf"no column 'sold' .*data\.{key}\); it has unique_id"):
        read(tmp_path, TABLE + GOOD, **{key: "sold"})


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv is missing: put the file there"):
        read_panel(data_of(tmp_path / "none.csv"))


@pytest.mark.parametrize("content", [b"\xff\xfed\x00s\x00,\x00y", b"ds,y\n\x00\xff,1\n"])
def test_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "series.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"save it as CSV in UTF-8"):
        read_panel(data_of(tmp_path / "series.csv"))


@pytest.mark.parametrize("unknown", ["", "NaN", "NA", "null", "None", " "])
def test_words_for_an_unknown_value(tmp_path: Path, unknown: str) -> None:
    panel = read(tmp_path, TABLE + GOOD.replace(",3\n", f",{unknown}\n"))
    np.testing.assert_array_equal(panel.y, [1, 2, np.nan, 4, 5])
    np.testing.assert_array_equal(panel.filled, [1, 2, 2, 4, 5])


@pytest.mark.parametrize("name", ["series.tsv", "SERIES.TSV"])
def test_tabs_between_cells(tmp_path: Path, name: str) -> None:
    text = (TABLE + long_table([1.5, 2, 3, 4], "b, c")).replace(",", "\t").replace("b\t", "b,")
    panel = read(tmp_path, text, name=name)
    assert panel.ids == ["b, c"]
    np.testing.assert_array_equal(panel.y, [1.5, 2, 3, 4])


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    """Longer than the 131,072 characters that Python's csv allows by itself."""
    head, *rows = (TABLE + GOOD).splitlines()
    note = "x" * 200_000
    text = "\n".join([f"{head},note", f"{rows[0]},{note}", *(f"{row}," for row in rows[1:]), ""])
    assert len(read(tmp_path, text).y) == len(rows)


def test_ten_thousand_rows_are_read_in_no_time(tmp_path: Path) -> None:
    text = TABLE + "".join(long_table(np.arange(100) + 0.5, f"s{n:03}") for n in range(100))
    read(tmp_path, text)
    started = time.process_time()
    panel = read(tmp_path, text)
    assert time.process_time() - started < 1
    assert len(panel.y) == 10_000
    assert len(panel.ids) == 100
