"""Which methods a forecast uses, and how wide its intervals are."""

from collections import Counter

import numpy as np
import pytest
from committed import COMMITTED
from rnnlab.outlook.answer import look_ahead, with_intervals
from rnnlab.outlook.methods import (
    MEDIAN,
    QUICK,
    Method,
    baseline_methods,
    mean_cycle,
    zero_shot_quantiles,
)
from rnnlab.outlook.validation import (
    independent_forecasts,
    stretch_needed,
    validate,
    validation_request,
)

from rnnlab.forecasting.selection import History
from rnnlab.series.origins import Request
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import read_zero_shot


@pytest.fixture(scope="module")
def network() -> ZeroShotNetwork:
    return read_zero_shot(COMMITTED / "models/zero_shot")


def panel_of(*series: np.ndarray, period: int = 12) -> History:
    offsets = np.cumsum([0, *map(len, series)])
    return History(np.concatenate(series).astype(float), offsets, period)


def seasonal(length: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=length)
    return 50 + 10 * np.sin(np.pi * np.arange(length) / 6) + noise


@pytest.mark.parametrize("horizon", [1, 5, 30])
def test_all_that_is_validated_lies_in_the_series(horizon: int) -> None:
    lengths = [2, 3, 8, 40, 200]
    history = panel_of(*(np.arange(n) for n in lengths))
    request, ends = validation_request(history, horizon)
    # two values leave none to compare
    assert set(request.series) == {1, 2, 3, 4}
    place = request.origin - history.offsets[request.series]
    for number, length in enumerate(lengths[1:], 1):
        own = place[request.series == number]
        steps = min(horizon, length // 3)
        assert own.max() == length - steps
        assert own.min() == ends[number] >= length - max(steps, length // 5)
    truth = request.truth(history.truth, history.offsets[:-1] + ends, history.offsets[1:])
    assert (~np.isnan(truth)).any(axis=1).all()


def test_of_many_series_a_part_is_validated_once_each() -> None:
    history = panel_of(*[np.arange(20)] * 6_001)
    request, _ = validation_request(history, 4)
    assert len(request.origin) == len(np.unique(request.series)) == 5_000
    assert (request.series.min(), request.series.max()) == (0, 6_000)


def test_the_values_after_an_origin_are_not_read(network: ZeroShotNetwork) -> None:
    """What is forecast and compared is the same whatever comes later."""
    series = [seasonal(60, seed) for seed in range(3)]
    history = panel_of(*series)
    request, ends = validation_request(history, 6)
    changed = [np.where(np.arange(60) < end, y, -7.0) for y, end in zip(series, ends, strict=True)]
    first = request.select(
        np.flatnonzero(request.origin - history.offsets[request.series] == ends[0])
    )
    for name in (*QUICK, "theta"):
        forecasts = []
        for each in (history, panel_of(*changed)):
            (method,) = baseline_methods([name], each, 1, Counter()).values()
            forecasts.append(method(ends, first))
        np.testing.assert_array_equal(*forecasts)
    quantiles = [
        zero_shot_quantiles(network, each, first) for each in (history, panel_of(*changed))
    ]
    np.testing.assert_array_equal(*quantiles)


def constant_method(value: float) -> Method:
    return lambda ends, request: np.full((len(request.origin), request.steps), value)


def test_another_method_must_be_clearly_better(network: ZeroShotNetwork) -> None:
    """A jump that nothing foretells: the method that knows it is taken, and no other."""
    series = [np.r_[seasonal(48, seed), np.full(12, 90.0)] for seed in range(20)]
    history = panel_of(*series)
    request, ends = validation_request(history, 12)
    methods = {"worse": constant_method(-90.0), "knows": constant_method(90.0)}
    found = validate(history, network, methods, request, ends)
    assert found.weights == {"knows": 1.0}
    assert found.errors["knows"] == 0 < found.errors["zero_shot"] < found.errors["worse"]
    answer = look_ahead(history, network, methods, found, 12)
    assert (answer.forecast == 90).all()


def test_a_small_gain_on_one_series_is_chance(network: ZeroShotNetwork) -> None:
    history = panel_of(seasonal(60))
    request, ends = validation_request(history, 12)
    quantiles = zero_shot_quantiles(network, history, request)
    truth = request.truth(history.truth, history.offsets[:-1] + ends, history.offsets[1:])
    slightly = quantiles[:, :, MEDIAN] + 0.1 * (np.nan_to_num(truth) - quantiles[:, :, MEDIAN])
    methods: dict[str, Method] = {"slightly": lambda ends, request: slightly}
    assert validate(history, network, methods, request, ends).weights == {"zero_shot": 1.0}


def test_what_a_method_cannot_forecast_is_the_networks(network: ZeroShotNetwork) -> None:
    history = panel_of(seasonal(60), seasonal(60, 1))
    request, ends = validation_request(history, 12)

    def half(ends: np.ndarray, request: Request) -> np.ndarray:
        values = np.full((len(request.origin), request.steps), 50.0)
        values[request.series == 1] = np.nan
        return values

    found = validate(history, network, {"half": half}, request, ends)
    rows = request.series == 1
    np.testing.assert_array_equal(found.forecasts["half"][rows], found.forecasts["zero_shot"][rows])
    assert (found.forecasts["half"][~rows] == 50).all()


def test_forecasts_that_share_steps_count_less() -> None:
    request = Request(np.array([10, 12, 14, 60, 64]), np.array([0, 0, 0, 1, 1]), 4)
    truth = np.zeros((5, 4))
    assert independent_forecasts(request, truth) == 2 + 2
    alone = Request(np.array([10, 30]), np.array([0, 1]), 4)
    assert independent_forecasts(alone, truth[:2]) == 2


def test_intervals_follow_the_errors_as_far_as_they_can_be_believed() -> None:
    normal = np.random.default_rng(0).normal(size=(4_000, 5))
    bounds = np.array([-1.96, -1.2816, 0, 1.2816, 1.96])
    quantiles = np.tile(bounds, (4_000, 5, 1))
    zero = np.zeros_like(normal)
    for level in (0.8, 0.95):
        assert stretch_needed(normal, zero, quantiles, level, 4_000) == pytest.approx(1, abs=0.02)
        wide = stretch_needed(2 * normal, zero, quantiles, level, 1e9)
        assert wide == pytest.approx(np.sqrt(2), abs=0.02)
        assert 1 < stretch_needed(2 * normal, zero, quantiles, level, 100) < 1.2
        assert stretch_needed(2 * normal, zero, quantiles, level, 0) == 1


def test_one_series_without_width_decides_nothing_of_the_others() -> None:
    """Constant up to the origin and not after it: an error of infinitely many widths."""
    truth, zero = np.r_[np.full((10, 3), 5.0), np.zeros((10, 3))], np.zeros((20, 3))
    for level in (0.8, 0.95):
        factor = stretch_needed(truth, zero, np.zeros((20, 3, 5)), level, 1e9)
        assert factor == pytest.approx(np.sqrt(3))


def test_bounds_hold_the_forecast_and_stay_above_zero_where_the_series_did() -> None:
    history = panel_of(np.arange(30.0), np.arange(30.0) - 5)
    quantiles = np.tile(np.array([-9.0, -3, 1, 4, 8]), (2, 3, 1))
    forecast = np.tile([-1.0, 2.0, 5.0], (2, 1))
    answer = with_intervals(history, forecast, quantiles, {0.8: 1.5, 0.95: 0.5})
    np.testing.assert_array_equal(answer.forecast, [[0, 2, 5], [-1, 2, 5]])
    (low_80, high_80), (low_95, high_95) = answer.bounds[0.8], answer.bounds[0.95]
    np.testing.assert_array_equal(low_80, [[0, 0, 0], [-7, -4, -1]])
    np.testing.assert_array_equal(high_80[1], [3.5, 6.5, 9.5])
    # 0.5 x 10 is less than 1.5 x 4
    assert (low_95 <= low_80).all()
    assert (high_95 >= high_80).all()


def test_a_season_longer_than_the_network_knows_is_forecast(network: ZeroShotNetwork) -> None:
    period = 400
    cycle = 100 + 20 * np.sin(2 * np.pi * np.arange(period) / period)
    noise = np.random.default_rng(0).normal(size=3 * period + 37)
    history = panel_of(np.resize(cycle, 3 * period + 37) + 0.5 * noise, period=period)
    request = Request(history.offsets[1:], np.array([0]), 50)
    median = zero_shot_quantiles(network, history, request)[0, :, MEDIAN]
    expected = np.resize(np.roll(cycle, -37), 50)
    assert np.abs(median - expected).mean() < 1


@pytest.mark.parametrize("period", [1, 12, 400])
def test_beyond_the_networks_reach_intervals_widen(network: ZeroShotNetwork, period: int) -> None:
    """Also where the season is longer than any that the network knows."""
    history = panel_of(seasonal(130), period=period)
    request = Request(history.offsets[1:], np.array([0]), 300)
    found = zero_shot_quantiles(network, history, request)[0]
    assert found[:, MEDIAN].min() > 0
    assert found[:, MEDIAN].max() < 100
    for bound in (0, 1, 3, 4):
        width = np.abs(found[:, bound] - found[:, MEDIAN])
        assert width[64:].min() >= width[63] > 0
        assert width[299] > 1.5 * width[64]
    if period == 12:
        np.testing.assert_array_equal(found[64:, MEDIAN], found[52:-12, MEDIAN])


def test_a_network_that_is_clearly_worse_is_not_used(network: ZeroShotNetwork) -> None:
    """On one series too: another method is three times as good."""
    history = panel_of(np.r_[seasonal(48), np.full(12, 90.0)])
    request, ends = validation_request(history, 12)
    found = validate(history, network, {"knows": constant_method(89.0)}, request, ends)
    assert found.weights == {"knows": 1.0}


def test_a_cycle_begins_with_the_first_value() -> None:
    y = np.resize([1.0, 2.0, 6.0], 11)
    np.testing.assert_allclose(mean_cycle(y, 3), [-2, -1, 3])
    y[4] = np.nan
    np.testing.assert_allclose(mean_cycle(y, 3), [-2, -1, 3])
    np.testing.assert_array_equal(mean_cycle(y[:5], 3), np.zeros(3))
