"""All methods side by side: judged on validation, then asked for the forecasts that count."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rnnlab.core.params import SeriesNormalize
from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout
from rnnlab.forecasting.baselines import forecast_baseline
from rnnlab.forecasting.combination import choose_weights, combine
from rnnlab.forecasting.forecaster import forecaster, mean_answer, no_answer
from rnnlab.forecasting.intervals import Widths, calibrate, series_scales
from rnnlab.forecasting.labels import stood_in
from rnnlab.forecasting.measures import seasonal_naive_errors
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import make_samples
from rnnlab.networks.storage import load_network
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.origins import Request, fitted_requests
from rnnlab.series.windows import windows_in_part
from rnnlab.training.members import Recipe, retrain


@dataclass(frozen=True)
class History:
    """Series end to end, [M], series s of which begins at ``offsets[s]``; steps in a season.

    ``filled`` [M] says which values stand in for gaps.
    """

    y: np.ndarray
    offsets: np.ndarray
    period: int
    filled: np.ndarray | None = None

    @property
    def truth(self) -> np.ndarray:
        """y, but NaN where a value only stands in for a gap."""
        return self.y if self.filled is None else np.where(self.filled, np.nan, self.y)


@dataclass(frozen=True)
class Learned:
    """An ensemble and the normalization that it was trained with."""

    networks: list[RecurrentNetwork]
    normalization: Normalization


@dataclass(frozen=True)
class Judgement:
    """What validation says.

    Attributes:
        errors: mean absolute scaled error by method, a period ahead from rolling origins.
        weights: of the mean of methods that it prefers.
        widths: of the intervals of each method and of ``combination``.
    """

    errors: dict[str, float]
    weights: dict[str, float]
    widths: dict[str, Widths]

    def table(self) -> pd.DataFrame:
        """A row for each method: its error, and its weight in the combination."""
        rows = [
            {"method": method, "mase": error, "weight": self.weights.get(method, 0.0)}
            for method, error in self.errors.items()
        ]
        return pd.DataFrame(rows)


def ask_all(
    history: History,
    learned: Learned,
    card: dict,
    baselines: Sequence[str],
    processes: int,
    ends: np.ndarray,
    requests: list[Request],
    stood_in: Counter[str],
) -> dict[str, list[np.ndarray]]:
    """Forecasts of the network, its control and the baselines, [N, H] each, for each request.

    Args:
        learned: fitted on the first ``ends`` [S] values of each series, as baselines will be.
        card: of the windows.
        stood_in: here the most series at a time are noted for which the seasonal naive forecast
            stands in, since the method can't bear them.
    """
    y, offsets, period = history.y, history.offsets, history.period
    answers = {"model": mean_answer(learned.networks), "control": no_answer(card["outputs"])}
    forecast = forecaster(learned.normalization, card, y, offsets)
    found = {
        method: [forecast(answer, request) for request in requests]
        for method, answer in answers.items()
    }
    # some take a thousand times as long as others
    with track_progress("", len(baselines), "baselines", left="") as work:
        for name in baselines:
            found[name], count = forecast_baseline(
                name, y, offsets, ends, period, requests, processes
            )
            stood_in[name] = max(stood_in[name], count)
            work.advance()
    return found


def say_stood_in(counts: Counter[str]) -> None:
    """A line on stderr, if the seasonal naive forecast stands in for a method that failed."""
    for line in stood_in(counts):
        print(line, file=sys.stderr)


def judge(
    history: History,
    ask: Callable[[list[Request]], dict[str, list[np.ndarray]]],
    train: np.ndarray,
    validation: np.ndarray,
    earliest: int,
    horizon: int,
    log: bool,
) -> Judgement:
    """Judge methods that were fitted on the training parts by the validation parts.

    Args:
        ask: gives the forecasts of all methods for requests.
        train, validation: where these parts end inside each series, [S].
        earliest: place of the first origin from which all methods can forecast.
        horizon: steps that intervals are to reach; a period at least is looked at.
        log: whether intervals are even on logarithms.
    """
    y, offsets, period = history.y, history.offsets, history.period
    steps = max(horizon, period)
    # one value more than a period is what the growth over a period takes
    first = max(earliest, period + 1)
    requests = fitted_requests(offsets, train, validation, first, steps)
    start, cut, end = offsets[:-1], offsets[:-1] + train, offsets[:-1] + validation
    parts = ((cut, end), (start, cut))
    truths = [r.truth(history.truth, *part) for r, part in zip(requests, parts, strict=True)]
    with track_progress("judging on validation"):
        forecasts = ask(list(requests))
    scale, series = scales_of(history, train), requests[0].series
    candidates = {m: f[0][:, :period] for m, f in forecasts.items() if m != "control"}
    errors, weights = choose_weights(truths[0][:, :period], candidates, series, scale)
    forecasts["combination"] = [
        combine({method: found[k] for method, found in forecasts.items()}, weights) for k in (0, 1)
    ]
    spread = series_scales(y, offsets, train, period, log)
    # validation too, since what is forecast comes after it
    lowest = np.array([y[a : a + n].min() for a, n in zip(start, validation, strict=True)])
    least = np.where(lowest >= 0, 0.0, -np.inf)
    widths = {}
    for method, found in forecasts.items():
        held_out, inside = (
            calibrate(truth, forecast, request.series, spread, log)
            for truth, forecast, request in zip(truths, found, requests, strict=True)
        )
        widths[method] = replace(held_out.at_least(inside), least=least)
    return Judgement(errors, weights, widths)


def scales_of(history: History, ends: np.ndarray) -> np.ndarray:
    """The scale of MASE of each series' first ``ends`` values, [S]."""
    return seasonal_naive_errors(history.y, history.offsets, ends, history.period)


def learn_again(
    history: History, ends: np.ndarray, recipe: Recipe, settings: SeriesNormalize, epochs: list[int]
) -> Learned:
    """Fit the normalization and train each member on the first ``ends`` [S] values.

    Args:
        epochs: of each member, as were best on validation.
    """
    y, offsets, layout = history.y, history.offsets, Layout(**recipe.card["layout"])
    normalization = fit_normalization(y, offsets, ends, settings, history.period)
    part = windows_in_part(y, offsets, normalization, np.zeros_like(ends), ends, layout, whole=True)
    samples = make_samples(part, recipe.card, recipe.device)
    networks = []
    for member, count in enumerate(epochs):
        weights = retrain(recipe, samples, count, "main", member)
        networks.append(load_network(recipe.card, recipe.model, weights, recipe.device))
    return Learned(networks, normalization)


def roll_with_refits(
    history: History,
    request: Request,
    cut: np.ndarray,
    every: int,
    ask_at: Callable[[np.ndarray, list[Request]], dict[str, list[np.ndarray]]],
) -> dict[str, np.ndarray]:
    """Forecasts for ``request``, with all methods fitted anew after each ``every`` origins.

    Args:
        cut: where the test part of each series begins, [S].
        ask_at: forecasts of all methods fitted on the first so many values of each series, [S].
    """
    place = request.origin - history.offsets[request.series]
    block = (place - cut[request.series]) // every
    found: dict[str, np.ndarray] = {}
    numbers = np.unique(block)
    with track_progress("rolling origins", len(numbers), "refits") as work:
        for number in numbers:
            rows = np.flatnonzero(block == number)
            ends = np.minimum(cut + number * every, np.diff(history.offsets))
            for method, forecasts in ask_at(ends, [request.select(rows)]).items():
                shape = (len(request.origin), request.steps)
                found.setdefault(method, np.empty(shape))[rows] = forecasts[0]
            work.advance()
    return found
