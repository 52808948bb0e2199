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
    learning_rates,
    make_optimizer,
)

ONE_STEP = """
import sys, torch
from toys import settings
from rnnlab.training.optimizer import learning_rates, make_optimizer

for name in sys.argv[1:]:
    network = torch.nn.Linear(2, 2)
    optimizer = make_optimizer(network, name, weight_decay=0.0)
    learning_rates(settings(schedule='one_cycle'), 3)
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    optimizer.load_state_dict(optimizer.state_dict())
    print(name, "torch._dynamo" in sys.modules)
"""


def rates(schedule: str, steps: int, **changes) -> list[float]:
    return learning_rates(settings(schedule=schedule, **changes), steps)


def test_schedules() -> None:
    assert rates("constant", 20) == [0.02] * 20
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(20) / 20))
    np.testing.assert_allclose(rates("cosine", 20), expected, atol=1e-12)


def test_one_cycle_is_that_of_smith_and_topin() -> None:
    """From a 25th of the top along a cosine to the top, and down to almost nothing."""
    found = rates("one_cycle", 9, warm_up=0.5)  # the turn lies at step 4
    rise = 0.02 / 25 + (0.02 - 0.02 / 25) * (1 - np.cos(np.pi * np.arange(5) / 4)) / 2
    fall = 0.02 / 25e4 + (0.02 - 0.02 / 25e4) * (1 + np.cos(np.pi * np.arange(1, 5) / 5)) / 2
    np.testing.assert_allclose(found, [*rise, *fall], rtol=1e-12)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3, 9])
@pytest.mark.parametrize("warm_up", [0.05, 0.1, 0.25, 0.5])
def test_any_number_of_steps_has_its_rates(schedule: str, steps: int, warm_up: float) -> None:
    """Also where the rise takes one step, and torch's scheduler alone would divide by zero."""
    found = rates(schedule, steps, warm_up=warm_up)
    assert len(found) == steps
    assert all(0 < rate <= 0.02 for rate in found)


def test_every_step_takes_its_rate() -> None:
    network = nn.Linear(2, 1)
    optimization = Optimization.from_settings(network, settings(schedule="cosine"), 3)
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
    optimizer = make_optimizer(network, "adamw", weight_decay=0.1)
    decay = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    for name, parameter in network.named_parameters():
        assert decay.pop(id(parameter)) == (0.0 if "bias" in name else 0.1), name
    assert decay == {}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_torchs_optimizer(name: str) -> None:
    torch.manual_seed(1)
    ours, theirs = nn.Linear(3, 2, bias=False), nn.Linear(3, 2, bias=False)
    theirs.load_state_dict(ours.state_dict())
    more = {"momentum": 0.5} if name == "sgd" else {}
    optimizers = [
        make_optimizer(ours, name, weight_decay=0.1, momentum=0.5),
        OPTIMIZERS[name](theirs.parameters(), weight_decay=0.1, fused=True, **more),
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


@pytest.mark.parametrize(("clip", "norm"), [(0.5, 0.5), (0.0, 1000 * 3**0.5)])
def test_gradients_are_clipped_by_their_total_norm_or_not_at_all(clip: float, norm: float) -> None:
    network = nn.Linear(2, 1)
    optimization = Optimization.from_settings(network, settings(gradient_clip=clip), 1)
    optimization.step(1000 * network(torch.ones(1, 2)).sum())
    gradients = [weight.grad for weight in network.parameters()]
    assert torch.cat([g.flatten() for g in gradients]).norm() == pytest.approx(norm, rel=1e-4)


@pytest.mark.parametrize(("delay", "second"), [(9, 2 / 11), (10, 2 / 12)])
def test_the_average_soon_forgets_the_initial_weights(delay: int, second: float) -> None:
    weights = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(weights.weight)
    average = Average(weights, 0.9, delay)
    expected = 0.0
    for step, decay in [(1, 1 / (1 + delay)), (2, second), (1000, 0.9)]:
        weights.weight.data += 1
        average.update(step)
        expected = decay * expected + (1 - decay) * weights.weight.item()
        assert average.average[0].item() == pytest.approx(expected)
    with average.in_place():
        assert weights.weight.item() == pytest.approx(expected)
    assert weights.weight.item() == 3
