"""Reading series: the CSV forms that circulate, what is mended, what is refused, and the cuts."""

from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.common.params import SeriesData
from stages.common.series import Cut, Panel, cut_series, read_panel

# a warning of pandas on stderr is a line that the user can't use
pytestmark = pytest.mark.filterwarnings("error")


def data_of(csv: Path | str = "x.csv", **changes) -> SeriesData:
    settings = {"period": 12, "test_fraction": 0.3, "validation_fraction": 0.15, **changes}
    # the check that a path stays inside the project is test_params.py's
    return SeriesData.model_construct(**{"id_column": None, **settings}, csv=str(csv))


def read(folder: Path, text: str, **changes) -> Panel:
    path = folder / "series.csv"
    path.write_bytes(text.encode())
    return read_panel(data_of(path, **changes))


def month(number: int) -> str:
    return f"{1949 + number // 12}-{number % 12 + 1:02}"


def long_table(values: list, unique_id: str = "a") -> str:
    return "".join(f"{unique_id},{month(n)}-01,{value}\n" for n, value in enumerate(values))


@pytest.fixture
def raw_airline(airline: np.ndarray) -> str:
    """The form in which the series circulates: CRLF, quotes, and a footer in the time column."""
    title = "International airline passengers: monthly totals in thousands. Jan 49 ? Dec 60"
    rows = [f'"Month","{title}"', *(f'"{month(n)}",{int(y)}' for n, y in enumerate(airline))]
    return "\r\n".join([*rows, "", f'"{title}"', "", ""])


def test_raw_airline_loads_as_it_is(tmp_path: Path, raw_airline: str, airline: np.ndarray) -> None:
    panel = read(tmp_path, raw_airline)
    assert panel.ids == ["series"]
    np.testing.assert_array_equal(panel.values, airline)
    expected = np.arange("1949-01", "1961-01", dtype="datetime64[M]")
    np.testing.assert_array_equal(panel.ds, expected.astype("datetime64[s]"))


def test_raw_airline_footer_without_quotes(
    tmp_path: Path, raw_airline: str, airline: np.ndarray
) -> None:
    head, _, rest = raw_airline.partition("\r\n")
    panel = read(tmp_path, head + "\r\n" + rest.replace('"', ""))
    np.testing.assert_array_equal(panel.values, airline)


