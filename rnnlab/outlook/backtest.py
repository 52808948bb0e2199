"""What the last horizon of each series would have been, by method."""

import numpy as np
import pandas as pd

from rnnlab.forecasting.combination import absolute_scaled_errors
from rnnlab.forecasting.measures import measure
from rnnlab.outlook.validation import Validation
from rnnlab.series import times
from rnnlab.series.panel import Panel


def last_rows(validation: Validation) -> np.ndarray:
    """The rows of the last forecast of each validated series."""
    series = validation.request.series
    return np.flatnonzero(np.r_[series[1:] != series[:-1], True]) if len(series) else series


def backtest_errors(validation: Validation) -> pd.DataFrame:
    """A row for each method: MASE and sMAPE (per cent) on the last horizon, and its weight."""
    rows = last_rows(validation)
    truth, series = validation.truth[rows], validation.request.series[rows]
    known, found = ~np.isnan(truth), []
    for method, forecasts in validation.forecasts.items():
        mase = absolute_scaled_errors(truth, forecasts[rows], series, validation.scale)
        weight = 1.0 if method == "combination" else validation.weights.get(method, 0.0)
        found.append(
            {
                "method": method,
                "mase": mase,
                "smape": measure(truth[known], forecasts[rows][known], np.nan)["smape"],
                "weight": weight,
            }
        )
    return pd.DataFrame(found, columns=["method", "mase", "smape", "weight"])


def backtest_table(panel: Panel, validation: Validation, wanted: list[int]) -> pd.DataFrame:
    """unique_id, ds, y and a column for each method, on the last horizon of series ``wanted``."""
    parts = []
    for row in last_rows(validation):
        number = int(validation.request.series[row])
        if number not in wanted:
            continue
        known = np.flatnonzero(~np.isnan(validation.truth[row]))
        places = validation.request.origin[row] + known
        columns = {
            "unique_id": panel.ids[number],
            "ds": times.format_times(panel.ds[places]),
            "y": validation.truth[row][known],
        }
        by_method = {name: values[row][known] for name, values in validation.forecasts.items()}
        parts.append(pd.DataFrame(columns | by_method))
    return pd.concat(parts) if parts else pd.DataFrame({"unique_id": [], "ds": [], "y": []})
