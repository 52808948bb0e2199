"""Which methods to use: the best on the last stretch of the series, or a mean that is better still.

Errors are MASE over that of the seasonal naive forecast on the same steps, in which no single odd
series decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.features.histories import seasonal_naive
from rnnlab.forecasting.methods import Method, forecast_all, median
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel

COMBINATION = "combination"
# another pick must lower the error by this share; a smaller gain is noise
MIN_GAIN = 0.01
# the share by which chance lowers an error on one forecast; on n it is 1 / sqrt(n) of it. Chosen on
# training parts: python -m benchmarks.panels.defaults --choices
SELECTION_PENALTY = 0.3
MAX_PICKS = 5
# more say no more of which method is best, and take longer
MAX_SERIES, MAX_ORIGINS = 5_000, 2_000
MAX_ORIGINS_EACH = 200
# a fifth of each series is validated, and at least the horizon; of a short series the horizon is a
# third at most
SHARE, SHORTEST = 5, 3
# a series counts no more than so many times the typical one: one with hardly any scale must not
# decide for the others
MOST_TYPICAL = 5.0
# no error is believed to be larger than so many times the reference's
LARGEST_RATIO = 20.0


@dataclass(frozen=True)
class Selection:
    """What methods did on the last stretch of the series, and which are used.

    Attributes:
        errors: by method, relative to the seasonal naive forecast; empty if nothing was compared.
        error: of the combination; NaN if nothing was compared.
        weights: of the methods in the combination, which sum to 1.
        request: the forecasts that were compared.
        truth: [N, H]; NaN for steps that do not count.
        forecasts: the medians [N, H] by method, and of the combination.
        quantiles: [N, H, Q] of the method with quantiles; None without one.
        scale: of MASE, [S].
    """

    errors: dict[str, float]
    error: float
    weights: dict[str, float]
    request: Request
    truth: np.ndarray
    forecasts: dict[str, np.ndarray]
    quantiles: np.ndarray | None
    scale: np.ndarray

    def mase(self, method: str = COMBINATION) -> np.ndarray:
        """MASE of a method by series, [S]; NaN where there is none."""
        error = mean_errors(self.truth, self.forecasts[method], self.request.series, self.scale)
        with np.errstate(invalid="ignore"):
            return error / self.scale


def validation_request(
    panel: Panel,
    horizon: int,
    spans: np.ndarray | None = None,
) -> tuple[Request, np.ndarray]:
    """The forecasts to compare, and how many values come before those of each series, [S].

    All steps of a forecast lie before the end of its series. Of many series a part is validated,
    spread over all of them.

    Args:
        spans: [S], the number of last values that are validated; None for a fifth of each series,
            and at least the horizon.
    """
    lengths = panel.lengths
    ahead = np.minimum(horizon, lengths // SHORTEST)
    if spans is None:
        spans = np.maximum(ahead, lengths // SHARE)
    ahead = np.minimum(ahead, spans)
    usable = np.flatnonzero((ahead > 0) & (spans < lengths))
    if len(usable) > MAX_SERIES:
        usable = usable[np.linspace(0, len(usable) - 1, MAX_SERIES).astype(np.int64)]
    each = min(max(1, MAX_ORIGINS // max(1, len(usable))), MAX_ORIGINS_EACH)
    places, series, ends = [], [], lengths.copy()
    for number in usable:
        last = lengths[number] - ahead[number]
        first = lengths[number] - spans[number] if each > 1 else last
        own = np.unique(np.linspace(first, last, min(each, last - first + 1)).astype(np.int64))
        places.append(own)
        series.append(np.full(len(own), number))
        ends[number] = own[0]
    nothing = np.empty(0, dtype=np.int64)
    return Request(
        np.concatenate([nothing, *series]), np.concatenate([nothing, *places]), horizon
    ), ends


def compare(
    panel: Panel,
    methods: Mapping[str, Method],
    request: Request,
    ends: np.ndarray,
    reference: np.ndarray | None = None,
) -> Selection:
    """Choose among methods, fitted on the first ``ends`` [S] values, by their forecasts.

    The choice begins with the zero-shot network, which has seen none of the data.

    Args:
        reference: see ``select_methods``.
    """
    truth = request.truth(panel.y, panel.offsets, ends)
    with track_progress("validation"):
        found = forecast_all(methods, panel, ends, [request])
    quantiles = {name: of_requests[0] for name, of_requests in found.items()}
    gain = chance_gain(request, truth)
    return select_methods(panel, ends, request, truth, quantiles, ZERO_SHOT, gain, reference)


def select_methods(
    panel: Panel,
    ends: np.ndarray,
    request: Request,
    truth: np.ndarray,
    quantiles: Mapping[str, np.ndarray],
    preferred: str | None = None,
    min_gain: float = MIN_GAIN,
    reference: np.ndarray | None = None,
) -> Selection:
    """Compare the forecasts of methods that were fitted on the first ``ends`` [S] values.

    Args:
        truth: [N, H], NaN for steps that do not count.
        quantiles: by method, [N, H, Q]. A preferred method stands in for those that cannot
            forecast a series.
        preferred, min_gain: see ``choose_weights``.
        reference: [N, H], the seasonal naive forecast; None to take it from the methods or make it.
    """
    forecasts = {name: median(found) for name, found in quantiles.items()}
    if preferred is not None:
        instead = forecasts[preferred]
        forecasts = {n: np.where(np.isfinite(f), f, instead) for n, f in forecasts.items()}
    scale = seasonal_naive_errors(panel.parts(panel.y, ends), panel.period)
    naive = forecasts.get("seasonal_naive") if reference is None else reference
    naive = seasonal_naive_forecasts(panel, request) if naive is None else naive
    score = relative_errors(truth, naive, request.series, scale)
    errors = {name: score(forecast) for name, forecast in forecasts.items()}
    weights = choose_weights(forecasts, errors, score, preferred, min_gain)
    forecasts[COMBINATION] = combine(forecasts, weights)
    wide = [found for found in quantiles.values() if found.shape[2] > 1]
    return Selection(
        errors if len(request.end) else {},
        score(forecasts[COMBINATION]),
        weights,
        request,
        truth,
        forecasts,
        wide[0] if wide else None,
        scale,
    )


def seasonal_naive_forecasts(panel: Panel, request: Request) -> np.ndarray:
    """The reference of relative errors, [N, H]."""
    ahead = np.arange(1, request.steps + 1)
    rows = [
        seasonal_naive(history[None], panel.period, ahead)[0]
        for history in request.histories(panel.y, panel.offsets)
    ]
    return np.array(rows).reshape(-1, request.steps)


def relative_errors(
    truth: np.ndarray, naive: np.ndarray, series: np.ndarray, scale: np.ndarray
) -> Callable[[np.ndarray], float]:
    """A function that returns the error of forecasts [N, H]: MASE over that of ``naive``.

    No series counts more than ``MOST_TYPICAL`` times the typical one, nor is its error believed
    beyond ``LARGEST_RATIO`` times the reference. NaN where no step counts.

    Args:
        truth: [N, H], NaN for steps that do not count; naive: [N, H], the reference.
        series: [N]; scale: of MASE, [S]. Where all are NaN, since the series repeat exactly, errors
            are not scaled.
    """
    scale = np.ones_like(scale) if np.isnan(scale).all() else scale
    reference = mean_errors(truth, naive, series, scale) / scale
    used = np.flatnonzero(~np.isnan(reference))
    reference = reference[used]
    varied = reference[reference > 0]
    typical = float(np.median(varied)) if len(varied) else 1.0
    weight = MOST_TYPICAL * typical / np.maximum(reference, MOST_TYPICAL * typical)
    limit = LARGEST_RATIO * np.maximum(reference, typical / LARGEST_RATIO)
    total = float((weight * reference).sum())

    def score(forecast: np.ndarray) -> float:
        errors = (mean_errors(truth, forecast, series, scale) / scale)[used]
        error = float((weight * np.minimum(errors, limit)).sum())
        if not len(used) or np.isnan(error):
            return float("nan")
        if total == 0:
            return 1.0 if error == 0 else LARGEST_RATIO
        return error / total

    return score


def mean_errors(
    truth: np.ndarray, forecast: np.ndarray, series: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """The mean absolute error of forecasts [N, H] by series, [S]; NaN for series without one."""
    known = ~np.isnan(truth)
    errors = np.where(known, np.abs(truth - forecast), 0).sum(axis=1)
    total = np.bincount(series, errors, minlength=len(scale))
    count = np.bincount(series, known.sum(axis=1), minlength=len(scale))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count > 0, total / count, np.nan)


def choose_weights(
    forecasts: Mapping[str, np.ndarray],
    errors: Mapping[str, float],
    score: Callable[[np.ndarray], float],
    preferred: str | None = None,
    min_gain: float = MIN_GAIN,
) -> dict[str, float]:
    """Weights of a mean of methods, by greedy ensemble selection (Caruana et al. 2004).

    The best method is picked first. Then the method that most improves the mean of all picks is
    added, possibly a second time, until none lowers its error by the share ``min_gain``.

    Args:
        forecasts: [N, H] by method.
        errors: by method, as ``score`` has them.
        score: the error of forecasts [N, H].
        preferred: the first pick, unless the best lowers its error by ``min_gain``; None for the
            best.

    Returns:
        The weights of the picked methods, which sum to 1.
    """
    known = {method: error for method, error in errors.items() if np.isfinite(error)}
    if not known:
        return {preferred or next(iter(forecasts)): 1.0}
    first = min(known, key=lambda method: known[method])
    if preferred in known and known[first] >= (1 - min_gain) * known[preferred]:
        first = preferred
    picks, error = [first], known[first]
    while len(picks) < MAX_PICKS:
        mean = sum(forecasts[method] for method in picks)
        error_with = {
            method: score((mean + forecasts[method]) / (len(picks) + 1)) for method in known
        }
        best = min(error_with, key=lambda method: error_with[method])
        if error_with[best] >= (1 - min_gain) * error:
            break
        picks.append(best)
        error = error_with[best]
    return {method: picks.count(method) / len(picks) for method in dict.fromkeys(picks)}


def combine(forecasts: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """The weighted mean of forecasts, which are given by method."""
    return np.sum([weight * forecasts[method] for method, weight in weights.items()], axis=0)


def chance_gain(request: Request, truth: np.ndarray) -> float:
    """The share by which another pick must lower the error of a request, not to be chance.

    On few forecasts chance alone makes some other pick look better than it is.
    """
    count = max(independent_forecasts(request, truth), 1.0)
    return float(MIN_GAIN + SELECTION_PENALTY / np.sqrt(count))


def independent_forecasts(request: Request, truth: np.ndarray) -> float:
    """How many forecasts there would be if none shared a step with another of its series."""
    steps = (~np.isnan(truth)).sum(axis=1)
    total = 0.0
    for rows in np.split(np.arange(len(steps)), np.flatnonzero(np.diff(request.series)) + 1):
        if len(rows):
            reach = request.end[rows[-1]] - request.end[rows[0]]
            total += min(len(rows), 1 + reach / max(1, steps[rows].max()))
    return total
