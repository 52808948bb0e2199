"""What is said of how far an ensemble's networks lie apart."""

import pytest

from rnnlab.report.uncertainty import said_of_members


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([0.5], []),
        ([0.5, 0.25], ["2 networks, each from a seed of its own, have a validation loss of 0.25"]),
        ([0.5, None, None], ["2 of the 3 networks did not converge."]),
    ],
)
def test_members(losses: list[float | None], words: list[str]) -> None:
    said = said_of_members({"fits": {"main": [{"validation_loss": loss} for loss in losses]}})
    assert len(said) == len(words)
    for sentence, word in zip(said, words, strict=True):
        assert word in sentence
