"""The usual loop: torchvision's MNIST through a DataLoader, trained as torch's tutorials do it.

It runs in a process of its own, as it would without this project: memory, denormals and the
optimizer are as torch leaves them (``devices.prepare`` and ``make_optimizer`` say what this project
changes). Threads alone are as many as the others have.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from rnnlab.core.errors import InputError
from rnnlab.core.params import Model, Train
from rnnlab.images.torchvision_data import import_datasets
from rnnlab.networks.storage import build_network
from rnnlab.training.optimizer import OPTIMIZERS

# what people commonly divide by, rounded: mean and deviation of MNIST's training images
MEAN, DEVIATION = 0.1307, 0.3081


class Usual(NamedTuple):
    """What the loop trains, and on what.

    Attributes:
        folder: of torchvision's MNIST.
        card: of the windows, for the network's shape.
        images: the first so many of the training files.
        workers: processes of the DataLoader.
    """

    folder: Path
    card: dict
    model: Model
    train: Train
    images: int
    workers: int
    device: torch.device
    threads: int


@contextmanager
def unpacked(raw: Path) -> Iterator[Path]:
    """A folder in which torchvision finds the gzipped files of ``raw``, which it reads unpacked."""
    with TemporaryDirectory() as folder:
        inside = Path(folder) / "MNIST/raw"
        inside.mkdir(parents=True)
        for path in raw.glob("*.gz"):
            (inside / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        yield Path(folder)


@contextmanager
def in_own_process(usual: Usual) -> Iterator[Callable[[], None]]:
    """What trains one epoch in a process that waits for it, with all set up."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(usual, theirs))
    process.start()
    theirs.close()

    def epoch() -> None:
        try:
            ours.send("epoch")
            ours.recv()
        except (EOFError, ConnectionError):
            raise InputError("the usual loop failed, see above") from None

    try:
        yield epoch
    finally:
        # at the end of the pipe the process ends
        ours.close()
        process.join()


def _serve(usual: Usual, pipe: Connection) -> None:
    torch.set_num_threads(usual.threads)
    loader = loader_of(mnist(usual.folder), usual)
    # ToTensor and Normalize stand for what the network of this project does itself
    card = {**usual.card, "input": {"shift": 0.0, "scale": 1.0}}
    network = build_network(card, usual.model).to(usual.device)
    kind = OPTIMIZERS[usual.train.optimizer]
    optimizer = kind(network.parameters(), lr=usual.train.learning_rate)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        train_epoch(network, optimizer, loader, usual.device)
        pipe.send("done")


def mnist(folder: Path) -> Dataset:
    datasets = import_datasets()
    from torchvision.transforms import Compose, Normalize, ToTensor

    transform = Compose([ToTensor(), Normalize((MEAN,), (DEVIATION,))])
    return datasets.MNIST(folder, train=True, transform=transform)


def loader_of(dataset: Dataset, usual: Usual) -> DataLoader:
    return DataLoader(
        Subset(dataset, range(usual.images)),
        batch_size=usual.train.batch_size,
        shuffle=True,
        num_workers=usual.workers,
        # as in one long training, workers are started once and not for each epoch
        persistent_workers=usual.workers > 0,
        # what Python does by itself on Linux, but not in a process that was itself spawned
        multiprocessing_context="fork" if usual.workers else None,
        pin_memory=usual.device.type == "cuda",
    )


def train_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: DataLoader,
    device: torch.device,
) -> float:
    """The mean loss of one epoch."""
    network.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.squeeze(1).to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)
