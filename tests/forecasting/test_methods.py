"""Methods: one call for the pipeline and the command, and the same numbers in both."""

from collections import Counter

import numpy as np
import pytest
from oracles import panel_of, wave
from toys import zero_shot_network

from rnnlab.forecasting import methods as module
from rnnlab.forecasting.forecast import forecast_panel
from rnnlab.forecasting.methods import (
    FITTED,
    QUICK,
    forecast_all,
    make_methods,
    median,
    names_of,
    zero_shot_method,
)
from rnnlab.series.origins import Request, every_origin
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.storage import read_zero_shot

NETWORK = zero_shot_network(4)
PARTS = [np.random.default_rng(n).random(n) + 9 for n in (40, 25, 60)]
PANEL = panel_of(*PARTS, period=4)
REQUESTS = [
    Request(np.arange(3), PANEL.lengths, 7),
    every_origin(PANEL.lengths, np.array([30, 20, 50]), PANEL.lengths, 1),
    Request(np.array([], dtype=int), np.array([], dtype=int), 4),
]


def forecast(panel: Panel = PANEL) -> list[np.ndarray]:
    return zero_shot_method(NETWORK)(panel, panel.lengths, REQUESTS)


def test_quantiles_of_the_network_from_every_origin() -> None:
    found = forecast()
    count = len(QUANTILES)
    assert [each.shape for each in found] == [(3, 7, count), (25, 1, count), (0, 4, count)]
    for request, values in zip(REQUESTS, found, strict=True):
        for row, (end, series) in enumerate(zip(request.end, request.series, strict=True)):
            [expected] = forecast_quantiles(NETWORK, [PARTS[series][:end]], 4, request.steps)
            np.testing.assert_allclose(values[row], expected, rtol=1e-5)


def test_many_origins_are_cut_into_calls_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = forecast()
    monkeypatch.setattr(module, "MAX_WINDOWS", 10)
    for one, other in zip(whole, forecast(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_gaps_are_gaps_to_the_network() -> None:
    gaps = [part.copy() for part in PARTS]
    for number, place in ((0, 5), (0, 38), (1, 23), (2, 35)):
        gaps[number][place] = np.nan
    found = forecast(panel_of(*gaps, period=4))
    for request, values in zip(REQUESTS, found, strict=True):
        for row, (end, series) in enumerate(zip(request.end, request.series, strict=True)):
            [expected] = forecast_quantiles(NETWORK, [gaps[series][:end]], 4, request.steps)
            np.testing.assert_allclose(values[row], expected, rtol=1e-5)
    assert (found[0] != forecast()[0]).any()


@pytest.mark.parametrize("length", [60, 500])
def test_zero_shot_is_the_same_in_the_pipeline_and_in_the_command(length: int) -> None:
    """Beyond the reach of the network too: step 120 of a monthly series."""
    network, y = read_zero_shot(), wave(length, 12)
    of, fallbacks = panel_of(y / y.max() * 300), Counter()
    pipeline = make_methods(["zero_shot", "drift"], network, 1, fallbacks)
    request = Request(np.array([0]), of.lengths, 120)
    [quantiles] = forecast_all(pipeline, of, of.lengths, [request])["zero_shot"]
    command = forecast_panel(of, network, 120)
    np.testing.assert_allclose(command.quantiles, quantiles, rtol=1e-6)
    assert command.selection.weights == {"zero_shot": 1.0}
    np.testing.assert_allclose(command.point, median(quantiles), rtol=1e-6)


def test_the_methods_of_a_forecast() -> None:
    assert names_of(fit=False) == ("zero_shot", *QUICK)
    assert names_of(fit=True) == ("zero_shot", *QUICK, *FITTED)
    made = make_methods(names_of(fit=True), NETWORK, 1, Counter())
    assert list(made) == list(names_of(fit=True))
