"""Windows cut from series that lie end to end, many at once, on the device that is to read them."""

import torch
from torch import Tensor

from rnnlab.core.window_spec import Layout

# windows whose values hardly differ are not blown up beyond this
MIN_DEVIATION = 1e-2


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
    damped = (layout.damping ** torch.arange(1, steps + 1, dtype=torch.float64)).cumsum(0)
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
        unit = inputs.std(dim=1, keepdim=True).clamp_min(MIN_DEVIATION)
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
