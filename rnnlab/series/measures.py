"""Measures: errors of forecasts over the steps of one series, and which values a series takes."""

from collections.abc import Iterable

import numpy as np


def seasonal_naive_error(history: np.ndarray, period: int) -> float:
    """The scale of MASE: mean absolute error of the seasonal naive forecast within ``history``.

    Hyndman & Koehler 2006, eq. (9) with lag ``period``, over the pairs of known values; with lag 1
    where there is no such pair. NaN for a series that repeats exactly, and for a single value.
    """
    for lag in (period, 1):
        errors = np.abs(history[lag:] - history[:-lag])
        known = ~np.isnan(errors)
        if known.any():
            error = float(errors[known].mean())
            return error if error > 0 else float("nan")
    return float("nan")


def seasonal_naive_errors(histories: Iterable[np.ndarray], period: int) -> np.ndarray:
    """The scale of MASE of each of S histories, [S]."""
    return np.array([seasonal_naive_error(history, period) for history in histories])


def measure(y: np.ndarray, forecast: np.ndarray, scale: float) -> dict[str, float]:
    """Error measures of ``forecast`` against ``y``.

    All are NaN for empty arrays, as a test part shorter than a period has no rolling forecasts.

    Args:
        y, forecast: arrays of the same shape, in the units of the series.
        scale: ``seasonal_naive_error`` of the training part.

    Returns:
        mae and rmse in the units of the series, mape and smape in per cent (Makridakis 1993:
        200 |y - f| / (|y| + |f|)), mase without unit. mape is NaN if y contains a zero.
    """
    if y.size == 0:
        return dict.fromkeys(("mae", "rmse", "mape", "smape", "mase"), float("nan"))
    errors = np.abs(y - forecast)
    sizes = np.abs(y) + np.abs(forecast)
    relative = 100 * errors / np.abs(y) if np.all(y != 0) else np.full(y.shape, np.nan)
    # sMAPE of an infinite forecast is NaN; numpy need not warn of it
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
    """The percentage of y within the bounds ``low`` and ``high``, arrays of the shape of y."""
    return 100 * float(((y >= low) & (y <= high)).mean()) if y.size else float("nan")


def interval_score(
    y: np.ndarray, low: np.ndarray, high: np.ndarray, scale: float, level: float
) -> float:
    """Mean scaled interval score (MSIS) of bounds with nominal coverage ``level``.

    The width plus 2 / (1 - level) times the distance of y outside the bounds, divided by the scale
    of MASE: Gneiting & Raftery 2007, eq. (43), scaled as in Makridakis, Spiliotis & Assimakopoulos
    2020.
    """
    if y.size == 0:
        return float("nan")
    # the score of infinite bounds is NaN
    with np.errstate(invalid="ignore"):
        outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        return float((high - low + 2 / (1 - level) * outside).mean() / scale)


def overall_weighted_average(smape: float, mase: float, reference: dict[str, float]) -> float:
    """OWA of the M4 competition: the mean of sMAPE and MASE, each relative to ``reference``.

    The competition's reference is Naive2 (Makridakis, Spiliotis & Assimakopoulos 2020).
    """
    return (smape / reference["smape"] + mase / reference["mase"]) / 2


def lowest_values(y: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """What no forecast of series y [M] lies below, [S]: 0 or minus infinity."""
    return np.where(np.fmin.reduceat(y, offsets[:-1]) >= 0, 0.0, -np.inf)


def have_whole_numbers(y: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Which series of y [M] have whole numbers alone, bool [S]."""
    return np.logical_and.reduceat((y == np.rint(y)) | np.isnan(y), offsets[:-1])


def units_of(y: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """What forecasts of series y [M] are multiples of, [S]: 1 for whole numbers, 0 for others.

    Of rare sales, half of whose values or more are 0, it is the pack or the price, if all values
    are multiples of the lowest one above 0.
    """
    lengths = np.diff(offsets)
    lowest = np.fmin.reduceat(np.where(y > 0, y, np.inf), offsets[:-1])
    packs = np.nan_to_num(y / np.repeat(lowest, lengths))
    multiples = np.logical_and.reduceat(np.abs(packs - np.rint(packs)) < 1e-6, offsets[:-1])
    rare = 2 * np.add.reduceat(y == 0, offsets[:-1], dtype=np.int64) >= lengths
    whole = have_whole_numbers(y, offsets).astype(np.float64)
    return np.where(rare & multiples & np.isfinite(lowest), lowest, whole)


def as_values(forecasts: np.ndarray, lowest: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Forecasts [S, ...], none below ``lowest`` [S], multiples of ``units`` [S] unless these are 0.

    So a series of mostly zeros has a chance of 0 as large as its own, and not one of nearly 0.
    """
    each = (slice(None), *[None] * (forecasts.ndim - 1))
    limited, units = np.maximum(forecasts, lowest[each]), units[each]
    unit = np.where(units > 0, units, 1)
    return np.where(units > 0, np.rint(limited / unit) * unit, limited)
