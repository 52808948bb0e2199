"""Series in the long table ``unique_id, ds, y``: reading, cleaning, and where their parts end."""

import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.params import SeriesData, SeriesTask
from rnnlab.series.normalization import min_training_values
from rnnlab.series.readers import read_rows
from rnnlab.series.times import format_times, step_name

MIN_VALUES = 3
# beyond these, squares and differences are lost to the arithmetic of floating-point numbers
MAX_ABS_VALUE, MIN_RANGE = 1e30, 1e-9
MAX_LINES = 10


@dataclass(frozen=True)
class Panel:
    """One or many series, end to end.

    Attributes:
        ids: name of each series, S of them.
        offsets: int64 [S + 1]; series s is ``values[offsets[s]:offsets[s + 1]]``.
        ds: datetime64[s] or int64 [M], the time of each value.
        values: float64 [M], in the units of the file.
        filled: bool [M], which values stand in for gaps and are no truth.
        left_out: why a series of the file is not among them, by its name.
    """

    ids: list[str]
    offsets: np.ndarray
    ds: np.ndarray
    values: np.ndarray
    filled: np.ndarray
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def span(self, number: int) -> slice:
        return slice(int(self.offsets[number]), int(self.offsets[number + 1]))

    def without(self, problems: dict[int, str], path: str) -> "Panel":
        """The panel without the series whose numbers are keys of ``problems``.

        Raises:
            InputError: no series is left; the message is the first fault.
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
        )


@dataclass(frozen=True)
class Cut:
    """Where the training, validation and test parts of each series end: counts of values, [S]."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def cut_series(lengths: np.ndarray, data: SeriesData) -> dict[str, Cut]:
    """The two cuts of series of ``lengths`` values, [S].

    main: all but the last ``test_fraction`` (or ``test_steps``) is for fitting; for protocols
    one_step, long and rolling.
    year: all but the last period; for protocol year.
    In both, the last ``validation_fraction`` (or ``validation_steps``) of the fitting part is
    validation.
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
    """The cut whose fitting parts end at ``ends`` [S], which may be negative if nothing fits."""
    validation = np.maximum(1, np.round(ends * data.validation_fraction).astype(np.int64))
    if data.validation_steps is not None:
        validation = np.full_like(ends, data.validation_steps)
    return Cut(train=ends - validation, validation=ends, test=lengths)


def read_panel(data: SeriesData) -> Panel:
    """Read the table of a series task as it circulates.

    CSV, TSV or Parquet, by the file's suffix; footers, blank lines and gaps in y included. A
    trailing row without a number is a footer and is left out. A gap in the middle takes the value
    one period before (else the last value): the past alone, so that nothing leaks; no forecast is
    scored by it. Rows out of order are sorted. Of a panel of many, series that nothing can be
    learned from are left out, and a line on stderr says why.

    Raises:
        InputError: the file, a column, a date or a number is missing or unreadable, or no series
            is left.
    """
    path = Path(data.csv)
    panel = _sorted_panel(*read_rows(path, data), path)
    panel = panel.without(_problems(panel), str(path))
    return replace(panel, values=_fill_gaps(panel, data.period))


def warn_left_out(panel: Panel, path: str, listed: Path) -> None:
    """A line on stderr for each series that was left out, the first few of many.

    ``listed`` is the file that names them all.
    """
    for name, reason in list(panel.left_out.items())[:MAX_LINES]:
        print(f"{path}: left out: series {name!r} {reason}", file=sys.stderr)
    if len(panel.left_out) > MAX_LINES:
        rest = len(panel.left_out) - MAX_LINES
        print(f"{path}: left out: {rest} more; {listed} names all", file=sys.stderr)


def _sorted_panel(
    names: list[str], codes: np.ndarray, ds: np.ndarray, y: np.ndarray, path: Path
) -> Panel:
    """Rows sorted by name and time, without the unknown values at the ends of each series."""
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(names))
    places = rank[codes]
    follows = ds[1:] >= ds[:-1]
    if (~follows & (places[1:] == places[:-1])).any() or (places[1:] < places[:-1]).any():
        rows = np.lexsort((ds, places))
        if (np.diff(rows)[np.diff(places[rows]) == 0] < 0).any():
            print(f"{path}: rows are not in order of time; sorted", file=sys.stderr)
        places, ds, y = places[rows], ds[rows], y[rows]
    lengths = np.bincount(places, minlength=len(names))
    ends = np.cumsum([0, *lengths])
    kept = np.ones(len(y), dtype=bool)
    for number in np.unique(places[np.isnan(y)]):
        span = slice(ends[number], ends[number + 1])
        known = np.flatnonzero(~np.isnan(y[span]))
        first, last = (known[0], known[-1]) if len(known) else (0, -1)
        kept[span] = False
        kept[span][first : last + 1] = True
        lengths[number] = last + 1 - first
    if not kept.all():
        ds, y = ds[kept], y[kept]
    offsets = np.cumsum([0, *lengths])
    return Panel([names[number] for number in order], offsets, ds, y, np.isnan(y))


def _problems(panel: Panel) -> dict[int, str]:
    """Why nothing can be learned from a series, by its number, in words that follow its name."""
    problems: dict[int, str] = {}
    steps: dict[int, str] = {}
    for number in range(len(panel.ids)):
        ds, y = panel.ds[panel.span(number)], panel.values[panel.span(number)]
        if len(y) < MIN_VALUES:
            problems[number] = f"has {len(y)} value{'s' * (len(y) != 1)}; it needs many more"
            continue
        gaps = np.diff(ds)
        doubled = np.flatnonzero(gaps == gaps.dtype.type(0))
        if len(doubled):
            problems[number] = f"has {format_times(ds)[doubled[0]]} twice; keep one row"
        elif (step := step_name(ds)) is None:
            wide = format_times(ds)[int(np.argmax(gaps))]
            problems[number] = (
                f"is not evenly spaced; add the missing rows (y may be empty), first after {wide}"
            )
        elif np.nanmin(y) == np.nanmax(y):
            problems[number] = f"is constant ({y[0]:g}); there is nothing to forecast"
        elif (largest := np.nanmax(np.abs(y))) > MAX_ABS_VALUE:
            problems[number] = f"holds {largest:g} or its negative; write it in a larger unit"
        elif (reach := np.nanmax(y) - np.nanmin(y)) < MIN_RANGE:
            problems[number] = f"varies by no more than {reach:g}; write it in a smaller unit"
        else:
            steps[number] = step
    if steps:
        usual = Counter(steps.values()).most_common(1)[0][0]
        for number, step in steps.items():
            if step != usual:
                problems[number] = f"has steps of {step} where the others have {usual}"
    return dict(sorted(problems.items()))


def unusable_series(panel: Panel, training: np.ndarray, task: SeriesTask) -> dict[int, str]:
    """Why the task's normalization won't do for a series, by its number.

    Args:
        training: how many values of each series are for training, [S].
    """
    method, period = task.normalize.method, task.data.period
    least = min_training_values(method, period)
    problems = {}
    for number, count in enumerate(training):
        y = panel.values[panel.span(number)]
        if count < least:
            problems[number] = (
                f"has {len(y)} values, {max(int(count), 0)} of them for training; "
                f"normalize.method {method} with period {period} takes {least} or more"
            )
        # a later zero would be found too late, so the whole series is looked at
        elif method.startswith("log") and y.min() <= 0:
            other = "exponential_smoothing" if "smoothing" in method else "minmax or standard"
            problems[number] = (
                f"holds {y.min():g}, which has no logarithm; "
                f"write {other} as normalize.method in params.yaml"
            )
        elif np.ptp(y[:count]) == 0:
            problems[number] = f"is constant ({y[0]:g}) in its training part"
    return problems


def _fill_gaps(panel: Panel, period: int) -> np.ndarray:
    values = panel.values.copy()
    start = np.repeat(panel.offsets[:-1], panel.lengths)
    for gap in np.flatnonzero(np.isnan(values)):
        values[gap] = values[gap - (period if gap - start[gap] >= period else 1)]
    return values
