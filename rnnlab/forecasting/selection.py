"""All methods side by side: forecast, validate, select or combine, calibrate, refit."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import SeriesNormalize
from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout
from rnnlab.forecasting.baselines import forecast_baseline
from rnnlab.forecasting.combination import choose_weights, combine
from rnnlab.forecasting.forecaster import (
    forecast_zero_shot,
    mean_predictor,
    network_forecaster,
    zero_predictor,
)
from rnnlab.forecasting.intervals import IntervalWidths, calibrate, series_scales
from rnnlab.forecasting.labels import fallback_lines
from rnnlab.forecasting.measures import seasonal_naive_errors
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import make_samples
from rnnlab.networks.storage import load_network
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.origins import Request, fitted_requests
from rnnlab.series.windows import windows_in_part
from rnnlab.training.members import Recipe, retrain
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import read_zero_shot


@dataclass(frozen=True)
class History:
    """All series.

    Attributes:
        y: the series end to end, [M]; series s begins at ``offsets[s]``.
        period: steps in a season.
        filled: bool [M], which values were filled in for gaps; None if there are no gaps.
    """

    y: np.ndarray
    offsets: np.ndarray
    period: int
    filled: np.ndarray | None = None

    @property
    def truth(self) -> np.ndarray:
        """y, but NaN where a gap was filled."""
        return self.y if self.filled is None else np.where(self.filled, np.nan, self.y)


@dataclass(frozen=True)
class FittedNetworks:
    """An ensemble and the normalization that it was trained with."""

    networks: list[RecurrentNetwork]
    normalization: Normalization


@dataclass(frozen=True)
class ValidationResult:
    """Errors, weights and interval widths from the validation part.

    Attributes:
        errors: MASE by method, over a period ahead from rolling origins.
        weights: of the methods in the combination.
        widths: of the intervals, by method and for ``combination``.
    """

    errors: dict[str, float]
    weights: dict[str, float]
    widths: dict[str, IntervalWidths]

    def table(self) -> pd.DataFrame:
        """A row for each method: its error and its weight in the combination."""
        rows = [
            {"method": method, "mase": error, "weight": self.weights.get(method, 0.0)}
            for method, error in self.errors.items()
        ]
        return pd.DataFrame(rows)


def pretrained_network(baselines: Sequence[str], device: torch.device) -> ZeroShotNetwork | None:
    """The network of method zero_shot, if that is one of ``baselines``.

    Raises:
        InputError: its weights are missing or damaged.
    """
    return read_zero_shot(device=device) if ZERO_SHOT in baselines else None


def forecast_all(
    history: History,
    fitted: FittedNetworks,
    card: dict,
    baselines: Sequence[str],
    processes: int,
    ends: np.ndarray,
    requests: list[Request],
    fallbacks: Counter[str],
    pretrained: ZeroShotNetwork | None = None,
) -> dict[str, list[np.ndarray]]:
    """Forecasts of the networks, their control and the baselines, [N, H] for each request.

    Args:
        fitted: on the first ``ends`` [S] values of each series; the baselines are fitted on the
            same values here.
        card: of the windows.
        fallbacks: updated with the number of series for which a baseline failed and the seasonal
            naive forecast was used, if it is larger than before.
        pretrained: the network of baseline zero_shot.
    """
    y, offsets, period = history.y, history.offsets, history.period
    predictors = {
        "model": mean_predictor(fitted.networks),
        "control": zero_predictor(card["outputs"]),
    }
    forecast = network_forecaster(fitted.normalization, card, y, offsets)
    forecasts = {
        method: [forecast(predictor, request) for request in requests]
        for method, predictor in predictors.items()
    }
    # no estimate of the time left: some baselines take a thousand times as long as others
    with track_progress("", len(baselines), "baselines", left="") as work:
        for name in baselines:
            if name == ZERO_SHOT:
                assert pretrained is not None
                forecasts[name], count = forecast_zero_shot(
                    pretrained, y, history.truth, offsets, period, requests
                )
            else:
                forecasts[name], count = forecast_baseline(
                    name, y, offsets, ends, period, requests, processes
                )
            fallbacks[name] = max(fallbacks[name], count)
            work.advance()
    return forecasts


def print_fallbacks(counts: Counter[str]) -> None:
    """Print to stderr for how many series a baseline failed, if any did."""
    for line in fallback_lines(counts):
        print(line, file=sys.stderr)


def validate(
    history: History,
    forecast: Callable[[list[Request]], dict[str, list[np.ndarray]]],
    train: np.ndarray,
    validation: np.ndarray,
    earliest: int,
    horizon: int,
    log: bool,
) -> ValidationResult:
    """Compute errors, weights and interval widths of methods fitted on the training parts.

    Args:
        forecast: returns the forecasts of all methods for a list of requests.
        train, validation: where these parts end inside each series, [S].
        earliest: place of the first origin from which all methods can forecast.
        horizon: steps that intervals should cover; at least a period is covered.
        log: whether intervals are symmetric on the logarithmic scale.
    """
    y, offsets, period = history.y, history.offsets, history.period
    steps = max(horizon, period)
    # growth over a period needs one value more than a period
    first = max(earliest, period + 1)
    requests = fitted_requests(offsets, train, validation, first, steps)
    start, cut, end = offsets[:-1], offsets[:-1] + train, offsets[:-1] + validation
    parts = ((cut, end), (start, cut))
    truths = [r.truth(history.truth, *part) for r, part in zip(requests, parts, strict=True)]
    with track_progress("validation"):
        forecasts = forecast(list(requests))
    scale, series = mase_scales(history, train), requests[0].series
    candidates = {m: f[0][:, :period] for m, f in forecasts.items() if m != "control"}
    errors, weights = choose_weights(truths[0][:, :period], candidates, series, scale)
    forecasts["combination"] = [
        combine({method: of_parts[k] for method, of_parts in forecasts.items()}, weights)
        for k in (0, 1)
    ]
    scales = series_scales(y, offsets, train, period, log)
    # the validation part counts too, since the forecasts come after it
    lowest = np.array([y[a : a + n].min() for a, n in zip(start, validation, strict=True)])
    lower_limit = np.where(lowest >= 0, 0.0, -np.inf)
    widths = {}
    for method, of_parts in forecasts.items():
        on_validation, on_training = (
            calibrate(truth, values, request.series, scales, log)
            for truth, values, request in zip(truths, of_parts, requests, strict=True)
        )
        widths[method] = replace(on_validation.widened_to(on_training), lower_limit=lower_limit)
    return ValidationResult(errors, weights, widths)


def mase_scales(history: History, ends: np.ndarray) -> np.ndarray:
    """The scale of MASE from the first ``ends`` [S] values of each series, [S]."""
    return seasonal_naive_errors(history.y, history.offsets, ends, history.period)


def refit_networks(
    history: History, ends: np.ndarray, recipe: Recipe, settings: SeriesNormalize, epochs: list[int]
) -> FittedNetworks:
    """Fit the normalization and train each member on the first ``ends`` [S] values.

    Args:
        epochs: the best epoch of each member on validation.
    """
    y, offsets, layout = history.y, history.offsets, Layout(**recipe.card["layout"])
    normalization = fit_normalization(y, offsets, ends, settings, history.period)
    part = windows_in_part(y, offsets, normalization, np.zeros_like(ends), ends, layout, whole=True)
    samples = make_samples(part, recipe.card, recipe.device)
    networks = []
    for member, count in enumerate(epochs):
        weights = retrain(recipe, samples, count, "main", member)
        networks.append(load_network(recipe.card, recipe.model, weights, recipe.device))
    return FittedNetworks(networks, normalization)


def forecast_with_refits(
    history: History,
    request: Request,
    cut: np.ndarray,
    every: int,
    fit_and_forecast: Callable[[np.ndarray, list[Request]], dict[str, list[np.ndarray]]],
) -> dict[str, np.ndarray]:
    """Forecasts for ``request``; all methods are refitted after every ``every`` origins.

    Args:
        cut: where the test part of each series begins, [S].
        fit_and_forecast: fits all methods on the first ``ends`` [S] values of each series, and
            returns their forecasts for a list of requests.
    """
    place = request.origin - history.offsets[request.series]
    block = (place - cut[request.series]) // every
    by_method: dict[str, np.ndarray] = {}
    numbers = np.unique(block)
    with track_progress("rolling origins", len(numbers), "refits") as work:
        for number in numbers:
            rows = np.flatnonzero(block == number)
            ends = np.minimum(cut + number * every, np.diff(history.offsets))
            for method, forecasts in fit_and_forecast(ends, [request.select(rows)]).items():
                shape = (len(request.origin), request.steps)
                by_method.setdefault(method, np.empty(shape))[rows] = forecasts[0]
            work.advance()
    return by_method
