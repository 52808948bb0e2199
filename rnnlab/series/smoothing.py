"""Exponential smoothing: level and season are taken off a series as it goes.

The recurrence is that of damped additive-trend, seasonal exponential smoothing in error-correction
form (Hyndman et al. 2008, ch. 2); on logarithms the season is multiplicative. Its one departure:
the slope is a constant of the training part, as short series pin it down no better. With x the
series, l the level, s the season, d the slope and m the period::

    e_t = x_t - l_{t-1} - d - s_{t-m}
    l_t = l_{t-1} + d + alpha e_t
    s_t = s_{t-m} + gamma (1 - alpha) e_t

From origin t the forecast of the smoothing alone is l_t + d (phi + … + phi^h) + s_{t+h-m'}, m' the
least multiple of m that reaches back to a known season. The network reads the last values less
their season and the last level, and answers with what is to be added to that forecast (the hybrid
of Smyl 2020, with the smoothing fitted first).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.series.scalers import positions_in_series, series_numbers


@dataclass(frozen=True)
class Smoothing:
    """A fitted smoothing of S series that lie end to end.

    Attributes:
        alpha, gamma, phi: smoothing of level and season, damping of the slope; 0 to 1.
        slope: [S], mean growth a step inside the training part.
        level: [S], before the first value.
        season: [S, period], of the first period.
        input_scale, target_scale: [S], deviations over the training part's windows, so that the
            network reads and answers numbers of size one.
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
        """Leading values that give no windows: two periods set the start, half a one settles it."""
        period = self.season.shape[1]
        return 2 * period + period // 2

    def states(self, x: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smooth x [M], all series at once, step by step.

        Returns:
            The level after each value, [M], and the season, [M + S * period]: of each value as it
            was known one period before, so that the last period of each series is of the future.
            Series s begins at ``offsets[s]`` in the one and at ``offsets[s] + s * period`` in the
            other.
        """
        lengths, period = np.diff(offsets), self.season.shape[1]
        # the longest first, so that those which still go on are a slice
        order = np.argsort(-lengths, kind="stable")
        start, level, slope = offsets[order], self.level[order], self.slope[order]
        first = start + order * period
        levels, season = np.empty(len(x)), np.empty(len(x) + self.season.size)
        season[first[:, None] + np.arange(period)] = self.season[order]
        going = len(lengths) - np.searchsorted(np.sort(lengths), np.arange(lengths.max()), "right")
        for step, count in enumerate(going):
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

    The start is the least-squares line with a season over the first two periods. The scales are
    the deviations of windows that look one period back and one ahead.

    Args:
        ends: 2 * period + 2 or more each.
        smoothing: alpha, gamma and phi.
    """
    # one step more than two periods, so that a period of 1 has a line to fit
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
    """The mean growth a step, over all pairs one period apart."""
    parts = [x[start : start + end] for start, end in zip(offsets, ends, strict=False)]
    return np.array([(part[period:] - part[:-period]).mean() / period for part in parts])


def _deviations(
    smoothing: Smoothing, x: np.ndarray, offsets: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of all inputs and of all targets inside the training parts, [S] each; 1 where there are none.

    One step of all windows at a time, since all windows at once are as large as a period of copies.
    """
    period = smoothing.season.shape[1]
    levels, season = smoothing.states(x, offsets)
    series, place = series_numbers(offsets), positions_in_series(offsets)
    earliest = np.minimum(smoothing.burn_in, ends - 1)
    origin = np.flatnonzero((place >= earliest[series]) & (place < ends[series]))
    of = series[origin]
    level, slope = levels[origin - 1], smoothing.slope[of]
    own_season, stop = origin + of * period, (offsets[:-1] + ends)[of]
    damped = np.cumsum(smoothing.phi ** np.arange(1.0, period + 1))

    def inputs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(-period, 0):
            yield x[origin + step] - season[own_season + step] - level, of

    def targets() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(period):
            inside = origin + step < stop
            base = level + slope * damped[step] + season[own_season + step]
            yield (x[np.minimum(origin + step, stop - 1)] - base)[inside], of[inside]

    return _deviation(inputs(), len(ends)), _deviation(targets(), len(ends))


def _deviation(parts: Iterable[tuple[np.ndarray, np.ndarray]], count: int) -> np.ndarray:
    """The deviation by series of values that come in parts, each with the number of its series."""
    number, total, squares = np.zeros((3, count))
    for values, series in parts:
        number += np.bincount(series, minlength=count)
        total += np.bincount(series, values, minlength=count)
        squares += np.bincount(series, values**2, minlength=count)
    number = np.maximum(number, 1)
    deviation = np.sqrt(np.maximum(squares / number - (total / number) ** 2, 0))
    return np.where(deviation > 1e-12, deviation, 1.0)
