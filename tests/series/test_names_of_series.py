"""Which columns of a table name its series."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from layouts import load

from rnnlab.core.errors import InputError
from rnnlab.formats.options import reading_options
from rnnlab.formats.sources import find_source
from rnnlab.series.loading import load_panel
from rnnlab.tables.by_columns import names_of_series


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
