"""Download the image data set.

Reads:   params.yaml (tasks.mnist.data.dataset, datasets), and the mirrors of the data set
Writes:  data/raw/mnist/: four gzipped IDX files and files.csv, which lists their MD5 sums
Needs:   a mirror, or MNIST_MIRROR (a folder, file:// or http(s)://), which is tried first;
         dataset digits needs only scikit-learn
"""

import csv
import hashlib
import os
from pathlib import Path

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_folder
from rnnlab.core.param_types import hint
from rnnlab.core.params import DatasetFiles, Params
from rnnlab.core.stage import run_stage
from rnnlab.images.idx import IMAGE_FILES, write_idx
from rnnlab.images.mirrors import fetch
from rnnlab.images.torchvision_data import torchvision_sets, unpack

OUTPUT = Path("data/raw/mnist")
# the 1,797 digits have no official split; the last 297 are the test part
DIGITS_TRAINING = 1500


def main(params: Params) -> None:
    task = params.task("mnist")
    if task.kind != "images":
        raise InputError("params.yaml: tasks.mnist.kind: write images; this stage downloads images")
    dataset = task.data.dataset
    with output_folder(OUTPUT) as folder:
        if dataset == "digits":
            write_digits(folder)
        elif dataset in params.datasets:
            # before torchvision's, so that an entry can name other mirrors of a known set
            fetch_all(own_files(dataset, params), folder)
        else:
            fetch_all(known_files(dataset, params), folder)
            unpack(dataset, folder)
        list_files(dataset, folder)


def own_files(dataset: str, params: Params) -> DatasetFiles:
    """The four files of a set that params.yaml describes."""
    files = params.datasets[dataset]
    for name in IMAGE_FILES.values():
        if name not in files.md5:
            raise InputError(f"params.yaml: datasets.{dataset}.md5: lacks {name}; add its MD5 sum")
    md5 = {name: files.md5[name] for name in IMAGE_FILES.values()}
    return DatasetFiles(mirrors=files.mirrors, md5=md5)


def known_files(dataset: str, params: Params) -> DatasetFiles:
    """The files of a set that torchvision describes; InputError if it has no such set."""
    sets = torchvision_sets()
    if dataset not in sets:
        names = [*sets, "digits", *params.datasets]
        # EMNIST alone is short of a split, not a slip for MNIST
        near = hint(dataset, [name for name in names if name.startswith(dataset)] or names)
        raise InputError(
            f"params.yaml: tasks.mnist.data.dataset: {dataset!r} is not one of "
            f"{', '.join(names)}{near}; choose one of them or add your own under datasets"
        )
    return sets[dataset]


def fetch_all(files: DatasetFiles, folder: Path) -> None:
    mirrors = [mirror for mirror in [os.environ.get("MNIST_MIRROR")] if mirror] + files.mirrors
    for name, md5 in files.md5.items():
        fetch(name, md5, mirrors, folder)


def write_digits(folder: Path) -> None:
    """Write scikit-learn's 8×8 digits (levels 0 to 16) as IDX files (levels 0 to 255)."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    levels = (images.reshape(-1, 8, 8) * 255 / 16).round()
    for part, chosen in [
        ("train", slice(DIGITS_TRAINING)),
        ("test", slice(DIGITS_TRAINING, None)),
    ]:
        write_idx(folder / IMAGE_FILES[f"{part}_images"], levels[chosen])
        write_idx(folder / IMAGE_FILES[f"{part}_labels"], labels[chosen])


def list_files(dataset: str, folder: Path) -> None:
    with (folder / "files.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["dataset", "part", "file", "md5"])
        for part, name in IMAGE_FILES.items():
            md5 = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
            rows.writerow([dataset, part, name, md5])


if __name__ == "__main__":
    run_stage(__doc__, main)
