"""Hours by the clocks of their zone: a season of a day keeps to them when they are changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.cells.offsets import local_times
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.scalers import positions_in_series

HOUR = np.timedelta64(3600, "s")
Method = Callable[[Panel, np.ndarray, list[Request]], list[np.ndarray]]


@dataclass(frozen=True)
class Clocks:
    """Where the clocks show each step: the hour that they leave out is a gap.

    Attributes:
        shown: [K], of the steps from the first time of all series on.
        start: [S], at which of them each series begins.
    """

    shown: np.ndarray
    start: np.ndarray

    def place(self, series: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Of each step its place within its series by the clocks."""
        return self.shown[self.start[series] + step] - self.shown[self.start[series]]

    def count(self, series: np.ndarray, end: np.ndarray) -> np.ndarray:
        """How many steps by the clocks the first ``end`` of each series take."""
        last = np.maximum.accumulate(self.shown)[self.start[series] + end - 1]
        return last - self.shown[self.start[series]] + 1

    def by_them(self, panel: Panel) -> Panel:
        """The panel with a value a step of the clocks; its times are numbers."""
        every = np.arange(len(panel.ids))
        offsets = np.cumsum([0, *self.count(every, panel.lengths)])
        series = np.repeat(every, panel.lengths)
        rows = offsets[series] + self.place(series, positions_in_series(panel.offsets))
        y = np.full(offsets[-1], np.nan)
        # of an hour that comes twice the first, which is known before the second
        y[rows[::-1]] = panel.y[::-1]
        ds = positions_in_series(offsets)
        return replace(panel, offsets=offsets, ds=ds, y=y, missing=None, covariates=None)


def clocks_of(panel: Panel, steps: int) -> Clocks | None:
    """The clocks of the zone that the panel's table names, up to ``steps`` ahead.

    None where there is no such zone, or its clocks are not changed in this time.
    """
    zone = panel.table.zone if panel.table else ""
    if not zone or panel.ds.dtype.kind != "M" or panel.lengths.max() < 2:
        return None
    number = int(panel.lengths.argmax())
    step = np.diff(panel.ds[panel.span(number)][:2])[0]
    apart = panel.ds[panel.offsets[:-1]] - panel.ds.min()
    if step > HOUR or HOUR % step or (apart % step).any():
        return None
    start = (apart // step).astype(np.int64)
    times = panel.ds.min() + np.arange((start + panel.lengths).max() + steps) * step
    local = local_times(times, zone)
    shown = (local - local[0]) // step
    return None if (shown == np.arange(len(shown))).all() else Clocks(shown, start)


def all_by_clocks(methods: Mapping[str, Method]) -> dict[str, Method]:
    return {name: by_clocks(method) for name, method in methods.items()}


def by_clocks(method: Method) -> Method:
    """The method, shown days of equally many hours where a panel's times are those of a zone."""

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        clocks = clocks_of(panel, max((each.steps for each in requests), default=0))
        if clocks is None:
            return method(panel, ends, requests)
        ahead, asked = [], []
        for each in requests:
            end, steps = clocks.count(each.series, each.end), np.arange(each.steps)
            place = clocks.place(each.series[:, None], each.end[:, None] + steps)
            # an hour that comes again after the last value has the forecast of the next one
            ahead.append(np.maximum(place - end[:, None], 0)[:, :, None])
            asked.append(Request(each.series, end, int(ahead[-1].max(initial=0)) + 1))
        found = method(clocks.by_them(panel), clocks.count(np.arange(len(ends)), ends), asked)
        return [
            np.take_along_axis(values, at, axis=1) for values, at in zip(found, ahead, strict=True)
        ]

    return forecast
