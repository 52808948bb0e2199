"""The task behind a forecast: as params.yaml, the command line, the data and networks have it."""

import sys
from dataclasses import dataclass

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params, SeriesNormalize, SeriesTask, SeriesWindows, Train
from rnnlab.forecasting.baselines import NEEDS_NO_FIT
from rnnlab.series.normalization import Normalization
from rnnlab.series.panel import Panel

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
    """

    task: str
    csv: str | None
    period: int | None
    horizon: int | None
    id: str | None
    time: str | None
    value: str | None
    trained: bool


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
    windows = {}
    if options.horizon:
        windows["horizon"] = options.horizon
    if options.period and options.period != task.data.period:
        data["period"] = options.period
        # as many periods as the task looks back on, and as many steps at least
        periods = task.windows.look_back / task.data.period
        look_back = max(task.windows.look_back, round(periods * options.period))
        windows["look_back"] = -(-look_back // task.windows.step) * task.windows.step
    if options.csv is not None and not options.period and not options.trained:
        raise InputError("--period: say how many steps a season has, 12 for months, 1 for none")
    return task.model_copy(
        update={
            "data": task.data.model_copy(update=data),
            "windows": task.windows.model_copy(update=windows),
        }
    )


def with_trained_settings(task: SeriesTask, card: dict) -> SeriesTask:
    """The task with the settings of its trained networks, and only baselines that need no fit.

    Args:
        card: card.json of the trained networks.

    Raises:
        InputError: the networks were trained for another period.
    """
    layout, normalized = card["windows"]["layout"], card["windows"]["normalized"]
    if task.data.period != layout["period"]:
        raise InputError(
            f"--trained: these networks were trained for period {layout['period']}, not "
            f"{task.data.period}; omit --trained to train new ones"
        )
    baselines = [name for name in task.evaluate.baselines if name in NEEDS_NO_FIT]
    return task.model_copy(
        update={
            "normalize": SeriesNormalize(**normalized["normalize"]),
            "windows": SeriesWindows(**{key: layout[key] for key in SeriesWindows.model_fields}),
            "train": Train(**card["train"]),
            "evaluate": task.evaluate.model_copy(update={"baselines": baselines}),
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
