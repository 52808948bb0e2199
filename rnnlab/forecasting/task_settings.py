"""The task behind a forecast: as params.yaml, the command line, the data and networks have it."""

import sys
from dataclasses import dataclass

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params, SeriesNormalize, SeriesTask, SeriesWindows, Train
from rnnlab.forecasting.baselines import QUICK
from rnnlab.series.normalization import Normalization
from rnnlab.series.panel import Panel

# a season, or a forecast, of more steps is a slip of the pen
MOST_STEPS = 10_000


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
        raise InputError(f"--task {options.task}: is no task of series; write airline, say")
    for name in ("period", "horizon"):
        given = getattr(options, name)
        if given is not None and not 1 <= given <= MOST_STEPS:
            raise InputError(f"--{name} {given}: write 1 to {MOST_STEPS}")
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


def as_trained(task: SeriesTask, card: dict) -> SeriesTask:
    """The task with the settings that its networks were trained with, whatever it says now.

    Beside them stand only baselines that fit nothing.

    Args:
        card: that train wrote.

    Raises:
        InputError: the data have another period than those that the networks were trained on.
    """
    layout, normalized = card["windows"]["layout"], card["windows"]["normalized"]
    if task.data.period != layout["period"]:
        raise InputError(
            f"--trained: these networks know a period of {layout['period']}, not of "
            f"{task.data.period}; leave --trained out to train others"
        )
    quick = [name for name in task.evaluate.baselines if name in QUICK]
    return task.model_copy(
        update={
            "normalize": SeriesNormalize(**normalized["normalize"]),
            "windows": SeriesWindows(**{key: layout[key] for key in SeriesWindows.model_fields}),
            "train": Train(**card["train"]),
            "evaluate": task.evaluate.model_copy(update={"baselines": quick}),
        }
    )


def without_logarithm(task: SeriesTask, panel: Panel) -> SeriesTask:
    """The task, with smoothing by sums where values not above 0 have no logarithm."""
    method = task.normalize.method
    if panel.values.min() > 0 or method != "log_exponential_smoothing":
        return task
    print(f"{task.data.csv}: values not above 0: smoothing by sums, not products", file=sys.stderr)
    plain = task.normalize.model_copy(update={"method": "exponential_smoothing"})
    return task.model_copy(update={"normalize": plain})


def within_reach(task: SeriesTask, training: int, normalization: Normalization) -> SeriesTask:
    """The task, with windows short enough that some fit into the training part.

    Longer forecasts go on from where the network's end.

    Args:
        training: values for training of the longest series.
    """
    windows, lost = task.windows, normalization.scaler.burn_in
    steps = (training - lost) // 2 // windows.step
    # a residual looks a period back, and one value has no deviation
    shortest = task.data.period if windows.residual == "seasonal_naive" else 2
    look_back = min(windows.look_back, max(steps, -(-shortest // windows.step)) * windows.step)
    room = training - max(normalization.burn_in, look_back + lost)
    if room < 1:
        raise InputError(
            f"{task.data.csv}: {training} values for training are too few for period "
            f"{task.data.period}, which takes {training + 1 - room} or more; add earlier values, "
            "or write a shorter --period"
        )
    horizon = min(windows.horizon, max(1, room // 2))
    windows = windows.model_copy(update={"look_back": look_back, "horizon": horizon})
    return task.model_copy(update={"windows": windows})
