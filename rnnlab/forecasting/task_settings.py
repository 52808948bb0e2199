"""The task behind a forecast: as params.yaml, the command line, the data and networks have it."""

import sys
from dataclasses import dataclass

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params, SeriesNormalize, SeriesTask, SeriesWindows, Train
from rnnlab.series.loading import load_panel
from rnnlab.series.normalization import Normalization
from rnnlab.series.panel import Panel, fill_gaps, say_notes
from rnnlab.series.seasons import describe, find_season
from rnnlab.tables.options import ReadOptions, reading_options

# a season, or a forecast, of more steps is a slip of the pen
MAX_STEPS = 10_000


@dataclass(frozen=True)
class SeriesOptions:
    """What a person says of the series to forecast; None where nothing is said.

    Attributes:
        task: whose settings are used.
        csv: file of the series; None for the task's own.
        id, time, value: names of its columns.
        trained: whether the networks are those that train left.
        read: KEY=VALUE of ``--read``, for a table with two readings.
        any_series: whether series are of use that networks cannot learn from.
    """

    task: str
    csv: str | None
    period: int | None
    horizon: int | None
    id: str | None
    time: str | None
    value: str | None
    trained: bool
    read: tuple[str, ...] = ()
    any_series: bool = False

    def reading(self, task: SeriesTask) -> ReadOptions:
        """How the table of ``task`` is to be read."""
        data = task.data
        columns = (data.id_column, data.time_column, data.value_column)
        return ReadOptions(*columns, **reading_options(self.read))


def task_for(options: SeriesOptions, params: Params) -> SeriesTask:
    """The task's settings, for the file, the period and the horizon of the command line.

    Raises:
        InputError: the task is none of series, or a number is missing or out of its range.
    """
    task = params.task(options.task)
    if task.kind != "series":
        raise InputError(f"--task {options.task}: is not a series task; use airline, for example")
    for name in ("period", "horizon"):
        given = getattr(options, name)
        if given is not None and not 1 <= given <= MAX_STEPS:
            raise InputError(f"--{name} {given}: write 1 to {MAX_STEPS}")
    named = {f"{column}_column": getattr(options, column) for column in ("id", "time", "value")}
    data = {column: name for column, name in named.items() if name is not None}
    if options.csv is not None:
        # another file has its own names, known or given
        data = {"csv": options.csv, **named}
    task = task.model_copy(update={"data": task.data.model_copy(update=data)})
    if options.horizon:
        task = _with_windows(task, horizon=options.horizon)
    return with_period(task, options.period) if options.period else task


def with_period(task: SeriesTask, period: int) -> SeriesTask:
    """The task for another period, which looks back on as many seasons, and steps at least."""
    if period == task.data.period:
        return task
    windows, seasons = task.windows, task.windows.look_back / task.data.period
    look_back = max(windows.look_back, round(seasons * period))
    task = _with_windows(task, look_back=-(-look_back // windows.step) * windows.step)
    return task.model_copy(update={"data": task.data.model_copy(update={"period": period})})


def _with_windows(task: SeriesTask, **changes: int) -> SeriesTask:
    return task.model_copy(update={"windows": task.windows.model_copy(update=changes)})


def read_series(options: SeriesOptions, task: SeriesTask) -> tuple[SeriesTask, Panel]:
    """Read the task's series, say what was understood, and settle period and horizon.

    Raises:
        InputError: see load_panel.
    """
    panel = load_panel(task.data.csv, options.reading(task), options.any_series)
    if options.csv is not None:
        # networks that are trained know one period alone
        season = find_season(panel, task.data.period if options.trained else options.period)
        if not options.trained:
            task = with_period(task, season.period)
            if not options.horizon:
                task = _with_windows(task, horizon=season.horizon)
        # standard output is for results
        print(describe(panel, season), file=sys.stderr)
    else:
        say_notes(panel)
    return task, fill_gaps(panel, task.data.period)


def with_trained_settings(task: SeriesTask, card: dict) -> SeriesTask:
    """The task with the settings of its trained networks.

    Args:
        card: card.json of the trained networks.

    Raises:
        InputError: the networks were trained for another period.
    """
    layout, normalized = card["windows"]["layout"], card["windows"]["normalized"]
    if task.data.period != layout["period"]:
        raise InputError(
            f"--trained: these networks were trained for period {layout['period']}, not "
            f"{task.data.period}; write --train to train new ones"
        )
    return task.model_copy(
        update={
            "normalize": SeriesNormalize(**normalized["normalize"]),
            "windows": SeriesWindows(**{key: layout[key] for key in SeriesWindows.model_fields}),
            "train": Train(**card["train"]),
        }
    )


def without_log_of_nonpositive(task: SeriesTask, panel: Panel) -> SeriesTask:
    """The task, with additive instead of multiplicative smoothing if a value is 0 or negative."""
    method = task.normalize.method
    if panel.values.min() > 0 or method != "log_exponential_smoothing":
        return task
    print(f"{task.data.csv}: has values of 0 or below: additive smoothing is used", file=sys.stderr)
    additive = task.normalize.model_copy(update={"method": "exponential_smoothing"})
    return task.model_copy(update={"normalize": additive})


def shorten_windows(task: SeriesTask, training: int, normalization: Normalization) -> SeriesTask:
    """The task, with look_back and horizon short enough for the training part.

    Forecasts beyond the shorter horizon are still possible: the forecaster extends them.

    Args:
        training: number of training values of the longest series.

    Raises:
        InputError: no window fits into the training part.
    """
    windows, lost = task.windows, normalization.scaler.burn_in
    steps = (training - lost) // 2 // windows.step
    # a seasonal naive residual needs a period, and a standard deviation two values
    shortest = task.data.period if windows.residual == "seasonal_naive" else 2
    look_back = min(windows.look_back, max(steps, -(-shortest // windows.step)) * windows.step)
    room = training - max(normalization.burn_in, look_back + lost)
    if room < 1:
        raise InputError(
            f"{task.data.csv}: {training} training values are too few for period "
            f"{task.data.period}, which needs {training + 1 - room} or more; add earlier values, "
            "or choose a shorter --period"
        )
    horizon = min(windows.horizon, max(1, room // 2))
    windows = windows.model_copy(update={"look_back": look_back, "horizon": horizon})
    return task.model_copy(update={"windows": windows})
