"""The next steps of every series, with intervals, as a table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import track_progress
from rnnlab.forecasting.combination import combine
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.selection import History
from rnnlab.outlook.methods import QUICK, Method, baseline_methods, zero_shot_quantiles
from rnnlab.outlook.validation import (
    Validation,
    ask,
    half_widths,
    validate,
    validation_request,
)
from rnnlab.series import times
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.network import ZeroShotNetwork


@dataclass(frozen=True)
class Answer:
    """Forecasts [S, H] and, by level, the bounds of their intervals."""

    forecast: np.ndarray
    bounds: dict[float, tuple[np.ndarray, np.ndarray]]


def forecast_quickly(
    history: History, network: ZeroShotNetwork, horizon: int, names: Sequence[str] = QUICK
) -> tuple[Validation, Answer]:
    """The forecast of a command without options, or with other methods by name."""
    methods = baseline_methods(names, history, 1, Counter())
    request, ends = validation_request(history, horizon)
    found = validate(history, network, methods, request, ends)
    return found, look_ahead(history, network, methods, found, horizon)


def look_ahead(
    history: History,
    network: ZeroShotNetwork,
    methods: dict[str, Method],
    validation: Validation,
    horizon: int,
) -> Answer:
    """Forecast all series with the methods that ``validation`` prefers, fitted on everything."""
    lengths = np.diff(history.offsets)
    request = Request(history.offsets[1:], np.arange(len(lengths)), horizon)
    used = {name: methods[name] for name in validation.weights if name != ZERO_SHOT}
    with track_progress("the forecast itself"):
        quantiles = zero_shot_quantiles(network, history, request)
        forecasts = ask(used, lengths, request, quantiles)
    return with_intervals(
        history, combine(forecasts, validation.weights), quantiles, validation.stretch
    )


def with_intervals(
    history: History, forecast: np.ndarray, quantiles: np.ndarray, stretch: dict[float, float]
) -> Answer:
    """The network's intervals, stretched, about forecasts [S, H] of whole series.

    Neither forecasts nor bounds are below 0 where a series never was.
    """
    never_negative = np.minimum.reduceat(history.y, history.offsets[:-1]) >= 0
    lowest = np.where(never_negative, 0.0, -np.inf)[:, None]
    forecast = np.maximum(forecast, lowest)
    bounds = {}
    for level in LEVELS:
        below, above = half_widths(quantiles, level)
        low = np.maximum(forecast - stretch[level] * below, lowest)
        bounds[level] = low, forecast + stretch[level] * above
    # the wider interval holds the narrower one, whatever their factors
    inner, outer = (bounds[level] for level in LEVELS)
    bounds[LEVELS[1]] = np.minimum(inner[0], outer[0]), np.maximum(inner[1], outer[1])
    return Answer(forecast, bounds)


def as_table(panel: Panel, answer: Answer) -> pd.DataFrame:
    """unique_id, ds, forecast and the bounds of its intervals: H rows for each series."""
    horizon = answer.forecast.shape[1]
    columns = {
        "unique_id": np.repeat(np.array(panel.ids, dtype=object), horizon),
        "ds": future(panel, horizon),
        "forecast": answer.forecast.ravel(),
    }
    for level, (low, high) in answer.bounds.items():
        columns |= {f"low_{100 * level:.0f}": low.ravel(), f"high_{100 * level:.0f}": high.ravel()}
    return pd.DataFrame(columns)


def future(panel: Panel, horizon: int) -> np.ndarray:
    """The next times of each series, end to end, [S * H]; equal ones are worked out once."""
    usual = times.usual_step(panel.ds, panel.offsets)
    known: dict[tuple, np.ndarray] = {}
    ahead = []
    for number in range(len(panel.ids)):
        ds = panel.ds[panel.span(number)]
        key = (len(ds), ds[0], ds[-1])
        if key not in known:
            known[key] = times.format_times(times.future_times(ds, horizon, usual))
        ahead.append(known[key])
    return np.concatenate(ahead)
