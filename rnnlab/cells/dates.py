"""Texts as times: dates, periods or whole numbers. The whole column decides what one text means."""

import re
import warnings

import numpy as np
import pandas as pd

from rnnlab.cells.counted import (
    UNIX,
    Times,
    are_day_numbers,
    is_even,
    since_1900,
    since_1970,
    to_seconds,
)
from rnnlab.cells.months import month_number
from rnnlab.cells.offsets import check_zones, without_offsets
from rnnlab.cells.periods import (
    calendar_fault,
    full_years,
    months_hint,
    named_by_months,
    read_periods,
    with_latin_date,
)
from rnnlab.cells.units import plain_digits
from rnnlab.core.errors import InputError

WHOLE_NUMBER = r"-?\d{1,9}"
YEAR = re.compile(r"[12]\d{3}")
# dates without dashes, which are not whole numbers
DIGITS = re.compile(r"((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?")
# what ends a day and begins the next one
MIDNIGHT = r"(?<=[ T])24(?=:00(?::00)?$)"
# day and month in either order, then the year and perhaps the hour
DAY_AND_MONTH = r"(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<year>\d{4}|\d{2})(?P<rest>\D.*)?"
# what numpy reads of any year, where pandas knows 1678 to 2262
ISO = r"(?!0000)\d{4}((?P<sign>[-/])\d\d((?P=sign)\d\d([ T]\d\d:\d\d(:\d\d)?)?)?)?"
# what a last row of totals may be called, beside words without digits
TOTALS = re.compile(
    r"(sub|grand )?total\w*|totaux|totaal|sum|summe|somme|suma|soma|(ins)?gesamt\w*|"
    r"mean|average|avg|mittel\w*|durchschnitt|moyenne|media|média|promedio|gemiddelde",
    re.IGNORECASE,
)
# 1949.5 may be May or June
YEAR_AND_PART = r"\d{4}[.](\d|\d{3,})"
MOST = 0.5


def are_times(column: pd.Series) -> np.ndarray:
    """Whether each text is a time or a whole number, [N]."""
    column = pd.Series(_plain(list(column)), dtype=str)
    local = without_offsets(column).str.replace(MIDNIGHT, "00", regex=True)
    with warnings.catch_warnings():
        # of 5,2K, which may be a zone
        warnings.simplefilter("ignore", FutureWarning)
        times = pd.to_datetime(local, errors="coerce", format="mixed", utc=True)
    known = times.notna() | local.str.fullmatch(ISO) | column.str.fullmatch(WHOLE_NUMBER)
    known |= column.str.fullmatch(UNIX)
    found = known.to_numpy(dtype=bool)
    for place in np.flatnonzero(~found):
        text = column.iloc[place]
        found[place] = bool(re.fullmatch(DAY_AND_MONTH, text)) or (
            read_periods([text], "1900", named=False) is not None
        )
    rest = np.flatnonzero(~found)
    found[rest] = named_by_months([column.iloc[place] for place in rest])
    return found


def is_footer(text: str) -> bool:
    """Whether a text among times names a last row of totals; a mistyped date is no footer."""
    words = re.findall(r"[^\W\d_]{3,}", text)
    if any(TOTALS.fullmatch(word) for word in words):
        return True
    return bool(words) and not (
        re.search(r"\d", text)
        or any(month_number(word) for word in words)
        or are_times(pd.Series([text], dtype=str))[0]
    )


def read_times(
    texts: list[str],
    name: str,
    source: str,
    order: str | None,
    century: str | None,
    rows: list[int] | None = None,
) -> Times:
    """Texts as datetime64[s], or as int64 where all are whole numbers and not all of them dates.

    Args:
        order: day-first or month-first, or numbers where none is a date, where a person says so.
        century: of years with two digits, where a person says so.
        rows: where each text stands first, for messages.

    Returns:
        the times, and what was guessed of them.

    Raises:
        InputError: a text is not a time, or the times have two readings; the message names
            column ``name`` and file ``source``.
    """
    plain = _plain(texts)
    found = _numbers(plain, name, source, order) or read_periods(plain, century)
    if found is not None:
        return found
    column = pd.Series(plain, dtype=str)
    if column.map(DIGITS.fullmatch).notna().all():
        column = column.str.replace(DIGITS, _with_dashes, regex=True)
    # local time without its offset, so that days keep their hours across summer time
    check_zones(plain, name, source)
    local = without_offsets(column)
    late = np.zeros(len(local), dtype=bool)
    if any("24:00" in text for text in plain):
        late = local.str.contains(MIDNIGHT).to_numpy(dtype=bool)
        local = local.str.replace(MIDNIGHT, "00", regex=True)
    local, notes = _year_first(local, name, source, order, century)
    times = _parsed(local)
    unclear = _unclear(column, local, times)
    if unclear.any():
        place = _first_bad(column, times, unclear, local.str.fullmatch(DAY_AND_MONTH))
        bad, where = texts[place], f"row {rows[place]}: " if rows else ""
        raise InputError(
            f"{source}: {where}column {name!r} holds {bad!r}; write dates as 1949-01-31, "
            f"or name the column of times{_century_hint(bad)}{months_hint(plain)}",
            _ways(column) if short_year(bad) else (),
        )
    seconds = to_seconds(times.to_numpy(), name, source)
    return seconds + late * np.timedelta64(1, "D"), notes


