"""A checkout holds the same bytes whatever git is set to, so that DVC sees no changed code."""

import subprocess
from pathlib import Path

from clones import clone, commit, succeed
from helpers import ROOT


def test_line_ends_stay_as_they_are_under_autocrlf(tmp_path: Path) -> None:
    original = clone(tmp_path / "original")
    commit(original)
    settings = ["-c", "core.autocrlf=true"]
    succeed(tmp_path, "git", *settings, "clone", "--quiet", "original", "checkout")
    names = succeed(original, "git", "ls-files").splitlines()
    study = "results/study/study.png"
    for wanted in ("dvc.yaml", "stages/train.py", "data/raw/airline.csv", study):
        assert wanted in names
    for name in names:
        found = (tmp_path / "checkout" / name).read_bytes()
        assert found == (original / name).read_bytes(), name
    status = succeed(tmp_path / "checkout", "git", *settings, "status", "--porcelain")
    assert status == ""


def test_git_holds_no_other_line_ends() -> None:
    """Or a first `git add --renormalize` would change files that nobody has edited."""
    command = ["git", "ls-files", "--eol"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[0] for line in listed.stdout.splitlines()} <= {"i/lf", "i/-text", "i/none"}
