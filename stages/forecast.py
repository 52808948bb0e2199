"""Forecast what comes after the data: the next steps of every series, with intervals.

    python -m stages.forecast --csv mine.csv --period 12 --horizon 24
    python -m stages.forecast --task airline --horizon 24

The settings are those of a task of params.yaml, airline if none is named. The network is trained
anew and judged, beside the baselines, on the last stretch of the data; then all are fitted on
everything, and the forecast is that of the method, or the mean of methods, that was best there.

Reads:   params.yaml, the CSV, TSV or Parquet file of a series or of many
Writes:  OUT/NAME.csv (unique_id, ds, forecast, low_80, high_80, low_95, high_95), OUT/NAME.png and,
         where a series can't be forecast, OUT/NAME_left_out.csv with the reason
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from stages.common import series, times
from stages.common.backtest import History, Judgement, Learned, ask_all, judge
from stages.common.combination import combine
from stages.common.devices import prepare
from stages.common.ensembles import Member, Recipe, train_member
from stages.common.errors import InputError, exit_code
from stages.common.files import output_files, write_table
from stages.common.findings import on_validation
from stages.common.forecast_plot import forecast_figure, save
from stages.common.intervals import LEVELS
from stages.common.layout import Layout, series_card
from stages.common.models import load_network
from stages.common.normalization import Normalization, fit_normalization
from stages.common.params import Params, SeriesTask, load_params
from stages.common.progress import training_bar
from stages.common.protocols import Request
from stages.common.samples import Samples, samples_of
from stages.common.series_files import value_name
from stages.common.windowing import part_of

# a season, or a forecast, of more steps is a slip of the pen
MOST_STEPS = 10_000
# the columns that may be named, and which are taken if they are not
COLUMNS = {"id": "unique_id, or one series", "time": "ds, or the first", "value": "y, or the last"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", help="file to forecast; without it, the task's own")
    parser.add_argument("--period", type=int, help="steps in a season: 12 for months, 1 for none")
    parser.add_argument(
        "--horizon", type=int, help="steps to forecast; windows.horizon if not said"
    )
    for column, default in COLUMNS.items():
        parser.add_argument(
            f"--{column}", metavar="COLUMN", help=f"column of {column}s ({default})"
        )
    parser.add_argument("--task", default="airline", help="task whose settings are taken (airline)")
    parser.add_argument("--out", type=Path, default=Path("forecasts"), help="folder (forecasts)")
    arguments = parser.parse_args()
    sys.exit(exit_code(lambda: forecast(arguments, load_params())))


def forecast(arguments: argparse.Namespace, params: Params) -> None:
    device = prepare(params)
    task = task_for(arguments, params)
    path = arguments.out / f"{Path(task.data.csv).stem}.csv"
    if path.resolve() == Path(task.data.csv).resolve():
        raise InputError(f"--out {arguments.out}: {path} is the data itself; name another folder")
    task, panel = readied(task)
    if arguments.csv:
        # the unit of the task whose settings these are is not that of the file
        unit = value_name(Path(task.data.csv), task.data)
        task = task.model_copy(update={"plot": task.plot.model_copy(update={"unit": unit})})
    left_out = path.with_name(f"{path.stem}_left_out.csv")
    series.say_left_out(panel, task.data.csv, left_out)
    judgement, answer = look_ahead(task, panel, params, device)
    table = future_table(panel, answer, judgement)
    with output_files(arguments.out) as folder:
        write_table(folder / path.name, table)
        if panel.left_out:
            reasons = pd.DataFrame(panel.left_out.items(), columns=["unique_id", "reason"])
            write_table(folder / left_out.name, reasons)
        save(forecast_figure(panel, table, task.plot), folder / f"{path.stem}.png", task.plot.dpi)
    print(on_validation(judgement.table()))
    steps, written = answer.shape[1], path.with_suffix("")
    print(f"{steps} steps of {len(panel.ids)} series: {written}.csv and .png")


def readied(task: SeriesTask) -> tuple[SeriesTask, series.Panel]:
    """The task, as its data take it, and those series from which something can be learned."""
    panel = series.read_panel(task.data)
    task = without_logarithm(task, panel)
    training = series.cut_at(panel.lengths, panel.lengths, task.data).train
    panel = panel.without(series.unfit(panel, training, task), task.data.csv)
    return task, panel


def look_ahead(
    task: SeriesTask, panel: series.Panel, params: Params, device: torch.device
) -> tuple[Judgement, np.ndarray]:
    """What validation says of all methods, and the forecast that it prefers, [S, horizon]."""
    horizon, cut = task.windows.horizon, series.cut_at(panel.lengths, panel.lengths, task.data)
    history = History(panel.values, panel.offsets, task.data.period, panel.filled)
    normalizations = [
        fit_normalization(panel.values, panel.offsets, ends, task.normalize, task.data.period)
        for ends in (cut.train, cut.validation)
    ]
    task = within_reach(task, int(cut.train.max()), normalizations[0])
    recipe = Recipe(task.model, task.train, series_card(task), params.seed, device)
    members = train(history, cut, normalizations, recipe)
    # without a refit the networks know the normalization of the training part alone
    final = normalizations[1 if task.train.refit else 0]
    chosen = learned([member.chosen for member in members], normalizations[0], recipe)
    whole = learned([member.final for member in members], final, recipe)
    baselines, processes = task.evaluate.baselines, params.threads
    ask = partial(ask_all, history, card=recipe.card, baselines=baselines, processes=processes)
    judgement = judge(
        history,
        lambda wanted: ask(learned=chosen, ends=cut.train, requests=wanted),
        cut.train,
        cut.validation,
        normalizations[0].first_origin(task.windows.look_back),
        horizon,
        task.normalize.method.startswith("log"),
    )
    request = Request(panel.offsets[1:], np.arange(len(panel.ids)), horizon)
    answers = ask(learned=whole, ends=cut.validation, requests=[request])
    answer = combine({method: found[0] for method, found in answers.items()}, judgement.weights)
    return judgement, answer


def task_for(arguments: argparse.Namespace, params: Params) -> SeriesTask:
    """The task's settings, for the file, the period and the horizon of the command line.

    Raises:
        InputError: the task is none of series, or a number is missing or out of its range.
    """
    task = params.task(arguments.task)
    if task.kind != "series":
        raise InputError(f"--task {arguments.task}: is no task of series; write airline, say")
    for name in ("period", "horizon"):
        given = getattr(arguments, name)
        if given is not None and not 1 <= given <= MOST_STEPS:
            raise InputError(f"--{name} {given}: write 1 to {MOST_STEPS}")
    data, windows = {}, {}
    if arguments.csv is not None:
        named = {f"{column}_column": getattr(arguments, column) for column in COLUMNS}
        data = {"csv": arguments.csv, **named}
    if arguments.horizon:
        windows["horizon"] = arguments.horizon
    if arguments.period and arguments.period != task.data.period:
        data["period"] = arguments.period
        # as many periods as the task looks back on, and as many steps at least
        periods = task.windows.look_back / task.data.period
        look_back = max(task.windows.look_back, round(periods * arguments.period))
        windows["look_back"] = -(-look_back // task.windows.step) * task.windows.step
    if arguments.csv is not None and not arguments.period:
        raise InputError("--period: say how many steps a season has, 12 for months, 1 for none")
    return task.model_copy(
        update={
            "data": task.data.model_copy(update=data),
            "windows": task.windows.model_copy(update=windows),
        }
    )


def without_logarithm(task: SeriesTask, panel: series.Panel) -> SeriesTask:
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
    windows, lost = task.windows, normalization.scaler.lost
    steps = (training - lost) // 2 // windows.step
    # a residual looks a period back, and one value has no deviation
    shortest = task.data.period if windows.residual == "seasonal_naive" else 2
    look_back = min(windows.look_back, max(steps, -(-shortest // windows.step)) * windows.step)
    room = training - max(normalization.lost, look_back + lost)
    if room < 1:
        raise InputError(
            f"{task.data.csv}: {training} values for training are too few for period "
            f"{task.data.period}, which takes {training + 1 - room} or more; add earlier values, "
            "or write a shorter --period"
        )
    horizon = min(windows.horizon, max(1, room // 2))
    windows = windows.model_copy(update={"look_back": look_back, "horizon": horizon})
    return task.model_copy(update={"windows": windows})


def train(
    history: History, cut: series.Cut, normalizations: list[Normalization], recipe: Recipe
) -> list[Member]:
    """Train all members of the ensemble on the training part and, by train.refit, on all."""
    nothing = np.zeros_like(cut.train)
    layout = Layout(**recipe.card["layout"])
    wanted = {
        "train": (normalizations[0], nothing, cut.train, True),
        "validation": (normalizations[0], cut.train, cut.validation, False),
        "refit": (normalizations[1], nothing, cut.validation, True),
    }
    parts: dict[str, Samples] = {}
    for name, (normalization, start, end, whole) in wanted.items():
        part = part_of(history.y, history.offsets, normalization, start, end, layout, whole)
        parts[name] = samples_of(part, recipe.card, recipe.device)
    return [
        train_member(recipe, parts, "future", number, bar)
        for number in range(recipe.train.ensemble)
    ]


@contextmanager
def bar(title: str, batches: int) -> Iterator[tuple[Callable, Callable]]:
    """Progress on a terminal."""
    with training_bar(title, batches) as (update, _):
        yield lambda: update(advance=1), lambda figures: None


def learned(weights: list, normalization: Normalization, recipe: Recipe) -> Learned:
    networks = [load_network(recipe.card, recipe.model, each, recipe.device) for each in weights]
    return Learned(networks, normalization)


def future_table(panel: series.Panel, answer: np.ndarray, judgement: Judgement) -> pd.DataFrame:
    """unique_id, ds, forecast and the bounds of its intervals."""
    horizon = answer.shape[1]
    ahead = [
        times.written(times.times_after(panel.ds[panel.span(number)], horizon))
        for number in range(len(panel.ids))
    ]
    columns = {
        "unique_id": np.repeat(panel.ids, horizon),
        "ds": np.concatenate(ahead),
        "forecast": answer.ravel(),
    }
    number, widths = np.arange(len(panel.ids)), judgement.widths["combination"]
    for level in LEVELS:
        low, high = widths.around(answer, number, level)
        columns |= {f"low_{100 * level:.0f}": low.ravel(), f"high_{100 * level:.0f}": high.ravel()}
    return pd.DataFrame(columns)


if __name__ == "__main__":
    main()
