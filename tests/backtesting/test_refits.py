"""Refits during the test part: on which values, and for which origins."""

from types import SimpleNamespace

import numpy as np
import pytest
from oracles import ragged

from rnnlab.forecasting import backtest
from rnnlab.forecasting.selection import FittedNetworks, History, forecast_with_refits
from rnnlab.series.origins import Request, every_origin

PERIOD, VALIDATION = 4, np.array([38, 50, 32])


def history() -> History:
    y, offsets = ragged([56, 70, 48], PERIOD)
    return History(y, offsets, PERIOD)


def test_each_block_of_origins_is_forecast_from_all_earlier_values() -> None:
    of, calls = history(), []
    request = every_origin(of.offsets, VALIDATION, np.array([38 + 7, 50 + 2, 32 + 5]), 2)

    def fit_and_forecast(ends: np.ndarray, requests: list[Request]) -> dict[str, list[np.ndarray]]:
        [wanted] = requests
        calls.append((ends.tolist(), wanted.origin.tolist()))
        return {"m": [np.tile(wanted.origin[:, None], (1, 2)) + np.array([0.0, 0.5])]}

    found = forecast_with_refits(of, request, VALIDATION, 3, fit_and_forecast)
    second, third = of.offsets[1], of.offsets[2]
    assert calls == [
        ([38, 50, 32], [38, 39, 40, second + 50, second + 51, third + 32, third + 33, third + 34]),
        ([41, 53, 35], [41, 42, 43, third + 35, third + 36]),
        ([44, 56, 38], [44]),
    ]
    # the forecasts are in the rows of their origins
    np.testing.assert_array_equal(found["m"], request.origin[:, None] + [[0, 0.5]])


@pytest.mark.parametrize(("every", "calls"), [(0, ["long", "rolling"]), (3, ["long"])])
def test_rolling_origins_are_forecast_either_with_or_without_refits(
    monkeypatch: pytest.MonkeyPatch, every: int, calls: list[str]
) -> None:
    of = history()
    requests = {
        "long": Request(of.offsets[:-1] + VALIDATION, np.arange(3), 9),
        "rolling": every_origin(of.offsets, VALIDATION, VALIDATION + 2, PERIOD),
    }
    wanted: list[Request] = []

    def forecast(
        _: FittedNetworks, ends: np.ndarray, of_these: list[Request]
    ) -> dict[str, list[np.ndarray]]:
        wanted.extend(of_these)
        return {"m": [np.full(len(each.origin), each.steps) for each in of_these]}

    monkeypatch.setattr(backtest, "rolling_forecasts", lambda *_: {"m": np.zeros(6)})
    trained = SimpleNamespace(
        settings=SimpleNamespace(refit_every=every),
        fitted_networks=lambda *_, **__: None,
        forecast=forecast,
    )
    found = backtest.forecast_test_part(trained, "main", VALIDATION, requests)
    assert wanted == [requests[protocol] for protocol in calls]
    assert found["long"]["m"].tolist() == [9, 9, 9]
    assert found["rolling"]["m"].tolist() == [0 if every else PERIOD] * 6
