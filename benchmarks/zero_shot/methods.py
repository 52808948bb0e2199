"""Forecasts: of the naive methods, of statsforecast's automatic ones, of the network."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from benchmarks.zero_shot.sets import SeriesSet
from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files, write_tensors
from rnnlab.core.progress import track_progress
from rnnlab.features.histories import seasonal_naive as seasonal_naive_forecast
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.readings import forecast_series

# the central intervals that contain all quantiles but the median, in per cent
LEVELS = [20, 40, 60, 80, 95]
LABELS = {
    "zero_shot": "zero-shot network",
    "naive": "naive",
    "seasonal_naive": "seasonal naive",
    "seasonal_naive_intervals": "seasonal naive with intervals",
    "auto_ets": "AutoETS",
    "auto_theta": "AutoTheta",
    "auto_arima": "AutoARIMA",
    "tirex": "TiRex (35 M)",
    "chronos_bolt_base": "Chronos-Bolt base (205 M)",
    "timesfm_2.0": "TimesFM 2.0 (500 M)",
    "tempopfn": "TempoPFN",
}


@dataclass(frozen=True)
class Forecasts:
    """Quantiles [S, H, 11] of a method, and for how many series it failed.

    The median is the point forecast: the mean where a method has one, as in the published tables.
    """

    quantiles: np.ndarray
    replaced: int = 0


def naive(series: SeriesSet) -> Forecasts:
    """The last value, at every quantile."""
    return _repeated(series, np.ones_like(series.periods))


def seasonal_naive(series: SeriesSet) -> Forecasts:
    """The last season, at every quantile: that is what the published tables divide by."""
    return _repeated(series, series.periods)


def _repeated(series: SeriesSet, periods: np.ndarray) -> Forecasts:
    ahead = np.arange(1, series.horizon + 1)
    points = [
        seasonal_naive_forecast(history[None], int(period), ahead)[0]
        for history, period in zip(series.histories, periods, strict=True)
    ]
    return Forecasts(np.repeat(np.array(points)[..., None], len(QUANTILES), axis=2))


def zero_shot(network: ZeroShotNetwork, series: SeriesSet) -> Forecasts:
    quantiles = np.empty((*series.future.shape, len(QUANTILES)))
    for period in np.unique(series.periods):
        rows = np.flatnonzero(series.periods == period)
        histories = [series.histories[row] for row in rows]
        quantiles[rows] = forecast_series(network, histories, int(period), series.horizon)
    return Forecasts(quantiles)


def statistical(method: str, series: SeriesSet, cache: Path) -> Forecasts:
    """Forecasts of a model of statsforecast, read from ``cache`` if the same run made them.

    Where the model fails, the seasonal naive forecast with its intervals takes its place.
    """
    path = cache / f"{series.name.replace(' ', '_')}-{method}-{_key(series)}.safetensors"
    if path.is_file():
        found = load_file(path)
        return Forecasts(found["quantiles"], int(found["replaced"].sum()))
    quantiles = np.empty((*series.future.shape, len(QUANTILES)))
    replaced = np.zeros(len(series.names), dtype=bool)
    pairs = zip(series.histories, series.periods, strict=True)
    with track_progress(f"{LABELS[method]}, {series.name}", len(series.names), "series") as work:
        for row, (history, period) in enumerate(pairs):
            quantiles[row], replaced[row] = _fitted(method, history, int(period), series.horizon)
            work.advance()
    with output_files(cache) as folder:
        write_tensors(folder / path.name, {"quantiles": quantiles, "replaced": replaced})
    return Forecasts(quantiles, int(replaced.sum()))


def _key(series: SeriesSet) -> str:
    """A digest of all that determines a forecast of a model."""
    digest = hashlib.sha256(f"{version('statsforecast')} {LEVELS} {series.horizon}".encode())
    for history, period in zip(series.histories, series.periods, strict=True):
        digest.update(f" {period} ".encode() + history.tobytes())
    return digest.hexdigest()[:12]


def _fitted(method: str, history: np.ndarray, period: int, horizon: int) -> tuple[np.ndarray, bool]:
    """Quantiles [H, 11], and whether the seasonal naive forecast had to take their place."""
    quantiles = _by_model(method, history, period, horizon)
    if quantiles is not None and np.isfinite(quantiles).all():
        return quantiles, False
    quantiles = _by_model("seasonal_naive_intervals", history, period, horizon)
    if quantiles is None:
        raise InputError(f"a history of {len(history)} values is too short for any forecast")
    # a history of no more than a season has no intervals
    median = quantiles[:, [MEDIAN]]
    return np.where(np.isfinite(quantiles), quantiles, median), True


def _by_model(method: str, history: np.ndarray, period: int, horizon: int) -> np.ndarray | None:
    """Quantiles [H, 11] of a model of statsforecast, or None if it fails."""
    # the import takes seconds, and a run from the cache needs none
    from statsforecast.models import AutoETS, AutoTheta, SeasonalNaive

    models: dict[str, Callable] = {
        "auto_ets": AutoETS,
        "auto_theta": AutoTheta,
        "seasonal_naive_intervals": SeasonalNaive,
    }
    model = models[method](season_length=period)
    try:
        # with as many parameters as values a variance is infinite, which the caller notices
        with np.errstate(all="ignore"):
            found = model.forecast(y=history, h=horizon, level=LEVELS)
    # on too short a history a model raises whatever it runs into
    except Exception:
        return None
    return _quantiles(found)


def _quantiles(found: dict[str, np.ndarray]) -> np.ndarray:
    """All quantiles [H, 11] of intervals; .1 is the lower end of 80 %."""
    low = [found[f"lo-{level}"] for level in reversed(LEVELS)]
    high = [found[f"hi-{level}"] for level in LEVELS]
    return np.stack([*low, found["mean"], *high], axis=1)
