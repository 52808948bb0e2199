"""Forecast what comes after the data: the next steps of every series, with intervals.

    rnnlab forecast --csv mine.csv --period 12 --horizon 24
    rnnlab forecast --task airline --horizon 24
    rnnlab forecast --trained --csv mine.csv

The settings are those of a task of params.yaml, airline if none is named. The network is trained
anew and judged, beside the baselines, on the last stretch of the data; then all are fitted on
everything, and the forecast is that of the method, or the mean of methods, that was best there.

With --trained nothing is trained: the networks are those that `dvc repro` left, for the task's own
data or for others of the same period. The statistics of each series (scale, level, season) are
fitted on its past all the same, and the networks are judged beside baselines that fit nothing. So
many thousand series take seconds.

Reads:   params.yaml, the CSV, TSV or Parquet file of a series or of many; with --trained also
         data/models/TASK/
Writes:  OUT/NAME.csv (unique_id, ds, forecast, low_80, high_80, low_95, high_95), OUT/NAME.png and,
         where a series can't be forecast, OUT/NAME_left_out.csv with the reason
Needs:   a file of its own, or the task's; with --trained what `dvc repro train@TASK` leaves
"""

import argparse
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import output_files, write_table
from rnnlab.core.params import Params, SeriesTask, load_params
from rnnlab.core.progress import at_work
from rnnlab.core.stage import command, parser_of
from rnnlab.core.window_spec import Layout, series_card
from rnnlab.forecasting.combination import combine
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.selection import (
    FittedNetworks,
    History,
    ValidationResult,
    forecast_all,
    print_fallbacks,
    validate,
)
from rnnlab.forecasting.task_settings import (
    COLUMNS,
    shorten_windows,
    task_for,
    with_trained_settings,
    without_log_of_nonpositive,
)
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples, samples_of
from rnnlab.networks.storage import load_network, read_models
from rnnlab.plots.forecast import forecast_figure, save_figure
from rnnlab.report.findings import validation_finding
from rnnlab.series import times
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.origins import Request
from rnnlab.series.panel import Cut, Panel, cut_at, read_panel, say_left_out, unfit
from rnnlab.series.readers import value_name
from rnnlab.series.windows import part_of
from rnnlab.training.device import prepare
from rnnlab.training.members import Recipe, train_member
from rnnlab.training.precision import settle_precision

# those judged on validation, and those that forecast
Ensembles = tuple[list[RecurrentNetwork], list[RecurrentNetwork]]


def main() -> None:
    parser = parser_of(__doc__)
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
    parser.add_argument(
        "--trained", action="store_true", help="take the task's networks as `dvc repro` left them"
    )
    parser.add_argument("--out", type=Path, default=Path("forecasts"), help="folder (forecasts)")
    arguments = parser.parse_args()

    def told() -> None:
        with at_work(command()):
            forecast(arguments, load_params())

    sys.exit(exit_code(told))


def forecast(arguments: argparse.Namespace, params: Params) -> None:
    device = prepare(params)
    task, networks = task_for(arguments, params), None
    path = arguments.out / f"{Path(task.data.csv).stem}.csv"
    if path.resolve() == Path(task.data.csv).resolve():
        raise InputError(f"--out {arguments.out}: {path} is the data itself; name another folder")
    horizon = task.windows.horizon
    if arguments.trained:
        networks, card = read_trained(arguments.task, device)
        task = with_trained_settings(task, card)
    panel = read_panel(task.data)
    if networks is None:
        task = without_log_of_nonpositive(task, panel)
    training = cut_at(panel.lengths, panel.lengths, task.data).train
    panel = panel.without(unfit(panel, training, task), task.data.csv)
    left_out = path.with_name(f"{path.stem}_left_out.csv")
    say_left_out(panel, task.data.csv, left_out)
    judgement, answer = look_ahead(task, panel, horizon, params, device, networks)
    table, plot = future_table(panel, answer, judgement), task.plot
    if arguments.csv:
        # the unit of the task whose settings these are is not that of the file
        plot = plot.model_copy(update={"unit": value_name(Path(task.data.csv), task.data)})
    with output_files(arguments.out, path.stem) as folder:
        write_table(folder / path.name, table)
        if panel.left_out:
            reasons = pd.DataFrame(panel.left_out.items(), columns=["unique_id", "reason"])
            write_table(folder / left_out.name, reasons)
        save_figure(forecast_figure(panel, table, plot), folder / f"{path.stem}.png", plot.dpi)
    if not panel.left_out:
        left_out.unlink(missing_ok=True)
    print(validation_finding(judgement.table()))
    print(f"{horizon} steps of {len(panel.ids)} series: {path.with_suffix('')}.csv and .png")


