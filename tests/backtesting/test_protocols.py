"""All methods side by side: validated without the test part, refitted without look-ahead."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from committed import COMMITTED
from oracles import panel_of, wave

from rnnlab.backtesting.labels import fallback_lines
from rnnlab.backtesting.protocols import (
    Asked,
    TrainedTask,
    forecast_with_refits,
    refit_networks,
    validate_fit,
)
from rnnlab.core.params import Model, SeriesNormalize, Train, load_params
from rnnlab.forecasting.baselines import forecast_baseline
from rnnlab.forecasting.intervals import LEVELS, IntervalWidths
from rnnlab.forecasting.methods import Method, forecast_all, make_methods
from rnnlab.forecasting.networks import mean_predictor, network_method
from rnnlab.forecasting.selection import Selection, combine, relative_errors
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.storage import build_network
from rnnlab.series.origins import Request, every_origin
from rnnlab.series.panel import Panel
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


Validated = tuple[Selection, dict[str, IntervalWidths]]


def panel(changed_from: np.ndarray | None = None) -> Panel:
    """Three series; from place ``changed_from`` [S] on, if given, with absurd values."""
    series = [wave(length, PERIOD, seed) for seed, length in enumerate(LENGTHS)]
    if changed_from is not None:
        for y, first in zip(series, changed_from, strict=True):
            y[first:] = 1e4 * (1 + np.arange(len(y) - first) % 3)
    return panel_of(*series, period=PERIOD)


def networks() -> list[RecurrentNetwork]:
    torch.manual_seed(0)
    return [build_network(CARD, MODEL).eval() for _ in range(2)]


def trained(of: Panel, method: str = SETTINGS.method) -> TrainedTask:
    settings = SETTINGS.model_copy(update={"method": method}).model_dump()
    return TrainedTask(
        panel=of,
        cuts={"main": {"train": TRAIN, "validation": VALIDATION}},
        networks={"main": networks(), "main_chosen": networks()},
        card={"windows": {**CARD, "normalized": {"normalize": settings}}, "train": {"refit": True}},
        settings=AIRLINE.evaluate.model_copy(update={"baselines": BASELINES}),
        processes=1,
        device=torch.device("cpu"),
    )


def validated(of: Panel, methods: Mapping[str, Method], method: str = SETTINGS.method) -> Validated:
    """The result with these methods in the place of those of the task."""

    class Stubbed(TrainedTask):
        def methods_of(self, fit: str, refit: bool) -> dict[str, Method]:
            return dict(methods)

    return validate_fit(Stubbed(**vars(trained(of, method))), "main")


def half(widths: IntervalWidths, level: float) -> np.ndarray:
    """Half of the width about forecasts of all series, [S, H]."""
    return widths.half_widths(np.arange(len(LENGTHS)), level, HORIZON)


def test_methods_are_in_order_and_shapes_follow_the_requests() -> None:
    of = panel()
    far = Request(np.arange(3), TRAIN, 9)
    near = every_origin(of.lengths, TRAIN, TRAIN + 4, 1)
    found = forecast_all(trained(of).methods_of("main", refit=False), of, TRAIN, [far, near])
    assert list(found) == ["model", "control", *BASELINES]
    for forecasts in found.values():
        assert [each.shape for each in forecasts] == [(3, 9, 1), (12, 1, 1)]
    expected, _ = forecast_baseline("theta", of, TRAIN, [far, near], 1)
    for one, other in zip(found["theta"], expected, strict=True):
        np.testing.assert_array_equal(one[:, :, 0], other)


def test_fallbacks_are_counted_and_told() -> None:
    of, fallbacks = panel(), Counter(theta=1)
    requests = [Request(np.arange(3), TRAIN, 9)]
    # growth from so small a value soon overflows
    of.y[of.offsets[:2] + TRAIN[:2] - PERIOD - 1] = 1e-306
    for each in (of, panel()):
        forecast_all(make_methods(BASELINES, None, 1, fallbacks), each, TRAIN, requests)
        assert +fallbacks == Counter(theta=1, last_growth=2)
    [line] = fallback_lines(fallbacks)
    assert line.endswith("theta for 1 and last growth for 2 series.")
    assert fallback_lines(Counter(naive=0)) == []


def test_errors_are_of_the_validation_part_a_period_ahead() -> None:
    """Counted for two methods, by origin and step."""
    of = panel()
    found, _ = validate_fit(trained(of), "main")
    assert list(found.errors) == ["model", *BASELINES]
    means: dict[str, list[float]] = {"seasonal_naive": [], "naive": []}
    for y, train, validation in zip(of.parts(of.y), TRAIN, VALIDATION, strict=True):
        errors: dict[str, list[float]] = {method: [] for method in means}
        for origin in range(train - HORIZON + 1, validation):
            for step in range(PERIOD):
                if train <= origin + step < validation:
                    truth = y[origin + step]
                    errors["seasonal_naive"].append(abs(truth - y[origin + step - PERIOD]))
                    errors["naive"].append(abs(truth - y[origin - 1]))
        scale = np.abs(y[PERIOD:train] - y[: train - PERIOD]).mean()
        for method, of_method in errors.items():
            means[method].append(np.mean(of_method) / scale)
    for method, expected in means.items():
        np.testing.assert_allclose(found.mase(method), expected)
        relative = np.mean(expected) / np.mean(means["seasonal_naive"])
        assert found.errors[method] == pytest.approx(relative)


def test_the_best_method_has_a_weight_and_all_methods_have_widths() -> None:
    found, widths = validate_fit(trained(panel()), "main")
    best = min(found.errors, key=found.errors.get)
    assert best in found.weights
    assert sum(found.weights.values()) == pytest.approx(1)
    assert set(found.weights) <= set(found.errors)
    assert list(widths) == ["model", "control", *BASELINES, "combination"]
    for of_method in widths.values():
        assert of_method.log
        for level in LEVELS:
            assert half(of_method, level).shape == (3, HORIZON)
            assert (half(of_method, level) > 0).all()


def results_differ(a: Validated, b: Validated) -> bool:
    def content(result: Validated) -> list:
        selection, widths = result
        half_widths = [half(w, level).tobytes() for w in widths.values() for level in LEVELS]
        return [selection.errors, selection.weights, half_widths]

    return content(a) != content(b)


def test_the_test_part_changes_no_error_weight_or_width() -> None:
    before, after, earlier = (
        validate_fit(trained(panel(first)), "main") for first in (None, VALIDATION, VALIDATION - 1)
    )
    assert not results_differ(before, after)
    # this check can fail: the last value of validation does change them
    assert results_differ(before, earlier)


def truths(of: Panel, requests: list[Request]) -> list[np.ndarray]:
    """The true values of each request; 1 after the end of a series."""
    return [np.nan_to_num(request.truth(of.y, of.offsets), nan=1.0) for request in requests]


def times_truth(factor: float) -> Method:
    return lambda panel, ends, requests: [
        factor * truth[:, :, None] for truth in truths(panel, requests)
    ]


def test_the_control_is_never_part_of_the_combination() -> None:
    """It shows what the network has learned; it is not a candidate."""
    methods = {"model": times_truth(1.1), "control": times_truth(1), "naive": times_truth(2)}
    found, widths = validated(panel(), methods)
    assert found.weights == {"model": 1.0}
    assert list(found.errors) == ["model", "naive"]
    for level in LEVELS:
        half_widths = {method: half(each, level) for method, each in widths.items()}
        np.testing.assert_allclose(half_widths["combination"], half_widths["model"])
        assert (half_widths["control"] < 1e-6).all()


def test_the_lower_limit_is_0_unless_a_value_before_the_test_part_is_negative() -> None:
    of = panel()
    of.y[of.offsets[0] + TRAIN[0]] = -3.0
    of.y[of.offsets[1] + VALIDATION[1]] = -3.0
    _, widths = validated(of, {"m": times_truth(1)}, "exponential_smoothing")
    assert not widths["m"].log
    assert widths["m"].lower_limit.tolist() == [-np.inf, 0.0, 0.0]


@pytest.mark.parametrize("planted", [(0.01, 0.03), (0.03, 0.01)])
def test_intervals_use_errors_of_the_validation_and_the_training_part(
    planted: tuple[float, float],
) -> None:
    """Known errors are planted in both parts, and huge ones in the steps that do not count."""

    def method(of: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        ahead = [request.end[:, None] + np.arange(request.steps) for request in requests]
        first, last = (each[requests[0].series, None] for each in (TRAIN, VALIDATION))
        seen = [
            (ahead[0] >= first) & (ahead[0] < last),
            ahead[1] < TRAIN[requests[1].series, None],
        ]
        errors = [np.where(each, size, 9.0) for each, size in zip(seen, planted, strict=True)]
        pairs = zip(truths(of, requests), errors, strict=True)
        return [(truth * np.exp(error))[:, :, None] for truth, error in pairs]

    _, widths = validated(panel(), {"m": method})
    _, high = widths["m"].bounds(np.full((3, HORIZON), 50.0), np.arange(3), 0.95)
    # all series have equal errors, so the series with the smallest scale sets the width
    half_width = np.log(high / 50) / widths["m"].scale[:, None] * widths["m"].scale.min()
    assert half_width.max() == pytest.approx(0.03, rel=0.01)


def test_the_combination_is_at_least_as_good_on_validation_as_the_best_method() -> None:
    found, _ = validate_fit(trained(panel()), "main")
    forecasts = {method: found.forecasts[method] for method in found.errors}
    naive = forecasts["seasonal_naive"]
    error = relative_errors(found.truth, naive, found.request.series, found.scale)
    assert error(combine(forecasts, found.weights)) <= min(found.errors.values()) + 1e-12


def test_a_refit_sees_no_values_after_its_end() -> None:
    of, changed = panel(), panel(VALIDATION)
    a, b = (refit_networks(each, VALIDATION, RECIPE, SETTINGS, [2, 3]) for each in (of, changed))
    assert len(a) == 2
    for one, other in zip(a, b, strict=True):
        for weight, again in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(weight, again)
    # nor does its normalization
    method, request = (
        network_method(mean_predictor(a), CARD, SETTINGS),
        Request(np.arange(3), VALIDATION, 5),
    )
    [one], [other] = (method(each, VALIDATION, [request]) for each in (of, changed))
    assert one.tobytes() == other.tobytes()
    # members differ, and so do networks fitted on fewer values
    assert not torch.equal(*(network.head.weight for network in a))
    less = refit_networks(of, VALIDATION - 2, RECIPE, SETTINGS, [2, 3])
    assert not torch.equal(less[0].head.weight, a[0].head.weight)


def rolled(of: Panel, every: int) -> tuple[Request, dict[str, np.ndarray]]:
    request = every_origin(of.lengths, VALIDATION, VALIDATION + 6, PERIOD)

    def fit_and_forecast(ends: np.ndarray, requests: list[Request]) -> Asked:
        again = refit_networks(of, ends, RECIPE, SETTINGS, [2, 2])
        return forecast_all(trained(of).methods(again), of, ends, requests)

    return request, forecast_with_refits(of.lengths, request, VALIDATION, every, fit_and_forecast)


def test_refits_change_forecasts_and_never_see_the_future() -> None:
    _, once = rolled(panel(), 100)
    request, often = rolled(panel(), 2)
    # values from the fourth origin on change; the first four origins do not see them
    _, changed = rolled(panel(VALIDATION + 3), 2)
    early = request.end - VALIDATION[request.series] <= 3
    first = request.end - VALIDATION[request.series] < 2
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
