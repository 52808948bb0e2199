"""Ensemble selection: the best method alone, or several methods whose errors cancel."""

import numpy as np
import pytest
from rnnlab.forecasting.combination import (
    MAX_PICKS,
    MIN_GAIN,
    absolute_scaled_errors,
    choose_weights,
    combine,
)

TRUTH = 100 + np.arange(60.0).reshape(20, 3)
SERIES = np.arange(20) // 10
SCALE = np.array([2.0, 4.0])


def noise(seed: int, size: float = 1.0) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=TRUTH.shape)


def test_errors_by_hand() -> None:
    truth = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 9.0]])
    forecast = np.array([[2.0, 4.0], [3.0, 50.0], [4.0, 9.0]])
    found = absolute_scaled_errors(truth, forecast, np.array([0, 0, 1]), np.array([2.0, 0.5]))
    # the mean of each series over its scale: (1 + 2 + 0) / 3 / 2 and (1 + 0) / 2 / 0.5
    assert found == pytest.approx((0.5 + 1.0) / 2)


def test_series_without_a_scale_or_without_truth_do_not_count() -> None:
    truth = np.array([[1.0], [2.0], [np.nan]])
    forecast = np.array([[2.0], [9.0], [9.0]])
    scale = np.array([2.0, np.nan, 1.0])
    assert absolute_scaled_errors(truth, forecast, np.arange(3), scale) == 0.5
    nothing = absolute_scaled_errors(truth[2:], forecast[2:], np.zeros(1, int), np.ones(1))
    assert np.isnan(nothing)


def test_the_best_method_alone_if_no_other_helps() -> None:
    error = noise(0)
    forecasts = {"far": TRUTH + 5 * error, "near": TRUTH + error, "between": TRUTH + 2 * error}
    errors, weights = choose_weights(TRUTH, forecasts, SERIES, SCALE)
    assert weights == {"near": 1.0}
    assert list(errors) == ["far", "near", "between"]
    assert errors["far"] == pytest.approx(5 * errors["near"])


def test_a_mean_if_errors_cancel() -> None:
    error = noise(0)
    forecasts = {
        "above": TRUTH + 3 + error / 9,
        "below": TRUTH - 3 + error / 9,
        "far": TRUTH + 40,
    }
    _, weights = choose_weights(TRUTH, forecasts, SERIES, SCALE)
    assert weights == {"above": 0.5, "below": 0.5}
    mean = combine(forecasts, weights)
    np.testing.assert_allclose(mean, TRUTH + error / 9)


def test_a_method_can_be_picked_twice() -> None:
    forecasts = {"above": TRUTH + 1, "below": TRUTH - 2}
    _, weights = choose_weights(TRUTH, forecasts, SERIES, SCALE)
    assert weights["above"] == pytest.approx(2 / 3)
    assert weights["below"] == pytest.approx(1 / 3)


def test_independent_errors_are_averaged_and_the_mean_is_better() -> None:
    forecasts = {f"m{n}": TRUTH + noise(n) for n in range(8)}
    errors, weights = choose_weights(TRUTH, forecasts, SERIES, SCALE)
    assert 1 < len(weights) <= MAX_PICKS
    assert sum(weights.values()) == pytest.approx(1)
    found = absolute_scaled_errors(TRUTH, combine(forecasts, weights), SERIES, SCALE)
    assert found < (1 - MIN_GAIN) * min(errors.values())


@pytest.mark.parametrize(
    ("errors", "picked"), [([-0.3, 1.7], 1), ([-1.0, 1.0], 2)], ids=["0.7 %", "2 %"]
)
def test_a_gain_below_the_minimum_adds_no_method(errors: list[float], picked: int) -> None:
    """Both methods err by one on average; their mean is better, since some errors cancel."""
    other = TRUTH + 1
    other[0, :2] = TRUTH[0, :2] + errors
    found, weights = choose_weights(TRUTH, {"one": TRUTH + 1, "two": other}, SERIES, SCALE)
    assert found["one"] == pytest.approx(found["two"])
    assert len(weights) == picked


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_methods_that_diverged_are_ignored(value: float) -> None:
    lost = TRUTH.copy()
    lost[3, 1] = value
    forecasts = {"lost": lost, "near": TRUTH + 1, "far": TRUTH + 4}
    errors, weights = choose_weights(TRUTH, forecasts, SERIES, SCALE)
    assert not np.isfinite(errors["lost"])
    assert weights == {"near": 1.0}
    assert np.isfinite(combine(forecasts, weights)).all()


def test_without_any_truth_the_first_method_is_used() -> None:
    unknown = np.full_like(TRUTH, np.nan)
    _, weights = choose_weights(unknown, {"model": TRUTH, "naive": TRUTH + 1}, SERIES, SCALE)
    assert weights == {"model": 1.0}


def test_combine_by_hand() -> None:
    forecasts = {
        "a": np.array([[1.0, 2.0]]),
        "b": np.array([[3.0, 6.0]]),
        "c": np.array([[9.0, 9]]),
    }
    np.testing.assert_array_equal(combine(forecasts, {"a": 0.75, "b": 0.25}), [[1.5, 3.0]])


def test_series_that_repeat_exactly_still_select_the_best_method() -> None:
    """They have no scale and so no MASE; unscaled errors select the method.

    No method is added to one without errors.
    """
    truth = np.array([[1.0, 2, 3], [2, 3, 1]])
    forecasts = {"model": truth + 1, "exact": truth, "as exact": truth.copy()}
    errors, weights = choose_weights(truth, forecasts, np.array([0, 0]), np.array([np.nan]))
    assert np.isnan(list(errors.values())).all()
    assert weights == {"exact": 1.0}
