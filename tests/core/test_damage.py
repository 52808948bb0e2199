"""Missing or damaged inputs, and full disks: one error line, no partial files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults import complaint, fails_here
from helpers import TASKS, one_error_line, partial_leftovers, run_stage_here

UPSTREAM = {
    "normalize": ("data/raw/mnist/files.csv", "download_mnist"),
    "windows": ("data/normalized/mnist/card.json", "normalize@mnist"),
    "train": ("data/windows/mnist/card.json", "windows@mnist"),
    "evaluate": ("data/models/mnist/card.json", "train@mnist"),
    "report": ("metrics/mnist/scores.json", "evaluate@mnist"),
}


@pytest.mark.parametrize("stage", UPSTREAM)
def test_missing_upstream_file(
    project: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, before = UPSTREAM[stage]
    args = [] if stage == "report" else ["mnist"]
    capsys.readouterr()
    assert run_stage_here(project, stage, *args) == 1
    one_error_line(capsys.readouterr().err, f"{path} is missing", f"`dvc repro {before}`")
    assert [path for path in project.rglob("*") if path.suffix in (".partial", ".json")] == []


READ_BY = [
    ("windows", "data/normalized/mnist/images.safetensors"),
    ("windows", "data/normalized/mnist/card.json"),
    ("train", "data/windows/mnist/main/train.safetensors"),
    ("evaluate", "data/models/mnist/weights.safetensors"),
    ("evaluate", "data/windows/mnist/main/test.safetensors"),
    ("evaluate", "data/models/mnist/history.csv"),
    ("plot", "metrics/mnist/predictions.csv"),
    ("plot", "metrics/mnist/scores.json"),
    ("plot", "metrics/airline/scores.json"),
    ("windows", "data/normalized/airline/series.safetensors"),
    ("plot", "data/normalized/airline/series.safetensors"),
    ("train", "data/windows/mnist/main/validation.safetensors"),
    ("train", "data/windows/airline/year/refit.safetensors"),
    ("evaluate", "data/normalized/airline/series.safetensors"),
    ("evaluate", "data/models/airline/card.json"),
]


@pytest.mark.parametrize(
    ("stage", "path", "damage"),
    [
        (*read, damage)
        for read in READ_BY
        for damage in ("missing", "torn", "empty", "flipped")
        # a table with fewer rows is a table, and what is no intermediate file has no sum
        if not (damage == "torn" and read[1].endswith(".csv"))
        if not (damage == "flipped" and read[1].startswith("metrics/"))
    ],
)
def test_damaged_upstream_file(
    copy: Path, stage: str, path: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = (copy / path).read_bytes(), [path, "dvc repro"]
    if damage == "missing":
        (copy / path).unlink()
    elif damage == "flipped":
        # the lowest bit of a number: no reader of the format would notice
        (copy / path).write_bytes(content[:-8] + bytes([content[-8] ^ 1]) + content[-7:])
        words.append(f"delete {Path(path).parent}")
    else:
        (copy / path).write_bytes(content[: len(content) // 3] if damage == "torn" else b"")
    task = next(task for task in TASKS if task in path)
    fails_here(copy, stage, task, words, capsys)


@contextmanager
def small_disk(folder: Path, kib: int, spare: Path) -> Iterator[None]:
    """Mount a small file system at ``folder``, with its files and ``kib`` of free space."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, spare)
    # a file takes whole pages of 4 KiB
    pages = sum(-(-path.stat().st_size // 4096) for path in spare.rglob("*") if path.is_file())
    command = ["mount", "-t", "tmpfs", "-o", f"size={4 * pages + kib}k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this root may not mount a small disk")
    try:
        shutil.copytree(spare, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounts a small disk as root")
@pytest.mark.parametrize(
    ("stage", "task", "folder"),
    [
        ("download_mnist", None, "data/raw"),
        ("normalize", "mnist", "data/normalized"),
        ("normalize", "airline", "data/normalized"),
        ("windows", "mnist", "data/windows"),
        ("train", "mnist", "data/models"),
        ("evaluate", "mnist", "metrics"),
        ("plot", "mnist", "metrics"),
    ],
)
def test_full_disk(
    copy: Path,
    tmp_path: Path,
    stage: str,
    task: str | None,
    folder: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {path for path in copy.rglob("*") if path.is_file()}
    capsys.readouterr()
    with small_disk(copy / folder, 4, tmp_path / "spare"):
        assert run_stage_here(copy, stage, *([task] if task else [])) == 1
        complaint(capsys, "full", "free some space")
        assert partial_leftovers(copy) == []
        left = {path for path in copy.rglob("*") if path.is_file()}
        # training goes on from its checkpoint once there is room
        assert {path for path in left if "checkpoints" not in path.parts} == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounts a small disk as root")
@pytest.mark.parametrize(
    ("stage", "folder"),
    [
        ("download_mnist", "data/raw"),
        ("normalize", "data/normalized"),
        ("windows", "data/windows"),
        ("train", "data/models"),
        ("evaluate", "metrics"),
        ("plot", "metrics"),
    ],
)
def test_read_only_folder(
    copy: Path, tmp_path: Path, stage: str, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read-only mount, since permissions do not restrict root."""
    capsys.readouterr()
    with small_disk(copy / folder, 1000, tmp_path / "spare"):
        before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        command = ["mount", "-o", "remount,ro", str(copy / folder)]
        subprocess.run(command, check=True, capture_output=True)
        assert run_stage_here(copy, stage, *([] if stage == "download_mnist" else ["mnist"])) == 1
        complaint(capsys, folder, "read-only", "writable place")
        assert {path: path.read_bytes() for path in before} == before
