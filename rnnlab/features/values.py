"""Which values a series can take: none below its lowest, whole numbers, whole packs."""

import numpy as np


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
