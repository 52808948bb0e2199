"""rnnlab forecast: the next steps of every series, with intervals."""

import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params, SeriesTask
from rnnlab.core.progress import format_duration
from rnnlab.forecasting.selection import History, print_fallbacks
from rnnlab.forecasting.task_settings import (
    SeriesOptions,
    read_series,
    task_for,
    with_trained_settings,
    without_log_of_nonpositive,
)
from rnnlab.outlook.answer import Answer, as_table, look_ahead
from rnnlab.outlook.backtest import backtest_errors, backtest_table
from rnnlab.outlook.methods import (
    FITTED,
    QUICK,
    Method,
    baseline_methods,
    seconds_to_fit,
    steps_at_once,
)
from rnnlab.outlook.networks import TaskNetworks, network_method, read_trained, train_networks
from rnnlab.outlook.output import (
    MAX_PRINTED,
    Target,
    backtest_lines,
    find_target,
    print_forecast,
    validation_content,
    validation_sentence,
    write_files,
)
from rnnlab.outlook.parts import Done, Plan, find_parts, forecast_parts
from rnnlab.outlook.validation import Validation, validate, validation_request
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel, cut_at, warn_left_out
from rnnlab.tables.sources import local_name, stem_of
from rnnlab.training.device import prepare
from rnnlab.zero_shot.storage import FOLDER, read_card, read_zero_shot


@dataclass(frozen=True)
class Wanted:
    """What a forecast uses beside the zero-shot network, and what it writes.

    Attributes:
        train, fit: whether the networks of the task are trained, and slow methods fitted.
        out: folder, file or - for the table; None for forecasts/.
        json: whether the table is JSON.
        backtest: whether the last horizon by method is printed.
        plot_series: names of the series in the picture; none for those to learn from.
        ray: address of a Ray cluster that does the parts of a folder; None for none.
    """

    train: bool = False
    fit: bool = False
    out: str | None = None
    json: bool = False
    backtest: bool = False
    plot_series: tuple[str, ...] = ()
    ray: str | None = None


def forecast(options: SeriesOptions, wanted: Wanted, params: Params) -> None:
    if wanted.train and options.trained:
        raise InputError("--train --trained: write one of them")
    task = task_for(options, params)
    parts = find_parts(task.data.csv, options.reading(task))
    if parts:
        forecast_folder(options, task, parts, wanted, params)
        return
    if wanted.ray is not None:
        raise InputError(
            f"--ray {wanted.ray}: {task.data.csv} is one table; a cluster takes a folder of "
            "Parquet files, each with series of its own"
        )
    forecast_table(options, task, wanted, params)


def forecast_table(
    options: SeriesOptions, task: SeriesTask, wanted: Wanted, params: Params
) -> None:
    """Forecast the series of one table, in memory."""
    device = prepare(params)
    target = find_target(wanted.out, stem_of(task.data.csv), wanted.json)
    source = Path(local_name(task.data.csv)).resolve()
    if target.path is not None and target.path.resolve() == source:
        raise InputError(f"--out {wanted.out}: {target.path} is the data itself; name another")
    # before the file, so that missing weights are reported at once
    network = read_zero_shot(device=device)
    trained: dict[str, list] | None = None
    horizon = task.windows.horizon
    if options.trained:
        trained, card = read_trained(options.task, device)
        task = with_trained_settings(task, card)
    task, panel = read_series(options, task)
    panel = panel.without_rows()
    if not options.trained:
        horizon = task.windows.horizon
    shown = series_to_show(panel, wanted.plot_series, task.data.csv)
    history = History(panel.values, panel.offsets, task.data.period, panel.filled)
    request, ends = validation_request(history, horizon, spans_of(options, task, panel))
    fallbacks: Counter[str] = Counter()
    methods = baseline_methods(QUICK, history, params.threads, fallbacks)
    networks = TaskNetworks(**trained, task=task, ends=ends) if trained else None
    if wanted.train:
        settings = without_log_of_nonpositive(task, panel)
        networks = train_networks(settings, panel, history, ends, params)
    if networks is not None:
        methods["model"] = network_method(panel, history, networks)
    if wanted.fit:
        fitted = baseline_methods(FITTED, history, params.threads, fallbacks)
        tell_time(fitted, history, request, ends, params.threads)
        methods |= fitted
    validation = validate(history, network, methods, request, ends)
    answer = look_ahead(history, network, methods, validation, horizon)
    print_fallbacks(fallbacks)
    report(target, panel, task, validation, answer, wanted, shown)


def forecast_folder(
    options: SeriesOptions, task: SeriesTask, parts: list[Path], wanted: Wanted, params: Params
) -> None:
    """Forecast a folder file by file; the first one settles the period and the horizon."""
    refused = {
        "--train": wanted.train,
        "--trained": options.trained,
        "--json": wanted.json,
        "--backtest": wanted.backtest,
        "--plot-series": bool(wanted.plot_series),
        f"--out {wanted.out}": bool(wanted.out and (wanted.out == "-" or Path(wanted.out).suffix)),
    }
    for option, given in refused.items():
        if given:
            raise InputError(
                f"{option}: {task.data.csv} is a folder of parts, which is forecast file by file "
                "into a folder; name one of its files"
            )
    folder = Path(local_name(task.data.csv)).resolve()
    shown = Path(wanted.out or "forecasts") / folder.name
    out = shown.resolve()
    if out == folder or out.is_relative_to(folder):
        raise InputError(f"--out {wanted.out}: {shown} is the data itself; name another folder")
    settled = settings_of(options, parts, params)
    plan = Plan(
        folder=folder,
        out=out,
        model=FOLDER.resolve(),
        reading=options.reading(task),
        period=settled.data.period,
        horizon=settled.windows.horizon,
        fit=wanted.fit,
        weights=read_card(FOLDER)["sha256"],
    )
    done = forecast_parts(plan, [path.resolve() for path in parts], wanted.ray)
    say_done(done, len(parts), plan.horizon, shown)


