"""Forecasts by arithmetic on a few values, which need no fit: of all histories at once.

A method takes values y [M], where histories begin and end in them, ``first`` and ``stop`` [N], the
period and the number of steps, and returns forecasts [N, steps].
"""

from collections.abc import Callable

import numpy as np

from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel


def naive(
    y: np.ndarray, first: np.ndarray, stop: np.ndarray, period: int, steps: int
) -> np.ndarray:
    """The last value."""
    return np.repeat(y[stop - 1][:, None], steps, axis=1)


def seasonal_naive(
    y: np.ndarray, first: np.ndarray, stop: np.ndarray, period: int, steps: int
) -> np.ndarray:
    """The value one period earlier, or the last value if the history is shorter than a period."""
    season = np.where(stop - first >= period, period, 1)[:, None]
    return y[stop[:, None] - season + np.arange(steps) % season]


def drift(
    y: np.ndarray, first: np.ndarray, stop: np.ndarray, period: int, steps: int
) -> np.ndarray:
    """The line through the first and the last value (Hyndman & Athanasopoulos 2021, 5.2)."""
    last = y[stop - 1]
    slope = (last - y[first]) / (stop - first - 1)
    return last[:, None] + slope[:, None] * np.arange(1, steps + 1)


QUICK: dict[str, Callable[..., np.ndarray]] = {
    "naive": naive,
    "seasonal_naive": seasonal_naive,
    "drift": drift,
}


def forecast_quick(
    name: str, panel: Panel, requests: list[Request]
) -> tuple[list[np.ndarray], int]:
    """The forecasts of each request, [N, H], and the number of series where the method failed.

    There the seasonal naive forecast takes its place.
    """
    forecasts, failed = [], []
    for request in requests:
        first, stop = panel.offsets[request.series], request.positions(panel.offsets)
        with np.errstate(all="ignore"):
            found = QUICK[name](panel.filled, first, stop, panel.period, request.steps)
        bad = ~np.isfinite(found).all(axis=1)
        found[bad] = seasonal_naive(
            panel.filled, first[bad], stop[bad], panel.period, request.steps
        )
        forecasts.append(found)
        failed.append(request.series[bad])
    return forecasts, len(np.unique(np.concatenate(failed)))
