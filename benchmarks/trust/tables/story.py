"""What a file says, and what a reader must find in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.trust.tables.numbers import NumberStyle, Value
from benchmarks.trust.tables.times import Moment, TimeStyle

# by name of the series, and by time
Found = dict[str, dict[object, float]]
# the name of the only series of a file, which is the file's
ONLY = ""


@dataclass(frozen=True)
class Story:
    """Series at common moments, and how times and numbers are written."""

    spacing: str
    moments: list[Moment]
    series: dict[str, list[Value]]
    time: TimeStyle
    number: NumberStyle

    @property
    def times(self) -> list[str]:
        return [self.time.text(moment) for moment in self.moments]

    @property
    def first(self) -> list[Value]:
        return next(iter(self.series.values()))

    def cells(self, name: str | None = None) -> list[str]:
        """The values of a series, by default the first, as they are written."""
        values = self.first if name is None else self.series[name]
        return [self.number.text(value) for value in values]

    def found(self, only: bool = False, moments: Sequence[Moment] | None = None) -> Found:
        """What is to be found of all series, or of the first if it is the only one."""
        times = moments or self.time.truth(self.moments)
        series = {ONLY: self.first} if only else self.series
        return {name: self.by_time(times, values) for name, values in series.items()}

    def by_time(self, times: Sequence[Moment], values: list[Value]) -> dict[object, float]:
        known = [self.number.known(value) for value in values]
        pairs = zip(map(stamp, times), known, strict=True)
        return {time: value for time, value in pairs if value is not None}


@dataclass(frozen=True)
class Laid:
    """A story as rows of cells.

    Attributes:
        rows: the first is the header.
        found: what is to be found.
        options: what a person says of the table.
        columns: that name series, time and value, where a person says so.
        stands_alone: whether lines above the header or below the values would make it another kind.
    """

    rows: list[list[str]]
    found: Found
    options: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    stands_alone: bool = False


def stamp(moment: Moment) -> object:
    return np.int64(moment) if isinstance(moment, int) else np.datetime64(moment, "s")
