"""The methods of a forecast that need no network of a task.

A method is a function of ``ends`` [S], the number of values that it may be fitted on, and of a
request; it returns forecasts in the units of the series, [N, H], with NaN for a series that it
cannot forecast.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.forecasting.baselines import forecast_baseline, seasonal_naive
from rnnlab.forecasting.forecaster import MAX_PERIOD, MAX_WINDOWS
from rnnlab.forecasting.selection import History
from rnnlab.features.context import max_horizon
from rnnlab.outlook.subset import subset_of
from rnnlab.series.origins import Request
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork

Method = Callable[[np.ndarray, Request], np.ndarray]

# beside zero_shot, on any number of series: none needs a fit
QUICK = ("naive", "seasonal_naive", "drift")
# with --fit
FITTED = ("theta", "ets", "sarima")
# the quantiles of a forecast: its median between the bounds of two intervals
KEPT = [QUANTILES.index(level) for level in (0.025, 0.1, 0.5, 0.9, 0.975)]
MEDIAN = 2
# series whose fit is timed, to tell how long the others will take
TIMED = 3
# values that differ by a smaller share of their size are told without their floor
EVEN = 1e-3
# cycles whose mean is the season that the network is not told
CYCLES = 4


def baseline_methods(
    names: Sequence[str], history: History, processes: int, fallbacks: Counter[str]
) -> dict[str, Method]:
    """Baselines as methods; where one fails, the seasonal naive forecast takes its place.

    Args:
        fallbacks: updated with the number of series for which that happened.
    """

    def forecast(name: str, ends: np.ndarray, request: Request) -> np.ndarray:
        part = subset_of(history, np.unique(request.series))
        moved = [part.moved(request, history.offsets)]
        (values,), count = forecast_baseline(
            name, part.y, part.offsets, ends[part.kept], history.period, moved, processes
        )
        fallbacks[name] = max(fallbacks[name], count)
        return values

    return {name: partial(forecast, name) for name in names}


def seconds_to_fit(
    methods: dict[str, Method], ends: np.ndarray, request: Request, processes: int
) -> float:
    """An estimate of the time for a request, from fits of a few of its series."""
    series = np.unique(request.series)
    some = series[np.linspace(0, len(series) - 1, min(TIMED, len(series))).astype(int)]
    rows = np.flatnonzero(np.isin(request.series, some))
    # the first call imports the libraries
    first = request.select(np.flatnonzero(request.series == some[0])[:1])
    total = 0.0
    for method in methods.values():
        method(ends, first)
        begin = perf_counter()
        method(ends, request.select(rows))
        total += perf_counter() - begin
    rest = len(series) / len(some)
    return total * rest / (processes if len(series) > TIMED else 1)


def zero_shot_quantiles(network: ZeroShotNetwork, history: History, request: Request) -> np.ndarray:
    """Quantiles .025, .1, .5, .9 and .975 of the zero-shot network, [N, H, 5].

    A period above ``MAX_PERIOD`` is longer than the network knows: it reads the series without
    the mean of the last cycles, which is added again. Where its answer is not finite, all quantiles
    are the seasonal naive forecast.
    """
    truth, offsets, period = history.truth, history.offsets, history.period
    reach = min(request.steps, steps_at_once(period))
    quantiles = np.empty((len(request.origin), request.steps, len(KEPT)))
    with track_progress(ZERO_SHOT, len(quantiles), "forecasts") as work:
        for begin in range(0, len(quantiles), MAX_WINDOWS):
            rows = slice(begin, begin + MAX_WINDOWS)
            spans = zip(offsets[request.series[rows]], request.origin[rows], strict=True)
            histories = [truth[first:origin] for first, origin in spans]
            floors, spreads = np.array([floor_and_spread(y) for y in histories]).T
            raised = [y - floor for y, floor in zip(histories, floors, strict=True)]
            found = extended(_quantiles(network, raised, period, reach), period, request.steps)
            # nothing is known of a series that never changed but its value
            found[spreads == 0] = 0.0
            quantiles[rows] = found + floors[:, None, None]
            work.advance(len(histories))
    for row in np.flatnonzero(~np.isfinite(quantiles).all(axis=(1, 2))):
        past = history.y[offsets[request.series[row]] : request.origin[row]]
        quantiles[row] = seasonal_naive(past, period)(past, request.steps)[:, None]
    return quantiles


def steps_at_once(period: int) -> int:
    """Steps that the network forecasts; later ones are ``extended``."""
    return max_horizon(period if period <= MAX_PERIOD else 1)


def extended(quantiles: np.ndarray, period: int, steps: int) -> np.ndarray:
    """Quantiles [S, H, 5] for more steps: the last season again, with intervals that widen.

    The widths grow with the square root of time, as those of a random walk do.
    """
    reach = quantiles.shape[1]
    if steps <= reach:
        return quantiles
    season = period if period <= reach else 1
    ahead = np.arange(reach, steps)
    last = quantiles[:, reach - season + (ahead - reach) % season]
    median = last[:, :, [MEDIAN]]
    # no narrower than at the last step that the network forecasts
    end = quantiles[:, -1:]
    width = np.maximum(np.abs(last - median), np.abs(end - end[:, :, [MEDIAN]]))
    sign = np.sign(np.arange(len(KEPT)) - MEDIAN)
    later = median + sign * width * np.sqrt((ahead + 1) / reach)[:, None]
    return np.concatenate([quantiles, later], axis=1)


def floor_and_spread(y: np.ndarray) -> tuple[float, float]:
    """What the network is not told of a history, and by how much its values differ at most.

    The floor is 0 but where values differ little: the network's numbers are of single precision,
    so that it would not see a change of a millionth.
    """
    known = y[np.isfinite(y)]
    low, spread = known.min(), np.ptp(known)
    return (low - spread if spread <= EVEN * np.abs(known).max() else 0.0), spread


def _quantiles(
    network: ZeroShotNetwork, histories: list[np.ndarray], period: int, steps: int
) -> np.ndarray:
    with np.errstate(all="ignore"):
        if period <= MAX_PERIOD:
            return forecast_quantiles(network, histories, period, steps)[:, :, KEPT]
        seasons = [mean_cycle(y, period) for y in histories]
        flat = [y - np.resize(season, len(y)) for y, season in zip(histories, seasons, strict=True)]
        found = forecast_quantiles(network, flat, 1, steps)[:, :, KEPT]
    for row, (y, season) in enumerate(zip(histories, seasons, strict=True)):
        found[row] += np.resize(np.roll(season, -len(y)), steps)[:, None]
    return found


def mean_cycle(y: np.ndarray, period: int) -> np.ndarray:
    """The mean of the last cycles about its own mean, [period], from the phase of the first value.

    Zeros for a history shorter than two cycles; a phase without a value has no season.
    """
    cycles = min(CYCLES, len(y) // period)
    if cycles < 2:
        return np.zeros(period)
    recent = y[-cycles * period :].reshape(cycles, period)
    known = np.isfinite(recent)
    total, count = np.where(known, recent, 0).sum(axis=0), known.sum(axis=0)
    mean = np.divide(total, count, out=np.full(period, np.nan), where=count > 0)
    season = np.nan_to_num(mean - np.nanmean(mean))
    return np.roll(season, len(y) % period)
