"""One network for many hourly series: it reads eight days, a day a step, and answers with two.

Every series teaches the same network (a global model). A window of logarithms is put on a scale of
its own, a plain rule forecasts the next two days from the last day and from the same days of last
week, and the network adds what that rule misses. Its loss is the competition's own measure.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.common.measures import seasonal_naive_error

PERIOD = 24  # hours in a day
HORIZON = 48  # hours to forecast
DAYS = 8  # days that the network reads: the rule needs the same days a week ago and one before
WINDOW = DAYS * PERIOD

# Naive2, the competition's reference, on the hourly series: sMAPE (%) and MASE (Makridakis,
# Spiliotis & Assimakopoulos 2020, "The M4 Competition", International Journal of Forecasting 36)
NAIVE2_SMAPE, NAIVE2_MASE = 18.383, 2.395


@dataclass(frozen=True)
class Settings:
    """How a member of the ensemble is trained; found on the last 48 training hours."""

    hidden_size: int = 160
    steps: int = 3000  # batches; 20 or more, since a tenth of them warm up
    batch_size: int = 256  # windows
    learning_rate: float = 2e-3  # at its peak
    weight_decay: float = 0.01  # of matrices; biases are spared
    gradient_clip: float = 1.0  # largest norm
    average: float = 0.995  # decay of the weights' moving average, which is what forecasts


class DayByDay(nn.Module):
    """A GRU over days, and a linear map of the window beside it.

    Both heads start at zero, so that training starts from ``control``.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(PERIOD + 3, hidden_size, batch_first=True)
        self.middle = nn.Linear(hidden_size + 3, hidden_size)
        self.head = nn.Linear(hidden_size, HORIZON)
        self.direct = nn.Linear(WINDOW, HORIZON)
        for layer in (self.head, self.direct):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, past: Tensor) -> Tensor:
        """Forecast from past [N, 192]: [N, 48], both natural logarithms of the values."""
        level, scale, z = normalize(past)
        return level + scale * (rule(z) + self.answer(z, level, scale))

    def answer(self, z: Tensor, level: Tensor, scale: Tensor) -> Tensor:
        """What is to be added to the rule's forecast, [N, 48] on the scale of z [N, 192]."""
        days = z.view(-1, DAYS, PERIOD)
        means = days.mean(dim=2, keepdim=True)
        # shifted and divided into numbers of size one: M4's levels lie about e^7
        last_spread = days[:, -1].std(dim=1, keepdim=True)
        facts = torch.cat([scale.log() / 2 + 1, last_spread, (level - 7) / 2], dim=1)
        every_day = facts[:, None, :2].expand(-1, DAYS, -1)
        outputs, _ = self.recurrent(torch.cat([days - means, means, every_day], dim=2))
        features = F.silu(self.middle(torch.cat([outputs[:, -1], facts], dim=1)))
        return self.head(features) + self.direct(z)


