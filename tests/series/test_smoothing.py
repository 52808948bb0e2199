"""Exponential smoothing as a normalization: exact, causal, fitted on each training part alone."""

import itertools

import numpy as np
import pytest
from oracles import SmoothedSeries, joined, normalized, ragged

from rnnlab.core.params import SeriesNormalize
from rnnlab.series.normalization import (
    Normalization,
    fit_normalization,
    min_training_values,
    normalization_from,
)
from rnnlab.series.smoothing import Smoothing, fit_smoothing

CONSTANTS = (0.3, 0.7, 0.95)
FITTED = ("slope", "level", "season", "input_scale", "target_scale")
METHODS = ["exponential_smoothing", "log_exponential_smoothing"]
# the longest first, last and in between; one shorter than its smoothing settles in
LENGTHS, ENDS, PERIOD = [40, 71, 25, 13, 58], [30, 60, 20, 10, 41], 4


def settings(method: str = "log_exponential_smoothing") -> SeriesNormalize:
    alpha, gamma, phi = CONSTANTS
    return SeriesNormalize(method=method, level=alpha, season=gamma, damping=phi)


def fitted(y: np.ndarray, end: int, period: int = 12, log: bool = True) -> Normalization:
    method = METHODS[int(log)]
    offsets = np.array([0, len(y)])
    return fit_normalization(y, offsets, np.array([end]), settings(method), period)


def oracles() -> tuple[np.ndarray, np.ndarray, Smoothing, list[SmoothedSeries]]:
    """Five series, their offsets, all smoothed at once and each by itself."""
    y, offsets = ragged(LENGTHS, PERIOD)
    x = np.log(y)
    smoothing = fit_smoothing(x, offsets, np.array(ENDS), PERIOD, CONSTANTS)
    each = [
        SmoothedSeries(x[start : start + length], end, PERIOD, *CONSTANTS)
        for start, length, end in zip(offsets, LENGTHS, ENDS, strict=False)
    ]
    return x, offsets, smoothing, each


def test_states_by_hand() -> None:
    one = np.ones(1)
    season = np.array([[2.0, -2.0]])
    smoothing = Smoothing(0.5, 0.4, 1.0, one, 10 * one, season, one, one)
    levels, season = smoothing.states(np.array([14.0, 9.0]), np.array([0, 2]))
    # errors: 14 - 10 - 1 - 2 = 1 and 9 - 11.5 - 1 + 2 = -1.5
    np.testing.assert_allclose(levels, [11.5, 11.75])
    np.testing.assert_allclose(season, [2, -2, 2 + 0.4 * 0.5, -2 - 0.4 * 0.5 * 1.5])


def test_many_series_equal_a_plain_loop_over_each() -> None:
    x, offsets, smoothing, each = oracles()
    levels, season = smoothing.states(x, offsets)
    assert len(season) == len(x) + len(each) * PERIOD
    for number, oracle in enumerate(each):
        span = slice(*offsets[number : number + 2])
        start = offsets[number] + number * PERIOD
        np.testing.assert_allclose(smoothing.slope[number], oracle.slope, rtol=1e-9)
        np.testing.assert_allclose(smoothing.level[number], oracle.first_level, rtol=1e-8)
        np.testing.assert_allclose(smoothing.season[number], oracle.season[:PERIOD], atol=1e-8)
        np.testing.assert_allclose(levels[span], oracle.levels, rtol=1e-8)
        known = season[start : start + LENGTHS[number] + PERIOD]
        np.testing.assert_allclose(known, oracle.season, atol=1e-8)


def test_scales_equal_a_plain_loop_over_all_windows_of_each() -> None:
    _, _, smoothing, each = oracles()
    for number, oracle in enumerate(each):
        np.testing.assert_allclose(smoothing.input_scale[number], oracle.input_scale, rtol=1e-7)
        if oracle.target_scale > 1e-9:
            expected = oracle.target_scale
            np.testing.assert_allclose(smoothing.target_scale[number], expected, rtol=1e-7)
        else:
            # a single target has no deviation
            assert smoothing.target_scale[number] == 1
    assert (smoothing.target_scale != 1).sum() >= 4


def test_the_order_of_series_does_not_matter() -> None:
    x, offsets, smoothing, _ = oracles()
    series = [x[a:b] for a, b in itertools.pairwise(offsets)]
    turned, places = joined(*series[::-1])
    again = fit_smoothing(turned, places, np.array(ENDS[::-1]), PERIOD, CONSTANTS)
    for key in FITTED:
        expected = getattr(smoothing, key)
        np.testing.assert_allclose(getattr(again, key)[::-1], expected, rtol=1e-9, atol=1e-12)
    levels, expected = (
        s.states(v, o)[0] for s, v, o in ((again, turned, places), (smoothing, x, offsets))
    )
    np.testing.assert_allclose(levels[: LENGTHS[-1]], expected[-LENGTHS[-1] :], rtol=1e-9)


