"""Times that count from a first one: Unix times, and the days of a spreadsheet."""

import re

import numpy as np

from rnnlab.core.errors import InputError

# seconds since 1970, or parts of them, of 2001 to 2030; later ones may be 2030010100 for an hour
UNIX = re.compile(r"1[0-8]\d{8}(?P<parts>(?:\d{3}){0,3})(?:\.0*)?")
UNIX_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}
# days since 1899-12-30 as spreadsheets count them, of 1954 to 2064
DAY_NUMBER = re.compile(r"[2-5]\d{4}(?:\.0*)?")
FIRST_DAY = np.datetime64("1899-12-30")
DATED = {"ds", "date", "datum", "fecha", "data", "dato", "day", "tag", "jour", "día", "dia"}
DATED |= {"giorno", "dag", "time", "timestamp", "when"}
COUNTERS = {"step", "t", "n", "id", "index", "row", "rowid", "rownames", "no", "nr", "number", ""}
# fewer numbers may be evenly spaced by chance
MIN_DAYS = 4
# share of the times of an even spacing that may be missing
MAX_MISSING = 0.1

Times = tuple[np.ndarray, list[str]]


def since_1970(texts: list[str], name: str, source: str) -> Times:
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


def are_day_numbers(texts: list[str], name: str, first: bool) -> bool:
    """Whether whole numbers of a column are days of a spreadsheet: one, a week or months apart.

    Of a column that is not called a date, ``first`` and no counter, all follow each other so.
    """
    words = {*re.split(r"[\W_]+", name.lower())}
    dated = bool(words & DATED)
    if not dated and (words & COUNTERS or not first):
        return False
    if not all(map(DAY_NUMBER.fullmatch, texts)) or len({*texts}) < MIN_DAYS:
        return False
    days = since_1900(texts)[0]
    sorted_days = np.unique(days)
    months = _by_months(sorted_days)
    apart = np.diff(sorted_days.astype("datetime64[D]").astype(int) if months is None else months)
    usual = apart.min() in ((1, 7) if months is None else (1, 2, 3, 6, 12))
    if dated:
        return bool(usual and is_even(days))
    return bool(usual and len({*apart}) == 1 and (days[1:] > days[:-1]).all())


def since_1900(texts: list[str]) -> Times:
    """Day numbers of a spreadsheet as dates, and the guess."""
    days = FIRST_DAY + np.array([int(text.partition(".")[0]) for text in texts])
    guess = f"{texts[0]} as {days[0]}, the number of a day in a spreadsheet"
    return days.astype("datetime64[s]"), [f"{guess} (guessed; else --read dates=numbers)"]


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
    months = _by_months(ds)
    places = ds.astype(np.int64) if months is None else months
    gaps = np.diff(places)
    if not len(gaps):
        return False
    count = (places[-1] - places[0]) // gaps.min() + 1
    if not (gaps % gaps.min()).any() and count * (1 - MAX_MISSING) <= len(ds):
        return True
    days = ds.astype("datetime64[D]")
    if not np.diff(days).astype(int).all():
        # hours of a few days are no working days
        return False
    busy = np.busday_count(days[0], days[-1]) + 1
    return bool(np.is_busday(days).all() and busy * (1 - MAX_MISSING) <= len(ds))


def _by_months(ds: np.ndarray) -> np.ndarray | None:
    """The numbers of the months of sorted times that all lie on one day of a month, or its end."""
    months = ds.astype("datetime64[M]").astype(np.int64)
    within = ds - ds.astype("datetime64[M]").astype("datetime64[s]")
    after = ds + np.timedelta64(1, "D")
    ends = (after == after.astype("datetime64[M]").astype("datetime64[s]")).all()
    return months if np.diff(months).all() and (len(np.unique(within)) == 1 or ends) else None
