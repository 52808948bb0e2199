"""Exponential smoothing by a grid: many smoothings at once, weighted by how well each has done.

Simple and damped-trend smoothing (Gardner & McKenzie 1985) with fixed parameters. A smoothing
weighs exp(-n/2 log of its mean squared one-step error), an Akaike weight (Burnham & Anderson 2002).
No series waits for an optimizer.
"""

from dataclasses import dataclass

import numpy as np

# rate of the level; a level without trend
PLAIN = [(0.05, 0.0, 0.0), (0.15, 0.0, 0.0), (0.3, 0.0, 0.0)]
PLAIN += [(0.5, 0.0, 0.0), (0.75, 0.0, 0.0), (1.0, 0.0, 0.0)]
# rate of the level, rate of the slope, damping of the slope per step
TRENDED = [(0.2, 0.03, 0.97), (0.4, 0.1, 0.95), (0.6, 0.2, 0.9), (0.9, 0.1, 0.9)]
TRENDED += [(0.9, 0.4, 0.85), (1.0, 0.25, 0.97), (0.5, 0.05, 1.0), (0.9, 0.1, 1.0)]
GRID = np.array(PLAIN + TRENDED)
P, T = slice(0, len(PLAIN)), slice(len(PLAIN), None)
STEPS = 160  # values that are smoothed, at most
EVIDENCE = 40  # errors that count as evidence, at most: series change
AGE = 0.97  # weight of an error beside the next one
PENALTY = 1.5  # log-likelihood that a trend must gain
START = 0.7  # of the mean growth of the first values, with which a trend starts


@dataclass(frozen=True)
class Smoothed:
    """Weighted forecasts of V views of S series.

    Attributes:
        level: [V, S], of the smoothings without trend.
        mean, trended: [V, S, H], of all smoothings and of those with a trend.
        features: [S, 6], of the first view: how weights are shared, and the errors.
        cost: [V, S], about the mean squared one-step error of each view in units of the series.
    """

    level: np.ndarray
    mean: np.ndarray
    trended: np.ndarray
    features: np.ndarray
    cost: np.ndarray


def smooth_all(
    views: np.ndarray, factors: np.ndarray, present: np.ndarray, ahead: np.ndarray
) -> Smoothed:
    """Smooth views [V, S, T] of S series.

    Args:
        factors: [V, S, T], what turns an error of a view into one of the series: 1 for the series
            itself, its values for its logarithms.
        present: [S, T], whether a series had begun.
    """
    kinds, series, _ = views.shape
    y = np.ascontiguousarray(views.reshape(kinds * series, -1)[:, -STEPS:].T)
    first = np.tile(present[:, -STEPS:], (kinds, 1)).argmax(axis=1)
    # single precision is twice as fast; it needs numbers near zero
    origin, size = y[-1], np.ones(y.shape[1])
    if len(y) > 1:
        size = np.abs(np.diff(y, axis=0)).mean(axis=0) + 1e-300
    y = ((y - origin) / size).astype(np.float32)
    level, slope, error = _run(y, first)
    factor = np.where(present[:, -STEPS:], factors[:, :, -STEPS:], 0).reshape(len(first), -1)
    cost = error * size**2 * np.square(factor).sum(axis=1) / (len(y) - first)
    number = len(y) - first
    scale = np.abs(np.diff(y, axis=0)).sum(axis=0) / np.maximum(number - 1, 1) + 1e-6
    error = error + (1e-3 * scale) ** 2 + 1e-12
    fit = -np.minimum(number - 1, EVIDENCE) / 2 * np.log(error)
    fit[T] -= PENALTY
    share, plain, trended = _softmax(fit), _softmax(fit[P]), _softmax(fit[T])
    reach = _reach(ahead)
    trends = (trended * level[T]).sum(axis=0)[:, None] + (trended * slope[T]).T @ reach
    mean = (share * level).sum(axis=0)[:, None] + (share[T] * slope[T]).T @ reach
    columns = [
        (plain * GRID[P, :1]).sum(axis=0) * 2,
        share[T].sum(axis=0),
        (trended * GRID[T, :1]).sum(axis=0) * 2,
        (trended * GRID[T, 1:2]).sum(axis=0) * 3,
        np.log(np.sqrt(error.min(axis=0)) / scale + 1e-3),
        np.arcsinh((trended * slope[T]).sum(axis=0) / scale),
    ]
    shape = (kinds, series, len(ahead))
    return Smoothed(
        (origin + size * (plain * level[P]).sum(axis=0)).reshape(kinds, series),
        (origin[:, None] + size[:, None] * mean).reshape(shape),
        (origin[:, None] + size[:, None] * trends).reshape(shape),
        np.stack(columns, axis=1)[:series],
        (share * cost).sum(axis=0).reshape(kinds, series),
    )


def _run(y: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run all smoothings of the grid over y [T, R]; series r begins at ``first`` [R].

    Before a series begins it is constant, so that the level starts at its first value.

    Returns:
        The last level and slope, and the weighted mean of squared one-step errors, [G, R] each.
    """
    length, rows = y.shape
    columns = np.arange(rows)
    alpha, beta, damping = (GRID[:, k, None].astype(np.float32) for k in range(3))
    slope_rate = alpha * beta
    later = np.minimum(first + np.clip((length - first) // 3, 1, 8), length - 1)
    growth = (y[later, columns] - y[first, columns]) / np.maximum(later - first, 1)
    start = np.where(beta > 0, START * growth, 0).astype(np.float32)
    starts = np.bincount(first, minlength=length) > 0
    age = np.arange(length - 1, -1, -1)[:, None]
    weight = np.where(age < length - 1 - first, AGE**age, 0).astype(np.float32)
    level = np.repeat(y[0][None], len(GRID), axis=0)
    slope, total = np.zeros_like(level), np.zeros_like(level)
    for t in range(1, length):
        if starts[t - 1]:
            slope = np.where(first == t - 1, start, slope)
        slope = damping * slope
        expected = level + slope
        error = y[t] - expected
        total += weight[t] * error * error
        level = expected + alpha * error
        slope = slope + slope_rate * error
    return level, slope, total / np.maximum(weight.sum(axis=0), 1e-9)


def _softmax(fit: np.ndarray) -> np.ndarray:
    weights = np.exp(fit - fit.max(axis=0))
    return weights / weights.sum(axis=0)


def _reach(ahead: np.ndarray) -> np.ndarray:
    """How many slopes each trended smoothing adds by each step ahead, [C, H]."""
    damping, h = GRID[T, 2][:, None], ahead.astype(float)
    damped = damping * (1 - damping**h) / np.maximum(1 - damping, 1e-9)
    return np.where(damping < 1, damped, h)
