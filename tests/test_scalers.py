"""Normalization of a series: exact inverses, statistics of the training part alone."""

import json

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.common.scalers import Scaler, fit_scaler

METHODS = [
    "none",
    "minmax",
    "standard",
    "log_standard",
    "log_difference",
    "log_seasonal_difference",
    "log_seasonal_and_first_difference",
]
LOST = {
    "log_difference": lambda period: 1,
    "log_seasonal_difference": lambda period: period,
    "log_seasonal_and_first_difference": lambda period: period + 1,
}


def wave(length: int, period: int) -> np.ndarray:
    t = np.arange(length)
    noise = np.random.default_rng(3).normal(size=length)
    return 1e4 * np.exp(0.02 * t + 0.3 * np.sin(2 * np.pi * t / period) + 0.05 * noise)


@pytest.mark.parametrize("steps", [1, 12, 44])
@pytest.mark.parametrize("origin", [50, 85, 100])
@pytest.mark.parametrize("method", METHODS)
def test_inverse_is_exact_on_airline(
    airline: np.ndarray, method: str, origin: int, steps: int
) -> None:
    scaler = fit_scaler(airline[:85], method, 12)
    z = scaler.transform(airline)
    found = scaler.inverse(z[origin : origin + steps], airline[:origin])
    np.testing.assert_allclose(found, airline[origin : origin + steps], rtol=1e-9)


@pytest.mark.parametrize("steps", [1, 5, 30])
@pytest.mark.parametrize("period", [1, 4, 7, 24])
@pytest.mark.parametrize("method", METHODS)
def test_inverse_is_exact_for_other_periods(method: str, period: int, steps: int) -> None:
    y = wave(100, period)
    scaler = fit_scaler(y[:60], method, period)
    z = scaler.transform(y).astype(np.float32)  # what a network would answer
    np.testing.assert_allclose(scaler.inverse(z[70 : 70 + steps], y[:70]), y[70 : 70 + steps], 1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_inverse_needs_no_more_than_the_lost_values(method: str) -> None:
    y = wave(60, 4)
    scaler = fit_scaler(y[:40], method, 4)
    history = y[50 - max(scaler.lost, 1) : 50]
    np.testing.assert_allclose(scaler.inverse(scaler.transform(y)[50:], history), y[50:], 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_transform_loses_what_differences_cannot_reach(airline: np.ndarray, method: str) -> None:
    scaler = fit_scaler(airline[:85], method, 12)
    assert scaler.lost == LOST.get(method, lambda period: 0)(12)
    z = scaler.transform(airline)
    assert len(z) == len(airline)
    assert np.isnan(z[: scaler.lost]).all()
    assert np.isfinite(z[scaler.lost :]).all()


@pytest.mark.parametrize("method", METHODS)
def test_statistics_are_of_the_training_part(airline: np.ndarray, method: str) -> None:
    scaler = fit_scaler(airline[:85], method, 12)
    z = scaler.transform(airline)[scaler.lost : 85]
    if method == "none":
        np.testing.assert_array_equal(z, airline[:85])
    elif method == "minmax":
        assert (z.min(), z.max()) == (0, 1)
    else:
        np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-12)


def test_methods_by_hand(airline: np.ndarray) -> None:
    seasonal = np.log(airline[12:]) - np.log(airline[:-12])
    for method, steps in (
        ("log_standard", np.log(airline)),
        ("log_difference", np.diff(np.log(airline))),
        ("log_seasonal_difference", seasonal),
        ("log_seasonal_and_first_difference", np.diff(seasonal)),
    ):
        scaler = fit_scaler(airline, method, 12)
        expected = (steps - steps.mean()) / steps.std()
        np.testing.assert_allclose(scaler.transform(airline)[scaler.lost :], expected, atol=1e-9)


@pytest.mark.parametrize("value", [0.0, -3.0])
@pytest.mark.parametrize("method", [method for method in METHODS if method.startswith("log")])
def test_no_logarithm_of_zeros_and_negatives(method: str, value: float) -> None:
    y = wave(60, 12)
    y[20] = value
    with pytest.raises(InputError, match=rf"{value:g} has no logarithm.*normalize\.method"):
        fit_scaler(y, method, 12)


@pytest.mark.parametrize("method", ["none", "minmax", "standard"])
def test_zeros_and_negatives_where_no_logarithm_is_taken(method: str) -> None:
    y = wave(60, 12) - 2e4
    y[20] = 0
    scaler = fit_scaler(y[:40], method, 12)
    np.testing.assert_allclose(scaler.inverse(scaler.transform(y)[40:], y[:40]), y[40:], 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_too_short(method: str) -> None:
    enough = LOST.get(method, lambda period: 0)(12) + 2
    fit_scaler(wave(enough, 12), method, 12)
    with pytest.raises(InputError, match=f"too few.*{enough} or more"):
        fit_scaler(wave(enough - 1, 12), method, 12)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_series_stays_finite(method: str) -> None:
    y = np.full(60, 7.0)
    scaler = fit_scaler(y[:40], method, 12)
    z = scaler.transform(y)
    assert np.isfinite(z[scaler.lost :]).all()
    np.testing.assert_allclose(scaler.inverse(z[40:], y[:40]), y[40:], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_json_and_back(airline: np.ndarray, method: str) -> None:
    scaler = fit_scaler(airline, method, 12)
    assert Scaler.from_json(json.loads(json.dumps(scaler.to_json()))) == scaler
