"""Prediction intervals: coverage, widths by hand, and growth with the steps ahead."""

import numpy as np
import pytest
from oracles import panel_of

from rnnlab.forecasting.intervals import (
    LEVELS,
    Calibration,
    IntervalWidths,
    calibrate,
    series_scales,
)
from rnnlab.series.measures import coverage, seasonal_naive_error


def draw(count: int, steps: int, seed: int, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of several series, and truths with errors that depend on step and series."""
    random = np.random.default_rng(seed)
    size = 0.05 * np.sqrt(np.arange(1, steps + 1)) * (1 + np.arange(count) % 3)[:, None]
    # heavy tails, since no distribution of the errors is assumed
    errors = size * random.standard_t(4, (count, steps))
    forecast = np.tile(np.linspace(50, 80, steps), (count, 1))
    return forecast, forecast * np.exp(errors) if log else forecast + 100 * errors


def of_sizes(*size: float, scores: tuple[float, ...] = (1.0,)) -> tuple[Calibration]:
    """Half of the width at each step, whatever the level."""
    return (Calibration(np.array(size), np.array(scores)),)


def half(widths: IntervalWidths, level: float, steps: int) -> np.ndarray:
    """Half of the width about forecasts of the first series, [steps]."""
    return widths.half_widths(np.zeros(1, dtype=int), level, steps)[0]


SERIES = np.arange(300) % 3
SCALE = np.array([0.1, 0.2, 0.3])


@pytest.mark.parametrize("log", [True, False])
def test_coverage_is_near_the_level(log: bool) -> None:
    forecast, truth = draw(300, 8, 0, log)
    widths = calibrate(truth, forecast, SERIES, SCALE, log)
    forecast, truth = draw(300, 8, 1, log)
    for level in LEVELS:
        low, high = widths.bounds(forecast, SERIES, level)
        assert coverage(truth, low, high) == pytest.approx(100 * level, abs=2.5)
        for step in (0, 7):
            found = coverage(truth[:, step], low[:, step], high[:, step])
            assert found == pytest.approx(100 * level, abs=7)
        for number in range(3):
            rows = number == SERIES
            found = coverage(truth[rows], low[rows], high[rows])
            assert found == pytest.approx(100 * level, abs=5)


def test_by_hand() -> None:
    """Ten errors: the level 80 % takes the ninth (11 × 0.8), 95 % the largest of them."""
    truth = 10 + np.arange(1.0, 11)[:, None]
    forecast, series = np.full((10, 1), 10.0), np.zeros(10, dtype=int)
    widths = calibrate(truth, forecast, series, np.array([2.0]), False)
    assert half(widths, 0.80, 1).tolist() == pytest.approx([9])
    assert half(widths, 0.95, 1).tolist() == pytest.approx([10])
    low, high = widths.bounds(np.array([[20.0, 30.0, 40.0, 50.0]]), np.array([0]), 0.80)
    np.testing.assert_allclose(high - [[20, 30, 40, 50]], 9 * np.sqrt([[1, 2, 3, 4]]))
    np.testing.assert_allclose([[20, 30, 40, 50]] - low, 9 * np.sqrt([[1, 2, 3, 4]]))


def test_widths_follow_the_size_of_errors_at_each_step() -> None:
    errors = np.tile([[1.0, 4.0, 2.0, 8.0]], (40, 1)) * np.linspace(0.5, 1.5, 40)[:, None]
    forecast = np.zeros((40, 4))
    widths = calibrate(errors, forecast, np.zeros(40, int), np.ones(1), False)
    # the third step has smaller errors by chance: widths never decrease
    found = half(widths, 0.80, 4)
    np.testing.assert_allclose(found / found[0], [1, 4, 4, 8])


@pytest.mark.parametrize("log", [True, False])
def test_widths_never_decrease_and_the_higher_level_is_wider(log: bool) -> None:
    forecast, truth = draw(40, 12, 5, log)
    widths = calibrate(truth, forecast, SERIES[:40], SCALE, log)
    for level in LEVELS:
        assert (np.diff(half(widths, level, 12)) >= 0).all()
    assert (half(widths, 0.95, 12) > half(widths, 0.80, 12)).all()
    ahead = np.full((3, 30), 60.0)
    bounds = {level: widths.bounds(ahead, np.arange(3), level) for level in LEVELS}
    assert (bounds[0.95][0] < bounds[0.80][0]).all()
    assert (bounds[0.95][1] > bounds[0.80][1]).all()
    for low, high in bounds.values():
        assert ((low < ahead) & (ahead < high)).all()
        assert (np.diff(high - low) >= -1e-12).all()


def test_beyond_the_calibrated_steps_widths_grow_with_the_root_of_time() -> None:
    widths = IntervalWidths(False, np.array([1.0, 10.0]), of_sizes(1, 2))
    low, high = widths.bounds(np.zeros((2, 8)), np.array([0, 1]), 0.95)
    steps = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    expected = np.where(steps < 2, 1, 2 * np.sqrt(np.maximum(steps, 2) / 2))
    np.testing.assert_allclose(high, np.array([1, 10])[:, None] * expected)
    np.testing.assert_allclose(low, -high)
    short = widths.bounds(np.zeros((1, 1)), np.array([0]), 0.95)
    np.testing.assert_allclose(short, [[[-1]], [[1]]])


def test_bounds_on_logarithms_are_positive_and_symmetric_by_ratio() -> None:
    widths = IntervalWidths(True, np.ones(1), of_sizes(3))
    forecast = np.array([[5.0, 1e-3]])
    low, high = widths.bounds(forecast, np.array([0]), 0.80)
    assert (low > 0).all()
    np.testing.assert_allclose(high / forecast, forecast / low)


@pytest.mark.filterwarnings("error")
def test_forecasts_without_a_logarithm_and_infinite_ones() -> None:
    widths = IntervalWidths(True, np.ones(1), of_sizes(1))
    low, high = widths.bounds(np.array([[-3.0, 0.0, np.inf]]), np.array([0]), 0.80)
    assert not np.isnan(low).any()
    assert (low <= high).all()


def test_bounds_end_at_the_lower_limit_but_contain_the_forecast() -> None:
    limit = np.array([0.0, -np.inf])
    widths = IntervalWidths(False, np.ones(2), of_sizes(5, 5, 5), lower_limit=limit)
    low, high = widths.bounds(np.array([[2.0, 9.0, -1.0]] * 2), np.array([0, 1]), 0.80)
    np.testing.assert_allclose(low, [[0, 4, -1], [-3, 4, -6]])
    np.testing.assert_allclose(high, [[7, 14, 4]] * 2)


def test_unknown_truths_do_not_count() -> None:
    forecast, truth = draw(60, 4, 2, False)
    expected = calibrate(truth, forecast, SERIES[:60], SCALE, False)
    padded = np.concatenate([truth, np.full((20, 4), np.nan)])
    ahead = np.concatenate([forecast, np.full((20, 4), 1e9)])
    found = calibrate(padded, ahead, SERIES[:80], SCALE, False)
    for level in LEVELS:
        np.testing.assert_allclose(half(found, level, 4), half(expected, level, 4), rtol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("log", [True, False])
def test_infinite_errors_do_not_count(log: bool) -> None:
    """last_growth makes such errors after a zero; numpy must not warn on stderr."""
    truth = np.linspace(3, 9, 40).reshape(20, 2)
    forecast = truth + np.linspace(0.1, 1, 40).reshape(20, 2)
    expected = calibrate(truth, forecast, np.zeros(20, int), np.ones(1), log)
    truth, forecast = (np.concatenate([each, each[:3]]) for each in (truth, forecast))
    forecast[20:] = np.inf
    found = calibrate(truth, forecast, np.zeros(23, int), np.ones(1), log)
    for level in LEVELS:
        np.testing.assert_allclose(half(found, level, 2), half(expected, level, 2))
    lost = calibrate(truth, np.full_like(truth, np.inf), np.zeros(23, int), np.ones(1), log)
    assert half(lost, 0.95, 2).tolist() == [0, 0]


def test_no_known_truth_gives_zero_width() -> None:
    forecast = np.ones((3, 2))
    widths = calibrate(np.full((3, 2), np.nan), forecast, np.zeros(3, int), np.ones(1), False)
    for level in LEVELS:
        assert half(widths, level, 2).tolist() == [0, 0]


def test_a_perfect_forecast_has_almost_zero_width() -> None:
    y = np.ones((9, 3))
    widths = calibrate(y, y, np.zeros(9, int), np.ones(1), False)
    assert (half(widths, 0.95, 3) < 1e-6).all()


def test_widened_to_takes_the_wider_at_each_step() -> None:
    # of twenty scores, 80 % take the seventeenth, 95 % the last
    a, b = (
        IntervalWidths(False, np.ones(1), of_sizes(*size, scores=(*[1.0] * 17, *[wide] * 3)))
        for size, wide in (((1.0, 4.0), 2.0), ((2.0, 3.0), 1.5))
    )
    found = a.widened_to(b)
    assert {level: half(found, level, 2).tolist() for level in LEVELS} == {
        0.8: [2, 4],
        0.95: [3, 8],
    }


@pytest.mark.parametrize("log", [True, False])
def test_scales_are_of_the_training_parts(airline: np.ndarray, log: bool) -> None:
    found = series_scales(panel_of(airline, 7 * airline[:60]), np.array([100, 40]), log)
    parts = [airline[:100], 7 * airline[:40]]
    expected = [seasonal_naive_error(np.log(p) if log else p, 12) for p in parts]
    np.testing.assert_allclose(found, expected)


def test_a_series_that_repeats_exactly_has_a_scale_of_one() -> None:
    assert series_scales(panel_of(np.tile([1.0, 2], 9), period=2), np.array([12]), False) == 1
