"""One epoch of MNIST by rows: this project's, the usual loop's, and what they could be at best.

All works of a cell and a shape train networks of the same settings, those of params.yaml but for
the cell, its size and the batch, from the same first images of the training part:

    epoch             this project's: ``training.fit`` for one epoch, with all that params.yaml asks
                      for (shuffling, clipping, schedule, average of the weights, loss), without
                      augmentation
    epoch_augmented   the same with the augmentation of params.yaml
    usual_0, usual_2  torchvision's MNIST with ToTensor and Normalize through a DataLoader with 0
                      and with 2 workers (8 on CUDA), and the loop that everyone writes; workers are
                      started before the clock
    ceiling           forward, backward and the optimizer's step on one batch that lies ready, as
                      many times as the epoch has batches
    products          the cell's matrix products alone, as torch.mm does them (bench_roofline)
    products_onednn   the same by oneDNN, on a CPU
    …_bfloat16        epoch and ceiling in bfloat16; all others are in float32

No work includes validation, and none the making of its network. Seconds are for 10,000 images:
nothing in an epoch but the drawing of its order (3 ms for 60,000) is not in proportion to them.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from benchmarks.bench_roofline import Product, flops_of, multiplications, products_of
from benchmarks.scratch import alternate
from benchmarks.torchvision_data import import_datasets
from stages.common.augmentation import Augmentation
from stages.common.devices import sow
from stages.common.models import build_network
from stages.common.optimization import make_optimizer
from stages.common.params import ImagesTask, Train
from stages.common.samples import Samples, samples_of
from stages.common.training import fit

Work = Callable[[], None]
PER_IMAGES = 10_000
# what people commonly divide by, rounded: mean and deviation of MNIST's training images
MEAN, DEVIATION = 0.1307, 0.3081


class Shape(NamedTuple):
    """A size of network and batch, and the images of an epoch on a CPU: some seconds of work."""

    hidden_size: int
    num_layers: int
    batch_size: int
    images: int


SHAPES = (Shape(50, 2, 32, 12_800), Shape(128, 1, 128, 19_200), Shape(256, 2, 512, 4_096))


class Data(NamedTuple):
    """The training part, as this project and as torchvision holds it, and the windows' card."""

    part: dict[str, np.ndarray]
    card: dict
    usual: Dataset
    workers: tuple[int, int]


def seconds_of(
    task: ImagesTask, cell: str, shape: Shape, data: Data, device: torch.device, rounds: int
) -> dict[str, Any]:
    """A row of the table: the seconds of each work for 10,000 images, and FLOPs of one."""
    images = min(shape.images, len(data.part["y"]))
    shape = shape._replace(images=images, batch_size=min(shape.batch_size, images))
    hidden, layers, batch, _ = shape
    products = products_of(cell, hidden, layers, batch, data.card["steps"], data.card["features"])
    works = works_of(task, cell, shape, data, products, device)
    found = alternate({name: _finished(work, device) for name, work in works.items()}, rounds)
    return {
        "cell": cell,
        **shape._asdict(),
        "flops_per_image": flops_of(products) // batch,
        "seconds": {name: seconds * PER_IMAGES / images for name, seconds in found.items()},
    }


def works_of(
    task: ImagesTask,
    cell: str,
    shape: Shape,
    data: Data,
    products: list[Product],
    device: torch.device,
) -> dict[str, Work]:
    """All works by name, in the order of their turns."""
    size = {"cell": cell, "hidden_size": shape.hidden_size, "num_layers": shape.num_layers}
    model = task.model.model_copy(update=size)
    plain = {"batch_size": shape.batch_size, "augment": None, "precision": "float32"}
    settings = task.train.model_copy(update=plain)
    half = settings.model_copy(update={"precision": "bfloat16"})
    samples = samples_of(
        {name: values[: shape.images] for name, values in data.part.items()}, data.card, device
    )
    batches = -(-shape.images // shape.batch_size)
    resident = samples.draw(torch.arange(shape.batch_size, device=device))

    def network(card: dict = data.card) -> nn.Module:
        return build_network(card, model).to(device)

    works = {"epoch": partial(epoch, network(), samples, settings)}
    if task.train.augment is not None:
        change = Augmentation(
            task.train.augment.model_dump(),
            data.card["image_shape"],
            data.card["pixel_order"],
            device,
        )
        works["epoch_augmented"] = partial(epoch, network(), samples, settings, change)
    normalized = {**data.card, "input": {"shift": 0.0, "scale": 1.0}}
    for workers in data.workers:
        loader = usual_loader(data.usual, shape, workers, device)
        works[f"usual_{workers}"] = partial(
            usual_loop, network(normalized), loader, settings, device
        )
    works["ceiling"] = partial(ceiling, network(), resident, batches, settings)
    for name, work in multiplications(products, device):
        works[name] = partial(_repeat, work, batches)
    works["epoch_bfloat16"] = partial(epoch, network(), samples, half)
    works["ceiling_bfloat16"] = partial(ceiling, network(), resident, batches, half)
    return works


def epoch(
    network: nn.Module, samples: Samples, settings: Train, augment: Augmentation | None = None
) -> None:
    """One epoch as the pipeline trains it."""
    fit(network, samples, None, settings, sow(1, "bench"), augment, epochs=1)


def usual_loader(dataset: Dataset, shape: Shape, workers: int, device: torch.device) -> DataLoader:
    return DataLoader(
        Subset(dataset, range(shape.images)),
        batch_size=shape.batch_size,
        shuffle=True,
        num_workers=workers,
        # as in one long training, processes are started once and not for each epoch
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )


def usual_loop(
    network: nn.Module, loader: DataLoader, settings: Train, device: torch.device
) -> float:
    """One epoch as torch's tutorials train it: the mean loss."""
    optimizer, total = make_optimizer(network, settings), 0.0
    network.train()
    for images, labels in loader:
        images, labels = images.squeeze(1).to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def ceiling(
    network: nn.Module, batch: tuple[Tensor, Tensor], batches: int, settings: Train
) -> None:
    """As many steps as the epoch has, on one ``batch`` x, y that lies on the device."""
    (x, y), half = batch, settings.precision == "bfloat16"
    optimizer = make_optimizer(network, settings)
    network.train()
    for _ in range(batches):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            answers = network(x)
        loss = F.cross_entropy(answers.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@contextmanager
def usual_dataset(raw: Path) -> Iterator[Dataset]:
    """torchvision's MNIST, of the gzipped files in ``raw``, which it reads unpacked."""
    datasets = import_datasets()
    from torchvision.transforms import Compose, Normalize, ToTensor

    with TemporaryDirectory() as folder:
        unpacked = Path(folder) / "MNIST/raw"
        unpacked.mkdir(parents=True)
        for path in raw.glob("*.gz"):
            (unpacked / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        transform = Compose([ToTensor(), Normalize((MEAN,), (DEVIATION,))])
        yield datasets.MNIST(folder, train=True, transform=transform)


def _repeat(work: Work, times: int) -> None:
    for _ in range(times):
        work()


def _finished(work: Work, device: torch.device) -> Work:
    """The work until the device is done with it."""

    def until_done() -> None:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return until_done
