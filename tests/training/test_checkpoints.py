"""Training that is killed goes on from its checkpoint, and ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import (
    edit_params,
    partial_leftovers,
    run_stage,
    run_stage_here,
    small_environment,
    trained,
)
from toys import settings, signs, sums

from rnnlab.networks import storage
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training import checkpoints, precision
from rnnlab.training.checkpoints import Checkpoint, fingerprint, loaded_code, open_checkpoints
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import Result, Watch, fit

TRAIN, VALIDATION = sums(200, 1), sums(50, 2)


class Killed(Exception):
    pass


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every epoch, however short."""
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)


def train(checkpoint: Checkpoint | None, kill_after: int = 0, **options: Any) -> Result:
    """Train a toy network; ``kill_after`` so many epochs, after which there is a checkpoint."""
    validation = options.pop("validation", VALIDATION)
    data = options.pop("train", TRAIN)

    def on_epoch(figures: dict[str, float]) -> None:
        if figures["epoch"] == kill_after + 1 and kill_after:
            raise Killed

    generator = seeded_generator(3)
    network = RecurrentNetwork(1, 2, cell="lstm", hidden_size=8, head_dropout=0.2)
    return fit(
        network,
        data,
        validation,
        settings(epochs=8, **options),
        generator,
        watch=Watch(on_epoch=on_epoch, checkpoint=checkpoint),
    )


def assert_same(a: Result, b: Result) -> None:
    assert a.history == b.history
    assert a.best_epoch == b.best_epoch
    assert a.weights.keys() == b.weights.keys()
    for name, value in a.weights.items():
        assert torch.equal(value, b.weights[name]), name


RECIPES: list[dict[str, Any]] = [
    {"optimizer": "adamw", "schedule": "one_cycle", "weight_average": 0.9, "input_noise": 0.3},
    {"optimizer": "adam", "schedule": "cosine", "patience": 2, "learning_rate": 0.1},
    {"optimizer": "sgd", "momentum": 0.9, "schedule": "constant", "validation": None},
    {"loss": "cross_entropy", "train": signs(200, 1), "validation": signs(50, 2)},
    {"precision": "bfloat16", "weight_average": 0.5},
]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: next(iter(recipe.values())))
def test_goes_on_to_the_same_bytes(recipe: dict[str, Any], tmp_path: Path) -> None:
    whole = train(None, **recipe)
    for killed_after in (1, 3):
        with pytest.raises(Killed):
            train(Checkpoint(tmp_path / "run/a.safetensors"), killed_after, **recipe)
    assert_same(train(Checkpoint(tmp_path / "run/a.safetensors"), **recipe), whole)


@pytest.mark.usefixtures("at_once")
def test_what_has_ended_is_not_trained_again(tmp_path: Path) -> None:
    path = tmp_path / "run/a.safetensors"
    ended = train(Checkpoint(path))
    size = path.stat().st_size
    again = train(Checkpoint(path), train=sums(200, 9))
    assert_same(again, ended)
    assert path.stat().st_size == size


@pytest.mark.usefixtures("at_once")
def test_resuming_loses_one_epoch_at_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run/a.safetensors"
    with pytest.raises(Killed):
        train(Checkpoint(path), kill_after=4)
    train(Checkpoint(path))
    assert capsys.readouterr().err == f"{path}: training resumes after epoch 4\n"


