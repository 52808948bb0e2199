"""Losses, by hand."""

import numpy as np
import pytest
import torch

from rnnlab.training.device import seeded_generator
from rnnlab.training.steps import loss_of


@pytest.mark.parametrize(("loss", "expected"), [("mse", (1 + 9 + 4) / 3), ("mae", (1 + 3 + 2) / 3)])
def test_unknown_values_do_not_count(loss: str, expected: float) -> None:
    answers = torch.tensor([[1.0, 5.0], [0.0, 7.0]], requires_grad=True)
    found = loss_of(answers, torch.tensor([[2.0, 2.0], [2.0, torch.nan]]), loss)
    assert found.item() == pytest.approx(expected)
    found.backward()
    assert answers.grad[1, 1] == 0
    assert (answers.grad[0] != 0).all()


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_nothing_known_is_no_loss(loss: str) -> None:
    answers = torch.ones(2, 3, requires_grad=True)
    found = loss_of(answers, torch.full((2, 3), torch.nan), loss)
    found.backward()
    assert found == 0
    assert (answers.grad == 0).all()


def test_cross_entropy_by_hand() -> None:
    answers, y = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]]), torch.tensor([0, 2])
    chances = np.exp(answers.numpy()) / np.exp(answers.numpy()).sum(1, keepdims=True)
    logs = np.log(chances)
    expected = -(logs[0, 0] + logs[1, 2]) / 2
    assert loss_of(answers, y, "cross_entropy").item() == pytest.approx(expected, rel=1e-6)
    smoothed = 0.9 * expected + 0.1 * -logs.mean()
    assert loss_of(answers, y, "cross_entropy", 0.1).item() == pytest.approx(smoothed, rel=1e-6)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.8])
def test_pinball_by_hand(quantile: float) -> None:
    """Koenker & Bassett 1978: what lies above costs the quantile, what lies below the rest."""
    answers = torch.tensor([[1.0, 5.0], [0.0, 7.0]], requires_grad=True)
    y = torch.tensor([[3.0, 4.0], [0.5, torch.nan]])
    found = loss_of(answers, y, "pinball", quantile=quantile)
    expected = (quantile * 2 + (1 - quantile) * 1 + quantile * 0.5) / 3
    assert found.item() == pytest.approx(expected)
    found.backward()
    expected = [[-quantile / 3, (1 - quantile) / 3], [-quantile / 3, 0]]
    np.testing.assert_allclose(answers.grad, expected, rtol=1e-6)


def test_sow_depends_on_every_part_of_the_path() -> None:
    def first(*path: str | int) -> int:
        return torch.randint(2**60, (1,), generator=seeded_generator(*path)).item()

    numbers = [first(1, "main", 0), first(1, "main", 1), first(1, "year", 0), first(2, "main", 0)]
    assert len(set(numbers)) == 4
    assert first(1, "main", 0) == numbers[0]
