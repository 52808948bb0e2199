"""Forecasts with covariates: their effect is taken off, the rest is forecast, the effect is added.

What form the effect has is chosen on validation, as methods are: none, or a mean of several.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.effects.regression import Form, fit_effect, many_values, mean_slopes
from rnnlab.forecasting.methods import Method, forecast_all
from rnnlab.forecasting.selection import Selection, chance_gain, compare, select_methods
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import LONGER

NONE = "none"
# forms are compared on no more forecasts than this, and so many cycles must be there of a season
MAX_COMPARED, MIN_CYCLES = 1_000, 3


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
        found = method(without_effect(panel, effect), ends, requests)
        return [
            quantiles + effect_ahead(panel, effect, request)[:, :, None]
            for quantiles, request in zip(found, requests, strict=True)
        ]

    return forecast


def all_with_effect(methods: Mapping[str, Method], effect: np.ndarray) -> dict[str, Method]:
    return {name: with_effect(method, effect) for name, method in methods.items()}


def without_effect(panel: Panel, effect: np.ndarray) -> Panel:
    """The panel of what ``effect`` [rows of the covariates] leaves over."""
    covariates = panel.covariates
    assert covariates is not None
    within = np.arange(len(panel.y)) - np.repeat(panel.offsets[:-1], panel.lengths)
    rows = within + np.repeat(covariates.offsets[:-1], panel.lengths)
    return replace(panel, y=panel.y - effect[rows], covariates=None)


def effect_ahead(panel: Panel, effect: np.ndarray, request: Request) -> np.ndarray:
    """The effect at the steps of a request, [N, H]; the last one where no more is known."""
    covariates = panel.covariates
    assert covariates is not None
    first, stop = covariates.offsets[:-1][request.series], covariates.offsets[1:][request.series]
    rows = (first + request.end)[:, None] + np.arange(request.steps)
    return effect[np.minimum(rows, stop[:, None] - 1)]


def possible_forms(panel: Panel, ends: np.ndarray) -> dict[str, Form]:
    """The forms of an effect that are compared, by name."""
    usual, period = float(np.median(ends)), panel.period
    longer = LONGER.get(period, 0)
    # weekdays would not meet after 365 days
    seasons = [period, longer] if longer % period == 0 else [period]
    seasons = [each for each in seasons if each and usual >= MIN_CYCLES * each] or [1]
    forms = {}
    for season in seasons:
        for curved in (False, True)[: 1 + bool(many_values(panel, ends).any())]:
            for crossed in (False, True)[: 1 + (1 < period <= season)]:
                words = ["curved" if curved else "straight", *["by phase"] * crossed]
                forms[f"{' '.join(words)} ({season})"] = Form(season, curved, crossed)
    return forms


def mean_effect(panel: Panel, ends: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """The mean effect of forms that are fitted on the first ``ends`` [S] values, [rows]."""
    forms = possible_forms(panel, ends)
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
    count = len(request.end)
    rows = np.unique(np.linspace(0, count - 1, min(count, MAX_COMPARED)).astype(np.int64))
    kept = np.unique(request.series[rows])
    request, panel, ends = request.select(rows).within(kept), panel.subset(kept), ends[kept]
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
    request, error = without.request, without.error
    nothing = UsedEffect({}, None, {}, float("nan"), error)
    if not len(request.end):
        return nothing, without
    chosen = choose_forms(panel, methods[ZERO_SHOT], request, ends)
    weights = chosen.weights
    if {*weights} == {NONE}:
        best = min(error for name, error in chosen.errors.items() if name != NONE)
        return replace(nothing, error=best), without
    effect = mean_effect(panel, ends, weights)
    reference = without.forecasts["seasonal_naive"]
    found = compare(panel, all_with_effect(methods, effect), request, ends, reference)
    if not found.error < (1 - chance_gain(request, without.truth)) * error:
        return replace(nothing, error=found.error), without
    forms = {name: weight for name, weight in weights.items() if name != NONE}
    final = mean_effect(panel, panel.lengths, weights)
    return UsedEffect(forms, final, mean_slopes(panel, final), found.error, error), found
