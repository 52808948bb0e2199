"""Times as people write them, and how much of a moment each way of writing keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import babel.dates

Moment = datetime | int
Write = Callable[[datetime], str]

YEARS = [1949, 1987, 1999, 2005, 2015]
# tree rings and climate models
FAR_YEARS = [1600, 1659, 1850, 2250]
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]
OTHER_LANGUAGES = ["pl", "sv", "cs", "da", "fi", "nb", "ru", "tr", "el", "uk"]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class TimeStyle:
    """One way to write times.

    Attributes:
        keeps: what of a moment is left: day, week, month, quarter, year or second.
        years: those that it can write so that a reader knows them.
        zone: of the clocks whose times are written; of several offsets, the truth is UTC.
    """

    name: str
    write: Write
    keeps: str = "second"
    years: tuple[int, int] = (1600, 2300)
    zone: str = "UTC"

    def text(self, moment: Moment) -> str:
        if isinstance(moment, int):
            return str(moment)
        return self.write(self._local(moment))

    def truth(self, moments: Sequence[Moment]) -> list[Moment]:
        """The moments that a reader can know."""
        found: list[Moment] = []
        local = [m if isinstance(m, int) else self._local(m) for m in moments]
        offsets = {m.utcoffset() for m in local if isinstance(m, datetime)}
        for moment, own in zip(moments, local, strict=True):
            if isinstance(moment, int) or isinstance(own, int):
                found.append(moment)
            else:
                found.append(cut(moment if len(offsets) > 1 else own, self.keeps))
        return found

    def _local(self, moment: datetime) -> datetime:
        if self.zone == "UTC":
            return moment
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone))


def cut(moment: datetime, keeps: str) -> datetime:
    """The beginning of the period in which a moment lies, without its zone."""
    moment = moment.replace(tzinfo=None)
    if keeps == "second":
        return moment
    moment = moment.replace(hour=0, minute=0, second=0)
    if keeps == "week":
        return moment - timedelta(moment.weekday())
    month = {"year": 1, "quarter": (moment.month - 1) // 3 * 3 + 1}.get(keeps, moment.month)
    return moment if keeps == "day" else moment.replace(month=month, day=1)


def quarter(moment: date) -> int:
    return (moment.month + 2) // 3


def month_name(moment: datetime, language: str, width: str = "wide") -> str:
    return babel.dates.get_month_names(width, "stand-alone", language)[moment.month]  # type: ignore[arg-type]


def named(language: str) -> list[TimeStyle]:
    """Months by the names of a language, as its people write them."""
    return [
        TimeStyle(f"month in {language}", lambda m: f"{month_name(m, language)} {m.year}", "month"),
        TimeStyle(
            f"short month in {language}",
            lambda m: f"{month_name(m, language, 'abbreviated')} {m.year}",
            "month",
        ),
        TimeStyle(
            f"day and month in {language}",
            lambda m: f"{m.day}. {month_name(m, language)} {m.year}",
            "day",
        ),
    ]


SHORT_YEARS, DIGIT_YEARS, UNIX_YEARS = (1931, 2029), (1901, 2098), (2002, 2028)
DAYS = [
    TimeStyle("iso", lambda m: f"{m:%Y-%m-%d}", "day"),
    TimeStyle("german", lambda m: f"{m:%d.%m.%Y}", "day"),
    TimeStyle("british", lambda m: f"{m:%d/%m/%Y}", "day"),
    TimeStyle("american", lambda m: f"{m.month}/{m.day}/{m.year}", "day"),
    TimeStyle("american, short", lambda m: f"{m.month}/{m.day}/{m:%y}", "day", SHORT_YEARS),
    TimeStyle("slashes", lambda m: f"{m:%Y/%m/%d}", "day"),
    TimeStyle("words", lambda m: f"{m:%d-%b-%Y}", "day"),
    TimeStyle("words, short", lambda m: f"{m:%d-%b-%y}", "day", SHORT_YEARS),
    TimeStyle("digits", lambda m: f"{m:%Y%m%d}", "day", DIGIT_YEARS),
    TimeStyle("pandas", lambda m: f"{m:%Y-%m-%d} 00:00:00", "day"),
    TimeStyle("bigquery", lambda m: f"{m:%Y-%m-%d} 00:00:00 UTC", "day"),
    TimeStyle("postgres", lambda m: f"{m:%Y-%m-%d} 00:00:00+00", "day"),
    TimeStyle("javascript", lambda m: f"{m:%Y-%m-%d}T00:00:00Z", "day"),
    TimeStyle("japanese", lambda m: f"{m.year}年{m.month}月{m.day}日", "day"),
    TimeStyle("korean", lambda m: f"{m.year}년 {m.month}월 {m.day}일", "day"),
    TimeStyle("wide digits", lambda m: f"{m:%Y-%m-%d}".translate(WIDE), "day"),
]
MONTHS = [
    TimeStyle("month", lambda m: f"{m:%Y-%m}", "month"),
    TimeStyle("short name", lambda m: f"{m:%b} {m.year}", "month"),
    TimeStyle("excel", lambda m: f"{m:%b-%y}", "month", SHORT_YEARS),
    TimeStyle("office", lambda m: f"{m.year}M{m.month:02}", "month"),
    TimeStyle("ons", lambda m: f"{m.year} {m:%b}".upper(), "month"),
    TimeStyle("digits of months", lambda m: f"{m:%Y%m}", "month", DIGIT_YEARS),
    TimeStyle("R", lambda m: f"{m.year + (m.month - 1) / 12:.13g}", "month"),
    TimeStyle("R, short", lambda m: f"{m.year + (m.month - 1) / 12:.7g}", "month"),
    TimeStyle("japanese month", lambda m: f"{m.year}年{m.month}月", "month"),
    TimeStyle(
        "japanese month, wide", lambda m: f"{m.year}年{m.month:02}月".translate(WIDE), "month"
    ),
]
QUARTERS = [
    TimeStyle("quarter", lambda m: f"{m.year}Q{quarter(m)}", "quarter"),
    TimeStyle("quarter, dash", lambda m: f"{m.year}-Q{quarter(m)}", "quarter"),
    TimeStyle("quarter first", lambda m: f"Q{quarter(m)} {m.year}", "quarter"),
    TimeStyle("R, quarters", lambda m: f"{m.year + (quarter(m) - 1) / 4:g}", "quarter"),
]
WEEKS = [TimeStyle("week", lambda m: "{}-W{:02}".format(*m.isocalendar()[:2]), "week")]
ANNUAL = [
    TimeStyle("year", lambda m: f"{m.year}", "year"),
    TimeStyle("two years", lambda m: f"{m.year}/{(m.year + 1) % 100:02}", "year"),
    TimeStyle("fiscal", lambda m: f"FY{m.year}", "year"),
    TimeStyle("fiscal, short", lambda m: f"FY{m:%y}", "year", SHORT_YEARS),
    TimeStyle("japanese year", lambda m: f"{m.year}年", "year"),
]
CLOCKS = [
    TimeStyle("hour", lambda m: f"{m:%Y-%m-%d %H:%M}"),
    TimeStyle("hour, T", lambda m: f"{m:%Y-%m-%dT%H:%M:%S}"),
    TimeStyle("hour, german", lambda m: f"{m:%d.%m.%Y %H:%M}"),
    TimeStyle("hour, american", lambda m: f"{m:%m/%d/%Y %I:%M %p}", "second", (1700, 2250)),
    TimeStyle("hour, Z", lambda m: f"{m:%Y-%m-%dT%H:%M:%SZ}"),
    TimeStyle("hour, UTC", lambda m: f"{m:%Y-%m-%d %H:%M:%S} UTC"),
    TimeStyle("hour, +00", lambda m: f"{m:%Y-%m-%d %H:%M:%S}+00"),
    TimeStyle("offsets", lambda m: m.isoformat(), "second", (1990, 2037), "Europe/Berlin"),
    TimeStyle(
        "offsets, space",
        lambda m: m.isoformat(sep=" ", timespec="minutes"),
        "second",
        (1990, 2037),
        "America/New_York",
    ),
    TimeStyle("zone", lambda m: f"{m:%Y-%m-%d %H:%M %Z}", "second", (1990, 2037), "Europe/Berlin"),
    TimeStyle("zone, russian", lambda m: f"{m:%Y-%m-%d %H:%M} MSK"),
    TimeStyle("unix", lambda m: f"{_seconds(m)}", "second", UNIX_YEARS),
    TimeStyle("unix, milliseconds", lambda m: f"{_seconds(m)}000", "second", UNIX_YEARS),
]
STYLES = {
    "steps": [TimeStyle("numbers", lambda m: f"{m}")],
    "months": [*MONTHS, *DAYS],
    "quarters": [*QUARTERS, *DAYS],
    "weeks": [*WEEKS, *DAYS],
    "days": DAYS,
    "years": [*ANNUAL, *ANNUAL, *DAYS],
    "hours": CLOCKS,
    "half hours": CLOCKS,
}


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


def some_style(random: Random, spacing: str, moments: list[Moment]) -> TimeStyle:
    """A style that can write the moments."""
    styles = STYLES[spacing]
    if spacing in ("months", "days") and random.random() < 0.25:
        languages = OTHER_LANGUAGES if random.random() < 0.25 else LANGUAGES
        styles = named(random.choice(languages))[0 if spacing == "months" else 2 :]
    years = [m.year for m in moments if isinstance(m, datetime)] or [2000]
    fitting = [s for s in styles if s.years[0] <= min(years) and max(years) <= s.years[1]]
    return random.choice(fitting)


def some_moments(random: Random, spacing: str, count: int, whole: bool = False) -> list[Moment]:
    """Moments of one spacing; from January and midnight on if ``whole``."""
    if spacing == "steps":
        first, step = random.choice([0, 1, 7]), random.choice([1, 1, 3])
        return [first + step * n for n in range(count)]
    year = random.choice(FAR_YEARS if random.random() < 0.12 else YEARS)
    start = datetime(year, 1 if whole else random.randint(1, 12), 1)
    if spacing in ("months", "quarters", "years"):
        size = {"months": 1, "quarters": 3, "years": 12}[spacing]
        if spacing == "years":
            start = start.replace(month=random.choice([1, 1, 12]))
        day = 1 if whole else random.choice([1, 1, 1, 15, 28, 29, 30, 31])
        months = [start.year * 12 + start.month - 1 + size * n for n in range(count)]
        return [on_day(month, day) for month in months]
    if not whole:
        start += timedelta(random.randint(0, 27))
    gaps = {"weeks": timedelta(7), "days": timedelta(1), "hours": timedelta(hours=1)}
    gap = gaps.get(spacing, timedelta(minutes=30))
    return [start + gap * n for n in range(count)]


def on_day(month: int, day: int) -> datetime:
    """A day of a month, counted from the year 0, or its last if it has no such day."""
    first = datetime(month // 12, month % 12 + 1, 1)
    after = datetime((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return first + timedelta(min(day, (after - first).days) - 1)
