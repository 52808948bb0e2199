"""Which methods to combine, and how wide intervals must be, from the last stretch of each series.

The combination begins with the zero-shot network, which has seen none of the data, unless another
method is clearly better. On few series chance alone makes some method look better than it is, so
it must gain more there (``LUCK``).
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.forecasting.combination import MIN_GAIN, choose_weights, combine
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.selection import History, mase_scales
from rnnlab.outlook.methods import MEDIAN, Method, zero_shot_quantiles
from rnnlab.series.origins import Request
from rnnlab.zero_shot.network import ZeroShotNetwork

# more say no more of which method is best, and take longer
MAX_SERIES, MAX_ORIGINS = 5_000, 2_000
# a fifth of each series is validated, and at least the horizon; of a short series the horizon is a
# third at most
SHARE, SHORTEST = 5, 3
# the share by which chance lowers an error on one forecast; on n it is 1 / sqrt(n) of it. This and
# the next are chosen on training parts: python -m benchmarks.panels.defaults --choices
LUCK = 0.3
# forecasts at which the width of intervals follows the data half as far as with very many
TRUSTED = 100
# no more than this factor is believed
MAX_STRETCH = 3.0


@dataclass(frozen=True)
class Validation:
    """What the last stretch of the series says.

    Attributes:
        errors: MASE by method, mean over series; empty if no series is long enough.
        weights: of the methods in the combination, which sum to 1.
        stretch: by level, how much wider intervals are than the network's own.
        request: the forecasts that were compared.
        truth: [N, H]; NaN for steps after the end, and for gaps.
        forecasts: [N, H] by method, and of the combination.
        scale: of MASE, [S].
    """

    errors: dict[str, float]
    weights: dict[str, float]
    stretch: dict[float, float]
    request: Request
    truth: np.ndarray
    forecasts: dict[str, np.ndarray]
    scale: np.ndarray

    def errors_by_series(self) -> np.ndarray:
        """MASE of the combination, [S]; NaN where there is none."""
        error = np.abs(self.truth - self.forecasts["combination"])
        known = ~np.isnan(error)
        series, size = self.request.series, len(self.scale)
        total = np.bincount(series, np.where(known, error, 0).sum(axis=1), minlength=size)
        count = np.bincount(series, known.sum(axis=1), minlength=size)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(count > 0, total / count / self.scale, np.nan)


def validation_request(
    history: History, horizon: int, spans: np.ndarray | None = None
) -> tuple[Request, np.ndarray]:
    """The forecasts to compare, and how many values come before those of each series, [S].

    All steps of a forecast lie before the end of its series. Of many series a part is validated,
    spread over all of them.

    Args:
        spans: [S], the number of last values that are validated; None for a fifth of each series,
            and at least the horizon.
    """
    lengths = np.diff(history.offsets)
    ahead = np.minimum(horizon, lengths // SHORTEST)
    if spans is None:
        spans = np.maximum(ahead, lengths // SHARE)
    ahead = np.minimum(ahead, spans)
    usable = np.flatnonzero((ahead > 0) & (spans < lengths))
    if len(usable) > MAX_SERIES:
        usable = usable[np.linspace(0, len(usable) - 1, MAX_SERIES).astype(np.int64)]
    each = max(1, MAX_ORIGINS // max(1, len(usable)))
    origins, series, ends = [], [], lengths.copy()
    for number in usable:
        last = lengths[number] - ahead[number]
        first = lengths[number] - spans[number] if each > 1 else last
        places = np.unique(np.linspace(first, last, min(each, last - first + 1)).astype(np.int64))
        origins.append(history.offsets[number] + places)
        series.append(np.full(len(places), number))
        ends[number] = places[0]
    nothing = np.empty(0, dtype=np.int64)
    request = Request(
        np.concatenate([nothing, *origins]), np.concatenate([nothing, *series]), horizon
    )
    return request, ends


def validate(
    history: History,
    network: ZeroShotNetwork,
    methods: dict[str, Method],
    request: Request,
    ends: np.ndarray,
) -> Validation:
    """Compare the methods on ``request``, each fitted on the first ``ends`` [S] values."""
    start, stop = history.offsets[:-1] + ends, history.offsets[1:]
    truth = request.truth(history.truth, start, stop)
    scale = mase_scales(history, ends)
    if not len(request.origin):
        none = {"combination": np.empty(truth.shape)}
        ones = dict.fromkeys(LEVELS, 1.0)
        return Validation({}, {ZERO_SHOT: 1.0}, ones, request, truth, none, scale)
    with track_progress("validation"):
        quantiles = zero_shot_quantiles(network, history, request)
        forecasts = ask(methods, ends, request, quantiles)
    count = independent_forecasts(request, truth)
    gain = MIN_GAIN + LUCK / np.sqrt(count)
    errors, weights = choose_weights(
        truth, forecasts, request.series, scale, preferred=ZERO_SHOT, min_gain=gain
    )
    forecasts["combination"] = combine(forecasts, weights)
    stretch = {
        level: stretch_needed(truth, forecasts["combination"], quantiles, level, count)
        for level in LEVELS
    }
    return Validation(errors, weights, stretch, request, truth, forecasts, scale)


def ask(
    methods: dict[str, Method], ends: np.ndarray, request: Request, quantiles: np.ndarray
) -> dict[str, np.ndarray]:
    """The forecasts of all methods, zero_shot first, which also stands in for the others."""
    median = quantiles[:, :, MEDIAN]
    forecasts = {ZERO_SHOT: median}
    with track_progress("", len(methods), "methods", left="") as work:
        for name, method in methods.items():
            values = method(ends, request)
            forecasts[name] = np.where(np.isfinite(values), values, median)
            work.advance()
    return forecasts


def independent_forecasts(request: Request, truth: np.ndarray) -> float:
    """How many forecasts there would be if none shared a step with another of its series."""
    steps = (~np.isnan(truth)).sum(axis=1)
    total = 0.0
    for rows in np.split(np.arange(len(steps)), np.flatnonzero(np.diff(request.series)) + 1):
        reach = request.origin[rows[-1]] - request.origin[rows[0]]
        longest = max(1, steps[rows].max())
        total += min(len(rows), 1 + reach / longest)
    return total


def stretch_needed(
    truth: np.ndarray, forecast: np.ndarray, quantiles: np.ndarray, level: float, count: float
) -> float:
    """The factor by which the network's interval is stretched about ``forecast``.

    That with which it would have held ``level`` of the truth, as far as it can be believed: its
    square root for very many forecasts, and less for few, whose errors are too much alike.

    Args:
        count: ``independent_forecasts``.
    """
    below, above = half_widths(quantiles, level)
    error = truth - forecast
    width = np.where(error < 0, below, above)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.where(error == 0, 0.0, np.abs(error) / width)
    # no error of a series without width may decide over the others
    sizes = np.minimum(sizes[~np.isnan(sizes)], MAX_STRETCH)
    if not len(sizes):
        return 1.0
    factor = max(float(np.quantile(sizes, level)), 1 / MAX_STRETCH)
    return float(factor ** (0.5 * count / (count + TRUSTED)))


def half_widths(quantiles: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """From the median down to the lower bound and up to the upper one, [N, H] each."""
    outer = len(LEVELS) - 1 - LEVELS.index(level)
    median = quantiles[:, :, MEDIAN]
    return median - quantiles[:, :, outer], quantiles[:, :, -1 - outer] - median
