"""The usual loop: torchvision's MNIST and a DataLoader, trained as in PyTorch's tutorials.

It runs in a separate process with torch's defaults for memory, denormals and the optimizer
(``device.prepare`` and ``make_optimizer`` change these in this project). The number of threads, and
how long they spin while they wait, are the same as for the others.
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

# commonly used: mean and standard deviation of MNIST's training images, rounded
MEAN, STANDARD_DEVIATION = 0.1307, 0.3081


class Usual(NamedTuple):
    """Network and data of the loop.

    Attributes:
        folder: of torchvision's MNIST.
        card: of the windows, for the network's shape.
        images: number of training images, the first of the files.
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
    """A folder with the unpacked files of ``raw``, as torchvision expects them."""
    with TemporaryDirectory() as folder:
        inside = Path(folder) / "MNIST/raw"
        inside.mkdir(parents=True)
        for path in raw.glob("*.gz"):
            (inside / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        yield Path(folder)


@contextmanager
def in_own_process(usual: Usual) -> Iterator[Callable[[], None]]:
    """A function that trains one epoch in a separate process, which is set up in advance."""
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
        # closing the pipe ends the process
        ours.close()
        process.join()


def _serve(usual: Usual, pipe: Connection) -> None:
    torch.set_num_threads(usual.threads)
    loader = loader_of(mnist(usual.folder), usual)
    # ToTensor and Normalize replace the normalization inside this project's network
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

    transform = Compose([ToTensor(), Normalize((MEAN,), (STANDARD_DEVIATION,))])
    return datasets.MNIST(folder, train=True, transform=transform)


def loader_of(dataset: Dataset, usual: Usual) -> DataLoader:
    return DataLoader(
        Subset(dataset, range(usual.images)),
        batch_size=usual.train.batch_size,
        shuffle=True,
        num_workers=usual.workers,
        # start the workers once, not for each epoch
        persistent_workers=usual.workers > 0,
        # the default on Linux, except in a spawned process
        multiprocessing_context="fork" if usual.workers else None,
        pin_memory=usual.device.type == "cuda",
    )


def train_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: DataLoader,
    device: torch.device,
) -> float:
    """Train one epoch; return its mean loss."""
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
