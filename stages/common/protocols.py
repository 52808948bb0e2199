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


def rolling_forecasts(
    forecaster: Forecaster, y: np.ndarray, cut: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Forecast ``steps`` ahead from each origin at or after ``cut`` that has so many ahead.

    Returns:
        Truth and forecasts, [origins, steps] each, in the units of the series.
    """
    origins = range(cut, len(y) - steps + 1)
    truth = [y[origin : origin + steps] for origin in origins]
    forecasts = [forecaster(y[:origin], steps) for origin in origins]
    return np.array(truth).reshape(-1, steps), np.array(forecasts).reshape(-1, steps)
