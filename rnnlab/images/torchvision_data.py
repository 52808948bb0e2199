"""torchvision's image sets: which files they have, and how those become four files like MNIST's.

torchvision knows the names, mirrors and MD5 sums. ``mirrors.py`` fetches the files: torchvision's
own download takes no folder, asks each mirror once, waits for a silent one and fills the disk from
an endless one, both for ever, and leaves damaged files behind.
"""

import gzip
import importlib
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import numpy as np

from rnnlab.core.params import DatasetFiles
from rnnlab.images.idx import DIMENSIONS, IMAGE_FILES, read_idx, write_idx

# torchvision lists this server, which has refused every download for years
REFUSING = "http://yann.lecun.com/exdb/mnist/"
# and does not list this one, which has the same files
MORE_MIRRORS = {"MNIST": ["https://storage.googleapis.com/cvdf-datasets/mnist/"]}


def import_datasets() -> ModuleType:
    """torchvision.datasets, also beside a build of torch for which its operators are not made.

    A torchvision built for CUDA cannot load its operators beside a CPU build of torch, and then
    fails to register their fake kernels. The data sets need none of them, so that declaring the
    missing schemas is enough. The library must outlive the import, so the module keeps it.

    The import takes seconds, since it brings torch, so nothing here imports torchvision before
    this call.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError:
        import torch

        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        datasets = importlib.import_module("torchvision.datasets")
        datasets.__dict__["declared"] = library
        return datasets


def torchvision_sets() -> dict[str, DatasetFiles]:
    """The mirrors and MD5 sums of every set, by the name that params.yaml gives it."""
    datasets = import_datasets()
    found = {}
    for name in ("MNIST", "FashionMNIST", "KMNIST"):
        known = getattr(datasets, name)
        mirrors = [mirror for mirror in known.mirrors if mirror != REFUSING]
        mirrors += MORE_MIRRORS.get(name, [])
        found[name] = DatasetFiles(mirrors=mirrors, md5=dict(known.resources))
    resources = datasets.QMNIST.resources
    found["QMNIST"] = _files_at([*resources["train"], *resources["test"]])
    archive = _files_at([(datasets.EMNIST.url, datasets.EMNIST.md5)])
    return found | {f"EMNIST-{split}": archive for split in datasets.EMNIST.splits}


def _files_at(resources: list[tuple[str, str]]) -> DatasetFiles:
    """Mirrors and sums from pairs of an address and an MD5 sum."""
    places = [address.rpartition("/") for address, _ in resources]
    mirrors = dict.fromkeys(f"{folder}/" for folder, _, _ in places)
    md5 = {name: md5 for (_, _, name), (_, md5) in zip(places, resources, strict=True)}
    return DatasetFiles(mirrors=list(mirrors), md5=md5)


def unpack(dataset: str, folder: Path) -> None:
    """Replace the fetched files of ``dataset`` in ``folder`` by four files like MNIST's."""
    if dataset == "QMNIST":
        _unpack_qmnist(folder)
    elif dataset.startswith("EMNIST-"):
        _unpack_emnist(folder, dataset.removeprefix("EMNIST-"))


def _unpack_qmnist(folder: Path) -> None:
    for half in ("train", "test"):
        images = folder / f"qmnist-{half}-images-idx3-ubyte.gz"
        labels = folder / f"qmnist-{half}-labels-idx2-int.gz"
        images.replace(folder / IMAGE_FILES[f"{half}_images"])
        # eight numbers for each image: the class, then who wrote it and where NIST keeps it
        numbers = np.frombuffer(gzip.decompress(labels.read_bytes()), ">i4", offset=12)
        write_idx(folder / IMAGE_FILES[f"{half}_labels"], numbers.reshape(-1, 8)[:, 0])
        labels.unlink()


def _unpack_emnist(folder: Path, split: str) -> None:
    """Take one split from the archive of all; its images lie on their side."""
    [archive] = folder.glob("*.zip")
    with ZipFile(archive) as packed:
        for part, name in IMAGE_FILES.items():
            half, kind = part.split("_")
            member = f"gzip/emnist-{split}-{half}-{kind}-idx{DIMENSIONS[kind]}-ubyte.gz"
            (folder / name).write_bytes(packed.read(member))
            array = read_idx(folder / name, kind)
            if kind == "images":
                array = array.transpose(0, 2, 1)
            elif split == "letters":
                array = array - 1  # a is 1 in this split alone
            write_idx(folder / name, array)
    archive.unlink()