def settings_of(options: SeriesOptions, parts: list[Path], params: Params) -> SeriesTask:
    """The settings for the first part that can be read.

    Raises:
        InputError: none can be; the message is that of the first one.
    """
    first: InputError | None = None
    for path in parts:
        of_part = replace(options, csv=str(path))
        try:
            return read_series(of_part, task_for(of_part, params))[0]
        except InputError as error:
            first = first or error
    raise first or InputError("a folder of parts has no parts")


def say_done(done: list[Done], parts: int, horizon: int, folder: Path) -> None:
    """Say what came of the parts that were not done before.

    Raises:
        InputError: some could not be read.
    """
    before = f"; {parts - len(done):,} were done before" if len(done) < parts else ""
    good = [each for each in done if not each.error]
    print(
        f"{horizon} steps of {sum(each.series for each in good):,} series in {len(good):,} of "
        f"{parts:,} parts{before}: {folder}/"
    )
    if left_out := sum(each.left_out for each in good):
        print(f"{left_out:,} series left out: {folder}/PART_left_out.csv says why", file=sys.stderr)
    errors = [each.error for each in done if each.error]
    if errors:
        others = f" (and {len(errors) - 1:,} more parts)" if len(errors) > 1 else ""
        raise InputError(f"{errors[0]}{others}; the other parts are done")


def spans_of(options: SeriesOptions, task: SeriesTask, panel: Panel) -> np.ndarray | None:
    """How many last values trained networks were not trained on, [S]; None for all of them.

    Of the task's own data some of these choose the best epoch, as in ``dvc repro``.
    """
    if not options.trained or options.csv is not None:
        return None
    return panel.lengths - cut_at(panel.lengths, panel.lengths, task.data).train


def series_to_show(panel: Panel, names: tuple[str, ...], csv: str) -> list[int]:
    """The places of ``--plot-series`` in the panel.

    Raises:
        InputError: the panel has no series of that name.
    """
    places = {name: number for number, name in enumerate(panel.ids)}
    for name in names:
        if name not in places:
            raise InputError(f"--plot-series {name}: {csv} has no such series")
    return [places[name] for name in names]


def tell_time(
    methods: dict[str, Method], history: History, request: Request, ends: np.ndarray, threads: int
) -> None:
    """Print on stderr how long the slow methods take."""
    if not len(request.origin):
        return
    seconds = seconds_to_fit(methods, ends, request, threads)
    # once on what is validated, and once more on everything where a method is chosen
    validated, every = len(np.unique(request.series)), len(history.offsets) - 1
    most = seconds * (1 + every / validated)
    print(
        f"--fit: {', '.join(methods)} on {every:,} series: about {format_duration(seconds)} to "
        f"compare them, at most {format_duration(most)} in all",
        file=sys.stderr,
    )


def report(
    target: Target,
    panel: Panel,
    task: SeriesTask,
    validation: Validation,
    answer: Answer,
    wanted: Wanted,
    shown: list[int],
) -> None:
    """Write the table and the picture, and say what was found."""
    table, horizon = as_table(panel, answer), answer.forecast.shape[1]
    content = {
        "file": task.data.csv,
        "period": task.data.period,
        "horizon": horizon,
        "validation": validation_content(validation),
    }
    backtest = []
    if wanted.backtest:
        errors = backtest_errors(validation)
        few = list(range(len(panel.ids))) if len(panel.ids) <= MAX_PRINTED else []
        steps = backtest_table(panel, validation, shown or few)
        backtest = list(backtest_lines(steps, errors))
        content["backtest"] = {
            "errors": errors.to_dict("records"),
            "steps": steps.to_dict("records"),
        }
    if target.path is None:
        print_forecast(table, content, target.json)
        warn_left_out(panel, task.data.csv)
    else:
        draw = partial(draw_picture, panel, task, table, shown, validation)
        written = write_files(target.path, panel, task.data.csv, table, content, draw)
    say = target.messages
    print(validation_sentence(validation), file=say)
    at_once = steps_at_once(task.data.period)
    if horizon > at_once:
        print(f"zero_shot forecasts {at_once} steps; later ones repeat its last season.", file=say)
    for line in backtest:
        print(line, file=say)
    if target.path is not None:
        print(f"{horizon} steps of {len(panel.ids):,} series: {written}")


def draw_picture(
    panel: Panel,
    task: SeriesTask,
    table: pd.DataFrame,
    shown: list[int],
    validation: Validation,
    path: Path,
) -> None:
    # matplotlib wants a folder that it can write to, so it is imported only where it draws
    from rnnlab.plots.forecast import chosen_series, forecast_figure, save_figure

    plot = task.plot
    if panel.table:
        # the unit of the task whose settings these are is not that of the file
        plot = plot.model_copy(update={"unit": panel.table.value})
    examples = chosen_series(panel, validation.errors_by_series(), shown)
    save_figure(forecast_figure(panel, table, plot, examples), path, plot.dpi)
