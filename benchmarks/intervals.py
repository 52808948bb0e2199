"""Prediction intervals from the errors on held-out hours (split conformal; Vovk et al. 2005).

An interval is as wide, in logarithms, as a quantile of the held-out errors of all series, each
error divided by its series' own spread. They hold as often as they say where the hours to come are
like those held out; no shape of the errors is assumed.
"""

import numpy as np

from benchmarks.day_by_day import PERIOD

SPREAD_HOURS = 672  # four weeks
NEIGHBOURS = 3  # hours to either side whose errors count for an hour too: 48 quantiles are noisy


def spreads(series: list[np.ndarray]) -> np.ndarray:
    """How far the last four weeks of each series change from day to day: [S, 1], logarithms.

    The mean absolute difference; not below 0.002, for series that hardly change.
    """
    recent = [np.log(y[-SPREAD_HOURS:]) for y in series]
    means = [np.abs(x[PERIOD:] - x[:-PERIOD]).mean() for x in recent]
    return np.maximum(means, 0.002)[:, None]


def half_widths(
    truth: np.ndarray, forecast: np.ndarray, spread: np.ndarray, level: float
) -> np.ndarray:
    """Half the width of intervals that held ``level`` of the held-out values: [H], in spreads.

    Args:
        truth, forecast: [S, H], held-out values and what was said of them, above 0.
        spread: [S, 1], of the series before them.
        level: 0 to 1.
    """
    errors = np.abs(np.log(truth / forecast)) / spread
    hours = range(errors.shape[1])
    near = [errors[:, max(0, h - NEIGHBOURS) : h + NEIGHBOURS + 1] for h in hours]
    return np.array([np.quantile(each, level) for each in near])


def around(forecast: np.ndarray, widths: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Lower and upper bounds [2, S, H] about forecast [S, H]: widths [H] times spread [S, 1]."""
    return forecast * np.exp(np.array([-1, 1])[:, None, None] * widths * spread)


def coverage(truth: np.ndarray, bounds: np.ndarray) -> float:
    """The share of truth [S, H] that lies within bounds [2, S, H], 0 to 1."""
    low, high = bounds
    return float(((truth >= low) & (truth <= high)).mean())


def scaled_interval_score(
    truth: np.ndarray, bounds: np.ndarray, scales: np.ndarray, alpha: float = 0.05
) -> float:
    """M4's MSIS: the intervals' width, and 2 / alpha times what lies outside, over MASE's scale.

    Gneiting & Raftery 2007, eq. (43), scaled and averaged over hours and series as in Makridakis,
    Spiliotis & Assimakopoulos 2020.

    Args:
        truth: [S, H]; bounds: [2, S, H], of the 1 - alpha interval; all in the units of the series.
        scales: [S], ``seasonal_naive_error`` of each training part.
    """
    low, high = bounds
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    scores = (high - low + 2 / alpha * outside).mean(axis=1)
    return float((scores / scales).mean())
