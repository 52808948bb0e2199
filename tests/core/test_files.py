"""Files are written completely or not at all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import partial_leftovers, small_environment

from rnnlab.core import errors
from rnnlab.core.files import (
    output_files,
    output_folder,
    write_atomically,
    write_json,
    write_tensors,
)


@pytest.fixture
def group_may_write() -> Iterator[None]:
    before = os.umask(0o002)
    yield
    os.umask(before)


def test_output_files_join_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    with output_files(tmp_path) as folder:
        (folder / "new.txt").write_text("new")
        assert [path.name for path in tmp_path.glob("*.txt")] == ["old.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.txt", "old.txt"]


def test_a_fault_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")

    def write_half() -> None:
        with output_files(tmp_path) as folder:
            (folder / "old.txt").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_two_write_into_one_folder_at_once(tmp_path: Path) -> None:
    with output_files(tmp_path) as first:
        (first / "a.csv").write_text("a")
        with output_files(tmp_path) as second:
            (second / "b.csv").write_text("b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_what_an_earlier_run_left_is_replaced_by_nothing(tmp_path: Path) -> None:
    for name in ("a_left_out.csv", "a.png", "b.csv"):
        (tmp_path / name).write_text("old")
    with output_files(tmp_path, or_none=["a_left_out.csv", "a.png"]) as folder:
        (folder / "a.png").write_text("new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a.png": "new",
        "b.csv": "old",
    }


def test_a_folder_in_the_place_of_a_file_stops_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "b.md").mkdir()

    def write() -> None:
        with output_files(tmp_path) as folder:
            (folder / "a.md").write_text("a")
            (folder / "b.md").write_text("b")

    with pytest.raises(IsADirectoryError) as error:
        write()
    assert error.value.filename == str(tmp_path / "b.md")
    assert [path.name for path in tmp_path.iterdir()] == ["b.md"]


def test_errors_name_the_file_that_a_person_knows(tmp_path: Path) -> None:
    long = "x" * 300
    with pytest.raises(OSError, match="too long") as error:
        write_atomically(tmp_path / long, b"")
    assert error.value.filename == str(tmp_path / long)


def test_what_a_person_calls_partial_stays(tmp_path: Path) -> None:
    for name in ("mine.csv.partial", "mine.partial", "new.partial", "card.json.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("all of it")
    before = sorted(tmp_path.rglob("*"))
    with output_folder(tmp_path / "mine"), output_files(tmp_path) as folder:
        (folder / "mine.csv").write_text("")
    write_json(tmp_path / "card.json", {})
    written = [tmp_path / name for name in ("card.json", "mine", "mine.csv")]
    assert sorted(tmp_path.rglob("*")) == sorted([*before, *written])


WRITE_AND_WAIT = """
import sys
from pathlib import Path
from rnnlab.core.files import output_files
with output_files(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_leaves_is_deleted_and_no_more(tmp_path: Path) -> None:
    def begin() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WRITE_AND_WAIT, str(tmp_path)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, env=small_environment(), stdin=pipe, stdout=pipe, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process

    with begin() as killed, begin() as working:
        killed.kill()
        killed.wait()
        assert len(partial_leftovers(tmp_path)) == 2
        write_json(tmp_path / "a.json", {})
        assert len(partial_leftovers(tmp_path)) == 1
        working.communicate("")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "half"]


@pytest.mark.usefixtures("group_may_write")
def test_permissions_are_those_of_any_file(tmp_path: Path) -> None:
    with output_folder(tmp_path / "model") as folder:
        write_tensors(folder / "weights.safetensors", {"x": np.zeros(3)})
        write_json(folder / "card.json", {})
    files = [tmp_path / "model/weights.safetensors", tmp_path / "model/card.json"]
    assert [oct(path.stat().st_mode & 0o777) for path in files] == ["0o664"] * 2
    assert oct((tmp_path / "model").stat().st_mode & 0o777) == "0o775"


@pytest.mark.parametrize(
    ("what", "denied", "words"),
    [
        ("file", os.R_OK, "make it readable"),
        ("folder", os.X_OK, "make it readable"),
        ("folder", os.W_OK, "make it writable"),
        ("folder/new", os.W_OK, "folder writable"),
        ("folder/new", os.X_OK, "folder readable"),
    ],
)
def test_a_permission_error_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, denied: int, words: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    exists = os.access
    # root may do everything
    monkeypatch.setattr(
        errors.os, "access", lambda path, mode: not mode & denied and exists(path, os.F_OK)
    )
    fix = errors.fix_of(PermissionError(13, "Permission denied", str(tmp_path / what)))
    assert fix.startswith("permission denied: make ")
    assert fix.endswith(f"{words} and run again")