def read_trained(name: str, device: torch.device) -> tuple[Ensembles, dict]:
    """The networks of the task's latest fit, and the card that train wrote."""
    networks, card = read_models(Path("data/models") / name, name, device)
    # without a refit the year's networks saw validation as little as the chosen ones do
    return (networks.get("year_chosen", networks["year"]), networks["year"]), card


def look_ahead(
    task: SeriesTask,
    panel: Panel,
    horizon: int,
    params: Params,
    device: torch.device,
    networks: Ensembles | None,
) -> tuple[ValidationResult, np.ndarray]:
    """What validation says of all methods, and the forecast that it prefers, [S, horizon].

    Args:
        networks: None to train them.
    """
    cut = cut_at(panel.lengths, panel.lengths, task.data)
    history = History(panel.values, panel.offsets, task.data.period, panel.filled)
    normalizations = [
        fit_normalization(panel.values, panel.offsets, ends, task.normalize, task.data.period)
        for ends in (cut.train, cut.validation)
    ]
    if networks is None:
        task = shorten_windows(task, int(cut.train.max()), normalizations[0])
        recipe = Recipe(task.model, task.train, series_card(task), params.seed, device)
        networks = train(history, cut, normalizations, settle_precision(recipe))
    stood_in: Counter[str] = Counter()
    ask = partial(
        forecast_all,
        history,
        card=series_card(task),
        baselines=task.evaluate.baselines,
        processes=params.threads,
        fallbacks=stood_in,
    )
    chosen = FittedNetworks(networks[0], normalizations[0])
    judgement = validate(
        history,
        lambda wanted: ask(fitted=chosen, ends=cut.train, requests=wanted),
        cut.train,
        cut.validation,
        normalizations[0].first_origin(task.windows.look_back),
        horizon,
        task.normalize.method.startswith("log"),
    )
    request = Request(panel.offsets[1:], np.arange(len(panel.ids)), horizon)
    # without a refit the networks know the normalization of the training part alone
    final = FittedNetworks(networks[1], normalizations[1 if task.train.refit else 0])
    with at_work("the forecast itself"):
        answers = ask(fitted=final, ends=cut.validation, requests=[request])
    print_fallbacks(stood_in)
    return judgement, combine({m: found[0] for m, found in answers.items()}, judgement.weights)


def train(
    history: History, cut: Cut, normalizations: list[Normalization], recipe: Recipe
) -> Ensembles:
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
    members, count = [], recipe.train.ensemble
    with at_work("", count if count > 1 else None, "networks") as networks:
        for number in range(count):
            members.append(train_member(recipe, parts, "future", number))
            networks.advance()
    load = partial(load_network, recipe.card, recipe.model, device=recipe.device)
    return [load(each.chosen) for each in members], [load(each.final) for each in members]


def future_table(panel: Panel, answer: np.ndarray, judgement: ValidationResult) -> pd.DataFrame:
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
        low, high = widths.bounds(answer, number, level)
        columns |= {f"low_{100 * level:.0f}": low.ravel(), f"high_{100 * level:.0f}": high.ravel()}
    return pd.DataFrame(columns)


if __name__ == "__main__":
    main()
