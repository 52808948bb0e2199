"""Error messages: one line that names the problem and says how to fix it."""

import gzip
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from committed import COMMITTED
from faults import fails_here
from helpers import (
    IMAGE_FILES,
    ROOT,
    Mirror,
    edit_params,
    free_address,
    one_error_line,
    partial_leftovers,
    put_images,
    read_json,
    run_captured,
    run_stage,
    run_stage_here,
    small_images,
    write_images,
)
from safetensors.numpy import load_file

from rnnlab.core.errors import exit_code


def fails(project: Path, stage: str, *args: str, words: list[str], **env: str) -> str:
    """Run a stage that must fail as issue 2 says: one line, and nothing half-written.

    The download runs in a process of its own, without the mirror that the environment may name.
    """
    before = sorted(project.rglob("*"))
    run = partial(run_stage, env=env) if stage == "download_mnist" else run_captured
    done = run(project, stage, *args)
    assert done.returncode == 1, done.stderr
    line = one_error_line(done.stderr, *words)
    assert partial_leftovers(project) == []
    made = [path for path in project.rglob("*") if path not in before and path.is_file()]
    assert made == []
    return line


@pytest.mark.parametrize(
    ("key", "value"),
    [("tasks.airline.model.cell", "lstn"), ("tasks.airline.windows.look_back", -3)],
)
def test_bad_parameters(project: Path, key: str, value: object) -> None:
    edit_params(project, {key: value})
    fails(project, "normalize", "airline", words=["params.yaml", key, repr(value)])


# it needs 30 of 85 months
SMOOTHED = {"normalize.method": "log_exponential_smoothing", "windows.center": "none"}
SMOOTHED["windows.horizon"] = 24


