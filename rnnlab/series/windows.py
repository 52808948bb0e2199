"""Windows over normalized series: the past that the network reads, the future that it forecasts.

A window is stored as its origin, the position of its first target. It is cut from the arrays of
its series when it is needed (cutting.py), so that a million windows take no more memory than the
series.
"""

import numpy as np

from rnnlab.core.window_spec import Layout
from rnnlab.series.normalization import Normalization
from rnnlab.series.origins import every_origin
from rnnlab.series.scalers import positions_in_series, series_numbers


def windows_in_part(
    y: np.ndarray,
    offsets: np.ndarray,
    normalization: Normalization,
    start: np.ndarray,
    end: np.ndarray,
    layout: Layout,
    whole: bool,
) -> dict[str, np.ndarray]:
    """All windows whose first target is in ``start`` to ``end`` (exclusive) of its series.

    Args:
        y: concatenated series, [M].
        start, end: positions in each series, [S]; values at or after ``end`` are not returned, so
            that no part of a series sees the next one.
        whole: whether all targets of a window must lie before ``end``; otherwise the last windows
            would train near steps more than far ones.

    Returns:
        origin, series: int64 [N], position in x of each first target, and index of its series.
        end: int64 [S], position in x where each series ends.
        and the arrays of ``window_arrays``, as float32.
    """
    offsets, y = _truncated(y, offsets, end)
    last = end - (layout.horizon - 1 if whole else 0)
    first = np.maximum(start, normalization.first_origin(layout.look_back))
    request = every_origin(np.diff(offsets), first, last, layout.horizon)
    arrays = window_arrays(y, offsets, normalization, np.float32)
    origin = request.positions(offsets)
    return {"origin": origin, "series": request.series, "end": offsets[1:], **arrays}


def window_arrays(
    y: np.ndarray, offsets: np.ndarray, normalization: Normalization, kind: type = np.float64
) -> dict[str, np.ndarray]:
    """Return the arrays from which windows are cut, with dtype ``kind``.

    Returns:
        first: int64 [S], position in x of the first value of each series that is not NaN.
        x and, with a smoothing, level and season: as ``Normalization.transform`` gives them.
        slope, input_scale, target_scale: [S], of the smoothing, if there is one.
    """
    arrays = normalization.transform(y, offsets, kind)
    smoothing = normalization.smoothing
    if smoothing is not None:
        numbers = ("slope", "input_scale", "target_scale")
        arrays |= {key: getattr(smoothing, key).astype(kind) for key in numbers}
    return {"first": offsets[:-1] + normalization.scaler.burn_in, **arrays}


def _truncated(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The offsets and values of the first ``ends`` values of each series."""
    kept = positions_in_series(offsets) < ends[series_numbers(offsets)]
    return np.concatenate([[0], np.cumsum(ends)]), y[kept]
