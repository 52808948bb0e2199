"""Reading a panel from Parquet: the same as from CSV, or rejected."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import NOTES_ALONE, data_of

from rnnlab.core.errors import InputError
from rnnlab.series.loading import read_panel
from rnnlab.series.panel import Panel

pytestmark = NOTES_ALONE


def table_of_two() -> pd.DataFrame:
    """Two series by hours, one of them with a gap."""
    ds = pd.date_range("2024-03-01", periods=30, freq="h")
    rows = {"unique_id": ["x"] * 30 + ["a"] * 20, "ds": [*ds, *ds[:20]], "y": np.arange(50.0) % 31}
    table = pd.DataFrame(rows)
    table.loc[40, "y"] = np.nan
    return table


def assert_same_panels(a: Panel, b: Panel) -> None:
    assert a.ids == b.ids
    for key in ("offsets", "ds", "y"):
        np.testing.assert_array_equal(getattr(a, key), getattr(b, key))


@pytest.mark.parametrize("form", ["as it is", "text", "float32", "whole", "dates", "zone", "names"])
def test_parquet_reads_as_csv_does(tmp_path: Path, form: str) -> None:
    table = table_of_two()
    if form == "whole":
        table["y"] = table["y"].astype("Int64")
    elif form == "float32":
        table["y"] = table["y"].astype("float32")
    elif form == "dates":
        table["ds"] = [pd.Timestamp("2024-01-01").date() + pd.Timedelta(days=n % 30)
                       for n in range(50)]  # fmt: skip
    elif form == "names":
        table["unique_id"] = table["unique_id"].map({"x": 10, "a": 9})
    table.to_csv(tmp_path / "series.csv", index=False)
    if form == "text":
        table["ds"] = table["ds"].astype(str)
    elif form == "zone":
        table["ds"] = table["ds"].dt.tz_localize("UTC")
    table.to_parquet(tmp_path / "series.parquet")
    panels = [read_panel(data_of(tmp_path / f"series.{end}")) for end in ("csv", "parquet")]
    assert len(panels[0].y) == 50
    assert_same_panels(*panels)


def test_parquet_of_one_series_by_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame({"step": np.arange(5, 25), "note": "-", "sold": np.arange(20) ** 2})
    table.to_parquet(tmp_path / "shop.parquet")
    panel = read_panel(data_of(tmp_path / "shop.parquet"))
    assert panel.ids == ["shop"]
    assert panel.ds.dtype == np.int64
    np.testing.assert_array_equal(panel.ds, np.arange(5, 25))
    np.testing.assert_array_equal(panel.y, np.arange(20) ** 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": ["1", "two", "3", "4"]}, "row 2: column 'y' holds 'two'; write a number"),
        ({"y": [1, 2, np.inf, 4]}, "'y' holds a value that is not a finite number"),
        ({"y": [np.nan] * 4}, "has no numbers"),
        ({"ds": [*pd.date_range("2024", periods=3), None]}, "'ds' has empty cells"),
        ({"ds": ["2024-01", "2024-02", "March", "2024-04"]}, "'ds' holds 'March'"),
        ({"y": pd.date_range("2024", periods=4)}, "'y' holds a value that is not a finite number"),
        ({"unique_id": ["a", "a", None, None]}, "'unique_id' has empty cells"),
    ],
    ids=["word", "infinite", "no numbers", "no time", "time in words", "times", "no name"],
)
def test_parquet_that_is_refused(tmp_path: Path, change: dict, words: str) -> None:
    rows = {"ds": pd.date_range("2024", periods=4), "y": [1.0, 2, 3, 5], **change}
    pd.DataFrame(rows).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match=rf"x\.parquet: .*{words}"):
        read_panel(data_of(tmp_path / "x.parquet"))


def test_parquet_of_days_in_digits(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-30", periods=4)
    table = pd.DataFrame({"ds": days.strftime("%Y%m%d").astype(int), "y": [1.0, 2, 3, 5]})
    table.to_parquet(tmp_path / "x.parquet")
    np.testing.assert_array_equal(read_panel(data_of(tmp_path / "x.parquet")).ds, days)


def test_parquet_without_columns(tmp_path: Path) -> None:
    pd.DataFrame(index=range(3)).to_parquet(tmp_path / "x.parquet", index=False)
    with pytest.raises(InputError, match=r"x\.parquet: has no columns"):
        read_panel(data_of(tmp_path / "x.parquet"))


@pytest.mark.parametrize("content", [b"", b"ds,y\n1,2\n", b"PAR1\0\0\0\0PAR1", "torn"])
def test_no_parquet_in_a_file_of_that_name(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "x.parquet"
    table_of_two().to_parquet(path)
    path.write_bytes(path.read_bytes()[:1000] if isinstance(content, str) else content)
    with pytest.raises(InputError, match=r"x\.parquet: is not a valid Parquet file"):
        read_panel(data_of(path))


def test_a_parquet_file_whose_times_are_its_index(tmp_path: Path) -> None:
    """As pandas writes a table that was indexed by time."""
    ds = pd.date_range("2024-01", periods=12, freq="MS", name="ds")
    pd.DataFrame({"y": np.arange(12.0) ** 2}, index=ds).to_parquet(tmp_path / "x.parquet")
    panel = read_panel(data_of(tmp_path / "x.parquet"))
    np.testing.assert_array_equal(panel.y, np.arange(12) ** 2)
    assert panel.ds[1] == np.datetime64("2024-02-01")
