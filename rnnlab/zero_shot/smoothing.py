"""Exponential smoothing by a grid: many smoothings at once, weighted by how well they would have done.

Simple and damped-trend smoothing (Gardner & McKenzie 1985) with fixed parameters; a smoothing
weighs exp(-n/2 log of its mean squared one-step error), as by Akaike weights (Burnham & Anderson
2002). No series waits for an optimizer.
"""

from dataclasses import dataclass

import numpy as np

# level, slope, damping
LEVELS = [(0.05, 0, 0), (0.15, 0, 0), (0.3, 0, 0), (0.5, 0, 0), (0.75, 0, 0), (1.0, 0, 0)]
TRENDS = [
    (0.2, 0.03, 0.97),
    (0.4, 0.1, 0.95),
    (0.6, 0.2, 0.9),
    (0.9, 0.1, 0.9),
    (0.9, 0.4, 0.85),
    (1.0, 0.25, 0.97),
    (0.5, 0.05, 1.0),
    (0.9, 0.1, 1.0),
]
GRID = np.array(LEVELS + TRENDS)
# the errors of this many steps, at most, choose the weights
STEPS = 160
EVIDENCE = 40


@dataclass(frozen=True)
class Smoothed:
    """Weighted forecasts of V views of S series.

    Attributes:
        level: [V, S], of the smoothings without trend.
        mean, trended: [V, S, H], of all smoothings and of those with a trend.
        features: [S, K], of the first view: how weights are shared, and the errors.
    """

    level: np.ndarray
    mean: np.ndarray
    trended: np.ndarray
    features: np.ndarray


def smooth_all(views: np.ndarray, present: np.ndarray, ahead: np.ndarray) -> Smoothed:
    """Smooth views [V, S, T], where ``present`` [S, T] tells whether the series had begun."""
    kinds, series, _ = views.shape
    rows = kinds * series
    y = np.ascontiguousarray(views.reshape(rows, -1)[:, -STEPS:].T)
    begun = np.ascontiguousarray(np.tile(present[:, -STEPS:], (kinds, 1)).T)
    length = len(y)
    first = begun.argmax(axis=0)
    columns = np.arange(rows)
    alpha, beta, damping = (GRID[:, k][:, None] for k in range(3))
    # before a series begins it is constant, so that the level starts at its first value
    level = np.repeat(y[0][None], len(GRID), axis=0)
    number = length - first
    reach = np.minimum(np.maximum(number // 3, 1), 8)
    far = np.minimum(first + reach, length - 1)
    gain = (y[far, columns] - y[first, columns]) / np.maximum(far - first, 1)
    # a trend starts when the series does
    slope = np.zeros_like(level)
    error2 = np.zeros_like(level)
    starts = np.zeros((length, rows), dtype=bool)
    starts[first, columns] = True
    age = np.arange(length)[:, None] - first
    weight = np.where(age >= 1, 0.97 ** np.arange(length - 1, -1, -1)[:, None], 0.0)
    has_trend = (GRID[:, 1] > 0)[:, None]
    some_start = starts.any(axis=1)
    scale = np.abs(np.diff(y, axis=0)).sum(axis=0) / np.maximum(number - 1, 1) + 1e-12
    for t in range(1, length) if length > 1 else ():
        if some_start[t - 1]:
            slope = np.where(has_trend & starts[t - 1], gain * 0.7, slope)
        predicted = level + damping * slope
        error = y[t] - predicted
        error2 += weight[t] * error * error
        level = predicted + alpha * error
        slope = damping * slope + alpha * beta * error
    total = np.maximum(weight.sum(axis=0), 1e-9)
    mse = error2 / total + (1e-3 * scale) ** 2 + 1e-24
    evidence = np.minimum(number - 1, EVIDENCE) / 2
    # two free parameters more cost one unit of log-likelihood each
    fit = -evidence * np.log(mse) - 1.5 * has_trend
    fit = np.exp(fit - fit.max(axis=0))
    share = fit / fit.sum(axis=0)
    plain, trendy = slice(0, len(LEVELS)), slice(len(LEVELS), None)
    h = ahead.astype(float)
    d = GRID[trendy, 2][:, None]
    reach_h = np.where(d < 1, d * (1 - d**h) / np.maximum(1 - d, 1e-9), h)  # [C, H]

    def normalized(weights: np.ndarray) -> np.ndarray:
        return weights / np.maximum(weights.sum(axis=0), 1e-300)

    own = normalized(np.exp(np.log(fit[plain] + 1e-300) - np.log(fit[plain] + 1e-300).max(axis=0)))
    own_trend = normalized(np.exp(np.log(fit[trendy] + 1e-300) - np.log(fit[trendy] + 1e-300).max(axis=0)))
    flat = (own * level[plain]).sum(axis=0)
    trended = (own_trend * level[trendy]).sum(axis=0)[:, None] + (own_trend * slope[trendy]).T @ reach_h
    mean = (share * level).sum(axis=0)[:, None] + (share[trendy] * slope[trendy]).T @ reach_h
    one = slice(0, series)
    best = np.sqrt(mse.min(axis=0)) / scale
    features = np.stack(
        [
            (own * GRID[plain, :1]).sum(axis=0)[one] * 2,
            share[trendy].sum(axis=0)[one],
            (own_trend * GRID[trendy, :1]).sum(axis=0)[one] * 2,
            (own_trend * GRID[trendy, 1:2]).sum(axis=0)[one] * 3,
            np.log(best[one] + 1e-3),
            np.arcsinh((own_trend * slope[trendy]).sum(axis=0)[one] / scale[one]),
        ],
        axis=1,
    )
    shape = (kinds, series, len(ahead))
    return Smoothed(flat.reshape(kinds, series), mean.reshape(shape), trended.reshape(shape), features)
