"""Networks as forecasters: windows as in training, and origins of many series at once."""

import numpy as np
import pytest
import torch
from oracles import ragged, wave
from torch import Tensor

from rnnlab.core.params import SeriesNormalize
from rnnlab.core.window_spec import Layout
from rnnlab.forecasting import networks as module
from rnnlab.forecasting.networks import (
    Predictor,
    mean_predictor,
    network_forecaster,
    zero_predictor,
)
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import make_samples
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.origins import Request
from rnnlab.series.windows import windows_in_part

PERIOD, HORIZON, LOOK_BACK = 4, 5, 8
LENGTHS, TRAIN = [40, 57, 30], np.array([30, 41, 22])
METHODS = [
    "none",
    "log_standard",
    "log_difference",
    "log_seasonal_difference",
    "log_seasonal_and_first_difference",
    "exponential_smoothing",
    "log_exponential_smoothing",
]


def card_of(method: str, **changes) -> dict:
    level = {} if method.endswith("smoothing") else {"center": "last", "scale": "deviation"}
    layout = {
        "look_back": LOOK_BACK,
        "horizon": HORIZON,
        "step": 1,
        "center": "none",
        "scale": "none",
        "residual": "none",
        "period": PERIOD,
        "damping": 0.9,
        **level,
    }
    return {"kind": "series", "outputs": HORIZON, "layout": {**layout, **changes}}


def fitted(y: np.ndarray, offsets: np.ndarray, method: str) -> Normalization:
    settings = SeriesNormalize(method=method, level=0.3, season=0.6, damping=0.9)
    return fit_normalization(y, offsets, TRAIN[: len(offsets) - 1], settings, PERIOD)


def forecast(
    predict: Predictor,
    normalization: Normalization,
    card: dict,
    y: np.ndarray,
    offsets: np.ndarray,
    request: Request,
) -> np.ndarray:
    return network_forecaster(normalization, card, y, offsets)(predict, request)


def example_output(inputs: Tensor) -> Tensor:
    """An output that depends on every number of its window and on no other window."""
    weights = torch.linspace(-1, 1, inputs[0].numel()).to(inputs)
    summed = torch.tanh(inputs.flatten(1) @ weights)[:, None]
    return summed * torch.linspace(0.1, 0.5, HORIZON).to(inputs)


def requested(steps: int) -> Request:
    return Request(np.array([0, 0, 1, 1, 2]), np.array([14, 40, 20, 41, 30]), steps)


@pytest.mark.parametrize("steps", [1, 5, 13])
@pytest.mark.parametrize("method", METHODS)
def test_many_series_at_once_are_independent(method: str, steps: int) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    request = requested(steps)
    card = card_of(method)
    found = forecast(example_output, fitted(y, offsets, method), card, y, offsets, request)
    assert found.shape == (5, steps)
    for row, (end, number) in enumerate(zip(request.end, request.series, strict=True)):
        own = y[slice(*offsets[number : number + 2])]
        of_one = np.array([0, len(own)])
        settings = SeriesNormalize(method=method, level=0.3, season=0.6, damping=0.9)
        ends = TRAIN[number : number + 1]
        one = fit_normalization(own, of_one, ends, settings, PERIOD)
        alone = Request(np.array([0]), np.array([end]), steps)
        expected = forecast(example_output, one, card, own, of_one, alone)[0]
        np.testing.assert_allclose(found[row], expected, rtol=1e-9)


@pytest.mark.parametrize("steps", [5, 13])
@pytest.mark.parametrize("method", METHODS)
def test_values_at_or_after_an_origin_are_not_seen(method: str, steps: int) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    request = requested(steps).select(np.array([0, 2, 4]))
    normalization = fitted(y, offsets, method)
    changed = y.copy()
    for end, number in zip(request.end, request.series, strict=True):
        changed[offsets[number] + end : offsets[number + 1]] = 1e5
    before = forecast(example_output, normalization, card_of(method), y, offsets, request)
    after = forecast(example_output, normalization, card_of(method), changed, offsets, request)
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_inputs_are_those_of_training(method: str) -> None:
    """With the training targets as outputs, the forecasts equal the truth."""
    y, offsets = ragged(LENGTHS, PERIOD)
    normalization, card = fitted(y, offsets, method), card_of(method)
    lengths = np.array(LENGTHS)
    layout = Layout(**card["layout"])
    part = windows_in_part(y, offsets, normalization, TRAIN, lengths, layout, whole=False)
    x, targets = make_samples(part, card, torch.device("cpu")).draw(
        torch.arange(len(part["origin"]))
    )
    seen: list[Tensor] = []

    def targets_as_outputs(inputs: Tensor) -> Tensor:
        """Return the targets themselves."""
        seen.append(inputs)
        return torch.nan_to_num(targets).double()

    request = Request(part["series"], part["origin"] - offsets[part["series"]], HORIZON)
    found = forecast(targets_as_outputs, normalization, card, y, offsets, request)
    np.testing.assert_allclose(seen[0].numpy(), x.numpy(), rtol=2e-4, atol=1e-4)
    truth = request.truth(y, offsets)
    known = ~np.isnan(truth)
    assert known.sum() > 100
    np.testing.assert_allclose(found[known], truth[known], rtol=1e-4)


