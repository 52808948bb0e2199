"""The optimizer, its learning rate schedule, and an average of the weights over steps."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from rnnlab.core.params import Train
from rnnlab.training.checkpoints import State

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


@dataclass
class Optimization:
    """Optimizer, schedule and weight average of one network, with their state.

    Args:
        rates: the learning rate of each step.
        clip: maximum norm of all gradients together (Pascanu et al. 2013); 0 for no clipping.
    """

    capturable: ClassVar[bool] = False  # whether a CUDA graph can capture a step

    network: nn.Module
    optimizer: torch.optim.Optimizer
    rates: list[float]
    clip: float
    average: "Average"

    def __post_init__(self) -> None:
        self.device = next(self.network.parameters()).device
        self.taken = 0

    @classmethod
    def from_settings(cls, network: nn.Module, settings: Train, steps: int) -> Self:
        """The optimization that ``settings`` describe, with a schedule of ``steps`` steps."""
        name, decay = settings.optimizer, settings.weight_decay
        return cls(
            network,
            make_optimizer(network, name, decay, settings.momentum, cls.capturable),
            learning_rates(settings, steps),
            settings.gradient_clip,
            Average(network, settings.weight_average),
        )

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip:
            nn.utils.clip_grad_norm_(self.average.weights, self.clip)
        self.update_weights()

    def update_weights(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rates[self.taken]
        self.optimizer.step()
        self.taken += 1
        self.average.update(self.taken)

    def state_dict(self) -> State:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "taken": self.taken,
            "average": self.average.average,
        }

    def load_state_dict(self, state: State) -> None:
        """Load what ``state_dict`` returned, also after JSON, which turns keys into strings."""
        self.network.load_state_dict(state["network"])
        moments = {int(number): kept for number, kept in state["optimizer"]["state"].items()}
        self.optimizer.load_state_dict({**state["optimizer"], "state": moments})
        self.taken = state["taken"]
        for mean, kept in zip(self.average.average, state["average"], strict=True):
            mean.copy_(kept)


def make_optimizer(
    network: nn.Module,
    name: str,
    weight_decay: float,
    momentum: float = 0.0,
    capturable: bool = False,
) -> torch.optim.Optimizer:
    """Create an optimizer, whose learning rate ``Optimization`` sets; biases do not decay.

    Args:
        name: sgd, adam or adamw (Loshchilov & Hutter 2019).
        momentum: for sgd alone.
        capturable: whether a CUDA graph can capture the optimizer.
    """
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    kind = _without_compiler(OPTIMIZERS[name])
    if name == "sgd":
        return kind(groups, fused=True, momentum=momentum)
    return kind(groups, fused=True, capturable=capturable)


def _without_compiler(kind: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """The same optimizer without the method wrappers that only torch.compile needs.

    Their first call imports the compiler, which takes more than a second.
    """
    wrapped = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in wrapped}
    plain["step"] = torch.no_grad()(plain["step"])
    return type(kind.__name__, (kind,), plain)


def learning_rates(settings: Train, steps: int) -> list[float]:
    """The learning rate of each of ``steps`` steps: constant, cosine or one cycle.

    torch's schedulers compute them ahead of training, since a CUDA graph needs them on the device.
    """
    top = settings.learning_rate
    optimizer = _without_compiler(torch.optim.SGD)([torch.zeros(1)], lr=top)
    scheduler: torch.optim.lr_scheduler.LRScheduler
    if settings.schedule == "constant":
        return [top] * steps
    if settings.schedule == "cosine":
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    else:
        # the last step is a little above the lowest rate; a rise of one step divides by zero
        total = steps + 1
        total += settings.warm_up * total == 1
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, top, total, pct_start=settings.warm_up, cycle_momentum=False
        )
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


class Average:
    """The exponential moving average of a network's weights over batches (Polyak averaging).

    With decay 0 the average is the network itself. The decay starts at 1 / (1 + delay), so that the
    random initial weights soon have no influence. torch's AveragedModel does the same in 7 % more
    time for a step of the airline network, and no CUDA graph can capture it.
    """

    def __init__(self, network: nn.Module, decay: float, delay: int = 9) -> None:
        self.weights: list[Tensor] = list(network.parameters())
        self.decay, self.delay = decay, delay
        self.average = [weight.detach().clone() for weight in self.weights] if decay else []

    def share(self, step: int) -> float:
        """The share of the weights in the average after a step, counted from 1."""
        return 1 - min(self.decay, step / (step + self.delay))

    @torch.no_grad()
    def update(self, step: int) -> None:
        self.blend(self.share(step))

    def blend(self, share: float | Tensor) -> None:
        for mean, weight in zip(self.average, self.weights, strict=False):
            mean.lerp_(weight, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the average as its weights in this block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for weight, mean in zip(self.weights, self.average, strict=False):
            kept = weight.clone()
            weight.copy_(mean)
            mean.copy_(kept)
