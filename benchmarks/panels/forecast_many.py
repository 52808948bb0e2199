"""Seconds to forecast 10,000 series by 24 steps with trained networks.

    python -m benchmarks.panels.forecast_many --out benchmarks/runs/forecast_many

Trains the ensemble of task airline on 1,000 monthly series of 120 values for one epoch, then
forecasts 10,000 other series: with ``rnnlab forecast --trained``, from the CSV to the written table
and plot, and within this process, part by part. For comparison, the classical baselines are fitted
on some of the series: as the project runs them, in parallel processes, and with StatsForecast's
``n_jobs``. Their time for all series is extrapolated. Writes a table as Markdown and as JSON.
"""

import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.panels.synthetic import MONTHS, generate, make_project
from benchmarks.scratch import ROOT, RUNS, markdown, run_stages
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import output_files, write_json
from rnnlab.core.params import Params, SeriesNormalize, load_params
from rnnlab.core.stage import make_parser
from rnnlab.forecasting.baselines import MAX_SERIES_SERIAL, NEEDS_NO_FIT, forecast_baseline
from rnnlab.forecasting.forecaster import mean_predictor, network_forecaster
from rnnlab.forecasting.selection import History
from rnnlab.networks.storage import read_models
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.origins import Request
from rnnlab.training.device import prepare

TRAINED_ON = 1_000
HORIZON = 24
# a first run on so many series starts the processes and imports the libraries
WARM_UP = MAX_SERIES_SERIAL + 1
BY_LIBRARY = {"ets": "AutoETS", "theta": "AutoTheta"}
Row = dict[str, Any]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--series", type=int, default=10_000, help="to forecast (10000)")
    parser.add_argument("--some", type=int, default=500, help="series for the baselines (500)")
    parser.add_argument("--rounds", type=int, default=3, help="medians are over so many (3)")
    parser.add_argument("--out", type=Path, default=RUNS / "forecast_many", help="folder")
    arguments = parser.parse_args()
    sys.exit(
        exit_code(lambda: run(arguments.series, arguments.some, arguments.rounds, arguments.out))
    )


def run(series: int, some: int, rounds: int, out: Path) -> None:
    table = generate(series, MONTHS, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project", min(series, TRAINED_ON), ensemble=5)
        run_stages(project, "normalize", "windows", "train", task="panel")
        path = Path(folder) / "many.csv"
        table.to_csv(path, index=False)
        params = load_params(project / "params.yaml")
        rows = [
            from_file_to_file(project, path, series, rounds),
            *network_alone(project, params, history_of(table, series), rounds),
        ]
    known = history_of(table, some)
    rows += [
        baseline(name, known, params.threads)
        for name in params.series("panel").evaluate.baselines
        if name not in NEEDS_NO_FIT
    ]
    rows += [
        by_library(name, table.head(some * MONTHS), some, params.threads) for name in BY_LIBRARY
    ]
    text = as_text(rows, series)
    with output_files(out) as partial:
        (partial / "table.md").write_text(text + "\n", encoding="utf-8")
        write_json(partial / "table.json", {"threads": params.threads, "rows": rows})
    print(text)


def history_of(table: pd.DataFrame, series: int) -> History:
    """The first ``series`` series of the table."""
    values = table["y"].to_numpy()[: series * MONTHS]
    return History(values, MONTHS * np.arange(series + 1), 12)


def from_file_to_file(project: Path, path: Path, series: int, rounds: int) -> Row:
    """The whole command ``rnnlab forecast --trained``."""
    command = [sys.executable, "-m", "rnnlab", "forecast", "--trained", "--task", "panel"]
    command += ["--csv", str(path), "--horizon", str(HORIZON)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def forecast() -> None:
        done = subprocess.run(
            command, cwd=project, env=environment, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            raise InputError("rnnlab forecast failed, see above")

    what = "`rnnlab forecast --trained`, from the CSV to table and plot"
    return {"what": what, "series": series, "seconds": timed(forecast, rounds)}


def network_alone(project: Path, params: Params, history: History, rounds: int) -> list[Row]:
    """The parts of a forecast of arrays in memory: normalization, then the ensemble."""
    networks, card = read_models(project / "data/models/panel", "panel", prepare(params))
    y, offsets, series = history.y, history.offsets, len(history.offsets) - 1
    settings = SeriesNormalize(**card["windows"]["normalized"]["normalize"])
    request = Request(offsets[1:], np.arange(series), HORIZON)

    def normalized() -> Callable:
        fitted = fit_normalization(y, offsets, np.diff(offsets), settings, history.period)
        return network_forecaster(fitted, card["windows"], y, offsets)

    forecast, predict = normalized(), mean_predictor(networks["year"])
    count = len(networks["year"])
    works = {
        "normalization, fitted and applied": normalized,
        f"the {count} networks of the ensemble alone": lambda: forecast(predict, request),
    }
    return [
        {"what": what, "series": series, "seconds": timed(work, rounds)}
        for what, work in works.items()
    ]


def baseline(name: str, history: History, processes: int) -> Row:
    """A baseline as the stages run it, fitted on whole series."""
    y, offsets = history.y, history.offsets

    def forecast(series: int) -> None:
        part = offsets[: series + 1]
        request = Request(part[1:], np.arange(series), HORIZON)
        forecast_baseline(
            name, y[: part[-1]], part, np.diff(part), history.period, [request], processes
        )

    series = len(offsets) - 1
    forecast(min(series, WARM_UP))
    return {"what": name, "series": series, "seconds": timed(lambda: forecast(series), 1)}


def by_library(name: str, table: pd.DataFrame, series: int, processes: int) -> Row:
    """The same method, also on logarithms, with StatsForecast on the whole table."""
    from statsforecast import StatsForecast, models

    table = table.assign(ds=pd.to_datetime(table["ds"]), y=np.log(table["y"]))
    model = getattr(models, BY_LIBRARY[name])(season_length=12)
    forecasts = StatsForecast(models=[model], freq="MS", n_jobs=processes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forecasts.forecast(df=table.head(WARM_UP * MONTHS), h=HORIZON)
        seconds = timed(lambda: forecasts.forecast(df=table, h=HORIZON), 1)
    what = f"{name}, by StatsForecast with n_jobs {processes}"
    return {"what": what, "series": series, "seconds": seconds}


def timed(work: Callable[[], object], rounds: int) -> float:
    """The median of the seconds that ``work`` takes."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return median(found)


def as_text(rows: list[Row], series: int) -> str:
    header = ["what", "series", "seconds", "ms a series", f"seconds for {series:,}"]
    lines = []
    for row in rows:
        each = row["seconds"] / row["series"]
        cells = [f"{row['seconds']:.2f}", f"{1e3 * each:.2f}", f"{each * series:.1f}"]
        lines.append([row["what"], f"{row['series']:,}", *cells])
    return markdown(header, lines)


if __name__ == "__main__":
    main()
