"""Fine-tuning beside the pretrained network: M4 by hour, births, a river, tsdl, the eight sets.

    python -m benchmarks.panels.finetuned --folder FOLDER --out results/finetuned
    python -m benchmarks.panels.finetuned --folder FOLDER --sets "M4 hourly" births
    python -m benchmarks.panels.finetuned --folder FOLDER --training

FOLDER has m4, covariates and tsdl, as the notes on the other panels say. The network learns once,
from what comes before all windows of a set; MASE is that of methods ``zero_shot`` and
``fine_tuned``, the median forecast of all readings. Births and the river Saugeen have 20 windows of
30 days, scaled by the naive error of one day; the others have one, the last horizon, scaled by that
of a season. tsdl is grouped by its periods. ``--training`` leaves these windows out, and forecasts
those before them: choices are made on them. ``--sets`` names some; their rows replace those of an
earlier run.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.panels.defaults import panel_of
from benchmarks.panels.seasons import DAILY, every_set
from benchmarks.scratch import RUNS, markdown, write_results
from benchmarks.zero_shot.sets import (
    EIGHT_NAMES,
    M4_HOURLY,
    SeriesSet,
    held_out,
    public_sets,
    series_of_period,
)
from benchmarks.zero_shot.stretch import without_end
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.stage import make_parser
from rnnlab.forecasting.methods import median, zero_shot_method
from rnnlab.forecasting.trained import fine_tuned
from rnnlab.series.origins import Request
from rnnlab.training.device import prepare_process
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import packaged_network

# period in tsdl: the period that methods are told, the steps ahead
TSDL = {1: (1, 6), 4: (4, 4), 12: (12, 12), 52: (52, 52), 365: (7, 30)}
NAMES = (M4_HOURLY, *DAILY, *(f"tsdl {period}" for period in TSDL), *EIGHT_NAMES)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the data")
    parser.add_argument("--sets", nargs="+", default=NAMES, help="some of the sets")
    parser.add_argument("--training", action="store_true", help="the training parts alone")
    parser.add_argument("--out", type=Path, default=RUNS / "finetuned", help="folder to write")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: run(given.folder, given.sets, given.training, given.out)))


def run(folder: Path, names: list[str], training: bool, out: Path) -> None:
    prepare_process(1)
    for name in names:
        if name not in NAMES:
            raise InputError(f"--sets {name}: write some of {', '.join(NAMES)}")
    network, rows = packaged_network(), {}
    earlier = out / "table.json"
    if earlier.exists():
        rows = {row["set"]: row for row in json.loads(earlier.read_text(encoding="utf-8"))}
    for name in names:
        rows[name] = of_windows(windows_of(name, folder, training), network)
        print(json.dumps(rows[name]), flush=True)
    found = [rows[name] for name in NAMES if name in rows]
    write_results(out, as_text(found), found)


def windows_of(name: str, folder: Path, training: bool) -> list[SeriesSet]:
    """The windows of a set, the earliest first."""
    if name == M4_HOURLY or name in DAILY:
        sets = every_set(folder / "covariates", folder / "m4", training)
        return next(windows for windows in sets if windows[0].name == name)
    if name in EIGHT_NAMES:
        found = next(each for each in public_sets() if each.name == name)
    else:
        found = of_tsdl(name, folder / "tsdl/tsdl.csv.gz")
    return [without_end(found) if training else found]


def of_tsdl(name: str, path: Path) -> SeriesSet:
    """Series of one period that are five horizons long, without the last one."""
    period = int(name.split()[1])
    told, horizon = TSDL[period]
    values = {
        name: y[: np.flatnonzero(np.isfinite(y))[-1] + 1]
        for name, y in series_of_period(path, period).items()
    }
    values = {name: y for name, y in values.items() if len(y) >= 5 * horizon}
    return held_out(name, values, horizon, told, told)


def of_windows(windows: list[SeriesSet], network: ZeroShotNetwork) -> dict[str, object]:
    """MASE of both networks over all windows, the best step and the seconds."""
    first = windows[0]
    begin = perf_counter()
    tuned = fine_tuned(panel_of(first), network, first.horizon)
    seconds = perf_counter() - begin
    before = mean_mase(windows, network)
    after = mean_mase(windows, tuned.network) if tuned.step else before
    return {
        "set": first.name,
        "series": len(first.names),
        "zero_shot": before,
        "fine_tuned": after,
        "step": tuned.step,
        "errors": {str(step): error for step, error in tuned.errors.items()},
        "seconds": seconds,
    }


def mean_mase(windows: list[SeriesSet], network: ZeroShotNetwork) -> float:
    errors = []
    for series in windows:
        panel = panel_of(series)
        request = Request(np.arange(len(panel.ids)), panel.lengths, series.horizon)
        [found] = zero_shot_method(network)(panel, panel.lengths, [request])
        error = np.nanmean(np.abs(series.future - median(found)), axis=1)
        errors.append(error / series.scales())
    return float(np.nanmean(errors))


def as_text(rows: list[dict]) -> str:
    cells = [
        [
            row["set"],
            f"{row['series']:,}",
            f"{row['zero_shot']:.3f}",
            f"{row['fine_tuned']:.3f}",
            f"{100 * (row['fine_tuned'] / row['zero_shot'] - 1):+.1f}",
            str(row["step"]) if row["errors"] else "too short",
            f"{row['seconds']:.0f}",
        ]
        for row in rows
    ]
    header = ["set", "series", "zero_shot", "fine_tuned", "per cent", "best step", "seconds"]
    return markdown(header, cells)


if __name__ == "__main__":
    main()
