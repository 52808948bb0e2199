"""Times of several cells, such as a year and its month: what a part is, and the text of a time."""

import re
from collections.abc import Callable

from rnnlab.cells.dates import YEAR
from rnnlab.cells.months import season_label

# how many parts a year has
FULL = {"M": 12, "Q": 4, "W": 53}


def minute_of_day(name: str) -> int | None:
    """90 for 01:30, 1440 for 24:00, 60 for h1, h01 or hour 1."""
    if match := re.fullmatch(r"(\d{1,2}):(\d\d)(?::00)?", name.strip()):
        return int(match[1]) * 60 + int(match[2])
    match = re.fullmatch(r"(?:h|hr|hour|he)[ _-]?(\d{1,2})", name.strip(), re.IGNORECASE)
    return int(match[1]) * 60 if match else None


def without_fraction(cell: str) -> str:
    """A whole number without the fraction .0 that it was written with."""
    return cell[:-2] if cell.endswith(".0") and re.fullmatch(r"\d{1,4}\.0", cell) else cell


def _of_year(part: str, form: str) -> Callable[[str, str], str]:
    def text(year: str, cell: str) -> str:
        year, cell = without_fraction(year), without_fraction(cell)
        label = season_label(cell)
        if label is None or label[0] not in (part, "N") or not YEAR.fullmatch(year):
            # no time, so that a message shows the cells
            return f"{year} {cell}"
        return form.format(year, label[1])

    return text


def _day(year: str, month: str, day: str) -> str:
    return f"{TEXTS['M'](year, month)}-{day.zfill(2)}"


def _hour(first: int) -> Callable[..., str]:
    """The time at which an hour begins, where those of a day are counted from 0 or 1."""

    def text(day: str, hour: str, minute: str = "00") -> str:
        if re.fullmatch(r"[0-9]{1,2}", hour):
            hour = f"{int(hour) - first:02}:{minute.zfill(2)}"
        return f"{day} {hour}"

    return text


def _interval(minutes: int) -> Callable[[str, str], str]:
    """The time at which an interval begins, where those of a day are counted from 1."""

    def text(day: str, number: str) -> str:
        if not re.fullmatch(r"[0-9]{1,3}", number):
            return f"{day} {number}"
        hour, minute = divmod((int(number) - 1) * minutes, 60)
        return f"{day} {hour:02}:{minute:02}"

    return text


# the text of a time by what the last of its cells is; empty for a time in one cell
TEXTS: dict[str, Callable[..., str]] = {
    "": str,
    "M": _of_year("M", "{}-{:02}"),
    "Q": _of_year("Q", "{}Q{}"),
    "W": _of_year("W", "{}-W{:02}"),
    "D": _day,
    "H": _hour(0),
    "H24": _hour(1),
    "half-hour": _interval(30),
    "quarter-hour": _interval(15),
}
