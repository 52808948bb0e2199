"""Baselines: the arithmetic ones match to the last digit, the fitted ones are near known scores."""

import numpy as np
import pytest
from oracles import panel_of, wave

from rnnlab.forecasting import baselines
from rnnlab.forecasting.baselines import (
    BASELINES,
    MAX_SERIES_SERIAL,
    NEEDS_NO_FIT,
    fit_with_fallback,
    forecast_baseline,
)
from rnnlab.series import origins
from rnnlab.series.measures import measure, seasonal_naive_error
from rnnlab.series.origins import FIT_OF, Request
from rnnlab.series.panel import Panel

# pytest would collect a function named test_requests
requests_of = origins.test_requests
CUTS = {"main": 100, "year": 132}
# rounded to three digits or fewer; versions of the libraries differ a little
FITTED = {
    "holt_winters": [(3.27, 0.481), (2.21, 0.338), (5.58, 0.864)],
    "ets": [(3.24, 0.492), (3.47, 0.512), (16.3, 2.50)],
    "sarima": [(2.71, 0.389), (2.90, 0.435), (8.11, 1.144)],
    "theta": [(3.29, 0.471), (2.95, 0.439), (4.47, 0.648)],
}


def scores(airline: np.ndarray, method: str) -> list[dict[str, float]]:
    of, cuts = panel_of(airline), {fit: np.array([cut]) for fit, cut in CUTS.items()}
    requests, found = requests_of(of.lengths, cuts, 12), []
    for protocol in ("one_step", "year", "long"):
        request, cut = requests[protocol], cuts[FIT_OF[protocol]]
        [forecast], _ = forecast_baseline(method, of, cut, [request], 1)
        truth = request.truth(of.y, of.offsets)
        found.append(measure(truth, forecast, seasonal_naive_error(airline[: cut[0]], 12)))
    return found


@pytest.mark.parametrize("method", FITTED)
def test_fitted_baselines_come_near(airline: np.ndarray, method: str) -> None:
    found = np.array([(score["mape"], score["mase"]) for score in scores(airline, method)])
    np.testing.assert_allclose(found, FITTED[method], rtol=0.02)


def test_forecasts_by_hand() -> None:
    y = np.array([1.0, 2.0, 3.0, 2.0, 4.0, 6.0])
    by_hand = {
        "naive": [6, 6, 6, 6],
        "naive2": [6, 6, 6, 6],  # too short to show a season
        "seasonal_naive": [2, 4, 6, 2],
        "last_growth": [4, 8, 12, 8],  # doubled in a period, and doubled again
        "drift": [7, 8, 9, 10],
    }
    for method, expected in by_hand.items():
        np.testing.assert_allclose(fit_with_fallback(method, y, 3)(y, 4), expected)


def season(length: int, period: int, level: float) -> np.ndarray:
    t = np.arange(length)
    noise = np.random.default_rng(5).normal(size=length)
    return level + 0.3 * t + 5 * np.sin(2 * np.pi * t / period) + noise


@pytest.mark.parametrize(
    ("length", "end", "period", "level"),
    [(60, 57, 1, 50), (40, 37, 4, 50), (60, 57, 7, 0), *((20, n, 12, 50) for n in (2, 3, 5, 13))],
    ids=["no season", "quarters", "negatives", *(f"only {n} values" for n in (2, 3, 5, 13))],
)
@pytest.mark.parametrize("method", BASELINES)
def test_other_and_short_series_have_a_forecast(
    method: str, length: int, end: int, period: int, level: float
) -> None:
    y = season(length, period, level)
    forecast = fit_with_fallback(method, y[:end], period)
    for origin in (end, length):
        found = forecast(y[:origin], 15)
        assert found.shape == (15,)
        assert np.isfinite(found).all()


def test_fallbacks_to_the_seasonal_naive_forecast_are_counted() -> None:
    """Growth from 0 is undefined: once in the first series, at both origins of the third."""
    of = panel_of([3, 0, 4, 4, 5, 6], [1, 2, 3, 4, 5, 6], [2, 0, 0, 3, 2, 2], period=2)
    series, end = np.array([0, 0, 1, 2, 2]), np.array([4, 5, 4, 4, 5])
    request, ends = Request(series, end, 2), np.full(3, 4)
    [found], count = forecast_baseline("last_growth", of, ends, [request], 1)
    assert count == 2
    np.testing.assert_array_equal(found[[0, 3, 4]], [[4, 4], [0, 3], [3, 2]])
    np.testing.assert_allclose(found[[1, 2]], [[5, 6.25], [6, 8]])
    for method in ("seasonal_naive", "drift"):
        assert forecast_baseline(method, of, ends, [request], 1)[1] == 0


def test_seasonal_naive_repeats_the_last_value_of_a_history_shorter_than_a_period() -> None:
    y = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(fit_with_fallback("seasonal_naive", y, 4)(y, 3), [3, 3, 3])


def season_by_hand(y: np.ndarray, period: int) -> np.ndarray:
    """The season of classical multiplicative decomposition (an even period), value by value."""
    half, ratios = period // 2, {place: [] for place in range(period)}
    for n in range(half, len(y) - half):
        ends = (y[n - half] + y[n + half]) / 2
        middle = sum(y[n - half + 1 : n + half])
        ratios[n % period].append(y[n] / ((ends + middle) / period))
    means = np.array([sum(each) / len(each) for each in ratios.values()])
    return means / means.mean()


@pytest.mark.parametrize("end", [100, 132, 137])
def test_naive2_by_hand(airline: np.ndarray, end: int) -> None:
    season = season_by_hand(airline[:end], 12)
    forecaster = fit_with_fallback("naive2", airline[:end], 12)
    for origin in (end, end + 5):
        level = airline[origin - 1] / season[(origin - 1) % 12]
        expected = [level * season[(origin + k) % 12] for k in range(30)]
        np.testing.assert_allclose(forecaster(airline[:origin], 30), expected, rtol=1e-10)


