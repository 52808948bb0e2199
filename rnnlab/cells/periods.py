"""Times that name a period: Jan-49, 1949M01, 1949Q1, 2015-W01, 1949/50, and years with decimals."""

import re
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from rnnlab.cells.months import month_number, month_readings

# letters with what stands between them, as in ม.ค. and كانون الثاني
NAME = r"(?P<m>[^\W\d_][^\d,;:/_]{1,24}?)"
BETWEEN = r"[ ./,'’-]*"
# two digits of a year that end with the century are older than those that begin it, as in Excel
PIVOT, LONGEST_SPAN = 30, 70

FORMS: list[tuple[str, int]] = [  # how a period is written, and how many of them make a year
    (r"(?P<y>\d{4})[-: ]?M[-: ]?(?P<p>\d{1,2})", 12),
    (r"M[-: ]?(?P<p>\d{1,2})[-/: ]?(?P<y>\d{4})", 12),
    (r"(?:tháng|thg\.?) ?(?P<p>\d{1,2})(?: ?[-/,]| năm)? ?(?P<y>\d{4})", 12),
    (r"(?P<y>\d{4})[-:/ ]?[QKT][-: ]?(?P<p>\d)", 4),
    (r"[QKT][-: ]?(?P<p>\d)[-/: ]?(?P<y>\d{4})", 4),
    (r"(?P<p>\d)[QKT][-/: ]?(?P<y>\d{4})", 4),
    (r"(?P<y>\d{4})[-:/ ]?[HS][-: ]?(?P<p>\d)", 2),
]
WEEK = re.compile(r"(\d{4})[-: ]?W[-: ]?(\d{1,2})(?:-?([1-7]))?", re.IGNORECASE)
NAMED = re.compile(
    rf"(?:(?P<d>\d{{1,2}})[.º]?{BETWEEN}(?:de )?)?{NAME}{BETWEEN}(?:del? )?"
    r"(?P<y>\d{4}|\d{2})(?: ?г\.?)?",
    re.IGNORECASE,
)
YEAR_FIRST = re.compile(
    rf"(?P<y>\d{{4}}){BETWEEN}{NAME}(?:\.|{BETWEEN}(?P<d>\d{{1,2}})\.?)?", re.IGNORECASE
)
# of these years, and behind days, one name of a month may be that of many years, and no number of
# a thing
PLAIN_YEARS = (1800, 2100)
# shorter names alone may be anything
SURE_NAME = 4
# share of the words of a column that its language knows
MOST_KNOWN = 0.75
SEASON = re.compile(r"(\d{4})[/–-](\d{4}|\d{2})")
DECIMAL = re.compile(r"(\d{4})(?:\.(\d+))?")
FISCAL = re.compile(r"\b[FC]Y ?[-:']?(?=\d)|(?<=\d) ?[FC]Y\b", re.IGNORECASE)
# 2000年1月5日 and 2000년 1월 5일
EAST_ASIAN = re.compile(
    r"(?P<y>\d{4}) ?[年년](?:度|도)? ?"
    r"(?:第?(?P<q>[1-4一二三四]) ?(?:四半期|季度|분기)"
    r"|(?P<m>\d{1,2})[月월] ?(?:(?P<d>\d{1,2})[日일])?)?"
)
# months, or those of a calendar that has one more
THIRTEEN = re.compile(
    r"(?:19|20)\d\d[-/ ]?[MP]?(?:0?[1-9]|1[0-2]|(?P<a>13))|"
    r"[MP]?(?:0?[1-9]|1[0-2]|(?P<b>13))[-/ ]?(?:19|20)\d\d",
    re.IGNORECASE,
)
NO_MONTHS = (
    "a 13th month: a calendar of 13 periods of four weeks has no months; write the first day of "
    "each period"
)
TWO_DIGIT_MONTHS = re.compile(r"0[1-9]|1[0-2]?")


def read_periods(
    texts: list[str], century: str | None, named: bool = True
) -> tuple[np.ndarray, list[str]] | None:
    """The first day of each period, datetime64[s], and what was guessed; None for other texts.

    All texts are of one form. ``century`` is 1900 or 2000, for years of two digits; ``named`` is
    whether months may have names.
    """
    if all(FISCAL.search(text) for text in texts):
        return _of_years([FISCAL.sub("", text) for text in texts], century)
    readers: list[Callable[[list[str]], list[date] | None]]
    readers = [_numbered, _weeks, _seasons, _decimal_years]
    for reader in readers:
        found = reader(texts)
        if found is not None:
            return np.array(found, dtype="datetime64[D]").astype("datetime64[s]"), []
    return _named(texts, century) if named else None


