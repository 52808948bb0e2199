"""Times of evenly spaced series: dates or whole numbers."""

import numpy as np
import pandas as pd


def step_name(ds: np.ndarray) -> str | None:
    """Describe the step of an evenly spaced series; None if it is not evenly spaced."""
    gaps = np.diff(ds)
    if ds.dtype.kind != "M":
        return str(gaps[0]) if (gaps == gaps[0]).all() else None
    months = ds.astype("datetime64[M]")
    apart = np.diff(months.astype(np.int64))
    same_day = len(np.unique(ds - months.astype("datetime64[s]"))) == 1
    if (apart == apart[0]).all() and (same_day or are_month_ends(ds)):
        return f"{apart[0]} months"
    if (gaps == gaps[0]).all():
        return duration_name(gaps[0])
    # other regular steps, such as working days
    return pd.infer_freq(pd.DatetimeIndex(ds))


def duration_name(gap: np.timedelta64) -> str:
    return str(pd.Timedelta(gap)).removesuffix(" 00:00:00")


def format_times(ds: np.ndarray) -> np.ndarray:
    """Format times for files: dates as 1949-01-31, with the hour if needed; numbers unchanged."""
    if ds.dtype.kind != "M":
        return ds
    days = ds.astype("datetime64[D]")
    return (days if (days == ds).all() else ds).astype(str)


def usual_step(ds: np.ndarray, offsets: np.ndarray) -> str | None:
    """The step of the longest series of a panel, which begin at ``offsets`` [S + 1]."""
    longest = int(np.diff(offsets).argmax())
    own = ds[offsets[longest] : offsets[longest + 1]]
    return step_name(own) if len(own) > 1 else None


def future_times(ds: np.ndarray, count: int, usual: str | None = None) -> np.ndarray:
    """The next ``count`` times after an evenly spaced ds [n]: [count].

    Args:
        usual: the step of ds that have one value or two, which do not show their own.
    """
    step = (usual if len(ds) <= 2 else None) or step_name(ds) or ""
    if ds.dtype.kind != "M":
        return ds[-1] + int(step) * np.arange(1, count + 1)
    if step.endswith("months"):
        return months_after(ds, np.arange(1, count + 1) * int(step.removesuffix("months")))
    if len(ds) > 2 and (np.diff(ds) == ds[1] - ds[0]).all():
        return ds[-1] + (ds[1] - ds[0]) * np.arange(1, count + 1)
    # in seconds, since nanoseconds end with the year 2262
    ahead = pd.date_range(ds[-1], periods=count + 1, freq=step, unit="s")[1:]
    return ahead.to_numpy().astype("datetime64[s]")


def months_after(ds: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """The times ``apart`` months after the last of ds [n], on the same day or at the end of month.

    The 31st becomes the 28th in February, and the 31st again in March.
    """
    months = ds[-1].astype("datetime64[M]") + apart
    first = months.astype("datetime64[D]")
    day = (months + 1).astype("datetime64[D]") - first - 1
    if not are_month_ends(ds):
        day = np.minimum(day, ds[0].astype("datetime64[D]") - ds[0].astype("datetime64[M]"))
    hour = ds[0] - ds[0].astype("datetime64[D]")
    return (first + day).astype("datetime64[s]") + hour


def are_month_ends(ds: np.ndarray) -> bool:
    next_days = ds + np.timedelta64(1, "D")
    return bool((next_days == next_days.astype("datetime64[M]").astype("datetime64[s]")).all())
