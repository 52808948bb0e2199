"""Prediction intervals: as often right as they say, by hand, and wider the further they look."""

import numpy as np
import pytest

from rnnlab.forecasting.intervals import LEVELS, Widths, calibrate, series_scales
from rnnlab.forecasting.measures import coverage, seasonal_naive_error


def draw(count: int, steps: int, seed: int, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of several series, and truths whose errors grow by step and with their series."""
    random = np.random.default_rng(seed)
    size = 0.05 * np.sqrt(np.arange(1, steps + 1)) * (1 + np.arange(count) % 3)[:, None]
    # heavy tails: no shape of the errors is assumed
    errors = size * random.standard_t(4, (count, steps))
    forecast = np.tile(np.linspace(50, 80, steps), (count, 1))
    return forecast, forecast * np.exp(errors) if log else forecast + 100 * errors


SERIES = np.arange(300) % 3
SCALE = np.array([0.1, 0.2, 0.3])


@pytest.mark.parametrize("log", [True, False])
def test_coverage_is_near_what_they_say(log: bool) -> None:
    forecast, truth = draw(300, 8, 0, log)
    widths = calibrate(truth, forecast, SERIES, SCALE, log)
    forecast, truth = draw(300, 8, 1, log)
    for level in LEVELS:
        low, high = widths.around(forecast, SERIES, level)
        assert coverage(truth, low, high) == pytest.approx(100 * level, abs=2.5)
        for step in (0, 7):
            found = coverage(truth[:, step], low[:, step], high[:, step])
            assert found == pytest.approx(100 * level, abs=7)
        for number in range(3):
            rows = number == SERIES
            found = coverage(truth[rows], low[rows], high[rows])
            assert found == pytest.approx(100 * level, abs=5)


def test_by_hand() -> None:
    """Ten errors of one kind: the ninth of eleven places holds 80 %, no place holds 95 %."""
    truth = 10 + np.arange(1.0, 11)[:, None]
    forecast, series = np.full((10, 1), 10.0), np.zeros(10, dtype=int)
    widths = calibrate(truth, forecast, series, np.array([2.0]), False)
    assert widths.half[0.80].tolist() == pytest.approx([9 / 2])
    assert widths.half[0.95].tolist() == pytest.approx([10 / 2])
    low, high = widths.around(np.array([[20.0, 30.0, 40.0, 50.0]]), np.array([0]), 0.80)
    np.testing.assert_allclose(high - [[20, 30, 40, 50]], 9 * np.sqrt([[1, 2, 3, 4]]))
    np.testing.assert_allclose([[20, 30, 40, 50]] - low, 9 * np.sqrt([[1, 2, 3, 4]]))


def test_each_step_has_errors_of_its_own_size() -> None:
    errors = np.tile([[1.0, 4.0, 2.0, 8.0]], (40, 1)) * np.linspace(0.5, 1.5, 40)[:, None]
    forecast = np.zeros((40, 4))
    widths = calibrate(errors, forecast, np.zeros(40, int), np.ones(1), False)
    # the third step's errors were smaller by chance: intervals never get narrower again
    np.testing.assert_allclose(widths.half[0.80] / widths.half[0.80][0], [1, 4, 4, 8])


@pytest.mark.parametrize("log", [True, False])
def test_widths_never_fall_and_the_higher_level_is_wider(log: bool) -> None:
    forecast, truth = draw(40, 12, 5, log)
    widths = calibrate(truth, forecast, SERIES[:40], SCALE, log)
    for level in LEVELS:
        assert (np.diff(widths.half[level]) >= 0).all()
    assert (widths.half[0.95] > widths.half[0.80]).all()
    ahead = np.full((3, 30), 60.0)
    bounds = {level: widths.around(ahead, np.arange(3), level) for level in LEVELS}
    assert (bounds[0.95][0] < bounds[0.80][0]).all()
    assert (bounds[0.95][1] > bounds[0.80][1]).all()
    for low, high in bounds.values():
        assert ((low < ahead) & (ahead < high)).all()
        assert (np.diff(high - low) >= -1e-12).all()


def test_beyond_the_known_steps_they_grow_by_the_root_of_time() -> None:
    half = {level: np.array([1.0, 2.0]) for level in LEVELS}
    widths = Widths(False, np.array([1.0, 10.0]), half)
    low, high = widths.around(np.zeros((2, 8)), np.array([0, 1]), 0.95)
    steps = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    expected = np.where(steps < 2, 1, 2 * np.sqrt(np.maximum(steps, 2) / 2))
    np.testing.assert_allclose(high, np.array([1, 10])[:, None] * expected)
    np.testing.assert_allclose(low, -high)
    short = widths.around(np.zeros((1, 1)), np.array([0]), 0.95)
    np.testing.assert_allclose(short, [[[-1]], [[1]]])


def test_on_logarithms_bounds_are_positive_and_even_by_ratio() -> None:
    widths = Widths(True, np.ones(1), {level: np.array([3.0]) for level in LEVELS})
    forecast = np.array([[5.0, 1e-3]])
    low, high = widths.around(forecast, np.array([0]), 0.80)
    assert (low > 0).all()
    np.testing.assert_allclose(high / forecast, forecast / low)


@pytest.mark.filterwarnings("error")
def test_forecasts_without_a_logarithm_and_those_that_ran_away() -> None:
    widths = Widths(True, np.ones(1), {level: np.array([1.0]) for level in LEVELS})
    low, high = widths.around(np.array([[-3.0, 0.0, np.inf]]), np.array([0]), 0.80)
    assert not np.isnan(low).any()
    assert (low <= high).all()


def test_bounds_end_at_the_least_value_but_never_leave_the_forecast_out() -> None:
    half = {level: np.full(3, 5.0) for level in LEVELS}
    widths = Widths(False, np.ones(2), half, least=np.array([0.0, -np.inf]))
    low, high = widths.around(np.array([[2.0, 9.0, -1.0]] * 2), np.array([0, 1]), 0.80)
    np.testing.assert_allclose(low, [[0, 4, -1], [-3, 4, -6]])
    np.testing.assert_allclose(high, [[7, 14, 4]] * 2)


def test_unknown_truths_do_not_count() -> None:
    forecast, truth = draw(60, 4, 2, False)
    expected = calibrate(truth, forecast, SERIES[:60], SCALE, False)
    padded = np.concatenate([truth, np.full((20, 4), np.nan)])
    ahead = np.concatenate([forecast, np.full((20, 4), 1e9)])
    found = calibrate(padded, ahead, SERIES[:80], SCALE, False)
    for level in LEVELS:
        np.testing.assert_allclose(found.half[level], expected.half[level], rtol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("log", [True, False])
def test_errors_without_end_do_not_count(log: bool) -> None:
    """As last_growth makes them after a zero; numpy's warnings would end up on stderr."""
    truth = np.linspace(3, 9, 40).reshape(20, 2)
    forecast = truth + np.linspace(0.1, 1, 40).reshape(20, 2)
    expected = calibrate(truth, forecast, np.zeros(20, int), np.ones(1), log)
    truth, forecast = (np.concatenate([each, each[:3]]) for each in (truth, forecast))
    forecast[20:] = np.inf
    found = calibrate(truth, forecast, np.zeros(23, int), np.ones(1), log)
    for level in LEVELS:
        np.testing.assert_allclose(found.half[level], expected.half[level])
    lost = calibrate(truth, np.full_like(truth, np.inf), np.zeros(23, int), np.ones(1), log)
    assert lost.half[0.95].tolist() == [0, 0]


def test_nothing_known_is_no_width() -> None:
    forecast = np.ones((3, 2))
    widths = calibrate(np.full((3, 2), np.nan), forecast, np.zeros(3, int), np.ones(1), False)
    for level in LEVELS:
        assert widths.half[level].tolist() == [0, 0]


def test_a_perfect_forecast_has_intervals_of_hardly_any_width() -> None:
    y = np.ones((9, 3))
    widths = calibrate(y, y, np.zeros(9, int), np.ones(1), False)
    assert (widths.half[0.95] < 1e-6).all()


def test_the_wider_of_two_step_by_step() -> None:
    a = Widths(False, np.ones(1), {0.80: np.array([1.0, 4.0]), 0.95: np.array([2.0, 5.0])})
    b = Widths(False, np.ones(1), {0.80: np.array([2.0, 3.0]), 0.95: np.array([1.0, 6.0])})
    found = a.at_least(b).half
    assert {level: half.tolist() for level, half in found.items()} == {0.80: [2, 4], 0.95: [2, 6]}


@pytest.mark.parametrize("log", [True, False])
def test_scales_are_of_the_training_parts(airline: np.ndarray, log: bool) -> None:
    y, offsets = np.concatenate([airline, 7 * airline[:60]]), np.array([0, 144, 204])
    found = series_scales(y, offsets, np.array([100, 40]), 12, log)
    parts = [airline[:100], 7 * airline[:40]]
    expected = [seasonal_naive_error(np.log(p) if log else p, 12) for p in parts]
    np.testing.assert_allclose(found, expected)


def test_a_series_that_repeats_exactly_has_a_scale_of_one() -> None:
    assert series_scales(np.tile([1.0, 2], 9), np.array([0, 18]), np.array([12]), 2, False) == 1
