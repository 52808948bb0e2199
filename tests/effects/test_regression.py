"""Effects that are known are found again, from what came before alone."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import panel_of, with_columns

from rnnlab.effects.regression import Form, fit_effect, mean_slopes
from rnnlab.series.panel import Panel

LENGTH, AHEAD, PERIOD = 210, 14, 7
FORMS = [
    Form(season, curved, crossed)
    for season in (1, PERIOD)
    for curved in (False, True)
    for crossed in (False, True)
]


def draws(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def promotions(count: int, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random(count) < 0.2).astype(float)


def panel_with(effects: list[np.ndarray], columns: dict[str, np.ndarray], noise: float) -> Panel:
    """A panel of season, noise and effects [LENGTH + AHEAD], known so far ahead."""
    season = 5 * np.sin(2 * np.pi * np.arange(LENGTH) / PERIOD)
    series = [
        50 + season + noise * draws(LENGTH, 50 + number) + effect[:LENGTH]
        for number, effect in enumerate(effects)
    ]
    return with_columns(panel_of(*series, period=PERIOD), columns, AHEAD)


def error(found: np.ndarray, effect: np.ndarray, rows: slice | np.ndarray) -> float:
    """The standard deviation of the difference over that of the effect; levels are free."""
    return float(np.std((found - effect)[rows]) / np.std(effect[rows]))


@pytest.fixture(scope="module")
def straight() -> tuple[Panel, np.ndarray]:
    price, promo = draws(LENGTH + AHEAD), promotions(LENGTH + AHEAD)
    effect = -3 * price + 8 * promo
    return panel_with([effect], {"price": price, "promo": promo}, noise=1), effect


@pytest.mark.parametrize("season", [1, PERIOD])
def test_a_straight_effect_is_recovered_also_ahead(
    straight: tuple[Panel, np.ndarray], season: int
) -> None:
    panel, effect = straight
    found = fit_effect(panel, panel.lengths, Form(season))
    # from step to step the season is noise
    share = 0.25 if season == 1 else 0.1
    assert mean_slopes(panel, found) == pytest.approx({"price": -3, "promo": 8}, rel=share)
    assert error(found, effect, slice(LENGTH, None)) < share


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_units_change_nothing_but_the_units(straight: tuple[Panel, np.ndarray], form: Form) -> None:
    panel, _ = straight
    covariates = panel.covariates
    assert covariates is not None
    other = replace(
        panel,
        y=1e4 * panel.y - 3e5,
        covariates=replace(covariates, values=covariates.values * [0.01, 1]),
    )
    found, again = (fit_effect(each, each.lengths, form) for each in (panel, other))
    np.testing.assert_allclose(np.diff(again), 1e4 * np.diff(found), rtol=1e-6, atol=1e-3)
    slopes, others = mean_slopes(panel, found), mean_slopes(other, again)
    assert others["price"] == pytest.approx(1e6 * slopes["price"])
    assert others["promo"] == pytest.approx(1e4 * slopes["promo"])


def test_an_effect_that_bends_is_recovered_by_a_curved_form() -> None:
    heat = draws(LENGTH + AHEAD)
    effect = 9 * np.maximum(0, heat - 0.6)
    panel = panel_with([effect], {"heat": heat}, noise=0.5)
    line, curve = (
        error(fit_effect(panel, panel.lengths, Form(PERIOD, curved)), effect, slice(None))
        for curved in (False, True)
    )
    assert curve < 0.2 < 0.4 < line


def test_an_effect_of_one_weekday_is_recovered_by_phase() -> None:
    promo = promotions(LENGTH + AHEAD)
    effect = 10 * promo * (np.arange(LENGTH + AHEAD) % PERIOD == 2)
    panel = panel_with([effect], {"promo": promo}, noise=0.5)
    same, own = (
        error(fit_effect(panel, panel.lengths, Form(PERIOD, crossed=crossed)), effect, slice(None))
        for crossed in (False, True)
    )
    assert own < 0.35 < 0.7 < same


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_no_later_value_changes_an_effect(form: Form) -> None:
    """Neither one of the series itself, nor of another one, nor one of a covariate."""
    count = LENGTH + AHEAD
    effects = [4 * promotions(count, 7), -2 * draws(count, 8)]
    columns = {"promo": np.tile(promotions(count, 7), 2), "price": np.tile(draws(count, 8), 2)}
    panel = panel_with(effects, columns, noise=1)
    covariates = panel.covariates
    assert covariates is not None
    ends = np.array([150, 120])
    before = fit_effect(panel, ends, form)
    within = np.concatenate([np.arange(LENGTH)] * 2)
    y = np.where(within >= np.repeat(ends, LENGTH), 1e3 * draws(2 * LENGTH, 9), panel.y)
    np.testing.assert_array_equal(fit_effect(replace(panel, y=y), ends, form), before)
    later = np.concatenate([np.arange(count)] * 2) >= np.repeat(ends, count)
    values = np.where(later[:, None], 100.0, covariates.values)
    other = replace(panel, covariates=replace(covariates, values=values))
    np.testing.assert_array_equal(fit_effect(other, ends, form)[~later], before[~later])
    switch = (covariates.values > 0).astype(float)
    past, other = (
        replace(panel, covariates=replace(covariates, values=np.where(later[:, None], x, switch)))
        for x in (0.0, np.arange(2.0 * count)[:, None])
    )
    one, two = (fit_effect(each, ends, form)[~later] for each in (past, other))
    np.testing.assert_array_equal(one, two)
    # so that the checks above can fail
    assert (fit_effect(replace(panel, y=y), panel.lengths, form) != before).any()


@pytest.mark.parametrize("form", FORMS[:4], ids=str)
def test_a_short_series_gets_the_effect_of_its_panel(form: Form) -> None:
    series, columns, rows = [], [], []
    for number, length in enumerate([*[100] * 8, 5]):
        promo = promotions(length + AHEAD, number)
        # the short series never had a promotion
        promo[:length] *= length > 5
        promo[-1] = 1
        size = 2.0 ** (number % 3)
        series.append(size * (20 + 3 * promo[:length] + 0.5 * draws(length, 20 + number)))
        columns.append(promo)
        rows.append(size)
    panel = with_columns(
        panel_of(*series, period=PERIOD), {"promo": np.concatenate(columns)}, AHEAD
    )
    found = fit_effect(panel, panel.lengths, form)[-5 - AHEAD :]
    assert found[:5] == pytest.approx([found[0]] * 5)
    # in the units of the series: its noise is that of the others
    assert found[-1] - found[0] == pytest.approx(3 * rows[-1], rel=0.5)


def test_a_series_of_zeros_has_no_effect_of_its_panel() -> None:
    promo = promotions(105)
    panel = with_columns(panel_of(20 + 9 * promo[:100], np.zeros(5)), {"promo": promo}, 0)
    found = fit_effect(panel, panel.lengths, Form(1))
    assert found[:100].any()
    assert not found[100:].any()


def test_a_series_alone_has_no_effect_of_what_never_changed() -> None:
    promo = np.r_[np.zeros(40), 1, 1]
    panel = with_columns(panel_of(draws(40), period=PERIOD), {"promo": promo}, 2)
    assert not fit_effect(panel, panel.lengths, Form(PERIOD)).any()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_gaps_are_no_values(straight: tuple[Panel, np.ndarray], form: Form) -> None:
    panel, effect = straight
    y = np.where(np.random.default_rng(3).random(LENGTH) < 0.15, np.nan, panel.y)
    y[[0, -1]] = panel.y[[0, -1]]
    found = fit_effect(replace(panel, y=y), panel.lengths, form)
    assert np.isfinite(found).all()
    assert error(found, effect, slice(None)) < (0.5 if form.crossed else 0.3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("period", [1, 2, 12])
@pytest.mark.parametrize("lengths", [[1], [2], [3], [1, 2, 3, 40], [30, 30]], ids=str)
@pytest.mark.parametrize("kind", ["zero", "constant", "noise", "gaps"])
def test_odd_panels_have_finite_effects(lengths: list[int], period: int, kind: str) -> None:
    """Short ones, constant ones, and covariates of any size."""
    of_kind = {
        "zero": np.zeros,
        "constant": lambda count: np.full(count, 5.0),
        "noise": draws,
        "gaps": lambda count: np.where(np.arange(count) % 3 == 1, np.nan, draws(count)),
    }[kind]
    count = sum(lengths) + 6 * len(lengths)
    for size in (1e-30, 1.0, 1e30):
        columns = {"x": size * draws(count), "promo": promotions(count)}
        panel = with_columns(panel_of(*map(of_kind, lengths), period=period), columns, 6)
        for form in (Form(1), Form(period, True), Form(period, True, True)):
            for ends in (panel.lengths, np.maximum(panel.lengths - 1, 0)):
                found = fit_effect(panel, ends, form)
                assert np.isfinite(found).all()
                assert np.isfinite([*mean_slopes(panel, found).values()]).all()
                if kind in ("zero", "constant"):
                    assert not found.any()
