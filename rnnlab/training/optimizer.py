"""The optimizer, its learning rate schedule, and an average of the weights over steps."""

import inspect
import math
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.core.params import Train

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


class Optimization:
    """Optimizer, schedule and weight average of one network, with their state.

    Args:
        steps: number of steps of the learning rate schedule.
        capturable: whether a CUDA graph can capture the optimizer.
    """

    def __init__(
        self, network: nn.Module, settings: Train, steps: int, capturable: bool = False
    ) -> None:
        self.network = network
        self.device = next(network.parameters()).device
        self.clip = settings.gradient_clip
        self.optimizer = make_optimizer(network, settings, capturable)
        self.rates = learning_rates(settings, steps)
        self.taken = 0
        self.average = Average(network, settings.weight_average)

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip:
            clip_gradients(self.average.weights, self.clip)
        self.update_weights()

    def update_weights(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rates[self.taken]
        self.optimizer.step()
        self.average.update()
        self.taken += 1

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "taken": self.taken,
            "average": self.average.average,
            "updates": self.average.updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what ``state_dict`` returned, also after JSON, which turns keys into strings."""
        self.network.load_state_dict(state["network"])
        moments = {int(number): kept for number, kept in state["optimizer"]["state"].items()}
        self.optimizer.load_state_dict({**state["optimizer"], "state": moments})
        self.taken = state["taken"]
        for mean, kept in zip(self.average.average, state["average"], strict=True):
            mean.copy_(kept)
        self.average.updates = state["updates"]


def clip_gradients(weights: list[Tensor], max_norm: float) -> None:
    """Clip the total norm of the gradients to ``max_norm`` (Pascanu et al. 2013).

    The result is that of nn.utils.clip_grad_norm_, in half the time: that one sorts by device
    first. It is the fallback if torch's operators on lists, which are not public, are missing.
    """
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    try:
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp(max=1.0))
    except (AttributeError, NotImplementedError):
        nn.utils.clip_grad_norm_(weights, max_norm, foreach=False)


def make_optimizer(
    network: nn.Module, settings: Train, capturable: bool = False
) -> torch.optim.Optimizer:
    """Create the optimizer of ``settings``; weight decay is not applied to biases."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    options: dict[str, Any] = {"lr": settings.learning_rate, "fused": True}
    if settings.optimizer == "sgd":
        options["momentum"] = settings.momentum
    if capturable:
        options["capturable"] = True
    return _without_compiler(OPTIMIZERS[settings.optimizer])(groups, **options)


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

    The same numbers as torch's schedulers, which compute them in each step.
    """
    top = settings.learning_rate
    if settings.schedule == "cosine":
        # each from the one before, as CosineAnnealingLR computes it
        height = [1 + math.cos(math.pi * step / steps) for step in range(steps)]
        ratios = [after / before for before, after in pairwise(height)]
        return [*accumulate(ratios, lambda rate, ratio: ratio * rate, initial=top)]
    if settings.schedule == "one_cycle":
        return _one_cycle(top, settings.warm_up, steps)
    return [top] * steps


def _one_cycle(top: float, warm_up: float, steps: int) -> list[float]:
    """Smith & Topin 2018, without the cycle of the momentum (Adam's betas)."""
    start = top / 25
    last = start / 10_000
    # the last step is a little above ``last``; a rise needs more than one step
    total = steps + 1
    total += warm_up * total == 1
    turn = warm_up * total - 1

    def rate(step: int) -> float:
        if step <= turn:
            first, then, share = start, top, step / turn
        else:
            first, then, share = top, last, (step - turn) / (total - 1 - turn)
        return then + (first - then) / 2 * (math.cos(math.pi * share) + 1)

    return [rate(step) for step in range(steps)]


class Average:
    """The exponential moving average of a network's weights over batches (Polyak averaging).

    With decay 0 the average is the network itself. The decay starts low, so that the random
    initial weights soon have no influence.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.weights: list[Tensor] = list(network.parameters())
        self.decay = decay
        self.average = [weight.detach().clone() for weight in self.weights] if decay else []
        self.updates = 0

    @torch.no_grad()
    def update(self) -> None:
        if self.decay:
            self.updates += 1
            decay = min(self.decay, self.updates / (self.updates + 9))
            try:
                torch._foreach_lerp_(self.average, self.weights, 1 - decay)
            except (AttributeError, NotImplementedError):
                # the operator is not public: see clip_gradients
                for mean, weight in zip(self.average, self.weights, strict=True):
                    mean.lerp_(weight, 1 - decay)

    def in_place(self) -> "Average":
        return self

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *exception: object) -> None:
        self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for weight, mean in zip(self.weights, self.average, strict=False):
            kept = weight.clone()
            weight.copy_(mean)
            mean.copy_(kept)
