"""Clones of this project, in which tests run DVC as a user does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from committed import COMMITTED, may_change
from helpers import ROOT, edit_params, serve, write_small_dataset


def environment_of(**variables: str) -> dict[str, str]:
    """The environment of this Python, without a mirror."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if key != "MNIST_MIRROR"}
    return {**clean, "PATH": path, **variables}


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env=environment_of(**environment),
        capture_output=True,
        text=True,
        timeout=600,
    )


def succeed(folder: Path, *words: str, **environment: str) -> str:
    done = command(folder, *words, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def succeed_quietly(folder: Path, *words: str) -> str:
    """The same, but return only standard output."""
    done = command(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path) -> None:
    succeed(folder, "git", "add", "--all")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    succeed(folder, "git", *identity, "commit", "--quiet", "--allow-empty", "--message", "test")


def clone(target: Path) -> Path:
    """A new repository: code from the tree; parameters, pipeline and data from the last commit."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in tracked.stdout.split("\0"):
        source = (COMMITTED if may_change(name) else ROOT) / name
        if name and source.is_file() and not name.startswith(("tests/", "metrics/")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())
    (target / "dvc.lock").unlink(missing_ok=True)
    succeed(target, "git", "init", "--quiet")
    return target


def make_small(folder: Path) -> None:
    edit_params(
        folder,
        {
            "threads": 1,
            "tasks.mnist.model.hidden_size": 16,
            "tasks.mnist.train.epochs": 2,
            "tasks.mnist.train.batch_size": 64,
            "tasks.airline.model.hidden_size": 4,
            "tasks.airline.train.epochs": 3,
            "tasks.airline.train.ensemble": 1,
            # fast baselines: the others are tested elsewhere and take long to import
            "tasks.airline.evaluate.baselines": ["seasonal_naive", "last_growth", "drift"],
            "zero_shot.hidden_size": 8,
            "zero_shot.decoder_size": 8,
            "zero_shot.steps": 4,
            "zero_shot.batch_size": 8,
            "zero_shot.evaluate.synthetic_series": 10,
        },
    )


def stages_that_ran(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def finish(folder: Path, mirror: Path) -> Path:
    """Run the whole pipeline in a new clone at ``folder``, with images from a server of ``mirror``.

    Afterwards the server is stopped and everything is committed.
    """
    clone(folder)
    make_small(folder)
    write_small_dataset(mirror, folder)
    commit(folder)
    with serve(mirror) as address:
        succeed(folder, "dvc", "repro", MNIST_MIRROR=address)
    commit(folder)
    return folder


def another(finished: Path, target: Path) -> Path:
    """A copy of a finished clone, which a test may change."""
    return shutil.copytree(finished, target, symlinks=True)
