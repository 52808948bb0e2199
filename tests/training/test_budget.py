"""train.steps in place of train.epochs: how many epochs they are, and what an epoch draws."""

import pytest
from toys import settings, sums

from rnnlab.training.budget import within_steps

FEW = sums(200, 1)  # seven batches of 32


def test_without_steps_nothing_changes() -> None:
    train = settings()
    assert within_steps(train, FEW) == (train, FEW)
    assert FEW.per_epoch == 200


@pytest.mark.parametrize(
    ("steps", "epochs", "drawn"),
    [(1, 1, 32), (3, 3, 32), (10, 10, 32), (30, 10, 96), (70, 10, 200), (75, 11, 200),
     (700, 100, 200)],
)  # fmt: skip
def test_steps_are_whole_epochs_or_tenths_of_the_steps(steps: int, epochs: int, drawn: int) -> None:
    train, samples = within_steps(settings(steps=steps), FEW)
    assert (train.epochs, samples.per_epoch) == (epochs, drawn)
    batches = -(-drawn // 32)
    assert steps <= epochs * batches < steps + batches


def test_a_schedule_has_room_for_the_epochs_of_an_earlier_run() -> None:
    """The best epoch of a part with fewer windows."""
    assert within_steps(settings(steps=70), FEW, epochs=12)[0].epochs == 12
