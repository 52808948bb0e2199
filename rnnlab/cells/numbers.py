"""Numbers as people write them: which sign is the decimal one, a whole file decides."""

import math
import re
from array import array
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.cells.units import SPACES, Dress, bare, plain_digits, undress
from rnnlab.core.errors import InputError
from rnnlab.core.notes import note

# cells that mean a missing value; . .. and : are those of statistics offices
MISSING_CELLS = {"", "nan", "na", "null", "none", "n/a", "#n/a", "<na>", ".", "..", "...", ":"}
_EXPONENT = r"(?:[eE][+-]?\d+)?"
FORMS = {
    decimal: re.compile(
        rf"[+-]?(?:(?:\d+(?:{sign}\d*)?|{sign}\d+){_EXPONENT}"
        rf"|[1-9]\d{{0,2}}(?:(?:{group}\d{{3}})+|(?:[{SPACES}]\d{{3}})+)(?:{sign}\d*)?)"
    )
    for decimal, sign, group in (("point", r"\.", ","), ("comma", ",", r"\."))
}
# 12,34,567 in India
LAKHS = re.compile(r"[+-]?[1-9]\d?(?:,\d\d)+,\d{3}(?:\.\d*)?")
# fewer cells of a kind may be chance
SURE = 3
# a smaller share of texts among numbers is mistyped
FEW = 0.05
# what most files hold, for speed
PLAIN = re.compile(r"-?[0-9]+\.[0-9]+")


class Typed(str):
    """A cell that the file holds as a number or a time, so that nothing is to be guessed."""


def readings(cell: str, loose: bool = False) -> dict[str, float]:
    """The number that ``cell`` is by decimal sign: none, one or two, which may be the same.

    If ``loose`` with something around it, such as 5.0%, $5, (5), <5, 5k or 5 kWh.
    """
    cell = plain_digits(cell.strip()).replace("\u2212", "-")
    found = {}
    # other digits than these are numbers for Python, but for few other readers
    if cell.isascii() or set(cell) <= set("0123456789+-.,eE" + SPACES):
        found = _numbers_in(cell, 0)
    if loose and not found and (dressed := undress(cell)) is not None:
        found = _numbers_in(dressed.core, dressed.power)
        if dressed.said == "below":
            found = {decimal: number / 2 for decimal, number in found.items()}
    return {decimal: number for decimal, number in found.items() if math.isfinite(number)}


def _numbers_in(text: str, power: int) -> dict[str, float]:
    found = {}
    for decimal, form in FORMS.items():
        if form.fullmatch(text):
            sign = "." if decimal == "point" else ","
            plain = "".join(c for c in text if c in "0123456789+-eE" or c == sign)
            plain = plain.replace(",", ".")
            # 1.1k is 1100, and not 1.1 * 1000
            found[decimal] = float(f"{plain}e{power}" if power else plain)
    if not found and LAKHS.fullmatch(text):
        return {"point": float(text.replace(",", "") + f"e{power}")}
    return found


def is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING_CELLS


