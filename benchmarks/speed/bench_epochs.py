"""One epoch of MNIST by rows: this project, the usual loop, and an upper bound.

For each cell and shape, all candidates train a network with the settings of params.yaml, except for
the cell, its size and the batch size, on the same first images of the training part:

    epoch             this project: ``training.loop.fit`` for one epoch with all settings of
                      params.yaml (shuffling, clipping, schedule, weight averaging, loss), without
                      augmentation
    epoch_augmented   the same with the augmentation of params.yaml
    usual_0, usual_2  the usual training loop with torchvision's MNIST, ToTensor, Normalize and a
                      DataLoader with 0 and 2 workers (8 on CUDA), in a separate process
                      (bench_usual); workers start before the clock
    ceiling           an upper bound on speed: training steps on one preloaded batch, as many as the
                      epoch has batches
    products          the cell's matrix products alone, with torch.mm (bench_roofline)
    products_onednn   the same with oneDNN, on a CPU
    …_bfloat16        epoch and ceiling in bfloat16; all others are in float32

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
from benchmarks.speed.bench_roofline import Product, flops_of, multiplications, products_of
from benchmarks.speed.bench_usual import Usual, in_own_process
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
    """Sizes of network and batch, and the images of an epoch on a CPU: a few seconds of work."""

    hidden_size: int
    num_layers: int
    batch_size: int
    images: int


SHAPES = (Shape(50, 2, 32, 12_800), Shape(128, 1, 128, 19_200), Shape(256, 2, 512, 4_096))


class Data(NamedTuple):
    """The training data.

    Attributes:
        part, card: the training windows of this project and their card.
        usual: folder with the same images for torchvision.
        workers: numbers of DataLoader workers of the usual loop.
    """

    part: dict[str, np.ndarray]
    card: dict
    usual: Path
    workers: tuple[int, int]


def seconds_of(
    task: ImagesTask, cell: str, shape: Shape, data: Data, device: torch.device, rounds: int
) -> dict[str, Any]:
    """A row of the table: seconds of each candidate for 10,000 images, and FLOPs per image."""
    images = min(shape.images, len(data.part["y"]))
    shape = shape._replace(images=images, batch_size=min(shape.batch_size, images))
    hidden, layers, batch, _ = shape
    products = products_of(cell, hidden, layers, batch, data.card["steps"], data.card["features"])
    with ExitStack() as processes:
        candidates = candidates_of(task, cell, shape, data, products, device, processes)
        found = alternate(
            {name: _synchronized(work, device) for name, work in candidates.items()}, rounds
        )
    return {
        "cell": cell,
        **shape._asdict(),
        "flops_per_image": flops_of(products) // batch,
        "seconds": {name: seconds * PER_IMAGES / images for name, seconds in found.items()},
    }


def candidates_of(
    task: ImagesTask,
    cell: str,
    shape: Shape,
    data: Data,
    products: list[Product],
    device: torch.device,
    processes: ExitStack,
) -> dict[str, Work]:
    """All candidates by name, in order; ``processes`` terminates those that run in a process."""
    size = {"cell": cell, "hidden_size": shape.hidden_size, "num_layers": shape.num_layers}
    model = task.model.model_copy(update=size)
    plain = {"batch_size": shape.batch_size, "augment": None, "precision": "float32"}
    settings = task.train.model_copy(update=plain)
    in_bfloat16 = settings.model_copy(update={"precision": "bfloat16"})
    samples = make_samples(
        {name: values[: shape.images] for name, values in data.part.items()}, data.card, device
    )
    batches = -(-shape.images // shape.batch_size)
    preloaded = samples.draw(torch.arange(shape.batch_size, device=device))

    def network() -> nn.Module:
        return build_network(data.card, model).to(device)

    candidates: dict[str, Work] = {"epoch": partial(epoch, network(), samples, settings)}
    if task.train.augment is not None:
        change = Augmentation(
            task.train.augment,
            data.card["image_shape"],
            data.card["pixel_order"],
            device,
        )
        candidates["epoch_augmented"] = partial(epoch, network(), samples, settings, change)
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
        candidates[f"usual_{workers}"] = processes.enter_context(in_own_process(usual))
    candidates["ceiling"] = partial(ceiling, network(), preloaded, batches, settings)
    for name, work in multiplications(products, device):
        candidates[name] = partial(_repeat, work, batches)
    candidates["epoch_bfloat16"] = partial(epoch, network(), samples, in_bfloat16)
    candidates["ceiling_bfloat16"] = partial(ceiling, network(), preloaded, batches, in_bfloat16)
    return candidates


def epoch(
    network: nn.Module, samples: Samples, settings: Train, augment: Augmentation | None = None
) -> None:
    """One epoch as the pipeline trains it."""
    fit(network, samples, None, settings, seeded_generator(1, "bench"), augment, epochs=1)


def ceiling(
    network: nn.Module, batch: tuple[Tensor, Tensor], batches: int, settings: Train
) -> None:
    """As many training steps as an epoch has, on one preloaded ``batch`` x, y."""
    (x, y), in_bfloat16 = batch, settings.precision == "bfloat16"
    optimizer = make_optimizer(network, settings.optimizer, settings.weight_decay)
    network.train()
    for _ in range(batches):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=in_bfloat16):
            answers = network(x)
        loss = F.cross_entropy(answers.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _repeat(work: Work, times: int) -> None:
    for _ in range(times):
        work()


def _synchronized(work: Work, device: torch.device) -> Work:
    """``work``, followed by waiting for the device."""

    def synchronized() -> None:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return synchronized
