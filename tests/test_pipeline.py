"""The whole pipeline by DVC, in a temporary clone, over a real mirror on the loopback address."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, edit_params, serve, write_small_dataset

TRAIN_TO_PLOT = ["train", "evaluate", "plot"]


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if key != "MNIST_MIRROR"}
    return subprocess.run(
        words,
        cwd=folder,
        env={**clean, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


def succeed(folder: Path, *words: str, **environment: str) -> str:
    done = command(folder, *words, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def succeed_quietly(folder: Path, *words: str) -> str:
    """Likewise, and return what went to standard output alone."""
    done = command(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path) -> None:
    succeed(folder, "git", "add", "--all")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    succeed(folder, "git", *identity, "commit", "--quiet", "--allow-empty", "--message", "test")


def clone(target: Path) -> Path:
    """A repository of its own that holds the files that git tracks here, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0"):
        source = ROOT / name
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
            # quick ones: the others are tested elsewhere, and take longer to import than to run
            "tasks.airline.evaluate.baselines": ["seasonal_naive", "last_growth", "drift"],
        },
    )


def stages_that_ran(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone after `dvc repro`, its mirror gone again."""
    folder = clone(tmp_path_factory.mktemp("clone"))
    make_small(folder)
    files = tmp_path_factory.mktemp("mirror")
    write_small_dataset(files, folder)
    commit(folder)
    with serve(files) as address:
        succeed(folder, "dvc", "repro", MNIST_MIRROR=address)
    commit(folder)
    return folder


def test_repro_leaves_everything_in_place_and_a_clean_status(repository: Path) -> None:
    assert "up to date" in succeed(repository, "dvc", "status")
    assert succeed(repository, "git", "status", "--porcelain") == ""
    for task in ("mnist", "airline"):
        assert json.loads((repository / "metrics" / task / "scores.json").read_text())
        assert len(list((repository / "metrics" / task / "plots").glob("*.png"))) >= 4
        assert (repository / "data/live" / task / "report.html").is_file()


def test_every_plot_of_dvc_can_be_drawn(repository: Path) -> None:
    shown = json.loads(succeed_quietly(repository, "dvc", "plots", "show", "--json"))
    assert "errors" not in shown
    for name, plots in shown["data"].items():
        assert plots[0]["content"]["data"]["values"], name
    forecast = shown["data"]["airline forecast"][0]["content"]
    # months on an axis of numbers would leave the plot empty
    assert forecast["encoding"]["x"]["type"] == "temporal"


def test_repro_with_nothing_to_do_takes_under_five_seconds(repository: Path) -> None:
    started = time.monotonic()
    output = succeed(repository, "dvc", "repro")
    assert stages_that_ran(output) == set()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"tasks.airline.train.learning_rate": 1e-05},
            {f"{stage}@airline" for stage in TRAIN_TO_PLOT},
        ),
        ({"tasks.airline.plot.color": "green"}, {"plot@airline"}),
        (
            {"tasks.airline.evaluate.baselines": ["drift"], "tasks.mnist.plot.dpi": 90},
            {"evaluate@airline", "plot@airline", "plot@mnist"},
        ),
    ],
    ids=["learning rate", "colour", "baselines and resolution"],
)
def test_a_changed_parameter_reruns_what_reads_it(
    repository: Path, changes: dict[str, object], expected: set[str]
) -> None:
    before = (repository / "params.yaml").read_text()
    edit_params(repository, changes)
    assert stages_that_ran(succeed(repository, "dvc", "repro")) == expected
    (repository / "params.yaml").write_text(before)
    succeed(repository, "git", "checkout", "--quiet", ".")
    succeed(repository, "dvc", "checkout", "--quiet")


def test_queued_experiments_run_and_show_their_cells(repository: Path) -> None:
    """dvc writes the rate as 1e-05, which readers of older YAML take for a word."""
    settings = ["tasks.airline.model.cell=rnn,gru", "tasks.airline.train.learning_rate=0.00001"]
    options = [word for setting in settings for word in ("--set-param", setting)]
    succeed(repository, "dvc", "exp", "run", "--queue", *options)
    succeed(repository, "dvc", "exp", "run", "--run-all", "--jobs", "2")
    table = succeed(repository, "dvc", "exp", "show", "--csv")
    for cell in ("rnn", "gru"):
        [row] = [line for line in table.splitlines() if f",{cell}," in line]
        assert ",1e-05," in row


def test_the_lock_can_be_checked_without_the_data(repository: Path, tmp_path: Path) -> None:
    succeed(tmp_path, "git", "clone", "--quiet", str(repository), "fresh")
    output = succeed(tmp_path / "fresh", "dvc", "repro", "--dry", "--allow-missing")
    assert "Data and pipelines are up to date" in output


def test_without_a_mirror_the_download_fails_and_the_series_still_finish(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    make_small(folder)
    edit_params(folder, {"datasets.MNIST.mirrors": ["http://127.0.0.1:9/"]})
    commit(folder)
    done = command(folder, "dvc", "repro", "--keep-going")
    assert done.returncode != 0
    assert "MNIST_MIRROR" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "metrics/airline/plots").is_dir()
    assert not (folder / "data/raw/mnist").exists()


@pytest.mark.skipif("MNIST_MIRROR" not in os.environ, reason="MNIST_MIRROR names no mirror")
def test_the_real_files_are_learned_from(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    make_small(folder)
    edit_params(folder, {"tasks.mnist.train.epochs": 1, "tasks.mnist.model.hidden_size": 32})
    commit(folder)
    succeed(folder, "dvc", "repro", "plot@mnist", MNIST_MIRROR=os.environ["MNIST_MIRROR"])
    scores = json.loads((folder / "metrics/mnist/scores.json").read_text())
    assert scores["dataset"] == "MNIST"
    assert scores["accuracy"] > 0.85
