"""Cut many windows at once from concatenated series, on the device of the network."""

import torch
from torch import Tensor

from rnnlab.core.window_spec import Layout

# lower limit of the divisor, for windows with almost constant values
MIN_DEVIATION = 1e-2


def cut(
    part: dict[str, Tensor], layout: Layout, origin: Tensor, series: Tensor, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Cut the windows at ``origin`` [N] of series [N] from a part's arrays.

    A window that begins before its series does repeats the first value.

    Returns:
        inputs [N, T, F] of the network: T = look_back / step steps of F = step values.
        base [N, steps]: the forecast, normalized, to which the network's output is added.
        unit [N, 1]: the factor by which the output is multiplied first.
    """
    back = past_positions(part, layout, origin, series)
    past = part["x"][back]
    if "level" not in part:
        return level_windows(past, layout, steps)
    # the season of each earlier series is one period longer than the series
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
    """Positions in x of the values that the network reads, [N, look_back]."""
    back = origin[:, None] + torch.arange(-layout.look_back, 0, device=origin.device)
    return torch.maximum(back, part["first"][series][:, None])


def level_windows(past: Tensor, layout: Layout, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Center and scale each of the windows past [N, look_back]; returns the same as ``cut``."""
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
    """The targets of the network, [N, horizon]; NaN beyond the end of the series' part."""
    ahead = origin[:, None] + torch.arange(layout.horizon, device=origin.device)
    future = part["x"][ahead.clamp(max=len(part["x"]) - 1)]
    answers = (future - base) / unit
    return answers.masked_fill(ahead >= part["end"][series][:, None], torch.nan)
