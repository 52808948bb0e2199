"""Whether git tracks the project, wherever it lies."""

from pathlib import Path

import pytest
from clones import commit, succeed

from rnnlab.commands.gate import known_revision
from rnnlab.core.errors import InputError
from rnnlab.report.git import under_git
from rnnlab.report.page import last_commit


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without git, and where this runs."""
    folder = tmp_path / "outer/project"
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text("seed: 1\n")
    monkeypatch.chdir(folder)
    return folder


def test_a_clone_is_under_git(unpacked: Path) -> None:
    succeed(unpacked, "git", "init", "--quiet")
    assert not under_git()
    commit(unpacked)
    assert under_git()
    assert last_commit().endswith(" (test)")


def test_a_zip_is_not(unpacked: Path) -> None:
    assert not under_git()
    assert last_commit() is None


def test_a_zip_inside_a_repository_of_something_else_is_not(unpacked: Path) -> None:
    outer = unpacked.parent
    succeed(outer, "git", "init", "--quiet")
    (outer / ".gitignore").write_text("/project/\n")
    commit(outer)
    assert not under_git()
    assert last_commit() is None


def test_a_folder_of_a_larger_repository_is(unpacked: Path) -> None:
    succeed(unpacked.parent, "git", "init", "--quiet")
    commit(unpacked.parent)
    assert under_git()


def test_a_clone_of_another_user(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a container of a CI; the report is written without the commit."""
    succeed(unpacked, "git", "init", "--quiet")
    commit(unpacked)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(InputError, match=r"refuses this folder: .*--add safe.directory") as error:
        known_revision("HEAD")
    assert "\n" not in str(error.value)
    assert last_commit() is None
    assert "safe.directory" in capsys.readouterr().err


def test_git_need_not_be_installed(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(unpacked))
    assert not under_git()
    assert last_commit() is None
