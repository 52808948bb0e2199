"""A season of a day keeps to the clocks of the zone where they are changed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.effects.clocks import by_clocks
from rnnlab.forecasting.methods import baseline_method
from rnnlab.formats.options import ReadOptions
from rnnlab.series.loading import load_panel
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import settle

METHOD = baseline_method("seasonal_naive", 1, {"seasonal_naive": 0})


def hours(first: str, count: int, every: str = "h") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq=every, tz="Europe/Berlin")


def load(path: Path, **series: pd.DatetimeIndex) -> Panel:
    """Series whose values are the hours of the clocks, read from a file with offsets."""
    tables = [
        pd.DataFrame(
            {"unique_id": name, "ds": [time.isoformat() for time in times], "y": of(times)}
        )
        for name, times in series.items()
    ]
    pd.concat(tables).to_csv(path, index=False)
    return settle(load_panel(str(path), ReadOptions(), any_series=True), [])[0]


def of(times: pd.DatetimeIndex) -> np.ndarray:
    return (times.hour + times.minute / 60).to_numpy(float)


@pytest.mark.parametrize("every", ["h", "30min"])
@pytest.mark.parametrize("day", ["2021-03-28", "2021-10-31"])
def test_a_day_has_as_many_hours_when_clocks_are_changed(
    tmp_path: Path, day: str, every: str
) -> None:
    """From the hours before the change, which is ahead, and from those after it."""
    part = {"h": 1, "30min": 2}[every]
    before = [str(pd.Timestamp(day) - pd.Timedelta(days=n))[:10] for n in (30, 9)]
    one = hours(f"{before[0]} 07:00", 50 * 24 * part, every)
    two = hours(f"{before[1]} 11:00", 20 * 24 * part, every)
    panel = load(tmp_path / "x.csv", one=one, two=two)
    changes = [
        int(np.flatnonzero(np.diff([time.utcoffset() for time in each]))[0]) + 1
        for each in (one, two)
    ]
    ends = np.array([changes[0] - 9, changes[0] + 9, changes[1] - 9, changes[1] + 9])
    request = [Request(np.array([0, 0, 1, 1]), ends, 48 * part)]
    expected = request[0].truth(panel.y, panel.offsets)
    [plain] = METHOD(panel, panel.lengths, request)
    [found] = by_clocks(METHOD)(panel, panel.lengths, request)
    assert (plain[:, :, 0] != expected).mean() > 0.3
    # the hour that clocks left out the day before has no value to repeat
    assert (found[:, :, 0] != expected).sum() <= (0 if "10-31" in day else 4 * part)


def test_nothing_of_later_values_is_shown(tmp_path: Path) -> None:
    """Not even where a history ends within an hour that comes twice."""
    panel = load(tmp_path / "x.csv", one=hours("2021-10-20", 500))
    change = int(np.flatnonzero(np.diff(panel.y) == 0)[0])
    for end in range(change - 1, change + 3):
        other = Panel(
            panel.ids,
            panel.offsets,
            panel.ds,
            np.where(np.arange(500) < end, panel.y, 99.0),
            panel.period,
            table=panel.table,
        )
        request = [Request(np.array([0]), np.array([end]), 48)]
        ends = np.array([end])
        [[found], [again]] = (by_clocks(METHOD)(each, ends, request)[0] for each in (panel, other))
        np.testing.assert_array_equal(found, again)


def test_other_panels_go_as_they_are(tmp_path: Path) -> None:
    days = load(tmp_path / "x.csv", one=hours("2021-01-01", 300, "D"))
    utc = load(tmp_path / "x.csv", one=hours("2021-03-01", 900).tz_convert("UTC"))
    long = load(tmp_path / "x.csv", one=hours("2021-03-01", 900, "2h"))
    for panel in (days, utc, long):
        seen: list[Panel] = []

        def kept(panel: Panel, *args: object, seen: list[Panel] = seen) -> list[np.ndarray]:
            seen.append(panel)
            return []

        by_clocks(kept)(panel, panel.lengths, [Request(np.array([0]), panel.lengths, 3)])
        assert seen[0] is panel


def test_forecasts_and_backtests_go_by_the_clocks(tmp_path: Path) -> None:
    """A day after the change the hours of yesterday, by UTC, are one too late."""
    times = hours("2021-10-01", 33 * 24)
    load(tmp_path / "x.csv", one=times[: -2 * 24])
    found = rnnlab.forecast(tmp_path / "x.csv", horizon=48)
    assert np.abs(found["forecast"] - of(times[-2 * 24 :])).mean() < 0.1
    tested = rnnlab.backtest(tmp_path / "x.csv", horizon=24).forecasts
    for method in ("forecast", "seasonal_naive"):
        assert np.abs(tested[method] - tested["y"]).mean() < 0.1
