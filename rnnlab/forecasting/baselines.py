"""Classical forecasting methods, the baselines of the network.

A method is fitted once, on a training part. It returns a forecaster: a function of a history (the
training part or a longer one) and a number of steps. A forecaster refits nothing.
"""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rnnlab.core.progress import collect
from rnnlab.forecasting.quick import QUICK, forecast_quick
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel

if TYPE_CHECKING:
    from statsforecast.models import AutoETS, AutoTheta

R = TypeVar("R")
Forecaster = Callable[[np.ndarray, int], np.ndarray]

# for more series than this, slow baselines are fitted in parallel processes
MAX_SERIES_SERIAL = 20
MAX_SARIMA_PERIOD = 24
NEEDS_NO_FIT = (*QUICK, "last_growth")


def quick(name: str, period: int) -> Forecaster:
    """A quick method for one history."""

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        whole = np.array([0]), np.array([len(history)])
        return QUICK[name](history, *whole, period, steps)[0]

    return forecast


def last_growth(training: np.ndarray, period: int) -> Forecaster:
    """The value one period earlier, times the growth over the last period.

    The growth is the ratio of the last value to the value one period before it. It compounds with
    each further period, which builds on forecasts.
    """

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        values = np.concatenate([history, np.empty(steps)])
        growth = history[-1] / history[-1 - period]
        for step in range(len(history), len(values)):
            values[step] = values[step - period] * growth
        return values[len(history) :]

    return forecast


def naive2(training: np.ndarray, period: int) -> Forecaster:
    """The last value, seasonally adjusted, times the seasonal index of the forecast step.

    The reference of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020). The seasonal
    indices come from classical multiplicative decomposition, additive if a value is 0 or negative.
    The forecast is ``naive`` unless the autocorrelation at one period is significant at 90 %.
    """
    if not _is_seasonal(training, period):
        return quick("naive", period)
    from statsmodels.tsa.seasonal import seasonal_decompose

    positive = training.min() > 0
    model = "multiplicative" if positive else "additive"
    season = seasonal_decompose(training, model, period=period).seasonal[:period]

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        last, ahead = len(history) - 1, len(history) + np.arange(steps)
        if positive:
            return history[-1] / season[last % period] * season[ahead % period]
        return history[-1] - season[last % period] + season[ahead % period]

    return forecast


def _is_seasonal(training: np.ndarray, period: int) -> bool:
    if period == 1 or len(training) < 3 * period:
        return False
    from statsmodels.tsa.stattools import acf

    correlations = acf(training, nlags=period, fft=False)[1:]
    # Bartlett's formula for the standard error of an autocorrelation
    limit = 1.645 * np.sqrt((1 + 2 * (correlations[:-1] ** 2).sum()) / len(training))
    return bool(abs(correlations[-1]) > limit)


def _additive_season(x: np.ndarray, period: int) -> np.ndarray:
    """The season of classical additive decomposition, [period], starting at the first value.

    Zero for a series shorter than two periods.
    """
    from statsmodels.tsa.seasonal import seasonal_decompose

    if len(x) < 2 * period:
        return np.zeros(period)
    return seasonal_decompose(x, "additive", period=period).seasonal[:period]


def holt_winters(training: np.ndarray, period: int) -> Forecaster:
    """Holt-Winters with additive trend and multiplicative season (Winters 1960), by statsmodels."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    seasonal = period > 1 and len(training) >= 2 * period
    form: dict[str, str | int] = {"trend": "add"}
    if seasonal:
        form |= {"seasonal": "mul" if training.min() > 0 else "add", "seasonal_periods": period}
    fitted = ExponentialSmoothing(training, **form).fit().params
    known = {name: fitted[name] for name in ("initial_level", "initial_trend")}
    smoothing = {name: fitted[name] for name in ("smoothing_level", "smoothing_trend")}
    if seasonal:
        known["initial_seasonal"] = fitted["initial_seasons"]
        smoothing["smoothing_seasonal"] = fitted["smoothing_seasonal"]

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        model = ExponentialSmoothing(history, **form, initialization_method="known", **known)
        return model.fit(**smoothing, optimized=False).forecast(steps)

    return forecast


def sarima(training: np.ndarray, period: int) -> Forecaster:
    """SARIMA(0,1,1)(0,1,1) on logs, the airline model (Box & Jenkins 1970), by statsmodels.

    With a period above 24 the fit would take minutes. Then the season of classical decomposition is
    subtracted first, and the rest is an ARIMA(0,1,1).
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    transform, inverse = _logs(training)
    long = period > MAX_SARIMA_PERIOD
    season = _additive_season(transform(training), period) if long else np.zeros(1)
    order = (0, 1, 1, period) if period > 1 and not long else (0, 0, 0, 0)
    rest = transform(training) - np.resize(season, len(training))
    model = SARIMAX(rest, order=(0, 1, 1), seasonal_order=order)
    # the covariance of the parameters is not needed
    params = model.fit(disp=False, cov_type="none").params

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        seasons = np.resize(season, len(history) + steps)
        rest = transform(history) - seasons[: len(history)]
        filtered = model.clone(rest).filter(params, cov_type="none")
        return inverse(filtered.forecast(steps) + seasons[len(history) :])

    return forecast


