"""Windows over normalized series: the past that the network reads, the future it forecasts.

A window is an origin, the position of its first target, and is cut from the arrays of its series
when it is needed: a part of a million windows takes no more memory than the series themselves.
"""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from stages.common.normalization import Normalization
from stages.common.params import SeriesTask
from stages.common.scalers import numbers_of, places_of

# windows whose values hardly differ are not blown up beyond this
LEAST_DEVIATION = 1e-2


@dataclass(frozen=True)
class Layout:
    """How windows are cut: the keys of block ``windows``, and what they need of other blocks.

    Attributes:
        look_back, horizon, step, center, scale, residual: as in params.yaml.
        period: steps in a season.
        damping: of the slope, for windows of a smoothing.
    """

    look_back: int
    horizon: int
    step: int
    center: str
    scale: str
    residual: str
    period: int
    damping: float


def series_card(task: SeriesTask) -> dict:
    """What a network for the task's windows is made from."""
    windows = task.windows
    layout = Layout(**windows.model_dump(), period=task.data.period, damping=task.normalize.damping)
    return {
        "kind": "series",
        "steps": windows.look_back // windows.step,
        "features": windows.step,
        "outputs": windows.horizon,
        "layout": asdict(layout),
        "input": {"shift": 0.0, "scale": 1.0},
    }


def part_of(
    y: np.ndarray,
    offsets: np.ndarray,
    normalization: Normalization,
    start: np.ndarray,
    end: np.ndarray,
    layout: Layout,
    whole: bool,
) -> dict[str, np.ndarray]:
    """All windows whose first target lies in ``start`` to ``end`` (not included) of its series.

    Args:
        y: series end to end, [M].
        start, end: places inside each series, [S]; what lies at ``end`` or after it is left out of
            all that is returned, so that no part of a series sees the next one.
        whole: whether a window must have all of its targets before ``end``: short of targets, the
            last windows would teach the near steps more than the far ones.

    Returns:
        origin, series: int64 [N], position in x of each first target, and number of its series.
        end: int64 [S], position in x where each series ends.
        and what ``arrays_of`` gives, as float32.
    """
    offsets, y = _beginnings(y, offsets, end)
    series, place = numbers_of(offsets), places_of(offsets)
    last = end - (layout.horizon - 1 if whole else 0)
    first = np.maximum(start, max(normalization.lost, layout.look_back + normalization.scaler.lost))
    origin = np.flatnonzero((place >= first[series]) & (place < last[series]))
    arrays = arrays_of(y, offsets, normalization)
    return {
        "origin": origin,
        "series": series[origin],
        "end": offsets[1:],
        **{key: v.astype(np.float32) if v.dtype.kind == "f" else v for key, v in arrays.items()},
    }


def arrays_of(
    y: np.ndarray, offsets: np.ndarray, normalization: Normalization
) -> dict[str, np.ndarray]:
    """What windows are cut from.

    Returns:
        first: int64 [S], position in x of the first value of each series that is a number.
        x and, with a smoothing, level and season: as ``Normalization.transform`` gives them.
        slope, input_scale, target_scale: [S], the smoothing's own, if there is one.
    """
    arrays = normalization.transform(y, offsets)
    smoothing = normalization.smoothing
    if smoothing is not None:
        arrays |= {key: getattr(smoothing, key) for key in ("slope", "input_scale", "target_scale")}
    return {"first": offsets[:-1] + normalization.scaler.lost, **arrays}


def _beginnings(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The offsets and values of the first ``ends`` values of each series."""
    kept = places_of(offsets) < ends[numbers_of(offsets)]
    return np.concatenate([[0], np.cumsum(ends)]), y[kept]


def cut(
    part: dict[str, Tensor], layout: Layout, origin: Tensor, series: Tensor, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Cut the windows at ``origin`` [N] of series [N] from a part's arrays.

    A window that begins before its series does repeats the first value.

    Returns:
        inputs [N, T, F], what the network reads: T = look_back / step steps of F = step values.
        base [N, steps]: the forecast to which the network's answer is added; normalized.
        unit [N, 1]: what the answer is multiplied by first.
    """
    back = past_positions(part, layout, origin, series)
    past = part["x"][back]
    if "level" not in part:
        return level_windows(past, layout, steps)
    # the season of a series before this one is longer than the series by a period
    shift = (series * layout.period)[:, None]
    own_season = origin[:, None] + shift
    level = part["level"][origin - 1][:, None]
    inputs = past - part["season"][back + shift] - level
    ahead = torch.arange(steps, device=origin.device)
    damped = torch.cumsum(torch.tensor(layout.damping).double() ** (torch.arange(steps) + 1), 0)
    drift = part["slope"][series][:, None] * damped.to(past)
    base = level + drift + part["season"][own_season + ahead % layout.period]
    inputs = inputs / part["input_scale"][series][:, None]
    return _in_steps(inputs, layout), base, part["target_scale"][series][:, None]


def past_positions(
    part: dict[str, Tensor], layout: Layout, origin: Tensor, series: Tensor
) -> Tensor:
    """Where the values that the network reads stand in x, [N, look_back]."""
    back = origin[:, None] + torch.arange(-layout.look_back, 0, device=origin.device)
    return torch.maximum(back, part["first"][series][:, None])


def level_windows(past: Tensor, layout: Layout, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Put windows past [N, look_back] on a level and a scale of their own; as ``cut`` returns."""
    level = torch.zeros_like(past[:, :1])
    if layout.center == "mean":
        level = past.mean(dim=1, keepdim=True)
    elif layout.center == "last":
        level = past[:, -1:]
    elif layout.center == "last_period":
        level = past[:, -layout.period :].mean(dim=1, keepdim=True)
    inputs = past - level
    unit = torch.ones_like(level)
    if layout.scale == "deviation":
        unit = inputs.std(dim=1, keepdim=True).clamp_min(LEAST_DEVIATION)
    base = level.expand(-1, steps)
    if layout.residual == "seasonal_naive":
        base = past[:, torch.arange(steps, device=past.device) % layout.period - layout.period]
    return _in_steps(inputs / unit, layout), base, unit


def _in_steps(inputs: Tensor, layout: Layout) -> Tensor:
    return inputs.reshape(len(inputs), -1, layout.step)


def targets(
    part: dict[str, Tensor],
    layout: Layout,
    origin: Tensor,
    series: Tensor,
    base: Tensor,
    unit: Tensor,
) -> Tensor:
    """What the network is to answer, [N, horizon]; NaN beyond the end of the series' part."""
    ahead = origin[:, None] + torch.arange(layout.horizon, device=origin.device)
    future = part["x"][ahead.clamp(max=len(part["x"]) - 1)]
    answers = (future - base) / unit
    return answers.masked_fill(ahead >= part["end"][series][:, None], torch.nan)
