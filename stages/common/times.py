"""Times of evenly spaced series: dates, or whole numbers."""

import numpy as np
import pandas as pd


def step_of(ds: np.ndarray) -> str | None:
    """The step of an evenly spaced series in words; None for others."""
    gaps = np.diff(ds)
    if ds.dtype.kind != "M":
        return str(gaps[0]) if (gaps == gaps[0]).all() else None
    months = ds.astype("datetime64[M]")
    apart = np.diff(months.astype(np.int64))
    same_day = len(np.unique(ds - months.astype("datetime64[s]"))) == 1
    if (apart == apart[0]).all() and (same_day or _are_month_ends(ds)):
        return f"{apart[0]} months"
    if (gaps == gaps[0]).all():
        return str(pd.Timedelta(gaps[0])).removesuffix(" 00:00:00")
    # what else is regular, such as working days
    return pd.infer_freq(pd.DatetimeIndex(ds))


def written(ds: np.ndarray) -> np.ndarray:
    """Times as they are written: dates as 1949-01-31, with the hour if need be; numbers as is."""
    if ds.dtype.kind != "M":
        return ds
    days = ds.astype("datetime64[D]")
    return (days if (days == ds).all() else ds).astype(str)


def times_after(ds: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` times that follow an evenly spaced ds [n], n >= 3: [count]."""
    if ds.dtype.kind != "M":
        return ds[-1] + (ds[-1] - ds[-2]) * np.arange(1, count + 1)
    step = step_of(ds) or ""
    if step.endswith("months"):
        return _months_after(ds, np.arange(1, count + 1) * int(step.removesuffix("months")))
    if (np.diff(ds) == ds[1] - ds[0]).all():
        return ds[-1] + (ds[1] - ds[0]) * np.arange(1, count + 1)
    # in seconds, since nanoseconds end with the year 2262
    ahead = pd.date_range(ds[-1], periods=count + 1, freq=step, unit="s")[1:]
    return ahead.to_numpy().astype("datetime64[s]")


def _months_after(ds: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """The times so many months after the last of ds [n]: on its day, or on the last of the month.

    The 31st is the 28th in February, and the 31st again in March.
    """
    months = ds[-1].astype("datetime64[M]") + apart
    first = months.astype("datetime64[D]")
    day = (months + 1).astype("datetime64[D]") - first - 1
    if not _are_month_ends(ds):
        day = np.minimum(day, ds[0].astype("datetime64[D]") - ds[0].astype("datetime64[M]"))
    hour = ds[0] - ds[0].astype("datetime64[D]")
    return (first + day).astype("datetime64[s]") + hour


def _are_month_ends(ds: np.ndarray) -> bool:
    next_days = ds + np.timedelta64(1, "D")
    return bool((next_days == next_days.astype("datetime64[M]").astype("datetime64[s]")).all())
