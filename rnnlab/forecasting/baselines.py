"""Classical forecasts that a network must beat.

A method is fitted once, on a training part, and gives a forecaster: a function of any later
history (the training part, or more) and a number of steps, which refits nothing.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnlab.core.progress import collect
from rnnlab.series.origins import Request

Forecaster = Callable[[np.ndarray, int], np.ndarray]

# of more series than this, baselines that take their time are fitted in processes side by side
FEW_SERIES = 20
LONGEST_SEASON = 24
QUICK = ("naive", "seasonal_naive", "last_growth", "drift")


def naive(training: np.ndarray, period: int) -> Forecaster:
    """The last value."""
    return lambda history, steps: np.full(steps, history[-1])


def seasonal_naive(training: np.ndarray, period: int) -> Forecaster:
    """The value one period before; the last value of a history shorter than a period."""

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        return np.resize(history[-period:] if len(history) >= period else history[-1:], steps)

    return forecast


def last_growth(training: np.ndarray, period: int) -> Forecaster:
    """The value one period before, times the growth over the last period.

    The growth is the last value over its own value one period before; it compounds with each
    further period, since the forecast then stands on forecasts.
    """

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        values = np.concatenate([history, np.empty(steps)])
        growth = history[-1] / history[-1 - period]
        for step in range(len(history), len(values)):
            values[step] = values[step - period] * growth
        return values[len(history) :]

    return forecast


def drift(training: np.ndarray, period: int) -> Forecaster:
    """The line through the first and the last value (Hyndman & Athanasopoulos 2021, 5.2)."""

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        slope = (history[-1] - history[0]) / (len(history) - 1)
        return history[-1] + slope * np.arange(1, steps + 1)

    return forecast


def naive2(training: np.ndarray, period: int) -> Forecaster:
    """The last value, without its season, times the season to come.

    The reference of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020): the season is
    that of classical multiplicative decomposition, where the autocorrelation at one period says
    with 90 % confidence that there is one. Series with values not above 0 are decomposed by sums.
    """
    if not _is_seasonal(training, period):
        return naive(training, period)
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

    found = acf(training, nlags=period, fft=False)[1:]
    # Bartlett's formula for the deviation of an autocorrelation
    limit = 1.645 * np.sqrt((1 + 2 * (found[:-1] ** 2).sum()) / len(training))
    return bool(abs(found[-1]) > limit)


def _decomposed(x: np.ndarray, period: int) -> np.ndarray:
    """The season of classical decomposition by sums, [period], from the first value on.

    Zero for a series of less than two periods, which has none to be seen.
    """
    from statsmodels.tsa.seasonal import seasonal_decompose

    if len(x) < 2 * period:
        return np.zeros(period)
    return seasonal_decompose(x, "additive", period=period).seasonal[:period]


def holt_winters(training: np.ndarray, period: int) -> Forecaster:
    """Additive trend, multiplicative season (Winters 1960), by statsmodels."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    seasonal = period > 1 and len(training) >= 2 * period
    form = {
        "trend": "add",
        "seasonal": ("mul" if training.min() > 0 else "add") if seasonal else None,
        "seasonal_periods": period if seasonal else None,
    }
    fitted = ExponentialSmoothing(training, **form).fit().params
    known = {
        "initial_level": fitted["initial_level"],
        "initial_trend": fitted["initial_trend"],
        "initial_seasonal": fitted["initial_seasons"] if seasonal else None,
    }
    smoothing = {
        "smoothing_level": fitted["smoothing_level"],
        "smoothing_trend": fitted["smoothing_trend"],
        "smoothing_seasonal": fitted["smoothing_seasonal"] if seasonal else None,
    }

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        model = ExponentialSmoothing(history, **form, initialization_method="known", **known)
        return model.fit(**smoothing, optimized=False).forecast(steps)

    return forecast