class Numbers:
    """Collects the numbers of a file; those with two readings wait for one that has one alone.

    A cell such as 1.5, 0,123, 1,234,567 or 1,234.5 says what the signs of the whole file mean. If
    all cells with a sign are like 1,234, which is 1234 or 1.234, three cases are decided, and said
    as guesses:

    - Thousands, if a series has at least three different ones, and three different whole numbers
      below 1000: whole decimals would end with three zeros, or others would have fewer decimals.
    - Thousands, if at least three different ones all end with ,000, between commas: decimals that
      are all zero have no reason there.
    - Decimals, if they are like 1.234, between commas: what programs write as CSV.

    All else is asked, even 1,234 between commas, which German spreadsheets on the web write for
    1.234; 1.234 between semicolons or tabs; and whole numbers beside 1.234 between commas.

    Args:
        name: of the file.
        decimal: point or comma, where a person says so.
        separator: the sign between cells; None if the cells stand alone.
        below: half or zero, what <1 is, where a person says so.
    """

    def __init__(
        self, name: str, decimal: str | None, separator: str | None, below: str | None = None
    ) -> None:
        self.name, self.settled, self.separator = name, decimal, separator
        self.dress, self.said = Dress(below), decimal is not None
        self.values = array("d")
        self.waiting: list[tuple[int, str, int, str]] = []
        self.notes: list[str] = []

    def add(self, cell: str, row: int, column: str) -> None:
        """Add the number of a cell, NaN if it is missing.

        Raises:
            InputError: the cell holds no number, or one with another decimal sign than before.
        """
        if cell.isdigit() and cell.isascii():
            self.values.append(float(cell))
            return
        if self.settled == "point" and PLAIN.fullmatch(cell):
            self.values.append(float(cell))
            return
        if is_missing(cell):
            self.values.append(math.nan)
            return
        found = readings(cell, loose=True)
        where = f"{self.name}: row {row}: column {column!r} holds {cell!r}"
        if not found:
            raise InputError(f"{where}; write a number or leave it empty")
        if cell[-1] == "-" or not Dress.plain.issuperset(cell):
            found = self.dress.add(cell, found, len(self.values), where)
        if isinstance(cell, Typed) or (len(found) == 2 and len({*found.values()}) == 1):
            self.values.append(found["point"])
        elif self.settled:
            if self.settled not in found:
                raise InputError(
                    f"{where}, but the decimal sign is a {self.settled} elsewhere; write one sign",
                    ["--read decimal="] if self.said else (),
                )
            self.values.append(found[self.settled])
        elif len(found) == 1:
            (self.settled,) = found
            self.values.append(found[self.settled])
        else:
            self.waiting.append((len(self.values), cell, row, column))
            self.values.append(math.nan)

    def finish(self, series: np.ndarray) -> None:
        """Settle what waits.

        Args:
            series: for each number the index of its series, [M].

        Raises:
            InputError: no cell says which sign is the decimal one.
        """
        self._settle(series)
        self.notes += self.dress.finish(series, self.values)

    def _settle(self, series: np.ndarray) -> None:
        if not self.waiting:
            return
        decimal = self.settled or self._usual(series)
        if decimal is None:
            _, cell, row, column = self.waiting[0]
            found = readings(cell, loose=True)
            raise InputError(
                f"{self.name}: row {row}: column {column!r} holds {cell!r}, which is "
                f"{found['point']:.15g} or {found['comma']:.15g}; "
                "add --read decimal=point or decimal=comma",
                ["--read decimal=point"],
            )
        for place, cell, *_ in self.waiting:
            self.values[place] = readings(cell, loose=True)[decimal]
        if not self.settled:
            place, cell, *_ = self.waiting[0]
            other = "comma" if decimal == "point" else "point"
            self.notes.append(
                f"{cell!r} read as {self.values[place]:.15g} (guessed; else --read decimal={other})"
            )
        self.waiting = []

    def _usual(self, series: np.ndarray) -> str | None:
        """The decimal sign, if the cells that wait and the others leave little doubt of it."""
        cells = {bare(cell) for _, cell, *_ in self.waiting}
        signs = {sign for sign in ".," for cell in cells if sign in cell}
        if len(signs) > 1:
            return None
        grouped = self._are_among_short(series)
        if self.separator == "," and "." in signs:
            return None if grouped else "point"
        whole = len(cells) >= SURE and all(cell.endswith(",000") for cell in cells)
        if grouped or (whole and self.separator == ","):
            return "comma" if "." in signs else "point"
        return None

    def _are_among_short(self, series: np.ndarray) -> bool:
        """Whether some series has several cells that wait, and several whole numbers below 1000."""
        places = np.array([place for place, *_ in self.waiting])
        texts = pd.Series([cell for _, cell, *_ in self.waiting])
        # a view would keep the array from growing
        sizes = np.abs(np.array(self.values))
        short = (sizes > 0) & (sizes < 1000) & (sizes % 1 == 0)
        waiting = texts.groupby(series[places]).nunique()
        whole = pd.Series(sizes[short]).groupby(series[short]).nunique()
        return bool({*waiting.index[waiting >= SURE]} & {*whole.index[whole >= SURE]})


def as_column(
    cells: Sequence[object] | pd.Series,
    name: str,
    column: str,
    decimal: str | None,
    separator: str | None,
    rows: Sequence[int] | None = None,
) -> np.ndarray:
    """Cells as float64 with NaN for missing ones if all others are numbers, else as texts, [M].

    Args:
        name: of the file.
        decimal, separator: see ``Numbers``.
        rows: of the cells in the file, [M]; None where they are counted from 1.

    Raises:
        InputError: no cell says which sign is the decimal one, or a few are no numbers among many.
    """
    if isinstance(cells, pd.Series) and cells.dtype.kind in "iuf":
        typed_numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isinf(typed_numbers).any():
            return typed_numbers
    codes, unique = pd.factorize(np.asarray(cells, dtype=object))
    texts = [str(each).strip() for each in unique]
    texts = ["" if is_missing(text) else text for text in texts]
    typed = [not isinstance(each, str) or isinstance(each, Typed) for each in unique]
    booleans = {"true": "1", "false": "0"}
    if {text.lower() for text in texts} <= {*booleans, ""} and any(texts):
        texts = [booleans.get(text.lower(), "") for text in texts]
    # codes are in the order in which cells stand
    first = np.flatnonzero(np.diff(np.maximum.accumulate(codes), prepend=-1))
    places = [int(place) + 1 if rows is None else rows[int(place)] for place in first]
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    words = [place for place, text in enumerate(texts) if text and not readings(text)]
    if words:
        filled = counts[[place for place, text in enumerate(texts) if text]].sum()
        infinite = any(isinstance(unique[place], float) for place in words)
        if infinite or counts[words].sum() < FEW * filled:
            raise InputError(
                f"{name}: row {places[words[0]]}: column {column!r} holds {texts[words[0]]!r}, but "
                "numbers elsewhere; write a number or leave it empty"
            )
        return np.array([*texts, ""], dtype=object)[codes]
    numbers = Numbers(name, decimal, separator)
    for text, is_typed, row in zip(texts, typed, places, strict=True):
        numbers.add(Typed(text) if is_typed else text, row, column)
    numbers.finish(np.zeros(len(texts), dtype=np.int64))
    for guess in numbers.notes:
        note(f"{name}: column {column!r}: {guess}")
    return np.array([*numbers.values, np.nan])[codes]
