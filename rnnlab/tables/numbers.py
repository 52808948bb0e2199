"""Numbers as people write them: which sign is the decimal one, a whole file decides."""

import math
import re
from array import array

from rnnlab.core.errors import InputError

# cells that mean a missing value; . .. and : are those of statistics offices
MISSING_CELLS = {"", "nan", "na", "null", "none", "n/a", "#n/a", "<na>", ".", "..", "...", ":"}
# signs that group thousands wherever the decimal sign is a point or a comma
SPACES = " \u00a0\u202f\u2009'’"
_EXPONENT = r"(?:[eE][+-]?\d+)?"
FORMS = {
    decimal: re.compile(
        rf"[+-]?(?:(?:\d+(?:{sign}\d*)?|{sign}\d+){_EXPONENT}"
        rf"|[1-9]\d{{0,2}}(?:(?:{group}\d{{3}})+|(?:[{SPACES}]\d{{3}})+)(?:{sign}\d*)?)"
    )
    for decimal, sign, group in (("point", r"\.", ","), ("comma", ",", r"\."))
}
# what most files hold, for speed
PLAIN = re.compile(r"-?[0-9]+\.[0-9]+")


class Typed(str):
    """A cell that the file holds as a number or a time, so that nothing is to be guessed."""


def readings(cell: str) -> dict[str, float]:
    """The number that ``cell`` is by decimal sign: none, one or two, which may be the same."""
    cell = cell.strip().replace("\u2212", "-")
    found = {}
    # other digits than these are numbers for Python, but for few other readers
    if cell.isascii() or set(cell) <= set("0123456789+-.,eE" + SPACES):
        for decimal, form in FORMS.items():
            if form.fullmatch(cell):
                sign = "." if decimal == "point" else ","
                plain = "".join(c for c in cell if c in "0123456789+-eE" or c == sign)
                found[decimal] = float(plain.replace(",", "."))
    return {decimal: number for decimal, number in found.items() if math.isfinite(number)}


def is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING_CELLS


class Numbers:
    """Collects the numbers of a file; those with two readings wait for one that has one alone.

    Args:
        name: of the file.
        decimal: point or comma, where a person says so.
        separator: the sign between cells; None if the cells stand alone.
    """

    def __init__(self, name: str, decimal: str | None, separator: str | None) -> None:
        self.name, self.settled, self.separator = name, decimal, separator
        self.values = array("d")
        self.waiting: list[tuple[int, str, int, str]] = []
        # whether there are whole numbers of up to three digits, and of more, without a sign
        self.has_short = self.has_long = False
        self.notes: list[str] = []

    def add(self, cell: str, row: int, column: str) -> None:
        """Add the number of a cell, NaN if it is missing.

        Raises:
            InputError: the cell holds no number, or one with another decimal sign than before.
        """
        if cell.isdigit() and cell.isascii():
            self._note_whole(cell)
            self.values.append(float(cell))
            return
        if self.settled == "point" and PLAIN.fullmatch(cell):
            self.values.append(float(cell))
            return
        if is_missing(cell):
            self.values.append(math.nan)
            return
        found = readings(cell)
        where = f"{self.name}: row {row}: column {column!r} holds {cell!r}"
        if not found:
            raise InputError(f"{where}; write a number or leave it empty")
        if isinstance(cell, Typed) or (len(found) == 2 and len({*found.values()}) == 1):
            self._note_whole(cell)
            self.values.append(found["point"])
        elif self.settled:
            if self.settled not in found:
                raise InputError(
                    f"{where}, but the decimal sign is a {self.settled} elsewhere; write one sign"
                )
            self.values.append(found[self.settled])
        elif len(found) == 1:
            (self.settled,) = found
            self.values.append(found[self.settled])
        else:
            self.waiting.append((len(self.values), cell, row, column))
            self.values.append(math.nan)

    def finish(self) -> None:
        """Settle what waits.

        Raises:
            InputError: no cell says which sign is the decimal one.
        """
        for place, cell, row, column in self.waiting:
            found = readings(cell)
            decimal = self.settled or self._usual(cell)
            if decimal is None:
                point, comma = found["point"], found["comma"]
                raise InputError(
                    f"{self.name}: row {row}: column {column!r} holds {cell!r}, which is "
                    f"{point:.15g} or {comma:.15g}; add --read decimal=point or decimal=comma"
                )
            self.values[place] = found[decimal]
        if self.waiting and not self.settled:
            place, cell, *_ = self.waiting[0]
            number = self.values[place]
            self.notes.append(
                f"{cell!r} read as {number:.15g} (guessed; else --read decimal=comma)"
            )
        self.waiting = []

    def _note_whole(self, cell: str) -> None:
        if len(cell.lstrip("+-")) > 3:
            self.has_long = True
        else:
            self.has_short = True

    def _usual(self, cell: str) -> str | None:
        """Programs that separate cells by commas or tabs write decimal points, not commas.

        Unless the other cells say that the sign groups thousands, or that nothing does.
        """
        if "." in cell:
            usual = self.separator in (",", "\t") and (self.has_long or not self.has_short)
        else:
            usual = self.separator == "," and not self.has_long
        return "point" if usual else None
