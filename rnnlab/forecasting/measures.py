"""Measures of forecasts, each over the steps of one series."""

import numpy as np


def seasonal_naive_error(training: np.ndarray, period: int) -> float:
    """The scale of MASE: mean absolute error of the seasonal naive forecast inside ``training``.

    Hyndman & Koehler 2006, eq. (9) with lag ``period``. NaN for a series that repeats exactly.
    """
    lag = period if len(training) > period else 1
    error = float(np.abs(training[lag:] - training[:-lag]).mean())
    return error if error > 0 else float("nan")


def seasonal_naive_errors(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray, period: int
) -> np.ndarray:
    """The scale of MASE of each series' first ``ends`` [S] values, [S].

    Args:
        y: series end to end, [M], series s of which begins at ``offsets[s]``.
    """
    parts = [y[start : start + end] for start, end in zip(offsets[:-1], ends, strict=True)]
    return np.array([seasonal_naive_error(part, period) for part in parts])


def measure(y: np.ndarray, forecast: np.ndarray, scale: float) -> dict[str, float]:
    """Measure ``forecast`` of ``y``, arrays of one shape, both in the units of the series.

    Where they hold nothing, as a test part shorter than a period does, all measures are NaN.

    Args:
        scale: ``seasonal_naive_error`` of the training part.

    Returns:
        mae and rmse in the units of the series, mape and smape in per cent (Makridakis 1993:
        200 |y - f| / (|y| + |f|)), mase without unit. mape is NaN where y holds a zero.
    """
    if y.size == 0:
        return dict.fromkeys(("mae", "rmse", "mape", "smape", "mase"), float("nan"))
    errors = np.abs(y - forecast)
    sizes = np.abs(y) + np.abs(forecast)
    relative = 100 * errors / np.abs(y) if np.all(y != 0) else np.full(y.shape, np.nan)
    # a forecast that ran away to infinity has no sMAPE, which is no news worth a warning
    with np.errstate(invalid="ignore"):
        symmetric = 200 * errors / np.where(sizes > 0, sizes, 1)
    return {
        "mae": float(errors.mean()),
        "rmse": float(np.sqrt((errors**2).mean())),
        "mape": float(relative.mean()),
        "smape": float(symmetric.mean()),
        "mase": float(errors.mean() / scale),
    }


def coverage(y: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The share of y, in per cent, that lies within the bounds low and high of its shape."""
    return 100 * float(((y >= low) & (y <= high)).mean()) if y.size else float("nan")


def interval_score(
    y: np.ndarray, low: np.ndarray, high: np.ndarray, scale: float, level: float
) -> float:
    """The mean scaled interval score (MSIS) of y's bounds low and high, which hold ``level`` of it.

    The width, and 2 / (1 - level) times what lies outside, over MASE's scale: Gneiting & Raftery
    2007, eq. (43), scaled as in Makridakis, Spiliotis & Assimakopoulos 2020.
    """
    if y.size == 0:
        return float("nan")
    # bounds of a forecast that ran away to infinity have no score
    with np.errstate(invalid="ignore"):
        outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        return float((high - low + 2 / (1 - level) * outside).mean() / scale)


def overall_weighted_average(smape: float, mase: float, reference: dict[str, float]) -> float:
    """OWA of the M4 competition: the mean of sMAPE and MASE, each over that of ``reference``.

    The competition's reference is Naive2 (Makridakis, Spiliotis & Assimakopoulos 2020).
    """
    return (smape / reference["smape"] + mase / reference["mase"]) / 2
