"""Normalization of series: exact inverses, statistics of each training part alone."""

import numpy as np
import pytest
from oracles import joined, normalized, ragged, wave

from rnnlab.series.normalization import Normalization, min_training_values, normalization_from
from rnnlab.series.scalers import (
    Scaler,
    difference,
    fit_scaler,
    positions_in_series,
    series_numbers,
)

METHODS = [
    "none",
    "minmax",
    "standard",
    "log",
    "log_standard",
    "log_difference",
    "log_seasonal_difference",
    "log_seasonal_and_first_difference",
]


def fitted(y: np.ndarray, end: int, method: str, period: int = 12) -> tuple[Scaler, np.ndarray]:
    """A scaler of one series, and the series' offsets."""
    offsets = np.array([0, len(y)])
    return fit_scaler(y, offsets, np.array([end]), method, period), offsets


def undone(scaler: Scaler, z: np.ndarray, y: np.ndarray, origin: int) -> np.ndarray:
    """The values of one series whose normalized ones are z."""
    return scaler.inverse(z[None], y, np.array([origin]), np.array([0]))[0]


def test_numbers_and_places_by_hand() -> None:
    offsets = np.array([0, 3, 3, 5])
    np.testing.assert_array_equal(series_numbers(offsets), [0, 0, 0, 2, 2])
    np.testing.assert_array_equal(positions_in_series(offsets), [0, 1, 2, 0, 1])


def test_differences_do_not_reach_into_the_series_before() -> None:
    y, offsets = joined(np.array([1.0, 2, 4, 8]), np.array([100.0, 110]), np.array([5.0, 4, 2]))
    nan = np.nan
    expected = [nan, 1, 2, 4, nan, 10, nan, -1, -2]
    np.testing.assert_array_equal(difference(y, offsets, False, (1,)), expected)
    # a series shorter than its lags has no differences at all
    expected = [nan, nan, nan, 3, nan, nan, nan, nan, nan]
    found = difference(y, offsets, False, (2, 1))
    np.testing.assert_array_equal(found, [*expected[:3], (8 - 2) - (4 - 1), *expected[4:]])


@pytest.mark.parametrize("method", METHODS)
def test_many_series_equal_a_plain_loop_over_each(method: str) -> None:
    lengths, period = [30, 61, 17, 44], 4
    y, offsets = ragged(lengths, period)
    ends = np.array([20, 50, 17, 9])
    z = fit_scaler(y, offsets, ends, method, period).transform(y, offsets)
    for number, end in enumerate(ends):
        span = slice(*offsets[number : number + 2])
        np.testing.assert_allclose(
            z[span], normalized(y[span], end, method, period), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("steps", [1, 5, 30])
@pytest.mark.parametrize("period", [1, 4, 7, 24])
@pytest.mark.parametrize("method", METHODS)
def test_inverse_is_exact_for_other_periods(method: str, period: int, steps: int) -> None:
    y = wave(100, period)
    scaler, offsets = fitted(y, 60, method, period)
    z = scaler.transform(y, offsets).astype(np.float32)  # what a network would answer
    found = undone(scaler, z[70 : 70 + steps], y, 70)
    np.testing.assert_allclose(found, y[70 : 70 + steps], 2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_inverse_is_exact_from_many_origins_of_many_series(method: str) -> None:
    y, offsets = ragged([60, 45, 80], 4)
    scaler = fit_scaler(y, offsets, np.array([40, 30, 50]), method, 4)
    z = scaler.transform(y, offsets)
    series = np.array([0, 0, 1, 2, 2, 2])
    origin = offsets[series] + np.array([9, 52, 20, 8, 40, 72])
    ahead = origin[:, None] + np.arange(8)
    found = scaler.inverse(z[ahead], y, origin, series)
    np.testing.assert_allclose(found, y[ahead], rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_inverse_reads_the_lost_values_before_the_origin_and_nothing_else(method: str) -> None:
    y, offsets = ragged([60, 60], 4)
    scaler = fit_scaler(y, offsets, np.array([40, 40]), method, 4)
    z = scaler.transform(y, offsets)[110:118][None]
    hidden = np.full_like(y, np.nan)
    hidden[110 - scaler.burn_in : 110] = y[110 - scaler.burn_in : 110]
    found = scaler.inverse(z, hidden, np.array([110]), np.array([1]))
    np.testing.assert_allclose(found[0], y[110:118], 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_neither_later_values_nor_other_series_change_a_bit(method: str) -> None:
    y, offsets = ragged([60, 50, 70], 4)
    ends = np.array([40, 30, 50])
    changed = y.copy()
    changed[: offsets[1]] = 1 + np.arange(60) ** 2
    changed[offsets[1] + 30 : offsets[2]] *= 1e3
    changed[offsets[2] :] = changed[offsets[2] :][::-1]
    a, b = (fit_scaler(values, offsets, ends, method, 4) for values in (y, changed))
    for key in ("shift", "scale"):
        assert getattr(a, key)[1].tobytes() == getattr(b, key)[1].tobytes()
    z = [scaler.transform(v, offsets)[60:90] for scaler, v in ((a, y), (b, changed))]
    assert z[0].tobytes() == z[1].tobytes()
    if method not in ("none", "log"):
        assert a.shift[0] != b.shift[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_least_training_part_is_enough(method: str) -> None:
    enough = min_training_values(method, 12)
    y = wave(enough + 5, 12)
    scaler, offsets = fitted(y, enough, method)
    assert np.isfinite(scaler.transform(y, offsets)[scaler.burn_in :]).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_series_stays_finite(method: str) -> None:
    y = np.full(60, 7.0)
    scaler, offsets = fitted(y, 40, method)
    z = scaler.transform(y, offsets)
    assert np.isfinite(z[scaler.burn_in :]).all()
    np.testing.assert_allclose(undone(scaler, z[40:], y, 40), y[40:], rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_forecast_that_ran_away_is_infinite_without_a_warning() -> None:
    scaler = Scaler(True, (), np.zeros(1), np.ones(1))
    y = np.ones(3)
    found = scaler.inverse(np.array([[1e6]]), y, np.array([3]), np.array([0]))
    assert found.tolist() == [[np.inf]]


@pytest.mark.parametrize("method", METHODS)
def test_into_arrays_and_back(method: str) -> None:
    y, offsets = ragged([40, 50], 12)
    scaler = fit_scaler(y, offsets, np.array([30, 40]), method, 12)
    arrays = Normalization(scaler, None).to_arrays()
    settings = {"method": method, "level": 0.3, "season": 0.7, "damping": 0.9}
    again = normalization_from(arrays, settings, 12)
    assert again.smoothing is None
    assert (again.scaler.log, again.scaler.lags) == (scaler.log, scaler.lags)
    z = [each.transform(y, offsets) for each in (scaler, again.scaler)]
    assert z[0].tobytes() == z[1].tobytes()
