"""The training loop, on tensors that stay on the device: any sequences, any loss."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from rnnlab.core.params import Train
from rnnlab.networks.samples import Samples
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.checkpoints import Checkpoint, State, print_once
from rnnlab.training.distributed import (
    rank_slice,
    require_same_epoch,
    sum_over_processes,
)
from rnnlab.training.graph import make_steps
from rnnlab.training.optimizer import Optimization
from rnnlab.training.steps import count_known, loss_of

EVALUATION_BATCH = 1024
# how much larger the loss of unchanged images must be than that of changed ones to be an error of
# augmentation: unchanged images are normally the easier ones
MAX_RATIO = 1.2


@dataclass
class Result:
    """The result of ``fit``.

    Attributes:
        weights: of the best epoch, or of the last one without validation.
        best_epoch: the epoch of the weights, counted from 1.
        history: the figures of all epochs.
        seconds: total time of the epochs.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Watch:
    """What follows a training and changes nothing in it.

    Args:
        on_batch, on_epoch: called after each batch and epoch; the latter with the epoch's figures.
        checkpoint: where interrupted training resumes; callbacks run again for past epochs.
    """

    on_batch: Callable[[], None] = lambda: None
    on_epoch: Callable[[dict[str, float]], None] = lambda figures: None
    checkpoint: Checkpoint | None = None

    def repeat(self, history: list[dict[str, float]], batches: int) -> None:
        """Call back for epochs of ``batches`` batches that a checkpoint has."""
        for figures in history:
            for _ in range(batches):
                self.on_batch()
            self.on_epoch(figures)


UNWATCHED = Watch()


