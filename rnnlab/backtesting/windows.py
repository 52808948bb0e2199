"""What a forecast would have been at earlier times: the last windows of each series."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.forecasting.forecast import forecast_panel
from rnnlab.forecasting.methods import forecast_all, make_methods, median, names_of
from rnnlab.forecasting.selection import COMBINATION
from rnnlab.series.measures import measure, seasonal_naive_errors
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.network import ZeroShotNetwork

# a shorter history says nothing
MIN_HISTORY = 3


@dataclass(frozen=True)
class Backtest:
    """Forecasts of values that are known, and their errors, in pandas or the frames of the data.

    Attributes:
        errors: unique_id, method, mase and smape (per cent), over all windows.
        forecasts: unique_id, cutoff (the last time before the window), ds, y, a column for each
            method and ``forecast``, the one that would have been used.
    """

    errors: Any
    forecasts: Any


def errors_by_method(errors: pd.DataFrame) -> pd.DataFrame:
    """method, mase and smape: the mean over series, best first."""
    means = errors.groupby("method", sort=False)[["mase", "smape"]].mean()
    return means.sort_values("mase", kind="stable").reset_index()


def backtest_panel(
    panel: Panel,
    network: ZeroShotNetwork,
    horizon: int,
    windows: int = 1,
    fit: bool = False,
    processes: int = 1,
    learn: Callable[[Panel], ZeroShotNetwork] | None = None,
) -> Backtest:
    """Forecast the last ``windows`` horizons of each series, each from what came before it.

    Methods are fitted, chosen and combined before each window on its past alone.

    Args:
        windows: they lie end to end; the last one ends with the series.
        learn: takes what comes before a window and returns the network that has learned from it.

    Raises:
        InputError: no series is long enough.
    """
    tables = []
    for window in range(windows, 0, -1):
        ends = panel.lengths - window * horizon
        usable = np.flatnonzero(ends >= MIN_HISTORY)
        if len(usable):
            part = panel.subset(usable)
            past = part.until(ends[usable])
            own = network if learn is None else learn(past)
            tables.append(_window(part, past, ends[usable], own, horizon, fit, processes))
    if not tables:
        needed = horizon + MIN_HISTORY
        raise InputError(
            f"the longest series has {panel.lengths.max()} values; a backtest of {horizon} steps "
            f"needs {needed} or more: choose a shorter horizon"
        )
    forecasts = pd.concat(tables, ignore_index=True).sort_values(
        ["unique_id", "cutoff", "ds"], kind="stable", ignore_index=True
    )
    return Backtest(_errors(panel, forecasts, windows * horizon), forecasts)


def _window(
    panel: Panel,
    past: Panel,
    ends: np.ndarray,
    network: ZeroShotNetwork,
    horizon: int,
    fit: bool,
    processes: int,
) -> pd.DataFrame:
    found = forecast_panel(past, network, horizon, fit, processes)
    request = Request(np.arange(len(ends)), past.lengths, horizon)
    others = make_methods(names_of(fit), network, processes, found.fallbacks)
    by_method = forecast_all(others, past, past.lengths, [request])
    first = (panel.offsets[:-1] + ends)[:, None] + np.arange(horizon)
    columns = {
        "unique_id": np.repeat(np.array(panel.ids, dtype=object), horizon),
        "cutoff": np.repeat(panel.ds[panel.offsets[:-1] + ends - 1], horizon),
        "ds": panel.ds[first].ravel(),
        "y": panel.y[first].ravel(),
        "forecast": found.point.ravel(),
    }
    columns |= {name: median(of[0]).ravel() for name, of in by_method.items()}
    return pd.DataFrame(columns)


def _errors(panel: Panel, forecasts: pd.DataFrame, steps: int) -> pd.DataFrame:
    """MASE, scaled on what comes before the windows, and sMAPE, by series and method."""
    numbers = {name: number for number, name in enumerate(panel.ids)}
    known = forecasts[forecasts["y"].notna()]
    methods = list(known.columns[4:])
    rows = []
    for name, table in known.groupby("unique_id", sort=False):
        number = numbers[name]
        y = panel.y[panel.span(number)]
        [scale] = seasonal_naive_errors([y[: max(len(y) - steps, MIN_HISTORY)]], panel.period)
        for method in methods:
            found = measure(table["y"].to_numpy(), table[method].to_numpy(), scale)
            label = COMBINATION if method == "forecast" else method
            rows.append(
                {"unique_id": name, "method": label, "mase": found["mase"], "smape": found["smape"]}
            )
    return pd.DataFrame(rows)
