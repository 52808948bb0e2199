"""Networks as forecasters: the windows they were trained on, and origins of many series at once."""

import numpy as np
import pytest
import torch
from oracles import ragged, wave
from torch import Tensor

from rnnlab.core.params import SeriesNormalize
from rnnlab.forecasting import forecaster as module
from rnnlab.forecasting.forecaster import Answer, forecaster, mean_answer, no_answer
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
    answer: Answer,
    normalization: Normalization,
    card: dict,
    y: np.ndarray,
    offsets: np.ndarray,
    request: Request,
) -> np.ndarray:
    return forecaster(normalization, card, y, offsets)(answer, request)


def made_up(inputs: Tensor) -> Tensor:
    """An answer that hangs on every number of each window and on no other window."""
    weights = torch.linspace(-1, 1, inputs[0].numel()).to(inputs)
    summed = torch.tanh(inputs.flatten(1) @ weights)[:, None]
    return summed * torch.linspace(0.1, 0.5, HORIZON).to(inputs)


def requested(offsets: np.ndarray, steps: int) -> Request:
    series = np.array([0, 0, 1, 1, 2])
    return Request(offsets[series] + np.array([14, 40, 20, 41, 30]), series, steps)


@pytest.mark.parametrize("steps", [1, 5, 13])
@pytest.mark.parametrize("method", METHODS)
def test_many_series_at_once_are_each_by_itself(method: str, steps: int) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    request = requested(offsets, steps)
    card = card_of(method)
    found = forecast(made_up, fitted(y, offsets, method), card, y, offsets, request)
    assert found.shape == (5, steps)
    for row, (origin, number) in enumerate(zip(request.origin, request.series, strict=True)):
        own = y[slice(*offsets[number : number + 2])]
        of_one = np.array([0, len(own)])
        settings = SeriesNormalize(method=method, level=0.3, season=0.6, damping=0.9)
        ends = TRAIN[number : number + 1]
        one = fit_normalization(own, of_one, ends, settings, PERIOD)
        alone = Request(np.array([origin - offsets[number]]), np.array([0]), steps)
        expected = forecast(made_up, one, card, own, of_one, alone)[0]
        np.testing.assert_allclose(found[row], expected, rtol=1e-9)


@pytest.mark.parametrize("steps", [5, 13])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_at_or_after_an_origin_is_seen(method: str, steps: int) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    request = requested(offsets, steps).select(np.array([0, 2, 4]))
    normalization = fitted(y, offsets, method)
    changed = y.copy()
    for origin, number in zip(request.origin, request.series, strict=True):
        changed[origin : offsets[number + 1]] = 1e5
    before = forecast(made_up, normalization, card_of(method), y, offsets, request)
    after = forecast(made_up, normalization, card_of(method), changed, offsets, request)
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_asked_is_what_was_trained_on(method: str) -> None:
    """The answers to the training windows' inputs, made whole again, are the forecasts."""
    y, offsets = ragged(LENGTHS, PERIOD)
    normalization, card = fitted(y, offsets, method), card_of(method)
    lengths = np.array(LENGTHS)
    layout = module.Layout(**card["layout"])
    part = windows_in_part(y, offsets, normalization, TRAIN, lengths, layout, whole=False)
    x, targets = make_samples(part, card, torch.device("cpu")).draw(
        torch.arange(len(part["origin"]))
    )
    seen: list[Tensor] = []

    def right(inputs: Tensor) -> Tensor:
        """Answers the targets themselves."""
        seen.append(inputs)
        return torch.nan_to_num(targets).double()

    request = Request(part["origin"], part["series"], HORIZON)
    found = forecast(right, normalization, card, y, offsets, request)
    np.testing.assert_allclose(seen[0].numpy(), x.numpy(), rtol=2e-4, atol=1e-4)
    truth = request.truth(y, offsets[:-1], offsets[1:])
    known = ~np.isnan(truth)
    assert known.sum() > 100
    np.testing.assert_allclose(found[known], truth[known], rtol=1e-4)


@pytest.mark.parametrize("method", ["log_standard", "log_exponential_smoothing"])
def test_forecasts_in_portions_are_the_same(method: str, monkeypatch) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    normalization, request = fitted(y, offsets, method), requested(offsets, 9)
    whole = forecast(made_up, normalization, card_of(method), y, offsets, request)
    monkeypatch.setattr(module, "MOST_WINDOWS", 2)
    portions = forecast(made_up, normalization, card_of(method), y, offsets, request)
    np.testing.assert_allclose(portions, whole, rtol=1e-12)


def test_beyond_the_horizon_of_a_smoothing_the_mean_answer_goes_on() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    method = "log_exponential_smoothing"
    normalization, request = fitted(y, offsets, method), requested(offsets, 17)
    answer = torch.arange(1.0, 1 + HORIZON).double()
    asked = [
        np.log(forecast(given, normalization, card_of(method), y, offsets, request))
        for given in (lambda x: answer.expand(len(x), -1), no_answer(HORIZON))
    ]
    scales = normalization.smoothing.target_scale * normalization.scaler.scale
    added = (asked[0] - asked[1]) / scales[request.series, None]
    np.testing.assert_allclose(added[:, :HORIZON], np.tile(answer, (5, 1)), atol=1e-8)
    np.testing.assert_allclose(added[:, HORIZON:], answer[-PERIOD:].mean(), atol=1e-8)


@pytest.mark.parametrize("method", ["log_standard", "log_seasonal_difference"])
def test_beyond_the_horizon_of_others_the_network_reads_its_own_forecasts(method: str) -> None:
    y = wave(60, PERIOD)
    offsets = np.array([0, 60])
    normalization, card = fitted(y, offsets, method), card_of(method)

    def asked(values: np.ndarray, origin: int, steps: int) -> np.ndarray:
        places = np.array([0, len(values)])
        request = Request(np.array([origin]), np.array([0]), steps)
        return forecast(made_up, normalization, card, values, places, request)[0]

    far = asked(y, 50, 12)
    np.testing.assert_allclose(far[:5], asked(y, 50, 5), rtol=1e-12)
    grown = np.concatenate([y[:50], far[:5], y[55:]])
    np.testing.assert_allclose(far[5:10], asked(grown, 55, 5), rtol=1e-8)


def test_a_zero_answer_to_the_seasonal_residual_is_the_seasonal_naive_forecast() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    card = card_of("none", residual="seasonal_naive", center="mean")
    request = requested(offsets, 13)
    zero = no_answer(HORIZON)
    found = forecast(zero, fitted(y, offsets, "none"), card, y, offsets, request)
    for row, origin in enumerate(request.origin):
        np.testing.assert_allclose(found[row], np.resize(y[origin - PERIOD : origin], 13))


def test_the_mean_answer_of_an_ensemble_in_evaluation_mode() -> None:
    torch.manual_seed(0)
    networks = [RecurrentNetwork(1, 3, hidden_size=4, head_dropout=0.5) for _ in range(3)]
    x = torch.randn(6, 8, 1).double()
    found = mean_answer(networks)(x)
    assert not found.requires_grad
    assert not any(network.training for network in networks)
    expected = torch.stack([network(x.float()) for network in networks]).mean(0)
    torch.testing.assert_close(found, expected.detach())


def test_no_forecasts_are_wanted() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    none = Request(np.zeros(0, int), np.zeros(0, int), 3)
    found = forecast(made_up, fitted(y, offsets, "none"), card_of("none"), y, offsets, none)
    assert found.shape == (0, 3)
