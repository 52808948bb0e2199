"""Several readings of a series, and their mean: for two seasons at once, and for none.

The network knows one season. With a longer one beside it, a series is read five times: as it is;
its last weeks alone; without one season while the network is told the other; and without the longer
one while it is told that too. Each series weighs the readings by their errors on its own past.
Without a season a series is read twice, as it is and as its square roots, which bound its growth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnlab.series.seasons import longer_season
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.forecaster import (
    MAX_PERIOD,
    as_series,
    end_to_end,
    forecast_quantiles,
    steps_at_once,
)
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.profiles import CYCLES, seasonal_profile

# seasons in the reading of the last values alone: a week of hours, seven weeks of days
LAST = 7
# weights fall with this power of the error; readings of smaller weights are left out
POWER, LEAST = 10, 0.05
# forecasts of a series' past that weigh the readings: one for each horizon, and of many series less
MOST, MOST_IN_ALL, FEWEST = 20, 2000, 2
# a history has at least two cycles of the longer season before the first of them
BEFORE = 2


@dataclass(frozen=True)
class Reading:
    """What the network is shown of a series.

    Attributes:
        period: that it is told.
        without: the season whose profile is taken off first; 0 for none.
        roots: whether it sees square roots, of series that are never negative.
        last: how many values it sees; None for all.
    """

    period: int
    without: float = 0
    roots: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Shown:
    """Histories as a reading has them.

    Attributes:
        histories: of S series, [T] each.
        ahead: [S, H], what was taken off, at the steps ahead.
        rooted: [S], whose values are square roots.
    """

    histories: list[np.ndarray]
    ahead: np.ndarray
    rooted: np.ndarray


def readings_of(period: int, longer: float | None) -> tuple[Reading, ...]:
    """The readings of series with a season, and a longer one or None; the first is the series."""
    whole = Reading(period)
    if longer is None:
        return (whole, Reading(1, roots=True)) if period == 1 else (whole,)
    short, off = Reading(period, last=LAST * period), Reading(period, longer, roots=True)
    if round(longer) > MAX_PERIOD:
        return whole, short, off
    told = round(longer)
    return whole, short, off, Reading(told, period, roots=True), Reading(told, longer, roots=True)


def forecast_reading(
    network: ZeroShotNetwork,
    histories: Sequence[np.ndarray],
    reading: Reading,
    horizon: int,
    rounded: bool = True,
) -> np.ndarray:
    """Quantiles [S, horizon, 11] of one reading; see ``forecast_quantiles``."""
    if reading == Reading(reading.period):
        return forecast_quantiles(network, histories, reading.period, horizon, rounded)
    shown = show(histories, reading, horizon)
    found = forecast_quantiles(network, shown.histories, reading.period, horizon, rounded)
    found += shown.ahead[:, :, None]
    found[shown.rooted] = np.maximum(found[shown.rooted], 0) ** 2
    return found


def show(histories: Sequence[np.ndarray], reading: Reading, horizon: int) -> Shown:
    """What the network is shown of S histories before it forecasts ``horizon`` steps."""
    shown, ahead, rooted = [], np.zeros((len(histories), horizon)), np.zeros(len(histories), bool)
    for row, history in enumerate(histories):
        y = history if reading.last is None else _end(history, reading.last)
        if reading.roots and np.nanmin(history) >= 0:
            y, rooted[row] = np.sqrt(y), True
        if reading.without:
            y = _end(y, int((CYCLES + 1) * max(reading.without, reading.period)))
            past, ahead[row] = seasonal_profile(y, reading.without, horizon)
            y = y - past
        shown.append(y)
    return Shown(shown, ahead, rooted)


def _end(y: np.ndarray, count: int) -> np.ndarray:
    """The last ``count`` values of y [T]; all where these are missing."""
    end = y[-count:]
    return end if np.isfinite(end).any() else y


def weigh(
    network: ZeroShotNetwork,
    histories: Sequence[np.ndarray],
    readings: Sequence[Reading],
    horizon: int,
) -> np.ndarray:
    """The weights of readings for each series, [S, R], from forecasts of its own past.

    A series too short for that has the first reading alone.
    """
    period, longer = readings[0].period, max(reading.without for reading in readings)
    steps = min(max(horizon, period), steps_at_once(period))
    series, ends = past_origins(histories, steps, int(np.ceil(BEFORE * longer)))
    weights = np.zeros((len(histories), len(readings)))
    weights[:, 0] = 1
    if not len(series):
        return weights
    pairs = list(zip(series.tolist(), ends.tolist(), strict=True))
    past = [histories[number][:end] for number, end in pairs]
    truth = np.array([histories[number][end : end + steps] for number, end in pairs])
    total = np.zeros_like(weights)
    for place, reading in enumerate(readings):
        median = forecast_reading(network, past, reading, steps)[..., MEDIAN]
        np.add.at(total[:, place], series, np.nanmean(np.abs(median - truth), axis=1))
    weighed = np.unique(series)
    weights[weighed] = _by_errors(total[weighed])
    return weights


def past_origins(
    histories: Sequence[np.ndarray], steps: int, least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Series [N] and lengths [N] of histories that end earlier, with a value in the next steps.

    They are spread over the last horizons, as many as leave ``least`` values. A series that leaves
    room for fewer than three has none.
    """
    rooms = np.array([len(y) - steps - least for y in histories])
    usable = np.flatnonzero(rooms >= 2 * steps)
    each = int(np.clip(MOST_IN_ALL // max(1, len(usable)), FEWEST, MOST))
    series, ends = [], []
    for number in usable.tolist():
        y, back = histories[number], min(rooms[number], (each - 1) * steps)
        for end in len(y) - steps - np.unique(np.linspace(0, back, each).astype(np.int64)):
            if np.isfinite(y[:end]).any() and np.isfinite(y[end : end + steps]).any():
                series.append(number)
                ends.append(end)
    return np.array(series, dtype=np.int64), np.array(ends, dtype=np.int64)


def _by_errors(errors: np.ndarray) -> np.ndarray:
    """Weights [S, R] that fall with errors [S, R]."""
    best = errors.min(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(errors > best, (best / errors) ** POWER, 1.0)
    weights = relative / relative.sum(axis=1, keepdims=True)
    weights[weights < LEAST] = 0
    return weights / weights.sum(axis=1, keepdims=True)


def forecast_readings(
    network: ZeroShotNetwork,
    histories: Sequence[np.ndarray],
    readings: Sequence[Reading],
    weights: np.ndarray,
    horizon: int,
    rounded: bool = True,
) -> np.ndarray:
    """The mean quantiles [S, horizon, 11] of readings with weights [S, R]; see ``as_series``."""
    if len(readings) == 1:
        return forecast_reading(network, histories, readings[0], horizon, rounded)
    mean = np.zeros((len(histories), horizon, len(QUANTILES)))
    for reading, weight in zip(readings, weights.T, strict=True):
        rows = np.flatnonzero(weight)
        shown = [histories[row] for row in rows.tolist()]
        found = forecast_reading(network, shown, reading, horizon, rounded=False)
        mean[rows] += weight[rows, None, None] * found
    return as_series(mean, *end_to_end(histories), readings[0].period, rounded)


def weights_of(
    network: ZeroShotNetwork,
    histories: Sequence[np.ndarray],
    readings: Sequence[Reading],
    horizon: int,
) -> np.ndarray:
    """The weights of readings, [S, R]: of two the mean, of one itself, else ``weigh``."""
    if len(readings) > 2:
        return weigh(network, histories, readings, horizon)
    return np.full((len(histories), len(readings)), 1 / len(readings))


def forecast_series(
    network: ZeroShotNetwork,
    histories: Sequence[np.ndarray],
    period: int,
    horizon: int,
    longer: float | None = None,
) -> np.ndarray:
    """Quantiles of the next values, [S, horizon, 11], as ``forecast_quantiles`` has them.

    Args:
        longer: a second season, in steps; None for the one that usually goes with the period.
    """
    readings = readings_of(period, longer or longer_season(period))
    weights = weights_of(network, histories, readings, horizon)
    return forecast_readings(network, histories, readings, weights, horizon)
