"""Forecasting methods: the same for the pipeline's backtest and for a forecast of any table."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.effects.clocks import clocks_of
from rnnlab.forecasting.baselines import forecast_baseline
from rnnlab.forecasting.quick import QUICK
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import longer_season
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.readings import Reading, forecast_readings, readings_of, weights_of

# forecast(panel, ends, requests): fitted on the first ``ends`` [S] values of each series, the
# forecasts of each request as quantiles [N, H, Q] in the units of the series, ascending, with the
# median in the middle. A method without quantiles has Q = 1. NaN where it cannot forecast.
Method = Callable[[Panel, np.ndarray, list[Request]], list[np.ndarray]]

# with --fit
FITTED = ("theta", "ets", "sarima")
# forecasts in one batch, which bounds the memory
MAX_WINDOWS = 8192
# series whose fit is timed, to tell how long the others will take
TIMED = 3


def make_methods(
    names: Iterable[str],
    network: ZeroShotNetwork | None,
    processes: int,
    fallbacks: Counter[str],
    rounded: bool = True,
) -> dict[str, Method]:
    """The methods with these names: zero_shot, and baselines, all of them ``by_clocks``.

    Args:
        network: of method zero_shot; None if that is not among them.
        processes: that fit slow baselines side by side, at most.
        fallbacks: updated with the largest number of series for which a method failed in one call,
            so that the seasonal naive forecast was used.
        rounded: see ``zero_shot_method``.
    """
    methods: dict[str, Method] = {}
    for name in names:
        if name == ZERO_SHOT:
            assert network is not None
            methods[name] = zero_shot_method(network, rounded)
        else:
            methods[name] = baseline_method(name, processes, fallbacks)
    return {name: by_clocks(method) for name, method in methods.items()}


def zero_shot_method(network: ZeroShotNetwork, rounded: bool = True) -> Method:
    """The pretrained network, which needs no fit but of how to read series with two seasons.

    Args:
        rounded: whether forecasts of whole numbers are whole numbers. False where they are combined
            or stretched first: what is rounded twice is a rough answer where most values are 0.
    """

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        readings = readings_of(panel.period, panel.longer or longer_season(panel.period))
        found = []
        for request in requests:
            fitted = np.unique(request.series)
            parts = Request(fitted, ends[fitted], 0).histories(panel.y, panel.offsets)
            weights = np.zeros((len(ends), len(readings)))
            weights[fitted] = weights_of(network, parts, readings, request.steps)
            found.append(forecast_in_batches(network, panel, request, readings, weights, rounded))
        return found

    return forecast


def forecast_in_batches(
    network: ZeroShotNetwork,
    panel: Panel,
    request: Request,
    readings: Sequence[Reading],
    weights: np.ndarray,
    rounded: bool,
) -> np.ndarray:
    """Quantiles [N, H, 11] of a request by readings with weights [S, R]."""
    quantiles = np.empty((len(request.end), request.steps, len(QUANTILES)))
    with track_progress(ZERO_SHOT, len(quantiles), "forecasts") as work:
        for begin in range(0, len(quantiles), MAX_WINDOWS):
            rows = np.arange(begin, min(begin + MAX_WINDOWS, len(quantiles)))
            part = request.select(rows)
            histories, own = part.histories(panel.y, panel.offsets), weights[part.series]
            quantiles[rows] = forecast_readings(
                network, histories, readings, own, request.steps, rounded
            )
            work.advance(len(rows))
    return quantiles


def baseline_method(name: str, processes: int, fallbacks: Counter[str]) -> Method:
    """A baseline; where it fails, the seasonal naive forecast takes its place and is counted."""

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        forecasts, count = forecast_baseline(name, panel, ends, requests, processes)
        fallbacks[name] = max(fallbacks[name], count)
        return [each[:, :, None] for each in forecasts]

    return forecast


def by_clocks(method: Method) -> Method:
    """The method, shown days of equally many hours where a panel's times are those of a zone.

    It sees what ``Clocks.as_shown`` says. Both hours of one that comes twice have one forecast.
    """

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        clocks = clocks_of(panel, max((each.steps for each in requests), default=0))
        if clocks is None:
            return method(panel, ends, requests)
        ahead, asked = [], []
        for each in requests:
            end, steps = clocks.count(each.series, each.end), np.arange(each.steps)
            place = clocks.place(each.series[:, None], each.end[:, None] + steps)
            # an hour that comes again after the last value has the forecast of the next one
            ahead.append(np.maximum(place - end[:, None], 0)[:, :, None])
            asked.append(Request(each.series, end, int(ahead[-1].max(initial=0)) + 1))
        found = method(clocks.as_shown(panel), clocks.count(np.arange(len(ends)), ends), asked)
        return [
            np.take_along_axis(values, at, axis=1) for values, at in zip(found, ahead, strict=True)
        ]

    return forecast


def forecast_all(
    methods: Mapping[str, Method], panel: Panel, ends: np.ndarray, requests: list[Request]
) -> dict[str, list[np.ndarray]]:
    """The quantiles of all methods, [N, H, Q] for each request."""
    forecasts = {}
    # no estimate of the time left: some methods take a thousand times as long as others
    with track_progress("", len(methods), "methods", left="") as work:
        for name, method in methods.items():
            forecasts[name] = method(panel, ends, requests)
            work.advance()
    return forecasts


def median(quantiles: np.ndarray) -> np.ndarray:
    """The point forecast [N, H] of quantiles [N, H, Q]."""
    return quantiles[:, :, quantiles.shape[2] // 2]


def added(forecasts: np.ndarray, effect: np.ndarray | None) -> np.ndarray:
    """Forecasts [N, H], or quantiles [N, H, Q], with the effect [N, H] of covariates given back."""
    if effect is None:
        return forecasts
    return forecasts + effect.reshape(*effect.shape, *[1] * (forecasts.ndim - 2))


def seconds_to_fit(
    methods: Mapping[str, Method],
    panel: Panel,
    ends: np.ndarray,
    request: Request,
    processes: int,
) -> float:
    """An estimate of the time for a request, from fits of a few of its series."""
    series = np.unique(request.series)
    some = series[np.linspace(0, len(series) - 1, min(TIMED, len(series))).astype(int)]
    rows = np.flatnonzero(np.isin(request.series, some))
    # the first call imports the libraries
    first = request.select(np.flatnonzero(request.series == some[0])[:1])
    total = 0.0
    for method in methods.values():
        method(panel, ends, [first])
        begin = perf_counter()
        method(panel, ends, [request.select(rows)])
        total += perf_counter() - begin
    rest = len(series) / len(some)
    return total * rest / (processes if len(series) > TIMED else 1)


def names_of(fit: bool) -> Sequence[str]:
    """The methods of a forecast: quick ones, and those that are fitted to each series."""
    return (ZERO_SHOT, *QUICK, *(FITTED if fit else ()))
