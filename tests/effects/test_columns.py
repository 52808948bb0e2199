"""Columns of people's tables as covariates, and the line for each that can't be one."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnlab.core.errors import InputError
from rnnlab.core.notes import InputWarning
from rnnlab.effects.columns import rows_ahead, with_covariates
from rnnlab.formats.options import ReadOptions
from rnnlab.series.loading import panel_of
from rnnlab.series.panel import Panel
from rnnlab.tables.reading import Table, read_table

LENGTH, AHEAD = 30, 3
DAYS = pd.date_range("2024-01-01", periods=LENGTH + AHEAD)
VALUES = 50 + np.arange(LENGTH + AHEAD) % 7
PRICES = 1.234 + 0.001 * (np.arange(LENGTH + AHEAD) % 5)


def frame(ahead: bool = True, **columns: object) -> pd.DataFrame:
    """Sales, and columns [LENGTH + AHEAD], of which the last rows are without a value."""
    y = [*VALUES[:LENGTH], *[None] * AHEAD]
    found = pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "sales": y, **columns})
    return found if ahead else found[:LENGTH]


def written(table: pd.DataFrame, path: Path, **how: str) -> str:
    if path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, **how)
    return str(path)


def read(path: str, *known: str, future: str | None = None, **said: str) -> tuple[Panel, Table]:
    options = ReadOptions(known=known, future=future, **said)
    table = read_table(path, options)
    return panel_of(table, options, any_series=True), table


def covariates(
    path: str, *known: str, horizon: int = AHEAD, future: str | None = None, **said: str
) -> dict[str, np.ndarray]:
    """By name, as they are in the panel."""
    panel, table = read(path, *known, future=future, **said)
    found = with_covariates(panel, table, horizon).covariates
    assert found is not None
    np.testing.assert_array_equal(np.diff(found.offsets), panel.lengths + horizon)
    return dict(zip(found.names, found.values.T, strict=True))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sales.csv"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("future", ["below", "beside"])
@pytest.mark.filterwarnings("error::rnnlab.core.notes.InputWarning")
def test_files_of_all_formats_say_the_same(tmp_path: Path, suffix: str, future: str) -> None:
    promo = [n % 4 == 0 for n in range(LENGTH + AHEAD)]
    place = ["rain" if n % 3 == 0 else "sun" for n in range(LENGTH + AHEAD)]
    table = frame(promo=promo, price=PRICES, weather=place)
    later = None
    path = tmp_path / f"sales{suffix}"
    if future == "beside":
        columns = ["weather", "price", "promo", "date"]
        later = written(table[LENGTH:][columns], tmp_path / f"future{suffix}")
        table = table[:LENGTH]
    found = covariates(written(table, path), "promo", "price", "weather", future=later)
    assert [*found] == ["promo", "price", "weather=rain"]
    np.testing.assert_array_equal(found["promo"], promo)
    np.testing.assert_allclose(found["price"], PRICES, rtol=1e-15)
    np.testing.assert_array_equal(found["weather=rain"], np.arange(LENGTH + AHEAD) % 3 == 0)


def test_the_future_may_be_a_file_of_another_format(tmp_path: Path) -> None:
    table = frame(price=PRICES)
    later = written(table[LENGTH:][["price", "date"]], tmp_path / "future.xlsx")
    found = covariates(written(table[:LENGTH], tmp_path / "sales.parquet"), "price", future=later)
    np.testing.assert_allclose(found["price"], PRICES)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2,25", "3"], [1.5, 2.25, 3]),
        (["True", "False", "True"], [1, 0, 1]),
        (["TRUE", "false", "true"], [1, 0, 1]),
        (["1", "0", "1"], [1, 0, 1]),
        (["1 200", "900", "1 300,5"], [1200, 900, 1300.5]),
    ],
    ids=str,
)
def test_cells_are_numbers(path: Path, cells: list[str], expected: list[float]) -> None:
    x = (cells * LENGTH)[: LENGTH + AHEAD]
    found = covariates(written(frame(x=x), path, sep=";"), "x")
    np.testing.assert_array_equal(found["x"], (expected * LENGTH)[: LENGTH + AHEAD])


def test_a_person_says_which_sign_is_the_decimal_one(path: Path) -> None:
    x = [f"1,{500 + n}" for n in range(LENGTH + AHEAD)]
    written(frame(x=x).astype({"sales": "Int64"}), path, sep=";")
    with pytest.raises(InputError, match=r"sales.csv: row 2: column 'x' holds '1,500', which is"):
        read(str(path), "x")
    for decimal, first in (("comma", 1.5), ("point", 1500)):
        assert covariates(str(path), "x", decimal=decimal)["x"][0] == first


def test_a_guess_is_said(path: Path) -> None:
    x = [f"1.{500 + n}" for n in range(LENGTH + AHEAD)]
    with pytest.warns(InputWarning, match=r"'x': '1.500' read as 1.5 \(guessed; else --read"):
        assert covariates(written(frame(x=x), path), "x")["x"][0] == 1.5


def test_the_most_common_text_is_left_out(path: Path) -> None:
    texts = (["B", "A", "C", "B"] * LENGTH)[: LENGTH + AHEAD]
    found = covariates(written(frame(kind=texts), path), "kind")
    assert [*found] == ["kind=A", "kind=C"]
    np.testing.assert_array_equal(found["kind=C"], [text == "C" for text in texts])


@pytest.mark.parametrize("count", [50, 51])
def test_up_to_50_texts(tmp_path: Path, count: int) -> None:
    days = pd.date_range("2024-01-01", periods=100)
    texts = [f"t{n % count:02}" for n in range(100)]
    table = pd.DataFrame({"ds": days, "y": [*np.arange(97.0), None, None, None], "kind": texts})
    path = written(table, tmp_path / "sales.csv")
    if count == 50:
        assert len(covariates(path, "kind")) == 49
        return
    with pytest.raises(InputError, match=r"'kind' has 51 different texts, such as .*; up to 50"):
        covariates(path, "kind")


@pytest.mark.parametrize("cell", ["1.2O", "inf"])
def test_one_cell_that_is_no_number_among_many_is_named(path: Path, cell: str) -> None:
    x = PRICES.astype(str).tolist()
    x[10] = cell
    with pytest.raises(InputError, match=rf"row 12: column 'x' holds '{cell}', but numbers else"):
        read(written(frame(x=x), path), "x")


def test_no_number_is_infinite(tmp_path: Path) -> None:
    x = PRICES.copy()
    x[[4, 9, 14]] = np.inf
    with pytest.raises(InputError, match=r"row 5: column 'x' holds 'inf', but numbers elsewhere"):
        read(written(frame(x=x), tmp_path / "sales.parquet"), "x")


def test_a_huge_number_is_named(path: Path) -> None:
    with pytest.raises(InputError, match=r"'x' holds 1e\+200 or its negative; write it in a lar"):
        covariates(written(frame(x=[-1e200, *PRICES[1:]]), path), "x")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_future_row_without_a_value_is_named(tmp_path: Path, suffix: str) -> None:
    x = PRICES.copy()
    x[-2] = np.nan
    path = written(frame(x=x), tmp_path / f"sales{suffix}")
    with pytest.raises(InputError, match=r"'x' has no value at 2024-02-01, which is to be fore"):
        covariates(path, "x")
    assert len(covariates(path, "x", horizon=1)["x"]) == LENGTH + 1


def test_a_missing_row_in_the_middle_of_the_future_is_named(path: Path) -> None:
    table = frame(x=PRICES).drop(index=LENGTH + 1)
    with pytest.raises(InputError, match=r"'x' has no value at 2024-02-01, which is to be fore"):
        covariates(written(table, path), "x")


def test_times_of_the_future_that_do_not_follow_are_named(path: Path, tmp_path: Path) -> None:
    table = frame(x=PRICES)
    late = table[LENGTH:][["date", "x"]].assign(date=["2025-01-01", "2025-01-02", "2025-01-03"])
    future = written(late, tmp_path / "future.csv")
    with pytest.raises(InputError, match=r"'x' has no value at 2024-01-31, which is to be fore"):
        covariates(written(table[:LENGTH], path), "x", future=future)


def test_missing_cells_of_the_past_are_those_before_them(path: Path) -> None:
    x = PRICES.copy()
    x[[0, 1, 8, 9]] = np.nan
    with pytest.warns(
        InputWarning, match=r"'x' has no value in 4 rows, the first at 2024-01-01: the"
    ):
        found = covariates(written(frame(x=x), path), "x")["x"]
    np.testing.assert_allclose(found[[0, 1, 8, 9]], PRICES[[2, 2, 7, 7]])
    np.testing.assert_allclose(np.delete(found, [0, 1, 8, 9]), np.delete(PRICES, [0, 1, 8, 9]))


def test_a_missing_row_of_the_past_has_the_covariates_before_it(path: Path) -> None:
    table = frame(x=PRICES).drop(index=8)
    with pytest.warns(InputWarning, match=r"'x' has no value in 1 row, the first at 2024-01-09"):
        found = covariates(written(table, path), "x")["x"]
    assert found[8] == PRICES[7]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"b": [7] * (LENGTH + AHEAD)}, "'b' is constant: not used"),
        ({"b": ["x"] * (LENGTH + AHEAD)}, "'b' is constant: not used"),
        ({"b": PRICES}, "'b' is the same as 'a': not used"),
        ({"b": [*range(LENGTH), *[None] * AHEAD]}, "'b' is known only in the past: not used"),
    ],
    ids=["number", "text", "equal", "past"],
)
def test_columns_that_say_nothing_are_named(
    path: Path, columns: dict[str, list], said: str
) -> None:
    with pytest.warns(InputWarning, match=said):
        assert [*covariates(written(frame(a=PRICES, **columns), path), "a", "b")] == ["a"]


def test_nothing_of_use_is_an_error(path: Path) -> None:
    with (
        pytest.warns(InputWarning, match="constant"),
        pytest.raises(InputError, match="no column of --known or --holidays says anything"),
    ):
        covariates(written(frame(a=[1] * (LENGTH + AHEAD)), path), "a")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, suffix: str) -> None:
    path = written(frame(a=PRICES), tmp_path / f"sales{suffix}")
    with pytest.raises(InputError, match=r"has no column 'b' \(--known\); it has date, sales, a"):
        read(path, "a", "b")
    with pytest.raises(InputError, match="is the column of --value, too"):
        read(path, "sales", value="sales")
    table = frame(a=PRICES).rename(columns={"sales": "y"})
    with pytest.raises(InputError, match="--known y: is the column of --value, too"):
        read(written(table, tmp_path / f"y{suffix}"), "a", "y")


def test_the_future_has_no_column_of_its_own(path: Path, tmp_path: Path) -> None:
    table = frame(a=PRICES)
    future = written(
        table[LENGTH:][["date", "a"]].rename(columns={"a": "A"}), tmp_path / "future.csv"
    )
    with pytest.raises(InputError, match=r"future.csv: column 'A' is not in .*sales.csv; rename"):
        read(written(table[:LENGTH], path), "a", future=future)


@pytest.fixture
def stores(path: Path) -> pd.DataFrame:
    """Three stores of unequal lengths, the last of which begins late and ends early."""
    parts = [
        frame(promo=np.roll(np.arange(LENGTH + AHEAD) % 5 == 0, shift), store=name)
        for shift, name in enumerate("abc")
    ]
    early = parts[2][20:-5].copy()
    early.loc[early.index[-AHEAD:], "sales"] = None
    return pd.concat([parts[0], parts[1][10:], early])


def test_series_of_a_panel_have_their_own_rows(path: Path, stores: pd.DataFrame) -> None:
    panel, table = read(written(stores.sample(frac=1, random_state=0), path), "promo", id="store")
    assert panel.lengths.tolist() == [30, 20, 5]
    assert rows_ahead(panel, table) == AHEAD
    found = with_covariates(panel, table, AHEAD).covariates
    assert found is not None
    np.testing.assert_array_equal(found.values[:, 0], stores["promo"])


@pytest.mark.parametrize("of", ["a", "c"])
def test_a_series_whose_future_is_missing_is_named(
    path: Path, tmp_path: Path, stores: pd.DataFrame, of: str
) -> None:
    """The others have theirs."""
    future = stores[stores["sales"].isna() & (stores["store"] != of)].drop(columns="sales")
    past = stores[stores["sales"].notna()]
    panel, table = read(
        written(past, path), "promo", id="store", future=written(future, tmp_path / "f.csv")
    )
    first = {"a": "2024-01-31", "c": "2024-01-26"}[of]
    with pytest.raises(InputError, match=rf"'promo' of series '{of}' has no value at {first}"):
        with_covariates(panel, table, AHEAD)


def test_the_horizon_is_the_smallest_number_of_rows_ahead(path: Path) -> None:
    table = frame(x=PRICES)
    panel, read_in = read(written(table, path), "x")
    assert rows_ahead(panel, read_in) == AHEAD
    other = table[: LENGTH + 2].assign(store="b")
    panel, read_in = read(
        written(pd.concat([table.assign(store="a"), other]), path), "x", id="store"
    )
    assert rows_ahead(panel, read_in) == 2
    panel, read_in = read(written(table[:LENGTH], path), "x")
    with pytest.raises(InputError, match="has no rows after the last value, where --known"):
        rows_ahead(panel, read_in)
    assert rows_ahead(*read(written(table[["date", "sales"]], path))) is None


def test_known_columns_lie_beside_several_series(path: Path) -> None:
    """Of a table with a series a column all have the same ones."""
    table = frame(b=[*VALUES[::-1][:LENGTH], *[None] * AHEAD], x=PRICES)
    for name in (path, path.with_suffix(".parquet")):
        panel, read_in = read(written(table, name), "x", layout="wide")
        assert panel.ids == ["b", "sales"]
        found = with_covariates(panel, read_in, AHEAD).covariates
        assert found is not None
        np.testing.assert_allclose(found.values[:, 0], np.tile(PRICES, 2))


def test_without_rows_ahead_the_past_is_known(path: Path) -> None:
    """A backtest needs no more."""
    found = covariates(written(frame(ahead=False, x=PRICES), path), "x", horizon=0)
    np.testing.assert_allclose(found["x"], PRICES[:LENGTH])


@pytest.mark.parametrize(
    ("past", "said"), [((1.0, 2.0), "far beyond its past"), ((1.0, 1.0), "never changed before")]
)
def test_values_ahead_like_none_before_are_named(
    path: Path, past: tuple[float, float], said: str
) -> None:
    price = np.resize(past, LENGTH + AHEAD)
    price[LENGTH:] = 3.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        covariates(written(frame(price=np.resize((1.0, 2.0, 3.0), LENGTH + AHEAD)), path), "price")
    price[-1] = 9.0
    with pytest.warns(InputWarning, match=f"'price'.* {said}"):
        covariates(written(frame(price=price), path), "price")