def normalize(past: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Put log windows [N, 192] on a scale of their own.

    Returns:
        level [N, 1], the mean of the last day; scale [N, 1], the deviation over the window, not
        below 0.01; z [N, 192], without unit and within ±6.
    """
    level = past[:, -PERIOD:].mean(dim=1, keepdim=True)
    scale = (past - level).std(dim=1, keepdim=True).clamp_min(0.01)
    return level, scale, ((past - level) / scale).clamp(-6, 6)


def rule(z: Tensor) -> Tensor:
    """Forecast z [N, 192] without a network: [N, 48].

    The mean of the last day, twice, and of the same two days of last week, moved by as much as the
    level has moved since: two seasonal naive forecasts of periods 24 and 168.
    """
    days = z.view(-1, DAYS, PERIOD)
    last_day = days[:, -1].repeat(1, 2)
    last_week = days[:, -7:-5].flatten(1) - days[:, -8].mean(dim=1, keepdim=True)
    return (last_day + last_week) / 2


def control(past: Tensor) -> Tensor:
    """The forecast with the network's answer set to zero: [N, 48] from [N, 192], logarithms."""
    level, scale, z = normalize(past)
    return level + scale * rule(z)


class Panel(NamedTuple):
    """S series end to end, ready to draw windows from.

    Attributes:
        values: float32, natural logarithms.
        starts: int64 [S], where each series begins in ``values``.
        rooms: int64 [S], how many windows with their 48 targets each holds.
        scales: float32 [S], the denominator of MASE, in the units of the series.
    """

    values: Tensor
    starts: Tensor
    rooms: Tensor
    scales: Tensor


def make_panel(series: list[np.ndarray]) -> Panel:
    """Lay out series, each [n] of positive values with n >= 240."""
    lengths = np.array([len(y) for y in series])
    return Panel(
        values=torch.from_numpy(np.log(np.concatenate(series))).float(),
        starts=torch.from_numpy(np.cumsum(lengths) - lengths),
        rooms=torch.from_numpy(lengths - WINDOW - HORIZON + 1),
        scales=torch.tensor([seasonal_naive_error(y, PERIOD) for y in series]),
    )


def draw(panel: Panel, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw windows at random: a series first, then a place in it, so that all series weigh alike.

    Returns:
        past [count, 192] and future [count, 48], logarithms, and the scale [count, 1] of each.
    """
    chosen = torch.randint(len(panel.starts), (count,), generator=generator)
    share = torch.rand(count, generator=generator, dtype=torch.float64)
    first = panel.starts[chosen] + (share * panel.rooms[chosen]).long()
    windows = panel.values[first[:, None] + torch.arange(WINDOW + HORIZON)]
    return windows[:, :WINDOW], windows[:, WINDOW:], panel.scales[chosen, None]


def owa_loss(answers: Tensor, targets: Tensor, scales: Tensor) -> Tensor:
    """The competition's OWA of log forecasts [N, 48] of log targets [N, 48]; scales [N, 1].

    With r the logarithm of forecast over truth, |f - y| / (f + y) is tanh(|r| / 2).
    """
    smape = 200 * torch.tanh((answers - targets).abs() / 2)
    # a forecast that runs away must not become infinite, which would leave no gradient
    bounded = answers.clamp(max=targets.max() + 2)
    mase = (bounded.exp() - targets.exp()).abs() / scales
    return (smape / NAIVE2_SMAPE + mase / NAIVE2_MASE).mean() / 2


def fit(
    series: list[np.ndarray],
    settings: Settings,
    generator: torch.Generator,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> DayByDay:
    """Train one network on series, each [n]: nothing beyond their ends is known to it.

    Args:
        generator: draws the windows; the first weights come from torch's own, which
            ``stages.common.devices.sow`` seeds together with this one.
        on_step: called after each step with its number, from 1, and its loss.

    Returns:
        The network with the moving average of its weights.
    """
    panel = make_panel(series)
    network = DayByDay(settings.hidden_size)
    average = copy.deepcopy(network)
    optimizer, schedule = make_optimizer(network, settings)
    for step in range(1, settings.steps + 1):
        past, future, scales = draw(panel, settings.batch_size, generator)
        loss = owa_loss(network(past), future, scales)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
        optimizer.step()
        schedule.step()
        # low at first, so that the random first weights are soon forgotten
        follow(average, network, min(settings.average, step / (step + 10)))
        on_step(step, loss.item())
    return average


def make_optimizer(
    network: nn.Module, settings: Settings
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW (Loshchilov & Hutter 2019) on one cycle (Smith & Topin 2018)."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    rate = settings.learning_rate
    optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=settings.steps, pct_start=0.1
    )
    return optimizer, schedule


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the weights of ``average`` towards those of ``network`` (Polyak averaging)."""
    for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(weight, 1 - decay)


@torch.inference_mode()
def forecast(model: Callable[[Tensor], Tensor], series: list[np.ndarray]) -> np.ndarray:
    """What ``model`` (a network, or ``control``) says of the 48 hours after each series: [S, 48].

    In the units of the series.
    """
    past = torch.from_numpy(np.log([y[-WINDOW:] for y in series])).float()
    return model(past).double().exp().numpy()
