"""Train one member of an ensemble with the settings in block ``train`` of its task."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnlab.core.params import Model, Train
from rnnlab.core.progress import track_progress
from rnnlab.networks.network import count_parameters
from rnnlab.networks.samples import Samples
from rnnlab.networks.storage import build_network
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.budget import within_steps
from rnnlab.training.checkpoints import Checkpoint
from rnnlab.training.device import limit_threads, seeded_generator
from rnnlab.training.loop import Result, Watch, fit

Checkpoints = Callable[[str], Checkpoint | None]


@dataclass(frozen=True)
class Recipe:
    """Settings to build and train networks: a task's parameters, its windows' card, the seed."""

    model: Model
    train: Train
    card: dict
    seed: int
    device: torch.device


@dataclass(frozen=True)
class Member:
    """The result of training one member.

    Attributes:
        chosen: weights of the best epoch on validation.
        final: weights from the refit on training and validation; without a refit the chosen ones.
        best_epoch: counted from 1.
        history: the figures of each epoch.
        samples_seen: number of samples in all training steps.
        seconds: total time of the epochs.
    """

    chosen: dict[str, Tensor]
    final: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, float]]
    samples_seen: int
    seconds: float


def no_checkpoint(network: str) -> None:
    """Keep no checkpoints: interrupted training starts again."""


def train_member(
    recipe: Recipe,
    parts: dict[str, Samples],
    fit_name: str,
    member: int,
    on_epoch: Callable[[dict[str, float]], None] = lambda figures: None,
    checkpoints: Checkpoints = no_checkpoint,
) -> Member:
    """Train one network; with train.refit, once more on training and validation together.

    Args:
        parts: train, validation and, for a refit, refit.
        fit_name, member: determine the seed.
        on_epoch: called with the figures of each epoch with validation.
        checkpoints: a function from a network's name to the checkpoint from which it resumes.
    """
    name = f"{fit_name}-{member}"
    checkpoint, refit_checkpoint = checkpoints(name), checkpoints(f"{name}-refit")
    train, validation = parts["train"], parts["validation"]
    result = _train(recipe, train, validation, None, fit_name, member, on_epoch, checkpoint)
    seen, seconds = len(result.history) * _drawn(recipe, train), result.seconds
    final = result.weights
    if recipe.train.refit:
        epochs = result.best_epoch
        refit = _train(
            recipe, parts["refit"], None, epochs, fit_name, member, checkpoint=refit_checkpoint
        )
        final, seconds = refit.weights, seconds + refit.seconds
        seen += epochs * _drawn(recipe, parts["refit"])
    return Member(result.weights, final, result.best_epoch, result.history, seen, seconds)


def _drawn(recipe: Recipe, samples: Samples) -> int:
    """How many samples an epoch draws."""
    return within_steps(recipe.train, samples)[1].per_epoch


def retrain(
    recipe: Recipe,
    samples: Samples,
    epochs: int,
    fit_name: str,
    member: int,
) -> dict[str, Tensor]:
    """Train one network for ``epochs`` epochs without validation; return its last weights."""
    return _train(recipe, samples, None, epochs, fit_name, member).weights


def _train(
    recipe: Recipe,
    samples: Samples,
    validation: Samples | None,
    epochs: int | None,
    fit_name: str,
    member: int,
    on_epoch: Callable[[dict[str, float]], None] = lambda figures: None,
    checkpoint: Checkpoint | None = None,
) -> Result:
    generator = seeded_generator(recipe.seed, fit_name, member)
    network = build_network(recipe.card, recipe.model).to(recipe.device)
    settings, samples = within_steps(recipe.train, samples, epochs)
    augment = None
    if settings.augment is not None:
        card = recipe.card
        augment = Augmentation(
            settings.augment, card["image_shape"], card["pixel_order"], recipe.device
        )
    last_epoch = epochs or settings.epochs
    batches = last_epoch * -(-samples.per_epoch // settings.batch_size)
    title = fit_name if settings.ensemble == 1 else f"{fit_name}-{member}"
    title += "" if validation is not None else " refit"
    # each weight is multiplied once for each step of each sequence in a batch
    sequences = min(settings.batch_size, samples.count) * recipe.card["steps"]
    threads = limit_threads(sequences * count_parameters(network))
    # with validation, patience may end training early
    left = "at most" if validation is not None and settings.patience else "about"
    with threads, track_progress(title, batches, "batches", left) as work:

        def after_epoch(figures: dict[str, float]) -> None:
            work.set_status(f"epoch {figures['epoch']}/{last_epoch}, {_format_figures(figures)}")
            if validation is not None:
                on_epoch(figures)

        return fit(
            network,
            samples,
            validation,
            settings,
            generator,
            augment,
            epochs,
            Watch(work.advance, after_epoch, checkpoint),
        )


def _format_figures(figures: dict[str, float]) -> str:
    text = f"loss {figures['train_loss']:.4f}"
    if "validation_loss" in figures:
        text += f", validation loss {figures['validation_loss']:.4f}"
    if "validation_accuracy" in figures:
        text += f", validation accuracy {figures['validation_accuracy']:.2%}"
    return text