def test_neither_later_values_nor_other_series_change_a_bit() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    changed = y.copy()
    changed[: offsets[1]] = 1 + np.arange(LENGTHS[0]) ** 2.0
    changed[offsets[2] :] = changed[offsets[2] :][::-1]
    cut = offsets[1] + ENDS[1]
    changed[cut : offsets[2]] *= 1e3
    a, b = (
        fit_normalization(values, offsets, np.array(ENDS), settings(), PERIOD)
        for values in (y, changed)
    )
    for key, values in a.to_arrays().items():
        again = b.to_arrays()[key]
        assert values[1].tobytes() == again[1].tobytes(), key
        assert (values[2] != again[2]).any(), key
    before, after = a.transform(y, offsets), b.transform(changed, offsets)
    for key, shift, more in (("x", 0, 0), ("level", 0, 0), ("season", PERIOD, PERIOD)):
        span = slice(offsets[1] + shift, cut + shift + more)
        assert before[key][span].tobytes() == after[key][span].tobytes(), key
        assert before[key][span.stop] != after[key][span.stop]


def test_a_line_with_a_season_is_smoothed_without_error() -> None:
    t = np.arange(60)
    y = 50 + 2 * t + np.tile([5.0, -1, -3, -1], 15)
    smoothing = fit_smoothing(y, np.array([0, 60]), np.array([40]), 4, (0.3, 0.7, 1.0))
    levels, season = smoothing.states(y, np.array([0, 60]))
    np.testing.assert_allclose(levels, 50 + 2 * t, rtol=1e-9)
    np.testing.assert_allclose(season, np.tile([5, -1, -3, -1], 16), atol=1e-9)
    np.testing.assert_allclose(smoothing.slope, 2)


@pytest.mark.parametrize("method", METHODS)
def test_the_scaler_goes_first(method: str) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    found = fit_normalization(y, offsets, np.array(ENDS), settings(method), PERIOD)
    plain = "log_standard" if method.startswith("log") else "standard"
    x = found.transform(y, offsets)["x"]
    for number, end in enumerate(ENDS):
        span = slice(*offsets[number : number + 2])
        np.testing.assert_allclose(x[span], normalized(y[span], end, plain, PERIOD), atol=1e-9)
    assert found.burn_in == found.smoothing.burn_in == 10


@pytest.mark.parametrize("period", [1, 4, 12])
def test_any_period_and_sign(period: int) -> None:
    y = np.random.default_rng(0).normal(size=60)
    found = fitted(y, 60, period, log=False)
    assert found.smoothing.season.shape == (1, period)
    for values in (*found.to_arrays().values(), *found.transform(y, np.array([0, 60])).values()):
        assert np.isfinite(values).all()


@pytest.mark.parametrize("period", [1, 4, 12])
@pytest.mark.parametrize("method", METHODS)
def test_the_least_training_part_is_enough(method: str, period: int) -> None:
    enough = min_training_values(method, period)
    assert enough == 2 * period + 2
    y = 1 + np.arange(enough + 3.0) ** 1.5
    found = fitted(y, enough, period, log=method.startswith("log"))
    for values in found.to_arrays().values():
        assert np.isfinite(values).all()
    assert (found.smoothing.input_scale > 0).all()
    assert (found.smoothing.target_scale > 0).all()


def test_a_constant_series_stays_finite() -> None:
    y = np.full(60, 5.0)
    found = fitted(y, 60)
    arrays = found.transform(y, np.array([0, 60]))
    np.testing.assert_allclose(arrays["level"], 0, atol=1e-12)
    np.testing.assert_allclose(arrays["season"], 0, atol=1e-12)
    assert found.smoothing.target_scale == 1


@pytest.mark.parametrize("method", METHODS)
def test_into_arrays_and_back(method: str) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    found = fit_normalization(y, offsets, np.array(ENDS), settings(method), PERIOD)
    again = normalization_from(found.to_arrays(), settings(method).model_dump(), PERIOD)
    assert again.burn_in == found.burn_in
    before, after = (each.transform(y, offsets) for each in (found, again))
    assert before.keys() == after.keys()
    for key, values in before.items():
        assert values.tobytes() == after[key].tobytes()
