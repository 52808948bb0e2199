"""The roles that the columns of a table have: names, times and values."""

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Layout:
    """Where things are, by number of column.

    Attributes:
        times: the columns that make up the time; none where the header alone does.
        values: the column of values; several in a wide table or a matrix.
        id: names of the series; several name one together, none one series or a series a column.
        part: what the last cell of a time of several is, see ``parts.TEXTS``.
        is_wide: whether each column of values is a series.
        labels: of a matrix, the cell of the time that the header holds, for each of ``values``.
        label_first: whether that cell is the first one of the time, such as a year above months.
        constant: columns that are not read since they always hold the same, with that text.
        notes: what was guessed.
    """

    times: tuple[int, ...]
    values: tuple[int, ...]
    id: tuple[int, ...] = ()
    part: str = ""
    is_wide: bool = False
    labels: tuple[str, ...] = ()
    label_first: bool = False
    constant: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether there is one row per value, with a column of times."""
        return not (self.labels or self.is_wide or self.part)

    def that(self, note: str, **changes: Any) -> "Layout":
        """The layout with a note on what was guessed, and perhaps with other roles."""
        return replace(self, notes=(*self.notes, note), **changes)

    def roles(self, header: list[str]) -> dict[str, list[str]]:
        """The names of the columns by what they hold."""
        value = "value"
        if self.is_wide or self.labels:
            value += ", a series a column" if self.is_wide else ", a time a column"
        places = {"series": self.id, "time": self.times, value: self.values}
        used = {place for each in places.values() for place in each}
        left = tuple(place for place in range(len(header)) if place not in used)
        every = {**places, "left out": left}
        return {role: [header[n] for n in of if header[n]] for role, of in every.items() if of}

    def long_columns(self, header: list[str]) -> tuple[str | None, str | None]:
        """The columns of names and times of a long table; None where there is no such column."""
        if not self.is_long:
            return None, None
        return header[self.id[0]] if len(self.id) == 1 else None, header[self.times[0]]
