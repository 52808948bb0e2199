"""Forecast any series with the zero-shot network."""

from collections.abc import Sequence

import numpy as np
import torch

from rnnlab.zero_shot.context import context_length, max_horizon
from rnnlab.zero_shot.history import describe
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork, to_inputs

# series in one batch: enough to keep a processor busy, few enough for its cache
BATCH = 512


def forecast_quantiles(
    network: ZeroShotNetwork, histories: Sequence[np.ndarray], period: int, horizon: int
) -> np.ndarray:
    """Quantiles of the next values, [S, horizon, len(QUANTILES)], in the units of the series.

    Beyond ``max_horizon(period)`` steps the network goes on from its own median.

    Args:
        histories: of S series, each [T] with any T; NaN for missing values, at the end too. Each
            has at least one value that is not missing.
        period: steps in a season, 1 to 366.
    """
    longest = context_length(period)
    recent = [trimmed(history, longest) for history in histories]
    result = np.empty((len(recent), horizon, len(QUANTILES)))
    # series of similar length together: a batch is as wide as its longest history
    order = np.argsort([len(history) for history in recent], kind="stable")
    for begin in range(0, len(order), BATCH):
        rows = order[begin : begin + BATCH]
        block = right_aligned([recent[row] for row in rows])
        result[rows] = _forecast_block(network, block, period, horizon)
    return result


def trimmed(history: np.ndarray, longest: int) -> np.ndarray:
    """The last values, from the first known one."""
    recent = np.asarray(history, dtype=np.float64)[-longest:]
    return recent[np.isfinite(recent).argmax() :]


def right_aligned(histories: Sequence[np.ndarray]) -> np.ndarray:
    """Histories as an array [S, T], NaN before each begins."""
    length = max(len(history) for history in histories)
    block = np.full((len(histories), length), np.nan)
    for row, history in zip(block, histories, strict=True):
        row[length - len(history) :] = history
    return block


def _forecast_block(
    network: ZeroShotNetwork, block: np.ndarray, period: int, horizon: int
) -> np.ndarray:
    direct = max_horizon(period)
    parts = []
    for begin in range(0, horizon, direct):
        steps = np.arange(1, min(direct, horizon - begin) + 1)
        part = forecast_steps(network, block, period, steps)
        parts.append(part)
        block = np.concatenate([block, part[:, :, QUANTILES.index(0.5)]], axis=1)
    return np.concatenate(parts, axis=1)


def forecast_steps(
    network: ZeroShotNetwork, block: np.ndarray, period: int, ahead: np.ndarray
) -> np.ndarray:
    """Quantiles [S, H, 11] of the steps ``ahead`` [H] of right-aligned histories [S, T]."""
    described = describe(block, period, ahead)
    device = next(network.parameters()).device
    with torch.no_grad():
        output = network(**vars(to_inputs(described, device))).cpu().numpy()
    quantiles = described.base[..., None] + described.unit[:, None, None] * output
    return np.maximum(quantiles, described.lowest[:, None, None])
