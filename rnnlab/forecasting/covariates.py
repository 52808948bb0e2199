"""Forecasts with covariates: their effect is taken off, the rest is forecast, the effect is added.

What form the effect has is chosen on validation, as methods are: none, or a mean of several.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.effects.regression import MIN_CYCLES, Form, fit_effect, many_values, mean_slopes
from rnnlab.forecasting.methods import Method, added, forecast_all
from rnnlab.forecasting.selection import (
    COMBINATION,
    Selection,
    chance_gain,
    compare,
    relative_errors,
    select_methods,
)
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.scalers import positions_in_series
from rnnlab.series.seasons import LONGER

NONE = "none"
# effects are compared on no more forecasts than this, since each form of them takes all of these
MAX_COMPARED = 500


@dataclass(frozen=True)
class UsedEffect:
    """The covariates' part in a forecast.

    Attributes:
        weights: of the forms in the mean effect; what they lack to 1 is no effect.
        effect: at each row of the covariates, fitted on everything; None where none is used.
        slopes: by covariate, ``mean_slopes`` of the effect.
        error: with them on validation, relative to the seasonal naive forecast; of the best form
            where none is used. NaN where nothing was compared.
        error_without: the same without them.
    """

    weights: dict[str, float]
    effect: np.ndarray | None
    slopes: dict[str, float]
    error: float
    error_without: float


def with_effect(method: Method, effect: np.ndarray) -> Method:
    """The method, asked for what ``effect`` [rows of the covariates] leaves over."""

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        assert panel.covariates is not None
        offsets = panel.covariates.offsets
        found = method(without_effect(panel, effect), ends, requests)
        return [
            added(quantiles, request.known_ahead(effect, offsets))
            for quantiles, request in zip(found, requests, strict=True)
        ]

    return forecast


def all_with_effect(methods: Mapping[str, Method], effect: np.ndarray) -> dict[str, Method]:
    return {name: with_effect(method, effect) for name, method in methods.items()}


def without_effect(panel: Panel, effect: np.ndarray) -> Panel:
    """The panel of what ``effect`` [rows of the covariates] leaves over."""
    covariates = panel.covariates
    assert covariates is not None
    rows = positions_in_series(panel.offsets) + np.repeat(covariates.offsets[:-1], panel.lengths)
    return replace(panel, y=panel.y - effect[rows], covariates=None)


def every_form(period: int) -> dict[str, Form]:
    """The forms of an effect on series with such a period, by name."""
    longer = LONGER.get(period, 0)
    # weekdays would not meet after 365 days
    seasons = {1, period, longer} if longer and longer % period == 0 else {1, period}
    forms = {}
    for season in sorted(seasons):
        for curved in (False, True):
            for crossed in (False, True)[: 1 + (1 < period <= season)]:
                words = ["curved" if curved else "straight", *["by phase"] * crossed]
                forms[f"{' '.join(words)} ({season})"] = Form(season, curved, crossed)
    return forms


def possible_forms(panel: Panel, ends: np.ndarray) -> dict[str, Form]:
    """The forms that are compared: changes by a season, or from step to step without one."""
    forms, usual = every_form(panel.period), float(np.median(ends))
    seasons = {form.season for form in forms.values()} - ({1} if panel.period > 1 else set())
    long_enough = {each for each in seasons if usual >= MIN_CYCLES * each} or {1}
    bends = bool(many_values(panel, ends).any())
    return {
        name: form
        for name, form in forms.items()
        if form.season in long_enough and (bends or not form.curved)
    }


def mean_effect(panel: Panel, ends: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """The mean effect of forms that are fitted on the first ``ends`` [S] values, [rows]."""
    # more values may allow other forms than those that were compared
    forms = every_form(panel.period)
    assert panel.covariates is not None
    effect = np.zeros(len(panel.covariates.values))
    for name, weight in weights.items():
        if name != NONE:
            effect += weight * fit_effect(panel, ends, forms[name])
    return effect


def choose_forms(panel: Panel, method: Method, request: Request, ends: np.ndarray) -> Selection:
    """The forms of the effect that forecast best, compared as methods are.

    Args:
        method: forecasts what the effect leaves over.
        ends: [S], how many values of each series the effect is fitted on.
        request: forecasts of values that are known, after ``ends``.
    """
    kept = np.unique(request.series)
    request, panel, ends = request.within(kept), panel.subset(kept), ends[kept]
    truth = request.truth(panel.y, panel.offsets, ends)
    forms = possible_forms(panel, ends)
    with track_progress("covariates"):
        methods = {NONE: method} | {
            name: with_effect(method, fit_effect(panel, ends, form)) for name, form in forms.items()
        }
        found = forecast_all(methods, panel, ends, [request])
    quantiles = {name: of_requests[0] for name, of_requests in found.items()}
    gain = chance_gain(request, truth)
    return select_methods(panel, ends, request, truth, quantiles, NONE, gain)


def compare_effect(
    panel: Panel, methods: Mapping[str, Method], without: Selection, ends: np.ndarray
) -> tuple[UsedEffect, Selection]:
    """The effect of covariates that forecasts better than none, and the choice among methods.

    Args:
        without: the choice among methods that forecast the values alone. It stays, unless the
            effect lowers its error by more than chance.
    """
    count = len(without.request.end)
    if not count:
        return UsedEffect({}, None, {}, float("nan"), float("nan")), without
    rows = np.unique(np.linspace(0, count - 1, min(count, MAX_COMPARED)).astype(np.int64))
    request, truth = without.request.select(rows), without.truth[rows]
    reference = without.forecasts["seasonal_naive"][rows]
    score = relative_errors(truth, reference, request.series, without.scale)
    error = score(without.forecasts[COMBINATION][rows])
    nothing = UsedEffect({}, None, {}, float("nan"), error)
    chosen = choose_forms(panel, methods[ZERO_SHOT], request, ends)
    weights = chosen.weights
    if {*weights} == {NONE}:
        best = min(error for name, error in chosen.errors.items() if name != NONE)
        return replace(nothing, error=best), without
    effect = mean_effect(panel, ends, weights)
    found = compare(panel, all_with_effect(methods, effect), request, ends, reference)
    if not found.error < (1 - chance_gain(request, truth)) * error:
        return replace(nothing, error=found.error), without
    forms = {name: weight for name, weight in weights.items() if name != NONE}
    final = mean_effect(panel, panel.lengths, weights)
    return UsedEffect(forms, final, mean_slopes(panel, final), found.error, error), found
