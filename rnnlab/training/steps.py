"""The training steps of an epoch: draw a batch, change it, forward, backward, optimizer."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnlab.core.params import Train
from rnnlab.networks.samples import Samples
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.distributed import (
    data_parallel,
    rank_slice,
    seed_rank,
    sum_over_processes,
    world_size,
)
from rnnlab.training.optimizer import Optimization


class Steps:
    """The training steps of one network, an epoch at a time.

    An epoch draws its order and its augmentation before its first step, so that a step needs
    nothing from the host but the launch of its kernels.

    Args:
        train: on the network's device.
        settings: block ``train`` of params.yaml.
        augment: a random transformation of each batch x.
    """

    def __init__(
        self,
        network: nn.Module,
        train: Samples,
        settings: Train,
        optimization: Optimization,
        augment: Augmentation | None,
    ) -> None:
        self.model = data_parallel(network)
        self.train, self.settings, self.augment = train, settings, augment
        self.optimization, self.device = optimization, optimization.device
        self.processes = world_size()
        # summed on the device and read once per epoch, so that no batch waits for the host
        self.losses = torch.zeros((), device=self.device)

    def run_epoch(
        self, epoch: int, generator: torch.Generator, on_batch: Callable[[], None]
    ) -> float:
        """Take a step for each batch; return the mean loss over all samples."""
        self.model.train()
        if _has_dropout(self.model):
            seed_rank(generator, epoch)
        order = torch.randperm(self.train.count, generator=generator)[: self.train.per_epoch]
        batches, matrices = order.to(self.device).split(self.settings.batch_size), None
        if self.augment is not None:
            # drawn for whole batches, so that each sample changes the same way on any rank
            sizes, progress = [len(batch) for batch in batches], (epoch - 1) / self.settings.epochs
            drawn = self.augment.draw_matrices(sizes, generator, progress).to(self.device)
            matrices = drawn.split(self.settings.batch_size)
        self.losses.zero_()
        self.run_batches(batches, matrices, on_batch)
        total = sum_over_processes([self.losses.item()], self.device)[0]
        return total / self.processes / self.train.per_epoch

    def run_batches(
        self,
        batches: tuple[Tensor, ...],
        matrices: tuple[Tensor, ...] | None,
        on_batch: Callable[[], None],
    ) -> None:
        """Take a step for each of ``batches``, indices of samples, changed by its ``matrices``."""
        for number, chosen in enumerate(batches):
            self.step(chosen, None if matrices is None else matrices[number])
            on_batch()

    def step(self, chosen: Tensor, matrices: Tensor | None) -> None:
        """One step of the optimizer on the samples ``chosen`` [N], changed by ``matrices``."""
        settings = self.settings
        x, y = self.train.draw(chosen)
        mine, part = (slice(None), 1.0) if self.processes == 1 else _rank_part(y)
        inputs = x[mine]
        if self.augment is not None and matrices is not None:
            inputs = self.augment.apply(inputs, matrices[mine])
        if settings.input_noise:
            # torch's global generator, which dropout uses too: without dropout, all ranks agree
            noise = torch.randn(x.shape, device=self.device)[mine]
            inputs = inputs + settings.input_noise * noise
        use_bfloat16 = settings.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=use_bfloat16):
            answers = self.model(inputs)
        loss = loss_of(
            answers.float(), y[mine], settings.loss, settings.label_smoothing, settings.quantile
        )
        if self.processes > 1:
            # DistributedDataParallel averages the gradients, but their sum is needed
            loss = loss * part * self.processes
        self.optimization.step(loss)
        self.losses += loss.detach() * len(chosen)


def _rank_part(y: Tensor) -> tuple[slice, Tensor]:
    """This rank's samples of a batch, and their fraction of the known targets."""
    mine = rank_slice(len(y))
    part = count_known(y[mine]) / count_known(y).clamp(min=1)
    # a rank without samples must still take part in collective operations
    return (mine if mine.start < mine.stop else slice(0, 1)), part


def count_known(y: Tensor) -> Tensor:
    """The number of targets that are not NaN."""
    return (~torch.isnan(y)).sum()


def _has_dropout(model: nn.Module) -> bool:
    return any(
        getattr(module, "p", 0) or getattr(module, "dropout", 0) for module in model.modules()
    )


def loss_of(
    answers: Tensor, y: Tensor, loss: str, label_smoothing: float = 0.0, quantile: float = 0.5
) -> Tensor:
    """The mean loss of answers [N, K] for y [N] or [N, K]; unknown values (NaN) are ignored.

    The mean pinball loss is minimal if answers are the ``quantile`` of y (Koenker & Bassett 1978).
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
