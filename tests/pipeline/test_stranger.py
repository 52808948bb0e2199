"""The script that makes a tree a stranger's; .ci/run runs all tests in such a tree."""

from pathlib import Path

import pytest
import stranger
from clones import commit, succeed
from committed import CHANGEABLE, COMMITTED, may_change
from helpers import one_error_line


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.txt").write_text("1\n")
    succeed(tmp_path, "git", "init", "--quiet")
    commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stranger, "apply_an_experiment", lambda: 1 / 0)
    return tmp_path


def test_it_touches_no_tree_with_work_in_it(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "mine.txt").write_text("2\n")
    assert stranger.main([]) == 1
    one_error_line(capsys.readouterr().err, "uncommitted changes", "--anyway")
    # further than this none of the two goes here
    with pytest.raises(ZeroDivisionError):
        stranger.main(["--anyway"])
    commit(tree)
    with pytest.raises(ZeroDivisionError):
        stranger.main([])


def test_what_it_changes_is_read_from_the_commit() -> None:
    for name in CHANGEABLE:
        assert (COMMITTED / name).exists()
    assert may_change("metrics/mnist/scores.json")
    assert not may_change("dvc.yaml.py")
    assert not may_change("docs/data/x")
