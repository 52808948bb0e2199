"""What a person may hand over, and that the result is in the form of what came in."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest

import rnnlab

MONTHS = pd.date_range("2015-01-01", periods=60, freq="MS")
Y = (100 + 10 * np.sin(np.arange(60) * np.pi / 6) + np.arange(60)).round(2)
SERIES = pd.Series(Y, MONTHS, name="sold")
POINT = ["forecast", "low_80", "high_80", "low_95", "high_95"]


def long_table(ids: Any, times: Any = MONTHS) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": [name] * 60, "month": times, "y": Y * (number + 1)})
        for number, name in enumerate(ids)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    """The forecast of SERIES alone, which every way in must give."""
    return rnnlab.forecast(SERIES, horizon=4)[POINT].to_numpy()


ONE_SERIES: dict[str, Callable[[], Any]] = {
    "a Series": lambda: SERIES,
    "periods": lambda: SERIES.to_period("M"),
    "a frame by its index": lambda: SERIES.to_frame(),
    "a long frame": lambda: SERIES.rename_axis("month").reset_index(),
    "shuffled": lambda: SERIES.rename_axis("month").reset_index().sample(frac=1, random_state=1),
    "texts": lambda: pd.DataFrame({"month": MONTHS.strftime("%Y-%m"), "y": Y}),
    "whole numbers as months": lambda: pd.DataFrame(
        {"month": MONTHS.strftime("%Y%m").astype(int), "y": Y}
    ),
    "year and month": lambda: pd.DataFrame({"year": MONTHS.year, "month": MONTHS.month, "y": Y}),
    "days of Python": lambda: pd.DataFrame({"ds": MONTHS.date, "y": Y}),
    "NaN at the ends": lambda: SERIES.reindex(pd.date_range("2014-06-01", "2020-03-01", freq="MS")),
    "arrow": lambda: pyarrow.table({"ds": pyarrow.array(MONTHS), "y": Y}),
}


@pytest.mark.filterwarnings("ignore::rnnlab.InputWarning")
@pytest.mark.parametrize("name", ONE_SERIES)
def test_every_form_of_a_series_gives_the_same_forecast(name: str, expected: np.ndarray) -> None:
    found = rnnlab.forecast(ONE_SERIES[name](), horizon=4)
    if isinstance(found, pyarrow.Table):
        found = found.to_pandas()
    np.testing.assert_array_equal(found[POINT].to_numpy(), expected)


@pytest.mark.parametrize(
    "data",
    [Y, list(Y), [Y], Y[None], {"a": Y}, np.ma.masked_equal(np.append(Y, -1), -1)],
    ids=["array", "numbers", "a list", "rows", "a dict", "masked"],
)
def test_arrays_are_series_of_numbered_steps(data: Any, expected: np.ndarray) -> None:
    found = rnnlab.forecast(data, horizon=4, period=12)
    np.testing.assert_array_equal(found[POINT].to_numpy(), expected)
    assert found["ds"].tolist() == [60, 61, 62, 63]
    assert found["unique_id"].tolist() == ["a" if isinstance(data, dict) else 0] * 4


@pytest.mark.parametrize(
    "times",
    [
        MONTHS,
        MONTHS.astype("datetime64[us]"),
        MONTHS.tz_localize("America/New_York"),
        MONTHS.to_period("M"),
        pd.RangeIndex(100, 160),
        MONTHS.strftime("%Y-%m"),
        MONTHS.strftime("%Y-%m-%d").astype("string"),
        MONTHS.strftime("%Y%m").astype("int32"),
    ],
    ids=lambda times: str(times.dtype),
)
def test_times_have_the_type_that_came_and_go_on(times: pd.Index) -> None:
    table = pd.DataFrame({"month": times, "y": Y})
    found = rnnlab.forecast(table.iloc[:-3], horizon=3, period=12)
    ahead = table["month"].iloc[-3:].reset_index(drop=True)
    pd.testing.assert_series_equal(found["month"], ahead, check_names=False)


@pytest.mark.parametrize(
    "ids",
    [[10, 9], ["b", "a"], [2.5, 1.5], pd.Categorical(["b", "a"], ["a", "b", "c"])],
    ids=["numbers", "texts", "fractions", "categories"],
)
def test_series_keep_their_names_types_and_order(ids: Any) -> None:
    table = long_table([0, 1])
    table["unique_id"] = pd.Series(ids).iloc[table["unique_id"]].reset_index(drop=True)
    found = rnnlab.forecast(table, horizon=2, period=12)
    wanted = pd.Series(ids).repeat(2).reset_index(drop=True)
    pd.testing.assert_series_equal(found["unique_id"], wanted, check_names=False)
    assert found["forecast"].iloc[2] > 1.9 * found["forecast"].iloc[0]


def test_hours_go_on_across_summer_time() -> None:
    hours = pd.date_range("2024-03-01", "2024-04-02", freq="h", tz="Europe/Berlin")
    series = pd.Series(np.sin(np.arange(len(hours)) * np.pi / 12), hours, name="load")
    known = series[:"2024-03-30 23:00"]
    found = rnnlab.forecast(known, horizon=30)
    assert found["ds"].tolist() == hours[len(known) : len(known) + 30].tolist()
    assert found["ds"].dtype == "datetime64[ns, Europe/Berlin]"
    days = pd.date_range("2024-03-01", periods=60, freq="D", tz="Europe/Berlin")
    by_day = rnnlab.forecast(pd.Series(np.arange(60) % 7, days), horizon=7)
    assert by_day["ds"].tolist() == (days + pd.DateOffset(days=60))[:7].tolist()


def test_a_wide_frame_is_a_series_a_column() -> None:
    wide = pd.DataFrame({7: Y, 3: 2 * Y}, index=MONTHS)
    found = rnnlab.forecast(wide, horizon=2)
    assert found["unique_id"].tolist() == [7, 7, 3, 3]
    assert found.columns[:2].tolist() == ["unique_id", "ds"]
    with pytest.warns(rnnlab.InputWarning, match="a series a column"):
        again = rnnlab.forecast(wide.rename(columns=str).rename_axis("day").reset_index(), 2)
    np.testing.assert_array_equal(again[POINT], found[POINT])


def test_two_levels_of_an_index_are_names_and_times() -> None:
    table = long_table(["b", "a"])
    wanted = rnnlab.forecast(table, horizon=2)
    by_index = table.set_index(["unique_id", "month"])
    pd.testing.assert_frame_equal(rnnlab.forecast(by_index, horizon=2), wanted)
    pd.testing.assert_frame_equal(rnnlab.forecast(by_index["y"], horizon=2), wanted)


def test_columns_may_be_named() -> None:
    table = long_table([1, 2]).rename(columns={"unique_id": "shop", "y": "sold"})
    found = rnnlab.forecast(table, 2, id="shop", time="month", value="sold")
    assert found.columns[:3].tolist() == ["shop", "month", "forecast"]
    assert found["shop"].dtype == np.int64


def test_arrow_gives_arrow_with_its_types() -> None:
    table = long_table(["b", "a"])
    schema = pyarrow.schema(
        {
            "unique_id": pyarrow.dictionary(pyarrow.int8(), pyarrow.string()),
            "month": pyarrow.timestamp("ms", "Asia/Tokyo"),
            "y": pyarrow.float32(),
        }
    )
    table["month"] = table["month"].dt.tz_localize("Asia/Tokyo")
    came = pyarrow.Table.from_pandas(table.astype({"unique_id": "category"}), schema)
    found = rnnlab.forecast(came, horizon=2)
    assert isinstance(found, pyarrow.Table)
    assert found.schema.field("unique_id").type == schema.field("unique_id").type
    assert found.schema.field("month").type == schema.field("month").type
    assert found["unique_id"].to_pylist() == ["b", "b", "a", "a"]


def test_polars_gives_polars_with_its_types() -> None:
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(pyarrow.Table.from_pandas(long_table(["b", "a"])))
    table = table.with_columns(
        polars.col("month").cast(polars.Date), polars.col("unique_id").cast(polars.Enum(["a", "b"]))
    )
    found = rnnlab.forecast(table, horizon=2)
    assert isinstance(found, polars.DataFrame)
    assert found.schema["month"] == polars.Date
    assert found.schema["unique_id"] == polars.Enum(["a", "b"])
    with pytest.raises(rnnlab.InputError, match="collect it first"):
        rnnlab.forecast(table.lazy())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "is no data"),
        (3, "is no data"),
        ([], "no series in it"),
        (np.zeros((2, 3, 4)), r"has the shape \[3, 4\]"),
        ([["a", "b"]], "something else than numbers"),
        ([[1, 2, np.inf]], "is infinite at 2"),
        ([[np.nan, np.nan]], "no numbers"),
        ({1: Y, "1": Y}, "the same name"),
        (pd.DataFrame(), "is empty"),
        (SERIES.to_frame()[:0], "is empty"),
        (pd.DataFrame({"ds": MONTHS, "y": ["x"] * 60}), "row 1: column 'y'"),
        (pd.concat([long_table([1]), long_table([1])]), "2015-01-01 twice .row 61.; keep one row"),
        (pd.DataFrame({"ds": [pd.NaT, *MONTHS[1:]], "y": Y}), "'ds' has empty cells"),
        (long_table([1, 2]).rename(columns={"unique_id": "shop"}), 'add id="COLUMN"'),
        ("nothing.csv", "nothing.csv is missing"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_cannot_be_used_is_said_in_one_line(data: Any, message: str) -> None:
    with pytest.raises(rnnlab.InputError, match=message) as caught:
        rnnlab.forecast(data)
    assert "\n" not in str(caught.value)
    assert "--" not in str(caught.value)


def test_a_file_is_read_as_by_the_command(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("day;sold\n" + "".join(f"{n:02}.01.2020;{n},5\n" for n in range(1, 31)))
    table = rnnlab.read_table(path)
    assert table.columns.tolist() == ["unique_id", "ds", "y"]
    assert table["y"].iloc[-1] == 30.5
    assert rnnlab.forecast(path, 2)["ds"].dt.day.tolist() == [31, 1]
    path.write_text("day,sold\n" + "".join(f"0{n}/01/2020,{n}\n" for n in range(1, 7)))
    with pytest.raises(rnnlab.InputError, match=r"read=.*dates"):
        rnnlab.read_table(path)
    assert rnnlab.read_table(path, read={"dates": "day-first"})["ds"].dt.day.tolist()[-1] == 6


@pytest.mark.parametrize("id", [["shop", "family"], ("shop", "family"), "shop,family"])
@pytest.mark.parametrize("backend", ["pandas", "pyarrow", "file"])
def test_columns_that_name_series_together_stay(
    tmp_path: Path, id: list[str] | tuple[str, ...] | str, backend: str
) -> None:
    days = pd.date_range("2024-01-01", periods=30)
    rows = [(day, s, f, 1.0 * (n % 7)) for s in (2, 1) for f in "ba" for n, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["day", "shop", "family", "sold"])
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = {
        "pandas": frame,
        "pyarrow": pyarrow.Table.from_pandas(frame),
        "file": tmp_path / "a.csv",
    }
    found = rnnlab.forecast(data[backend], horizon=2, id=id)
    table = found.to_pandas() if backend == "pyarrow" else found
    assert list(table)[:3] == ["unique_id", "shop", "family"]
    assert table["shop"].tolist() == [2, 2, 2, 2, 1, 1, 1, 1] or backend == "file"
    joined = table["shop"].astype(str) + "/" + table["family"]
    assert joined.tolist() == table["unique_id"].tolist()
    if backend == "pandas":
        assert table["shop"].dtype == frame["shop"].dtype
        tested = rnnlab.backtest(frame, horizon=2, id=id)
        assert list(tested.errors)[:3] == ["unique_id", "shop", "family"]
    rnnlab.plot(data[backend], found, id=id)


@pytest.mark.parametrize(("unit", "size"), [("s", 1), ("ms", 1000)])
def test_unix_times_are_dates_and_come_back_as_they_came(unit: str, size: int) -> None:
    seconds = 1_600_000_000 + 86_400 * np.arange(40)
    frame = pd.DataFrame({"time": seconds * size, "y": np.arange(40) % 7})
    with pytest.warns(
        rnnlab.InputWarning, match=f"in UTC, Unix time in {unit} .guessed; else read="
    ):
        found = rnnlab.forecast(frame, horizon=2)
    expected = [(seconds[-1] + 86_400 * n) * size for n in (1, 2)]
    assert found["time"].tolist() == expected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        series = frame.set_index("time")["y"]
        found = rnnlab.forecast(series, horizon=2, period=7, read={"dates": "numbers"})
    assert found["time"].tolist() == expected