def fit(
    network: nn.Module,
    train: Samples,
    validation: Samples | None,
    settings: Train,
    generator: torch.Generator,
    augment: Augmentation | None = None,
    epochs: int | None = None,
    watch: Watch = UNWATCHED,
) -> Result:
    """Train ``network`` and keep the weights that score best on ``validation``.

    Args:
        train, validation: on the network's device; without validation the last weights are kept.
        settings: block ``train`` of params.yaml.
        generator: the source of random numbers, next to torch's global one for dropout and noise.
        augment: a random transformation of each batch x.
        epochs: stop after this many, on the schedule of ``settings.epochs``; None for all.

    Raises:
        ValueError: ``settings.precision`` is auto; see ``precision.choose_precision``.
    """
    if settings.precision == "auto":
        raise ValueError("train.precision auto must be resolved first")
    batches = -(-train.per_epoch // settings.batch_size)
    steps = make_steps(network, train, settings, augment, settings.epochs * batches)
    result, ended = _resume(watch.checkpoint, steps.optimization, generator)
    watch.repeat(result.history, batches)
    while not ended:
        started, epoch = time.perf_counter(), len(result.history) + 1
        loss = steps.run_epoch(epoch, generator, watch.on_batch)
        figures = {"epoch": epoch, "train_loss": loss}
        with steps.optimization.average.in_place():
            if validation is not None:
                figures.update(score(network, validation, settings, prefix="validation_"))
                warn_of_augmentation(network, train, settings, augment, epoch)
            result.history.append(figures)
            if validation is None or _is_best(figures, result):
                result.weights, result.best_epoch = _copy(network), epoch
        result.seconds += time.perf_counter() - started
        watch.on_epoch(figures)
        stale = 0 < settings.patience <= epoch - result.best_epoch
        ended = stale or epoch == (epochs or settings.epochs)
        if watch.checkpoint is not None:
            state = partial(_state, result, ended, steps.optimization, generator)
            watch.checkpoint.save(state, ended)
    return result


def _resume(
    checkpoint: Checkpoint | None, optimization: Optimization, generator: torch.Generator
) -> tuple[Result, bool]:
    """Restore interrupted training; return its result so far, and whether it had ended."""
    kept = None if checkpoint is None else checkpoint.load()
    result = Result() if kept is None else Result(**kept["result"])
    device = optimization.device
    require_same_epoch(len(result.history), device)
    if checkpoint is None or kept is None or kept["ended"]:
        return result, kept is not None
    optimization.load_state_dict(kept["optimization"])
    generator.set_state(kept["generator"])
    torch.set_rng_state(kept["torch"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(kept["cuda"], device)
    print_once(f"{checkpoint.path}: training resumes after epoch {len(result.history)}")
    return result, False


def _state(
    result: Result, ended: bool, optimization: Optimization, generator: torch.Generator
) -> State:
    """The state that ``_resume`` needs."""
    state: State = {"result": vars(result), "ended": ended}
    if not ended:
        device = optimization.device
        state["optimization"] = optimization.state_dict()
        state["generator"] = generator.get_state()
        state["torch"] = torch.get_rng_state()
        if device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(device)
    return state


@torch.inference_mode()
def predict_in_batches(
    network: nn.Module, x: Tensor, on_samples: Callable[[int], None] = lambda count: None
) -> Tensor:
    """The network's outputs for x [N, T, F], in evaluation mode: [N, K].

    Args:
        on_samples: called after each batch with the number of its samples.
    """
    network.eval()
    answers = []
    for part in x.split(EVALUATION_BATCH):
        answers.append(network(part))
        on_samples(len(part))
    return torch.cat(answers)


@torch.inference_mode()
def score(network: nn.Module, samples: Samples, settings: Train, prefix: str = "") -> dict:
    """Loss (without smoothing) and, for classes, accuracy (0 to 1)."""
    network.eval()
    device = next(network.parameters()).device
    # summed batch by batch, since the outputs for all windows are larger than the series
    losses, right, known = 0.0, 0.0, 0.0
    own = torch.arange(samples.count, device=device)[rank_slice(samples.count)]
    for numbers in own.split(EVALUATION_BATCH):
        x, y = samples.draw(numbers)
        answers = network(x)
        count = int(count_known(y))
        loss = loss_of(answers, y, settings.loss, quantile=settings.quantile)
        losses, known = losses + loss.item() * count, known + count
        if settings.loss == "cross_entropy":
            right += int((answers.argmax(dim=1) == y).sum())
    losses, right, known = sum_over_processes([losses, right, known], device)
    figures = {f"{prefix}loss": losses / max(known, 1)}
    if settings.loss == "cross_entropy":
        figures[f"{prefix}accuracy"] = right / samples.count
    return figures


def warn_of_augmentation(
    network: nn.Module, train: Samples, settings: Train, augment: Augmentation | None, epoch: int
) -> None:
    """Warn on stderr if ``network`` knows training images less as they are than augmented.

    Then it relies on something that augmentation adds to an image, such as the smoothness of
    interpolation, and validation and test images lack it. Both losses are without dropout and over
    the same images, so neither dropout nor overfitting explains a difference. This looks at two
    epochs: one early enough to stop training, and the last.
    """
    if augment is None or epoch not in (-(-settings.epochs // 4), settings.epochs):
        return
    count = min(train.count, EVALUATION_BATCH)
    # a generator of its own: training draws the same numbers as without this check
    matrices = augment.draw_matrices(
        [count], torch.Generator().manual_seed(epoch), (epoch - 1) / settings.epochs
    )

    def changed(chosen: Tensor) -> tuple[Tensor, Tensor]:
        x, y = train.draw(chosen)
        return augment.apply(x, matrices.to(x.device)[chosen]), y

    as_they_are = score(network, Samples(count, train.draw), settings)["loss"]
    augmented = score(network, Samples(count, changed), settings)["loss"]
    if as_they_are > MAX_RATIO * augmented:
        print_once(
            f"warning: epoch {epoch}: train.augment harms: the loss of training images is "
            f"{as_they_are:.2f} as they are and {augmented:.2f} augmented; write interpolation: "
            "nearest, smaller amounts or no augment block"
        )


def _is_best(figures: dict[str, float], result: Result) -> bool:
    """Whether ``figures`` are better than the best epoch so far: by accuracy, then by loss."""

    def quality(epoch: dict[str, float]) -> tuple[float, float]:
        loss = epoch["validation_loss"]
        # comparisons with NaN are false: a network that diverged at first would stay the best
        return epoch.get("validation_accuracy", 0.0), -math.inf if math.isnan(loss) else -loss

    best = result.best_epoch
    return best == 0 or quality(figures) > quality(result.history[best - 1])


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
