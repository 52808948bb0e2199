"""Pretraining: the network learns from synthetic series that are drawn as it trains."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rnnlab.core.errors import InputError
from rnnlab.core.progress import track_progress
from rnnlab.core.zero_shot_params import ZeroShot
from rnnlab.features.extraction import Features, extract_features
from rnnlab.synthetic.prior import draw_batch
from rnnlab.training.checkpoints import Checkpoint, State, print_once
from rnnlab.training.device import seeded_generator
from rnnlab.training.optimizer import Average, Optimization, make_optimizer
from rnnlab.zero_shot.network import ZeroShotNetwork, loss_function, to_inputs

# targets are clipped to this distance from the base, in units: a few would outweigh all others
FAR = 200.0
WARM_UP = 100  # steps in which the learning rate rises, at most a fifth of all
LOG_EVERY = 50  # steps between rows of the curve
SECONDS_BETWEEN = 30.0  # between checkpoints: a killed training loses no more than this
SMOOTHING = 0.99  # decay per step of the smoothed loss
# keys of zero_shot that change the weights; the number of workers does not
TRAINING_KEYS = (
    *("seed", "hidden_size", "decoder_size", "steps", "batch_size", "steps_ahead"),
    *("learning_rate", "weight_decay", "weight_average", "gradient_clip"),
)


@dataclass(frozen=True)
class Recipe:
    """What a training needs beside the network: the names are those of block ``zero_shot``."""

    seed: int
    steps: int
    batch_size: int
    steps_ahead: int
    learning_rate: float
    weight_decay: float
    weight_average: float
    gradient_clip: float
    workers: int = 0


# inputs of the network by name, target [S, H], seconds that it took to make them
Sample = tuple[dict[str, Tensor], Tensor, float]


class SyntheticBatches(Dataset):
    """Batch k comes from a random generator of its own, whichever process draws it."""

    def __init__(self, seed: int, series: int, steps_ahead: int) -> None:
        self.seed, self.series, self.steps_ahead = seed, series, steps_ahead

    def __getitem__(self, number: int) -> Sample:
        started = time.perf_counter()
        rng = np.random.default_rng([self.seed, number])
        batch = draw_batch(rng, self.series, self.steps_ahead)
        features = extract_features(batch.histories, batch.period, batch.ahead)
        return as_sample(features, batch.futures, started)


def as_sample(features: Features, futures: np.ndarray, started: float) -> Sample:
    """What the network reads, and the values [S, H] that it is to forecast, as it counts them."""
    target = (futures - features.base) / features.unit[:, None]
    target = np.clip(target, -FAR, FAR).astype(np.float32)
    inputs = vars(to_inputs(features))
    return inputs, torch.from_numpy(target), time.perf_counter() - started


@dataclass(frozen=True)
class Pretrained:
    """The result of ``pretrain``.

    Attributes:
        weights: the moving average of the weights, on the CPU.
        curve: a row every ``LOG_EVERY`` steps: step, loss (mean since the last row), smoothed.
        seconds: of training, interruptions left out.
        making_seconds: of making series, in all workers together.
    """

    weights: dict[str, Tensor]
    curve: list[dict[str, float]]
    seconds: float
    making_seconds: float


def pretrain(
    settings: ZeroShot, device: torch.device, checkpoint: Checkpoint | None = None
) -> Pretrained:
    """Train a network on ``settings.steps`` batches of synthetic series.

    On a CPU the same settings and number of threads give the same bits, also if training
    was interrupted and for any number of workers.

    Args:
        checkpoint: where interrupted training resumes.

    Raises:
        InputError: the loss is no longer a number.
    """
    seeded_generator(settings.seed, "zero_shot")
    network = ZeroShotNetwork(settings.hidden_size, settings.decoder_size).to(device)
    trainer = Trainer(network, settings)
    trainer.resume(checkpoint)
    batches = SyntheticBatches(settings.seed, settings.batch_size, settings.steps_ahead)
    with track_progress("", settings.steps, "steps") as work:
        work.advance(trainer.step)
        started = written = time.monotonic()
        for inputs, target, making in draw_batches(batches, settings, trainer.step, device):
            trainer.take_step(inputs, target)
            trainer.making_seconds += making
            work.advance()
            if trainer.step % LOG_EVERY == 0 or trainer.step == settings.steps:
                trainer.add_row()
                work.set_status(f"loss {trainer.smoothed:.4f}")
                now = time.monotonic()
                trainer.seconds, started = trainer.seconds + now - started, now
                if checkpoint is not None and now - written >= SECONDS_BETWEEN:
                    checkpoint.save(trainer.state, ended=True)
                    written = now
    return Pretrained(
        trainer.averaged_weights(), trainer.curve, trainer.seconds, trainer.making_seconds
    )


def draw_batches(
    batches: Dataset, settings: ZeroShot | Recipe, first: int, device: torch.device
) -> Iterator[Sample]:
    """Batches from number ``first`` on, in order, on ``device``; made ahead by the workers."""
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first, settings.steps),
        num_workers=settings.workers,
        worker_init_fn=_prepare_worker,
        prefetch_factor=4 if settings.workers else None,
        pin_memory=device.type == "cuda",
        # the loader draws a number for its workers: not from the generator of the weights
        generator=torch.Generator(),
    )
    for inputs, target, making in loader:
        moved = {name: value.to(device, non_blocking=True) for name, value in inputs.items()}
        yield moved, target.to(device, non_blocking=True), making


def _prepare_worker(number: int) -> None:
    """Round and use threads as the training process does, also where workers are not forked."""
    torch.set_flush_denormal(True)
    threadpool_limits(1, user_api="blas")


class Trainer:
    """A network in training: its optimization, curve and times."""

    def __init__(self, network: ZeroShotNetwork, settings: ZeroShot | Recipe) -> None:
        self.network = network
        self.optimization = Optimization(
            network,
            make_optimizer(network, "adamw", settings.weight_decay),
            [settings.learning_rate * share for share in learning_rates(settings.steps)],
            settings.gradient_clip,
            Average(network, settings.weight_average, delay=10),
        )
        self.smoothed = 0.0
        self.curve: list[dict[str, float]] = []
        self.seconds = self.making_seconds = 0.0
        self._losses: list[Tensor] = []

    @property
    def step(self) -> int:
        """The number of steps taken."""
        return self.optimization.taken

    def take_step(self, inputs: dict[str, Tensor], target: Tensor) -> None:
        loss = loss_function(self.network(**inputs), target)
        self.optimization.step(loss)
        self._losses.append(loss.detach())

    def add_row(self) -> None:
        """Add a row to the curve. Losses are read here alone, so that no step waits for a GPU."""
        losses = torch.stack(self._losses).tolist()
        for number, loss in enumerate(losses, self.step - len(losses) + 1):
            decay = min(SMOOTHING, (number - 1) / (number + 9))
            self.smoothed = decay * self.smoothed + (1 - decay) * loss
        if not math.isfinite(self.smoothed):
            raise InputError(
                f"params.yaml: zero_shot.learning_rate: training diverged by step {self.step}; "
                "write a lower one"
            )
        mean = sum(losses) / len(losses)
        self.curve.append({"step": self.step, "loss": mean, "smoothed": self.smoothed})
        self._losses = []

    def averaged_weights(self) -> dict[str, Tensor]:
        with self.optimization.average.in_place():
            return {name: w.detach().cpu().clone() for name, w in self.network.named_parameters()}

    def state(self) -> State:
        """All that ``resume`` needs; call it after ``add_row``."""
        kept = ("smoothed", "curve", "seconds", "making_seconds")
        figures = {name: getattr(self, name) for name in kept}
        return {"optimization": self.optimization.state_dict(), **figures}

    def resume(self, checkpoint: Checkpoint | None) -> None:
        """Continue from a checkpoint, if there is one."""
        state = checkpoint.load() if checkpoint is not None else None
        if checkpoint is None or state is None:
            return
        self.optimization.load_state_dict(state.pop("optimization"))
        vars(self).update(state)
        print_once(f"{checkpoint.path}: training resumes after step {self.step}")


def learning_rates(steps: int) -> list[float]:
    """The rate of each of ``steps`` steps as a share of the maximum.

    It rises linearly, then falls to 0 by a cosine (Loshchilov & Hutter 2017).
    """
    rise = min(WARM_UP, max(1, steps // 5))
    fall = range(steps - rise)
    return [
        *((step + 1) / rise for step in range(rise)),
        *(0.5 * (1 + math.cos(math.pi * step / len(fall))) for step in fall),
    ]
