"""What the zero-shot network is told of histories: patches, statistics and simple forecasts.

Everything is computed for many histories of one period at once, in numpy alone. S is the number of
series, T the length of the longest history, H the number of steps ahead.
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.features import masked
from rnnlab.features.context import PATCH, patch_count, patch_size
from rnnlab.features.histories import SLOW, Histories, prepare
from rnnlab.features.scalars import scalars
from rnnlab.features.simple_forecasts import simple_forecasts
from rnnlab.features.smoothing import smooth_all

# the network cannot use distances from the base beyond this many units
FAR = 60.0
VIEWS = 4
SAME_PHASE = 4


@dataclass(frozen=True)
class Features:
    """What the network reads of a batch of histories, and how to read its output.

    Attributes:
        patches: [S, N, VIEWS * PATCH], from old to new, float32.
        phases: [N, 2], sine and cosine of the phase at which each patch ends, float32.
        scalars: [S, K], statistics of the whole history, float32.
        simple: [S, H, F], inverse hyperbolic sine of simple forecasts less the base, in units,
            float32.
        past: [S, H, SAME_PHASE], earlier values at the phase of each step, likewise.
        clock: [H, C], the step ahead and its phase, float32.
        base, unit: [S, H] and [S]: a forecast is base + unit x the network's output.
        lowest: [S], 0 where no value is negative, else minus infinity.
    """

    patches: np.ndarray
    phases: np.ndarray
    scalars: np.ndarray
    simple: np.ndarray
    past: np.ndarray
    clock: np.ndarray
    base: np.ndarray
    unit: np.ndarray
    lowest: np.ndarray


def extract_features(histories: np.ndarray, period: int, ahead: np.ndarray) -> Features:
    """Features of histories [S, T] for forecasts of the steps ``ahead`` [H], counted from 1.

    Histories are right-aligned: NaN before a series begins and where a value is missing, at the
    end too. Each has at least one value.
    """
    past = prepare(histories, period)
    views = np.stack([past.season.adjusted, past.log_season.adjusted])
    factors = np.stack([np.ones_like(past.y), past.y])
    smoothed = smooth_all(views, factors, past.present, ahead)
    forecasts = simple_forecasts(past, smoothed, ahead)
    base, unit = forecasts[:, :, 0], past.scales.unit
    distance = (forecasts - base[:, :, None]) / unit[:, None, None]
    patches = cut_patches(patch_views(past), period)
    ends = np.arange(1 - patches.shape[1], 1) * patch_size(period)
    negative = np.where(past.present, past.y, 0).min(axis=1) < 0
    return Features(
        patches=patches.astype(np.float32),
        phases=_phase(ends, period).astype(np.float32),
        scalars=scalars(past, smoothed).astype(np.float32),
        simple=np.arcsinh(np.clip(distance, -FAR, FAR)).astype(np.float32),
        past=same_phase(past, base, ahead).astype(np.float32),
        clock=clock(ahead, period).astype(np.float32),
        base=base * past.size[:, None],
        unit=unit * past.size,
        lowest=np.where(negative, -np.inf, 0.0),
    )


def patch_views(past: Histories) -> np.ndarray:
    """Four views of each history, [S, VIEWS, T]: zeros before it begins.

    The values about their mean; the values without season about their level; logarithms about
    theirs (zeros unless all are positive); and which values are known.
    """
    y, present, scales = past.y, past.present, past.scales
    z, logs = past.season.adjusted, past.logs
    centred = y - past.mean[:, None]
    level = past.level[:, None]
    log_level = masked.exponential_mean(logs, present, SLOW)[:, None]
    views = [
        np.arcsinh(centred / (3 * scales.unit[:, None])),
        np.arcsinh((z - level) / (2 * scales.between[:, None])),
        np.where(past.positive[:, None], np.clip(2 * (logs - log_level), -4, 4), 0),
        past.known.astype(float),
    ]
    return np.stack([np.where(present, view, 0) for view in views], axis=1)


def cut_patches(views: np.ndarray, period: int) -> np.ndarray:
    """Cut views [S, V, T] into patches from the end, [S, N, V * PATCH]; what is older is left."""
    series, kinds, length = views.shape
    size = patch_size(period)
    number = min(patch_count(period), -(-length // size))
    wanted = number * size
    if wanted > length:
        views = np.pad(views, ((0, 0), (0, 0), (wanted - length, 0)))
    blocks = views[:, :, -wanted:].reshape(series, kinds, number, size)
    blocks = np.pad(blocks, ((0, 0), (0, 0), (0, 0), (PATCH - size, 0)))
    return blocks.transpose(0, 2, 1, 3).reshape(series, number, kinds * PATCH)


def same_phase(past: Histories, base: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """The last values at the phase of each step, as distances from the base, [S, H, SAME_PHASE]."""
    y, period = past.y, past.period
    newest = y.shape[1] - period + (ahead - 1) % period
    at = newest[:, None] - np.arange(SAME_PHASE) * period
    reached = (at >= 0) & past.present[:, np.maximum(at, 0)]
    distance = (y[:, np.maximum(at, 0)] - base[:, :, None]) / past.scales.unit[:, None, None]
    return np.where(reached, np.arcsinh(np.clip(distance, -FAR, FAR)), 0)


def clock(ahead: np.ndarray, period: int) -> np.ndarray:
    """The step ahead in steps and in periods, and its phase, [H, 6]."""
    columns = [
        np.log(ahead) / 3,
        np.log1p(ahead / period),
        np.minimum(ahead / period, 5) / 2,
        1 / ahead,
    ]
    return np.concatenate([np.stack(columns, axis=1), _phase(ahead, period)], axis=1)


def _phase(times: np.ndarray, period: int) -> np.ndarray:
    angle = 2 * np.pi * times / period
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)