def test_the_airline_file_of_the_project(airline: np.ndarray, monkeypatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    panel = read_panel(data_of("data/raw/airline.csv"))
    assert panel.ids == ["airline"]
    assert len(panel.values) == 144
    assert (panel.values[0], panel.values[-1]) == (112, 432)


def test_cuts_of_the_airline_series() -> None:
    cuts = cut_series(144, data_of())
    assert cuts == {"main": Cut(85, 100, 144), "year": Cut(112, 132, 144)}


@pytest.mark.parametrize(
    ("length", "fraction", "end"), [(10, 0.3, 7), (100, 0.1, 90), (7, 0.5, 3), (1000, 0.7, 300)]
)
def test_the_main_cut_rounds_down_without_rounding_errors(
    length: int, fraction: float, end: int
) -> None:
    cut = cut_series(length, data_of(test_fraction=fraction, period=2))["main"]
    assert cut.validation == end
    assert 0 < cut.train < cut.validation < cut.test == length


def test_gaps_are_filled_from_the_past_alone(tmp_path: Path) -> None:
    values: list = list(range(1, 31))
    values[2], values[17], values[18] = "", "NaN", ""
    panel = read(tmp_path, "unique_id,ds,y\n" + long_table(values))
    assert panel.values[2] == 2  # no year before it: the last value
    assert panel.values[17] == 6  # the same month a year before
    assert panel.values[18] == 7
    assert len(panel.values) == 30


def test_a_gap_does_not_hang_on_later_values(tmp_path: Path) -> None:
    values: list = list(range(1, 31))
    values[17] = ""
    before = read(tmp_path, "unique_id,ds,y\n" + long_table(values)).values
    values[18:] = [1000 + n for n in range(12)]
    after = read(tmp_path, "unique_id,ds,y\n" + long_table(values)).values
    np.testing.assert_array_equal(after[:18], before[:18])


def test_blank_lines_and_gaps_at_the_ends(tmp_path: Path) -> None:
    text = "ds,y\n\n" + "".join(f"{month(n)},{n or ''}\n\n" for n in range(20)) + f"{month(20)},\n"
    panel = read(tmp_path, text)
    np.testing.assert_array_equal(panel.values, np.arange(1, 20))
    assert panel.ds[0] == np.datetime64("1949-02-01")


def test_many_series_of_different_lengths(tmp_path: Path) -> None:
    text = long_table([1, 2, 3, 4, 5], "b") + long_table([7, 8, 9], "a") + long_table([4] * 4, "10")
    panel = read(tmp_path, "unique_id,ds,y\n" + text)
    assert panel.ids == ["10", "a", "b"]
    np.testing.assert_array_equal(panel.offsets, [0, 4, 7, 12])
    np.testing.assert_array_equal(panel.values[panel.span(2)], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(panel.values[panel.span(1)], [7, 8, 9])


def test_rows_in_any_order(tmp_path: Path) -> None:
    rows = (long_table(list(range(20)), "a") + long_table(list(range(50, 70)), "b")).splitlines()
    mixed = np.random.default_rng(0).permutation(rows)
    panel = read(tmp_path, "unique_id,ds,y\n" + "\n".join(mixed) + "\n")
    np.testing.assert_array_equal(panel.values, [*range(20), *range(50, 70)])
    assert (np.diff(panel.ds[:20]) > np.timedelta64(0)).all()


def test_named_columns(tmp_path: Path) -> None:
    text = "when,shop,sold,price\n" + "".join(f"{month(n)},x,{n},9.5\n" for n in range(5))
    panel = read(tmp_path, text, id_column="shop", time_column="when", value_column="sold")
    assert panel.ids == ["x"]
    np.testing.assert_array_equal(panel.values, range(5))


def test_byte_order_mark_and_spaces(tmp_path: Path) -> None:
    text = "\ufeffds , y\n" + "".join(f" {month(n)} , {n}.5 \n" for n in range(4))
    np.testing.assert_array_equal(read(tmp_path, text).values, [0.5, 1.5, 2.5, 3.5])


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
    ],
    ids=["integers", "steps of 5", "years", "month ends", "hours", "UTC", "offset", "words", "7"],
)
def test_forms_of_time(tmp_path: Path, times: list[str], first: int | str | None) -> None:
    panel = read(tmp_path, "ds,y\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)))
    np.testing.assert_array_equal(panel.values, range(len(times)))
    if isinstance(first, int):
        assert panel.ds.dtype == "int64"
        assert panel.ds[0] == first
    else:
        assert panel.ds.dtype == "datetime64[s]"
        assert first is None or panel.ds[0] == np.datetime64(first)


def test_summer_time_is_read_or_refused_in_words(tmp_path: Path) -> None:
    """Hours over a change of the clock: evenly spaced in truth, with two offsets."""
    times = ["2020-03-29T00:00+01:00", "2020-03-29T01:00+01:00", "2020-03-29T03:00+02:00"]
    times += [f"2020-03-29T0{hour}:00+02:00" for hour in (4, 5, 6)]
    try:
        panel = read(tmp_path, "ds,y\n" + "".join(f"{time},1\n" for time in times))
    except InputError as error:
        assert "series.csv" in str(error)  # noqa: PT017
    else:
        assert len(panel.values) == 6


TABLE = "unique_id,ds,y\n"
GOOD = long_table([1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n\r\n \n", "is empty"),
        (TABLE, "is empty"),
        ("y\n1\n2\n", "one column"),
        (TABLE + GOOD.replace(",3\n", ",three\n"), "'y' holds 'three'; write a number"),
        (TABLE + GOOD.replace(",3\n", ',"1,234"\n'), "'y' holds '1,234'; write a number"),
        (TABLE + GOOD.replace(",3\n", ",inf\n"), "holds 'inf'"),
        (TABLE + GOOD.replace("1949-03-01", "March"), "'ds' holds 'March'; write dates"),
        (TABLE + GOOD.replace("1949-03-01", ""), "'ds' holds ''; write dates"),
        (TABLE + GOOD + "a,1949-03-01,9\n", "1949-03-01.* twice; keep one row"),
        (TABLE + GOOD.replace("a,1949-03-01,3\n", ""), "not evenly spaced; add the missing"),
        ("ds,y\n1,1\n2,2\n4,4\n", "not evenly spaced"),
        (TABLE + long_table([1, 2]), "'a' has 2 values"),
        (TABLE + long_table(["", "", ""], "b") + GOOD, "'b' has 0 values"),
        (TABLE + long_table([""] * 5), "has no numbers"),
    ],
    ids=[
        *["empty", "blank lines", "header alone", "one column", "word", "comma", "infinite"],
        *["time in words", "no time", "twice", "row missing", "number missing", "two values"],
        *["a series without numbers", "no numbers"],
    ],
)
def test_refused_in_one_line_that_names_the_file_and_the_mend(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as error:
        read(tmp_path, text)
    assert str(tmp_path / "series.csv") in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["id_column", "time_column", "value_column"])
def test_missing_column(tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError, match=rf"no column 'sold' \(data\.{key}\); it has unique_id"):
        read(tmp_path, TABLE + GOOD, **{key: "sold"})


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv is missing: put the CSV there"):
        read_panel(data_of(tmp_path / "none.csv"))


@pytest.mark.parametrize("content", [b"\xff\xfed\x00s\x00,\x00y\x00", b"ds,y\n\x00\xff,1\n"])
def test_no_text_in_utf8(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "series.csv").write_bytes(content)
    with pytest.raises(InputError, match="no CSV in UTF-8"):
        read_panel(data_of(tmp_path / "series.csv"))


def test_more_cells_than_columns_are_refused(tmp_path: Path) -> None:
    """1,234 without quotes is two cells: reading it as 1 would spoil the series in silence."""
    text = "ds,y\n" + "".join(f"{month(n)},1,23{n}\n" for n in range(5))
    with pytest.raises(InputError):
        read(tmp_path, text)


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = "ds,y,y\n" + "".join(f"{month(n)},{n},{n}\n" for n in range(5))
    with pytest.raises(InputError, match=r"series\.csv"):
        read(tmp_path, text)
