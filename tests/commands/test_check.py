"""rnnlab forecast --check: what was understood of a file, and nothing more."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import one_error_line, run_stage_here


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    capsys.readouterr()
    assert run_stage_here(folder, "forecast", *args, "--check") == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = [line.rstrip() for line in said.out.splitlines()]
    assert max(map(len, lines)) <= 80
    return [" ".join(line.split()) for line in lines if line]


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """Two columns name a series, one row is missing, a value is empty, and prices are known."""
    days = pd.date_range("2024-01-01", periods=40)
    rows = [
        (f"{day:%Y-%m-%d}", shop, family, n % 7, n % 2, "x")
        for shop in (1, 2)
        for family in ("[b]food", "toys")
        for n, day in enumerate(days)
    ]
    frame = pd.DataFrame(rows, columns=["day", "shop", "family", "sold", "promo", "remark"])
    frame.loc[5, "sold"] = None
    frame.drop(index=9).to_csv(tmp_path / "sales.csv", index=False)
    return tmp_path


def test_columns_and_their_roles(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(sales, capsys, "sales.csv", "--id", "shop,family", "--value", "sold")
    expected = [
        "sales.csv",
        "series 4: 1/[b]food, 1/toys, 2/[b]food, 2/toys",
        "times 2024-01-01 to 2024-02-09",
        "gaps 1 of 160 rows missing and 1 values empty: filled with the value",
        "horizon 7",
        "columns series: shop, family",
        "column time: day",
        "column value: sold",
        "columns left out: promo, remark",
        "1/[b]food 2024-01-01 0",
        "1/[b]food 2024-01-03 2",
    ]
    assert [line for line in expected if line not in lines] == []
    assert any(line.startswith("spacing daily; period 7 (autocorrelation ") for line in lines)
    assert any(line.startswith("note 1 of 160 rows missing: gaps, the first of") for line in lines)
    # nothing but the file is there
    assert [path.name for path in sales.iterdir()] == ["sales.csv"]


def test_the_same_refusal_and_the_same_reading_as_without(
    sales: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A known column without rows of later times."""
    typed = ["forecast", "sales.csv", "--id", "shop,family", "--known", "promo"]
    errors = []
    for more in ([], ["--check"]):
        assert run_stage_here(sales, *typed, *more) == 1
        errors.append(one_error_line(capsys.readouterr().err))
    assert errors[0] == errors[1]


def test_a_block_for_each_file_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "parts").mkdir()
    for name in "ab":
        times = pd.date_range("2020-01-01", periods=30, freq="MS")
        frame = pd.DataFrame({"unique_id": name, "ds": times, "y": np.arange(30) % 12})
        frame.to_parquet(tmp_path / "parts" / f"{name}.parquet")
    lines = shown(tmp_path, capsys, "parts")
    assert [line for line in lines if line.startswith("parts/")] == [
        "parts/a.parquet",
        "parts/b.parquet",
    ]
    assert lines.count("column value: y") == 2
    (tmp_path / "parts" / "b.parquet").write_bytes(b"PAR1")
    assert run_stage_here(tmp_path, "forecast", "parts", "--check") == 1
    one_error_line(capsys.readouterr().err, "parts/b.parquet: is not a valid Parquet file")


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.json"])
def test_columns_of_a_joined_id_stay_in_the_result(sales: Path, name: str) -> None:
    typed = ["sales.csv", "--id", "shop,family", "--value", "sold", "--horizon", "2"]
    assert run_stage_here(sales, "forecast", *typed, "--out", name) == 0
    path = sales / name
    if name.endswith(".json"):
        first = pd.read_json(path, typ="series")["series"][2]
        assert list(first)[:4] == ["unique_id", "shop", "family", "ds"]
        assert (first["unique_id"], first["shop"], first["family"]) == ("2/[b]food", "2", "[b]food")
        return
    table = pd.read_csv(path, dtype=str) if name.endswith(".csv") else pd.read_parquet(path)
    assert list(table)[:5] == ["unique_id", "shop", "family", "ds", "forecast"]
    assert (table["shop"] + "/" + table["family"]).equals(table["unique_id"])