def ets(training: np.ndarray, period: int) -> Forecaster:
    """Automatic exponential smoothing on logs (Hyndman et al. 2002), by statsforecast."""
    from statsforecast.models import AutoETS

    return _statsforecast(AutoETS(season_length=period), training)


def theta(training: np.ndarray, period: int) -> Forecaster:
    """Automatic Theta on logs (Fiorucci et al. 2016), by statsforecast."""
    from statsforecast.models import AutoTheta

    return _statsforecast(AutoTheta(season_length=period), training)


def _statsforecast(model: "AutoETS | AutoTheta", training: np.ndarray) -> Forecaster:
    transform, inverse = _logs(training)
    fitted = model.fit(transform(training))

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        return inverse(fitted.forward(transform(history), h=steps)["mean"])

    return forecast


def _logs(training: np.ndarray) -> tuple[Callable, Callable]:
    """Logarithm and exponential for a positive series; the identity for others."""
    if training.min() > 0:
        return np.log, np.exp
    return (lambda y: y), (lambda y: y)


BASELINES: dict[str, Callable[[np.ndarray, int], Forecaster]] = {
    "naive": lambda training, period: quick("naive", period),
    "seasonal_naive": lambda training, period: quick("seasonal_naive", period),
    "naive2": naive2,
    "last_growth": last_growth,
    "drift": lambda training, period: quick("drift", period),
    "holt_winters": holt_winters,
    "ets": ets,
    "sarima": sarima,
    "theta": theta,
}


def fit_with_fallback(
    name: str, training: np.ndarray, period: int, on_fallback: Callable[[], None] = lambda: None
) -> Forecaster:
    """Fit a baseline without the warnings that its library prints on short series.

    Where the method fails (too few values for SARIMA, growth from 0), the seasonal naive forecast
    is used, so that one series does not stop a panel.

    Args:
        on_fallback: called for each seasonal naive forecast that replaces a failed one.
    """
    fallback = quick("seasonal_naive", period)
    forecaster = _result_or_none(lambda: BASELINES[name](training, period))

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        values = _result_or_none(lambda: forecaster(history, steps)) if forecaster else None
        if values is None or not np.isfinite(values).all():
            on_fallback()
            values = fallback(history, steps)
        return np.asarray(values, dtype=np.float64)

    return forecast


def _result_or_none(function: Callable[[], R]) -> R | None:
    """The result of ``function``, without warnings; None if it raises an exception."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function()
        except (ImportError, MemoryError):
            raise
        except Exception:
            # the libraries raise many types, plain Exception among them
            return None


def forecast_baseline(
    name: str, panel: Panel, ends: np.ndarray, requests: list[Request], processes: int
) -> tuple[list[np.ndarray], int]:
    """Fit a baseline on the first ``ends`` [S] values of each series, and forecast each request.

    Series of which nothing is requested are not fitted.

    Args:
        processes: number of parallel processes, at most.

    Returns:
        Forecasts in the units of the series, [N, H] for each request.
        The number of series with at least one failed forecast, replaced by the seasonal naive one.
    """
    if name in QUICK:
        return forecast_quick(name, panel, requests)
    numbers = np.unique(np.concatenate([request.series for request in requests]))
    # requests are sorted by series, so those of one series are a slice
    edges = [np.searchsorted(each.series, [numbers, numbers + 1]).T for each in requests]
    jobs = []
    for place, number in enumerate(numbers):
        wanted = [
            (request.end[slice(*edge[place])], request.steps)
            for request, edge in zip(requests, edges, strict=True)
        ]
        y = panel.filled[panel.span(number)]
        jobs.append((name, y, int(ends[number]), panel.period, wanted))
    if name in NEEDS_NO_FIT or len(jobs) <= MAX_SERIES_SERIAL:
        results = (_forecast_one(*job) for job in jobs)
    else:
        from joblib import Parallel, delayed

        parallel = Parallel(processes, return_as="generator")
        results = parallel(delayed(_forecast_one)(*job) for job in jobs)
    found = collect(results, name, len(jobs), "series")
    forecasts = [
        np.concatenate([np.empty((0, request.steps)), *(of_all[k] for of_all, _ in found)])
        for k, request in enumerate(requests)
    ]
    return forecasts, sum(fell_back for _, fell_back in found)


def _forecast_one(
    name: str, y: np.ndarray, end: int, period: int, wanted: list[tuple[np.ndarray, int]]
) -> tuple[list[np.ndarray], bool]:
    """Forecasts for one series, and whether any was replaced by the seasonal naive one."""
    fallbacks: list[bool] = []
    forecaster = fit_with_fallback(name, y[:end], period, lambda: fallbacks.append(True))
    forecasts = [
        np.array([forecaster(y[:origin], steps) for origin in origins]).reshape(-1, steps)
        for origins, steps in wanted
    ]
    return forecasts, any(fallbacks)
