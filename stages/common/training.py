"""Training a network on tensors that stay on the device: any sequences, any loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.common.params import Train
from stages.common.samples import Samples

EVALUATION_BATCH = 1024


@dataclass(frozen=True)
class Result:
    """What ``fit`` leaves: the best weights, the epoch they are from (from 1), all epochs."""

    weights: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, float]]


def fit(
    network: nn.Module,
    train: Samples,
    validation: Samples | None,
    settings: Train,
    generator: torch.Generator,
    augment: Callable[[Tensor, torch.Generator, float], Tensor] | None = None,
    epochs: int | None = None,
    on_batch: Callable[[], None] = lambda: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda epoch: None,
) -> Result:
    """Train ``network`` and keep the weights that score best on ``validation``.

    Args:
        train: on the network's device.
        validation: likewise, or None to keep the last weights.
        settings: block ``train`` of params.yaml.
        generator: the only source of chance beside torch's own, which dropout and noise use.
        augment: changes a batch x at random; its third argument is how far training is, 0 to 1.
        epochs: stop after so many, on the schedule of ``settings.epochs``; None for all.
        on_batch, on_epoch: called after each; the latter with the epoch's figures.
    """
    device = next(network.parameters()).device
    averaged = _Average(network, settings.weight_average)
    optimizer = make_optimizer(network, settings)
    batches = -(-train.count // settings.batch_size)
    schedule = make_schedule(optimizer, settings, settings.epochs * batches)
    half = settings.precision == "bfloat16"
    history: list[dict[str, float]] = []
    best: Result | None = None
    for epoch in range(1, (epochs or settings.epochs) + 1):
        network.train()
        # summed on the device and read once an epoch, so that no batch waits for the host
        total = torch.zeros((), device=device)
        for chosen in torch.randperm(train.count, generator=generator).split(settings.batch_size):
            inputs, y = train.draw(chosen.to(device))
            if augment is not None:
                inputs = augment(inputs, generator, (epoch - 1) / settings.epochs)
            if settings.input_noise:
                inputs = inputs + settings.input_noise * torch.randn_like(inputs)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                answers = network(inputs)
            loss = loss_of(
                answers.float(), y, settings.loss, settings.label_smoothing, settings.quantile
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if settings.gradient_clip:
                nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            optimizer.step()
            schedule.step()
            averaged.update()
            total += loss.detach() * len(chosen)
            on_batch()
        figures = {"epoch": epoch, "train_loss": total.item() / train.count}
        with averaged.in_place():
            if validation is not None:
                figures.update(score(network, validation, settings, prefix="validation_"))
            history.append(figures)
            if best is None or validation is None or _better(figures, best):
                best = Result(_copy(network), epoch, history)
        on_epoch(figures)
        if settings.patience and epoch - best.best_epoch >= settings.patience:
            break
    return best


def loss_of(
    answers: Tensor, y: Tensor, loss: str, label_smoothing: float = 0.0, quantile: float = 0.5
) -> Tensor:
    """The mean loss of answers [N, K] to y [N] or [N, K]; unknown values (NaN) don't count.

    The mean of pinball is least where answers are the ``quantile`` of y (Koenker & Bassett 1978).
    """
    if loss == "cross_entropy":
        return F.cross_entropy(answers, y, label_smoothing=label_smoothing)
    known = ~torch.isnan(y)
    errors = torch.where(known, torch.nan_to_num(y) - answers, 0.0)
    if loss == "mse":
        losses = errors.square()
    elif loss == "mae":
        losses = errors.abs()
    else:
        losses = torch.maximum(quantile * errors, (quantile - 1) * errors)
    return losses.sum() / known.sum().clamp(min=1)


@torch.inference_mode()
def answers_for(network: nn.Module, x: Tensor) -> Tensor:
    """The network's answers to x [N, T, F], in evaluation mode: [N, K]."""
    network.eval()
    return torch.cat([network(part) for part in x.split(EVALUATION_BATCH)])


@torch.inference_mode()
def score(network: nn.Module, samples: Samples, settings: Train, prefix: str = "") -> dict:
    """Loss (without smoothing) and, for classes, accuracy (0 to 1)."""
    network.eval()
    device = next(network.parameters()).device
    # summed up part by part, since the answers to a panel's windows are larger than the panel
    total, right, known = 0.0, 0, 0
    for numbers in torch.arange(samples.count, device=device).split(EVALUATION_BATCH):
        x, y = samples.draw(numbers)
        answers = network(x)
        count = int((~torch.isnan(y)).sum()) if y.is_floating_point() else len(y)
        loss = loss_of(answers, y, settings.loss, quantile=settings.quantile)
        total, known = total + loss.item() * count, known + count
        if settings.loss == "cross_entropy":
            right += int((answers.argmax(dim=1) == y).sum())
    figures = {f"{prefix}loss": total / max(known, 1)}
    if settings.loss == "cross_entropy":
        figures[f"{prefix}accuracy"] = right / samples.count
    return figures


def _better(figures: dict[str, float], best: Result) -> bool:
    def rank(epoch: dict[str, float]) -> tuple[float, float]:
        return epoch.get("validation_accuracy", 0.0), -epoch["validation_loss"]

    return rank(figures) > rank(best.history[best.best_epoch - 1])


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


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
        return torch.optim.SGD(groups, momentum=settings.momentum, **options)
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, **options)


def make_schedule(
    optimizer: torch.optim.Optimizer, settings: Train, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The learning rate over ``steps`` batches: constant, cosine to 0, or one cycle."""
    if settings.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    if settings.schedule == "one_cycle":
        # Smith & Topin 2018, without their cycle of the momentum, which Adam's betas stand for
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            settings.learning_rate,
            total_steps=steps + 1,
            pct_start=settings.warm_up,
            cycle_momentum=False,
        )
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


class _Average:
    """The exponential moving average of a network's weights over batches (Polyak averaging).

    With decay 0 the average is the network itself. The decay starts low, so that the random first
    weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.weights = list(network.parameters())
        self.decay = decay
        self.average = [weight.detach().clone() for weight in self.weights] if decay else []
        self.updates = 0

    @torch.no_grad()
    def update(self) -> None:
        if self.decay:
            self.updates += 1
            decay = min(self.decay, self.updates / (self.updates + 9))
            torch._foreach_lerp_(self.average, self.weights, 1 - decay)

    def in_place(self) -> "_Average":
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
