"""A season of a day keeps to the clocks of the zone where they are changed."""

import warnings
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest
from toys import zero_shot_network

import rnnlab
from rnnlab.effects.clocks import clocks_of
from rnnlab.forecasting.methods import baseline_method, by_clocks
from rnnlab.forecasting.trained import fine_tuned
from rnnlab.formats.options import ReadOptions
from rnnlab.frames.reading import read_data
from rnnlab.series.loading import load_panel
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import settle
from rnnlab.zero_shot.finetuning import RECIPE

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


@pytest.mark.parametrize("later", [0, 1, 2, 3])
def test_a_series_may_begin_within_an_hour_that_comes_twice(tmp_path: Path, later: int) -> None:
    """Of its first half hours one is kept, and no other value is lost or moved."""
    times = hours("2021-10-31", 64 + later, "30min")[4 + later :]
    y = 100.0 + np.arange(60)
    table = pd.DataFrame({"ds": [time.isoformat() for time in times], "y": y})
    # an earlier series, so that the clocks are changed after the first time of all
    other = pd.DataFrame({"ds": [t.isoformat() for t in hours("2021-10-30", 90, "30min")], "y": 1})
    both = pd.concat([table.assign(unique_id="one"), other.assign(unique_id="two")])
    both.to_csv(tmp_path / "x.csv", index=False)
    panel = load_panel(str(tmp_path / "x.csv"), ReadOptions(), any_series=True)
    clocks = clocks_of(panel, 4)
    assert clocks is not None
    shown = clocks.as_shown(panel)
    # the steps that come again
    lost = {0: [2, 3], 1: [1, 2], 2: [1], 3: []}[later]
    np.testing.assert_array_equal(shown.y[shown.span(0)], np.delete(y, lost))
    np.testing.assert_array_equal(shown.y[shown.span(1)], np.ones(88))
    # nor is a value known before its time
    for end in range(1, 6):
        [count] = clocks.count(np.array([0]), np.array([end]))
        assert set(shown.y[:count]) <= set(y[:end])


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


@pytest.mark.parametrize("kind", ["long", "dict", "wide", "arrow", "polars"])
def test_a_frame_goes_by_the_clocks_as_its_file_does(tmp_path: Path, kind: str) -> None:
    """With the times of its zone: those that come twice, and those that are left out, too."""
    times = hours("2021-10-18", 16 * 24) if kind != "wide" else hours("2021-03-15", 16 * 24)
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(times))
    frame = pd.DataFrame({"ds": times, "y": of(times) + noise})
    texts = frame.assign(ds=[time.isoformat() for time in times])
    data: Any = frame
    if kind == "dict":
        data = {"y": frame.set_index("ds")["y"]}
    elif kind == "wide":
        data = frame.set_index("ds").assign(z=1.0 * (np.arange(len(times)) % 7))
        texts["z"] = data["z"].to_numpy()
    elif kind == "arrow":
        data = pyarrow.Table.from_pandas(frame)
    elif kind == "polars":
        data = pytest.importorskip("polars").from_arrow(pyarrow.Table.from_pandas(frame))
    texts.to_csv(tmp_path / "x.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rnnlab.InputWarning)
        by_file = rnnlab.forecast(tmp_path / "x.csv", horizon=48)
        tested_by_file = rnnlab.backtest(tmp_path / "x.csv", horizon=24).forecasts
    found = as_pandas(rnnlab.forecast(data, horizon=48))
    tested = as_pandas(rnnlab.backtest(data, horizon=24).forecasts)
    for one, other in ((found, by_file), (tested, tested_by_file)):
        numbers = other.select_dtypes(float).columns
        np.testing.assert_array_equal(one[numbers], other[numbers])
    ahead = pd.Series(pd.date_range(times[-1], periods=49, freq="h")[1:])
    pd.testing.assert_series_equal(found["ds"][:48], ahead, check_names=False, check_freq=False)
    pd.testing.assert_series_equal(
        tested["ds"][:24], pd.Series(times[-24:]), check_names=False, check_freq=False
    )


def test_series_of_several_zones_are_forecast_in_utc() -> None:
    """One column of times has one zone; without any they would look like local times."""
    times = hours("2021-03-01", 200)
    zones = {"a": times, "b": times.tz_convert("America/New_York")}
    found = rnnlab.forecast(
        {name: pd.Series(of(times), index) for name, index in zones.items()}, horizon=2
    )
    ahead = pd.date_range(times[-1], periods=3, freq="h")[1:].tz_convert("UTC")
    assert found["ds"].tolist() == [*ahead, *ahead]


def as_pandas(table: Any) -> pd.DataFrame:
    return table if isinstance(table, pd.DataFrame) else pyarrow.table(table).to_pandas()


@pytest.mark.parametrize("first", ["2021-03-07 05:00", "2021-10-10 05:00"])
def test_a_frame_knows_of_a_change_ahead(first: str) -> None:
    """Which offsets of a file that are all the same do not tell."""
    times = hours(first, 22 * 24)
    known = pd.DataFrame({"ds": times, "y": of(times)})[: 20 * 24 + 12]
    found = rnnlab.forecast(known, horizon=36)
    assert found["ds"].tolist() == times[len(known) :].tolist()
    assert len({time.utcoffset() for time in found["ds"]}) == 2
    assert np.abs(found["forecast"] - of(times[len(known) :])).mean() < 0.7
    by_utc = rnnlab.forecast(known.assign(ds=known["ds"].dt.tz_convert("UTC")), horizon=36)
    assert np.abs(by_utc["forecast"] - of(times[len(known) :])).mean() > 1


def test_totals_of_a_frame_are_those_of_days_of_the_calendar() -> None:
    times = hours("2021-10-01", 40 * 24 + 1)
    frame = pd.DataFrame({"ds": times, "y": 1.0 + (times.weekday == 5)})
    options = {"every": "day", "total": "mean"}
    found = rnnlab.forecast(frame, horizon=7, read=options)
    days = pd.date_range("2021-11-10", periods=7, tz="Europe/Berlin")
    assert found["ds"].tolist() == days.tolist()
    # by the days of UTC a Saturday begins a Friday's evening
    assert found["forecast"].tolist() == [1.0 + (day.weekday() == 5) for day in days]
    assert rnnlab.plot(frame, found, read=options).axes


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        (hours("2021-10-01", 40, "D"), ""),
        (hours("2021-10-01", 40).tz_localize(None), ""),
        (hours("2021-10-01", 40), "Europe/Berlin"),
        (hours("2021-10-01", 40).tz_convert("dateutil/Europe/Berlin"), "Europe/Berlin"),
        (hours("2021-10-01", 40).tz_convert(timezone(timedelta(hours=1))), "+01:00"),
    ],
)
def test_only_hours_of_a_frame_have_a_zone(times: pd.DatetimeIndex, zone: str) -> None:
    table, _ = read_data(pd.Series(np.arange(40.0), times), ReadOptions())
    assert table.zone == zone


def test_fine_tuning_is_shown_days_of_equally_many_hours(tmp_path: Path) -> None:
    panel = load(tmp_path / "x.csv", one=hours("2021-10-10", 24 * 24))
    clocks = clocks_of(panel, 0)
    assert clocks is not None
    recipe = replace(RECIPE, steps=12, batch_size=4)
    by_clocks, plain, by_utc = (
        fine_tuned(each, zero_shot_network(), 12, recipe).errors
        for each in (panel, clocks.as_shown(panel), replace(panel, table=None))
    )
    assert by_clocks == plain != by_utc