def test_checkpoints_of_short_epochs_are_seconds_apart(tmp_path: Path) -> None:
    written = []
    checkpoint = Checkpoint(tmp_path / "a.safetensors")
    for _ in range(100):
        checkpoint.save(lambda: written.append(1) or {}, ended=False)
    assert written == []
    checkpoint.save(lambda: written.append(1) or {}, ended=True)
    assert written == [1]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:-20] + bytes([content[-20] ^ 1]) + content[-19:],
        lambda content: content.replace(b'\\"epoch\\": 2', b'\\"epoch\\": 3', 1),
        lambda content: b"\x80\x04K\x01.",
    ],
    ids=["half", "empty", "a bit of a weight", "a figure", "a pickle"],
)
def test_a_damaged_checkpoint_is_not_used(
    damage: Callable[[bytes], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run/a.safetensors"
    with pytest.raises(Killed):
        train(Checkpoint(path), kill_after=3)
    content = path.read_bytes()
    assert damage(content) != content
    path.write_bytes(damage(content))
    assert_same(train(Checkpoint(path)), train(None))
    assert capsys.readouterr().err.splitlines() == [
        f"{path} is damaged: this network starts from its first epoch"
    ]


@pytest.mark.usefixtures("at_once")
def test_the_file_of_another_training_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = tmp_path / "run/a.safetensors", tmp_path / "other/a.safetensors"
    with pytest.raises(Killed):
        train(Checkpoint(other), kill_after=3, learning_rate=0.5)
    own.parent.mkdir()
    own.write_bytes(other.read_bytes())
    assert_same(train(Checkpoint(own)), train(None))
    assert "is damaged" in capsys.readouterr().err


def test_a_fault_while_writing_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(tmp_path / "a.safetensors")
    checkpoint.save(lambda: {"x": torch.ones(3), "deep": [{"y": (1.5, None)}]}, ended=True)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(lambda: {"x": torch.zeros(3)}, ended=True)
    kept = checkpoint.load()
    assert kept is not None
    assert torch.equal(kept["x"], torch.ones(3))
    assert kept["deep"] == [{"y": [1.5, None]}]
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_of_another_training_nothing_is_used_and_a_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mnist"
    open_checkpoints(folder, "one")("main-0").save(lambda: {"x": 1}, ended=True)
    assert open_checkpoints(folder, "two")("main-0").load() is None
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert open_checkpoints(folder, "one")("main-0").load() == {"x": 1}
    assert capsys.readouterr().err == ""


def test_a_fingerprint_is_of_settings_data_and_code(tmp_path: Path) -> None:
    data, device = tmp_path / "train.safetensors", torch.device("cpu")
    data.write_bytes(b"1")
    first = fingerprint({"seed": 1}, [data], device)
    assert fingerprint({"seed": 1}, [data], device) == first
    assert fingerprint({"seed": 2}, [data], device) != first
    data.write_bytes(b"2")
    assert fingerprint({"seed": 1}, [data], device) != first
    code = {path.name for path in loaded_code()}
    assert {"loop.py", "network.py", "augmentation.py"} <= code


# the stage itself, from here on


def start_training(project: Path, task: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stages.train", task],
        cwd=project,
        env=small_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_checkpoint(project: Path, network: str, process: subprocess.Popen[str]) -> None:
    """Until there is one from the middle of the training of ``network``."""
    folder, deadline = project / "data/checkpoints", time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "training ended before it could be killed"
        for path in folder.glob(f"*/*/{network}.safetensors"):
            if b'\\"ended\\": false' in path.read_bytes():
                return
        time.sleep(0.01)
    raise AssertionError("no checkpoint")


@pytest.fixture
def long_training(copy: Path) -> Path:
    """A project whose two networks take some seconds to train."""
    changes = {"epochs": 150, "ensemble": 2, "head_dropout": 0.1, "weight_average": 0.9}
    blocks = {"head_dropout": "model"}
    edit_params(
        copy,
        {f"tasks.mnist.{blocks.get(key, 'train')}.{key}": v for key, v in changes.items()},
    )
    return copy


def test_a_stage_that_is_killed_ends_as_if_it_had_not_been(long_training: Path) -> None:
    project = long_training
    assert run_stage_here(project, "train", "mnist") == 0
    whole = trained(project, "mnist")
    assert not (project / "data/checkpoints/mnist").exists()
    for network in ("main-0", "main-1"):
        process = start_training(project, "mnist")
        wait_for_checkpoint(project, network, process)
        process.kill()
        process.communicate()
    done = run_stage(project, "train", "mnist")
    assert done.returncode == 0, done.stderr
    assert "main-1.safetensors: training resumes after epoch" in done.stderr
    assert "main-0.safetensors" not in done.stderr
    assert trained(project, "mnist") == whole
    assert not (project / "data/checkpoints/mnist").exists()


def test_ctrl_c_says_at_once_how_to_go_on(long_training: Path) -> None:
    process = start_training(long_training, "mnist")
    wait_for_checkpoint(long_training, "main-0", process)
    process.send_signal(signal.SIGINT)
    asked, said = time.monotonic(), []
    for line in process.stderr:
        said.append(line)
        if line.endswith("continues from here\n"):
            break
    assert said[-1:] == ["error: stopped; `dvc repro` continues from here\n"], said
    assert time.monotonic() - asked < 2
    # what is left is Python's own end, which a busy machine drags out
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 130
    assert partial_leftovers(long_training) == []


@pytest.mark.usefixtures("at_once")
def test_an_interrupted_training_keeps_the_precision_that_auto_chose(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though a second timing finds the other one faster, and the record of the first is lost."""
    edit_params(copy, {"tasks.mnist.train.precision": "auto", "tasks.mnist.train.epochs": 3})
    monkeypatch.setattr(precision, "SINGLE_THREAD_LIMIT", 0)
    monkeypatch.setattr(precision, "bfloat16_speedup", lambda recipe: 9.0)
    assert run_stage_here(copy, "train", "mnist") == 0
    whole = trained(copy, "mnist")
    assert (copy / "data/checkpoints/precision.json").exists()

    def kill(*anything: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_models", kill)  # all networks are trained by then
        with pytest.raises(Killed):
            run_stage_here(copy, "train", "mnist")
    (copy / "data/checkpoints/precision.json").unlink()
    monkeypatch.setattr(precision, "bfloat16_speedup", lambda recipe: 0.1)
    monkeypatch.setattr(RecurrentNetwork, "forward", None)  # nothing is left to train
    capsys.readouterr()
    assert run_stage_here(copy, "train", "mnist") == 0
    assert "is from a training with other parameters" not in capsys.readouterr().err
    assert trained(copy, "mnist") == whole


def test_a_checkpoint_with_other_parameters_is_not_used(copy: Path) -> None:
    project = copy
    before = trained(project, "airline")
    other = project / "data/checkpoints/airline/0123456789abcdef/main-0.safetensors"
    Checkpoint(other).save(lambda: {"ended": True, "result": {}}, ended=True)
    done = run_stage(project, "train", "airline")
    assert done.returncode == 0, done.stderr
    assert "is from a training with other parameters, data, code or device" in done.stderr
    assert trained(project, "airline") == before
    assert not other.exists()
