"""Times that name a period: Jan-49, 1949M01, 1949Q1, 2015-W01, 1949/50, and years with decimals."""

import re
from collections.abc import Callable
from datetime import date

import numpy as np

# in English, German, French, Spanish, Italian, Portuguese and Dutch
MONTHS = {
    1: "january januar jänner janvier enero gennaio janeiro januari",
    2: "february februar février fevrier febrero febbraio fevereiro februari",
    3: "march märz mars marzo março marco maart mrt mrz",
    4: "april avril abril aprile",
    5: "may mai mayo maggio maio mei",
    6: "june juni juin junio giugno junho",
    7: "july juli juillet julio luglio julho",
    8: "august août aout agosto augustus",
    9: "september septembre septiembre settembre setembro",
    10: "october oktober octobre octubre ottobre outubro",
    11: "november novembre noviembre novembro",
    12: "december dezember décembre decembre diciembre dicembre dezembro",
}
NAMES = [(name[:size], number) for number, names in MONTHS.items() for name in names.split()
         for size in (3, 4, 10)]  # fmt: skip
# jui may be June or July
MONTH_OF = {name: number for name, number in NAMES if name != "jui"}
WORD = r"[^\W\d_]{3,10}"
# two digits of a year that end with the century are older than those that begin it, as in Excel
PIVOT, LONGEST_SPAN = 30, 70

FORMS: list[tuple[str, int]] = [  # how a period is written, and how many of them make a year
    (r"(?P<y>\d{4})[-: ]?M[-: ]?(?P<p>\d{1,2})", 12),
    (r"M[-: ]?(?P<p>\d{1,2})[-/: ]?(?P<y>\d{4})", 12),
    (r"(?P<y>\d{4})[-:/ ]?[QKT][-: ]?(?P<p>\d)", 4),
    (r"[QKT][-: ]?(?P<p>\d)[-/: ]?(?P<y>\d{4})", 4),
    (r"(?P<p>\d)[QKT][-/: ]?(?P<y>\d{4})", 4),
    (r"(?P<y>\d{4})[-:/ ]?[HS][-: ]?(?P<p>\d)", 2),
]
WEEK = re.compile(r"(\d{4})[-: ]?W[-: ]?(\d{1,2})(?:-?([1-7]))?", re.IGNORECASE)
NAMED = re.compile(
    rf"(?:(?P<d>\d{{1,2}})\.?[ ./-]*)?(?P<m>{WORD})\.?[ ./,'’-]*(?P<y>\d{{4}}|\d{{2}})",
    re.IGNORECASE,
)
YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})[ ./-]*(?P<m>{WORD})\.?", re.IGNORECASE)
SEASON = re.compile(r"(\d{4})[/–-](\d{4}|\d{2})")
DECIMAL = re.compile(r"(\d{4})(?:\.(\d+))?")
FISCAL = re.compile(r"\b[FC]Y ?[-:']?(?=\d)|(?<=\d) ?[FC]Y\b", re.IGNORECASE)
# 2000年1月5日 and 2000년 1월 5일
EAST_ASIAN = re.compile(
    r"(?P<y>\d{4}) ?[年년](?:度|도)? ?"
    r"(?:第?(?P<q>[1-4一二三四]) ?(?:四半期|季度|분기)"
    r"|(?P<m>\d{1,2})[月월] ?(?:(?P<d>\d{1,2})[日일])?)?"
)
TWO_DIGIT_MONTHS = re.compile(r"0[1-9]|1[0-2]?")


def month_number(name: str) -> int | None:
    """1 to 12 for 1月, or a month by its name or 3 or 4 letters of it, in seven languages."""
    name = name.strip().strip(".")
    if match := re.fullmatch(r"(0?[1-9]|1[0-2])[月월]", name):
        return int(match[1])
    return MONTH_OF.get(name.lower()[:10])


def read_periods(texts: list[str], century: str | None) -> tuple[np.ndarray, list[str]] | None:
    """The first day of each period, datetime64[s], and what was guessed; None for other texts.

    All texts are of one form. ``century`` is 1900 or 2000, for years of two digits.
    """
    if all(FISCAL.search(text) for text in texts):
        return _of_years([FISCAL.sub("", text) for text in texts], century)
    readers: list[Callable[[list[str]], list[date] | None]]
    readers = [_numbered, _weeks, _seasons, _decimal_years]
    for reader in readers:
        found = reader(texts)
        if found is not None:
            return np.array(found, dtype="datetime64[D]").astype("datetime64[s]"), []
    return _named(texts, century)


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
    parts = []
    for form in (NAMED, YEAR_FIRST):
        matches = [form.fullmatch(text) for text in texts]
        if all(matches):
            parts = [m.groupdict() for m in matches if m]
            break
    months = [month_number(part["m"]) for part in parts]
    days = [part.get("d") for part in parts]
    if not parts or None in months or (None in days and any(days)):
        return None
    years = full_years([part["y"] for part in parts], century)
    if years is None:
        return None
    try:
        dates = [
            date(year, month or 0, int(day or 1))
            for year, month, day in zip(years[0], months, days, strict=True)
        ]
    except ValueError:
        return None
    return np.array(dates, dtype="datetime64[D]").astype("datetime64[s]"), years[1]


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
