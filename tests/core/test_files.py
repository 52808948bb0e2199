"""Files are written completely or not at all."""

from pathlib import Path

import pytest

from rnnlab.core.files import output_files


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
    with output_files(tmp_path, "a") as first:
        (first / "a.csv").write_text("a")
        with output_files(tmp_path, "b") as second:
            (second / "b.csv").write_text("b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]
