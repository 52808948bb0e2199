"""Method zero_shot beside the baselines: no fit, all origins at once, gaps as gaps."""

import numpy as np
import pytest
from rnnlab.forecasting.forecaster import MAX_PERIOD, forecast_zero_shot
from toys import zero_shot_network

from rnnlab.forecasting import forecaster
from rnnlab.series.origins import Request, every_origin
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES

NETWORK = zero_shot_network(4)
Y = np.concatenate([np.random.default_rng(n).random(n) + 9 for n in (40, 25, 60)])
OFFSETS = np.array([0, 40, 65, 125])
REQUESTS = [
    Request(OFFSETS[1:], np.arange(3), 7),
    every_origin(OFFSETS, np.array([30, 20, 50]), np.array([40, 25, 60]), 1),
    Request(np.array([], dtype=int), np.array([], dtype=int), 4),
]


def forecast(y: np.ndarray = Y, truth: np.ndarray | None = None, period: int = 4):
    seen = y if truth is None else truth
    return forecast_zero_shot(NETWORK, y, seen, OFFSETS, period, REQUESTS)


def test_medians_of_the_network_from_every_origin() -> None:
    found, failed = forecast()
    assert failed == 0
    assert [each.shape for each in found] == [(3, 7), (25, 1), (0, 4)]
    for request, values in zip(REQUESTS, found, strict=True):
        for row, (origin, series) in enumerate(zip(request.origin, request.series, strict=True)):
            past = Y[OFFSETS[series] : origin]
            [expected] = forecast_quantiles(NETWORK, [past], 4, request.steps)
            np.testing.assert_allclose(values[row], expected[:, QUANTILES.index(0.5)], rtol=1e-5)


def test_many_origins_are_cut_into_calls_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = forecast()[0]
    monkeypatch.setattr(forecaster, "MAX_WINDOWS", 10)
    for one, other in zip(whole, forecast()[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_filled_values_are_gaps_to_the_network() -> None:
    filled = np.zeros(len(Y), dtype=bool)
    filled[[5, 39, 64, 100]] = True
    truth = np.where(filled, np.nan, Y)
    other = np.where(filled, 7777, Y)
    for one, same in zip(forecast(Y, truth)[0], forecast(other, truth)[0], strict=True):
        np.testing.assert_array_equal(one, same)
    assert (forecast(Y, truth)[0][0] != forecast(Y)[0][0]).any()


def test_seasonal_naive_stands_in_for_periods_that_are_too_long() -> None:
    found, failed = forecast(period=MAX_PERIOD + 1)
    assert failed == 3
    np.testing.assert_array_equal(found[0], np.repeat(Y[OFFSETS[1:] - 1][:, None], 7, axis=1))
    assert forecast(period=MAX_PERIOD)[1] == 0
