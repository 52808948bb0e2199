"""Forecast any series with the zero-shot network."""

from collections.abc import Sequence

import numpy as np
import torch

from rnnlab.features.context import context_length, max_horizon
from rnnlab.features.extraction import extract_features
from rnnlab.zero_shot.answers import in_units
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork, to_inputs

# series in one batch: enough to keep a processor busy, few enough for its cache
BATCH = 512
MEDIAN = QUANTILES.index(0.5)
# widths of blocks, as parts of the longest: what the network says of a series depends on how many
# values a block has before it begins, so that must not depend on the series beside it
WIDTHS = 8


def forecast_quantiles(
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, horizon: int
) -> np.ndarray:
    """Quantiles of the next values, [S, horizon, len(QUANTILES)], in the units of the series.

    Beyond ``max_horizon(period)`` steps the network goes on from its own median. What it says of
    a series does not depend on the others, up to rounding.

    Args:
        histories: of S series, each [T] with any T; NaN for missing values, at the end too. Each
            has at least one value that is not missing.
        period: steps in a season, 1 to 366.
    """
    longest, direct = context_length(period), max_horizon(period)
    parts = []
    for begin in range(0, horizon, direct):
        histories = [trimmed(history, longest) for history in histories]
        steps = np.arange(1, min(direct, horizon - begin) + 1)
        part = _forecast_at_once(network, histories, period, steps)
        parts.append(part)
        histories = [
            np.concatenate(both) for both in zip(histories, part[:, :, MEDIAN], strict=True)
        ]
    return np.concatenate(parts, axis=1)


def _forecast_at_once(
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, ahead: np.ndarray
) -> np.ndarray:
    result = np.empty((len(histories), len(ahead), len(QUANTILES)))
    # two values at least, so that there is a difference to look at
    unit = max(2, -(-context_length(period) // WIDTHS))
    widths = np.array([-(-len(history) // unit) * unit for history in histories])
    for width in np.unique(widths):
        same = np.flatnonzero(widths == width)
        for begin in range(0, len(same), BATCH):
            rows = same[begin : begin + BATCH]
            block = right_aligned([histories[row] for row in rows], width)
            result[rows] = forecast_steps(network, block, period, ahead)
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
    network: ZeroShotNetwork, block: np.ndarray, period: int, ahead: np.ndarray
) -> np.ndarray:
    """Quantiles [S, H, 11] of the steps ``ahead`` [H] of right-aligned histories [S, T]."""
    features = extract_features(block, period, ahead)
    device = next(network.parameters()).device
    with torch.no_grad():
        output = network(**vars(to_inputs(features, device))).cpu().numpy()
    return in_units(features, output, period)
