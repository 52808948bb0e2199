"""Training in two processes: the same optimization as in one, one message, no orphans."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import (
    edit_params,
    one_error_line,
    partial_leftovers,
    read_csv,
    read_json,
    run_stage,
    run_stage_here,
    small_environment,
    trained,
)

from rnnlab.training import distributed
from rnnlab.training.distributed import rank_slice, threads_per_process

MNIST = {
    "epochs": 8,
    "batch_size": 83,  # three batches of uneven halves, and one of a single image
    "weight_average": 0.9,
    "schedule": "one_cycle",
}
AIRLINE = {
    "epochs": 6,
    "batch_size": 9,  # windows that end in the training part have targets that are not known
    "input_noise": 0.5,
    "patience": 3,
    "gradient_clip": 0.1,
}


def train_settings(project: Path, task: str, changes: dict[str, Any]) -> None:
    edit_params(project, {f"tasks.{task}.train.{key}": value for key, value in changes.items()})


def history(project: Path, task: str) -> list[dict[str, float]]:
    rows = read_csv(project / "data/models" / task / "history.csv")
    return [
        {key: float(value) for key, value in row.items() if key != "fit" and value} for row in rows
    ]


def accuracy_on_test(project: Path) -> float:
    assert run_stage_here(project, "evaluate", "mnist") == 0
    return read_json(project / "metrics/mnist/scores.json")["accuracy"]


@pytest.mark.parametrize(("task", "changes"), [("mnist", MNIST), ("airline", AIRLINE)])
def test_two_processes_do_the_same_as_one(task: str, changes: dict[str, Any], copy: Path) -> None:
    train_settings(copy, task, changes)
    assert run_stage_here(copy, "train", task) == 0
    one, accuracy = history(copy, task), accuracy_on_test(copy) if task == "mnist" else 0.0
    train_settings(copy, task, {"processes": 2})
    done = run_stage(copy, "train", task)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("train ")] == []
    two = history(copy, task)
    assert len(two) == len(one)
    for alone, together in zip(one, two, strict=True):
        # accuracy goes by steps of 2 points, so it has to be the same
        assert together == pytest.approx(alone, rel=1e-4)
    if task == "mnist":
        assert abs(accuracy_on_test(copy) - accuracy) <= 0.001
    assert one[-1]["train_loss"] < one[0]["train_loss"]
    assert read_json(copy / "metrics" / task / "speed.json")["processes"] == 2


@pytest.mark.parametrize("count", [0, 1, 2, 25, 83])
@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_shares_cover_each_sample_once(
    count: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    sizes = []
    monkeypatch.setattr(distributed, "world_size", lambda: processes)
    for number in range(processes):
        monkeypatch.setattr(distributed, "rank", lambda number=number: number)
        mine = range(count)[rank_slice(count)]
        taken += mine
        sizes.append(len(mine))
    assert taken == [*range(count)]
    assert max(sizes) - min(sizes) <= 1


def test_threads_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    assert threads_per_process(5) == 5
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert [threads_per_process(threads) for threads in (1, 2, 5)] == [1, 1, 2]


# what goes wrong


@pytest.fixture
def training(copy: Path) -> Path:
    """A project that trains in two processes for some seconds."""
    train_settings(copy, "mnist", {"epochs": 100, "processes": 2})
    return copy


class Run:
    """``python -m stages.train mnist``, which has reached a checkpoint, and its processes."""

    def __init__(self, project: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stages.train", "mnist"],
            cwd=project,
            env=small_environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 90
        while not [*(project / "data/checkpoints").glob("*/*/*.safetensors")]:
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.workers = {
            int(worker.environ()["RANK"]): worker
            for worker in psutil.Process(self.process.pid).children()
        }
        assert set(self.workers) == {0, 1}

    def said(self) -> str:
        """Its stderr, once it and all its processes have ended."""
        _, said = self.process.communicate(timeout=60)
        assert psutil.wait_procs(self.workers.values(), timeout=20)[1] == []
        return said


def errors(said: str) -> str:
    """Without the progress lines of training."""
    kept = [line for line in said.splitlines() if not line.startswith("train mnist: ")]
    return "".join(f"{line}\n" for line in kept)


def test_a_process_that_is_killed_ends_the_run_which_then_goes_on(training: Path) -> None:
    whole = run_stage(training, "train", "mnist")
    assert whole.returncode == 0, whole.stderr
    expected = trained(training, "mnist")
    run = Run(training)
    run.workers[1].kill()
    line = one_error_line(errors(run.said()), "process 1 of 2 was killed by SIGKILL")
    assert "`dvc repro` continues from the last checkpoint" in line
    assert run.process.returncode == 1
    done = run_stage(training, "train", "mnist")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("training resumes after epoch") == 1
    assert trained(training, "mnist") == expected


def test_ctrl_c_ends_all_processes_with_one_line(training: Path) -> None:
    run = Run(training)
    run.process.send_signal(signal.SIGINT)
    assert errors(run.said()) == "error: stopped; `dvc repro` continues from here\n"
    assert run.process.returncode == 130
    assert partial_leftovers(training) == []


def test_no_process_is_left_when_their_launcher_is_killed(training: Path) -> None:
    run = Run(training)
    os.kill(run.process.pid, signal.SIGKILL)
    run.said()


def test_an_error_in_all_processes_is_reported_once(training: Path) -> None:
    path = training / "data/windows/mnist/main/train.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = run_stage(training, "train", "mnist")
    assert done.returncode == 1
    one_error_line(done.stderr, "train.safetensors is damaged")
