"""Intervals that fit a panel: how much wider or narrower its own past says they should be.

The network's quantiles are those of the synthetic world. In a panel, what followed each history up
to a horizon ago is known: intervals are stretched about the median until they hold as much of it
as they say (split conformal; Vovk, Gammerman & Shafer 2005).
"""

from collections.abc import Sequence

import numpy as np

from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork

MEDIAN = QUANTILES.index(0.5)
# values that must be left of a history, beside a period
SHORTEST = 3
# series that count as much as the network's own word, which is 1
WEIGHT = 20
LARGEST = 3.0


def forecast_panel(
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, horizon: int
) -> np.ndarray:
    """``forecast_quantiles``, with intervals that fit the panel's past, [S, horizon, 11]."""
    quantiles = forecast_quantiles(network, histories, period, horizon)
    lowest = [0.0 if np.nanmin(history) >= 0 else -np.inf for history in histories]
    stretched = stretch(quantiles, panel_stretch(network, histories, period, horizon))
    return np.maximum(stretched, np.array(lowest)[:, None, None])


def panel_stretch(
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, horizon: int
) -> np.ndarray:
    """The factors of ``stretch_factors`` for a panel, from the last ``horizon`` of its histories.

    Histories that are too short to lose that many values are left out; 1 if all are.
    """
    long_enough = [
        np.asarray(history, dtype=np.float64)
        for history in histories
        if np.isfinite(history[:-horizon]).sum() >= period + SHORTEST
    ]
    if not long_enough:
        return np.ones(MEDIAN)
    past = [history[:-horizon] for history in long_enough]
    truth = np.stack([history[-horizon:] for history in long_enough])
    return stretch_factors(forecast_quantiles(network, past, period, horizon), truth)


def stretch_factors(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How much each interval about the median must be stretched to hold what it says, [5].

    Few series say little: their factors are drawn towards 1.

    Args:
        quantiles: [S, H, 11]; truth: [S, H], NaN for missing values.
    """
    error = truth - quantiles[..., MEDIAN]
    known = np.isfinite(error)
    factors = np.ones(MEDIAN)
    trust = len(truth) / (len(truth) + WEIGHT)
    for pair in range(MEDIAN) if known.any() else ():
        low, high = quantiles[..., pair], quantiles[..., -1 - pair]
        side = np.where(error < 0, low, high) - quantiles[..., MEDIAN]
        # in half widths of the interval; 0 / 0 for a series that repeats exactly
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.nan_to_num(error / side, nan=0.0, posinf=np.inf)[known]
        needed = np.quantile(distance, QUANTILES[-1 - pair] - QUANTILES[pair])
        factors[pair] = np.clip(needed, 1 / LARGEST, LARGEST) ** trust
    return factors


def stretch(quantiles: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Quantiles [S, H, 11] moved away from the median, or towards it; still ascending."""
    median = quantiles[..., MEDIAN, None]
    of_all = np.concatenate([factors, [1.0], factors[::-1]])
    return np.sort(median + of_all * (quantiles - median), axis=2)
