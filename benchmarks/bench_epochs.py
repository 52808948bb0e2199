"""One epoch of MNIST by rows: this project's, the usual loop's, and what they could be at best.

All works of a cell and a shape train networks of the same settings, those of params.yaml but for
the cell, its size and the batch, from the same first images of the training part:

    epoch             this project's: ``training.fit`` for one epoch, with all that params.yaml asks
                      for (shuffling, clipping, schedule, average of the weights, loss), without
                      augmentation
    epoch_augmented   the same with the augmentation of params.yaml
    usual_0, usual_2  torchvision's MNIST with ToTensor and Normalize through a DataLoader with 0
                      and with 2 workers (8 on CUDA), and the loop that everyone writes, in a
                      process of its own (bench_usual); workers are started before the clock
    ceiling           forward, backward and the optimizer's step on one batch that lies ready, as
                      many times as the epoch has batches
    products          the cell's matrix products alone, as torch.mm does them (bench_roofline)
    products_onednn   the same by oneDNN, on a CPU
    …_bfloat16        epoch and ceiling in bfloat16; all others are in float32

No work includes validation, and none the making of its network. Seconds are for 10,000 images:
nothing in an epoch but the drawing of its order (3 ms for 60,000) is not in proportion to them.
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

from benchmarks.bench_roofline import Product, flops_of, multiplications, products_of
from benchmarks.bench_usual import Usual, in_own_process
from benchmarks.scratch import alternate
from rnnlab.core.params import ImagesTask, Train
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import fit
from rnnlab.training.optimizer import make_optimizer

Work = Callable[[], None]
PER_IMAGES = 10_000


class Shape(NamedTuple):
    """A size of network and batch, and the images of an epoch on a CPU: some seconds of work."""

    hidden_size: int
    num_layers: int
    batch_size: int
    images: int


SHAPES = (Shape(50, 2, 32, 12_800), Shape(128, 1, 128, 19_200), Shape(256, 2, 512, 4_096))


class Data(NamedTuple):
    """What is trained on.

    Attributes:
        part: the training part of this project's windows, whose card is ``card``.
        usual: folder of the same images for torchvision.
        workers: numbers of processes for the usual loop.
    """

    part: dict[str, np.ndarray]
    card: dict
    usual: Path
    workers: tuple[int, int]


def seconds_of(
    task: ImagesTask, cell: str, shape: Shape, data: Data, device: torch.device, rounds: int
) -> dict[str, Any]:
    """A row of the table: the seconds of each work for 10,000 images, and FLOPs of one."""
    images = min(shape.images, len(data.part["y"]))
    shape = shape._replace(images=images, batch_size=min(shape.batch_size, images))
    hidden, layers, batch, _ = shape
    products = products_of(cell, hidden, layers, batch, data.card["steps"], data.card["features"])
    with ExitStack() as processes:
        works = works_of(task, cell, shape, data, products, device, processes)
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
    processes: ExitStack,
) -> dict[str, Work]:
    """All works by name, in the order of their turns; ``processes`` ends those of some."""
    size = {"cell": cell, "hidden_size": shape.hidden_size, "num_layers": shape.num_layers}
    model = task.model.model_copy(update=size)
    plain = {"batch_size": shape.batch_size, "augment": None, "precision": "float32"}
    settings = task.train.model_copy(update=plain)
    half = settings.model_copy(update={"precision": "bfloat16"})
    samples = make_samples(
        {name: values[: shape.images] for name, values in data.part.items()}, data.card, device
    )
    batches = -(-shape.images // shape.batch_size)
    resident = samples.draw(torch.arange(shape.batch_size, device=device))

    def network() -> nn.Module:
        return build_network(data.card, model).to(device)

    works: dict[str, Work] = {"epoch": partial(epoch, network(), samples, settings)}
    if task.train.augment is not None:
        change = Augmentation(
            task.train.augment.model_dump(),
            data.card["image_shape"],
            data.card["pixel_order"],
            device,
        )
        works["epoch_augmented"] = partial(epoch, network(), samples, settings, change)
    for workers in data.workers:
        usual = Usual(
            data.usual,
            data.card,
            model,
            settings,
            shape.images,
            workers,
            device,
            torch.get_num_threads(),
        )
        works[f"usual_{workers}"] = processes.enter_context(in_own_process(usual))
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
    fit(network, samples, None, settings, seeded_generator(1, "bench"), augment, epochs=1)


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
