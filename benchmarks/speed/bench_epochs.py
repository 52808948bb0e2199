"""One epoch of MNIST by rows: this project, the usual loop, and an upper bound.

For each cell and shape, all candidates train a network with the settings of params.yaml, except for
the cell, its size and the batch size, on the same first images of the training part:

    epoch     this project: ``training.loop.fit`` for one epoch with all settings of params.yaml
              (shuffling, clipping, schedule, weight averaging, loss), without augmentation
    bfloat16  the same in bfloat16; all others are in float32
    usual     the usual training loop with torchvision's MNIST, ToTensor, Normalize and a DataLoader
              (8 workers on CUDA), in a separate process (bench_usual); workers start before the
              clock
    ceiling   an upper bound on speed: training steps on one preloaded batch, as many as the epoch
              has batches

Times exclude validation and building the network. Seconds are for 10,000 images; all costs are
proportional to the number of images, except for shuffling (3 ms for 60,000).
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.scratch import alternate
from benchmarks.speed.bench_usual import Usual, in_own_process
from rnnlab.core.params import ImagesTask, Train
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import fit
from rnnlab.training.optimizer import make_optimizer

Work = Callable[[], None]
PER_IMAGES = 10_000


class Row(NamedTuple):
    """Cell, sizes of network and batch, and the images of an epoch on a CPU: a second of work."""

    cell: str
    hidden_size: int
    num_layers: int
    batch_size: int
    images: int


ROWS = (
    Row("lstm", 50, 2, 32, 3_200),
    Row("rnn", 128, 1, 128, 3_840),
    Row("lstm", 128, 1, 128, 3_840),
    Row("gru", 128, 1, 128, 3_840),
    Row("lstm", 256, 2, 512, 1_536),
)


class Data(NamedTuple):
    """The training data.

    Attributes:
        part, card: the training windows of this project and their card.
        usual: folder with the same images for torchvision.
    """

    part: dict[str, np.ndarray]
    card: dict
    usual: Path


def seconds_of(
    task: ImagesTask, row: Row, data: Data, device: torch.device, rounds: int
) -> dict[str, Any]:
    """A row of the table: seconds of each candidate for 10,000 images."""
    images = min(row.images, len(data.part["y"]))
    row = row._replace(images=images, batch_size=min(row.batch_size, images))
    with ExitStack() as processes:
        candidates = candidates_of(task, row, data, device, processes)
        found = alternate(
            {name: _synchronized(work, device) for name, work in candidates.items()}, rounds
        )
    seconds = {name: seconds * PER_IMAGES / images for name, seconds in found.items()}
    return {**row._asdict(), "seconds": seconds}


def candidates_of(
    task: ImagesTask, row: Row, data: Data, device: torch.device, processes: ExitStack
) -> dict[str, Work]:
    """All candidates by name; ``processes`` terminates the usual loop."""
    size = {"cell": row.cell, "hidden_size": row.hidden_size, "num_layers": row.num_layers}
    model = task.model.model_copy(update=size)
    plain = {"batch_size": row.batch_size, "augment": None, "precision": "float32"}
    settings = task.train.model_copy(update=plain)
    in_bfloat16 = settings.model_copy(update={"precision": "bfloat16"})
    arrays = {name: values[: row.images] for name, values in data.part.items()}
    samples = make_samples(arrays, data.card, device)
    preloaded = samples.draw(torch.arange(row.batch_size, device=device))
    workers = 8 if device.type == "cuda" else 0
    threads, batches = torch.get_num_threads(), -(-row.images // row.batch_size)
    usual = Usual(data.usual, data.card, model, settings, row.images, workers, device, threads)

    def network() -> nn.Module:
        return build_network(data.card, model).to(device)

    return {
        "epoch": partial(epoch, network(), samples, settings),
        "bfloat16": partial(epoch, network(), samples, in_bfloat16),
        "usual": processes.enter_context(in_own_process(usual)),
        "ceiling": partial(ceiling, network(), preloaded, batches, settings),
    }


def epoch(network: nn.Module, samples: Samples, settings: Train) -> None:
    """One epoch as the pipeline trains it."""
    fit(network, samples, None, settings, seeded_generator(1, "bench"), epochs=1)


def ceiling(
    network: nn.Module, batch: tuple[Tensor, Tensor], batches: int, settings: Train
) -> None:
    """As many training steps as an epoch has, on one preloaded ``batch`` x, y."""
    x, y = batch
    optimizer = make_optimizer(network, settings.optimizer, settings.weight_decay)
    network.train()
    for _ in range(batches):
        loss = F.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _synchronized(work: Work, device: torch.device) -> Work:
    """``work``, followed by waiting for the device."""

    def synchronized() -> None:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return synchronized
