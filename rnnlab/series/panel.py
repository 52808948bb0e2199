"""One or more series, filled where values are missing, and where their parts end."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.params import SeriesData, SeriesTask
from rnnlab.series.normalization import min_training_values
from rnnlab.series.times import format_times
from rnnlab.tables.reading import Table

MAX_LINES = 10


@dataclass(frozen=True)
class Panel:
    """One or more series, concatenated.

    Attributes:
        ids: names of the series, [S].
        offsets: int64 [S + 1]; series s is ``values[offsets[s]:offsets[s + 1]]``.
        ds: datetime64[s] or int64 [M], the time of each value.
        values: float64 [M], in the units of the file.
        filled: bool [M], which values were filled in for gaps and are not observations.
        left_out: series of the file that were left out: the reason by name.
        missing: bool [M], which rows the file lacks; None if it lacks none.
        table: what the panel was read from.
    """

    ids: list[str]
    offsets: np.ndarray
    ds: np.ndarray
    values: np.ndarray
    filled: np.ndarray
    left_out: dict[str, str] = field(default_factory=dict)
    missing: np.ndarray | None = None
    table: Table | None = field(default=None, compare=False, repr=False)

    @property
    def notes(self) -> list[str]:
        """What was guessed of the table, and how many rows it lacks."""
        notes = [] if self.table is None else [*self.table.notes]
        if self.missing is not None and self.missing.any():
            first = int(np.argmax(self.missing))
            name = self.ids[int(np.searchsorted(self.offsets, first, side="right")) - 1]
            of = f"of {name!r} " if len(self.ids) > 1 else ""
            kind = "gaps" if self.filled[first] else "zeros"
            # as in a table of the days with a sale
            many = self.filled[first] and 2 * self.missing.sum() > len(self.missing)
            guess = " (guessed; else --read missing=zero)" if many else ""
            notes.append(
                f"{self.missing.sum()} of {len(self.missing)} rows missing: {kind}{guess}, the "
                f"first {of}at {format_times(self.ds[first : first + 1])[0]}"
            )
        return notes

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def span(self, number: int) -> slice:
        return slice(int(self.offsets[number]), int(self.offsets[number + 1]))

    def without_rows(self) -> "Panel":
        """The panel without the rows of its table, which take as much memory as its values."""
        if self.table is None:
            return self
        nothing = np.empty(0)
        return replace(self, table=replace(self.table, codes=nothing, ds=nothing, y=nothing))

    def without(self, problems: dict[int, str], path: str) -> "Panel":
        """The panel without the series whose indices are keys of ``problems``.

        Raises:
            InputError: no series is left; the message has the first problem.
        """
        if not problems:
            return self
        if len(problems) == len(self.ids):
            number, reason = next(iter(problems.items()))
            others = f" (and {len(problems) - 1} more series)" if len(problems) > 1 else ""
            raise InputError(f"{path}: series {self.ids[number]!r} {reason}{others}")
        kept = [number for number in range(len(self.ids)) if number not in problems]
        rows = np.concatenate([np.arange(*self.offsets[n : n + 2]) for n in kept])
        named = {self.ids[number]: reason for number, reason in problems.items()}
        return Panel(
            [self.ids[number] for number in kept],
            np.cumsum([0, *self.lengths[kept]]),
            self.ds[rows],
            self.values[rows],
            self.filled[rows],
            {**self.left_out, **named},
            None if self.missing is None else self.missing[rows],
            self.table,
        )


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


def cut_at(ends: np.ndarray, lengths: np.ndarray, data: SeriesData) -> Cut:
    """The cut whose test parts begin at ``ends`` [S]; negative if a series is too short."""
    validation = np.maximum(1, np.round(ends * data.validation_fraction).astype(np.int64))
    if data.validation_steps is not None:
        validation = np.full_like(ends, data.validation_steps)
    return Cut(train=ends - validation, validation=ends, test=lengths)


def say_notes(panel: Panel) -> None:
    """Print a line of what was guessed on stderr, if anything was."""
    if panel.notes and panel.table:
        print(f"{panel.table.name}: {'; '.join(panel.notes)}", file=sys.stderr)


def fill_gaps(panel: Panel, period: int) -> Panel:
    """Fill each gap with the value one period before, or the previous one.

    Only the past is used, and filled values are not scored.
    """
    values = panel.values.copy()
    start = np.repeat(panel.offsets[:-1], panel.lengths)
    for gap in np.flatnonzero(np.isnan(values)):
        values[gap] = values[gap - (period if gap - start[gap] >= period else 1)]
    return replace(panel, values=values)


def warn_left_out(panel: Panel, path: str, list_path: Path | None = None) -> None:
    """Print a line on stderr for each of the first series that were left out.

    Args:
        list_path: the file that names all of them, if there is one.
    """
    for name, reason in list(panel.left_out.items())[:MAX_LINES]:
        print(f"{path}: left out: series {name!r} {reason}", file=sys.stderr)
    if len(panel.left_out) > MAX_LINES:
        rest = len(panel.left_out) - MAX_LINES
        where = f"; {list_path} names all" if list_path else ""
        print(f"{path}: left out: {rest} more{where}", file=sys.stderr)


def unusable_series(panel: Panel, training: np.ndarray, task: SeriesTask) -> dict[int, str]:
    """Reasons why the task's normalization cannot be fitted on series, by index.

    Args:
        training: number of training values of each series, [S].
    """
    method, period = task.normalize.method, task.data.period
    needed = min_training_values(method, period)
    problems = {}
    for number, count in enumerate(training):
        y = panel.values[panel.span(number)]
        if count < needed:
            problems[number] = (
                f"has {len(y)} values, {max(int(count), 0)} of them for training; "
                f"normalize.method {method} with period {period} takes {needed} or more"
            )
        # checked in the whole series, since test values need a logarithm too
        elif method.startswith("log") and y.min() <= 0:
            other = "exponential_smoothing" if "smoothing" in method else "minmax or standard"
            problems[number] = (
                f"holds {y.min():g}, which has no logarithm; "
                f"write {other} as normalize.method in params.yaml"
            )
        elif np.ptp(y[:count]) == 0:
            problems[number] = f"is constant ({y[0]:g}) in its training part"
    return problems
