"""Texts as times: dates, periods or whole numbers. The whole column decides what one text means."""

import re

import numpy as np
import pandas as pd

from rnnlab.cells.offsets import check_zones, without_offsets
from rnnlab.cells.periods import full_years, month_number, read_periods, with_latin_date
from rnnlab.cells.units import plain_digits
from rnnlab.core.errors import InputError

WHOLE_NUMBER = r"-?\d{1,9}"
YEAR = re.compile(r"[12]\d{3}")
# dates without dashes, which are not whole numbers
DIGITS = re.compile(r"((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?")
# seconds since 1970, or parts of them, of 2001 to 2030; later ones may be 2030010100 for an hour
UNIX = re.compile(r"1[0-8]\d{8}(?P<parts>(?:\d{3}){0,3})(?:\.0*)?")
UNIX_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}
# day and month in either order, then the year and perhaps the hour
DAY_AND_MONTH = r"(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<year>\d{4}|\d{2})(?P<rest>\D.*)?"
# what numpy reads of any year, where pandas knows 1678 to 2262
ISO = r"(?!0000)\d{4}(-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d)?)?)?)?"
# what a last row of totals may be called, beside words without digits
TOTALS = re.compile(
    r"(sub|grand )?total\w*|totaux|totaal|sum|summe|somme|suma|soma|(ins)?gesamt\w*|"
    r"mean|average|avg|mittel\w*|durchschnitt|moyenne|media|média|promedio|gemiddelde",
    re.IGNORECASE,
)
# 1949.5 may be May or June
YEAR_AND_PART = r"\d{4}[.](\d|\d{3,})"
# the end of a day
MIDNIGHT = re.compile(r"(?<=[ T])24:00(?=(:00)?($|[^\d:]))")
# share of the times of an even spacing that may be missing
MAX_MISSING = 0.1
MOST = 0.5

Times = tuple[np.ndarray, list[str]]


def are_times(column: pd.Series) -> np.ndarray:
    """Whether each text is a time or a whole number, [N]."""
    column = pd.Series(_plain(list(column)), dtype=str).str.replace(MIDNIGHT, "00:00", regex=True)
    local = without_offsets(column)
    times = pd.to_datetime(local, errors="coerce", format="mixed", utc=True)
    known = times.notna() | local.str.fullmatch(ISO) | column.str.fullmatch(WHOLE_NUMBER)
    known |= column.str.fullmatch(UNIX)
    found = known.to_numpy(dtype=bool)
    for place in np.flatnonzero(~found):
        text = column.iloc[place]
        found[place] = bool(re.fullmatch(DAY_AND_MONTH, text)) or (
            read_periods([text], "1900") is not None
        )
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
    late = np.array([bool(MIDNIGHT.search(text)) for text in texts], dtype=bool)
    if late.any():
        earlier = [MIDNIGHT.sub("00:00", text) for text in texts]
        found, notes = read_times(earlier, name, source, order, century, rows)
        return found + late * np.timedelta64(1, "D"), notes
    plain = _plain(texts)
    column = pd.Series(plain, dtype=str)
    if order == "numbers" and column.str.fullmatch(r"-?\d{1,18}").all():
        return column.astype("int64").to_numpy(), []
    if column.str.fullmatch(UNIX).all():
        return _since_1970(plain, name, source)
    if column.map(DIGITS.fullmatch).notna().all():
        column = column.str.replace(DIGITS, _with_dashes, regex=True)
    elif column.str.fullmatch(WHOLE_NUMBER).all() and not column.str.fullmatch(YEAR).all():
        return column.astype("int64").to_numpy(), []
    periods = read_periods(plain, century)
    if periods is not None:
        return periods
    # local time without its offset, so that days keep their hours across summer time
    check_zones(plain, name, source)
    local, notes = _year_first(without_offsets(column), name, source, order, century)
    times = _parsed(local)
    # pandas guesses: the day of an hour, the century of a year, now, a month from 1949.5
    written = local if notes else column
    years = zip(times.dt.year.fillna(0).astype(int), written, strict=True)
    unwritten = np.array([str(year) not in text for year, text in years], dtype=bool)
    # days and months among other forms, whose order nothing tells
    mixed = local.str.fullmatch(DAY_AND_MONTH)
    unclear = times.isna() | column.str.fullmatch(YEAR_AND_PART) | unwritten | mixed
    if unclear.any():
        place = _first_bad(column, times, unclear, mixed)
        bad, where = texts[place], f"row {rows[place]}: " if rows else ""
        raise InputError(
            f"{source}: {where}column {name!r} holds {bad!r}; write dates as 1949-01-31, "
            f"or name the column of times{_century_hint(bad)}"
        )
    return to_seconds(times.to_numpy(), name, source), notes


