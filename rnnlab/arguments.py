"""What a person hands over to a public function: series, their horizon, how a table is read."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.effects.reading import settled_series
from rnnlab.forecasting.task_settings import check_seasons, check_steps
from rnnlab.formats.options import ReadOptions, reading_options
from rnnlab.frames.reading import Data, read_data
from rnnlab.frames.shape import Frame, Shape
from rnnlab.frames.times import zone_of
from rnnlab.series.panel import Panel, warn_left_out
from rnnlab.series.seasons import Season, note_guesses


def options_of(
    id: str | Sequence[str] | None,
    time: str | None,
    value: str | None,
    read: Mapping[str, str] | None,
    known: Sequence[str] = (),
) -> ReadOptions:
    if isinstance(id, list | tuple):
        id = ",".join(map(str, id))
    id, time, value = (None if name is None else str(name) for name in (id, time, value))
    pairs = [f"{key}={choice}" for key, choice in (read or {}).items()]
    names = [known] if isinstance(known, str) else known
    return reading_options(pairs, id, time, value, map(str, names))


def understood_series(
    data: Data,
    period: int | Sequence[int] | None,
    horizon: int | None,
    options: ReadOptions,
    said: bool = True,
    ahead: bool = True,
    future: Data | None = None,
    holidays: str | None = None,
) -> tuple[Shape, Panel, int]:
    """The series of what a person hands over, and the horizon.

    Args:
        said: whether what was guessed is noted.
        ahead: whether covariates are needed at the steps after the last value, too.

    Raises:
        InputError: data or an argument cannot be used.
    """
    seasons: list = [] if period is None else [period]
    if isinstance(period, Sequence) and not isinstance(period, str):
        seasons = [*period]
    for name, steps in (*(("period", each) for each in seasons), ("horizon", horizon)):
        if steps is not None and not is_count(steps):
            raise InputError(f"{name}={steps!r}: write a whole number, 1 or more")
        check_steps(name, steps)
    check_seasons(seasons)
    table, shape = read_data(data, options, future)

    def say(panel: Panel, season: Season) -> None:
        if said:
            note_guesses(panel, season)
            warn_left_out(panel, table.name)

    panel, _, horizon = settled_series(table, options, seasons, horizon, holidays, say, ahead)
    if zone_of(shape.times) and not (panel.table and panel.table.zone):
        assert shape.times is not None
        # hours became totals of days of the calendar; results have their times, if one time alone
        # is the pattern: it is taken for a day
        shape = replace(shape, times=shape.times.iloc[:1])
    return shape, panel.without_rows(), horizon


def understood_forecast(
    data: Data,
    forecast: Frame,
    ids: Iterable[Hashable] | None,
    options: ReadOptions,
    future: Data | None,
    most: int | None,
) -> tuple[Panel, pd.DataFrame, int]:
    """The series to show, H rows of forecast for each in their order, and how many data has.

    Args:
        data, options, future: as those of ``understood_series``.
        forecast: what the public function returned, of some or all of these series.
        ids: those to show; where it is None, the first ``most`` that have a forecast.
        most: None for all of them.

    Raises:
        InputError: data cannot be used, or no forecast belongs to it.
    """
    from rnnlab.plots.forecast import with_bounds

    shape, panel, _ = understood_series(data, None, None, options, said=False, future=future)
    table = with_bounds(shape.as_came(forecast, panel.ds.dtype))
    named = list(map(str, shape.names if ids is None else ids))
    both = {*panel.ids} & {*table["unique_id"]}
    if unknown := [name for name in named if name not in both] if ids is not None else []:
        raise InputError(f"ids: data and forecast have no series {unknown[0]!r} in common")
    shown = [name for name in named if name in both][: None if ids else most]
    if not shown:
        raise InputError("data and forecast have no series in common")
    numbers = {name: number for number, name in enumerate(panel.ids)}
    rows = dict(iter(table.groupby("unique_id", sort=False)))
    found = [rows[name].sort_values("ds") for name in shown]
    if len({len(each) for each in found}) > 1:
        raise InputError("the forecast has not as many rows for each series; give all of it")
    part = panel.subset(np.array([numbers[name] for name in shown]))
    return part, pd.concat(found), len(panel.ids)


def is_count(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) >= 1
