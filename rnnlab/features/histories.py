"""Histories of one period, side by side: filled, scaled, and their seasons."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnlab.features import masked
from rnnlab.features.seasons import Seasonal, a_period_ago, seasonal_part

SMALL = 1e-6  # of the size of the values: units are no smaller
SLOW = 0.15  # rate of the exponential mean that values are compared with


@dataclass(frozen=True)
class Histories:
    """Histories of one period, filled and divided by their size.

    Attributes:
        y: [S, T], right-aligned, with gaps filled; the first value stands before the beginning.
        known: [S, T], False for missing values.
        present: [S, T], True from the first value on.
        period: steps in a season.
        size: [S], the largest absolute value, which y was divided by.
    """

    y: np.ndarray
    known: np.ndarray
    present: np.ndarray
    period: int
    size: np.ndarray

    @cached_property
    def count(self) -> np.ndarray:
        """Values of each history, [S], missing ones included."""
        return self.present.sum(axis=1)

    @cached_property
    def positive(self) -> np.ndarray:
        return self.y.min(axis=1) > 0

    @cached_property
    def logs(self) -> np.ndarray:
        """Logarithms, [S, T]; zeros for series that are not positive."""
        return np.log(np.where(self.positive[:, None], self.y, 1.0))

    @cached_property
    def season(self) -> Seasonal:
        return seasonal_part(self.y, self.count, self.period)

    @cached_property
    def log_season(self) -> Seasonal:
        return seasonal_part(self.logs, self.count, self.period)

    @cached_property
    def mean(self) -> np.ndarray:
        """The mean of the values, [S]."""
        return masked.mean(self.y, self.present)

    @cached_property
    def level(self) -> np.ndarray:
        """The slow exponential mean of the values without their season, [S]."""
        return masked.exponential_mean(self.season.adjusted, self.present, SLOW)

    @cached_property
    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """The line through all values without their season: its end and slope, [S] each."""
        return masked.line(self.season.adjusted, self.present, self.y.shape[1])

    @cached_property
    def scales(self) -> "Scales":
        return measure_scales(self)


@dataclass(frozen=True)
class Scales:
    """How much histories vary, [S] each.

    Attributes:
        unit: mean absolute seasonal difference, which MASE divides by; differences of one step
            where the history is too short.
        step: mean absolute difference of one step, without the season.
        between: the geometric mean of both, without extremes.
        spread: mean absolute deviation from the mean.
    """

    unit: np.ndarray
    step: np.ndarray
    between: np.ndarray
    spread: np.ndarray


def prepare(histories: np.ndarray, period: int) -> Histories:
    """Fill gaps and divide by the largest value, so that no unit is too large or too small."""
    known = np.isfinite(histories)
    start = known.argmax(axis=1)
    present = np.arange(histories.shape[1]) >= start[:, None]
    y = fill_gaps(histories, known, start, period)
    size = np.where(present, np.abs(y), 0).max(axis=1)
    size[size == 0] = 1
    return Histories(y / size[:, None], known, present, period, size)


def fill_gaps(
    histories: np.ndarray, known: np.ndarray, start: np.ndarray, period: int
) -> np.ndarray:
    """Missing values take the value a period before, else the last one.

    Args:
        start: [S], where each history begins; before it stands its first value.
    """
    series, length = histories.shape
    rows = np.arange(series)[:, None]
    y = np.where(known, histories, 0)
    inside = np.arange(length) >= start[:, None]
    if not (known == inside).all():
        time = np.where(known, np.arange(length), -1)
        pad = -length % period
        padded = np.pad(time, ((0, 0), (pad, 0)), constant_values=-1)
        cycles = padded.reshape(series, -1, period)
        period_ago = np.maximum.accumulate(cycles, axis=1).reshape(series, -1)[:, pad:]
        last = np.maximum(np.maximum.accumulate(time, axis=1), 0)
        y = y[rows, np.where(period_ago >= 0, period_ago, last)]
    return np.where(inside, y, histories[rows, start[:, None]])


def seasonal_naive(histories: np.ndarray, period: int, ahead: np.ndarray) -> np.ndarray:
    """The value one period before each of the steps ``ahead`` [H], counted from 1: [S, H].

    It is the last value where a history is shorter than a period.

    Args:
        histories: [S, T], right-aligned: NaN before a series begins and where a value is missing.
    """
    known = np.isfinite(histories)
    start = known.argmax(axis=1)
    y = fill_gaps(histories, known, start, period)
    return a_period_ago(y, histories.shape[1] - start, period, ahead)


def measure_scales(past: Histories) -> Scales:
    y, present = past.y, past.present
    unit = masked.mean_difference(y, present, past.period)
    step = masked.mean_difference(past.season.adjusted, present, 1)
    spread = masked.mean(np.abs(y - past.mean[:, None]), present)
    floor = SMALL * np.maximum(masked.mean(np.abs(y), present), 1e-9)
    other = np.where(step > floor, step, spread)
    unit = np.maximum(np.where(np.isfinite(unit) & (unit > floor), unit, other), floor)
    step = np.maximum(np.where(np.isfinite(step), step, unit), 1e-3 * unit)
    return Scales(unit, step, np.sqrt(unit * np.minimum(step, 10 * unit)), spread)
