"""All methods side by side: judged on validation alone, fitted anew without a look ahead."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from helpers import ROOT
from oracles import ragged

from rnnlab.core.params import Model, SeriesNormalize, Train, load_params
from rnnlab.forecasting.baselines import forecast_baseline
from rnnlab.forecasting.combination import absolute_scaled_errors, combine
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.selection import (
    History,
    Judgement,
    Learned,
    ask_all,
    judge,
    learn_again,
    roll_with_refits,
    say_stood_in,
    scales_of,
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
AIRLINE = load_params(ROOT / "params.yaml").tasks["airline"]
MODEL = Model(**{**AIRLINE.model.model_dump(), "hidden_size": 4, "zero_head": False})
TRAINING = Train(**{**AIRLINE.train.model_dump(), "epochs": 2, "ensemble": 2, "input_noise": 0.0})
RECIPE = Recipe(MODEL, TRAINING, CARD, 1, torch.device("cpu"))


def history(changed_from: np.ndarray | None = None) -> History:
    """Three series; absurd from so many values on, if that is asked for."""
    y, offsets = ragged(LENGTHS, PERIOD)
    if changed_from is not None:
        for number, first in enumerate(changed_from):
            later = slice(offsets[number] + first, offsets[number + 1])
            y[later] = 1e4 * (1 + np.arange(later.stop - later.start) % 3)
    return History(y, offsets, PERIOD)


def learned(of: History, ends: np.ndarray = TRAIN) -> Learned:
    torch.manual_seed(0)
    networks = [build_network(CARD, MODEL).eval() for _ in range(2)]
    return Learned(networks, fit_normalization(of.y, of.offsets, ends, SETTINGS, PERIOD))


def ask_of(of: History, ends: np.ndarray = TRAIN):
    return partial(ask_all, of, learned(of, ends), CARD, BASELINES, 1, ends, stood_in=Counter())


def judged(of: History) -> Judgement:
    return judge(of, ask_of(of), TRAIN, VALIDATION, 18, HORIZON, True)


def test_methods_in_order_and_each_request_its_own_shape() -> None:
    of = history()
    far = Request(of.offsets[:-1] + TRAIN, np.arange(3), 9)
    near = every_origin(of.offsets, TRAIN, TRAIN + 4, 1)
    found = ask_of(of)([far, near])
    assert list(found) == ["model", "control", *BASELINES]
    for forecasts in found.values():
        assert [each.shape for each in forecasts] == [(3, 9), (12, 1)]
    expected, _ = forecast_baseline("theta", of.y, of.offsets, TRAIN, PERIOD, [far, near], 1)
    for one, other in zip(found["theta"], expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_series_that_a_method_cannot_bear_are_noted_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    of, stood_in = history(), Counter(theta=1)
    requests = [Request(of.offsets[:-1] + TRAIN, np.arange(3), 9)]
    # growth since so small a value soon has no number
    of.y[of.offsets[:2] + TRAIN[:2] - PERIOD - 1] = 1e-306
    network = learned(history())
    ask_all(of, network, CARD, BASELINES, 1, TRAIN, requests, stood_in)
    assert stood_in == Counter(theta=1, last_growth=2)
    ask_all(history(), network, CARD, BASELINES, 1, TRAIN, requests, stood_in)
    assert stood_in == Counter(theta=1, last_growth=2)
    say_stood_in(stood_in)
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("theta for 1 and last growth for 2 series.")
    say_stood_in(Counter(naive=0))
    assert capsys.readouterr().err == ""


def test_scales_by_hand() -> None:
    of = history()
    for number, scale in enumerate(scales_of(of, TRAIN)):
        part = of.y[of.offsets[number] :][: TRAIN[number]]
        assert scale == pytest.approx(np.abs(part[PERIOD:] - part[:-PERIOD]).mean())


def test_errors_are_those_of_the_validation_part_a_period_ahead() -> None:
    """Counted for the seasonal naive method, one origin and one step after the other."""
    of = history()
    found = judged(of)
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


def test_the_judgement_names_a_best_and_widths_for_all() -> None:
    found = judged(history())
    best = min(found.errors, key=found.errors.get)
    assert best in found.weights
    assert sum(found.weights.values()) == pytest.approx(1)
    assert set(found.weights) <= set(found.errors)
    assert list(found.widths) == ["model", "control", *BASELINES, "combination"]
    for widths in found.widths.values():
        assert widths.log
        for level in LEVELS:
            assert widths.half[level].shape == (HORIZON,)
            assert (widths.half[level] > 0).all()


def judgements_differ(a: Judgement, b: Judgement) -> bool:
    def told(of: Judgement) -> list:
        halves = [half.tobytes() for w in of.widths.values() for half in w.half.values()]
        return [of.errors, of.weights, halves, [w.scale.tobytes() for w in of.widths.values()]]

    return told(a) != told(b)


def test_the_test_part_changes_no_error_weight_or_width() -> None:
    before = judged(history())
    assert not judgements_differ(before, judged(history(VALIDATION)))
    # the check can fail: the last value of validation does change them
    assert judgements_differ(before, judged(history(VALIDATION - 1)))


def test_the_control_is_never_part_of_the_combination() -> None:
    """It stands beside the network to show what that has learned; alone it is no candidate."""
    of = history()

    def ask(requests: list[Request]) -> dict[str, list[np.ndarray]]:
        truths = [r.truth(of.y, of.offsets[:-1], of.offsets[1:]) for r in requests]
        right = [np.nan_to_num(truth, nan=1.0) for truth in truths]
        return {
            "model": [1.1 * r for r in right],
            "control": right,
            "naive": [2 * r for r in right],
        }

    found = judge(of, ask, TRAIN, VALIDATION, 18, HORIZON, False)
    assert found.weights == {"model": 1.0}
    assert list(found.errors) == ["model", "naive"]
    for level in LEVELS:
        halves = {m: w.half[level] for m, w in found.widths.items()}
        np.testing.assert_allclose(halves["combination"], halves["model"])
        assert (halves["control"] < 1e-6).all()


def test_bounds_end_at_0_only_where_no_value_before_the_test_part_is_below_it() -> None:
    of = history()
    of.y[of.offsets[0] + TRAIN[0]] = -3.0
    of.y[of.offsets[1] + VALIDATION[1]] = -3.0
    widths = judge(of, ask_constant, TRAIN, VALIDATION, 18, HORIZON, False).widths["m"]
    assert widths.least.tolist() == [-np.inf, 0.0, 0.0]


def ask_constant(requests: list[Request]) -> dict[str, list[np.ndarray]]:
    return {"m": [np.ones((len(r.origin), r.steps)) for r in requests]}


@pytest.mark.parametrize("planted", [(0.01, 0.03), (0.03, 0.01)])
def test_intervals_are_of_errors_in_validation_and_inside_the_training_part(
    planted: tuple[float, float],
) -> None:
    """Errors are planted in the one and in the other, and huge ones where nobody is to look."""
    of, start = history(), history().offsets[:-1]

    def ask(requests: list[Request]) -> dict[str, list[np.ndarray]]:
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

    widths = judge(of, ask, TRAIN, VALIDATION, 18, HORIZON, True).widths["m"]
    _, high = widths.around(np.full((3, HORIZON), 50.0), np.arange(3), 0.95)
    # all series err by as much, so that the one of the smallest scale says how wide bounds are
    half = np.log(high / 50) / widths.scale[:, None] * widths.scale.min()
    assert half.max() == pytest.approx(0.03, rel=0.01)


def test_the_combination_is_no_worse_on_validation_than_the_best() -> None:
    of = history()
    found = judged(of)
    seen = []

    def ask(requests: list[Request]) -> dict[str, list[np.ndarray]]:
        seen.extend(requests)
        return ask_of(of)(requests)

    judge(of, ask, TRAIN, VALIDATION, 18, HORIZON, True)
    starts = of.offsets[:-1]
    truth = seen[0].truth(of.y, starts + TRAIN, starts + VALIDATION)[:, :PERIOD]
    forecasts = {m: f[0][:, :PERIOD] for m, f in ask_of(of)(seen[:1]).items()}
    mean = combine(forecasts, found.weights)
    error = absolute_scaled_errors(truth, mean, seen[0].series, scales_of(of, TRAIN))
    assert error <= min(found.errors.values()) + 1e-12


def test_learning_again_sees_no_more_than_it_is_told() -> None:
    of, changed = history(), history(VALIDATION)
    a, b = (learn_again(each, VALIDATION, RECIPE, SETTINGS, [2, 3]) for each in (of, changed))
    assert len(a.networks) == 2
    for one, other in zip(a.networks, b.networks, strict=True):
        for weight, again in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(weight, again)
    for key, values in a.normalization.to_arrays().items():
        assert values.tobytes() == b.normalization.to_arrays()[key].tobytes()
    # members differ, and so does what is learned from less
    assert not torch.equal(*(network.head.weight for network in a.networks))
    less = learn_again(of, VALIDATION - 2, RECIPE, SETTINGS, [2, 3])
    assert not torch.equal(less.networks[0].head.weight, a.networks[0].head.weight)


def rolled(of: History, every: int) -> tuple[Request, dict[str, np.ndarray]]:
    request = every_origin(of.offsets, VALIDATION, VALIDATION + 6, PERIOD)

    def ask_at(ends: np.ndarray, requests: list[Request]) -> dict[str, list[np.ndarray]]:
        again = learn_again(of, ends, RECIPE, SETTINGS, [2, 2])
        return ask_all(of, again, CARD, BASELINES, 1, ends, requests, Counter())

    return request, roll_with_refits(of, request, VALIDATION, every, ask_at)


def test_refits_make_a_difference_and_never_see_the_future() -> None:
    _, once = rolled(history(), 100)
    request, often = rolled(history(), 2)
    # values from the fourth origin on are changed: what the first four saw is not
    _, changed = rolled(history(VALIDATION + 3), 2)
    place = request.origin - history().offsets[request.series]
    early = place - VALIDATION[request.series] <= 3
    first = place - VALIDATION[request.series] < 2
    assert (early.sum(), first.sum()) == (12, 6)
    assert list(often) == ["model", "control", *BASELINES]
    for method, forecasts in often.items():
        assert forecasts[early].tobytes() == changed[method][early].tobytes(), method
        np.testing.assert_array_equal(forecasts[first], once[method][first])
        # these two fit nothing, so that a refit leaves them as they are
        if method in ("naive", "seasonal_naive", "last_growth"):
            np.testing.assert_array_equal(forecasts, once[method])
        else:
            assert (forecasts[~first] != once[method][~first]).any(), method
        assert (forecasts[~early] != changed[method][~early]).any(), method
