"""Times of frames: their types as seconds or numbers, and the way back."""

import re
from datetime import date, datetime

import numpy as np
import pandas as pd

from rnnlab.cells.counted import UNIX, UNIX_UNITS
from rnnlab.formats.typed import arrow_array

YEAR_FIRST = re.compile(r"\d{4}-\d{2}.*|(?:\d{4}){1,2}")
DIGITS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d"}


def as_clock_times(times: pd.Series, like: pd.Series | None = None) -> pd.Series:
    """Times without a zone, and periods as their first moment; other columns as they are.

    Days keep their local time. What is shorter than a day is in UTC, since clocks are changed.

    Args:
        like: times whose zone decides which it is; None for ``times`` themselves.
    """
    if isinstance(times.dtype, pd.PeriodDtype):
        return times.dt.to_timestamp()
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        return times
    if is_by_day(times if like is None else like):
        return times.dt.tz_localize(None)
    return times.dt.tz_convert("UTC").dt.tz_localize(None)


def is_by_day(times: pd.Series) -> bool:
    """Whether all times with a zone are at one hour of their days."""
    clock = times.dropna().dt.tz_localize(None)
    return bool((clock - clock.dt.normalize()).nunique() <= 1)


def zone_of(times: pd.Series | None) -> str:
    """The zone of hours, which ``as_clock_times`` has in UTC; empty for days, or without a zone."""
    if times is None or not isinstance(times.dtype, pd.DatetimeTZDtype) or is_by_day(times):
        return ""
    # Arrow names each kind of zone so that all can read it
    return str(arrow_array(times.iloc[:0]).type.tz)


def like_times(ds: np.ndarray, like: pd.Series | None) -> pd.Series:
    """Times ds [N], seconds or whole numbers, in the type of others.

    Texts and numbers that are dates get their form, if it is a known one; else they stay dates.

    Args:
        like: those that came in; None for dates of a file.
    """
    found = pd.Series(ds)
    if like is None:
        return _in_type(found, None)
    kind = like.dtype
    if found.dtype.kind != "M":
        texts = isinstance(like.dropna().iloc[0], str)
        return found.astype(str) if texts else _in_type(found, kind)
    if isinstance(kind, pd.DatetimeTZDtype):
        return _in_zone(found, kind, is_by_day(like))
    if isinstance(kind, pd.PeriodDtype):
        return pd.Series(pd.DatetimeIndex(found).astype(kind))
    if kind.kind in "iuf":
        return _as_digits(found, like)
    first = like.dropna().iloc[0]
    if isinstance(first, date) and not isinstance(first, datetime):
        return found.dt.date
    return _as_texts(found, like) if isinstance(first, str) else _in_type(found, kind)


def _in_type(found: pd.Series, kind: np.dtype | None) -> pd.Series:
    """Dates in the unit that came, or pandas's usual one; whole numbers in their type."""
    dates = found.dtype.kind == "M"
    if not dates and kind is None:
        return found
    usual = np.dtype("datetime64[ns]")
    try:
        return found.astype(kind if kind is not None and (kind.kind == "M") == dates else usual)
    except pd.errors.OutOfBoundsDatetime:
        return found


def _in_zone(found: pd.Series, kind: pd.DatetimeTZDtype, by_day: bool) -> pd.Series:
    if by_day:
        # an hour that clocks leave out is the next, and one that is there twice is the first
        first = np.ones(len(found), dtype=bool)
        local = found.dt.tz_localize(kind.tz, ambiguous=first, nonexistent="shift_forward")
        return local.astype(kind)
    return found.dt.tz_localize("UTC").dt.tz_convert(kind.tz).astype(kind)


def _as_digits(found: pd.Series, like: pd.Series) -> pd.Series:
    known = like.dropna()
    if unit := unix_unit(known):
        return found.astype(f"datetime64[{unit}]").astype("int64").astype(like.dtype)
    form = DIGITS.get(len(str(int(known.iloc[0]))))
    if form is None or (known % 1 != 0).any():
        return _in_type(found, None)
    return found.dt.strftime(form).astype(int).astype(like.dtype)


def unix_unit(times: pd.Series | None) -> str | None:
    """The unit of numbers that are read as Unix times; None for other times."""
    if times is None or times.dtype.kind not in "iuf" or not len(times):
        return None
    match = UNIX.fullmatch(str(int(times.iloc[0])))
    return UNIX_UNITS[len(match["parts"])] if match else None


def _as_texts(found: pd.Series, like: pd.Series) -> pd.Series:
    """Dates in the form of texts that are read back as the same dates."""
    known = like.dropna().astype(str)
    forms = {_form(text) for text in known.iloc[[0, -1]]}
    form = forms.pop()
    if forms or form is None:
        return _in_type(found, None)
    texts = found.dt.strftime(form)
    return texts.astype(like.dtype) if isinstance(like.dtype, pd.StringDtype) else texts


def _form(text: str) -> str | None:
    """The form of a date, as strftime has it; None where the year does not come first."""
    if not YEAR_FIRST.fullmatch(text):
        return None
    return DIGITS.get(len(text)) if text.isdigit() else pd.tseries.api.guess_datetime_format(text)
