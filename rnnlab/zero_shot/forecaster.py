"""Forecast any series by one reading of the zero-shot network: any period, horizon and values."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import torch

from rnnlab.core.errors import InputError
from rnnlab.features.context import context_length, max_horizon
from rnnlab.features.extraction import extract_features
from rnnlab.features.histories import seasonal_naive
from rnnlab.series.measures import as_values, lowest_values, units_of
from rnnlab.zero_shot.answers import in_units
from rnnlab.zero_shot.extension import extended
from rnnlab.zero_shot.network import NORMAL, QUANTILES, ZeroShotNetwork, to_inputs

# series in one batch: enough to keep a processor busy, few enough for its cache
BATCH = 512
# widths of blocks, as parts of the longest: what the network says of a series depends on how many
# values a block has before it begins, so that must not depend on the series beside it
WIDTHS = 8
# the network knows no longer season
MAX_PERIOD = 366
# cycles whose mean is a longer season
CYCLES = 4
# values that differ by a smaller share of their size are forecast without their floor
NEAR_CONSTANT = 1e-3
if hasattr(os, "register_at_fork"):
    # OpenMP's threads do not survive a fork: the new process would wait for them forever
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def at_levels(quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Quantiles [..., 11] at other levels, [..., len(levels)].

    Raises:
        InputError: a level lies outside of those of the network.
    """
    check_levels(levels)
    return quantiles @ interpolation(levels).T


def check_levels(levels: Sequence[float]) -> None:
    """Raise InputError if a level lies outside of those of the network."""
    for level in levels:
        if not is_level(level):
            raise InputError(f"quantile {level:g}: write {QUANTILES[0]} to {QUANTILES[-1]}")


def is_level(level: float) -> bool:
    return QUANTILES[0] - 1e-9 <= level <= QUANTILES[-1] + 1e-9


def interpolation(levels: Sequence[float]) -> np.ndarray:
    """Weights [L, 11] of the network's quantiles for those at ``levels``, each above 0 and below 1.

    Between two of them a quantile is linear in that of the standard normal distribution; it goes on
    so beyond the outermost.
    """
    known, wanted = np.array(NORMAL), np.array([NormalDist().inv_cdf(each) for each in levels])
    right = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    share = (wanted - known[right - 1]) / (known[right] - known[right - 1])
    weights, rows = np.zeros((len(wanted), len(known))), np.arange(len(wanted))
    weights[rows, right - 1], weights[rows, right] = 1 - share, share
    return weights


def forecast_quantiles(
    network: ZeroShotNetwork,
    histories: Sequence[np.ndarray],
    period: int,
    horizon: int,
    rounded: bool = True,
) -> np.ndarray:
    """Quantiles of the next values, [S, horizon, len(QUANTILES)], in the units of the series.

    What the network says of a series does not depend on the others, up to rounding. A period above
    ``MAX_PERIOD`` is longer than the network knows: it reads the series without the mean of the
    last cycles, which is added again. After ``steps_at_once`` steps the last season repeats.
    No forecast is below 0 where a series never was, those of whole numbers are whole numbers, those
    of rare sales are packs (``units_of``), and a series that never changed goes on. Where the
    network's output is not finite, all quantiles are the seasonal naive forecast.

    Args:
        histories: of S series, each [T] with any T; NaN for missing values, at the end too. Each
            has at least one value that is not missing.
        period: steps in a season, 1 or more.
        rounded: see ``as_series``.
    """
    if not len(histories):
        return np.empty((0, horizon, len(QUANTILES)))
    told = as_told(histories, period, horizon)
    ahead = np.arange(1, min(horizon, max_horizon(told.period)) + 1)
    with np.errstate(all="ignore"):
        found = _forecast_at_once(network, told.values, told.offsets, told.period, ahead)
    found = extended(found, told.period, horizon) + told.floors[:, None, None]
    y, offsets = end_to_end(histories)
    return as_series(found + told.season_ahead[:, :, None], y, offsets, period, rounded)


@dataclass(frozen=True)
class Told:
    """What the network is told of S series.

    Attributes:
        values, offsets: see ``end_to_end``; without floors, and without a season that is too long.
        period: a season that the network knows.
        floors: [S], and season_ahead: [S, H] or [1, 1], what is added to a forecast.
    """

    values: np.ndarray
    offsets: np.ndarray
    period: int
    floors: np.ndarray
    season_ahead: np.ndarray


def as_told(histories: Sequence[np.ndarray], period: int, horizon: int) -> Told:
    y, offsets = end_to_end(histories)
    season, season_ahead = np.zeros(1), np.zeros((1, 1))
    if period > MAX_PERIOD:
        season, season_ahead = _seasons(histories, period, horizon)
    flat = y - season
    floors = floors_of(flat, offsets)
    raised = flat - np.repeat(floors, np.diff(offsets))
    return Told(raised, offsets, period if period <= MAX_PERIOD else 1, floors, season_ahead)


