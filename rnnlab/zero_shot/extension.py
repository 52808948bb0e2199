"""More steps than the network forecasts at once."""

import numpy as np

from rnnlab.zero_shot.network import HIGH, LOW, QUANTILES

MEDIAN = QUANTILES.index(0.5)


def extended(quantiles: np.ndarray, period: int, steps: int) -> np.ndarray:
    """Quantiles [S, H, 11] for more steps: the last season again, with intervals that widen.

    The widths go on to grow as they did: with a power of time from 0, for what returns to its mean,
    to 1/2, for a random walk.
    """
    reach = quantiles.shape[1]
    if steps <= reach:
        return quantiles
    season = period if period <= reach else 1
    ahead = np.arange(reach, steps)
    last = quantiles[:, reach - season + (ahead - reach) % season]
    median = last[:, :, [MEDIAN]]
    # no narrower than at the last step that the network forecasts
    end = quantiles[:, -1:]
    width = np.maximum(np.abs(last - median), np.abs(end - end[:, :, [MEDIAN]]))
    sign = np.sign(np.arange(len(QUANTILES)) - MEDIAN)
    growth = ((ahead + 1) / reach)[None] ** growth_of(quantiles, season)[:, None]
    return np.concatenate([quantiles, median + sign * width * growth[:, :, None]], axis=1)


def growth_of(quantiles: np.ndarray, season: int) -> np.ndarray:
    """The power of time with which widths [S, H, 11] grew at the end, [S], from 0 to 1/2."""
    width = quantiles[:, :, HIGH] - quantiles[:, :, LOW]
    block = min(max(season, width.shape[1] // 4), width.shape[1] // 2)
    late, before = width[:, -block:].mean(axis=1), width[:, -2 * block : -block].mean(axis=1)
    end = width.shape[1]
    times = (end - block / 2) / (end - 1.5 * block)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.log(late / before) / np.log(times)
    return np.clip(np.nan_to_num(power), 0, 0.5)
