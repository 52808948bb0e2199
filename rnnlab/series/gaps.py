"""Rows that a series lacks, or has too many of: the times in between, and totals by day or so."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from rnnlab.cells.offsets import local_times
from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions, similar
from rnnlab.series.times import (
    MONTH,
    NUMBER,
    SECOND,
    SECONDS,
    WORKDAY,
    Step,
    are_month_ends,
    are_on_one_day,
    months_after,
    step_of,
    steps_of,
)
from rnnlab.tables.reading import Table

# so few rows among so many missing ones have a date of another century rather than gaps
MOST_MISSING = 0.98
DAYS_27 = np.timedelta64(27, "D")
# with fewer rows, times on weekdays alone may be chance; half as many where few days are missing
MIN_WORKING_DAYS = 20
# of fewer rows an even spacing may be chance
MIN_EVEN = 5
MIN_ROWS = 3
# fewer distances have no deviation to speak of
MIN_BY_CHANCE = 6
MINUTE_S = 60
# of the steps of a log so many have a row
LEAST_FILLED = 0.25
# a smaller share of rows that are there twice is a mistake
FEW_TWICE = 0.1


def with_missing_rows(series: list[np.ndarray]) -> list[np.ndarray]:
    """The times of each series, those that it lacks included; unchanged if it has no even spacing.

    A series says its own spacing, see ``find_step``. If it has too few rows to say one, it is that
    of most others.

    Args:
        series: times in order, datetime64[s] or int64.
    """
    even = steps_of(series, MIN_ROWS)
    steps = [
        step or (find_step(ds) if len(ds) >= MIN_ROWS else None)
        for step, ds in zip(even, series, strict=True)
    ]
    said = [step for step, ds in zip(steps, series, strict=True) if step and len(ds) >= MIN_EVEN]
    usual = Counter(said).most_common(1)[0][0] if said else None
    found = []
    for ds, step, is_even in zip(series, steps, even, strict=True):
        times = None
        if usual and step != usual and len(ds) > 1 and _may_be(ds, step, usual):
            times = times_between(ds, usual)
        if times is None and step and not is_even:
            times = times_between(ds, step)
        found.append(ds if times is None else times)
    return found


def _may_be(ds: np.ndarray, step: Step | None, usual: Step) -> bool:
    """Whether times ``step`` apart may be those of a series with the usual step, by chance."""
    if step is None:
        return True
    return len(ds) < MIN_EVEN and (step.unit == MONTH) == (usual.unit == MONTH)


def find_step(ds: np.ndarray) -> Step | None:
    """The step of times ds [n] in order of which some are missing.

    It is the largest of which all distances between rows are multiples, and the most frequent one.
    Rows that are missing by chance leave geometric distances, of which single steps may be few:
    then the distances must vary at least half as much as geometric ones, and no other may be more
    frequent than all others together. Else the spacings are mixed: None.
    """
    for unit, places in _scales(ds):
        gaps = np.diff(places)
        step = Step(int(np.gcd.reduce(gaps)), unit)
        if gaps.min() <= 0 or (unit == WORKDAY and step.count > 1):
            continue
        sizes, counts = np.unique(gaps // step.count, return_counts=True)
        often = sizes[0] == 1 and counts[0] >= max(2, counts.max())
        mean, deviation = (gaps / step.count).mean(), (gaps / step.count).std()
        by_chance = (
            len(ds) >= MIN_BY_CHANCE
            and 2 * counts.max() <= counts.sum()
            and 2 * deviation >= np.sqrt(mean * (mean - 1))
            # times that are taken by the second have no step at all
            and (unit != SECOND or step.count % MINUTE_S == 0)
        )
        if (often or by_chance) and times_between(ds, step) is not None:
            return step
    return None


def times_between(ds: np.ndarray, step: Step) -> np.ndarray | None:
    """The times from ds[0] to ds[-1] at ``step``, of ds [n] in order: [m].

    None if some time of ds is not among them, or more than ``MOST_MISSING`` of them not in ds.
    """
    for unit, places in _scales(ds):
        size, gaps = step.count, np.diff(places)
        if unit != step.unit or gaps.min() <= 0 or (gaps % size).any():
            continue
        count = int(places[-1] - places[0]) // size + 1
        if count * (1 - MOST_MISSING) > len(ds):
            continue
        return _times_at(ds, unit, np.arange(1 - count, 1) * size)
    return None


def first_uneven(ds: np.ndarray) -> int:
    """The row of ds [n >= 2], not evenly spaced, that lies off the spacing of most others."""
    if ds.dtype.kind == "M":
        within = ds - ds.astype("datetime64[M]").astype("datetime64[s]")
        sizes, counts = np.unique(within, return_counts=True)
        # a series of months of which most are on one day
        if 2 * counts.max() > len(ds) > counts.max() and np.median(np.diff(ds)) > DAYS_27:
            return int(np.argmax(within != sizes[np.argmax(counts)]))
    gaps = np.diff(next(places for _, places in _scales(ds)))
    usual = Counter(gaps.tolist()).most_common(1)[0][0]
    off = gaps % usual != 0 if usual > 0 else gaps != usual
    return int(np.argmax(off if off.any() else gaps)) + 1


def _scales(ds: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The units that times may be counted in, and their places: int64 [n]."""
    if ds.dtype.kind != "M":
        yield NUMBER, ds
        return
    months = ds.astype("datetime64[M]")
    days = ds.astype("datetime64[D]")
    if (np.diff(months.astype(np.int64)) != 0).all() and (are_on_one_day(ds) or are_month_ends(ds)):
        yield MONTH, months.astype(np.int64)
    one_hour = (ds - days == ds[0] - days[0]).all()
    if one_hour and np.is_busday(days).all():
        working = np.busday_count(days[0], days).astype(np.int64)
        most_are_there = 2 * len(ds) > working[-1]
        if len(ds) >= MIN_WORKING_DAYS / (2 if most_are_there else 1):
            yield WORKDAY, working
    yield SECOND, ds.astype("datetime64[s]").astype(np.int64)


