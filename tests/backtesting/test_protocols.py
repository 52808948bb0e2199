"""All methods side by side: validated without the test part, refitted without look-ahead."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from committed import COMMITTED
from oracles import ragged
from rnnlab.forecasting.combination import absolute_scaled_errors, combine

from rnnlab.core.params import Model, SeriesNormalize, Train, load_params
from rnnlab.forecasting.baselines import forecast_baseline
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.selection import (
    FittedNetworks,
    History,
    ValidationResult,
    forecast_all,
    forecast_with_refits,
    mase_scales,
    print_fallbacks,
    refit_networks,
    validate,
)
from rnnlab.networks.storage import build_network
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.origins import Request, every_origin
from rnnlab.training.members import Recipe

PERIOD, HORIZON = 4, 6
LENGTHS = [56, 70, 48]
TRAIN, VALIDATION = np.array([30, 40, 24]), np.array([38, 50, 32])
BASELINES = ["naive", "seasonal_naive", "naive2", "last_growth", "theta"]
CARD = {
    "kind": "series",
    "steps": 8,
    "features": 1,
    "outputs": HORIZON,
    "input": {"shift": 0.0, "scale": 1.0},
    "layout": {
        **dict.fromkeys(("center", "scale", "residual"), "none"),
        "look_back": 8,
        "horizon": HORIZON,
        "step": 1,
        "period": PERIOD,
        "damping": 0.9,
    },
}
SETTINGS = SeriesNormalize(method="log_exponential_smoothing", level=0.3, season=0.6, damping=0.9)
AIRLINE = load_params(COMMITTED / "params.yaml").tasks["airline"]
MODEL = Model(**{**AIRLINE.model.model_dump(), "hidden_size": 4, "zero_head": False})
TRAINING = Train(
    **{
        **AIRLINE.train.model_dump(),
        "epochs": 3,
        "ensemble": 2,
        "input_noise": 0.0,
        "precision": "float32",
    }
)
RECIPE = Recipe(MODEL, TRAINING, CARD, 1, torch.device("cpu"))


def history(changed_from: np.ndarray | None = None) -> History:
    """Three series; from place ``changed_from`` [S] on, if given, with absurd values."""
    y, offsets = ragged(LENGTHS, PERIOD)
    if changed_from is not None:
        for number, first in enumerate(changed_from):
            later = slice(offsets[number] + first, offsets[number + 1])
            y[later] = 1e4 * (1 + np.arange(later.stop - later.start) % 3)
    return History(y, offsets, PERIOD)


def fitted_networks(of: History, ends: np.ndarray = TRAIN) -> FittedNetworks:
    torch.manual_seed(0)
    networks = [build_network(CARD, MODEL).eval() for _ in range(2)]
    return FittedNetworks(networks, fit_normalization(of.y, of.offsets, ends, SETTINGS, PERIOD))


def forecaster_of(of: History, ends: np.ndarray = TRAIN):
    return partial(
        forecast_all, of, fitted_networks(of, ends), CARD, BASELINES, 1, ends, fallbacks=Counter()
    )


def validated(of: History) -> ValidationResult:
    return validate(of, forecaster_of(of), TRAIN, VALIDATION, 18, HORIZON, True)


def test_methods_are_in_order_and_shapes_follow_the_requests() -> None:
    of = history()
    far = Request(of.offsets[:-1] + TRAIN, np.arange(3), 9)
    near = every_origin(of.offsets, TRAIN, TRAIN + 4, 1)
    found = forecaster_of(of)([far, near])
    assert list(found) == ["model", "control", *BASELINES]
    for forecasts in found.values():
        assert [each.shape for each in forecasts] == [(3, 9), (12, 1)]
    expected, _ = forecast_baseline("theta", of.y, of.offsets, TRAIN, PERIOD, [far, near], 1)
    for one, other in zip(found["theta"], expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_fallbacks_are_counted_and_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    of, fallbacks = history(), Counter(theta=1)
    requests = [Request(of.offsets[:-1] + TRAIN, np.arange(3), 9)]
    # growth from so small a value soon overflows
    of.y[of.offsets[:2] + TRAIN[:2] - PERIOD - 1] = 1e-306
    network = fitted_networks(history())
    forecast_all(of, network, CARD, BASELINES, 1, TRAIN, requests, fallbacks)
    assert fallbacks == Counter(theta=1, last_growth=2)
    forecast_all(history(), network, CARD, BASELINES, 1, TRAIN, requests, fallbacks)
    assert fallbacks == Counter(theta=1, last_growth=2)
    print_fallbacks(fallbacks)
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("theta for 1 and last growth for 2 series.")
    print_fallbacks(Counter(naive=0))
    assert capsys.readouterr().err == ""


def test_scales_by_hand() -> None:
    of = history()
    for number, scale in enumerate(mase_scales(of, TRAIN)):
        part = of.y[of.offsets[number] :][: TRAIN[number]]
        assert scale == pytest.approx(np.abs(part[PERIOD:] - part[:-PERIOD]).mean())


def test_errors_are_of_the_validation_part_a_period_ahead() -> None:
    """Counted for the seasonal naive method, by origin and step."""
    of = history()
    found = validated(of)
    assert list(found.errors) == ["model", *BASELINES]
    means = []
    for number, (train, validation) in enumerate(zip(TRAIN, VALIDATION, strict=True)):
        y, errors = of.y[of.offsets[number] :][: LENGTHS[number]], []
        for origin in range(max(18, train - HORIZON + 1), validation):
            for step in range(PERIOD):
                if train <= origin + step < validation:
                    errors.append(abs(y[origin + step] - y[origin + step - PERIOD]))
        scale = np.abs(y[PERIOD:train] - y[: train - PERIOD]).mean()
        means.append(sum(errors) / len(errors) / scale)
    assert found.errors["seasonal_naive"] == pytest.approx(np.mean(means))


def test_the_best_method_has_a_weight_and_all_methods_have_widths() -> None:
    found = validated(history())
    best = min(found.errors, key=found.errors.get)
    assert best in found.weights
    assert sum(found.weights.values()) == pytest.approx(1)
    assert set(found.weights) <= set(found.errors)
    assert list(found.widths) == ["model", "control", *BASELINES, "combination"]
    for widths in found.widths.values():
        assert widths.log
        for level in LEVELS:
            assert widths.half_widths[level].shape == (HORIZON,)
            assert (widths.half_widths[level] > 0).all()


def results_differ(a: ValidationResult, b: ValidationResult) -> bool:
    def content(result: ValidationResult) -> list:
        widths = result.widths.values()
        half_widths = [each.tobytes() for w in widths for each in w.half_widths.values()]
        return [result.errors, result.weights, half_widths, [w.scale.tobytes() for w in widths]]

    return content(a) != content(b)


def test_the_test_part_changes_no_error_weight_or_width() -> None:
    before = validated(history())
    assert not results_differ(before, validated(history(VALIDATION)))
    # this check can fail: the last value of validation does change them
    assert results_differ(before, validated(history(VALIDATION - 1)))


def test_the_control_is_never_part_of_the_combination() -> None:
    """It shows what the network has learned; it is not a candidate."""
    of = history()

    def forecast(requests: list[Request]) -> dict[str, list[np.ndarray]]:
        truths = [r.truth(of.y, of.offsets[:-1], of.offsets[1:]) for r in requests]
        exact = [np.nan_to_num(truth, nan=1.0) for truth in truths]
        return {
            "model": [1.1 * values for values in exact],
            "control": exact,
            "naive": [2 * values for values in exact],
        }

    found = validate(of, forecast, TRAIN, VALIDATION, 18, HORIZON, False)
    assert found.weights == {"model": 1.0}
    assert list(found.errors) == ["model", "naive"]
    for level in LEVELS:
        half_widths = {m: w.half_widths[level] for m, w in found.widths.items()}
        np.testing.assert_allclose(half_widths["combination"], half_widths["model"])
        assert (half_widths["control"] < 1e-6).all()


def test_the_lower_limit_is_0_unless_a_value_before_the_test_part_is_negative() -> None:
    of = history()
    of.y[of.offsets[0] + TRAIN[0]] = -3.0
    of.y[of.offsets[1] + VALIDATION[1]] = -3.0
    widths = validate(of, constant_forecast, TRAIN, VALIDATION, 18, HORIZON, False).widths["m"]
    assert widths.lower_limit.tolist() == [-np.inf, 0.0, 0.0]


def constant_forecast(requests: list[Request]) -> dict[str, list[np.ndarray]]:
    return {"m": [np.ones((len(r.origin), r.steps)) for r in requests]}


@pytest.mark.parametrize("planted", [(0.01, 0.03), (0.03, 0.01)])
def test_intervals_use_errors_of_the_validation_and_the_training_part(
    planted: tuple[float, float],
) -> None:
    """Known errors are planted in both parts, and huge ones in the steps that do not count."""
    of, start = history(), history().offsets[:-1]

    def forecast(requests: list[Request]) -> dict[str, list[np.ndarray]]:
        truths = [r.truth(of.y, start, of.offsets[1:]) for r in requests]
        ahead = [r.origin[:, None] + np.arange(r.steps) - start[r.series, None] for r in requests]
        train, validation = (each[:, None] for each in (TRAIN, VALIDATION))
        inside = (ahead[0] >= train[requests[0].series]) & (
            ahead[0] < validation[requests[0].series]
        )
        seen = [inside, ahead[1] < train[requests[1].series]]
        errors = [np.where(each, size, 9.0) for each, size in zip(seen, planted, strict=True)]
        right = [np.nan_to_num(truth, nan=1.0) for truth in truths]
        return {"m": [r * np.exp(e) for r, e in zip(right, errors, strict=True)]}

    widths = validate(of, forecast, TRAIN, VALIDATION, 18, HORIZON, True).widths["m"]
    _, high = widths.bounds(np.full((3, HORIZON), 50.0), np.arange(3), 0.95)
    # all series have equal errors, so the series with the smallest scale sets the width
    half_width = np.log(high / 50) / widths.scale[:, None] * widths.scale.min()
    assert half_width.max() == pytest.approx(0.03, rel=0.01)


def test_the_combination_is_at_least_as_good_on_validation_as_the_best_method() -> None:
    of = history()
    found = validated(of)
    seen = []

    def forecast(requests: list[Request]) -> dict[str, list[np.ndarray]]:
        seen.extend(requests)
        return forecaster_of(of)(requests)

    validate(of, forecast, TRAIN, VALIDATION, 18, HORIZON, True)
    starts = of.offsets[:-1]
    truth = seen[0].truth(of.y, starts + TRAIN, starts + VALIDATION)[:, :PERIOD]
    forecasts = {m: f[0][:, :PERIOD] for m, f in forecaster_of(of)(seen[:1]).items()}
    mean = combine(forecasts, found.weights)
    error = absolute_scaled_errors(truth, mean, seen[0].series, mase_scales(of, TRAIN))
    assert error <= min(found.errors.values()) + 1e-12


def test_a_refit_sees_no_values_after_its_end() -> None:
    of, changed = history(), history(VALIDATION)
    a, b = (refit_networks(each, VALIDATION, RECIPE, SETTINGS, [2, 3]) for each in (of, changed))
    assert len(a.networks) == 2
    for one, other in zip(a.networks, b.networks, strict=True):
        for weight, again in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(weight, again)
    for key, values in a.normalization.to_arrays().items():
        assert values.tobytes() == b.normalization.to_arrays()[key].tobytes()
    # members differ, and so do networks fitted on fewer values
    assert not torch.equal(*(network.head.weight for network in a.networks))
    less = refit_networks(of, VALIDATION - 2, RECIPE, SETTINGS, [2, 3])
    assert not torch.equal(less.networks[0].head.weight, a.networks[0].head.weight)


def rolled(of: History, every: int) -> tuple[Request, dict[str, np.ndarray]]:
    request = every_origin(of.offsets, VALIDATION, VALIDATION + 6, PERIOD)

    def fit_and_forecast(ends: np.ndarray, requests: list[Request]) -> dict[str, list[np.ndarray]]:
        again = refit_networks(of, ends, RECIPE, SETTINGS, [2, 2])
        return forecast_all(of, again, CARD, BASELINES, 1, ends, requests, Counter())

    return request, forecast_with_refits(of, request, VALIDATION, every, fit_and_forecast)


def test_refits_change_forecasts_and_never_see_the_future() -> None:
    _, once = rolled(history(), 100)
    request, often = rolled(history(), 2)
    # values from the fourth origin on change; the first four origins do not see them
    _, changed = rolled(history(VALIDATION + 3), 2)
    place = request.origin - history().offsets[request.series]
    early = place - VALIDATION[request.series] <= 3
    first = place - VALIDATION[request.series] < 2
    assert (early.sum(), first.sum()) == (12, 6)
    assert list(often) == ["model", "control", *BASELINES]
    for method, forecasts in often.items():
        assert forecasts[early].tobytes() == changed[method][early].tobytes(), method
        np.testing.assert_array_equal(forecasts[first], once[method][first])
        # these fit nothing, so a refit does not change them
        if method in ("naive", "seasonal_naive", "last_growth"):
            np.testing.assert_array_equal(forecasts, once[method])
        else:
            assert (forecasts[~first] != once[method][~first]).any(), method
        assert (forecasts[~early] != changed[method][~early]).any(), method
