"""The whole pipeline by DVC, in a temporary clone, over a real mirror on the loopback address."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clones import (
    another,
    clone,
    command,
    commit,
    environment_of,
    make_small,
    stages_that_ran,
    succeed,
    succeed_quietly,
)
from helpers import edit_params, serve, write_small_dataset

Queue = tuple[Path, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def repository(finished_clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return another(finished_clone, tmp_path_factory.mktemp("pipeline") / "clone")


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


def test_repro_with_nothing_to_do_takes_a_few_times_as_long_as_dvc_itself(
    repository: Path,
) -> None:
    started = time.monotonic()
    output = succeed(repository, "dvc", "repro")
    middle = time.monotonic()
    succeed(repository, "dvc", "version")
    assert stages_that_ran(output) == set()
    assert middle - started < 5 * (time.monotonic() - middle)


@pytest.fixture(scope="module")
def queue(finished_clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    """A clone whose queue runs two experiments, and the process that waits for them.

    DVC's workers mostly wait: other tests run meanwhile.
    """
    folder = another(finished_clone, tmp_path_factory.mktemp("queue") / "clone")
    settings = ["tasks.airline.model.cell=rnn,gru", "tasks.airline.train.learning_rate=0.00001"]
    options = [word for setting in settings for word in ("--set-param", setting)]
    succeed(folder, "dvc", "exp", "run", "--queue", *options, "train@airline")
    with subprocess.Popen(
        ["dvc", "exp", "run", "--run-all", "--jobs", "2"],
        cwd=folder,
        env=environment_of(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield folder, process


@pytest.mark.usefixtures("queue")
def test_a_changed_parameter_reruns_what_reads_it(repository: Path) -> None:
    """A learning rate, and beside it a resolution of the other task's plots."""
    before = (repository / "params.yaml").read_text()
    changes = {"tasks.airline.train.learning_rate": 1e-05, "tasks.mnist.plot.dpi": 90}
    edit_params(repository, changes)
    ran = stages_that_ran(succeed(repository, "dvc", "repro"))
    assert ran == {"train@airline", "evaluate@airline", "plot@airline", "plot@mnist"}
    (repository / "params.yaml").write_text(before)
    succeed(repository, "git", "checkout", "--quiet", ".")
    succeed(repository, "dvc", "checkout", "--quiet")


def test_another_mirror_runs_the_download_alone(repository: Path, tmp_path: Path) -> None:
    """It gives the same bytes, whichever mirror they come from."""
    before = (repository / "params.yaml").read_text()
    write_small_dataset(tmp_path, repository)
    nowhere = ["http://127.0.0.1:9/"]
    other = {"mirrors": nowhere, "md5": {}}
    edit_params(repository, {"datasets.MNIST.mirrors": nowhere, "datasets.other": other})
    with serve(tmp_path) as address:
        output = succeed(repository, "dvc", "repro", MNIST_MIRROR=address)
    assert stages_that_ran(output) == {"download_mnist"}
    (repository / "params.yaml").write_text(before)
    succeed(repository, "git", "checkout", "--quiet", ".")


def test_the_lock_can_be_checked_without_the_data(repository: Path, tmp_path: Path) -> None:
    succeed(tmp_path, "git", "clone", "--quiet", str(repository), "fresh")
    output = succeed(tmp_path / "fresh", "dvc", "repro", "--dry", "--allow-missing")
    assert "Data and pipelines are up to date" in output


def test_without_a_mirror_the_download_fails_and_the_series_still_finish(
    finished_clone: Path, tmp_path: Path
) -> None:
    folder = another(finished_clone, tmp_path / "clone")
    nowhere = {"datasets.MNIST.mirrors": ["http://127.0.0.1:9/"]}
    edit_params(folder, {**nowhere, "tasks.airline.evaluate.baselines": ["drift"]})
    shutil.rmtree(folder / "metrics/airline/plots")
    done = command(folder, "dvc", "repro", "--keep-going")
    assert done.returncode != 0
    assert "MNIST_MIRROR" in done.stderr
    assert "Traceback" not in done.stderr
    ran = stages_that_ran(done.stdout)
    assert ran == {"download_mnist", "evaluate@airline", "plot@airline"}
    assert (folder / "metrics/airline/plots").is_dir()
    assert not (folder / "data/raw/mnist").exists()


def test_queued_experiments_run_and_show_their_cells(queue: Queue) -> None:
    """dvc writes the rate as 1e-05, which readers of older YAML take for a word."""
    folder, process = queue
    shown = process.communicate(timeout=300)[0]
    assert process.returncode == 0, shown
    table = succeed(folder, "dvc", "exp", "show", "--csv")
    for cell in ("rnn", "gru"):
        [row] = [line for line in table.splitlines() if f",{cell}," in line]
        assert ",1e-05," in row
        assert ",Success," in row


@pytest.mark.skipif("MNIST_MIRROR" not in os.environ, reason="MNIST_MIRROR names no mirror")
def test_the_real_files_are_learned_from(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    make_small(folder)
    edit_params(folder, {"tasks.mnist.train.epochs": 1, "tasks.mnist.model.hidden_size": 32})
    commit(folder)
    succeed(folder, "dvc", "repro", "evaluate@mnist", MNIST_MIRROR=os.environ["MNIST_MIRROR"])
    scores = json.loads((folder / "metrics/mnist/scores.json").read_text())
    assert scores["dataset"] == "MNIST"
    assert scores["accuracy"] > 0.85
