"""Statistics of right-aligned series [S, T] that begin at different times.

``present`` [S, T] tells which steps belong to a series: all from its first value on.
"""

import numpy as np


def mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean of the values in ``mask``, [S]; 0 where there are none."""
    return (values * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


def exponential_mean(y: np.ndarray, present: np.ndarray, rate: float) -> np.ndarray:
    """The mean with weights that fall by ``rate`` per step of age, [S]."""
    weights = (1 - rate) ** np.arange(y.shape[1] - 1, -1, -1) * present
    return (weights * y).sum(axis=1) / weights.sum(axis=1)


def mean_difference(y: np.ndarray, present: np.ndarray, lag: int) -> np.ndarray:
    """The mean absolute difference over ``lag`` steps, [S]; NaN for too few values.

    For a lag of one period it is what MASE divides by (Hyndman & Koehler 2006).
    """
    if y.shape[1] <= lag:
        return np.full(len(y), np.nan)
    both = present[:, lag:] & present[:, :-lag]
    total = (np.abs(y[:, lag:] - y[:, :-lag]) * both).sum(axis=1)
    number = both.sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def mean_change(y: np.ndarray, present: np.ndarray, period: int) -> np.ndarray:
    """The mean change over a period, [S]; weights are halved every three periods of age."""
    if y.shape[1] <= period:
        return np.zeros(len(y))
    both = present[:, period:] & present[:, :-period]
    age = np.arange(both.shape[1] - 1, -1, -1) / period
    weights = both * 0.5 ** (age / 3)
    total = np.maximum(weights.sum(axis=1), 1e-9)
    return (weights * (y[:, period:] - y[:, :-period])).sum(axis=1) / total


def line(y: np.ndarray, present: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Least squares over the last values: the line's value at the end and its slope, [S] each."""
    last = min(last, y.shape[1])
    y, inside = y[:, -last:], present[:, -last:]
    time = np.arange(1 - last, 1.0)
    number = inside.sum(axis=1)
    middle = (time * inside).sum(axis=1) / number
    gap = (time - middle[:, None]) * inside
    slope = (gap * y).sum(axis=1) / np.maximum((gap**2).sum(axis=1), 1e-9)
    return (y * inside).sum(axis=1) / number - slope * middle, slope
