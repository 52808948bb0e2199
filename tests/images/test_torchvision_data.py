"""The sets that torchvision knows: their files, and how each becomes four files like MNIST's.

Small files of the published layouts stand in for the published ones. What torchvision reads from
them is the oracle.
"""

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    IMAGE_FILES,
    Mirror,
    edit_params,
    free_address,
    one_error_line,
    read_csv,
    read_json,
    run_stage_here,
    start_mirror,
    write_idx_bytes,
)

from rnnlab.images.idx import read_idx
from rnnlab.images.torchvision_data import import_datasets, torchvision_sets

DATASETS = import_datasets()
CLASSES = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 26, "digits": 10, "mnist": 10}


def some_images(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def md5_of(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def write_emnist(folder: Path) -> str:
    """All splits in one archive, each with images of its own; the archive's MD5 sum."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for seed, (split, classes) in enumerate(CLASSES.items()):
            for half, count in (("train", 2 * classes), ("test", classes)):
                labels = np.arange(count) % classes + (split == "letters")
                name = f"gzip/emnist-{split}-{half}"
                images = write_idx_bytes(some_images(count, seed))
                archive.writestr(f"{name}-images-idx3-ubyte.gz", images)
                archive.writestr(f"{name}-labels-idx1-ubyte.gz", write_idx_bytes(labels))
            archive.writestr(f"gzip/emnist-{split}-mapping.txt", "0 48\n")
    (folder / "gzip.zip").write_bytes(packed.getvalue())
    return md5_of(packed.getvalue())


def write_qmnist(folder: Path, address: str) -> dict[str, list[tuple[str, str]]]:
    """The files of both parts; their addresses and MD5 sums, as torchvision has them."""
    resources = {}
    for half, count in (("train", 30), ("test", 20)):
        rows = np.random.default_rng(count).integers(0, 1 << 20, (count, 8))
        rows[:, 0] = np.arange(count) % 10
        # 12: four bytes with a sign, the last of them first
        head = bytes([0, 0, 12, 2]) + b"".join(n.to_bytes(4, "big") for n in rows.shape)
        files = {
            f"qmnist-{half}-images-idx3-ubyte.gz": write_idx_bytes(some_images(count, count)),
            f"qmnist-{half}-labels-idx2-int.gz": gzip.compress(head + rows.astype(">i4").tobytes()),
        }
        for name, content in files.items():
            (folder / name).write_bytes(content)
        resources[half] = [(address + name, md5_of(files[name])) for name in files]
    return resources


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A mirror of small files, to which torchvision's addresses and sums lead."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.delenv("MNIST_MIRROR", raising=False)
    with start_mirror(folder) as mirror:
        monkeypatch.setattr(DATASETS.EMNIST, "url", f"{mirror.url}gzip.zip")
        monkeypatch.setattr(DATASETS.EMNIST, "md5", write_emnist(folder))
        monkeypatch.setattr(DATASETS.QMNIST, "resources", write_qmnist(folder, mirror.url))
        yield mirror


def download(project: Path, dataset: str) -> dict[str, np.ndarray]:
    """What the stage leaves, which must be four listed files; the array of each part."""
    edit_params(project, {"tasks.mnist.data.dataset": dataset})
    assert run_stage_here(project, "download_mnist") == 0
    folder = project / "data/raw/mnist"
    assert {path.name for path in folder.iterdir()} == {*IMAGE_FILES.values(), "files.csv"}
    for row in read_csv(folder / "files.csv"):
        assert row["dataset"] == dataset
        assert row["file"] == IMAGE_FILES[row["part"]]
        assert row["md5"] == md5_of((folder / row["file"]).read_bytes())
    return {part: read_idx(folder / name, part.split("_")[1]) for part, name in IMAGE_FILES.items()}


def normalized_card(project: Path) -> dict:
    assert run_stage_here(project, "normalize", "mnist") == 0
    return read_json(project / "data/normalized/mnist/card.json")


@pytest.mark.parametrize("split", CLASSES)
def test_a_split_of_emnist(server: Mirror, project: Path, tmp_path: Path, split: str) -> None:
    found = download(project, f"EMNIST-{split}")
    assert server.asked == ["gzip.zip"]
    with zipfile.ZipFile(server.folder / "gzip.zip") as archive:
        raw = tmp_path / "EMNIST/raw"
        raw.mkdir(parents=True)
        for name in [name for name in archive.namelist() if name.endswith(".gz")]:
            content = gzip.decompress(archive.read(name))
            (raw / Path(name).stem).write_bytes(content)
    for half in ("train", "test"):
        theirs = DATASETS.EMNIST(tmp_path, split=split, train=half == "train")
        # torchvision leaves the images on their side, and keeps a class 0 that no letter has
        np.testing.assert_array_equal(found[f"{half}_images"], theirs.data.mT.numpy())
        np.testing.assert_array_equal(
            found[f"{half}_labels"], theirs.targets.numpy() - (split == "letters")
        )
    card = normalized_card(project)
    assert card["classes"] == CLASSES[split] == len({*theirs.classes} - {"N/A"})
    assert card["shape"] == [28, 28]


def test_qmnist(server: Mirror, project: Path, tmp_path: Path) -> None:
    found = download(project, "QMNIST")
    raw = tmp_path / "QMNIST/raw"
    raw.mkdir(parents=True)
    for path in server.folder.glob("qmnist-*.gz"):
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    for half in ("train", "test"):
        theirs = DATASETS.QMNIST(tmp_path, train=half == "train")
        np.testing.assert_array_equal(found[f"{half}_images"], theirs.data.numpy())
        assert found[f"{half}_labels"].tolist() == [label for _, label in theirs]
    assert normalized_card(project)["classes"] == 10


@pytest.mark.parametrize("dataset", ["EMNIST-letters", "QMNIST"])
def test_the_same_files_each_time(server: Mirror, project: Path, dataset: str) -> None:
    folder = project / "data/raw/mnist"
    download(project, dataset)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    download(project, dataset)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


@pytest.mark.parametrize("dataset", ["EMNIST-digits", "QMNIST"])
def test_the_mirror_of_the_environment_comes_first(
    server: Mirror, project: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_MIRROR", str(server.folder))
    download(project, dataset)
    assert server.asked == []


def test_an_archive_that_no_mirror_has(
    server: Mirror,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("rnnlab.images.mirrors.time.sleep", lambda seconds: None)
    address = free_address()
    monkeypatch.setattr(DATASETS.EMNIST, "url", f"{address}gzip.zip")
    edit_params(project, {"tasks.mnist.data.dataset": "EMNIST-letters"})
    capsys.readouterr()
    assert run_stage_here(project, "download_mnist") == 1
    one_error_line(capsys.readouterr().err, "gzip.zip: no mirror gave it", address, "MNIST_MIRROR")
    assert not (project / "data/raw/mnist").exists()


def test_the_files_of_each_set() -> None:
    sets = torchvision_sets()
    plain = ["MNIST", "FashionMNIST", "KMNIST"]
    assert [*sets] == [*plain, "QMNIST", *(f"EMNIST-{split}" for split in CLASSES)]
    assert all([*sets[name].md5] == [*IMAGE_FILES.values()] for name in plain)
    assert sets["EMNIST-letters"].md5 == {"gzip.zip": DATASETS.EMNIST.md5}
    assert sets["EMNIST-letters"].mirrors == ["https://biometrics.nist.gov/cs_links/EMNIST/"]
    assert [*sets["QMNIST"].md5] == [
        *["qmnist-train-images-idx3-ubyte.gz", "qmnist-train-labels-idx2-int.gz"],
        *["qmnist-test-images-idx3-ubyte.gz", "qmnist-test-labels-idx2-int.gz"],
    ]
    [qmnist] = sets["QMNIST"].mirrors
    assert qmnist == "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


def test_mnist_comes_from_the_servers_that_answer() -> None:
    assert torchvision_sets()["MNIST"].mirrors == [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]
