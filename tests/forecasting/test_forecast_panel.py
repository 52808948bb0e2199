"""Which methods a forecast uses, and how wide its intervals are."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from oracles import panel_of

from rnnlab.forecasting.forecast import compare, forecast_panel, forecast_selected
from rnnlab.forecasting.intervals import (
    OWN_COUNT,
    SHRINKAGE_COUNT,
    USUAL_SCALE,
    earlier_request,
    forecast_intervals,
    independent_errors,
)
from rnnlab.forecasting.methods import QUICK, Method, make_methods, median, zero_shot_method
from rnnlab.forecasting.selection import (
    COMBINATION,
    Selection,
    independent_forecasts,
    select_methods,
    validation_request,
)
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.network import NORMAL, QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.storage import read_zero_shot


@pytest.fixture(scope="module")
def network() -> ZeroShotNetwork:
    return read_zero_shot()


def seasonal(length: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=length)
    return 50 + 10 * np.sin(np.pi * np.arange(length) / 6) + noise


def constant_method(value: float) -> Method:
    return lambda panel, ends, requests: [
        np.full((len(request.end), request.steps, 1), value) for request in requests
    ]


def compared(panel: Panel, network: ZeroShotNetwork, **methods: Method) -> Selection:
    """The selection among the network and other methods, twelve steps ahead."""
    return compare(
        panel, {"zero_shot": zero_shot_method(network), **methods}, *validation_request(panel, 12)
    )


@pytest.mark.parametrize("horizon", [1, 5, 30])
def test_all_that_is_validated_lies_in_the_series(horizon: int) -> None:
    lengths = [2, 3, 8, 40, 200]
    panel = panel_of(*(np.arange(n) for n in lengths))
    request, ends = validation_request(panel, horizon)
    # two values leave none to compare
    assert set(request.series) == {1, 2, 3, 4}
    for number, length in enumerate(lengths[1:], 1):
        own = request.end[request.series == number]
        steps = min(horizon, length // 3)
        assert own.max() == length - steps
        assert own.min() == ends[number] >= length - max(steps, length // 5)
    truth = request.truth(panel.y, panel.offsets, ends)
    assert (~np.isnan(truth)).any(axis=1).all()


def test_of_many_series_a_part_is_validated_once_each() -> None:
    request, _ = validation_request(panel_of(*[np.arange(20)] * 6_001), 4)
    assert len(request.end) == len(np.unique(request.series)) == 5_000
    assert (request.series.min(), request.series.max()) == (0, 6_000)


def test_the_values_after_an_origin_are_not_read(network: ZeroShotNetwork) -> None:
    """What is forecast and compared is the same whatever comes later."""
    series = [seasonal(60, seed) for seed in range(3)]
    panel = panel_of(*series)
    request, ends = validation_request(panel, 6)
    changed = [np.where(np.arange(60) < end, y, -7.0) for y, end in zip(series, ends, strict=True)]
    first = request.select(np.flatnonzero(request.end == ends[0]))
    methods = make_methods(("zero_shot", *QUICK, "theta"), network, 1, Counter())
    for method in methods.values():
        [one], [other] = (method(each, ends, [first]) for each in (panel, panel_of(*changed)))
        np.testing.assert_array_equal(one, other)


def test_another_method_must_be_clearly_better(network: ZeroShotNetwork) -> None:
    """A jump that nothing foretells: the method that knows it is taken, and no other."""
    panel = panel_of(*(np.r_[seasonal(48, seed), np.full(12, 90.0)] for seed in range(20)))
    methods = {"worse": constant_method(-90.0), "knows": constant_method(90.0)}
    found = compared(panel, network, **methods)
    assert found.weights == {"knows": 1.0}
    assert found.errors["knows"] == 0 < found.errors["zero_shot"] < found.errors["worse"]
    every = {"zero_shot": zero_shot_method(network), **methods}
    assert (forecast_selected(panel, every, found, 12, Counter()).point == 90).all()


def test_a_small_gain_on_one_series_is_chance(network: ZeroShotNetwork) -> None:
    panel = panel_of(seasonal(60))
    request, ends = validation_request(panel, 12)
    [quantiles] = zero_shot_method(network)(panel, ends, [request])
    truth = np.nan_to_num(request.truth(panel.y, panel.offsets, ends))
    slightly = median(quantiles) + 0.1 * (truth - median(quantiles))
    found = compared(panel, network, slightly=lambda *_: [slightly[:, :, None]])
    assert found.errors["slightly"] < found.errors["zero_shot"]
    assert found.weights == {"zero_shot": 1.0}


def test_a_network_that_is_clearly_worse_is_not_used(network: ZeroShotNetwork) -> None:
    """On one series too: another method is three times as good."""
    panel = panel_of(np.r_[seasonal(48), np.full(12, 90.0)])
    assert compared(panel, network, knows=constant_method(89.0)).weights == {"knows": 1.0}


def test_one_odd_series_does_not_choose_for_thirty(network: ZeroShotNetwork) -> None:
    """It has hardly any scale before validation, and then a level that the last value hits."""
    odd = np.where(np.arange(120) < 97, np.where(np.arange(120) % 50 == 0, 1e-6, 0), 2_500.5)
    good = [seasonal(120, seed) for seed in range(30)]
    alone, together = (
        forecast_panel(panel_of(*series), network, 12).selection for series in (good, [*good, odd])
    )
    assert alone.weights == together.weights == {"zero_shot": 1.0}
    # in the mean of MASE the odd series has a million times the weight of all others
    assert together.mase("seasonal_naive")[30] > 1e6 * together.mase("seasonal_naive")[:30].sum()
    assert together.mase("naive")[30] < 0.5 * together.mase("zero_shot")[30]
    for method, error in together.errors.items():
        assert error == pytest.approx(alone.errors[method], rel=0.2), method


def test_what_a_method_cannot_forecast_is_the_networks(network: ZeroShotNetwork) -> None:
    panel = panel_of(seasonal(60), seasonal(60, 1))

    def half(_: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        [request] = requests
        values = np.full((len(request.end), request.steps, 1), 50.0)
        values[request.series == 1] = np.nan
        return [values]

    found = compared(panel, network, half=half)
    rows = found.request.series == 1
    np.testing.assert_array_equal(found.forecasts["half"][rows], found.forecasts["zero_shot"][rows])
    assert (found.forecasts["half"][~rows] == 50).all()
    chosen = replace(found, weights={"half": 1.0})
    methods = {"zero_shot": zero_shot_method(network), "half": half}
    point = forecast_selected(panel, methods, chosen, 12, Counter()).point
    [quantiles] = methods["zero_shot"](
        panel, panel.lengths, [Request(np.arange(2), panel.lengths, 12)]
    )
    np.testing.assert_array_equal(point[1], median(quantiles)[1])
    assert (point[0] == 50).all()


def test_a_series_with_a_trend_that_changes_little_goes_on(network: ZeroShotNetwork) -> None:
    y = 1e6 - 10 * np.arange(160.0)
    for period in (1, 12):
        found = forecast_panel(panel_of(y[:60], period=period), network, 100)
        low, high = found.bounds(0.95)
        assert ((low <= y[60:]) & (y[60:] <= high)).all()
        assert (low[0, period:] < low[0, :-period]).all()


def test_forecasts_that_share_steps_count_less() -> None:
    request = Request(np.array([0, 0, 0, 1, 1]), np.array([10, 12, 14, 20, 24]), 4)
    truth = np.zeros((5, 4))
    assert independent_forecasts(request, truth) == 2 + 2
    alone = Request(np.array([0, 1]), np.array([10, 10]), 4)
    assert independent_forecasts(alone, truth[:2]) == 2


def selected(truth: np.ndarray, quantiles: np.ndarray, weights: dict[str, float]) -> Selection:
    """A selection on forecasts of zero for one series, with a scale of 1."""
    count, steps, _ = quantiles.shape
    request = Request(np.zeros(count, dtype=int), np.full(count, 9), steps)
    panel = panel_of(np.arange(9 + steps), period=1)
    found = {"zero_shot": quantiles, "other": np.zeros((count, steps, 1))}
    chosen = select_methods(panel, np.array([9]), request, truth, found)
    zero = {**chosen.forecasts, COMBINATION: np.zeros_like(truth)}
    return replace(chosen, weights=weights, forecasts=zero)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_networks_intervals_follow_errors_as_far_as_they_can_be_believed(level: float) -> None:
    normal = np.random.default_rng(0).normal(size=(4_000, 5))
    quantiles, alone = np.tile(NORMAL, (4_000, 5, 1)), {"zero_shot": 1.0}
    panel = panel_of(np.arange(14.0), period=1)

    def factor(size: float, count: float) -> float:
        intervals = forecast_intervals(panel, selected(size * normal, quantiles, alone))
        assert intervals.own_share == 0
        return replace(intervals, count=count).interval_scale(level)

    assert factor(1, 4_000) == pytest.approx(1, abs=0.02)
    # half of what data usually differ by is believed, and all that is beyond
    assert factor(1.5, 1e9) == pytest.approx(np.sqrt(1.5), abs=0.03)
    assert factor(10, 1e9) == pytest.approx(10 / np.sqrt(USUAL_SCALE), rel=0.03)
    assert factor(1.5, SHRINKAGE_COUNT) == pytest.approx(1.5**0.25, abs=0.03)
    assert factor(1.5, 0) == 1


def test_one_series_without_width_decides_nothing_of_the_others() -> None:
    """Constant up to the origin and not after it: an error of infinitely many widths."""
    truth, quantiles = np.zeros((40, 3)), np.tile(NORMAL, (40, 3, 1))
    truth[:20], quantiles[:20] = 5.0, 0.0
    intervals = forecast_intervals(panel_of(np.arange(12.0)), selected(truth, quantiles, {}))
    assert np.isfinite(intervals.interval_scale(0.95))


def test_the_intervals_of_another_method_are_its_own_where_there_are_enough_errors() -> None:
    errors = 0.1 * np.random.default_rng(1).standard_normal((5_000, 4))
    quantiles, panel = np.tile(NORMAL, (5_000, 4, 1)), panel_of(np.arange(13.0), period=1)
    # ten times as wide as the errors of the other method
    intervals = forecast_intervals(panel, selected(errors, quantiles, {"other": 1.0}))
    assert intervals.own_share == pytest.approx(20_000 / (20_000 + OWN_COUNT), abs=0.01)
    for width in intervals.half_widths(quantiles[:1], np.zeros(1, dtype=int), 0.95, 4):
        np.testing.assert_allclose(width, 0.196, rtol=0.15)


def test_errors_that_are_alike_count_less() -> None:
    alone = np.random.default_rng(0).standard_normal((200, 20))
    assert independent_errors(alone) == pytest.approx(4_000, rel=0.1)
    assert independent_errors(alone.cumsum(axis=1)) < 600
    alone[:, 7:] = np.nan
    assert independent_errors(alone) == pytest.approx(1_400, rel=0.1)


# the widest that an interval may be, in widths that its errors need
WIDEST = 4.0


@pytest.mark.parametrize("size", [1.0, 30.0])
def test_intervals_follow_the_method_that_was_chosen(network: ZeroShotNetwork, size: float) -> None:
    """Four clean days of minutes, whose season the network does not know."""
    rng, day = np.random.default_rng(0), 1440
    y = np.tile(2 * rng.normal(size=day).cumsum(), 5) + size * rng.normal(size=5 * day)
    found = forecast_panel(panel_of(y[: 4 * day], period=day), network, day)
    assert found.selection.weights.get("seasonal_naive", 0) > 0.5
    errors = y[4 * day :] - found.point[0]
    for level in (0.8, 0.95):
        low, high = found.bounds(level)
        needed = 2 * np.quantile(np.abs(errors), level)
        assert np.mean(high - low) < WIDEST * needed
        inside = (low[0] <= y[4 * day :]) & (y[4 * day :] <= high[0])
        assert inside.mean() > level - 0.05


def test_bounds_hold_the_forecast_and_stay_above_zero_where_the_series_did(
    network: ZeroShotNetwork,
) -> None:
    """And those of whole numbers are whole."""
    rare = np.random.default_rng(0).poisson(0.3, 60).astype(float)
    panel = panel_of(rare, rare + 0.5, rare - 5, rare - 4.5)
    found = forecast_panel(panel, network, 12)
    levels = sorted({*QUANTILES, 0.42, 0.87})
    quantiles = found.at(levels)
    assert (np.diff(quantiles, axis=2) >= 0).all()
    assert quantiles[:2].min() >= 0 > quantiles[2:].min()
    for number, are_whole in enumerate((True, False, True, False)):
        assert (quantiles[number] == np.rint(quantiles[number])).all() == are_whole
    np.testing.assert_array_equal(quantiles[:, :, levels.index(0.5)], found.point)
    table = found.table()
    bounds = table[["low_95", "low_80", "forecast", "high_80", "high_95"]].to_numpy()
    assert (np.diff(bounds, axis=1) >= 0).all()


def test_the_mean_of_rare_sales_is_not_their_median(network: ZeroShotNetwork) -> None:
    rare = np.random.default_rng(3).poisson(0.3, (40, 90)).astype(float)
    found = forecast_panel(panel_of(*rare), network, 12)
    assert (found.point == 0).mean() > 0.9
    assert found.mean().mean() == pytest.approx(0.3, abs=0.1)


def test_a_shock_that_all_series_share_is_one_surprise(network: ZeroShotNetwork) -> None:
    """The validated horizon has a jump in every series, the horizons before it have none."""
    series = [np.r_[seasonal(132, seed), seasonal(12, seed + 99) + 25] for seed in range(40)]
    panel = panel_of(*series)
    found = forecast_panel(panel, network, 28).intervals
    assert found.earlier is not None
    assert found.earlier.origins == 3
    assert found.interval_scale(0.8) < 0.9 * replace(found, earlier=None).interval_scale(0.8)
    # they end where validation begins, and leave a season and more
    request = earlier_request(panel, found.selection)
    assert request is not None
    first = found.selection.request.end[0]
    assert request.end[:3].tolist() == [first - 84, first - 56, first - 28]
    # many horizons of a long series say enough
    assert forecast_panel(panel_of(seasonal(600)), network, 12).intervals.earlier is None


@pytest.mark.parametrize("price", [1, 5, 7.35])
def test_rare_sales_are_forecast_in_packs_or_not_at_all(
    network: ZeroShotNetwork, price: float
) -> None:
    rng = np.random.default_rng(5)
    sold = rng.poisson(np.exp(rng.uniform(np.log(0.05), np.log(0.6), (200, 1))), (200, 63))
    past = sold[:, :51]
    sold = sold[(past.sum(axis=1) > 1) & ((past == 0).mean(axis=1) >= 0.5)]
    found = forecast_panel(panel_of(*(price * sold[:, :51])), network, 12)
    packs = found.at([0.1, 0.5, 0.9, 0.975]) / price
    np.testing.assert_allclose(packs, np.rint(packs), atol=1e-9)
    assert (packs[..., 0] == 0).mean() > 0.95
    assert (packs[..., 3] > 0).mean() > 0.2
    truth = price * sold[:, 51:]
    error, of_zeros = np.abs(truth - found.point).mean(), truth.mean()
    assert error <= 1.05 * of_zeros