def _of_years(texts: list[str], century: str | None) -> tuple[np.ndarray, list[str]] | None:
    """Fiscal years without their FY: 2000, 00, 2000/01, or 2000Q1; each by the year it names."""
    if not all(re.fullmatch(r"\d{4}|\d\d", text) for text in texts):
        return read_periods(texts, century)
    years = full_years(texts, century)
    if years is None or min(years[0]) < 1:
        return None
    found = [date(year, 1, 1) for year in years[0]]
    return np.array(found, dtype="datetime64[D]").astype("datetime64[s]"), years[1]


def with_latin_date(text: str) -> str:
    """The text with 2000-01-05 in the place of 2000年1月5日."""

    def latin(match: re.Match) -> str:
        if quarter := match["q"]:
            return f"{match['y']}Q{'一二三四'.find(quarter) + 1 or quarter}"
        parts = [match["y"], *(match[each].zfill(2) for each in "md" if match[each])]
        return "-".join(parts)

    return text if text.isascii() else EAST_ASIAN.sub(latin, text)


def _numbered(texts: list[str]) -> list[date] | None:
    for form, parts in FORMS:
        matches = [re.fullmatch(form, text, re.IGNORECASE) for text in texts]
        if all(matches):
            pairs = [(int(m["y"]), int(m["p"])) for m in matches if m]
            if all(1 <= part <= parts and year > 0 for year, part in pairs):
                return [date(year, (part - 1) * (12 // parts) + 1, 1) for year, part in pairs]
    return None


def calendar_fault(texts: list[str]) -> str:
    """What is wrong with the first month or week that no calendar has; empty where none is."""
    bad = ""
    for match in map(THIRTEEN.fullmatch, texts):
        if match is None:
            break
        bad = bad or (match[0] if match["a"] or match["b"] else "")
    else:
        # 202012 and 202013 may count; with 202101 after them they do not; 2012/13 may be a season
        counts = all(map(str.isdigit, texts)) and len({text[:4] for text in texts}) == 1
        return f"{bad!r}, {NO_MONTHS}" if bad and not counts and not _seasons(texts) else ""
    for match in map(WEEK.fullmatch, texts):
        if match is None:
            return ""
        weeks = date(max(int(match[1]), 1), 12, 28).isocalendar().week
        if int(match[2]) > weeks:
            return (
                f"{match[0]!r}, but {match[1]} has {weeks} weeks; write the first day of each week"
            )
    return ""


def _weeks(texts: list[str]) -> list[date] | None:
    matches = [WEEK.fullmatch(text) for text in texts]
    if not all(matches):
        return None
    try:
        return [date.fromisocalendar(int(m[1]), int(m[2]), int(m[3] or 1)) for m in matches if m]
    except ValueError:
        return None


def _seasons(texts: list[str]) -> list[date] | None:
    """1949/50, 1950/51: years that begin in one year and end in the next."""
    matches = [SEASON.fullmatch(text) for text in texts]
    years = []
    for match in matches:
        if match is None or (int(match[1]) + 1) % 10 ** len(match[2]) != int(match[2]):
            return None
        years.append(int(match[1]))
    return [date(year, 1, 1) for year in years] if years and min(years) > 0 else None


def _decimal_years(texts: list[str]) -> list[date] | None:
    """1949.0833 as R writes times of months, or 1949.01 and 1949.1 for January and October.

    The decimals may be those of the beginnings of the months, or of their middles.
    """
    matches = [DECIMAL.fullmatch(text) for text in texts]
    if not all(matches) or not any(m[2] for m in matches if m):
        return None
    years = [int(m[1]) for m in matches if m]
    parts = [m[2] or "" for m in matches if m]
    if not any(part.strip("0") for part in parts):
        return [date(year, 1, 1) for year in years] if min(years) > 0 else None
    numbers = _are_numbers_of_months(parts)
    places = _twelfths([float(f"0.{part or 0}") for part in parts], max(map(len, parts)))
    if numbers == (places is not None):  # neither, or both
        return None
    if numbers:
        places = [10 if part == "1" else int(part) for part in parts]
        places = [place - 1 for place in places]
    assert places is not None
    months = [year * 12 + place for year, place in zip(years, places, strict=True)]
    return [date(month // 12, month % 12 + 1, 1) for month in months] if min(months) >= 12 else None


def _are_numbers_of_months(parts: list[str]) -> bool:
    if not all(TWO_DIGIT_MONTHS.fullmatch(part) for part in parts):
        return False
    # 1949.1 is October only among 1949.09 and 1949.11
    return "1" not in parts or ({"09", "11"} <= {*parts} and "10" not in parts)


def _twelfths(parts: list[float], digits: int) -> list[int] | None:
    """The number of months that each fraction of a year is; None if one is no such."""
    if digits < 2 and any(part not in (0, 0.5) for part in parts):
        return None
    # R writes seven digits of 1949.08333, so its last one may be rounded
    off = 12 * 0.51 * 10.0 ** -min(digits, 6) + 1e-6
    if off > 0.2:
        return None
    if digits >= 3:
        # a month may be counted by its days, 31/365 for the first of February
        off = max(off, 0.1)
    for start in (0.0, 0.5):
        places = [part * 12 - start for part in parts]
        if all(abs(place - round(place)) <= off for place in places):
            return [round(place) for place in places]
    return None


def _named(texts: list[str], century: str | None) -> tuple[np.ndarray, list[str]] | None:
    """Jan-49, January 1949, 1949 Jan, 31-Jan-1949."""
    for form in (NAMED, YEAR_FIRST):
        parts = [match.groupdict() for text in texts if (match := form.fullmatch(text))]
        if len(parts) == len(texts):
            break
    else:
        return None
    readings = _readings(parts)
    days = [part["d"] for part in parts]
    if len(readings) != 1 or (None in days and any(days)):
        return None
    months = readings[0]
    years = full_years([part["y"] for part in parts], century)
    if years is None or any(part["m"] not in months for part in parts):
        return None
    try:
        dates = [
            date(year, months[part["m"]], int(part["d"] or 1))
            for year, part in zip(years[0], parts, strict=True)
        ]
    except ValueError:
        return None
    return np.array(dates, dtype="datetime64[D]").astype("datetime64[s]"), years[1]


def _readings(parts: Sequence[dict[str, str]]) -> list[dict[str, int]]:
    """The numbers of the months that parts of texts name, by the language of all of them.

    Several where languages differ; none where the words are those of things, as in shop 12.
    """
    words = {part["m"]: None for part in parts}
    years = {part["y"] for part in parts}
    plain = all(PLAIN_YEARS[0] <= int(year) <= PLAIN_YEARS[1] for year in years) or all(
        part["d"] and len(part["y"]) == 4 for part in parts
    )
    if len(words) == 1 and not (plain and len(next(iter(words))) >= SURE_NAME):
        return [{word: number for word in words if (number := month_number(word))}]
    found = month_readings(words, rare=plain and len(words) > 1)
    return found if found and len(found[0]) >= MOST_KNOWN * len(words) else []


def _months_of(texts: list[str]) -> tuple[list[str | None], list[dict[str, int]]]:
    """The word of each text that may be a month, and the readings of these words."""
    matches = [NAMED.fullmatch(text) or YEAR_FIRST.fullmatch(text) for text in texts]
    parts = [match.groupdict() for match in matches if match]
    # a few among others are ids
    readings = _readings(parts) if parts and len(parts) >= MOST_KNOWN * len(texts) else []
    return [match and match["m"] for match in matches], readings


def named_by_months(texts: list[str]) -> list[bool]:
    """Which of the texts of a column hold a month in the language of all of them."""
    words, readings = _months_of(texts)
    return [any(word in each for each in readings) for word in words]


def months_hint(texts: list[str]) -> str:
    """Why the names of months in texts have several readings; empty where they have one."""
    readings = _months_of(texts)[1]
    for word in readings[0] if len(readings) > 1 else ():
        numbers = sorted({each[word] for each in readings if word in each})
        if len(numbers) > 1:
            return f" ({word!r} is month {' or '.join(map(str, numbers))}, by the language)"
    return ""


def full_years(texts: list[str], century: str | None) -> tuple[list[int], list[str]] | None:
    """Years of two digits with their century, and the guess; None if either may be meant."""
    short = [int(text) for text in texts if len(text) == 2]
    if not short:
        return [int(text) for text in texts], []
    if len(short) < len(texts):
        return None
    notes = []
    if century:
        years = [int(century) + year for year in short]
    else:
        years = [year + (2000 if year < PIVOT else 1900) for year in short]
        if max(years) - min(years) > LONGEST_SPAN:
            return None
        other = 1900 if years[0] >= 2000 else 2000
        notes = [f"year {texts[0]} as {years[0]} (guessed; else --read century={other})"]
    return years, notes
