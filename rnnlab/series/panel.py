"""Series in the long table ``unique_id, ds, y``: reading, cleaning, and where their parts end."""

import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.params import SeriesData, SeriesTask
from rnnlab.series.normalization import min_training_values
from rnnlab.series.times import all_times, format_times, step_name
from rnnlab.tables.options import ReadOptions
from rnnlab.tables.reading import Table, read_table

MIN_VALUES = 3
# beyond these limits, squares and differences lose their precision in floating point
MAX_ABS_VALUE, MIN_RANGE = 1e30, 1e-9
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
        table: what the panel was read from.
    """

    ids: list[str]
    offsets: np.ndarray
    ds: np.ndarray
    values: np.ndarray
    filled: np.ndarray
    left_out: dict[str, str] = field(default_factory=dict)
    table: Table | None = field(default=None, compare=False, repr=False)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def span(self, number: int) -> slice:
        return slice(int(self.offsets[number]), int(self.offsets[number + 1]))

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


def read_panel(data: SeriesData) -> Panel:
    """Read the table of a series task, and fill its gaps.

    Raises:
        InputError: see ``load_panel``.
    """
    options = ReadOptions(data.id_column, data.time_column, data.value_column)
    try:
        panel = load_panel(data.csv, options)
    except InputError as error:
        # stages take no such option
        if "--read " in str(error):
            raise InputError(f"{error} to `rnnlab new-series`") from None
        raise
    return fill_gaps(panel, data.period)


def load_panel(csv: str, options: ReadOptions) -> Panel:
    """Read a table as series, with NaN where a value is missing.

    Footers, blank lines and gaps in y are accepted. A trailing row without a number is a footer
    and is dropped. A missing row is a gap too, if at most a tenth of the rows are missing.
    Unordered rows are sorted. In a panel, unusable series are left out, with the reason in
    ``Panel.left_out``.

    Args:
        csv: a path, ``-`` for standard input, or an address.

    Raises:
        InputError: the file, a column, a date or a number is missing or unreadable, the table has
            several readings, or no series is left.
    """
    table = read_table(csv, options)
    panel = _sorted_panel(table.names, table.codes, table.ds, table.y, table.name)
    panel = _with_missing_rows(panel, table.name)
    return replace(panel.without(_problems(panel, table), table.name), table=table)


def fill_gaps(panel: Panel, period: int) -> Panel:
    """Fill each gap with the value one period before, or the previous one.

    Only the past is used, and filled values are not scored.
    """
    values = panel.values.copy()
    start = np.repeat(panel.offsets[:-1], panel.lengths)
    for gap in np.flatnonzero(np.isnan(values)):
        values[gap] = values[gap - (period if gap - start[gap] >= period else 1)]
    return replace(panel, values=values)


def warn_left_out(panel: Panel, path: str, list_path: Path) -> None:
    """Print a line on stderr for each of the first series that were left out.

    ``list_path`` is the file that names all of them.
    """
    for name, reason in list(panel.left_out.items())[:MAX_LINES]:
        print(f"{path}: left out: series {name!r} {reason}", file=sys.stderr)
    if len(panel.left_out) > MAX_LINES:
        rest = len(panel.left_out) - MAX_LINES
        print(f"{path}: left out: {rest} more; {list_path} names all", file=sys.stderr)


def _sorted_panel(
    names: list[str], codes: np.ndarray, ds: np.ndarray, y: np.ndarray, path: str
) -> Panel:
    """Sort rows by name and time; drop missing values at the ends of each series."""
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(names))
    places = rank[codes]
    follows = ds[1:] >= ds[:-1]
    if (~follows & (places[1:] == places[:-1])).any() or (places[1:] < places[:-1]).any():
        rows = np.lexsort((ds, places))
        if (np.diff(rows)[np.diff(places[rows]) == 0] < 0).any():
            print(f"{path}: rows are not in time order; sorted", file=sys.stderr)
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


def _with_missing_rows(panel: Panel, path: str) -> Panel:
    """Insert the missing rows of series that would be evenly spaced with them, without a value."""
    parts, messages = [], []
    for number, name in enumerate(panel.ids):
        span = panel.span(number)
        ds, y = panel.ds[span], panel.values[span]
        uneven = len(ds) >= MIN_VALUES and step_name(ds) is None
        times = all_times(ds) if uneven else None
        if times is not None:
            values = np.full(len(times), np.nan)
            known = np.searchsorted(times, ds)
            values[known] = y
            first = format_times(np.delete(times, known))[0]
            count = len(times) - len(ds)
            rows = "1 missing row" if count == 1 else f"{count} missing rows"
            messages.append(f"{path}: series {name!r}: {rows} filled, first {first}")
            ds, y = times, values
        parts.append((ds, y))
    if not messages:
        return panel
    for message in messages[:MAX_LINES]:
        print(message, file=sys.stderr)
    if len(messages) > MAX_LINES:
        print(f"{path}: {len(messages) - MAX_LINES} more series with filled rows", file=sys.stderr)
    ds, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    offsets = np.cumsum([0, *(len(y) for _, y in parts)])
    return Panel(panel.ids, offsets, ds, values, np.isnan(values))


def _problems(panel: Panel, table: Table) -> dict[int, str]:
    """Reasons why series are unusable, by index; each reason follows the name of the series."""
    problems: dict[int, str] = {}

    def row(number: int, time: np.generic, again: int = 0) -> str:
        # no more than are printed: each looks through all rows
        few = len(problems) < MAX_LINES
        return f" (row {table.row_at(panel.ids[number], time, again)})" if few else ""

    steps: dict[int, str] = {}
    for number in range(len(panel.ids)):
        ds, y = panel.ds[panel.span(number)], panel.values[panel.span(number)]
        if len(y) < MIN_VALUES:
            problems[number] = f"has {len(y)} value{'s' * (len(y) != 1)}; it needs many more"
            continue
        gaps = np.diff(ds)
        doubled = np.flatnonzero(gaps == gaps.dtype.type(0))
        if len(doubled):
            time = format_times(ds)[doubled[0]]
            again = row(number, ds[doubled[0]], again=1)
            problems[number] = f"has {time} twice{again}; keep one row"
        elif (step := step_name(ds)) is None:
            place = int(np.argmax(gaps))
            after = f"{format_times(ds)[place]}{row(number, ds[place])}"
            problems[number] = (
                f"is not evenly spaced; add the missing rows (y may be empty), first after {after}"
            )
        elif np.nanmin(y) == np.nanmax(y):
            problems[number] = f"is constant ({y[0]:g}); there is nothing to forecast"
        elif (largest := np.nanmax(np.abs(y))) > MAX_ABS_VALUE:
            problems[number] = f"holds {largest:g} or its negative; write it in a larger unit"
        elif (value_range := np.nanmax(y) - np.nanmin(y)) < MIN_RANGE:
            problems[number] = f"varies by no more than {value_range:g}; write it in a smaller unit"
        else:
            steps[number] = step
    if steps:
        usual = Counter(steps.values()).most_common(1)[0][0]
        for number, step in steps.items():
            if step != usual:
                problems[number] = f"has steps of {step} where the others have {usual}"
    return dict(sorted(problems.items()))


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
