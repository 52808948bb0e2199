"""One or more series, the one container of them, and where their parts end."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.core.params import SeriesData
from rnnlab.series.measures import as_values, lowest_values, units_of
from rnnlab.series.scalers import positions_in_series, rows_of
from rnnlab.series.times import format_times, future_times, usual_step

if TYPE_CHECKING:
    # what works on series needs no reader of tables
    from rnnlab.tables.reading import Table

MAX_LINES = 10


@dataclass(frozen=True)
class Covariates:
    """What is known of every step of a panel, of the next ones too: prices, weather, holidays.

    Attributes:
        names: [K].
        offsets: int64 [S + 1]; the rows of series s are ``values[offsets[s]:offsets[s + 1]]``, the
            first of them at its first value, the last one after its last value.
        values: float64 [R, K], finite.
    """

    names: list[str]
    offsets: np.ndarray
    values: np.ndarray

    def subset(self, series: np.ndarray) -> "Covariates":
        """Only the series with these numbers, [K], in their order."""
        offsets = np.cumsum([0, *np.diff(self.offsets)[series]])
        return replace(self, offsets=offsets, values=self.values[rows_of(self.offsets, series)])


@dataclass(frozen=True)
class Panel:
    """One or more series, end to end: what readers return and what methods read.

    Attributes:
        ids: names of the series, [S].
        offsets: int64 [S + 1]; series s is ``y[offsets[s]:offsets[s + 1]]``.
        ds: datetime64[s] or int64 [M], the time of each value.
        y: float64 [M], in the units of the data; NaN where nothing was observed. Each series begins
            and ends with a value.
        period: steps in a season, 1 for none.
        longer: steps in a second season; None for the one that usually goes with the period.
        left_out: series that were left out: the reason by name.
        missing: bool [M], which rows the data lack; None if they lack none.
        table: what the panel was read from.
        covariates: what is known beside the values; None without them.
    """

    ids: list[str]
    offsets: np.ndarray
    ds: np.ndarray
    y: np.ndarray
    period: int = 1
    left_out: dict[str, str] = field(default_factory=dict)
    missing: np.ndarray | None = None
    table: "Table | None" = field(default=None, compare=False, repr=False)
    covariates: Covariates | None = None
    longer: float | None = None

    @cached_property
    def filled(self) -> np.ndarray:
        """y, where each gap has the value one period before, or the previous one, [M].

        Only the past is used, and filled values are not scored.
        """
        gaps = np.flatnonzero(np.isnan(self.y))
        if not len(gaps):
            return self.y
        values, period = self.y.copy(), self.period
        start = np.repeat(self.offsets[:-1], self.lengths)
        for gap in gaps:
            values[gap] = values[gap - (period if gap - start[gap] >= period else 1)]
        return values

    @cached_property
    def lowest(self) -> np.ndarray:
        """What no forecast lies below, [S]: 0 where a series never did, else minus infinity."""
        return lowest_values(self.y, self.offsets)

    @cached_property
    def units(self) -> np.ndarray:
        """What forecasts are multiples of, [S]: see ``units_of``."""
        return units_of(self.y, self.offsets)

    def as_values(self, forecasts: np.ndarray) -> np.ndarray:
        """Forecasts [S, ...] as each series can take them: not below its lowest, whole numbers."""
        return as_values(forecasts, self.lowest, self.units)

    @property
    def notes(self) -> list[str]:
        """What was guessed of the table, and how many rows it lacks."""
        notes = [] if self.table is None else [*self.table.notes]
        if self.missing is not None and self.missing.any():
            first = int(np.argmax(self.missing))
            name = self.ids[int(np.searchsorted(self.offsets, first, side="right")) - 1]
            of = f"of {name!r} " if len(self.ids) > 1 else ""
            gap = np.isnan(self.y[first])
            kind = "gaps" if gap else "zeros"
            # as in a table of the days with a sale
            many = gap and 2 * self.missing.sum() > len(self.missing)
            guess = " (guessed; else --read missing=zero)" if many else ""
            notes.append(
                f"{self.missing.sum()} of {len(self.missing)} rows missing: {kind}{guess}, the "
                f"first {of}at {format_times(self.ds[first : first + 1])[0]}"
            )
        return notes

    @property
    def id_columns(self) -> dict[str, np.ndarray]:
        """Of columns that name the series together the cells of each series, [S]; else none."""
        if self.table is None or not self.table.parts:
            return {}
        place = {name: number for number, name in enumerate(self.table.names)}
        rows = [place[name] for name in self.ids]
        parts = self.table.parts.items()
        return {column: np.array(cells, dtype=object)[rows] for column, cells in parts}

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def span(self, number: int) -> slice:
        return slice(int(self.offsets[number]), int(self.offsets[number + 1]))

    def parts(self, values: np.ndarray, ends: np.ndarray | None = None) -> list[np.ndarray]:
        """Of values [M] those of each series, or the first ``ends`` [S] of them."""
        stops = self.offsets[1:] if ends is None else self.offsets[:-1] + ends
        return [values[a:b] for a, b in zip(self.offsets[:-1], stops, strict=True)]

    def future(self, horizon: int) -> np.ndarray:
        """The next times of each series, end to end, [S * H]; equal ones are worked out once."""
        usual = usual_step(self.ds, self.offsets)
        known: dict[tuple, np.ndarray] = {}
        ahead = []
        for number in range(len(self.ids)):
            ds = self.ds[self.span(number)]
            key = (len(ds), ds[0], ds[-1])
            if key not in known:
                known[key] = future_times(ds, horizon, usual)
            ahead.append(known[key])
        return np.concatenate(ahead)

    def without_rows(self) -> "Panel":
        """The panel without the rows of its table, which take as much memory as its values."""
        if self.table is None:
            return self
        nothing = np.empty(0)
        table = replace(self.table, codes=nothing, ds=nothing, y=nothing, known={})
        return replace(self, table=table)

    def subset(self, series: np.ndarray) -> "Panel":
        """Only the series with these numbers, [K], in their order."""
        rows = rows_of(self.offsets, series)
        return replace(
            self,
            ids=[self.ids[number] for number in series],
            offsets=np.cumsum([0, *self.lengths[series]]),
            ds=self.ds[rows],
            y=self.y[rows],
            missing=None if self.missing is None else self.missing[rows],
            covariates=None if self.covariates is None else self.covariates.subset(series),
        )

    def until(self, ends: np.ndarray) -> "Panel":
        """The first ``ends`` [S] values of each series, up to the last observed one of them."""
        known = [np.flatnonzero(~np.isnan(y)) for y in self.parts(self.y, ends)]
        ends = np.array([places[-1] + 1 for places in known])
        rows = positions_in_series(self.offsets) < np.repeat(ends, self.lengths)
        return replace(
            self,
            offsets=np.cumsum([0, *ends]),
            ds=self.ds[rows],
            y=self.y[rows],
            missing=None if self.missing is None else self.missing[rows],
        )

    def without(self, problems: dict[int, str], name: str, options: Sequence[str] = ()) -> "Panel":
        """The panel without the series whose numbers are keys of ``problems``.

        Args:
            name: of the data, for the message.
            options: with which the first of them would be of use.

        Raises:
            InputError: no series is left; the message has the first problem.
        """
        if not problems:
            return self
        if len(problems) == len(self.ids):
            number, reason = next(iter(problems.items()))
            others = f" (and {len(problems) - 1} more series)" if len(problems) > 1 else ""
            raise InputError(f"{name}: series {self.ids[number]!r} {reason}{others}", options)
        kept = np.array([number for number in range(len(self.ids)) if number not in problems])
        named = {self.ids[number]: reason for number, reason in problems.items()}
        return replace(self.subset(kept), left_out={**self.left_out, **named})


@dataclass(frozen=True)
class Cut:
    """Where the training, validation and test parts of each series end: counts of values, [S]."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def cut_series(lengths: np.ndarray, data: SeriesData) -> dict[str, Cut]:
    """Return the two cuts of series with ``lengths`` [S] values.

    main: the last ``test_fraction`` (or ``test_steps``) is the test part; for protocols one_step,
    long and rolling.
    year: the last period is the test part; for protocol year.
    In both, the last ``validation_fraction`` (or ``validation_steps``) of the values before the
    test part is validation.
    """
    # 1e-9, since 10 * (1 - 0.3) must not become 6
    main = np.floor(lengths * (1 - data.test_fraction) + 1e-9).astype(np.int64)
    if data.test_steps is not None:
        main = lengths - data.test_steps
    return {
        "main": cut_at(main, lengths, data),
        "year": cut_at(lengths - data.period, lengths, data),
    }


