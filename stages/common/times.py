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
    next_days = ds + np.timedelta64(1, "D")
    same_day = len(np.unique(ds - months.astype("datetime64[s]"))) == 1
    last_day = (next_days == next_days.astype("datetime64[M]").astype("datetime64[s]")).all()
    if (apart == apart[0]).all() and (same_day or last_day):
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
    times = pd.DatetimeIndex(ds)
    step = step_of(ds) or ""
    if step.endswith("months"):
        apart = int(step.removesuffix("months"))
        # from the first time, so that the 31st does not become the 28th for good
        steps = (len(ds) + np.arange(count)) * apart
        ahead = pd.DatetimeIndex([times[0] + pd.DateOffset(months=int(n)) for n in steps])
        if times.is_month_end.all():
            ahead += pd.offsets.MonthEnd(0)
    elif (np.diff(ds) == ds[1] - ds[0]).all():
        ahead = pd.DatetimeIndex(ds[-1] + (ds[1] - ds[0]) * np.arange(1, count + 1))
    else:
        ahead = pd.date_range(times[-1], periods=count + 1, freq=step)[1:]
    return ahead.to_numpy().astype("datetime64[s]")
