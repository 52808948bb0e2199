"""The protocols by which forecasts are judged, the same for the network and the baselines."""

import numpy as np

from stages.common.baselines import Forecaster

# the fit that each protocol forecasts with
PROTOCOLS = {"one_step": "main", "year": "year", "long": "main"}


def forecast_protocol(protocol: str, forecaster: Forecaster, y: np.ndarray, cut: int) -> np.ndarray:
    """Forecast all of y after position ``cut``, by ``protocol``.

    one_step: each value from the true history up to the one before, with no refit.
    year, long: all values in one go from the history up to the cut.

    Returns:
        The forecasts of y[cut:], in the units of the series.
    """
    if protocol == "one_step":
        return np.array([forecaster(y[:origin], 1)[0] for origin in range(cut, len(y))])
    return forecaster(y[:cut], len(y) - cut)


def rolling_errors(forecaster: Forecaster, y: np.ndarray, cut: int, steps: int) -> np.ndarray:
    """Absolute errors from each origin at or after ``cut`` with ``steps`` known values ahead.

    Returns:
        [origins, steps], in the units of the series; no origins give [0, steps].
    """
    origins = range(cut, len(y) - steps + 1)
    errors = [np.abs(forecaster(y[:o], steps) - y[o : o + steps]) for o in origins]
    return np.array(errors).reshape(len(errors), steps)
