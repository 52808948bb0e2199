"""rnnlab forecast: the next steps of every series, with intervals."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from rnnlab.backtesting.labels import fallback_lines
from rnnlab.backtesting.windows import Backtest, backtest_panel, errors_by_method
from rnnlab.commands.check import check_parts, first_of_parts, print_block, read_series
from rnnlab.commands.forecast_text import (
    backtest_lines,
    covariates_lines,
    print_results,
    selection_sentence,
    steps_to_print,
    tuned_sentence,
)
from rnnlab.commands.options import ForecastOptions
from rnnlab.commands.project import command_module, project_params
from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.core.params import PARAMS_FILE, SeriesTask, load_params
from rnnlab.core.process import available_cpus
from rnnlab.effects.holidays import check_holidays
from rnnlab.forecasting.folders import FolderJob, find_parts, forecast_parts
from rnnlab.forecasting.forecast import Forecast, forecast_panel
from rnnlab.forecasting.output import (
    Target,
    find_target,
    print_forecast,
    with_offsets,
    with_texts,
    write_files,
)
from rnnlab.forecasting.task_settings import check_seasons, check_steps
from rnnlab.forecasting.trained import fine_tuned, read_trained
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.sources import local_name, stem_of
from rnnlab.series.panel import Panel, cut_at, warn_left_out
from rnnlab.training.device import prepare, prepare_process
from rnnlab.zero_shot.finetuning import FineTuned
from rnnlab.zero_shot.forecaster import steps_at_once
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.pretrained import ZeroShot
from rnnlab.zero_shot.storage import read_card, read_zero_shot


def forecast(file: str | None, options: ForecastOptions) -> None:
    reading = options.reading
    seasons = options.seasons
    check_seasons(seasons)
    check_steps("horizon", options.horizon)
    task = None
    if file is None:
        task = own_task(options)
        file, data = task.data.csv, task.data
        reading = replace(
            reading,
            id=reading.id or data.id_column,
            time=reading.time or data.time_column,
            value=reading.value or data.value_column,
            known=reading.known or tuple(data.known),
        )
        seasons = seasons or (data.period,)
        options = replace(options, holidays=options.holidays or data.holidays)
    if parts := find_parts(file, reading):
        forecast_folder(file, parts, reading, options, seasons)
        return
    if options.ray is not None:
        raise InputError(
            f"--ray {options.ray}: {file} is one table; a cluster takes a folder of Parquet files, "
            "each with series of its own"
        )
    forecast_table(file, reading, options, seasons, task)


def own_task(options: ForecastOptions) -> SeriesTask:
    """The task whose series are forecast where no file is named."""
    if not PARAMS_FILE.exists():
        raise InputError("no file is named: write `rnnlab forecast FILE`")
    return load_params().series(options.task)


def forecast_table(
    file: str,
    reading: ReadOptions,
    options: ForecastOptions,
    seasons: Sequence[int],
    task: SeriesTask | None,
) -> None:
    """Forecast the series of one table, in memory.

    Args:
        task: whose series these are; None for those of a file.
    """
    if options.check:
        panel, season, horizon = read_series(file, reading, options, seasons)
        print_block(panel, season, horizon)
        return
    target = find_target(options.out, stem_of(file), options.json)
    if target.path is not None and target.path.resolve() == Path(local_name(file)).resolve():
        raise InputError(f"--out {options.out}: {target.path} is the data itself; name another")
    # only a page needs the libraries of the report
    pages = None if options.html is None else command_module("forecast_page")
    page = pages.check_page(options.html, file) if pages else None
    if options.backtest:
        note_what_is_tested(options)
    device = prepare(project_params("--trained")) if options.trained else torch.device("cpu")
    processes = available_cpus()
    if not options.trained:
        prepare_process(processes)
    # before the file, so that missing weights are reported at once
    network = read_zero_shot(options.network_folder, device)
    panel, _, horizon = read_series(file, reading, options, seasons)
    panel = panel.without_rows()
    shown = series_to_show(panel, options.plot_series or (), file)
    trained = read_trained(options.task, panel, device) if options.trained else None
    spans = None
    if trained and task:
        # some of the last values of the task's own series choose the networks' best epoch
        spans = panel.lengths - cut_at(panel.lengths, panel.lengths, task.data).train
    say, used = partial(print, file=sys.stderr), network
    if options.train:
        tuned = fine_tuned(panel, network, horizon, say=say, spans=spans)
        used = tuned.network
        print(tuned_sentence(tuned, save_network(tuned, target)), file=target.messages)
    found = forecast_panel(panel, used, horizon, options.fit, processes, trained, spans, say=say)
    for line in fallback_lines(found.fallbacks):
        note(line)
    tested = None
    if options.backtest:
        learn = partial(learned_before, network, horizon, say) if options.train else None
        tested = backtest_panel(panel, network, horizon, 1, options.fit, processes, learn)
    report(target, file, found, tested, shown)
    if pages:
        print(pages.write_forecast_page(page, found, file), file=target.messages)


def note_what_is_tested(options: ForecastOptions) -> None:
    """Note which networks ``--backtest`` cannot test fairly."""
    if options.network is not None:
        note(f"--backtest tests {options.network} fairly if it has not learned from the last steps")
    if options.trained:
        note("--backtest leaves out the networks of --trained, which may know the last steps")


def learned_before(
    network: ZeroShotNetwork, horizon: int, say: Callable[[str], None], past: Panel
) -> ZeroShotNetwork:
    """The network that tests --train: it has learned nothing of the values that test it."""
    say("for --backtest, from what comes before the last steps:")
    return fine_tuned(past, network, horizon, say=say).network


def save_network(tuned: FineTuned, target: Target) -> Path | None:
    """Write a network that has learned beside the table, and return its folder."""
    if target.path is None or not tuned.step:
        return None
    folder = target.path.with_name(f"{target.path.stem}_network")
    ZeroShot.of(tuned.network, tuned.step, tuned.errors).save(folder)
    return folder


def forecast_folder(
    file: str,
    parts: list[Path],
    reading: ReadOptions,
    options: ForecastOptions,
    seasons: Sequence[int],
) -> None:
    """Forecast a folder file by file; the first one settles the period and the horizon."""
    is_file = bool(options.out and (options.out == "-" or Path(options.out).suffix))
    refused = {
        "--train": options.train,
        "--trained": options.trained,
        "--json": options.json,
        "--html": options.html is not None,
        "--backtest": options.backtest,
        "--plot-series": bool(options.plot_series),
        "--future": bool(options.future),
        f"--out {options.out}": is_file,
    }
    for option, given in refused.items():
        if given:
            raise InputError(
                f"{option}: {file} is a folder of parts, which is forecast file by file "
                "into a folder; name one of its files"
            )
    check_holidays(options.holidays)
    if options.check:
        check_parts(parts, reading, options, seasons)
        return
    folder = Path(local_name(file)).resolve()
    shown = Path(options.out or "forecasts") / folder.name
    out = shown.resolve()
    if out == folder or out.is_relative_to(folder):
        raise InputError(f"--out {options.out}: {shown} is the data itself; name another folder")
    season, horizon = first_of_parts(parts, reading, options, seasons)
    job = FolderJob(
        folder=folder,
        out=out,
        reading=reading,
        period=season.period,
        longer=season.longer,
        horizon=horizon,
        fit=options.fit,
        weights=read_card(options.network_folder)["sha256"],
        network=None if options.network is None else Path(options.network).resolve(),
        holidays=options.holidays,
    )
    results = forecast_parts(job, [path.resolve() for path in parts], options.ray)
    print_results(results, len(parts), job.horizon, shown)


def series_to_show(panel: Panel, names: Sequence[str], file: str) -> list[int]:
    """The places of ``--plot-series`` in the panel.

    Raises:
        InputError: the panel has no series of that name.
    """
    places = {name: number for number, name in enumerate(panel.ids)}
    for name in names:
        if name not in places:
            raise InputError(f"--plot-series {name}: {file} has no such series")
    return [places[name] for name in names]


def report(
    target: Target, file: str, found: Forecast, tested: Backtest | None, shown: list[int]
) -> None:
    """Write the table and the picture, and say what was found."""
    panel, selection = found.panel, found.selection
    content = {
        "file": file,
        "period": panel.period,
        "horizon": found.horizon,
        "validation": {
            "relative_error": selection.errors,
            "weights": selection.weights,
            "forecasts_compared": len(selection.request.end),
        },
    }
    if found.covariates is not None:
        used = found.covariates
        content["covariates"] = {
            "relative_error": used.error,
            "relative_error_without": used.error_without,
            "weights": used.weights,
            "slopes": used.slopes,
        }
    if tested is not None:
        steps = with_offsets(steps_to_print(tested, shown, panel), panel)
        content["backtest"] = {
            "errors": errors_by_method(tested.errors).to_dict("records"),
            "steps": with_texts(steps).to_dict("records"),
        }
    table = found.table()
    if target.path is None:
        print_forecast(with_offsets(table, panel), content, target.json)
        warn_left_out(panel, file)
    else:
        draw = partial(draw_picture, found, table, shown)
        written = write_files(target.path, panel, file, with_offsets(table, panel), content, draw)
    lines = [selection_sentence(selection)]
    at_once = steps_at_once(panel.period)
    if found.horizon > at_once:
        lines.append(f"zero_shot forecasts {at_once} steps; later ones repeat its last season.")
    if tested is not None:
        lines += backtest_lines(tested, steps_to_print(tested, shown, panel))
    if found.covariates is not None:
        lines += covariates_lines(found.covariates, panel)
    for line in lines:
        print(line, file=target.messages)
    if target.path is not None:
        print(f"{found.horizon} steps of {len(panel.ids):,} series: {written}")


def draw_picture(found: Forecast, table: pd.DataFrame, shown: list[int], path: Path) -> None:
    # matplotlib wants a folder that it can write to, so it is imported only where it draws
    from rnnlab.plots.forecast import chosen_series, forecast_figure, save_figure

    panel = found.panel
    unit = panel.table.value if panel.table else "y"
    examples = chosen_series(panel, found.selection.mase(), shown)
    save_figure(forecast_figure(panel, table, unit, examples), path)
