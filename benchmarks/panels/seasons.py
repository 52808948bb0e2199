"""Series with two seasons: births and a river by day, M4 by hour, by a forecast without options.

    python -m benchmarks.panels.seasons --data FOLDER --m4 FOLDER --out results/seasons
    python -m benchmarks.panels.seasons --data FOLDER --m4 FOLDER --training

Births and the river Saugeen: the last 20 windows of 30 days that do not overlap, each from what
comes before it; MASE is scaled by the naive error of one day, as in GIFT-Eval. M4: the last 48
hours, scaled by that of a day. ``default`` is ``rnnlab forecast``, ``zero_shot`` the method of that
name, ``one reading`` the network that is told the season and nothing else. ``--training`` leaves
out these windows, and forecasts those before them: choices are made on them. FOLDER of --data has
us_births.csv.gz and saugeen_river.csv.gz, that of --m4 Hourly-train.csv and Hourly-test.csv.
Writes table.md, table.json and two_seasons.png: the forecasts that several readings improved most.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.panels.defaults import panel_of
from benchmarks.scratch import RUNS, markdown, write_results
from benchmarks.zero_shot.methods import seasonal_naive
from benchmarks.zero_shot.sets import SeriesSet, held_out, m4_hourly
from rnnlab.core.errors import exit_code
from rnnlab.core.stage import make_parser
from rnnlab.forecasting.forecast import LEVELS, forecast_panel
from rnnlab.forecasting.methods import median
from rnnlab.formats.options import ReadOptions
from rnnlab.plots.style import STYLE, WIDTH, set_title
from rnnlab.series.loading import panel_of as read_panel
from rnnlab.tables.reading import read_table
from rnnlab.training.device import prepare_process
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import packaged_network

WINDOWS, DAYS = 20, 30
DAILY = {"births": ("us_births.csv.gz", "births"), "Saugeen": ("saugeen_river.csv.gz", "flow")}
# what the picture shows: of which set, the past in steps, and labels of the axes
SHOWN = {"births": (60, "days ahead", "births a day"), "M4 hourly": (168, "hours ahead", "value")}
HEADER = ["set", "default", "zero_shot", "one reading", "seasonal naive", "in 80 %", "in 95 %", "s"]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the daily tables")
    parser.add_argument("--m4", type=Path, required=True, help="folder of the hourly tables")
    parser.add_argument("--training", action="store_true", help="the training parts alone")
    parser.add_argument("--out", type=Path, default=RUNS / "seasons", help="folder to write")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: run(given.data, given.m4, given.training, given.out)))


def run(data: Path, m4: Path, training: bool, out: Path) -> None:
    prepare_process(1)
    network = packaged_network()
    gains: dict[str, Gain] = {}
    rows = [of_windows(sets, network, gains) for sets in every_set(data, m4, training)]
    write_results(out, as_text(rows), rows)
    draw([gains[name] for name in SHOWN]).savefig(out / "two_seasons.png", dpi=120)


@dataclass(frozen=True)
class Gain:
    """The forecast that several readings improved most: its history, and what came after."""

    set: str
    name: str
    history: np.ndarray
    future: np.ndarray
    one: np.ndarray
    several: np.ndarray


def every_set(data: Path, m4: Path, training: bool) -> Iterator[list[SeriesSet]]:
    """The windows of each panel, each as a set to forecast."""
    for name, (file, value) in DAILY.items():
        options = ReadOptions(value=value)
        y = read_panel(read_table(str(data / file), options), options).y
        if training:
            y = y[: -WINDOWS * DAYS]
        stops = len(y) - DAYS * np.arange(WINDOWS - 1, -1, -1)
        yield [held_out(name, {name: y[:stop]}, DAYS, period=7, lag=1) for stop in stops]
    hours = m4_hourly(m4)
    if training:
        values = dict(zip(hours.names, hours.histories, strict=True))
        hours = held_out(hours.name, values, hours.horizon, period=24, lag=24)
    yield [hours]


def of_windows(
    sets: list[SeriesSet], network: ZeroShotNetwork, gains: dict[str, Gain]
) -> dict[str, object]:
    """MASE of each forecast, coverage in per cent and the seconds of one, over all windows.

    Args:
        gains: the largest of the set is added.
    """
    largest = -np.inf
    errors: dict[str, list[np.ndarray]] = {}
    inside: dict[int, list[np.ndarray]] = {level: [] for level in LEVELS}
    seconds = []
    for series in sets:
        period = int(series.periods[0])
        begin = perf_counter()
        found = forecast_panel(panel_of(series), network, series.horizon)
        seconds.append(perf_counter() - begin)
        alone = forecast_quantiles(network, series.histories, period, series.horizon)
        points = {
            "default": found.point,
            "zero_shot": median(found.quantiles),
            "one reading": median(alone),
            "seasonal naive": median(seasonal_naive(series).quantiles),
        }
        for name, point in points.items():
            error = np.nanmean(np.abs(series.future - point), axis=1) / series.scales()
            errors.setdefault(name, []).append(error)
        gain = errors["one reading"][-1] - errors["zero_shot"][-1]
        best = int(np.nanargmax(gain))
        if gain[best] > largest:
            largest = gain[best]
            forecasts = [points[name][best] for name in ("one reading", "zero_shot")]
            past = [series.histories[best], series.future[best]]
            gains[series.name] = Gain(series.name, series.names[best], *past, *forecasts)
        for level in LEVELS:
            low, high = found.bounds(level / 100)
            inside[level].append((low <= series.future) & (series.future <= high))
    return {
        "set": sets[0].name,
        **{name: float(np.nanmean(found)) for name, found in errors.items()},
        **{f"in_{level}": 100 * float(np.mean(found)) for level, found in inside.items()},
        "seconds": float(np.median(seconds)),
    }


def as_text(rows: list[dict]) -> str:
    cells = [
        [
            row["set"],
            *(f"{row[name]:.3f}" for name in HEADER[1:5]),
            *(f"{row[f'in_{level}']:.1f}" for level in LEVELS),
            f"{row['seconds']:.1f}",
        ]
        for row in rows
    ]
    return markdown(HEADER, cells)


def draw(gains: list[Gain]) -> Figure:
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
        axes = figure.subplots(len(gains), 1)
        for ax, gain in zip(axes, gains, strict=True):
            _draw_forecasts(ax, gain)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        set_title(figure, "Several readings know the second season (the largest gain of each set)")
    return figure


def _draw_forecasts(ax: Axes, gain: Gain) -> None:
    shown, along, unit = SHOWN[gain.set]
    past, ahead = gain.history[-shown:], np.arange(1, len(gain.future) + 1)
    ax.plot(np.arange(1 - len(past), 1), past, color="0.6", label="history")
    ax.plot(ahead, gain.future, color="0.1", label="what came")
    ax.plot(ahead, gain.one, color="#D55E00", linestyle="--", label="one reading")
    ax.plot(ahead, gain.several, color="#1f6fb4", label="several readings")
    ax.set(title=f"{gain.set}, {gain.name}" if gain.set != gain.name else gain.set)
    ax.set(xlabel=along, ylabel=unit)


if __name__ == "__main__":
    main()
