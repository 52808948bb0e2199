"""Times of evenly spaced series: dates or whole numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# the units of a step; any other is a frequency that pandas names, such as WOM-1MON
NUMBER, SECOND, MONTH, WORKDAY = "number", "second", "month", "working day"
# for messages, from large to small
SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


@dataclass(frozen=True)
class Step:
    """The distance between the times of an evenly spaced series: ``count`` times ``unit``."""

    count: int
    unit: str

    def __str__(self) -> str:
        """For people: 3 months, 1 hour, 5."""
        if self.unit == NUMBER:
            return str(self.count)
        count, unit = self.count, self.unit
        if unit == SECOND:
            unit, size = next((u, n) for u, n in SECONDS.items() if self.count % n == 0)
            count = self.count // size
        return f"{count} {unit}{'s' * (count != 1 and unit in (*SECONDS, MONTH, WORKDAY))}"


def steps_of(series: list[np.ndarray], least: int = 2) -> list[Step | None]:
    """``step_of`` of each series; None for those with fewer than ``least`` times."""
    steps: list[Step | None] = []
    for number, ds in enumerate(series):
        # series of a panel often have the same times
        if number and np.array_equal(ds, series[number - 1]):
            steps.append(steps[-1])
        else:
            steps.append(step_of(ds) if len(ds) >= least else None)
    return steps


def step_of(ds: np.ndarray) -> Step | None:
    """The step of an evenly spaced series ds [n]; None if it is not evenly spaced."""
    gaps = np.diff(ds)
    even = bool((gaps == gaps[0]).all())
    if ds.dtype.kind != "M":
        return Step(int(gaps[0]), NUMBER) if even else None
    months = ds.astype("datetime64[M]")
    apart = np.diff(months.astype(np.int64))
    same_day = len(np.unique(ds - months.astype("datetime64[s]"))) == 1
    by_months = bool((apart == apart[0]).all())
    if by_months and (same_day or are_month_ends(ds)):
        return Step(int(apart[0]), MONTH)
    if even:
        return Step(int(gaps[0].astype("timedelta64[s]").astype(np.int64)), SECOND)
    if by_months and are_on_one_day(ds):
        return Step(int(apart[0]), MONTH)
    # other regular steps, such as working days
    name = pd.infer_freq(pd.DatetimeIndex(ds))
    return None if name is None else Step(1, WORKDAY if name == "B" else name)


def format_times(ds: np.ndarray) -> np.ndarray:
    """Format times for files: dates as 1949-01-31, with the hour if needed; numbers unchanged."""
    if ds.dtype.kind != "M":
        return ds
    days = ds.astype("datetime64[D]")
    return (days if (days == ds).all() else ds).astype(str)


def usual_step(ds: np.ndarray, offsets: np.ndarray) -> Step | None:
    """The step of the longest series of a panel, which begin at ``offsets`` [S + 1]."""
    longest = int(np.diff(offsets).argmax())
    own = ds[offsets[longest] : offsets[longest + 1]]
    return step_of(own) if len(own) > 1 else None


def future_times(ds: np.ndarray, count: int, usual: Step | None = None) -> np.ndarray:
    """The next ``count`` times after an evenly spaced ds [n]: [count].

    Args:
        usual: the step of ds that have one value or two, which do not show their own.
    """
    step = (usual if len(ds) <= 2 else None) or step_of(ds)
    assert step is not None
    ahead = np.arange(1, count + 1)
    if step.unit == NUMBER:
        return ds[-1] + step.count * ahead
    if step.unit == MONTH:
        return months_after(ds, step.count * ahead)
    if step.unit == SECOND:
        return ds[-1] + (step.count * ahead).astype("timedelta64[s]")
    # in seconds, since nanoseconds end with the year 2262
    frequency = "B" if step.unit == WORKDAY else step.unit
    times = pd.date_range(ds[-1], periods=count + 1, freq=frequency, unit="s")[1:]
    return times.to_numpy().astype("datetime64[s]")


def months_after(ds: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """The times ``apart`` months after the last of ds [n], on the same day or at the end of month.

    The 31st becomes the 28th in February, and the 31st again in March.
    """
    months = ds[-1].astype("datetime64[M]") + apart
    first = months.astype("datetime64[D]")
    day = (months + 1).astype("datetime64[D]") - first - 1
    if not are_month_ends(ds):
        day = np.minimum(day, (ds.astype("datetime64[D]") - ds.astype("datetime64[M]")).max())
    hour = ds[0] - ds[0].astype("datetime64[D]")
    return (first + day).astype("datetime64[s]") + hour


def are_month_ends(ds: np.ndarray) -> bool:
    next_days = ds + np.timedelta64(1, "D")
    return bool((next_days == next_days.astype("datetime64[M]").astype("datetime64[s]")).all())


def are_on_one_day(ds: np.ndarray) -> bool:
    """Whether times are on one day of their months at one hour, on the last of shorter months."""
    months = ds.astype("datetime64[M]")
    days = ds.astype("datetime64[D]")
    last = (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]") - 1
    on = days - months.astype("datetime64[D]")
    hours = ds - days
    return bool((on == np.minimum(on.max(), last)).all() and (hours == hours[0]).all())
