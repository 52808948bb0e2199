"""Forecasts with covariates: none where they say nothing, and nothing of later values."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from oracles import panel_of, with_columns

from rnnlab.backtesting.windows import backtest_panel
from rnnlab.effects.regression import Form, fit_effect
from rnnlab.forecasting import covariates
from rnnlab.forecasting.covariates import (
    NONE,
    choose_forms,
    every_form,
    mean_effect,
    possible_forms,
    with_effect,
    without_effect,
)
from rnnlab.forecasting.forecast import forecast_panel
from rnnlab.forecasting.methods import Method, zero_shot_method
from rnnlab.forecasting.selection import validation_request
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import read_zero_shot

PERIOD = 7


@pytest.fixture(scope="module")
def network() -> ZeroShotNetwork:
    return read_zero_shot()


def promotions(count: int, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random(count) < 0.2).astype(float)


def sales(lengths: list[int], ahead: int, effect: float = 8, columns: int = 1) -> Panel:
    """Series with a season, noise and promotions; other columns are noise."""
    series, promos = [], []
    draw = np.random.default_rng(4)
    for number, length in enumerate(lengths):
        promo = promotions(length + ahead, number)
        season = 4 * np.sin(2 * np.pi * np.arange(length) / PERIOD)
        series.append(40 + season + effect * promo[:length] + draw.normal(size=length))
        promos.append(promo)
    count = sum(lengths) + ahead * len(lengths)
    noise = {f"noise {n}": draw.normal(size=count) for n in range(1, columns)}
    found = {"promo": np.concatenate(promos), **noise}
    return with_columns(panel_of(*series, period=PERIOD), found, ahead)


def last_value(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
    """The last known value, at each step."""
    return [
        np.tile(panel.y[r.positions(panel.offsets) - 1][:, None, None], (1, r.steps, 1))
        for r in requests
    ]


def read_ahead(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
    """The values to be forecast, of the panel that the method is given."""
    return [r.truth(panel.y, panel.offsets)[:, :, None] for r in requests]


def chosen(panel: Panel, method: Method, horizon: int = 7) -> dict[str, float]:
    request, ends = validation_request(panel, horizon)
    return choose_forms(panel, method, request, ends).weights


def later_changed(panel: Panel, ends: np.ndarray) -> Panel:
    """The panel with other values after the first ``ends`` [S] of each series."""
    within = np.arange(len(panel.y)) - np.repeat(panel.offsets[:-1], panel.lengths)
    later = within >= np.repeat(ends, panel.lengths)
    return replace(panel, y=np.where(later, 500 + 3.0 * within, panel.y))


@pytest.mark.parametrize("lengths", [[60], [60, 30, 9]], ids=str)
def test_what_a_method_reads_comes_back(lengths: list[int]) -> None:
    """The effect that is taken off is that which is added: rest and effect meet step by step."""
    panel = sales(lengths, 4)
    assert panel.covariates is not None
    effect = np.random.default_rng(0).normal(size=len(panel.covariates.values))
    request = Request(np.arange(len(lengths)), panel.lengths - 3, 3)
    [found] = with_effect(read_ahead, effect)(panel, panel.lengths - 3, [request])
    truth = request.truth(panel.y, panel.offsets)
    np.testing.assert_allclose(found[:, :, 0], truth, rtol=1e-12)
    assert without_effect(panel, effect).covariates is None


def test_where_no_more_is_known_the_last_effect_stays() -> None:
    request = Request(np.array([0, 1]), np.array([20, 12]), 4)
    found = request.known_ahead(np.arange(36.0), np.array([0, 22, 36]))
    np.testing.assert_array_equal(found, [[20, 21, 21, 21], [34, 35, 35, 35]])


def test_the_effect_of_the_steps_ahead_is_in_their_forecast() -> None:
    panel = sales([100], 14, effect=20)
    assert panel.covariates is not None
    effect = fit_effect(panel, panel.lengths, every_form(PERIOD)["straight (7)"])
    request = Request(np.array([0]), panel.lengths, 14)
    [found] = with_effect(last_value, effect)(panel, panel.lengths, [request])
    promo = panel.covariates.values[-14:, 0]
    rise = found[0, promo == 1, 0].mean() - found[0, promo == 0, 0].mean()
    assert rise == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_not_used(network: ZeroShotNetwork, seed: int) -> None:
    draw = np.random.default_rng(seed)
    season = 4 * np.sin(2 * np.pi * np.arange(250) / PERIOD)
    noise = {f"noise {n}": draw.normal(size=257) for n in range(10)}
    panel = panel_of(40 + season + draw.normal(size=250), period=PERIOD)
    panel = with_columns(panel, noise, 7)
    assert chosen(panel, zero_shot_method(network)) == {NONE: 1.0}


@pytest.mark.parametrize("columns", [1, 6])
def test_a_real_effect_is_used(network: ZeroShotNetwork, columns: int) -> None:
    weights = chosen(sales([120], 7, columns=columns), zero_shot_method(network))
    assert weights.get(NONE, 0) < 0.5


@pytest.mark.parametrize("kind", ["zeros", "constant", "no change in the past"])
def test_ties_go_to_none(kind: str) -> None:
    panel = sales([120], 7)
    assert panel.covariates is not None
    if kind == "no change in the past":
        values = np.r_[np.zeros(120), np.ones(7)][:, None]
        panel = replace(panel, covariates=replace(panel.covariates, values=values))
    else:
        panel = replace(panel, y=np.full(120, {"zeros": 0.0, "constant": 5.0}[kind]))
    assert chosen(panel, last_value) == {NONE: 1.0}


@pytest.mark.parametrize("period", [1, 5, 7, 12, 24, 48])
@pytest.mark.parametrize("length", [1, 3, 20, 36, 200, 2000])
def test_forms_fit_the_length_and_have_names(period: int, length: int) -> None:
    """All that can be compared can be fitted again, on more or on fewer values."""
    panel = with_columns(
        panel_of(np.arange(length), period=period), {"x": np.arange(length + 3.0)}, 3
    )
    forms = possible_forms(panel, panel.lengths)
    assert forms
    assert forms.items() <= every_form(period).items()
    for form in forms.values():
        assert form.season == 1 or length >= 3 * form.season
        assert not form.crossed or 1 < period <= form.season
    effect = mean_effect(panel, np.array([max(1, length // 2)]), dict.fromkeys(forms, 0.5))
    assert len(effect) == length + 3


def test_a_form_that_was_compared_on_few_values_is_fitted_on_all(
    network: ZeroShotNetwork,
) -> None:
    """Validation leaves less than three seasons, and the whole series has more."""
    panel = sales([24] * 6, 4, effect=30)
    found = forecast_panel(panel, network, 4)
    assert found.covariates is not None
    assert {name.rpartition(" ")[2] for name in found.covariates.weights} == {"(1)"}


def test_the_panel_of_the_longest_is_that_of_all(network: ZeroShotNetwork) -> None:
    """Series that are too short to compare forms forecast with the form of the others."""
    panel = sales([60] * 4 + [2] * 9, 4, effect=30)
    found = forecast_panel(panel, network, 4)
    assert found.covariates is not None
    assert found.covariates.effect is not None
    assert found.covariates.slopes["promo"] == pytest.approx(30, rel=0.2)
    assert np.isfinite(found.point).all()


@pytest.mark.parametrize("lengths", [[80], [80, 62, 41]], ids=str)
def test_no_later_value_changes_a_backtest(network: ZeroShotNetwork, lengths: list[int]) -> None:
    """Of two windows the first reads nothing of the second, nor each of its own values."""
    panel, horizon = sales(lengths, 5), 5
    before = backtest_panel(panel, network, horizon, windows=2).forecasts
    for steps, rows in ((horizon, slice(None)), (2 * horizon, slice(horizon))):
        changed = later_changed(panel, panel.lengths - steps)
        after = backtest_panel(changed, network, horizon, windows=2).forecasts
        for name, own in before.groupby("unique_id"):
            other = after[after["unique_id"] == name]
            columns = [each for each in own if each != "y"]
            pd.testing.assert_frame_equal(own[columns][rows], other[columns][rows])
        assert (before["y"] != after["y"]).any()
    # so that they can differ
    plain = backtest_panel(replace(panel, covariates=None), network, horizon, windows=2).forecasts
    assert (plain["forecast"] != before["forecast"]).any()


def test_no_later_value_changes_a_forecast(network: ZeroShotNetwork) -> None:
    """Neither of the series itself, nor of others that go on for longer."""
    panel = sales([90, 70], 5)
    ends = np.array([70, 60])
    one, other = (
        forecast_panel(each.until(ends), network, 5) for each in (panel, later_changed(panel, ends))
    )
    np.testing.assert_array_equal(one.point, other.point)
    np.testing.assert_array_equal(one.at([0.1, 0.9]), other.at([0.1, 0.9]))


def test_errors_on_validation_are_of_effects_that_were_fitted_before_it(
    network: ZeroShotNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the mean of forms too, or intervals would be too narrow; the last fits are on all."""
    panel, fitted = sales([120], 7), []

    def fit(panel: Panel, ends: np.ndarray, form: Form) -> np.ndarray:
        fitted.append(int(ends[0]))
        return fit_effect(panel, ends, form)

    monkeypatch.setattr(covariates, "fit_effect", fit)
    found = forecast_panel(panel, network, 7)
    assert found.covariates is not None
    forms = len(found.covariates.weights)
    _, [end] = validation_request(panel, 7)
    assert {*fitted[:-forms]} == {end}
    # all forms alone, and the chosen ones together
    assert len(fitted) == len(possible_forms(panel, np.array([end]))) + 2 * forms
    assert fitted[-forms:] == [120] * forms


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("horizon", [1, 9])
@pytest.mark.parametrize("lengths", [[1, 2, 3], [3], [6, 40], [40]], ids=str)
@pytest.mark.parametrize("kind", ["zeros", "constant", "sales", "gaps"])
def test_odd_panels_are_forecast(
    network: ZeroShotNetwork, horizon: int, lengths: list[int], kind: str
) -> None:
    panel = sales(lengths, horizon)
    y = {
        "zeros": np.zeros_like(panel.y),
        "constant": np.full_like(panel.y, 5),
        "sales": panel.y,
        "gaps": panel.y.copy(),
    }[kind]
    if kind == "gaps":
        gaps = np.arange(len(y)) % 4 == 2
        gaps[[*panel.offsets[:-1], *(panel.offsets[1:] - 1)]] = False
        y[gaps] = np.nan
    for period in (1, PERIOD):
        found = forecast_panel(replace(panel, y=y, period=period), network, horizon)
        assert np.isfinite(found.point).all()
        if kind in ("zeros", "constant"):
            assert (found.point == y[0]).all()
