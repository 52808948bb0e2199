"""Seasons of right-aligned histories [S, T]: the profile of the last cycles, and a long season."""

from dataclasses import dataclass

import numpy as np

CYCLES = 6
WEIGHT = 0.8  # of a cycle beside the next one
LONG_CYCLES = 4


@dataclass(frozen=True)
class Seasonal:
    """A seasonal profile, and the history without it.

    Attributes:
        profile: [S, m]; column j belongs to the time m - j steps before the forecast.
        kept: [S], the share that shrinkage left of the profile, 0 to 1.
        adjusted: [S, T], the history less its profile.
    """

    profile: np.ndarray
    kept: np.ndarray
    adjusted: np.ndarray

    def at(self, ahead: np.ndarray) -> np.ndarray:
        """The profile at steps ``ahead`` [H], counted from 1: [S, H]."""
        return self.profile[:, (ahead - 1) % self.profile.shape[1]]


def seasonal_part(y: np.ndarray, count: np.ndarray, period: int) -> Seasonal:
    """The profile of the last cycles, shrunk by how much cycles differ (James & Stein 1961).

    Each cycle loses its mean and its slope. Older cycles weigh less. Two profiles that agree are
    kept; those that differ as noise does are shrunk to nothing, and half is kept of a single one.

    Args:
        count: [S], the number of values of each history.
    """
    series, length = y.shape
    cycles = min(CYCLES, length // period)
    if period == 1 or cycles == 0:
        return Seasonal(np.zeros((series, period)), np.zeros(series), y)
    blocks = y[:, length - cycles * period :].reshape(series, cycles, period)
    whole = np.arange(cycles, 0, -1) * period <= count[:, None]
    detrended = _without_trend(blocks, whole)
    weights = WEIGHT ** np.arange(cycles - 1, -1, -1) * whole
    total = np.maximum(weights.sum(axis=1), 1e-9)
    profile = (weights[:, :, None] * detrended).sum(axis=1) / total[:, None]
    difference = ((detrended - profile[:, None]) ** 2).mean(axis=2)
    effective = total**2 / np.maximum((weights**2).sum(axis=1), 1e-9)
    noise = (weights * difference).sum(axis=1) / total / np.maximum(effective - 1, 0.5)
    signal = (profile**2).mean(axis=1)
    kept = np.where(effective > 1.5, 1 - noise / np.maximum(signal, 1e-30), 0.5)
    kept = np.clip(kept, 0, 1) * whole.any(axis=1)
    profile = profile * kept[:, None]
    tiled = np.tile(profile, -(-length // period))[:, -length:]
    return Seasonal(profile, kept, y - tiled)


def _without_trend(blocks: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Cycles [S, C, m] less their means and slopes, which come from the means of neighbours.

    A slope within a cycle could be its season; a change between cycles cannot.
    """
    period = blocks.shape[2]
    means = blocks.mean(axis=2)
    rise = np.diff(means, axis=1) * whole[:, :-1]
    slopes, weight = np.zeros_like(means), np.zeros_like(means)
    for side in (np.s_[:, 1:], np.s_[:, :-1]):
        slopes[side] += rise
        weight[side] += whole[:, :-1]
    slopes = slopes / np.maximum(weight, 1) / period
    place = np.arange(period) - (period - 1) / 2
    return blocks - means[:, :, None] - slopes[:, :, None] * place


def a_period_ago(y: np.ndarray, count: np.ndarray, period: int, ahead: np.ndarray) -> np.ndarray:
    """The seasonal naive forecast, [S, H]: the last value where the history is too short."""
    length, last = y.shape[1], y[:, -1:]
    if period > length:
        return np.repeat(last, len(ahead), axis=1)
    at = length - period + (ahead - 1) % period
    reached = at >= (length - count)[:, None]
    return np.where(reached, y[:, at], last)


def long_season_ago(
    y: np.ndarray,
    count: np.ndarray,
    period: int,
    long: int,
    ahead: np.ndarray,
    otherwise: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """What followed one long season ago, and the mean of what followed up to four, [S, H] each.

    Each is moved by how much the mean of the last period has changed since then.

    Args:
        otherwise: forecasts where the history is too short, or there is no long season.
    """
    length = y.shape[1]
    cycles = min(LONG_CYCLES, (length - period) // long) if long > period else 0
    if cycles < 1:
        return otherwise
    number = np.arange(1, cycles + 1)
    sums = np.cumsum(np.pad(y, ((0, 0), (1, 0))), axis=1)
    ends = length - np.append(0, number) * long
    level = (sums[:, ends] - sums[:, ends - period]) / period
    followed = y[:, ends[1:, None] + (ahead - 1) % long] - level[:, 1:, None]
    reached = count[:, None] >= number * long + period
    total = (followed * reached[:, :, None]).sum(axis=1)
    average = total / np.maximum(reached.sum(axis=1), 1)[:, None]
    has_one = reached[:, :1]
    return (
        np.where(has_one, level[:, :1] + followed[:, 0], otherwise[0]),
        np.where(has_one, level[:, :1] + average, otherwise[1]),
    )