def end_to_end(histories: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All values, NaN for missing ones, [M], and where each history begins and ends, [S + 1]."""
    y = np.concatenate(histories, dtype=np.float64)
    offsets = np.cumsum([0, *map(len, histories)])
    return np.where(np.isfinite(y), y, np.nan), offsets


def steps_at_once(period: int) -> int:
    """Steps that the network forecasts; later ones are ``extended``."""
    return max_horizon(period if period <= MAX_PERIOD else 1)


def floors_of(y: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """What the network is not told of histories, [S]: 0 but where values differ little.

    The network's numbers are of single precision: it would not see a change of a millionth.
    """
    low, high = extremes(y, offsets)
    size = np.maximum(np.abs(low), np.abs(high))
    return np.where(high - low <= NEAR_CONSTANT * size, low - (high - low), 0.0)


def extremes(y: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest value of each history, [S] each."""
    return np.fmin.reduceat(y, offsets[:-1]), np.fmax.reduceat(y, offsets[:-1])


def _seasons(
    histories: Sequence[np.ndarray], period: int, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """The mean cycles of all histories, end to end, [M], and of the steps ahead, [S, horizon]."""
    cycles = [mean_cycle(y, period) for y in histories]
    past = [np.resize(cycle, len(y)) for y, cycle in zip(histories, cycles, strict=True)]
    ahead = [
        np.resize(np.roll(cycle, -len(y)), horizon)
        for y, cycle in zip(histories, cycles, strict=True)
    ]
    return np.concatenate(past), np.array(ahead)


def mean_cycle(y: np.ndarray, period: int) -> np.ndarray:
    """The mean of the last cycles about its own mean, [period], from the phase of the first value.

    Zeros for a history shorter than two cycles; a phase without a value has no season.
    """
    cycles = min(CYCLES, len(y) // period)
    if cycles < 2:
        return np.zeros(period)
    recent = y[-cycles * period :].reshape(cycles, period)
    known = np.isfinite(recent)
    total, count = np.where(known, recent, 0).sum(axis=0), known.sum(axis=0)
    mean = np.divide(total, count, out=np.full(period, np.nan), where=count > 0)
    season = np.nan_to_num(mean - np.nanmean(mean))
    return np.roll(season, len(y) % period)


def as_series(
    quantiles: np.ndarray, y: np.ndarray, offsets: np.ndarray, period: int, rounded: bool = True
) -> np.ndarray:
    """Quantiles [S, H, 11] as series can take them: not below the lowest, whole numbers, packs.

    Args:
        rounded: False for a caller who goes on to work with them: rounding comes once, at the end.
    """
    units = units_of(y, offsets) if rounded else np.zeros(len(offsets) - 1)
    values = as_values(quantiles, lowest_values(y, offsets), units)
    ahead = np.arange(1, quantiles.shape[1] + 1)
    for row in np.flatnonzero(~np.isfinite(quantiles).all(axis=(1, 2))):
        history = y[offsets[row] : offsets[row + 1]]
        values[row] = seasonal_naive(history[None], period, ahead)[0, :, None]
    low, high = extremes(y, offsets)
    constant = low == high
    values[constant] = low[constant, None, None]
    return values


def _forecast_at_once(
    network: ZeroShotNetwork, y: np.ndarray, offsets: np.ndarray, period: int, ahead: np.ndarray
) -> np.ndarray:
    result = np.empty((len(offsets) - 1, len(ahead), len(QUANTILES)))
    longest = context_length(period)
    first, stop = trimmed(y, offsets, longest)
    unit = width_unit(longest)
    widths = -(-(stop - first) // unit) * unit
    for width in np.unique(widths):
        same = np.flatnonzero(widths == width)
        for begin in range(0, len(same), BATCH):
            rows = same[begin : begin + BATCH]
            block = right_aligned(y, first[rows], stop[rows], width)
            result[rows] = forecast_steps(network, block, period, ahead, limited=False)
    return result


def width_unit(longest: int) -> int:
    """Widths of blocks are multiples of it: of two values at least, which have a difference."""
    return max(2, -(-longest // WIDTHS))


def trimmed(y: np.ndarray, offsets: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Where what the network reads of each history begins and ends, [S] each.

    The last values, from the first known one; a gap at the end is dropped if it is as long.
    """
    places = np.flatnonzero(~np.isnan(y))
    begin, stop = offsets[:-1], offsets[1:]
    last = places[np.searchsorted(places, stop) - 1]
    stop = np.where(last < stop - longest, last + 1, stop)
    first = np.maximum(begin, stop - longest)
    return places[np.searchsorted(places, first)], stop


def right_aligned(y: np.ndarray, first: np.ndarray, stop: np.ndarray, width: int) -> np.ndarray:
    """Values ``first`` to ``stop`` [S] as an array [S, width], NaN before each begins."""
    places = stop[:, None] + np.arange(-width, 0)
    return np.where(places >= first[:, None], y[np.maximum(places, 0)], np.nan)


def forecast_steps(
    network: ZeroShotNetwork,
    block: np.ndarray,
    period: int,
    ahead: np.ndarray,
    limited: bool = True,
) -> np.ndarray:
    """Quantiles [S, H, 11] of the steps ``ahead`` [H] of right-aligned histories [S, T].

    Args:
        limited: whether none is below 0 where a history never was.
    """
    features = extract_features(block, period, ahead)
    device = next(network.parameters()).device
    with torch.no_grad():
        output = network(**vars(to_inputs(features, device))).cpu().numpy()
    if not limited:
        features = replace(features, lowest=np.full(len(block), -np.inf))
    return in_units(features, output, period)
