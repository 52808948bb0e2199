"""The sentence on the validation scores of an ensemble's members."""

import pytest

from rnnlab.report.uncertainty import ensemble_findings


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([0.5], []),
        ([0.5, 0.25], ["2 networks, trained from different seeds, have a validation loss of 0.25"]),
        ([0.5, None, None], ["2 of the 3 networks did not converge."]),
    ],
)
def test_members(losses: list[float | None], words: list[str]) -> None:
    findings = ensemble_findings({"fits": {"main": [{"validation_loss": loss} for loss in losses]}})
    assert len(findings) == len(words)
    for sentence, word in zip(findings, words, strict=True):
        assert word in sentence