def training_ends(lengths: np.ndarray, data: SeriesData) -> np.ndarray:
    """How many values of each series are for training in both of its cuts, [S]."""
    cuts = cut_series(lengths, data)
    return np.minimum(cuts["main"].train, cuts["year"].train)


def cut_at(ends: np.ndarray, lengths: np.ndarray, data: SeriesData) -> Cut:
    """The cut whose test parts begin at ``ends`` [S]; negative if a series is too short."""
    validation = np.maximum(1, np.round(ends * data.validation_fraction).astype(np.int64))
    if data.validation_steps is not None:
        validation = np.full_like(ends, data.validation_steps)
    return Cut(train=ends - validation, validation=ends, test=lengths)


def say_notes(panel: Panel) -> None:
    """Note what was guessed, if anything was."""
    if panel.notes and panel.table:
        note(f"{panel.table.name}: {'; '.join(panel.notes)}")


def warn_left_out(panel: Panel, name: str, list_path: Path | None = None) -> None:
    """Note each of the first series that were left out, and how many more there are.

    Args:
        name: of the data.
        list_path: the file that names all of them, if there is one.
    """
    for series, reason in list(panel.left_out.items())[:MAX_LINES]:
        note(f"{name}: left out: series {series!r} {reason}")
    if len(panel.left_out) > MAX_LINES:
        rest = len(panel.left_out) - MAX_LINES
        where = f"; {list_path} names all" if list_path else ""
        note(f"{name}: left out: {rest} more{where}")
