"""Image files and their list, damaged or misleading: one line, and nothing written."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from committed import COMMITTED
from faults import fails_here
from helpers import IMAGE_FILES, put_images, small_images, write_idx_bytes

RAW = (COMMITTED / "data/raw/airline.csv").read_text()


@pytest.mark.parametrize("damage", ["truncated", "corrupted", "missing", "other count"])
def test_bad_images(project: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    put_images(project, small_images())
    name = IMAGE_FILES["train_images"]
    path = project / "data/raw/mnist" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "corrupted":
        path.write_bytes(content[:500] + bytes(b ^ 0xFF for b in content[500:600]) + content[600:])
    else:
        name = "files.csv"
        labels = project / "data/raw/mnist" / IMAGE_FILES["train_labels"]
        raw = gzip.decompress(labels.read_bytes())
        labels.write_bytes(gzip.compress(raw[:4] + (299).to_bytes(4, "big") + raw[8:-1]))
        list_anew(project)
    fails_here(project, "normalize", "mnist", [f"data/raw/mnist/{name}", "download"], capsys)
    assert not (project / "data/normalized/mnist").exists()


def list_anew(project: Path) -> None:
    """Write the sums of the image files as they are now into their list."""
    folder = project / "data/raw/mnist"
    rows = [
        f"small,{part},{name},{hashlib.md5((folder / name).read_bytes()).hexdigest()}\n"
        for part, name in IMAGE_FILES.items()
    ]
    (folder / "files.csv").write_text("dataset,part,file,md5\n" + "".join(rows))


@pytest.mark.parametrize(
    ("part", "array", "words"),
    [
        ("test_labels", np.full(60, 9), "test labels have classes that train lacks"),
        ("test_images", np.zeros((60, 4, 4)), "train and test images differ in size"),
        ("train_labels", np.zeros((300, 1, 1)), "no IDX file of labels"),
    ],
)
def test_images_that_do_not_fit_together(
    project: Path, part: str, array: np.ndarray, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put_images(project, {**small_images(), part: array})
    fails_here(project, "normalize", "mnist", ["data/raw/mnist/", words], capsys)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",train-images", ",../../../params.yaml,", ["does not list"]),
        (",train-images", ",/etc/passwd,", ["does not list"]),
        (",train-images", ",,", ["does not list"]),
        (",train-images-idx3-ubyte.gz", ",..", ["does not list"]),
        ("small,", "other,", ["lists files of other", "asks for small", "download_mnist"]),
    ],
    ids=["above", "root", "none", "parent", "another data set"],
)
def test_a_list_that_leads_elsewhere(
    project: Path, old: str, new: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put_images(project, small_images())
    path = project / "data/raw/mnist/files.csv"
    path.write_text(path.read_text().replace(old, new))
    fails_here(project, "normalize", "mnist", ["data/raw/mnist/files.csv", *words], capsys)


def test_an_image_file_with_another_sum(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole as a file of its kind, but not that which was fetched."""
    put_images(project, small_images())
    name = IMAGE_FILES["train_images"]
    other = write_idx_bytes(small_images(seed=1)["train_images"])
    (project / "data/raw/mnist" / name).write_bytes(other)
    fails_here(project, "normalize", "mnist", [name, "MD5 sum", "download_mnist"], capsys)


@pytest.mark.parametrize("content", ["", "dataset,part,file,md5\n", RAW], ids=["0", "head", "csv"])
def test_a_list_of_images_that_lists_none(
    project: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put_images(project, small_images())
    (project / "data/raw/mnist/files.csv").write_text(content)
    fails_here(project, "normalize", "mnist", ["data/raw/mnist/files.csv"], capsys)
