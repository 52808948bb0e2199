"""Exponential smoothing as a normalization: exact, causal, fitted on the training part alone."""

import json

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.common.smoothing import Smoother, fit_smoother
from stages.common.windowing import smoothed_windows

SMOOTHING = (0.3, 0.7, 0.95)


def fitted(y: np.ndarray, period: int = 12, log: bool = True) -> Smoother:
    return fit_smoother(y, period, log, SMOOTHING)


def test_states_by_hand() -> None:
    smoother = Smoother(False, 0.5, 0.4, 1.0, 1.0, 10.0, (2.0, -2.0))
    levels, season = smoother.states(np.array([14.0, 9.0]))
    # errors: 14 - 10 - 1 - 2 = 1 and 9 - 11.5 - 1 + 2 = -1.5
    np.testing.assert_allclose(levels, [11.5, 11.75])
    np.testing.assert_allclose(season, [2, -2, 2 + 0.4 * 0.5, -2 - 0.4 * 0.5 * 1.5])


def test_a_line_with_a_season_is_smoothed_without_error() -> None:
    t = np.arange(60)
    y = 50 + 2 * t + np.tile([5, -1, -3, -1], 15)
    smoother = fit_smoother(y[:40], 4, False, (0.3, 0.7, 1.0))
    zero = smoother.forecast(lambda past: np.zeros((1, 4)), y[:40], 8, 20)
    np.testing.assert_allclose(zero, y[40:], rtol=1e-9)


@pytest.mark.parametrize("origin", [85, 100, 132])
def test_targets_undo_to_the_series(airline: np.ndarray, origin: int) -> None:
    smoother = fitted(airline[:85])
    _, targets = smoother.windows(airline, np.array([origin]), 12, 12)
    forecast = smoother.forecast(lambda past: targets, airline[:origin], 12, 12)
    np.testing.assert_allclose(forecast, airline[origin : origin + 12], rtol=1e-5)


def test_inputs_are_those_of_the_training_windows(airline: np.ndarray) -> None:
    smoother, seen = fitted(airline[:85]), []
    windows = smoothed_windows(airline, smoother, 85, 100, 12, 24)
    for origin in windows["origin"]:
        smoother.forecast(
            lambda past: seen.append(past[0]) or np.zeros((1, 24)), airline[:origin], 12, 1
        )
    np.testing.assert_allclose(windows["x"][:, :, 0], np.array(seen), rtol=1e-5, atol=1e-6)


def test_no_window_sees_its_future(airline: np.ndarray) -> None:
    smoother, changed = fitted(airline[:85]), airline.copy()
    changed[95:] = 1e6
    origin = np.arange(30, 96)
    before, _ = smoother.windows(airline, origin, 12, 24)
    after, _ = smoother.windows(changed, origin, 12, 24)
    np.testing.assert_array_equal(before, after)
    windows = smoothed_windows(airline, smoother, 0, 95, 12, 24)
    again = smoothed_windows(changed, smoother, 0, 95, 12, 24)
    for key, values in windows.items():
        np.testing.assert_array_equal(values, again[key])
    assert np.isnan(windows["y"][-1, 1:]).all()


def test_beyond_the_horizon_the_mean_answer_goes_on(airline: np.ndarray) -> None:
    smoother = fitted(airline[:100])
    answer = np.arange(24.0)[None]
    forecast = np.log(smoother.forecast(lambda past: answer, airline[:100], 12, 44))
    zero = np.log(smoother.forecast(lambda past: 0 * answer, airline[:100], 12, 44))
    added = (forecast - zero) / smoother.target_scale
    np.testing.assert_allclose(added[:24], answer[0], atol=1e-9)
    np.testing.assert_allclose(added[24:], answer[0, -12:].mean())


@pytest.mark.parametrize("period", [1, 4, 12])
def test_any_period_and_sign(period: int) -> None:
    y = np.random.default_rng(0).normal(size=60)
    smoother = fitted(y, period, log=False)
    assert len(smoother.season) == period
    assert np.isfinite(smoother.forecast(lambda past: np.zeros((1, 3)), y, 6, 10)).all()


def test_zeros_have_no_logarithm() -> None:
    with pytest.raises(InputError, match=r"no logarithm.*exponential_smoothing"):
        fitted(np.arange(60.0))


def test_too_short() -> None:
    with pytest.raises(InputError, match=r"25 training values are too few.*26 or more"):
        fitted(np.arange(1.0, 26.0))


def test_a_constant_series_stays_finite() -> None:
    smoother = fitted(np.full(60, 5.0))
    zero = smoother.forecast(lambda past: np.zeros((1, 12)), np.full(60, 5.0), 12, 30)
    np.testing.assert_allclose(zero, 5.0)


def test_json_and_back(airline: np.ndarray) -> None:
    smoother = fitted(airline[:85])
    assert Smoother.from_json(json.loads(json.dumps(smoother.to_json()))) == smoother
