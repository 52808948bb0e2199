"""rnnlab forecast: the next steps of every series, with intervals."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files, write_table
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import Params, SeriesTask
from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout, series_card
from rnnlab.forecasting.combination import combine
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.selection import (
    FittedNetworks,
    History,
    ValidationResult,
    forecast_all,
    pretrained_network,
    print_fallbacks,
    validate,
)
from rnnlab.forecasting.task_settings import (
    SeriesOptions,
    read_series,
    shorten_windows,
    task_for,
    with_trained_settings,
    without_log_of_nonpositive,
)
from rnnlab.histories.context import max_horizon
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import load_network, read_models
from rnnlab.plots.forecast import forecast_figure, save_figure
from rnnlab.report.findings import validation_finding
from rnnlab.series import times
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.origins import Request
from rnnlab.series.panel import Cut, Panel, cut_at, unusable_series, warn_left_out
from rnnlab.series.windows import windows_in_part
from rnnlab.tables.sources import stem_of
from rnnlab.training.device import prepare
from rnnlab.training.members import Recipe, train_member
from rnnlab.training.precision import choose_precision

# those judged on validation, and those that forecast
Ensembles = tuple[list[RecurrentNetwork], list[RecurrentNetwork]]


def forecast(options: SeriesOptions, out: Path, params: Params) -> None:
    device = prepare(params)
    task, networks = task_for(options, params), None
    path = out / f"{stem_of(task.data.csv)}.csv"
    if path.resolve() == Path(task.data.csv).resolve():
        raise InputError(f"--out {out}: {path} is the data itself; name another folder")
    horizon = task.windows.horizon
    if options.trained:
        networks, card = read_trained(options.task, device)
        task = with_trained_settings(task, card)
    task, panel = read_series(options, task)
    if not options.trained:
        horizon = task.windows.horizon
    if networks is None:
        task = without_log_of_nonpositive(task, panel)
    training = cut_at(panel.lengths, panel.lengths, task.data).train
    panel = panel.without(unusable_series(panel, training, task), task.data.csv)
    left_out = path.with_name(f"{path.stem}_left_out.csv")
    warn_left_out(panel, task.data.csv, left_out)
    validation, answer = look_ahead(task, panel, horizon, params, device, networks)
    table, plot = future_table(panel, answer, validation), task.plot
    if options.csv and panel.table:
        # the unit of the task whose settings these are is not that of the file
        plot = plot.model_copy(update={"unit": panel.table.value})
    with output_files(out, path.stem) as folder:
        write_table(folder / path.name, table)
        if panel.left_out:
            reasons = pd.DataFrame(panel.left_out.items(), columns=["unique_id", "reason"])
            write_table(folder / left_out.name, reasons)
        save_figure(forecast_figure(panel, table, plot), folder / f"{path.stem}.png", plot.dpi)
    if not panel.left_out:
        left_out.unlink(missing_ok=True)
    print(validation_finding(validation.table()))
    at_once = max_horizon(task.data.period)
    if ZERO_SHOT in validation.weights and horizon > at_once:
        print(f"zero_shot forecasts {at_once} steps at once; later ones build on its own medians.")
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
    # before training, so that missing weights are reported at once
    pretrained = pretrained_network(task.evaluate.baselines, device)
    if networks is None:
        task = shorten_windows(task, int(cut.train.max()), normalizations[0])
        recipe = Recipe(task.model, task.train, series_card(task), params.seed, device)
        networks = train(history, cut, normalizations, choose_precision(recipe))
    fallbacks: Counter[str] = Counter()
    ask = partial(
        forecast_all,
        history,
        card=series_card(task),
        baselines=task.evaluate.baselines,
        processes=params.threads,
        fallbacks=fallbacks,
        pretrained=pretrained,
    )
    chosen = FittedNetworks(networks[0], normalizations[0])
    validation = validate(
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
    with track_progress("the forecast itself"):
        answers = ask(fitted=final, ends=cut.validation, requests=[request])
    print_fallbacks(fallbacks)
    return validation, combine({m: found[0] for m, found in answers.items()}, validation.weights)


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
        part = windows_in_part(history.y, history.offsets, normalization, start, end, layout, whole)
        parts[name] = make_samples(part, recipe.card, recipe.device)
    members, count = [], recipe.train.ensemble
    with track_progress("", count if count > 1 else None, "networks") as networks:
        for number in range(count):
            members.append(train_member(recipe, parts, "future", number))
            networks.advance()
    load = partial(load_network, recipe.card, recipe.model, device=recipe.device)
    return [load(each.chosen) for each in members], [load(each.final) for each in members]


def future_table(panel: Panel, answer: np.ndarray, validation: ValidationResult) -> pd.DataFrame:
    """unique_id, ds, forecast and the bounds of its intervals."""
    horizon = answer.shape[1]
    ahead = [
        times.format_times(times.future_times(panel.ds[panel.span(number)], horizon))
        for number in range(len(panel.ids))
    ]
    columns = {
        "unique_id": np.repeat(panel.ids, horizon),
        "ds": np.concatenate(ahead),
        "forecast": answer.ravel(),
    }
    number, widths = np.arange(len(panel.ids)), validation.widths["combination"]
    for level in LEVELS:
        low, high = widths.bounds(answer, number, level)
        columns |= {f"low_{100 * level:.0f}": low.ravel(), f"high_{100 * level:.0f}": high.ravel()}
    return pd.DataFrame(columns)
