"""Hours by the clocks of their zone: a season of a day keeps to them when they are changed."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnnlab.cells.offsets import local_times
from rnnlab.series.panel import Panel
from rnnlab.series.scalers import positions_in_series

HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True)
class Clocks:
    """What the clocks of a zone show at each step of time, as a step from the first time on.

    Where they are set forward they leave steps out. Where they are set back steps come twice; these
    count once, and no place of a series lies before its first.

    Attributes:
        shown: int64 [K], by step of time from the first time of all series on.
        start: int64 [S], the step of time at which each series begins.
    """

    shown: np.ndarray
    start: np.ndarray

    @cached_property
    def highest(self) -> np.ndarray:
        """The last step that was shown so far, [K]."""
        return np.maximum.accumulate(self.shown)

    def place(self, series: np.ndarray, step: np.ndarray) -> np.ndarray:
        """By the clocks, the place of each step within its series; shapes as those of ``step``."""
        first = self.start[series]
        # a series may begin within an hour that comes twice
        return np.maximum(self.shown[first + step] - self.highest[first], 0)

    def count(self, series: np.ndarray, end: np.ndarray) -> np.ndarray:
        """By the clocks, how many steps the first ``end`` [N] values of series [N] take."""
        first = self.start[series]
        return self.highest[first + end - 1] - self.highest[first] + 1

    def as_shown(self, panel: Panel) -> Panel:
        """The panel with a value for each step of the clocks; its times are whole numbers.

        A step that they leave out is a gap. Of one that comes twice the first value is kept, which
        is known before the second; the second is dropped.
        """
        every = np.arange(len(panel.ids))
        offsets = np.cumsum([0, *self.count(every, panel.lengths)])
        series = np.repeat(every, panel.lengths)
        rows = offsets[series] + self.place(series, positions_in_series(panel.offsets))
        y = np.full(offsets[-1], np.nan)
        # from the last to the first, which overwrites it
        y[rows[::-1]] = panel.y[::-1]
        ds = positions_in_series(offsets)
        # covariates and missing rows are by step of time, and no method reads them
        return replace(panel, offsets=offsets, ds=ds, y=y, missing=None, covariates=None)


def clocks_of(panel: Panel, steps: int) -> Clocks | None:
    """The clocks of the zone that the panel's table names, up to ``steps`` ahead.

    None where there is no such zone, its clocks are not changed in this time, or steps are longer
    than an hour or no part of one.
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