def test_naive2_is_naive_without_a_season() -> None:
    y = 100 + np.random.default_rng(0).normal(size=120)
    np.testing.assert_array_equal(fit_with_fallback("naive2", y, 12)(y, 3), [y[-1]] * 3)


def test_naive2_is_additive_with_negative_values() -> None:
    y = np.tile([-3.0, 1, 2, 0], 12)
    np.testing.assert_allclose(
        fit_with_fallback("naive2", y, 4)(y, 6), [-3, 1, 2, 0, -3, 1], atol=1e-9
    )


def panel(count: int) -> tuple[Panel, np.ndarray]:
    """Series of unequal length, and the end of the training part of each."""
    series = [wave(30 + 5 * (n % 3), 4, n) for n in range(count)]
    return panel_of(*series, period=4), np.array([20 + 5 * (n % 3) for n in range(count)])


def requested(ends: np.ndarray) -> list[Request]:
    """Each series once; every other series twice, one step ahead; no series."""
    number = np.arange(len(ends))
    twice = np.repeat(number[::2], 2)
    none = np.zeros(0, dtype=np.int64)
    return [
        Request(number, ends, 6),
        Request(twice, ends[twice] + np.tile([1, 3], len(twice) // 2), 1),
        Request(none, none, 2),
    ]


@pytest.mark.parametrize("method", BASELINES)
def test_forecasts_of_several_series_and_requests_are_in_order(method: str) -> None:
    of, ends = panel(3)
    requests, before = requested(ends), of.y.copy()
    found, _ = forecast_baseline(method, of, ends, requests, 1)
    np.testing.assert_array_equal(of.y, before)
    assert [each.shape for each in found] == [(3, 6), (4, 1), (0, 2)]
    for request, forecasts in zip(requests, found, strict=True):
        for row, (end, number) in enumerate(zip(request.end, request.series, strict=True)):
            y = of.y[of.span(number)]
            forecaster = fit_with_fallback(method, y[: ends[number]], 4)
            expected = forecaster(y[:end], request.steps)
            np.testing.assert_allclose(forecasts[row], expected, rtol=1e-9)


@pytest.mark.parametrize("method", ["naive2", "holt_winters", "theta"])
def test_parallel_processes_give_the_same_forecasts(method: str) -> None:
    assert method not in NEEDS_NO_FIT
    of, ends = panel(MAX_SERIES_SERIAL + 3)
    requests = requested(ends)
    one, two = (forecast_baseline(method, of, ends, requests, n)[0] for n in (1, 2))
    for alone, beside in zip(one, two, strict=True):
        np.testing.assert_array_equal(alone, beside)


def test_few_series_start_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a process takes longer than fitting a baseline to the airline series."""
    import joblib

    def fail(*args: object, **settings: object) -> None:
        raise AssertionError("processes were started")

    monkeypatch.setattr(joblib, "Parallel", fail)
    for method, count in (("holt_winters", 3), ("drift", MAX_SERIES_SERIAL + 3)):
        of, ends = panel(count)
        requests = requested(ends)
        found, _ = forecast_baseline(method, of, ends, requests, 8)
        assert len(found) == 3
    with pytest.raises(AssertionError, match="processes were started"):
        baselines.forecast_baseline("naive2", of, ends, requests, 8)


@pytest.mark.parametrize("method", BASELINES)
def test_later_values_and_other_series_change_no_forecast(method: str) -> None:
    of, ends = panel(3)
    first, second, _ = changed = [y.copy() for y in of.parts(of.y)]
    first[:] = first[::-1].copy()
    second[ends[1] + 3 :] *= 5
    requests = requested(ends)
    request = Request(np.array([1, 1]), ends[1] + np.array([0, 3]), 4)
    a, b = (
        forecast_baseline(method, each, ends, [request, requests[0]], 1)[0][0]
        for each in (of, panel_of(*changed, period=4))
    )
    assert a.tobytes() == b.tobytes()


def test_sarima_with_a_long_season_is_fast_and_accurate() -> None:
    """Four years of weeks: the season is subtracted first, since 52 states would take minutes."""
    step = np.arange(208)
    noise = np.random.default_rng(0).normal(0, 0.5, 208)
    y = 100 + 0.1 * step + 20 * np.sin(2 * np.pi * step / 52) + noise
    forecast = fit_with_fallback("sarima", y[:156], 52)(y[:156], 52)
    assert np.abs(forecast - y[156:]).mean() < 3
    later = fit_with_fallback("sarima", y[:156], 52)(y[:160], 10)
    assert np.abs(later - y[160:170]).mean() < 3


def test_two_periods_are_the_least_that_show_a_season() -> None:
    y = np.tile([1.0, 5, 3, 7], 2)
    np.testing.assert_allclose(baselines._additive_season(y, 4), [-3, 1, -1, 3])
    np.testing.assert_array_equal(baselines._additive_season(y[:-1], 4), np.zeros(4))


@pytest.mark.parametrize("method", ["naive2", "holt_winters", "sarima"])
def test_a_zero_has_no_logarithm_and_divides_nothing(method: str) -> None:
    """The method itself bears the series: the seasonal naive forecast is not what comes out."""
    y = np.tile([0.0, 2, 1, 3], 12) + np.repeat(np.arange(12.0), 4)
    y[0] = 0.0
    failed: list[bool] = []
    forecaster = fit_with_fallback(method, y, 4, lambda: failed.append(True))
    assert np.isfinite(forecaster(y, 6)).all()
    assert failed == []