def _numbers(texts: list[str], name: str, source: str, order: str | None) -> Times | None:
    """Whole numbers: those since 1970 or 1900 as dates, and steps; None for other texts.

    Raises:
        InputError: they are months or weeks that no calendar has.
    """
    column = pd.Series(texts, dtype=str)
    if order == "numbers" and column.str.fullmatch(r"-?\d{1,18}").all():
        return column.astype("int64").to_numpy(), []
    if fault := calendar_fault(texts):
        raise InputError(f"{source}: column {name!r} holds {fault}")
    if column.str.fullmatch(UNIX).all():
        return since_1970(texts, name, source)
    if are_day_numbers(texts, name, True):
        return since_1900(texts)
    dates = any(column.str.fullmatch(form).all() for form in (DIGITS, YEAR))
    if not dates and column.str.fullmatch(WHOLE_NUMBER).all():
        return column.astype("int64").to_numpy(), []
    return None


def _plain(texts: list[str]) -> list[str]:
    """The texts of times in Latin digits."""
    if all(map(str.isascii, texts)):
        return texts
    return [with_latin_date(plain_digits(text)) for text in texts]


def _parsed(texts: pd.Series) -> pd.Series:
    """Texts as times, NaT where they are none; in whole seconds where pandas knows no such year."""
    times = pd.to_datetime(texts, errors="coerce", format="ISO8601")
    if times.isna().any() and texts.str.fullmatch(ISO).all():
        return pd.Series(np.array([_of_any_year(text) for text in texts], "datetime64[s]"))
    # hours such as 01:00 PM
    return pd.to_datetime(texts, errors="coerce", format="mixed") if times.isna().any() else times


def _of_any_year(text: str) -> np.datetime64:
    try:
        return np.datetime64(text.replace("/", "-"), "s")
    except ValueError:
        return np.datetime64("NaT", "s")


def _unclear(column: pd.Series, local: pd.Series, times: pd.Series) -> pd.Series:
    """Where a text is no time, or one that pandas guesses.

    It guesses the day of an hour, the century of a year, now, and a month from 1949.5. Of days and
    months among other forms nothing tells the order.
    """
    years = zip(times.dt.year.fillna(0).astype(int), local, strict=True)
    unwritten = np.array([str(year) not in text for year, text in years], dtype=bool)
    guessed = column.str.fullmatch(YEAR_AND_PART) | local.str.fullmatch(DAY_AND_MONTH)
    return times.isna() | guessed | unwritten


def _first_bad(column: pd.Series, times: pd.Series, unclear: pd.Series, mixed: pd.Series) -> int:
    """The place of the text to name: one that is no time, or of another form than most."""
    by_numbers = mixed.to_numpy(dtype=bool)
    no_date = by_numbers & times.isna().to_numpy()
    # one text of another form leaves the order of day and month open in all others
    other = ~by_numbers & (by_numbers.mean() > MOST)
    reasons = (~are_times(column), no_date, other, unclear.to_numpy(dtype=bool))
    return next(int(np.argmax(found)) for found in reasons if found.any())


def short_year(text: str) -> bool:
    """Whether a text may end with a year of two digits."""
    short = re.search(r"(?<!\d)\d{1,2}(?!\d)\D*$", text)
    return short is not None and not re.search(r"\d{4}", text)


def _century_hint(text: str) -> str:
    hint = ", or add --read dates=day-first or month-first, or --read century=1900"
    return hint if short_year(text) else ""


def _ways(column: pd.Series) -> list[str]:
    """The options with which years of two digits can be read."""
    for century in (None, "1900", "2000"):
        said = [f"--read century={century}"] if century else []
        if century and read_periods(list(column), century) is not None:
            return said
        for order in ("day-first", "month-first"):
            dates, _ = _year_first(column, "", "", order, century)
            if not dates.equals(column) and _parsed(dates).notna().all():
                return [f"--read dates={order}", *said]
    return []


def _with_dashes(date: re.Match) -> str:
    return "-".join(part for part in date.groups() if part)


def _year_first(
    column: pd.Series, name: str, source: str, order: str | None, century: str | None
) -> tuple[pd.Series, list[str]]:
    """Convert dates such as 31/01/1949 or 01/31/1949 to 1949-01-31; keep others.

    The whole column decides the order of day and month: 01/02 alone is ambiguous.
    """
    parts = column.str.extract(f"^{DAY_AND_MONTH}$")
    if parts["year"].isna().any():
        return column, []
    a, b = parts["a"].astype(int), parts["b"].astype(int)
    # 20.12.31 may begin with its year
    if (parts["year"].str.len() == 2).any() and order in (None, "numbers"):
        return column, []
    full = full_years(list(parts["year"]), century)
    if full is None:
        return column, []
    years, notes = pd.Series(map(str, full[0])), full[1]

    def dates(day: pd.Series, month: pd.Series) -> pd.Series:
        texts = (part.astype(str).str.zfill(2) for part in (month, day))
        return years + "-" + next(texts) + "-" + next(texts) + parts["rest"].fillna("")

    if order and order != "numbers":
        return dates(*((a, b) if order == "day-first" else (b, a))), notes
    both = [dates(a, b), dates(b, a)]
    possible = []
    for each in both:
        times = _parsed(each)
        if times.notna().all():
            possible.append((each, times.to_numpy().astype("datetime64[s]")))
    if not possible:
        return column, []
    if len(possible) == 1 or (possible[0][1] == possible[1][1]).all():
        return possible[0][0], []
    even = [each for each, times in possible if is_even(times)]
    if len(even) != 1:
        raise InputError(
            f"{source}: column {name!r} holds {column.iloc[0]!r}, which is ambiguous; write dates "
            "as 1949-01-31, or add --read dates=day-first or month-first",
            ["--read dates=day-first"],
        )
    first = "day" if even[0] is both[0] else "month"
    other = "month" if first == "day" else "day"
    return even[0], [f"{column.iloc[0]!r} {first} first (guessed; else --read dates={other}-first)"]
