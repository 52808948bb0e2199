"""The program ``rnnlab``: what each command takes, and its help.

A command's own module is imported when it runs: help and completion need no torch.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from rnnlab.commands.options import ForecastOptions, SearchOptions, TableOptions, takes_options
from rnnlab.commands.retry import add_command
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.process import prepare_program
from rnnlab.core.progress import track_progress
from rnnlab.core.text import use_utf8

if TYPE_CHECKING:
    from rnnlab.core.params import Params

EXIT_CODES = """\
All but forecast run in the root of a project. Exit codes: 0 done; 1 bad input or a fault of the
machine, in one line; 2 a wrong command line; 130 stopped by Ctrl-C."""

app = typer.Typer(
    help="Forecast series, read digits, and work with the pipeline's results.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.command(epilog=EXIT_CODES)
@takes_options
def forecast(
    options: ForecastOptions,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="file, folder, address or -")
    ] = None,
    csv: Annotated[str | None, typer.Option(help="the same as FILE", hidden=True)] = None,
) -> None:
    """Forecast the next steps of every series, with intervals.

    \b
        rnnlab forecast mine.csv
        rnnlab forecast sales.xlsx --horizon 24 --backtest
        cat mine.csv | rnnlab forecast - --json

    Nothing is trained: the pretrained network forecasts each series from its past. On the last
    stretch of the data it is compared with the last value, the last season and the line through the
    first and last value; where the mean with one of them is clearly better, the forecast is that
    mean. Every series gets a forecast, down to a single value in a panel.

    A folder of Parquet files, each with series of its own, is forecast file by file into
    OUT/FOLDER/; started again, it goes on with the files that are not done.

    --fit adds methods to the comparison, and says first how long they take. --train lets the
    network learn from long series first, a few minutes at most; it stays as it is where that is
    not better by more than chance, and --network OUT/NAME_network uses it again. In the root of a
    project, --trained adds the networks of `dvc repro`; without FILE the series are the task's.

    \b
    Reads:   the table of one series or of many: text, .xlsx, .csv.gz, Parquet or a folder of it, an
             address, or - for standard input; with --trained also params.yaml and data/models/TASK/
    Writes:  OUT/NAME.csv (unique_id, ds, forecast, low_80, high_80, low_95, high_95), OUT/NAME.png
             and, where a series cannot be read, OUT/NAME_left_out.csv with the reason; columns
             that name a series together follow unique_id; after --html a page; after --train
             OUT/NAME_network/, if it has learned; with --check nothing
    Needs:   a file; with --trained a project, and what `dvc repro train@TASK` leaves
    """

    def work() -> None:
        from rnnlab.commands.forecast import forecast as command

        if file is not None and csv is not None:
            raise InputError(f"{file} --csv {csv}: name one file")
        command(csv if file is None else file, options)

    finish("forecast", work)


@app.command(epilog=EXIT_CODES)
def predict(
    images: Annotated[
        list[Path] | None, typer.Argument(metavar="IMAGE", help="a PNG or JPEG")
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            help="a key of tasks in params.yaml whose network reads the images, "
            "or zero_shot to write that network"
        ),
    ] = "mnist",
    onnx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the network as ONNX")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="exit code 0 also if an answer is in doubt")
    ] = False,
) -> None:
    """Name the digits in photos, or write the trained network as an ONNX file.

    \b
        rnnlab predict seven.png photo.jpg
        rnnlab predict --onnx digits.onnx
        rnnlab predict --task zero_shot --onnx forecaster.onnx

    A photo may have any size, be dark on light or light on dark, and hold colour or transparency.
    Paper, shadows, ruled lines, dirt and the table are taken off. Each digit is made into an image
    as those of MNIST were made: in a box of 20×20, its centre of mass in the middle of 28×28
    pixels. Digits side by side are read from left to right.

    An answer in doubt has a ? behind it, and a line says why: nothing is written, ink is scattered,
    digits touch or are not side by side, or the largest probability is below 90 %. The exit code is
    then 1, with --accept 0.

    \b
    Reads:   params.yaml (threads, device, deterministic, tasks.TASK.kind), data/models/TASK/, the
             photos; for zero_shot models/zero_shot/ alone
    Writes:  a row for each photo to standard output: the answer, and each class's probability in
             per cent, a row more for each further digit of it; with --onnx the named file: input x,
             float32 [N, T, F] of grey levels 0 to 255, output logits [N, K], the normalization
             inside; for zero_shot the inputs are what rnnlab.features.extraction.extract_features
             (numpy alone) returns for histories, and the output quantiles [S, H, 11] is in its
             units
    Needs:   what `dvc repro train@TASK` leaves; for zero_shot models/zero_shot/, which git holds
    """
    run("predict", lambda module, params: module.predict(images or [], task, onnx, accept, params))


@app.command("new-series", epilog=EXIT_CODES)
@takes_options
def new_series(
    csv: Annotated[str, typer.Argument(metavar="FILE", help="any table that `forecast` takes")],
    table: TableOptions,
    name: Annotated[str | None, typer.Option(help="name of the task (that of the file)")] = None,
    unit: Annotated[
        str | None, typer.Option(help="what a value counts, for plots (the column of values)")
    ] = None,
    task: Annotated[str, typer.Option("--task", help="task whose settings are used")] = "airline",
    known: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS", help="columns known of later times, too; several with a comma"
        ),
    ] = None,
    holidays: Annotated[
        str | None,
        typer.Option(metavar="CODES", help="of a country or a part of it: AT, US-CA or DE,FR"),
    ] = None,
) -> None:
    """Make a series of your own a task of the pipeline.

    \b
        rnnlab new-series mine.csv
        rnnlab new-series sales.tsv --period 7 --name shop --time day --value sold
        rnnlab new-series sales.tsv --value sold --known promo,price --holidays AT

    The file is checked as the pipeline reads it; where anything has to be guessed, the task gets
    the long table unique_id, ds, y that was understood, with the columns of --known. The settings
    are those of a task, with windows as long as the period and the series allow.

    \b
    Reads:   params.yaml, dvc.yaml, the table of one series or of many
    Writes:  data/raw/NAME.csv (or .tsv, .parquet), unless the file lies in data/raw already; the
             plots and the model at the end of those of dvc.yaml; tasks.NAME at the end of the tasks
             of params.yaml. No other line of them changes, and with bad input nothing does.
    Needs:   a file of a series; no data of other tasks
    """

    def work(module: ModuleType, params: "Params") -> None:
        from rnnlab.forecasting.task_settings import SeriesOptions, one_season

        columns = table.id_column, table.time_column, table.value_column
        ahead = [name.strip() for names in known or () for name in names.split(",")]
        options = SeriesOptions(
            task,
            csv,
            one_season(table.seasons),
            *columns,
            tuple(table.pairs),
            tuple(filter(None, ahead)),
            holidays,
        )
        module.new_series(options, name, unit, params)

    run("new_series", work)


@app.command(epilog=EXIT_CODES)
@takes_options
def search(
    task: Annotated[str, typer.Argument(help="a key of tasks in params.yaml")],
    options: SearchOptions,
) -> None:
    """Search parameters that are better on validation; every trial is an experiment of DVC.

    \b
        rnnlab search airline --trials 30
        rnnlab search mnist --minutes 30 --jobs 2

    Optuna asks for parameters, and DVC runs them beside the workspace, as experiments named
    TASK-search-01 and so on; the first has those of params.yaml. A trial whose validation curve is
    worse than most is pruned. Started again, the search goes on where it was stopped or killed.

    \b
    Reads:   params.yaml, experiments/search/TASK.yaml: keys of params.yaml with [choices],
             {int: [low, high]} or {float: [low, high], log: true}
    Writes:  data/search/TASK/: study.db, the log of each trial, and tables that the report draws;
             the best trials, and how to apply the best, to standard output
    Needs:   a clone (git), and what `dvc repro windows@TASK` leaves in the cache
    """
    run("search", lambda module, params: module.search(task, params, **asdict(options)))


@app.command(epilog=EXIT_CODES)
def report() -> None:
    """Print the scores of every task as tables, and write a page with all that there is to see.

    \b
    Reads:   params.yaml, and metrics/TASK/ for each of its tasks: scores.json, predictions.csv,
             tables/, plots/ and speed.json; metrics/zero_shot/ and models/zero_shot/, if they are
             there; data/normalized/TASK/, data/models/TASK/ and, through DVC, the metrics of the
             last commit, where they are at hand
    Writes:  report/index.html, a page in one file, with every plot, with curves to hover over and
             with a place to draw on, where the trained network of images reads what is drawn;
             the tables go to standard output
    Needs:   what `dvc repro` leaves
    """
    run("report", lambda module, params: module.report(params))


@app.command(epilog=EXIT_CODES)
def gate(
    against: Annotated[
        str | None,
        typer.Option(
            metavar="REV", help="commit, branch or tag (origin/main, or main without one)"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the Markdown there, too")
    ] = None,
) -> None:
    """Compare the scores with another revision's; fail where one is worse by more than is allowed.

    \b
        rnnlab gate
        rnnlab gate --against HEAD~1 --out gate.md

    The gate looks at the scores of images, and for series at those of the model and of the
    combination. Accuracy and macro F1 are better high; the loss, MAPE, sMAPE, MASE and MSIS are
    better low; the coverage of an interval is better near its level. A score that is gone counts
    as worse, a new one does not.

    \b
    Reads:   params.yaml (gate); metrics/TASK/scores.json, here and as git holds them at the
             revision: no cache of DVC and no data are needed
    Writes:  the difference, as Markdown, to standard output and to the file after --out
    Needs:   a clone (git), and a revision that holds scores
    Exit:    1 where a score is worse by more than the gate allows, else 0
    """
    run("gate", lambda module, params: module.gate(against, out, params))


def run(name: str, work: Callable[[ModuleType, "Params"], None]) -> None:
    """Check all parameters, then do ``work(module, params)`` with the command's own module."""

    def checked() -> None:
        from rnnlab.commands.project import command_module, project_params

        params = project_params(f"rnnlab {name.replace('_', '-')}")
        work(command_module(name), params)

    finish(name, checked)


def finish(name: str, work: Callable[[], None]) -> None:
    """Do ``work`` and leave with its exit code."""

    def tracked() -> None:
        with track_progress(name.replace("_", "-")):
            try:
                work()
            except InputError as error:
                add_command(error, sys.argv[1:])
                raise

    sys.exit(exit_code(tracked))


def main() -> None:
    use_utf8()
    prepare_program()
    # a name of its own: `python -m rnnlab` would be called __main__.py
    app(prog_name="rnnlab")