def _plain(texts: list[str]) -> list[str]:
    """The texts of times in Latin digits."""
    if all(map(str.isascii, texts)):
        return texts
    return [with_latin_date(plain_digits(text)) for text in texts]


def _since_1970(texts: list[str], name: str, source: str) -> Times:
    """Unix times of one unit as dates, and the guess."""
    matches = [match for text in texts if (match := UNIX.fullmatch(text))]
    digits = {len(match["parts"]) for match in matches}
    if len(digits) > 1:
        raise InputError(
            f"{source}: column {name!r} holds Unix times of {len(digits)} units; write one unit"
        )
    unit = UNIX_UNITS[digits.pop()]
    numbers = np.array([int(text.partition(".")[0]) for text in texts])
    times = to_seconds(numbers.astype(f"datetime64[{unit}]"), name, source)
    guess = f"{texts[0]} as {str(times[0]).replace('T', ' ')} in UTC, Unix time in {unit}"
    return times, [f"{guess} (guessed; else --read dates=numbers)"]


def _parsed(texts: pd.Series) -> pd.Series:
    """Texts as times, NaT where they are none; in whole seconds where pandas knows no such year."""
    times = pd.to_datetime(texts, errors="coerce", format="ISO8601")
    if times.isna().any() and texts.str.fullmatch(ISO).all():
        return pd.Series(np.array([_of_any_year(text) for text in texts], "datetime64[s]"))
    # hours such as 01:00 PM
    return pd.to_datetime(texts, errors="coerce", format="mixed") if times.isna().any() else times


def _of_any_year(text: str) -> np.datetime64:
    try:
        return np.datetime64(text, "s")
    except ValueError:
        return np.datetime64("NaT", "s")


def _first_bad(column: pd.Series, times: pd.Series, unclear: pd.Series, mixed: pd.Series) -> int:
    """The place of the text to name: one that is no time, or of another form than most."""
    by_numbers = mixed.to_numpy(dtype=bool)
    no_date = by_numbers & times.isna().to_numpy()
    # one text of another form leaves the order of day and month open in all others
    other = ~by_numbers & (by_numbers.mean() > MOST)
    reasons = (~are_times(column), no_date, other, unclear.to_numpy(dtype=bool))
    return next(int(np.argmax(found)) for found in reasons if found.any())


def to_seconds(times: np.ndarray, name: str, source: str) -> np.ndarray:
    """Times as datetime64[s]; raise InputError if a time has a fraction of a second."""
    seconds = times.astype("datetime64[s]")
    if (seconds != times).any():
        bad = times[seconds != times][0]
        raise InputError(f"{source}: column {name!r} holds {bad}; write whole seconds")
    return seconds


def is_even(ds: np.ndarray) -> bool:
    """Whether times are evenly spaced by months, seconds or working days, but for few gaps."""
    ds = np.unique(ds)
    months = ds.astype("datetime64[M]").astype(np.int64)
    within = ds - ds.astype("datetime64[M]").astype("datetime64[s]")
    after = ds + np.timedelta64(1, "D")
    ends = (after == after.astype("datetime64[M]").astype("datetime64[s]")).all()
    if np.diff(months).all() and (len(np.unique(within)) == 1 or ends):
        places = months
    else:
        places = ds.astype(np.int64)
    gaps = np.diff(places)
    if not len(gaps):
        return False
    count = (places[-1] - places[0]) // gaps.min() + 1
    if not (gaps % gaps.min()).any() and count * (1 - MAX_MISSING) <= len(ds):
        return True
    days = ds.astype("datetime64[D]")
    busy = np.busday_count(days[0], days[-1]) + 1
    return bool(np.is_busday(days).all() and busy * (1 - MAX_MISSING) <= len(ds))


def _century_hint(text: str) -> str:
    short = re.search(r"(?<!\d)\d{1,2}(?!\d)\D*$", text) and not re.search(r"\d{4}", text)
    return ", or add --read dates=day-first or month-first, or --read century=1900" if short else ""


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
            "as 1949-01-31, or add --read dates=day-first or month-first"
        )
    first = "day" if even[0] is both[0] else "month"
    other = "month" if first == "day" else "day"
    return even[0], [f"{column.iloc[0]!r} {first} first (guessed; else --read dates={other}-first)"]
