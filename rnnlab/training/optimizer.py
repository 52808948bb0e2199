"""What moves a network's weights: an optimizer, the schedule of its rate, an average over steps."""

import inspect
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
    """Steps that follow one loss after another, and all that they remember.

    Args:
        steps: how many the schedule of the learning rate is laid out for.
    """

    def __init__(self, network: nn.Module, settings: Train, steps: int) -> None:
        self.network = network
        self.device = next(network.parameters()).device
        self.clip = settings.gradient_clip
        self.optimizer = make_optimizer(network, settings)
        self.schedule = make_schedule(self.optimizer, settings, steps)
        self.average = Average(network, settings.weight_average)

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip:
            clip_gradients(self.average.weights, self.clip)
        self.optimizer.step()
        self.schedule.step()
        self.average.update()

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.average,
            "updates": self.average.updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave, also by way of JSON, which makes text of keys."""
        self.network.load_state_dict(state["network"])
        moments = {int(number): kept for number, kept in state["optimizer"]["state"].items()}
        self.optimizer.load_state_dict({**state["optimizer"], "state": moments})
        self.schedule.load_state_dict(state["schedule"])
        for mean, kept in zip(self.average.average, state["average"], strict=True):
            mean.copy_(kept)
        self.average.updates = state["updates"]


def clip_gradients(weights: list[Tensor], most: float) -> None:
    """Scale the weights' gradients down to a norm, all together, of ``most`` (Pascanu et al. 2013).

    The numbers of nn.utils.clip_grad_norm_ in half its time: that one sorts by device first. Where
    torch's operators on lists, which have no public names, are missing, it does the work.
    """
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    try:
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
    except (AttributeError, NotImplementedError):
        nn.utils.clip_grad_norm_(weights, most, foreach=False)


def make_optimizer(network: nn.Module, settings: Train) -> torch.optim.Optimizer:
    """The optimizer that ``settings`` names; weight decay spares biases."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    options: dict[str, Any] = {"lr": settings.learning_rate, "fused": True}
    if settings.optimizer == "sgd":
        options["momentum"] = settings.momentum
    return _without_compiler(OPTIMIZERS[settings.optimizer])(groups, **options)


def _without_compiler(kind: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """The same optimizer without the wrappers of its methods that only torch.compile needs.

    Called for the first time, they import the compiler, which takes a second and more.
    """
    wrapped = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in wrapped}
    plain["step"] = torch.no_grad()(plain["step"])
    return type(kind.__name__, (kind,), plain)


def make_schedule(
    optimizer: torch.optim.Optimizer, settings: Train, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The learning rate over ``steps`` batches: constant, cosine to 0, or one cycle."""
    if settings.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    if settings.schedule == "one_cycle":
        # Smith & Topin 2018, without their cycle of the momentum, which Adam's betas stand for
        total = steps + 1
        # torch divides by the steps of the rise less one
        total += settings.warm_up * total == 1
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            settings.learning_rate,
            total_steps=total,
            pct_start=settings.warm_up,
            cycle_momentum=False,
        )
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


class Average:
    """The exponential moving average of a network's weights over batches (Polyak averaging).

    With decay 0 the average is the network itself. The decay starts low, so that the random first
    weights are soon forgotten.
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
                # an operator without a public name: see clip_gradients
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
