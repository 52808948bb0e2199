"""Exponential smoothing: removes level and season from series, step by step.

The recurrence is that of damped additive-trend, seasonal exponential smoothing in error-correction
form (Hyndman et al. 2008, ch. 2); on logarithms the season is multiplicative. One difference:
the slope is a constant from the training part, since short series determine it no better. With x
the series, l the level, s the season, d the slope and m the period::

    e_t = x_t - l_{t-1} - d - s_{t-m}
    l_t = l_{t-1} + d + alpha e_t
    s_t = s_{t-m} + gamma (1 - alpha) e_t

From origin t, the smoothing forecasts l_t + d (phi + … + phi^h) + s_{t+h-m'}, m' the
smallest multiple of m that reaches back to a known season. The network reads the last values minus
their season and the last level; its output is added to that forecast (the hybrid of Smyl 2020, with
the smoothing fitted first).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.series.scalers import positions_in_series, series_numbers


@dataclass(frozen=True)
class Smoothing:
    """The fitted smoothing of S concatenated series.

    Attributes:
        alpha, gamma, phi: smoothing of level and season, damping of the slope; 0 to 1.
        slope: [S], mean growth per step in the training part.
        level: [S], before the first value.
        season: [S, period], of the first period.
        input_scale, target_scale: [S], standard deviations over the windows of the training part,
            so that inputs and targets of the network are of size one.
    """

    alpha: float
    gamma: float
    phi: float
    slope: np.ndarray
    level: np.ndarray
    season: np.ndarray
    input_scale: np.ndarray
    target_scale: np.ndarray

    @property
    def burn_in(self) -> int:
        """Leading values without windows: two periods to initialize, half a period to settle."""
        period = self.season.shape[1]
        return 2 * period + period // 2

    def states(self, x: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smooth x [M], all series together, step by step.

        Returns:
            The level after each value, [M], and the season, [M + S * period]: as known one
            period before each value, so that each series ends with a period of the future. Series s
            begins at ``offsets[s]`` in the level and at ``offsets[s] + s * period`` in the season.
        """
        lengths, period = np.diff(offsets), self.season.shape[1]
        # longest first, so that the series that have not ended are a slice
        order = np.argsort(-lengths, kind="stable")
        start, level, slope = offsets[order], self.level[order], self.slope[order]
        first = start + order * period
        levels, season = np.empty(len(x)), np.empty(len(x) + self.season.size)
        season[first[:, None] + np.arange(period)] = self.season[order]
        active = len(lengths) - np.searchsorted(np.sort(lengths), np.arange(lengths.max()), "right")
        for step, count in enumerate(active):
            at, known = start[:count] + step, season[first[:count] + step]
            error = x[at] - level[:count] - slope[:count] - known
            level[:count] += slope[:count] + self.alpha * error
            levels[at] = level[:count]
            season[first[:count] + step + period] = known + self.gamma * (1 - self.alpha) * error
        return levels, season


def fit_smoothing(
    x: np.ndarray,
    offsets: np.ndarray,
    ends: np.ndarray,
    period: int,
    smoothing: tuple[float, float, float],
) -> Smoothing:
    """Fit start, slope and scales on the first ``ends`` [S] values of each series in x [M].

    The start is a least-squares line with a season over the first two periods. The scales are the
    standard deviations over windows of one period back and one period ahead.

    Args:
        ends: each 2 * period + 2 or more.
        smoothing: alpha, gamma and phi.
    """
    # one step more than two periods, so that a line can be fitted with a period of 1
    first = np.arange(2 * period + 1)
    seasons = (first[:, None] % period == np.arange(period)).astype(float)
    beginnings = x[offsets[:-1] + first[:, None]]
    fitted = np.linalg.lstsq(np.column_stack([first, seasons]), beginnings, rcond=None)[0]
    level = fitted[1:].mean(axis=0)
    ones = np.ones(len(ends))
    alpha, gamma, phi = smoothing
    unscaled = Smoothing(
        alpha=alpha,
        gamma=gamma,
        phi=phi,
        slope=_growth(x, offsets, ends, period),
        level=level - fitted[0],
        season=(fitted[1:] - level).T,
        input_scale=ones,
        target_scale=ones,
    )
    inputs, targets = _deviations(unscaled, x, offsets, ends)
    return replace(unscaled, input_scale=inputs, target_scale=targets)


def _growth(x: np.ndarray, offsets: np.ndarray, ends: np.ndarray, period: int) -> np.ndarray:
    """The mean growth per step, over all pairs of values one period apart."""
    parts = [x[start : start + end] for start, end in zip(offsets, ends, strict=False)]
    return np.array([(part[period:] - part[:-period]).mean() / period for part in parts])


def _deviations(
    smoothing: Smoothing, x: np.ndarray, offsets: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations of inputs and of targets in the training parts, [S] each; 1 if none.

    Computed one step at a time, since all windows at once would take a period of copies.
    """
    period = smoothing.season.shape[1]
    levels, season = smoothing.states(x, offsets)
    series, place = series_numbers(offsets), positions_in_series(offsets)
    earliest = np.minimum(smoothing.burn_in, ends - 1)
    origin = np.flatnonzero((place >= earliest[series]) & (place < ends[series]))
    owner = series[origin]
    level, slope = levels[origin - 1], smoothing.slope[owner]
    own_season, stop = origin + owner * period, (offsets[:-1] + ends)[owner]
    damped = np.cumsum(smoothing.phi ** np.arange(1.0, period + 1))

    def inputs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(-period, 0):
            yield x[origin + step] - season[own_season + step] - level, owner

    def targets() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(period):
            inside = origin + step < stop
            base = level + slope * damped[step] + season[own_season + step]
            yield (x[np.minimum(origin + step, stop - 1)] - base)[inside], owner[inside]

    return _deviation(inputs(), len(ends)), _deviation(targets(), len(ends))


def _deviation(parts: Iterable[tuple[np.ndarray, np.ndarray]], count: int) -> np.ndarray:
    """The standard deviation by series of values in parts, each with the index of its series."""
    number, total, squares = np.zeros((3, count))
    for values, series in parts:
        number += np.bincount(series, minlength=count)
        total += np.bincount(series, values, minlength=count)
        squares += np.bincount(series, values**2, minlength=count)
    number = np.maximum(number, 1)
    deviation = np.sqrt(np.maximum(squares / number - (total / number) ** 2, 0))
    return np.where(deviation > 1e-12, deviation, 1.0)
