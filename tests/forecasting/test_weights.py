"""Errors of methods, and ensemble selection: the best alone, or several whose errors cancel."""

import numpy as np
import pytest

from rnnlab.forecasting.selection import (
    LARGEST_RATIO,
    MAX_PICKS,
    MIN_GAIN,
    choose_weights,
    combine,
    mean_errors,
    relative_errors,
)

TRUTH = 100 + np.arange(60.0).reshape(20, 3)
SERIES = np.arange(20) // 10
SCALE = np.array([2.0, 4.0])


def noise(seed: int, size: float = 1.0) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=TRUTH.shape)


def chosen(
    forecasts: dict[str, np.ndarray],
    truth: np.ndarray = TRUTH,
    naive: np.ndarray | None = None,
    series: np.ndarray = SERIES,
    scale: np.ndarray = SCALE,
) -> tuple[dict[str, float], dict[str, float]]:
    """The errors of methods, relative to ``naive`` (by default 10 off), and their weights."""
    score = relative_errors(truth, truth + 10 if naive is None else naive, series, scale)
    errors = {method: score(forecast) for method, forecast in forecasts.items()}
    return errors, choose_weights(forecasts, errors, score)


def test_errors_by_hand() -> None:
    truth = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 9.0]])
    forecast = np.array([[2.0, 4.0], [3.0, 50.0], [4.0, 9.0]])
    naive = np.array([[2.0, 3.0], [2.0, 7.0], [3.0, 7.0]])
    series, scale = np.array([0, 0, 1]), np.array([2.0, 4.0])
    assert mean_errors(truth, forecast, series, scale).tolist() == [1.0, 0.5]
    # MASE of both series, (1 + 2 + 0) / 3 / 2 and (1 + 0) / 2 / 4, over that of naive
    found = relative_errors(truth, naive, series, scale)(forecast)
    assert found == pytest.approx((1 / 2 + 0.5 / 4) / (1 / 2 + 2 / 4))


def test_series_without_a_scale_or_without_truth_do_not_count() -> None:
    truth = np.array([[1.0], [2.0], [np.nan]])
    forecast, naive = np.array([[2.0], [9.0], [9.0]]), np.array([[3.0], [2.0], [2.0]])
    scale = np.array([2.0, np.nan, 1.0])
    assert relative_errors(truth, naive, np.arange(3), scale)(forecast) == 0.5
    nothing = relative_errors(truth[2:], naive[2:], np.zeros(1, int), np.ones(1))(forecast[2:])
    assert np.isnan(nothing)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e9])
def test_no_single_series_decides(scale: float) -> None:
    """Thirty series say one thing, one with hardly any scale (or a huge one) another."""
    truth, series = np.zeros((31, 4)), np.arange(31)
    odd = np.arange(31) == 30
    forecasts = {
        "better on thirty": np.where(odd[:, None], 3.0, 0.5) * np.ones((31, 4)),
        "better on one": np.where(odd[:, None], 1.0, 1.5) * np.ones((31, 4)),
    }
    scales = np.where(odd, scale, 1.0)
    errors, weights = chosen(forecasts, truth, np.ones((31, 4)), series, scales)
    assert weights == {"better on thirty": 1.0}
    assert errors["better on thirty"] < 1 < errors["better on one"] < 2


def test_an_error_of_one_series_is_bounded() -> None:
    truth, wild = np.zeros((20, 2)), np.full((20, 2), 0.5)
    wild[7] = 1e12
    found, _ = chosen({"wild": wild}, truth, np.ones((20, 2)), np.arange(20), np.ones(20))
    assert found["wild"] == pytest.approx((19 * 0.5 + LARGEST_RATIO) / 20)


def test_the_best_method_alone_if_no_other_helps() -> None:
    error = noise(0)
    forecasts = {"far": TRUTH + 5 * error, "near": TRUTH + error, "between": TRUTH + 2 * error}
    errors, weights = chosen(forecasts)
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
    _, weights = chosen(forecasts)
    assert weights == {"above": 0.5, "below": 0.5}
    mean = combine(forecasts, weights)
    np.testing.assert_allclose(mean, TRUTH + error / 9)


def test_a_method_can_be_picked_twice() -> None:
    forecasts = {"above": TRUTH + 1, "below": TRUTH - 2}
    _, weights = chosen(forecasts)
    assert weights["above"] == pytest.approx(2 / 3)
    assert weights["below"] == pytest.approx(1 / 3)


def test_independent_errors_are_averaged_and_the_mean_is_better() -> None:
    forecasts = {f"m{n}": TRUTH + noise(n) for n in range(8)}
    errors, weights = chosen(forecasts)
    assert 1 < len(weights) <= MAX_PICKS
    assert sum(weights.values()) == pytest.approx(1)
    found = relative_errors(TRUTH, TRUTH + 10, SERIES, SCALE)(combine(forecasts, weights))
    assert found < (1 - MIN_GAIN) * min(errors.values())


@pytest.mark.parametrize(
    ("errors", "picked"), [([-0.3, 1.7], 1), ([-1.0, 1.0], 2)], ids=["0.7 %", "2 %"]
)
def test_a_gain_below_the_minimum_adds_no_method(errors: list[float], picked: int) -> None:
    """Both methods err by one on average; their mean is better, since some errors cancel."""
    other = TRUTH + 1
    other[0, :2] = TRUTH[0, :2] + errors
    found, weights = chosen({"one": TRUTH + 1, "two": other})
    assert found["one"] == pytest.approx(found["two"])
    assert len(weights) == picked


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_methods_that_diverged_are_ignored(value: float) -> None:
    lost = TRUTH.copy()
    lost[3, 1] = value
    forecasts = {"lost": lost, "near": TRUTH + 1, "far": TRUTH + 4}
    errors, weights = chosen(forecasts)
    assert not errors["lost"] < 1
    assert weights == {"near": 1.0}
    assert np.isfinite(combine(forecasts, weights)).all()


def test_without_any_truth_the_first_method_is_used() -> None:
    unknown = np.full_like(TRUTH, np.nan)
    _, weights = chosen({"model": TRUTH, "naive": TRUTH + 1}, unknown)
    assert weights == {"model": 1.0}


def test_series_that_repeat_exactly_still_select_the_best_method() -> None:
    """They have no scale and so no MASE; unscaled errors select the method.

    No method is added to one without errors.
    """
    truth, series = np.array([[1.0, 2, 3], [2, 3, 1]]), np.array([0, 0])
    forecasts = {"model": truth + 1, "exact": truth, "as exact": truth.copy()}
    errors, weights = chosen(forecasts, truth, truth, series, np.array([np.nan]))
    assert errors == {"model": LARGEST_RATIO, "exact": 1.0, "as exact": 1.0}
    assert weights == {"exact": 1.0}


@pytest.mark.parametrize(("gain", "first"), [(0.02, "better"), (0.2, "preferred")])
def test_the_preferred_method_comes_first_unless_another_is_clearly_better(
    gain: float, first: str
) -> None:
    forecasts = {"preferred": TRUTH + 1.0, "better": TRUTH + 0.9, "worse": TRUTH + 1.1}
    score = relative_errors(TRUTH, TRUTH + 10, SERIES, SCALE)
    errors = {method: score(forecast) for method, forecast in forecasts.items()}
    assert choose_weights(forecasts, errors, score, "preferred", gain) == {first: 1.0}
