"""Windows over a normalized series: the past that the network reads, the future it forecasts."""

import numpy as np

from stages.common.smoothing import Smoother


def center_of(past: np.ndarray, center: str) -> np.ndarray:
    """The level that ``center`` takes off windows [N, look_back]: [N, 1]."""
    if center == "mean":
        return past.mean(axis=1, keepdims=True)
    if center == "last":
        return past[:, -1:]
    return np.zeros((len(past), 1), dtype=past.dtype)


def windows_between(
    z: np.ndarray, start: int, end: int, look_back: int, horizon: int, center: str
) -> dict[str, np.ndarray]:
    """All windows whose first target lies in ``start`` to ``end`` (not included).

    Args:
        z: normalized series [n], NaN where differences have no value.
        start, end: positions in z; targets at ``end`` or later are NaN, so that no part of the
            series sees the next one.

    Returns:
        x: float32 [N, look_back, 1], centred.
        y: float32 [N, horizon], less the same centre; NaN beyond ``end``.
        center: float32 [N, 1], to be added to a forecast.
        origin: int64 [N], position of the first target.
    """
    usable = int(np.isnan(z).sum()) + look_back
    origin = np.arange(max(start, usable), end)
    past = z[origin[:, None] + np.arange(-look_back, 0)]
    ahead = origin[:, None] + np.arange(horizon)
    future = np.where(ahead < end, z[np.minimum(ahead, len(z) - 1)], np.nan)
    level = center_of(past, center)
    return {
        "x": (past - level)[:, :, None].astype(np.float32),
        "y": (future - level).astype(np.float32),
        "center": level.astype(np.float32),
        "origin": origin,
    }


def smoothed_windows(
    y: np.ndarray, smoother: Smoother, start: int, end: int, look_back: int, horizon: int
) -> dict[str, np.ndarray]:
    """Likewise over a series y [n] that ``smoother`` normalizes window by window."""
    origin = np.arange(max(start, smoother.lost, look_back), end)
    inputs, targets = smoother.windows(y[:end], origin, look_back, horizon)
    return {
        "x": inputs[:, :, None].astype(np.float32),
        "y": targets.astype(np.float32),
        "center": np.zeros((len(origin), 1), dtype=np.float32),
        "origin": origin,
    }
