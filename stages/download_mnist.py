"""Download the image data set.

Reads:   params.yaml (datasets, tasks.mnist.data.dataset), the mirrors listed there
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
from rnnlab.core.params import Params
from rnnlab.core.stage import run_stage
from rnnlab.images.idx import IMAGE_FILES, write_idx
from rnnlab.images.mirrors import fetch

OUTPUT = Path("data/raw/mnist")
# the 1,797 digits have no official split; the last 297 are the test part
DIGITS_TRAINING = 1500


def main(params: Params) -> None:
    task = params.task("mnist")
    if task.kind != "images":
        raise InputError("params.yaml: tasks.mnist.kind: write images; this stage downloads images")
    dataset = task.data.dataset
    if dataset not in params.datasets:
        known = ", ".join(params.datasets)
        raise InputError(
            f"params.yaml: tasks.mnist.data.dataset: {dataset!r} is not one of {known}; "
            "write one of them or add it under datasets"
        )
    with output_folder(OUTPUT) as folder:
        if dataset == "digits":
            write_digits(folder)
        else:
            download(dataset, params, folder)
        list_files(dataset, folder)


def download(dataset: str, params: Params, folder: Path) -> None:
    files = params.datasets[dataset]
    mirrors = [mirror for mirror in [os.environ.get("MNIST_MIRROR")] if mirror] + files.mirrors
    for name in IMAGE_FILES.values():
        if name not in files.md5:
            raise InputError(f"params.yaml: datasets.{dataset}.md5: {name} is missing; add its sum")
        fetch(name, files.md5[name], mirrors, folder)


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
