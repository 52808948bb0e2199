"""A person's table as series: sorted, with gaps for what it lacks, without what is unusable."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.core.params import SeriesData
from rnnlab.formats.options import ReadOptions
from rnnlab.series.gaps import first_uneven, in_totals, totals_options, with_missing_rows
from rnnlab.series.panel import MAX_LINES, Panel, say_notes
from rnnlab.series.times import Step, format_times, future_times, steps_of, usual_step
from rnnlab.tables.reading import Table, read_table

MIN_VALUES = 3
# beyond these limits, squares and differences lose their precision in floating point
MAX_ABS_VALUE, MIN_RANGE = 1e30, 1e-9
DAY, AUTUMN = np.timedelta64(1, "D"), (10, 11)


def read_panel(data: SeriesData) -> Panel:
    """Read the table of a series task; its known columns stay in the panel's table.

    Raises:
        InputError: see ``load_panel``.
    """
    columns = data.id_column, data.time_column, data.value_column
    try:
        panel = load_panel(data.csv, ReadOptions(*columns, known=tuple(data.known)))
    except InputError as error:
        # stages take no such option
        if "--read " in str(error):
            raise InputError(f"{error} to `rnnlab new-series`", error.options) from None
        raise by_keys(error) from None
    say_notes(panel)
    return replace(panel, period=data.period)


def by_keys(error: InputError) -> InputError:
    """The error with keys of params.yaml in the place of options that say what is known ahead."""
    text = str(error)
    if not re.search("--(known|holidays)", text):
        return error
    text = re.sub("--(known|holidays)", r"data.\1", text)
    return InputError(re.sub("--(id|time|value)", r"data.\1_column", text))


def load_panel(csv: str, options: ReadOptions, any_series: bool = False) -> Panel:
    """Read a table as series, with NaN where a value is missing.

    Footers, blank lines and gaps in y are accepted. A trailing row without a number is a footer
    and is dropped. A missing row is a gap too, if the others have an even spacing.
    Unordered rows are sorted. In a panel, unusable series are left out, with the reason in
    ``Panel.left_out``.

    Args:
        csv: a path, ``-`` for standard input, or an address.
        any_series: whether series are of use that networks cannot learn from: short or constant.

    Raises:
        InputError: the file, a column, a date or a number is missing or unreadable, the table has
            several readings, or no series is left.
    """
    return panel_of(read_table(csv, options), options, any_series)


def panel_of(table: Table, options: ReadOptions, any_series: bool = False) -> Panel:
    """The series of a table that was read; see ``load_panel``."""
    table = in_totals(table, options)
    panel = _sorted_panel(table.names, table.codes, table.ds, table.y, table.name)
    panel = _with_zeros(panel) if options.missing == "zero" else _with_gaps(panel)
    problems = _problems(panel, table, any_series)
    ways = totals_options(panel.ds[panel.span(next(iter(problems)))]) if problems else []
    return replace(panel.without(problems, table.name, ways), table=table)


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
        if _is_unordered(rows, places[rows], ds[rows]):
            note(f"{path}: rows are not in time order; sorted")
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
    return Panel([names[number] for number in order], offsets, ds, y)


def _is_unordered(rows: np.ndarray, places: np.ndarray, ds: np.ndarray) -> bool:
    """Whether rows of a series, sorted, were in another order but for times that repeat."""
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (places[1:] != places[:-1]) | (ds[1:] != ds[:-1])
    same = np.diff(places[first]) == 0
    return bool((np.diff(rows[first])[same] < 0).any())


def _keep_one(ds: np.ndarray, place: int) -> str:
    """What to do about a time that is there twice, which may be the hour of clocks set back."""
    within_days = ds.dtype.kind == "M" and np.median(np.diff(ds)) < DAY
    if within_days and int(ds[place].astype("datetime64[M]").astype(np.int64)) % 12 + 1 in AUTUMN:
        return "keep one row; if summer time ends there, write times in UTC or with offsets"
    return "keep one row"


def _with_gaps(panel: Panel) -> Panel:
    """Insert the missing rows of series that would be evenly spaced with them, without a value."""
    known = [panel.ds[panel.span(number)] for number in range(len(panel.ids))]
    times = with_missing_rows(known)
    if all(len(a) == len(b) for a, b in zip(times, known, strict=True)):
        return panel
    offsets = np.cumsum([0, *map(len, times)])
    ds = np.concatenate(times)
    places = [
        start + np.searchsorted(a, b)
        for start, a, b in zip(offsets[:-1], times, known, strict=True)
    ]
    values, missing = np.full(len(ds), np.nan), np.ones(len(ds), dtype=bool)
    values[np.concatenate(places)] = panel.y
    missing[np.concatenate(places)] = False
    return Panel(panel.ids, offsets, ds, values, missing=missing)


def _with_zeros(panel: Panel) -> Panel:
    """Zeros for the rows that a series lacks, up to the last time of the panel."""
    panel = _with_gaps(panel)
    lacking = np.zeros(len(panel.y), dtype=bool) if panel.missing is None else panel.missing
    every, usual = np.unique(panel.ds), usual_step(panel.ds, panel.offsets)
    ds, values, missing = [], [], []
    for number in range(len(panel.ids)):
        span = panel.span(number)
        own = panel.ds[span]
        later = every[every > own[-1]] if len(own) and usual else every[:0]
        if len(later) and not np.array_equal(future_times(own, len(later), usual), later):
            # times of other series are not those of this one
            later = later[:0]
        ds.append(np.concatenate([own, later]))
        values.append(np.concatenate([panel.y[span], np.zeros(len(later))]))
        missing.append(np.concatenate([lacking[span], np.ones(len(later), dtype=bool)]))
    offsets = np.cumsum([0, *map(len, ds)])
    y, rows = np.concatenate(values), np.concatenate(missing)
    y = np.where(rows, 0.0, y)
    return Panel(panel.ids, offsets, np.concatenate(ds), y, missing=rows)


def _problems(panel: Panel, table: Table, any_series: bool) -> dict[int, str]:
    """Reasons why series are unusable, by index; each reason follows the name of the series."""
    problems: dict[int, str] = {}
    # one value or two show no step
    least = 1 if any_series else MIN_VALUES

    def row(number: int, time: np.generic, again: int = 0) -> str:
        # no more than are printed: each looks through all rows
        few = len(problems) < MAX_LINES
        return f" (row {table.row_at(panel.ids[number], time, again)})" if few else ""

    steps: dict[int, Step] = {}
    times, largest, doubled = panel.parts(panel.ds), _largest(panel), _doubled(panel)
    each = zip(times, panel.parts(panel.y), steps_of(times), strict=True)
    for number, (ds, y, step) in enumerate(each):
        if len(y) < least:
            many = f"has {len(y)} value{'s' * (len(y) != 1)}; it needs many more"
            problems[number] = "has no value" if any_series else many
            continue
        if largest[number] > MAX_ABS_VALUE:
            size = f"{largest[number]:g}"
            problems[number] = f"holds {size} or its negative; write it in a larger unit"
            continue
        if len(y) == 1:
            continue
        if (place := doubled.get(number)) is not None:
            again = row(number, ds[place], again=1)
            problems[number] = f"has {format_times(ds)[place]} twice{again}; {_keep_one(ds, place)}"
        elif step is None:
            place = first_uneven(ds)
            first = f"{format_times(ds)[place]}{row(number, ds[place])}"
            hint = [f", or add {' '.join(options)}"] if (options := totals_options(ds)) else []
            problems[number] = (
                f"is not evenly spaced, first at {first}; correct that time, or add the missing "
                f"rows (y may be empty){''.join(hint)}"
            )
        elif any_series:
            if len(y) >= MIN_VALUES:
                steps[number] = step
        elif np.nanmin(y) == np.nanmax(y):
            problems[number] = f"is constant ({y[0]:g}); there is nothing to forecast"
        elif (value_range := np.nanmax(y) - np.nanmin(y)) < MIN_RANGE:
            problems[number] = f"varies by no more than {value_range:g}; write it in a smaller unit"
        else:
            steps[number] = step
    left = np.delete(panel.lengths, list(problems))
    if any_series and left.max(initial=0) < 2:
        for number in range(len(panel.ids)):
            problems.setdefault(number, "has one value, which shows no spacing; two are needed")
    if steps:
        usual = Counter(steps.values()).most_common(1)[0][0]
        for number, step in steps.items():
            if step != usual:
                problems[number] = f"has steps of {step} where the others have {usual}"
    return dict(sorted(problems.items()))


def _largest(panel: Panel) -> np.ndarray:
    """The largest absolute value of each series, [S]; 0 for one without a value."""
    largest, some = np.zeros(len(panel.ids)), panel.lengths > 0
    largest[some] = np.fmax.reduceat(np.abs(panel.y), panel.offsets[:-1][some])
    return largest


def _doubled(panel: Panel) -> dict[int, int]:
    """Where the first time that is there twice stands, by the number of its series."""
    same = np.flatnonzero(panel.ds[1:] == panel.ds[:-1])
    numbers = np.searchsorted(panel.offsets, same, side="right") - 1
    inside = same + 1 < panel.offsets[numbers + 1]
    found: dict[int, int] = {}
    for number, place in zip(numbers[inside].tolist(), same[inside].tolist(), strict=True):
        found.setdefault(number, place - int(panel.offsets[number]))
    return found
