"""Times of evenly spaced series: dates or whole numbers."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError

# share of the rows of a series that may be missing
MAX_MISSING = 0.1
WHOLE_NUMBER = r"-?\d{1,9}"
# dates without dashes, which are not whole numbers
DIGITS = re.compile(r"((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?")
# day and month in either order, then the year and perhaps the hour
DAY_AND_MONTH = r"(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<year>\d{4})(?P<rest>\D.*)?"
# 1949.5 may be May or June
YEAR_AND_PART = r"\d{4}[.](\d|\d{3,})"


def step_name(ds: np.ndarray) -> str | None:
    """Describe the step of an evenly spaced series; None if it is not evenly spaced."""
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
    # other regular steps, such as working days
    return pd.infer_freq(pd.DatetimeIndex(ds))


def all_times(ds: np.ndarray) -> np.ndarray | None:
    """The times of a series with missing rows, those included: [m], of ds [n] in order, n >= 3.

    The step is the smallest between two rows, in months if every row is on the same day of the
    month or on its last day. None if some row lies off that grid, or if more than a tenth of the
    rows are missing: then the step is a guess.
    """
    if ds.dtype.kind != "M":
        return _grid(ds, lambda ahead: ds[-1] + ahead)
    months = ds.astype("datetime64[M]").astype(np.int64)
    same_day = len(np.unique(ds - ds.astype("datetime64[M]").astype("datetime64[s]"))) == 1
    if np.diff(months).all() and (same_day or _are_month_ends(ds)):
        return _grid(months, lambda ahead: _months_after(ds, ahead))
    seconds = ds.astype("datetime64[s]").astype(np.int64)
    return _grid(seconds, lambda ahead: ds[-1] + ahead.astype("timedelta64[s]"))


def _grid(places: np.ndarray, time_at: Callable[[np.ndarray], np.ndarray]) -> np.ndarray | None:
    """The times of evenly spaced ``places``; ``time_at`` takes their distances to the last one."""
    gaps = np.diff(places)
    step = gaps.min()
    if step <= 0 or (gaps % step).any():
        return None
    count = (places[-1] - places[0]) // step + 1
    if count * (1 - MAX_MISSING) > len(places):
        return None
    return time_at(np.arange(1 - count, 1) * step)


def format_times(ds: np.ndarray) -> np.ndarray:
    """Format times for files: dates as 1949-01-31, with the hour if needed; numbers unchanged."""
    if ds.dtype.kind != "M":
        return ds
    days = ds.astype("datetime64[D]")
    return (days if (days == ds).all() else ds).astype(str)


def future_times(ds: np.ndarray, count: int) -> np.ndarray:
    """The next ``count`` times after an evenly spaced ds [n], n >= 3: [count]."""
    if ds.dtype.kind != "M":
        return ds[-1] + (ds[-1] - ds[-2]) * np.arange(1, count + 1)
    step = step_name(ds) or ""
    if step.endswith("months"):
        return _months_after(ds, np.arange(1, count + 1) * int(step.removesuffix("months")))
    if (np.diff(ds) == ds[1] - ds[0]).all():
        return ds[-1] + (ds[1] - ds[0]) * np.arange(1, count + 1)
    # in seconds, since nanoseconds end with the year 2262
    ahead = pd.date_range(ds[-1], periods=count + 1, freq=step, unit="s")[1:]
    return ahead.to_numpy().astype("datetime64[s]")


def _months_after(ds: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """The times ``apart`` months after the last of ds [n], on the same day or at the end of month.

    The 31st becomes the 28th in February, and the 31st again in March.
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


def are_times(column: pd.Series) -> np.ndarray:
    """Whether each text is a time or a whole number, [N]."""
    times = pd.to_datetime(column, errors="coerce", format="mixed", utc=True)
    return (times.notna() | column.str.fullmatch(WHOLE_NUMBER)).to_numpy()


def read_times(column: pd.Series, name: str, path: Path) -> np.ndarray:
    """Texts as datetime64[s], or as int64 where all are whole numbers and not all of them dates.

    Raises:
        InputError: a text is not a time; the message names column ``name`` and file ``path``.
    """
    if column.map(DIGITS.fullmatch).notna().all():
        column = column.str.replace(DIGITS, _with_dashes, regex=True)
    elif column.str.fullmatch(WHOLE_NUMBER).all() and not column.str.fullmatch(r"[12]\d{3}").all():
        return column.astype("int64").to_numpy()
    # local time without its offset, so that days keep their hours across summer time
    local = column.str.replace(r"(?<=\d)([+-]\d{2}:?\d{2}|Z)$", "", regex=True)
    local = _year_first(local.where(column.str.contains(":"), column), name, path)
    times = pd.to_datetime(local, errors="coerce", format="ISO8601")
    if times.isna().any():
        times = pd.to_datetime(local, errors="coerce", format="mixed")
    # pandas guesses: the day of an hour, the century of a year, now, a month from 1949.5
    years = zip(times.dt.year.fillna(0).astype(int), column, strict=True)
    unwritten = np.array([str(year) not in text for year, text in years], dtype=bool)
    unclear = times.isna() | column.str.fullmatch(YEAR_AND_PART) | unwritten
    if unclear.any():
        bad = column[unclear].iloc[0]
        raise InputError(
            f"{path}: column {name!r} holds {bad!r}; write dates as 1949-01-31, "
            "or name the column of times"
        )
    return to_seconds(times.to_numpy(), name, path)


def to_seconds(times: np.ndarray, name: str, path: Path) -> np.ndarray:
    """Times as datetime64[s]; raise InputError if a time has a fraction of a second."""
    seconds = times.astype("datetime64[s]")
    if (seconds != times).any():
        bad = times[seconds != times][0]
        raise InputError(f"{path}: column {name!r} holds {bad}; write whole seconds")
    return seconds


def _with_dashes(date: re.Match) -> str:
    return "-".join(part for part in date.groups() if part)


def _year_first(column: pd.Series, name: str, path: Path) -> pd.Series:
    """Convert dates such as 31/01/1949 or 01/31/1949 to 1949-01-31; keep others.

    The whole column decides the order of day and month: 01/02 alone is ambiguous.
    """
    parts = column.str.extract(f"^{DAY_AND_MONTH}$")
    if parts["year"].isna().any():
        return column
    a, b = parts["a"].astype(int), parts["b"].astype(int)
    # in monthly dates the part that never changes is the day
    one_day = a.nunique() != b.nunique() and 1 in (a.nunique(), b.nunique())
    if a.max() > 12 or (b.max() <= 12 and one_day and a.nunique() == 1):
        day, month = a, b
    elif b.max() > 12 or one_day or (a == b).all():
        day, month = b, a
    else:
        raise InputError(
            f"{path}: column {name!r} holds {column.iloc[0]!r}, which is ambiguous; "
            "write dates as 1949-01-31"
        )
    month, day = (part.astype(str).str.zfill(2) for part in (month, day))
    return parts["year"] + "-" + month + "-" + day + parts["rest"].fillna("")