@pytest.mark.parametrize("method", ["log_standard", "log_exponential_smoothing"])
def test_forecasts_in_batches_are_the_same(method: str, monkeypatch) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    normalization, request = fitted(y, offsets, method), requested(9)
    whole = forecast(example_output, normalization, card_of(method), y, offsets, request)
    monkeypatch.setattr(module, "MAX_WINDOWS", 2)
    batches = forecast(example_output, normalization, card_of(method), y, offsets, request)
    np.testing.assert_allclose(batches, whole, rtol=1e-12)


def test_direct_forecasts_beyond_the_horizon_repeat_the_mean_output() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    method = "log_exponential_smoothing"
    normalization, request = fitted(y, offsets, method), requested(17)
    outputs = torch.arange(1.0, 1 + HORIZON).double()
    forecasts = [
        np.log(forecast(given, normalization, card_of(method), y, offsets, request))
        for given in (lambda x: outputs.expand(len(x), -1), zero_predictor(HORIZON))
    ]
    scales = normalization.smoothing.target_scale * normalization.scaler.scale
    added = (forecasts[0] - forecasts[1]) / scales[request.series, None]
    np.testing.assert_allclose(added[:, :HORIZON], np.tile(outputs, (5, 1)), atol=1e-8)
    np.testing.assert_allclose(added[:, HORIZON:], outputs[-PERIOD:].mean(), atol=1e-8)


@pytest.mark.parametrize("method", ["log_standard", "log_seasonal_difference"])
def test_recursive_forecasts_beyond_the_horizon_read_their_own_values(method: str) -> None:
    y = wave(60, PERIOD)
    offsets = np.array([0, 60])
    normalization, card = fitted(y, offsets, method), card_of(method)

    def forecasts(values: np.ndarray, origin: int, steps: int) -> np.ndarray:
        places = np.array([0, len(values)])
        request = Request(np.array([0]), np.array([origin]), steps)
        return forecast(example_output, normalization, card, values, places, request)[0]

    far = forecasts(y, 50, 12)
    np.testing.assert_allclose(far[:5], forecasts(y, 50, 5), rtol=1e-12)
    grown = np.concatenate([y[:50], far[:5], y[55:]])
    np.testing.assert_allclose(far[5:10], forecasts(grown, 55, 5), rtol=1e-8)


def test_zero_output_for_the_seasonal_residual_is_the_seasonal_naive_forecast() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    card = card_of("none", residual="seasonal_naive", center="mean")
    request = requested(13)
    zero = zero_predictor(HORIZON)
    found = forecast(zero, fitted(y, offsets, "none"), card, y, offsets, request)
    for row, origin in enumerate(request.positions(offsets)):
        np.testing.assert_allclose(found[row], np.resize(y[origin - PERIOD : origin], 13))


def test_the_mean_output_of_an_ensemble_in_evaluation_mode() -> None:
    torch.manual_seed(0)
    networks = [RecurrentNetwork(1, 3, hidden_size=4, head_dropout=0.5) for _ in range(3)]
    x = torch.randn(6, 8, 1).double()
    found = mean_predictor(networks)(x)
    assert not found.requires_grad
    assert not any(network.training for network in networks)
    expected = torch.stack([network(x.float()) for network in networks]).mean(0)
    torch.testing.assert_close(found, expected.detach())


def test_a_request_without_origins() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    none = Request(np.zeros(0, int), np.zeros(0, int), 3)
    found = forecast(example_output, fitted(y, offsets, "none"), card_of("none"), y, offsets, none)
    assert found.shape == (0, 3)