def sarima(training: np.ndarray, period: int) -> Forecaster:
    """SARIMA(0,1,1)(0,1,1) on logs, the airline model (Box & Jenkins 1970), by statsmodels.

    A season of more than 24 steps would take it minutes: there the season of classical
    decomposition is taken off first, and the rest is an ARIMA(0,1,1).
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    into, back = _logs(training)
    long = period > LONGEST_SEASON
    season = _decomposed(into(training), period) if long else np.zeros(1)
    order = (0, 1, 1, period) if period > 1 and not long else (0, 0, 0, 0)
    rest = into(training) - np.resize(season, len(training))
    model = SARIMAX(rest, order=(0, 1, 1), seasonal_order=order)
    # without the covariance of the parameters, which nothing here asks for
    params = model.fit(disp=False, cov_type="none").params

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        seasons = np.resize(season, len(history) + steps)
        rest = into(history) - seasons[: len(history)]
        filtered = model.clone(rest).filter(params, cov_type="none")
        return back(filtered.forecast(steps) + seasons[len(history) :])

    return forecast


def ets(training: np.ndarray, period: int) -> Forecaster:
    """Automatic exponential smoothing on logs (Hyndman et al. 2002), by statsforecast."""
    from statsforecast.models import AutoETS

    return _statsforecast(AutoETS(season_length=period), training)


def theta(training: np.ndarray, period: int) -> Forecaster:
    """Automatic Theta on logs (Fiorucci et al. 2016), by statsforecast."""
    from statsforecast.models import AutoTheta

    return _statsforecast(AutoTheta(season_length=period), training)


def _statsforecast(model: Any, training: np.ndarray) -> Forecaster:
    into, back = _logs(training)
    fitted = model.fit(into(training))

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        return back(fitted.forward(into(history), h=steps)["mean"])

    return forecast


def _logs(training: np.ndarray) -> tuple[Callable, Callable]:
    """Logarithm and exponential for a positive series; nothing for others."""
    if training.min() > 0:
        return np.log, np.exp
    return (lambda y: y), (lambda y: y)


BASELINES: dict[str, Callable[[np.ndarray, int], Forecaster]] = {
    "naive": naive,
    "seasonal_naive": seasonal_naive,
    "naive2": naive2,
    "last_growth": last_growth,
    "drift": drift,
    "holt_winters": holt_winters,
    "ets": ets,
    "sarima": sarima,
    "theta": theta,
}


def fit_quietly(
    name: str, training: np.ndarray, period: int, on_stand_in: Callable[[], None] = lambda: None
) -> Forecaster:
    """Fit a baseline without the warnings that its library prints on short series.

    Where the method does not bear the series (too few values for SARIMA, growth from 0), its
    forecast is the seasonal naive one, so that one series does not stop a panel.

    Args:
        on_stand_in: called for each forecast that is the seasonal naive one instead.
    """
    instead = seasonal_naive(training, period)
    forecaster = _quietly(lambda: BASELINES[name](training, period))

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        found = _quietly(lambda: forecaster(history, steps)) if forecaster else None
        if found is None or not np.isfinite(found).all():
            on_stand_in()
            found = instead(history, steps)
        return np.asarray(found, dtype=np.float64)

    return forecast


def _quietly(work: Callable[[], Any]) -> Any:
    """What ``work`` returns, without warnings; None where it fails, in whichever way."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return work()
        except (ImportError, MemoryError):
            raise
        except Exception:
            # libraries raise whatever they like, plain Exception among it
            return None


def forecast_baseline(
    name: str,
    y: np.ndarray,
    offsets: np.ndarray,
    ends: np.ndarray,
    period: int,
    requests: list[Request],
    processes: int,
) -> tuple[list[np.ndarray], int]:
    """Fit a baseline on the first ``ends`` [S] values of each series; what each request wants.

    Args:
        y: all series end to end, [M], series s of which begins at ``offsets[s]``.
        processes: how many may work side by side.

    Returns:
        Forecasts in the units of the series, [N, H] for each request.
        The number of series for which the seasonal naive forecast stands in, once at least.
    """
    from joblib import Parallel, delayed

    # requests name series in order, so those of one series are a slice
    numbers = np.arange(len(ends) + 1)
    edges = [np.searchsorted(request.series, numbers) for request in requests]
    jobs = []
    for number, end in enumerate(ends):
        start, stop = offsets[number : number + 2]
        wanted = [
            (request.origin[edge[number] : edge[number + 1]] - start, request.steps)
            for request, edge in zip(requests, edges, strict=True)
        ]
        jobs.append((name, y[start:stop], int(end), period, wanted))
    if name in QUICK or len(jobs) <= FEW_SERIES:
        done = (_forecast_one(*job) for job in jobs)
    else:
        side_by_side = Parallel(processes, return_as="generator")
        done = side_by_side(delayed(_forecast_one)(*job) for job in jobs)
    forecasts, stood_in = zip(*collect(done, name, len(jobs), "series"), strict=True)
    return [np.concatenate(of_all) for of_all in zip(*forecasts, strict=True)], sum(stood_in)


def _forecast_one(
    name: str, y: np.ndarray, end: int, period: int, wanted: list[tuple[np.ndarray, int]]
) -> tuple[list[np.ndarray], bool]:
    """Forecasts for one series, and whether the seasonal naive one stands in for any of them."""
    stand_ins: list[bool] = []
    forecaster = fit_quietly(name, y[:end], period, lambda: stand_ins.append(True))
    found = [
        np.array([forecaster(y[:origin], steps) for origin in origins]).reshape(-1, steps)
        for origins, steps in wanted
    ]
    return found, any(stand_ins)
