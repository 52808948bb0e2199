"""Refits during the test part: on which values, and for which origins."""

from types import SimpleNamespace

import numpy as np
import pytest
from oracles import panel_of, wave

from rnnlab.backtesting import protocols
from rnnlab.backtesting.protocols import Asked, forecast_with_refits
from rnnlab.forecasting.methods import Method
from rnnlab.series.origins import Request, every_origin
from rnnlab.series.panel import Panel

PERIOD, VALIDATION = 4, np.array([38, 50, 32])
PANEL = panel_of(*(wave(n, PERIOD, seed) for seed, n in enumerate([56, 70, 48])), period=PERIOD)


def test_each_block_of_origins_is_forecast_from_all_earlier_values() -> None:
    calls = []
    last = np.array([38 + 7, 50 + 2, 32 + 5])
    request = every_origin(PANEL.lengths, VALIDATION, last, 2)

    def fit_and_forecast(ends: np.ndarray, requests: list[Request]) -> Asked:
        [wanted] = requests
        calls.append((ends.tolist(), wanted.series.tolist(), wanted.end.tolist()))
        return {"m": [(wanted.end[:, None] + np.array([0.0, 0.5]))[:, :, None]]}

    found = forecast_with_refits(PANEL.lengths, request, VALIDATION, 3, fit_and_forecast)
    assert calls == [
        ([38, 50, 32], [0, 0, 0, 1, 1, 2, 2, 2], [38, 39, 40, 50, 51, 32, 33, 34]),
        ([41, 53, 35], [0, 0, 0, 2, 2], [41, 42, 43, 35, 36]),
        ([44, 56, 38], [0], [44]),
    ]
    # the forecasts are in the rows of their origins
    np.testing.assert_array_equal(found["m"], request.end[:, None] + [[0, 0.5]])


@pytest.mark.parametrize(("every", "calls"), [(0, ["long", "rolling"]), (3, ["long"])])
def test_rolling_origins_are_forecast_either_with_or_without_refits(
    monkeypatch: pytest.MonkeyPatch, every: int, calls: list[str]
) -> None:
    requests = {
        "long": Request(np.arange(3), VALIDATION, 9),
        "rolling": every_origin(PANEL.lengths, VALIDATION, VALIDATION + 2, PERIOD),
    }
    wanted: list[Request] = []

    def steps_ahead(_: Panel, ends: np.ndarray, of_these: list[Request]) -> list[np.ndarray]:
        wanted.extend(of_these)
        return [np.full((len(each.end), each.steps, 1), each.steps) for each in of_these]

    def methods_of(fit: str, refit: bool) -> dict[str, Method]:
        assert (fit, refit) == ("main", True)
        return {"m": steps_ahead}

    monkeypatch.setattr(protocols, "rolling_forecasts", lambda *_: {"m": np.zeros((6, PERIOD))})
    trained = SimpleNamespace(
        panel=PANEL, settings=SimpleNamespace(refit_every=every), methods_of=methods_of
    )
    found = protocols.forecast_test_part(trained, "main", VALIDATION, requests)
    assert wanted == [requests[protocol] for protocol in calls]
    assert (found["long"]["m"] == np.full((3, 9), 9)).all()
    assert (found["rolling"]["m"] == np.full((6, PERIOD), 0 if every else PERIOD)).all()
