"""What people write around a number: a unit, a currency, brackets for minus, k for thousands."""

import re
import unicodedata
from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnlab.cells.months import month_number, month_readings
from rnnlab.core.errors import InputError

# signs that group thousands wherever the decimal sign is a point or a comma
SPACES = " \u00a0\u202f\u2009'’"
POWERS = {
    3: "k K tsd Tsd tausend thousand 千",
    4: "万 萬",
    6: "M mn mln mio Mio mill million millions Millionen",
    8: "億 亿",
    9: "B bn mrd Mrd billion billions Milliarden milliards",
}
# of East Asian keyboards, as wide as other signs
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
POWER_OF = {name: power for power, names in POWERS.items() for name in names.split()}
# of time, not of values: 5 PM, 1st, 2000年
NO_UNITS = {"am", "pm", "ad", "bc", "ce", "bce", "st", "nd", "rd", "th", "q", "fy"}
NO_UNITS |= {*"年月日時时分秒년월일", "年度"}
CURRENCIES = "".join(
    chr(code)
    for code in (*range(0x24, 0x20D0), *range(0xFE69, 0xFFE7))
    if unicodedata.category(chr(code)) == "Sc"
)
# of a month, and the letters of its name
LAST_DAY, SHORTEST = 31, 3
MINUS = "\u2212\u2013-"
_POWER = "|".join(sorted(POWER_OF, key=len, reverse=True))
FORM = re.compile(
    rf"(?P<below>[<≤] ?)?(?P<first>[+{MINUS}]|\()?"
    rf"(?P<before>[A-Za-z]{{0,3}}[{CURRENCIES}][A-Z]{{0,3}}|[A-Z]{{3}}|(?:[Kk]r|Rs|R[pM]?|Fr|zł|Kč)\.?)?"
    rf"[{SPACES}]?(?P<second>[+{MINUS}]|\()?"
    rf"(?P<core>[.,]?\d(?:[\d.,{SPACES}]*\d)?[.,]?)"
    rf"(?P<closed>\))?(?P<last>[{MINUS}])?"
    rf"[{SPACES}]?(?:(?P<power>{_POWER})(?![^\W\d_])\.?)?"
    rf"[{SPACES}]?(?P<after>[^\W\d_%‰°{CURRENCIES}][^\s\d()<>=,;:]{{0,11}}|[A-Z]{{0,3}}[%‰°{CURRENCIES}][A-Z]{{0,2}})?"
    r"(?P<shut>\))?"
)


class Dressed(NamedTuple):
    """A number as text with its sign, times ten to the ``power``.

    ``said`` is how it was written, where a reader may not expect it: below, minus, power.
    """

    core: str
    power: int
    unit: str
    said: str


def plain_digits(text: str) -> str:
    """The text with the digits 0 to 9 in the place of those of other scripts, as １ and ٣."""
    if text.isascii():
        return text
    text = text.translate(WIDE)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def undress(text: str) -> Dressed | None:
    """The number in a text that holds more than that; None where there is none."""
    match = FORM.fullmatch(text)
    if match is None:
        return None
    signs = [sign for each in ("first", "second", "last") if (sign := match[each])]
    shut = [match[each] for each in ("closed", "shut") if match[each]]
    if len(signs) > 1 or len(shut) != signs.count("("):
        return None
    if match["before"] and match["after"] and match["after"] not in "%‰":
        return None
    unit, power = match["before"] or match["after"] or "", match["power"]
    if not _is_unit(unit.strip(".")):
        return None
    minus = bool(signs) and signs[0] != "+"
    said = "below" if match["below"] else "power" if power else ""
    if minus and (signs[0] == "(" or match["last"]):
        said = said or "minus"
    core = ("-" if minus else "") + match["core"]
    return Dressed(core, POWER_OF[power] if power else 0, unit, said)


def _is_unit(word: str) -> bool:
    return word.lower() not in NO_UNITS and not month_number(word)


def common_unit(cells: list[str]) -> str | None:
    """The unit of all cells, empty where they have k or M alone; None where one is no number."""
    found = [undress(plain_digits(cell)) for cell in cells]
    units = {each.unit if each else None for each in found}
    return units.pop() if len(units) == 1 else None


def bare(cell: str) -> str:
    """The number in a cell without what is around it."""
    dressed = undress(plain_digits(cell))
    return dressed.core if dressed else cell


class Dress:
    """What stands around the numbers of a file: one unit in all cells of a series, or none.

    Args:
        below: half or zero, what <1 is, where a person says so.
    """

    # cells of these signs alone are numbers as they are, but for a minus behind them
    plain = frozenset("0123456789+-.," + SPACES)

    def __init__(self, below: str | None) -> None:
        self.below = below
        # the first cell of each unit, for messages, and of each kind of writing
        self.units: dict[str, str] = {}
        self.said: dict[str, tuple[str, int]] = {}
        self.places, self.codes = array("q"), array("i")

    def add(self, cell: str, found: dict[str, float], place: int, where: str) -> dict[str, float]:
        """The readings of the cell of the value at ``place``, after what a person says of it."""
        dressed = undress(plain_digits(cell))
        if dressed is None:
            return found
        if dressed.unit:
            self.units.setdefault(dressed.unit, where)
            self.places.append(place)
            self.codes.append(list(self.units).index(dressed.unit))
        if dressed.said == "below" and self.below:
            return dict.fromkeys(found, 0.0) if self.below == "zero" else found
        if dressed.said:
            self.said.setdefault(dressed.said, (cell, place))
        return found

    @property
    def unit(self) -> str:
        """The unit of all series; empty where they have several or none."""
        return next(iter(self.units)) if len(self.units) == 1 else ""

    def finish(self, series: np.ndarray, values: Sequence[float]) -> list[str]:
        """What is to be said of the values, [M], of which ``series`` has the index of the series.

        Raises:
            InputError: a series has two units, or values without the unit of others.
        """
        notes = []
        if self.units:
            self._check_months(np.array(values))
            self._check_units(series, np.array(values))
            notes.append(f"values in {', '.join(self.units)}")
        for kind, (cell, place) in self.said.items():
            guess = " (guessed; else --read below=zero)" if kind == "below" else ""
            notes.append(f"{cell!r} read as {values[place]:.15g}{guess}")
        return notes

    def _check_months(self, values: np.ndarray) -> None:
        """InputError where 5 mai is a day; English months are no units in any cell."""
        numbers = values[np.array(self.places)]
        days = (numbers % 1 == 0) & (numbers > 0) & (numbers <= LAST_DAY)
        words = [unit for unit in self.units if unit.strip(".").isalpha() and len(unit) >= SHORTEST]
        if days.all() and len(words) == len(self.units):
            found = month_readings(words, rare=False)
            if found and len(found[0]) == len(words):
                raise InputError(f"{self.units[words[0]]}; write a number or leave it empty")

    def _check_units(self, series: np.ndarray, values: np.ndarray) -> None:
        codes = np.full(len(values), -1)
        codes[np.array(self.places)] = np.array(self.codes)
        # zero has no need of one
        filled = ~np.isnan(values) & ((values != 0) | (codes >= 0))
        own, units = np.unique(np.column_stack([series, codes])[filled], axis=0).T
        bad = units[np.isin(own, own[1:][own[1:] == own[:-1]])]
        if len(bad):
            unit = list(self.units)[bad.max()]
            raise InputError(
                f"{self.units[unit]}, but {unit!r} is not in all cells; write a number or leave "
                "it empty, or write one unit in all cells"
            )
