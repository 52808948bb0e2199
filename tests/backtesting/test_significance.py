"""Paired tests of losses: small p-values for clear differences only, and the formulas by hand."""

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import wilcoxon

from rnnlab.backtesting.significance import MIN_PAIRS, paired_test


def drawn(seed: int, count: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


LOSS = np.random.default_rng(0).gamma(2.0, size=60)
ONE, MANY = np.zeros(60, dtype=int), np.repeat(np.arange(20), 3)


@pytest.mark.parametrize(("series", "name"), [(ONE, "Diebold-Mariano"), (MANY, "Wilcoxon")])
def test_equal_losses_have_no_p_value(series: np.ndarray, name: str) -> None:
    found = paired_test(LOSS, LOSS, series, 1)
    assert found == {"difference": 0, "test": name, "p_value": None}


@pytest.mark.parametrize("series", [ONE, MANY])
@pytest.mark.parametrize("steps", [1, 12])
def test_a_clear_difference_has_a_small_p_value(series: np.ndarray, steps: int) -> None:
    theirs = LOSS + 1 + 0.3 * drawn(4)
    for a, b, sign in ((LOSS, theirs, -1), (theirs, LOSS, 1)):
        found = paired_test(a, b, series, steps)
        assert found["p_value"] < 0.01
        assert found["difference"] == pytest.approx((a - b).mean())
        assert np.sign(found["difference"]) == sign


@pytest.mark.parametrize("series", [ONE, MANY])
def test_no_difference_has_a_large_p_value(series: np.ndarray) -> None:
    random = np.random.default_rng(1)
    values = [
        paired_test(*random.gamma(2.0, size=(2, 60)), series, 1)["p_value"] for _ in range(100)
    ]
    # two-sided: about five in a hundred are below 0.05
    assert sum(value < 0.05 for value in values) <= 12
    assert 0.3 < np.median(values) < 0.7


@pytest.mark.parametrize("count", [8, 20, 60])
def test_one_step_ahead_by_the_formula(count: int) -> None:
    """Harvey, Leybourne & Newbold 1997, eq. (9), with h = 1: Student's t of the mean difference."""
    ours, theirs = LOSS[:count], LOSS[::-1][:count] + 0.2
    d = ours - theirs
    statistic = d.mean() / np.sqrt(((d - d.mean()) ** 2).mean() / count)
    corrected = statistic * np.sqrt((count + 1 - 2 + 0) / count)
    expected = 2 * student.sf(abs(corrected), count - 1)
    found = paired_test(ours, theirs, ONE[:count], 1)
    assert found["p_value"] == pytest.approx(expected, rel=1e-6)
    assert found["test"] == "Diebold-Mariano"


def test_several_steps_ahead_by_the_formula() -> None:
    """Origins less than four steps apart share values, which Bartlett weights account for."""
    count, h = 60, 4
    ours = np.convolve(np.abs(drawn(5, 63)), np.ones(4) / 4, "valid")
    theirs = np.convolve(np.abs(drawn(6, 63)), np.ones(4) / 4, "valid")
    d = ours - theirs
    centred = d - d.mean()
    variance = (centred**2).mean()
    for lag in range(1, h):
        variance += 2 * (1 - lag / h) * (centred[lag:] * centred[:-lag]).sum() / count
    corrected = (
        d.mean()
        / np.sqrt(variance / count)
        * np.sqrt((count + 1 - 2 * h + h * (h - 1) / count) / count)
    )
    expected = 2 * student.sf(abs(corrected), count - 1)
    assert paired_test(ours, theirs, ONE, h)["p_value"] == pytest.approx(expected, rel=1e-6)


def test_several_series_are_compared_by_their_mean_losses() -> None:
    theirs = LOSS + 0.2 * drawn(4)
    found = paired_test(LOSS, theirs, MANY, 12)
    means = [loss.reshape(20, 3).mean(axis=1) for loss in (LOSS, theirs)]
    assert found["test"] == "Wilcoxon"
    assert found["p_value"] == pytest.approx(wilcoxon(*means).pvalue)
    assert found["difference"] == pytest.approx((means[0] - means[1]).mean())


def test_series_of_unequal_length_and_missing_numbers() -> None:
    series = np.repeat(np.arange(30)[::3], np.arange(1, 11))
    ours = np.arange(55.0) ** 1.1
    found = paired_test(ours, ours + 1, series, 1)
    assert found["difference"] == pytest.approx(-1)
    found = paired_test(ours, ours + np.random.default_rng(3).random(55), series, 1)
    assert found["p_value"] < 0.01


@pytest.mark.parametrize(
    ("count", "steps"), [(0, 1), (MIN_PAIRS - 1, 1), (12, 12)], ids=["none", "few", "steps"]
)
def test_too_few_pairs_have_no_p_value(count: int, steps: int) -> None:
    found = paired_test(LOSS[:count], LOSS[:count] + drawn(4, count), ONE[:count], steps)
    assert found["p_value"] is None
    assert np.isnan(found["difference"]) == (count == 0)


@pytest.mark.filterwarnings("error")
def test_infinite_losses_are_ignored() -> None:
    theirs = LOSS + 1 + 0.3 * drawn(4)
    lost = theirs.copy()
    lost[[3, 7]] = np.nan, np.inf
    kept = np.delete(np.arange(60), [3, 7])
    assert paired_test(LOSS, lost, ONE, 1) == paired_test(LOSS[kept], theirs[kept], ONE[kept], 1)
