"""Pretraining: the same bytes again, for any number of workers, and after an interruption."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toys import zero_shot_settings

from rnnlab.core.errors import InputError
from rnnlab.training import checkpoints
from rnnlab.training.checkpoints import Checkpoint
from rnnlab.zero_shot import training
from rnnlab.zero_shot.training import (
    Pretrained,
    SyntheticBatches,
    draw_batches,
    learning_rates,
    pretrain,
)

CPU = torch.device("cpu")


class Killed(Exception):
    pass


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of the curve and a checkpoint every two steps."""
    monkeypatch.setattr(training, "LOG_EVERY", 2)
    monkeypatch.setattr(training, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)


def run(checkpoint: Checkpoint | None = None, **changes: Any) -> Pretrained:
    return pretrain(zero_shot_settings(**changes), CPU, checkpoint)


def assert_same(a: Pretrained, b: Pretrained) -> None:
    assert a.curve == b.curve
    assert a.weights.keys() == b.weights.keys()
    for name, value in a.weights.items():
        assert torch.equal(value, b.weights[name]), name


def test_the_same_again_and_for_any_number_of_workers() -> None:
    whole = run()
    assert [row["step"] for row in whole.curve] == [2, 4, 6, 8]
    assert 0 < whole.making_seconds <= whole.seconds
    assert_same(whole, run())
    assert_same(whole, run(workers=1))
    assert_same(whole, run(workers=2))


@pytest.mark.parametrize("killed_at", [3, 6])
@pytest.mark.parametrize("workers", [0, 1])
def test_goes_on_to_the_same_bytes(
    killed_at: int,
    workers: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint = Checkpoint(tmp_path / "run/network.safetensors")
    take_step = training.Trainer.take_step

    def killed(self: training.Trainer, *args: Any) -> None:
        if self.step == killed_at:
            raise Killed
        take_step(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "take_step", killed)
        with pytest.raises(Killed):
            run(checkpoint=checkpoint, workers=workers)
    capsys.readouterr()
    resumed = run(checkpoint=checkpoint, workers=workers)
    assert f"resumes after step {killed_at - killed_at % 2}" in capsys.readouterr().err
    assert_same(resumed, run())


def test_a_finished_training_is_not_run_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "run/network.safetensors")
    first = run(checkpoint=checkpoint)
    again = run(checkpoint=checkpoint)
    assert_same(first, again)
    assert first.seconds == again.seconds


def test_batch_k_is_the_same_wherever_training_begins() -> None:
    settings = zero_shot_settings(steps=4, seed=5)
    batches = SyntheticBatches(settings.seed, settings.batch_size, settings.steps_ahead)
    whole = list(draw_batches(batches, settings, 0, CPU))
    rest = list(draw_batches(batches, settings, 2, CPU))
    assert len(whole) == 4
    for (a, y, _), (b, z, _) in zip(whole[2:], rest, strict=True):
        assert torch.equal(y, z)
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_targets_are_finite_and_clipped() -> None:
    batches = SyntheticBatches(3, 64, 4)
    for number in range(5):
        inputs, target, seconds = batches[number]
        assert target.shape == (64, 4)
        assert target.dtype == torch.float32
        assert target.abs().max() <= training.FAR
        assert seconds > 0
        for value in (target, *inputs.values()):
            assert torch.isfinite(value).all()


@pytest.mark.parametrize("steps", [1, 8, 200, 5000])
def test_the_learning_rate_rises_and_falls(steps: int) -> None:
    rates = np.array(learning_rates(steps))
    peak = int(rates.argmax())
    assert rates.max() == pytest.approx(1)
    assert (rates > 0).all()
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak + 1 :]) < 0).all()
    if steps == 5000:
        assert rates[49] == pytest.approx(0.5)
        assert rates[-1] < 1e-6


def test_the_average_follows_the_weights_from_the_start() -> None:
    """With decay 0 it is the weights themselves; else it has little of the random start."""
    now, averaged = run(weight_average=0.0), run(weight_average=0.998)
    assert now.curve == averaged.curve
    assert not torch.equal(now.weights["head.weight"], averaged.weights["head.weight"])
    ratio = averaged.weights["head.weight"].norm() / now.weights["head.weight"].norm()
    assert 0.2 < ratio < 1


def test_biases_do_not_decay() -> None:
    trainer = training.Trainer(training.ZeroShotNetwork(8, 8), zero_shot_settings(weight_decay=0.5))
    matrices, others = trainer.optimization.optimizer.param_groups
    assert (matrices["weight_decay"], others["weight_decay"]) == (0.5, 0.0)
    assert {w.ndim for w in matrices["params"]} == {2}
    assert {w.ndim for w in others["params"]} == {1}


def test_divergence_is_one_line_that_names_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "loss_function", lambda quantiles, _: quantiles.sum() * np.nan)
    with pytest.raises(InputError, match=r"zero_shot.learning_rate: .* by step 2; write a lower"):
        run()


def test_it_learns_of_series_that_it_does_not_see() -> None:
    found = run(steps=60, batch_size=32, learning_rate=0.02, weight_average=0.9)
    torch.manual_seed(0)
    network, losses = training.ZeroShotNetwork(8, 8), []
    inputs, target, _ = SyntheticBatches(99, 128, 4)[1]
    for _ in range(2):
        losses.append(training.loss_function(network(**inputs), target).item())
        network.load_state_dict(found.weights)
    assert losses[1] < 0.6 * losses[0]
