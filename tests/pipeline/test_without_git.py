"""The project as a ZIP, unpacked inside an unrelated repository: make works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clones import another, commit, environment_of, succeed
from helpers import ROOT, edit_params, free_address, read_yaml, write_yaml


@pytest.fixture
def unpacked(finished_clone: Path, tmp_path: Path) -> Path:
    """The finished pipeline without its repository, and with the environment of this Python."""
    folder = another(finished_clone, tmp_path / "outer/project")
    shutil.rmtree(folder / ".git")
    succeed(folder.parent, "git", "init", "--quiet")
    succeed(folder.parent, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet",
            "--allow-empty", "--message", "another project")  # fmt: skip
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(Path(sys.prefix) / part)
    (folder / ".venv/installed").touch()
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # what another make has set, as in `make test`, is not for this one
    inherited = {name: "" for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS") if name in os.environ}
    return subprocess.run(
        ["make", *words],
        cwd=folder,
        env=environment_of(**inherited),
        capture_output=True,
        text=True,
        timeout=300,
    )


def reproduce(folder: Path) -> str:
    done = make(folder, "reproduce")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fatal:" not in done.stderr
    assert "Report: report/index.html" in done.stdout
    return done.stdout + done.stderr


def test_the_pipeline_runs_and_says_what_is_missing(unpacked: Path) -> None:
    output = reproduce(unpacked)
    assert "This folder is not under git. The pipeline runs, but experiments" in output
    assert "Data and pipelines are up to date." in output
    page = (unpacked / "report/index.html").read_text()
    assert "DVC finds no commit to compare with" in page
    # nothing of ours has come into the repository around it
    assert succeed(unpacked.parent, "git", "for-each-ref").count("\n") == 1
    # once it is a repository of its own, it is one for DVC, too
    succeed(unpacked, "git", "init", "--quiet")
    commit(unpacked)
    assert make(unpacked, "environment").stdout == ""
    assert "Experiment" in succeed(unpacked, "dvc", "exp", "show")


def test_without_a_mirror_it_runs_on_digits_and_params_say_so(unpacked: Path) -> None:
    pipeline = read_yaml(unpacked / "dvc.yaml")
    # the other stages take long, and what they made lies there
    for stage in [name for name in pipeline["stages"] if name != "download_mnist"]:
        del pipeline["stages"][stage]
    write_yaml({"stages": pipeline["stages"]}, unpacked / "dvc.yaml")
    edit_params(unpacked, {"datasets.MNIST.mirrors": [free_address()]})
    shutil.rmtree(unpacked / "data/raw/mnist")
    shutil.rmtree(unpacked / ".dvc/cache")
    lock = (unpacked / "dvc.lock").read_bytes()
    (unpacked / "dvc.lock").write_bytes(lock[: len(lock) // 2])
    before = (unpacked / "params.yaml").read_bytes()
    output = reproduce(unpacked)
    assert "dvc.lock is incomplete" in output
    assert "NO MIRROR PROVIDED MNIST" in output
    mnist = read_yaml(unpacked / "params.yaml")["tasks"]["mnist"]
    assert (mnist["data"]["dataset"], mnist["train"]["batch_size"]) == ("digits", 32)
    assert "\ndigits,train_images," in (unpacked / "data/raw/mnist/files.csv").read_text()
    # the command that it names
    assert "cp .venv/params.yaml params.yaml restores MNIST" in output
    assert (unpacked / ".venv/params.yaml").read_bytes() == before


NEED_GIT = re.findall(r"^([a-z -]+): needs-git", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_what_uses_experiments_needs_git() -> None:
    assert {"test", "compare", "best pixels permuted", "tutorial-mnist"} <= {*NEED_GIT}


@pytest.mark.parametrize("target", [*" ".join(NEED_GIT).split(), "check"])
def test_other_targets_say_in_one_line_that_they_need_a_clone(tmp_path: Path, target: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = make(tmp_path, target)
    assert done.returncode != 0
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith("error: this folder is not under git")
    assert f"make {target} needs a clone" in first
    assert all(line.startswith("make: ***") for line in rest)