@pytest.mark.parametrize(
    ("changes", "words", "mend"),
    [
        ({"windows.look_back": 62}, ["write 61 or less"], {"windows.look_back": 61}),
        ({"windows.look_back": 100_000}, ["write 61 or less"], {"windows.look_back": 61}),
        ({"windows.look_back": 96, "windows.step": 24}, ["; write 48 or less, or a shorter"],
         {"windows.look_back": 48}),
        ({"windows.look_back": 280, "windows.step": 70}, ["; write a shorter horizon"], None),
        ({"windows.horizon": 73}, ["73 is longer", "write 72 or less"],
         {"windows.horizon": 72, "windows.look_back": 1}),
        ({"windows.horizon": 500}, ["500 is longer", "write 72 or less"], None),
        ({"windows.look_back": 62, **SMOOTHED}, ["write 61 or less"], {"windows.look_back": 61}),
        ({**SMOOTHED, "windows.horizon": 56}, ["write 55 or less"], {"windows.horizon": 55}),
        ({**SMOOTHED, "windows.horizon": 500}, ["write 55 or less"], None),
    ],
)  # fmt: skip
def test_windows_longer_than_the_series(
    project: Path,
    changes: dict[str, Any],
    words: list[str],
    mend: dict[str, int] | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The message names the first key that is changed, and following it helps."""
    edit_params(project, {f"tasks.airline.{key}": value for key, value in changes.items()})
    assert run_stage_here(project, "normalize", "airline") == 0
    key = "windows.look_back" if "windows.look_back" in changes else "windows.horizon"
    fails_here(project, "windows", "airline", [f"{key}: {changes[key]}", *words], capsys)
    assert not (project / "data/windows/airline").exists()
    if mend:
        edit_params(project, {f"tasks.airline.{key}": value for key, value in mend.items()})
        assert run_stage_here(project, "windows", "airline") == 0


RAW = (COMMITTED / "data/raw/airline.csv").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is empty", "header"]),
        (RAW.replace("1950-01-01,115", "1950-01-01,many"), ["'many'", "write a number"]),
        ("ds,y\n1,\n2,\n3,\n", ["has no numbers"]),
        (
            RAW.replace("1950-01-01,115", "1950-01-01,0"),
            ["series 'airline' holds 0, which has no logarithm", "normalize.method"],
        ),
        (
            RAW[:200],
            ["series 'airline' has 8 values, 0 of them for training", "takes 14 or more"],
        ),
        (None, ["is missing", "put the file there"]),
    ],
    ids=["empty", "text in numbers", "no numbers", "zero", "too short", "missing"],
)
def test_bad_series(project: Path, content: str | None, words: list[str]) -> None:
    path = project / "data/raw/airline.csv"
    path.unlink() if content is None else path.write_text(content)
    fails(project, "normalize", "airline", words=["data/raw/airline.csv", *words])


def test_unreachable_mirror(project: Path) -> None:
    address = free_address()
    edit_params(project, {"datasets.small.mirrors": [address]})
    name = IMAGE_FILES["train_images"]
    fails(project, "download_mnist", words=[name, address, "cannot be reached", "MNIST_MIRROR"])
    assert not (project / "data/raw/mnist").exists()


def test_a_failed_download_leaves_the_old_one_in_place(project: Path, tmp_path: Path) -> None:
    put_images(project, small_images())
    sums = write_images(tmp_path / "new", small_images(seed=1))
    (tmp_path / "new" / IMAGE_FILES["test_labels"]).write_bytes(b"torn")
    edit_params(project, {"datasets.small.md5": sums})
    words = [IMAGE_FILES["test_labels"], "its MD5 sum is"]
    fails(project, "download_mnist", words=words, MNIST_MIRROR=str(tmp_path / "new"))
    images = project / "data/raw/mnist" / IMAGE_FILES["train_images"]
    np.testing.assert_array_equal(
        np.frombuffer(gzip.decompress(images.read_bytes())[16:], np.uint8),
        small_images()["train_images"].ravel(),
    )


def test_the_mirror_of_the_environment_comes_first(
    project: Path, mirror: Mirror, mirror_sums: dict[str, str]
) -> None:
    edit_params(project, {"datasets.small": {"mirrors": [mirror.url], "md5": mirror_sums}})
    mirror.asked.clear()
    done = run_stage(project, "download_mnist", env={"MNIST_MIRROR": mirror.folder.as_uri()})
    assert done.returncode == 0, done.stderr
    assert mirror.asked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks.mnist.data.dataset": "MNITS"}, ["'MNITS'", "MNIST, FashionMNIST", "mean MNIST?"]),
        ({"tasks.mnist.data.dataset": "EMNIST-leters"}, ["dataset", "did you mean EMNIST-letters"]),
        ({"tasks.mnist.data.dataset": "EMNIST"}, ["EMNIST-byclass", "did you mean EMNIST-"]),
        ({"tasks.mnist.data.dataset": "smal"}, ["digits, small", "did you mean small?"]),
        ({"datasets.small.md5": {}}, ["datasets.small.md5", IMAGE_FILES["train_images"]]),
    ],
)
def test_unknown_data_sets(
    project: Path, changes: dict, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    edit_params(project, changes)
    capsys.readouterr()
    assert run_stage_here(project, "download_mnist") == 1
    one_error_line(capsys.readouterr().err, "params.yaml", *words)


def test_digits_need_no_mirror(project: Path) -> None:
    from sklearn.datasets import load_digits

    edit_params(project, {"tasks.mnist.data.dataset": "digits"})
    assert run_stage_here(project, "download_mnist") == 0
    assert run_stage_here(project, "normalize", "mnist") == 0
    card = read_json(project / "data/normalized/mnist/card.json")
    assert card["dataset"] == "digits"
    assert card["parts"] == {"train": 1450, "validation": 50, "test": 297}
    tensors = load_file(project / "data/normalized/mnist/images.safetensors")
    images, labels = load_digits(return_X_y=True)
    np.testing.assert_array_equal(tensors["test_labels"], labels[1500:])
    found = tensors["train_images"].reshape(1500, 64) * (16 / 255)
    np.testing.assert_allclose(found, images[:1500], atol=0.05)


@pytest.mark.parametrize(
    ("stage", "words"),
    [("normalize", ["tasks.mnits", "did you mean mnist?"]), ("train", ["mnits"])],
)
def test_unknown_task(
    project: Path, stage: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    fails_here(project, stage, "mnits", words, capsys)


def test_cuda_where_there_is_none(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    edit_params(copy, {"device": "cuda"})
    fails_here(copy, "train", "mnist", ["params.yaml: device", "auto or cpu"], capsys)


def test_ctrl_c_is_no_traceback() -> None:
    code = (
        "import sys; from rnnlab.core.errors import exit_code\n"
        "def stop(): raise KeyboardInterrupt\n"
        "sys.exit(exit_code(stop))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 130
    one_error_line(done.stderr, "dvc repro")


def test_too_little_memory_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def take_all() -> None:
        np.empty(1 << 60, dtype=np.uint8)

    assert exit_code(take_all) == 1
    one_error_line(capsys.readouterr().err, "out of memory")
