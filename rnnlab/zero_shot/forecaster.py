"""Forecast any series with the zero-shot network: any period, any horizon, any kind of values."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch

from rnnlab.core.errors import InputError
from rnnlab.features.context import context_length, max_horizon
from rnnlab.features.extraction import extract_features
from rnnlab.features.histories import seasonal_naive
from rnnlab.zero_shot.answers import in_units
from rnnlab.zero_shot.network import HIGH, LOW, NORMAL, QUANTILES, ZeroShotNetwork, to_inputs
from rnnlab.zero_shot.storage import packaged_network, read_zero_shot

# series in one batch: enough to keep a processor busy, few enough for its cache
BATCH = 512
MEDIAN = QUANTILES.index(0.5)
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


class ZeroShot:
    """The pretrained network, ready to forecast.

    Args:
        folder: of weights and card; None for those of the package.
        device: of torch.

    Raises:
        InputError: the weights are missing or damaged.

    Example:
        >>> import numpy as np, rnnlab
        >>> y = 10 + np.sin(np.arange(60) / 6 * np.pi)
        >>> rnnlab.ZeroShot().quantiles([y], period=12, horizon=3, levels=[0.1, 0.9]).shape
        (1, 3, 2)
    """

    def __init__(self, folder: Path | None = None, device: torch.device | str = "cpu") -> None:
        own = folder is None and torch.device(device).type == "cpu"
        self.network = packaged_network() if own else read_zero_shot(folder, device)

    def quantiles(
        self,
        histories: Sequence[np.ndarray],
        period: int,
        horizon: int,
        levels: Sequence[float] = QUANTILES,
    ) -> np.ndarray:
        """Quantiles of the next values, [S, horizon, len(levels)], in the units of the series.

        Args:
            histories: of S series, each [T] with any T; NaN for missing values. Each has at least
                one value that is not missing.
            period: steps in a season, 1 for none.
            levels: each from 0.025 to 0.975.

        Raises:
            InputError: a level, the period or the horizon is out of range, or a history has no
                value.
        """
        if period < 1 or horizon < 1:
            raise InputError(f"period {period}, horizon {horizon}: write 1 or more")
        arrays = [np.asarray(history, dtype=np.float64) for history in histories]
        for number, history in enumerate(arrays):
            if history.ndim != 1 or not np.isfinite(history).any():
                raise InputError(f"history {number}: write an array [T] with at least one value")
        return at_levels(forecast_quantiles(self.network, arrays, period, horizon), levels)


def at_levels(quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Quantiles [..., 11] at other levels, [..., len(levels)].

    Raises:
        InputError: a level lies outside of those of the network.
    """
    for level in levels:
        if not QUANTILES[0] - 1e-9 <= level <= QUANTILES[-1] + 1e-9:
            raise InputError(f"quantile {level:g}: write {QUANTILES[0]} to {QUANTILES[-1]}")
    return quantiles @ interpolation(levels).T


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
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, horizon: int
) -> np.ndarray:
    """Quantiles of the next values, [S, horizon, len(QUANTILES)], in the units of the series.

    What the network says of a series does not depend on the others, up to rounding. A period above
    ``MAX_PERIOD`` is longer than the network knows: it reads the series without the mean of the
    last cycles, which is added again. After ``steps_at_once`` steps the last season repeats.
    No forecast is below 0 where a series never was, those of whole numbers are whole numbers, and a
    series that never changed goes on. Where the network's output is not finite, all quantiles are
    the seasonal naive forecast.

    Args:
        histories: of S series, each [T] with any T; NaN for missing values, at the end too. Each
            has at least one value that is not missing.
        period: steps in a season, 1 or more.
    """
    seasons = [mean_cycle(y, period) if period > MAX_PERIOD else np.zeros(1) for y in histories]
    flat = [y - np.resize(season, len(y)) for y, season in zip(histories, seasons, strict=True)]
    floors = np.array([floor_of(y) for y in flat])
    raised = [y - floor for y, floor in zip(flat, floors, strict=True)]
    known = period if period <= MAX_PERIOD else 1
    steps = min(horizon, max_horizon(known))
    with np.errstate(all="ignore"):
        found = _forecast_at_once(network, raised, known, np.arange(1, steps + 1))
    found = extended(found, known, horizon) + floors[:, None, None]
    for row, (y, season) in enumerate(zip(histories, seasons, strict=True)):
        ahead = np.resize(np.roll(season, -len(y)), horizon)
        found[row] = _as_values(found[row] + ahead[:, None], y, period)
    return found


def steps_at_once(period: int) -> int:
    """Steps that the network forecasts; later ones are ``extended``."""
    return max_horizon(period if period <= MAX_PERIOD else 1)


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


def floor_of(y: np.ndarray) -> float:
    """What the network is not told of a history: 0 but where values differ little.

    The network's numbers are of single precision: it would not see a change of a millionth.
    """
    known = y[np.isfinite(y)]
    low, spread = known.min(), np.ptp(known)
    return float(low - spread) if spread <= NEAR_CONSTANT * np.abs(known).max() else 0.0


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


def _as_values(quantiles: np.ndarray, y: np.ndarray, period: int) -> np.ndarray:
    """Quantiles [H, 11] as a series y [T] can take them: its lowest value, whole numbers."""
    known = y[np.isfinite(y)]
    if known.min() == known.max():
        return np.full_like(quantiles, known[0])
    if not np.isfinite(quantiles).all():
        [naive] = seasonal_naive(y[None], period, np.arange(1, len(quantiles) + 1))
        return np.repeat(naive[:, None], len(QUANTILES), axis=1)
    if known.min() >= 0:
        quantiles = np.maximum(quantiles, 0)
    return np.rint(quantiles) if are_whole(known) else quantiles


def are_whole(y: np.ndarray) -> bool:
    """Whether all values are whole numbers."""
    return bool((y == np.rint(y)).all())


def _forecast_at_once(
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, ahead: np.ndarray
) -> np.ndarray:
    result = np.empty((len(histories), len(ahead), len(QUANTILES)))
    longest = context_length(period)
    histories = [trimmed(history, longest) for history in histories]
    # two values at least, so that there is a difference to look at
    unit = max(2, -(-longest // WIDTHS))
    widths = np.array([-(-len(history) // unit) * unit for history in histories])
    for width in np.unique(widths):
        same = np.flatnonzero(widths == width)
        for begin in range(0, len(same), BATCH):
            rows = same[begin : begin + BATCH]
            block = right_aligned([histories[row] for row in rows], width)
            result[rows] = forecast_steps(network, block, period, ahead, limited=False)
    return result


def trimmed(history: np.ndarray, longest: int) -> np.ndarray:
    """The last values, from the first known one; a gap at the end is dropped if it is as long."""
    history = np.asarray(history, dtype=np.float64)
    recent = history[-longest:]
    if not np.isfinite(recent).any():
        recent = history[: np.flatnonzero(np.isfinite(history))[-1] + 1][-longest:]
    return recent[np.isfinite(recent).argmax() :]


def right_aligned(histories: Sequence[np.ndarray], width: int) -> np.ndarray:
    """Histories as an array [S, width], NaN before each begins."""
    block = np.full((len(histories), width), np.nan)
    for row, history in zip(block, histories, strict=True):
        row[width - len(history) :] = history
    return block


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
