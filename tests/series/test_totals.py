"""Rows at any time, as logs have them, become totals by minute, hour, day, week or month."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnlab.commands.options import TableOptions
from rnnlab.core.errors import InputError
from rnnlab.core.notes import InputWarning
from rnnlab.formats.options import reading_options
from rnnlab.series.loading import load_panel, say_notes
from rnnlab.series.panel import Panel


@pytest.fixture
def log(tmp_path: Path) -> pd.DataFrame:
    """Sales of two shops at any second of 40 days, from the last day of a month on."""
    random = np.random.default_rng(0)
    seconds = np.sort(random.choice(40 * 86_400, 900, replace=False))
    return pd.DataFrame(
        {
            "shop": random.choice(["north", "south"], 900),
            "time": pd.Timestamp("2024-01-31") + pd.to_timedelta(seconds, unit="s"),
            "sold": random.integers(1, 9, 900),
        }
    )


def load(log: pd.DataFrame, path: Path, *read: str) -> Panel:
    log.to_csv(path, index=False)
    return load_panel(str(path), reading_options(read, "shop", "time", "sold"))


@pytest.mark.parametrize("total", ["sum", "mean", "last", "count"])
@pytest.mark.parametrize(
    ("every", "freq"), [("day", "D"), ("6 hours", "6h"), ("week", "W-MON"), ("2 days", "2D")]
)
def test_totals_are_those_of_pandas(
    log: pd.DataFrame, tmp_path: Path, every: str, freq: str, total: str
) -> None:
    panel = load(log, tmp_path / "log.csv", f"every={every}", f"total={total}")
    north = log[log["shop"] == "north"].set_index("time")["sold"]
    how = {"closed": "left", "label": "left"}
    # weeks and several days begin on a Monday
    origin = "epoch" if every != "2 days" else pd.Timestamp("1970-01-05")
    expected = getattr(north.resample(freq, origin=origin, **how), total)()
    span = panel.span(panel.ids.index("north"))
    if total in ("sum", "count"):
        # a gap is no zero, unless that is said
        expected = expected.where(expected > 0)
    np.testing.assert_allclose(panel.y[span], expected)
    np.testing.assert_array_equal(panel.ds[span], expected.index.to_numpy().astype("M8[s]"))


def test_months_have_their_own_lengths(log: pd.DataFrame, tmp_path: Path) -> None:
    panel = load(log, tmp_path / "log.csv", "every=month")
    north = log[log["shop"] == "north"]
    expected = north.groupby(north["time"].dt.to_period("M"))["sold"].sum()
    np.testing.assert_array_equal(panel.y[panel.span(panel.ids.index("north"))], expected)


def test_what_was_done_is_said(log: pd.DataFrame, tmp_path: Path) -> None:
    panel = load(log, tmp_path / "log.csv", "every=day")
    with pytest.warns(InputWarning, match=r"900 rows as \d+ values, the sum by day"):
        say_notes(panel)


def test_uneven_times_name_the_option(log: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="or add --read every=hour --read total=mean"):
        load(log[log["shop"] == "north"], tmp_path / "log.csv")


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (["every=fortnight"], "every=fortnight: write minute, 15 minutes, hour"),
        (["total=mean"], "total=mean: add --read every=day"),
    ],
)
def test_what_makes_no_sense(
    log: pd.DataFrame, tmp_path: Path, read: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        load(log, tmp_path / "log.csv", *read)


def test_options_of_the_command() -> None:
    options = TableOptions(every="day", total="mean", value_column="sold")
    assert options.reading == reading_options(["every=day", "total=mean"], value="sold")
