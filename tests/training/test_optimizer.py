"""Optimizers and schedules."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers import ROOT, small_environment
from torch import nn
from toys import settings

from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training.optimizer import (
    OPTIMIZERS,
    Average,
    Optimization,
    clip_gradients,
    learning_rates,
    make_optimizer,
)

ONE_STEP = """
import sys, torch
from toys import settings
from rnnlab.training.optimizer import make_optimizer

for name in sys.argv[1:]:
    network = torch.nn.Linear(2, 2)
    optimizer = make_optimizer(network, settings(optimizer=name))
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    optimizer.load_state_dict(optimizer.state_dict())
    print(name, "torch._dynamo" in sys.modules)
"""


def rates(schedule: str, steps: int, **changes) -> list[float]:
    return learning_rates(settings(schedule=schedule, **changes), steps)


def rates_of_torch(schedule: str, steps: int, warm_up: float) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.02)
    made: torch.optim.lr_scheduler.LRScheduler
    if schedule == "cosine":
        made = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    else:
        made = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 0.02, total_steps=steps + 1, pct_start=warm_up, cycle_momentum=False
        )
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return found


def test_schedules() -> None:
    assert rates("constant", 20) == [0.02] * 20
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(20) / 20))
    np.testing.assert_allclose(rates("cosine", 20), expected, atol=1e-12)
    cycle = rates("one_cycle", 20)
    assert max(cycle) == pytest.approx(0.02, rel=0.01)  # the top may lie between two steps
    top = int(np.argmax(cycle))
    assert 0 < top < 10
    assert (np.diff(cycle[: top + 1]) > 0).all()
    assert (np.diff(cycle[top:]) < 0).all()
    assert cycle[0] == pytest.approx(0.02 / 25)
    assert cycle[-1] < cycle[0]


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3, 20, 5_000])
@pytest.mark.parametrize("warm_up", [0.05, 0.2, 0.5])
def test_rates_are_those_of_torchs_schedulers(schedule: str, steps: int, warm_up: float) -> None:
    """Bit for bit, so that weights stay the same."""
    if schedule == "one_cycle" and warm_up * (steps + 1) == 1:
        pytest.skip("torch divides by zero here")
    assert rates(schedule, steps, warm_up=warm_up) == rates_of_torch(schedule, steps, warm_up)


def test_every_step_takes_its_rate() -> None:
    network = nn.Linear(2, 1)
    optimization = Optimization(network, settings(schedule="cosine"), 3)
    taken = []
    for _ in range(3):
        optimization.step(network(torch.ones(1, 2)).sum())
        taken.append([group["lr"] for group in optimization.optimizer.param_groups])
    assert taken == [[rate, rate] for rate in rates("cosine", 3)]


@pytest.mark.parametrize("warm_up", [0.1, 0.5, 0.8])
def test_warm_up_says_when_the_rate_is_highest(warm_up: float) -> None:
    assert np.argmax(rates("one_cycle", 20, warm_up=warm_up)) == pytest.approx(20 * warm_up, abs=1)


def test_weight_decay_spares_biases() -> None:
    network = RecurrentNetwork(1, 2, hidden_size=4)
    optimizer = make_optimizer(network, settings(weight_decay=0.1))
    decay = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    for name, parameter in network.named_parameters():
        assert decay.pop(id(parameter)) == (0.0 if "bias" in name else 0.1), name
    assert decay == {}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_torchs_optimizer(name: str) -> None:
    torch.manual_seed(1)
    ours, theirs = nn.Linear(3, 2, bias=False), nn.Linear(3, 2, bias=False)
    theirs.load_state_dict(ours.state_dict())
    chosen = settings(optimizer=name, weight_decay=0.1)
    more = {"momentum": chosen.momentum} if name == "sgd" else {}
    optimizers = [
        make_optimizer(ours, chosen),
        OPTIMIZERS[name](
            theirs.parameters(), lr=chosen.learning_rate, weight_decay=0.1, fused=True, **more
        ),
    ]
    for x in torch.randn(5, 4, 3):
        for network, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            network(x).square().sum().backward()
            optimizer.step()
    assert torch.equal(ours.weight, theirs.weight)


def test_no_step_imports_the_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_STEP, *OPTIMIZERS],
        env=small_environment(PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"{name} False" for name in OPTIMIZERS]


@pytest.mark.parametrize("named", [True, False], ids=["", "by public names"])
@pytest.mark.parametrize("size", [0.01, 100.0])
def test_gradients_are_clipped_as_torch_clips_them(
    size: float, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = [nn.Parameter(torch.zeros(shape)) for shape in ((3, 2), (3,), (2,))]
    torch.manual_seed(1)
    for weight in weights[:2]:  # the last has no gradient
        weight.grad = size * torch.randn_like(weight)
    theirs = [nn.Parameter(torch.zeros_like(weight)) for weight in weights]
    for weight, other in zip(weights[:2], theirs, strict=False):
        other.grad = weight.grad.clone()
    if not named:
        monkeypatch.delattr(torch, "_foreach_mul_")
    clip_gradients(weights, 1.0)
    nn.utils.clip_grad_norm_(theirs, 1.0, foreach=named)
    for weight, other in zip(weights[:2], theirs, strict=False):
        assert torch.equal(weight.grad, other.grad)


def test_weights_are_averaged_without_operators_on_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    def averaged() -> list[torch.Tensor]:
        torch.manual_seed(1)
        network = nn.Linear(3, 2)
        average = Average(network, 0.9)
        for _ in range(3):
            for weight in network.parameters():
                weight.data += torch.randn_like(weight)
            average.update()
        return average.average

    expected = averaged()
    monkeypatch.delattr(torch, "_foreach_lerp_")
    for mine, other in zip(averaged(), expected, strict=True):
        assert torch.equal(mine, other)