def _times_at(ds: np.ndarray, unit: str, ahead: np.ndarray) -> np.ndarray:
    """The times at distances ``ahead`` [m] from the last of ds."""
    if unit == NUMBER:
        return ds[-1] + ahead
    if unit == MONTH:
        return months_after(ds, ahead)
    if unit == SECOND:
        return ds[-1] + ahead.astype("timedelta64[s]")
    day = ds[-1].astype("datetime64[D]")
    return np.busday_offset(day, ahead).astype("datetime64[s]") + (ds[-1] - day)


def in_totals(table: Table, options: ReadOptions) -> Table:
    """The rows of each series within a minute, hour, day, week or month as one value.

    Raises:
        InputError: the option is none of these, times are no dates, or columns are known ahead.
    """
    if options.every is None:
        if options.total is not None:
            raise InputError(
                f"--read total={options.total}: add --read every=day or another step",
                ["--read every=day"],
            )
        return table
    if table.known:
        raise InputError(
            "--read every: totals of known columns are not made; make them before",
            ["--known ", "--future "],
        )
    if table.ds.dtype.kind != "M":
        raise InputError(
            f"--read every={options.every}: the times are no dates",
            ["--read every=", "--read total="],
        )
    ds, zone, where = table.ds, table.zone, ""
    if zone and re.search("day|week|month", options.every):
        # days are those of the calendar
        ds, zone, where = local_times(ds, zone), "", f" in {zone}"
    frame = pd.DataFrame({"code": table.codes, "ds": floored(ds, options.every)})
    frame["y"] = table.y
    groups = frame[frame["y"].notna()].groupby(["code", "ds"], sort=True)["y"]
    found = groups.agg(options.total or "sum").astype(np.float64).reset_index()
    said = f"{len(table.y):,} rows as {len(found):,} values, the {options.total or 'sum'} by "
    return replace(
        table,
        codes=found["code"].to_numpy(),
        ds=found["ds"].to_numpy().astype("datetime64[s]"),
        y=found["y"].to_numpy(),
        is_long=False,
        notes=[*table.notes, f"{said}{options.every}{where}"],
        zone=zone,
        row_of=lambda index: index + 1,
    )


def floored(ds: np.ndarray, every: str) -> np.ndarray:
    """Times ds [M] at the beginning of their step, such as 15 minutes; weeks begin on Monday.

    Raises:
        InputError: ``every`` is no step.
    """
    found = re.fullmatch(r"(\d{0,4})\s*(min(?:ute)?|hour|day|week|month)s?", every)
    if found is None or found[1] == "0":
        raise InputError(
            f"--read every={every}: write minute, 15 minutes, hour, day, week or month",
            [f"--read every={similar(every.strip('0123456789 '), (*SECONDS, 'month')) or 'day'}"],
        )
    count, unit = int(found[1] or 1), found[2]
    if unit == "month":
        months = ds.astype("datetime64[M]").astype(np.int64)
        return (months // count * count).astype("datetime64[M]").astype("datetime64[s]")
    size = count * SECONDS["minute" if unit == "min" else unit]
    monday = np.datetime64("1970-01-05", "s").astype(np.int64)
    seconds = ds.astype(np.int64) - monday
    return (seconds // size * size + monday).astype("datetime64[s]")


def totals_options(ds: np.ndarray) -> list[str]:
    """Those that make an even series of times ds [n] in order: one value of the rows of a step.

    None for a few odd times.
    """
    once = np.unique(ds)
    if ds.dtype.kind != "M" or len(once) < 2:
        return []
    if len(once) == len(ds):
        every = _usual_unit(ds)
        return [f"--read every={every}", "--read total=mean"] if every else []
    every = _unit_of(once) or _usual_unit(once)
    # a row that is there again by mistake, or many rows of a day, such as sales
    few = len(ds) - len(once) < FEW_TWICE * len(ds)
    return [f"--read every={every}", f"--read total={'last' if few else 'sum'}"] if every else []


def _usual_unit(ds: np.ndarray) -> str | None:
    """The unit of the usual distance of times at any moment, as logs have them."""
    gaps = np.diff(ds).astype(np.int64)
    usual = float(np.median(gaps))
    most = np.unique(gaps, return_counts=True)[1].max()
    if usual > SECONDS["day"] or 2 * most >= len(gaps):
        return None
    span = int(ds[-1].astype(np.int64) - ds[0].astype(np.int64))
    for unit in ("minute", "hour", "day"):
        if len(np.unique(floored(ds, unit))) >= LEAST_FILLED * span / SECONDS[unit]:
            return unit
    return None


def _unit_of(ds: np.ndarray) -> str | None:
    """The step of times ds [n] as ``--read every`` has it; None where they have none."""
    step = step_of(ds) if len(ds) > 1 else None
    if step is None and len(ds) >= MIN_ROWS:
        step = find_step(ds)
    if step is None or step.unit not in (MONTH, SECOND, WORKDAY):
        return None
    if step.unit == SECOND and step.count % MINUTE_S:
        return None
    return "day" if step.unit == WORKDAY else str(step).removeprefix("1 ")
