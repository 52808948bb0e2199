"""The settings of a new series task: as params.yaml, the command line and the data have them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.core.params import Params, SeriesTask
from rnnlab.formats.options import ReadOptions, reading_options
from rnnlab.series.loading import load_panel
from rnnlab.series.normalization import Normalization
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import find_season, note_guesses, understood

# a season, or a forecast, of more steps is a slip of the pen
MAX_STEPS = 10_000


@dataclass(frozen=True)
class SeriesOptions:
    """What a person says of the series of a new task; None where nothing is said.

    Attributes:
        task: whose settings are used.
        csv: file of the series.
        id, time, value: names of its columns.
        read: KEY=VALUE of ``--read``, for a table with two readings.
        known: names of columns that are known of later times, too.
        holidays: codes of countries, with commas.
    """

    task: str
    csv: str
    period: int | None
    id: str | None
    time: str | None
    value: str | None
    read: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    holidays: str | None = None

    @property
    def reading(self) -> ReadOptions:
        """How the table is to be read."""
        return reading_options(self.read, self.id, self.time, self.value, self.known)


def task_for(options: SeriesOptions, params: Params) -> SeriesTask:
    """The task's settings, for the file and the period of the command line.

    Raises:
        InputError: the task is not a series task, or the period is out of its range.
    """
    task = params.task(options.task)
    if task.kind != "series":
        raise InputError(f"--task {options.task}: is not a series task; use airline, for example")
    check_steps("period", options.period)
    # another file has its own names, known or given
    named = {f"{column}_column": getattr(options, column) for column in ("id", "time", "value")}
    named |= {"known": [*options.known], "holidays": options.holidays}
    data = task.data.model_copy(update={"csv": options.csv, **named})
    covariates = "ridge" if options.known or options.holidays else "none"
    normalize = task.normalize.model_copy(update={"covariates": covariates})
    task = task.model_copy(update={"data": data, "normalize": normalize})
    return with_period(task, options.period) if options.period else task


def check_steps(name: str, steps: int | None) -> None:
    """Raise InputError if a period or a horizon is out of its range."""
    if steps is not None and not 1 <= steps <= MAX_STEPS:
        raise InputError(f"--{name} {steps}: write 1 to {MAX_STEPS}")


def one_season(seasons: Sequence[int]) -> int | None:
    """The season of a task, None where none is said; InputError for several."""
    if len(seasons) > 1:
        raise InputError(f"--period {','.join(map(str, seasons))}: a task has one season")
    return seasons[0] if seasons else None


def check_seasons(seasons: Sequence[int]) -> None:
    """Raise InputError for more than two seasons, or one out of its range."""
    for season in seasons:
        check_steps("period", season)
    if len({*seasons}) > 2 or len({*seasons}) < len(seasons):
        said = ",".join(map(str, seasons))
        raise InputError(f"--period {said}: write one season, or two such as 7,365")


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
    """Read the file's series, say what was understood, and settle period and horizon.

    Raises:
        InputError: see load_panel.
    """
    panel = load_panel(options.csv, options.reading)
    season = find_season(panel, options.period)
    task = _with_windows(with_period(task, season.period), horizon=season.horizon)
    # standard output is for results
    print(understood(panel, season), file=sys.stderr)
    note_guesses(panel, season)
    return task, replace(panel, period=season.period)


def without_log_of_nonpositive(task: SeriesTask, panel: Panel) -> SeriesTask:
    """The task, with additive instead of multiplicative smoothing if a value is 0 or negative."""
    method = task.normalize.method
    if panel.filled.min() > 0 or method != "log_exponential_smoothing":
        return task
    rest = ", without the effect of its covariates," if panel.covariates is not None else ""
    note(f"{task.data.csv}: has{rest} values of 0 or below: additive smoothing is used")
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
