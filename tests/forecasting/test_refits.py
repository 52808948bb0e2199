"""Methods that are fitted anew as the test part goes by: who is asked, when, and for what."""

from types import SimpleNamespace

import numpy as np
import pytest
from oracles import ragged

from rnnlab.forecasting import backtest
from rnnlab.forecasting.selection import History, Learned, roll_with_refits
from rnnlab.series.origins import Request, every_origin

PERIOD, VALIDATION = 4, np.array([38, 50, 32])


def history() -> History:
    y, offsets = ragged([56, 70, 48], PERIOD)
    return History(y, offsets, PERIOD)


def test_blocks_of_origins_are_each_asked_with_all_that_came_before() -> None:
    of, asked = history(), []
    request = every_origin(of.offsets, VALIDATION, np.array([38 + 7, 50 + 2, 32 + 5]), 2)

    def ask_at(ends: np.ndarray, requests: list[Request]) -> dict[str, list[np.ndarray]]:
        [wanted] = requests
        asked.append((ends.tolist(), wanted.origin.tolist()))
        return {"m": [np.tile(wanted.origin[:, None], (1, 2)) + np.array([0.0, 0.5])]}

    found = roll_with_refits(of, request, VALIDATION, 3, ask_at)
    second, third = of.offsets[1], of.offsets[2]
    assert asked == [
        ([38, 50, 32], [38, 39, 40, second + 50, second + 51, third + 32, third + 33, third + 34]),
        ([41, 53, 35], [41, 42, 43, third + 35, third + 36]),
        ([44, 56, 38], [44]),
    ]
    # and the answers stand where they were asked for
    np.testing.assert_array_equal(found["m"], request.origin[:, None] + [[0, 0.5]])


@pytest.mark.parametrize(("every", "asked"), [(0, ["long", "rolling"]), (3, ["long"])])
def test_what_is_fitted_anew_is_not_forecast_before(
    monkeypatch: pytest.MonkeyPatch, every: int, asked: list[str]
) -> None:
    of = history()
    requests = {
        "long": Request(of.offsets[:-1] + VALIDATION, np.arange(3), 9),
        "rolling": every_origin(of.offsets, VALIDATION, VALIDATION + 2, PERIOD),
    }
    wanted: list[Request] = []

    def ask(_: Learned, ends: np.ndarray, of_these: list[Request]) -> dict[str, list[np.ndarray]]:
        wanted.extend(of_these)
        return {"m": [np.full(len(each.origin), each.steps) for each in of_these]}

    monkeypatch.setattr(backtest, "with_refits", lambda *_: {"m": np.zeros(6)})
    trained = SimpleNamespace(
        settings=SimpleNamespace(refit_every=every), learned=lambda *_, **__: None, ask=ask
    )
    found = backtest.answers_of(trained, "main", VALIDATION, requests)
    assert wanted == [requests[protocol] for protocol in asked]
    assert found["long"]["m"].tolist() == [9, 9, 9]
    assert found["rolling"]["m"].tolist() == [0 if every else PERIOD] * 6
