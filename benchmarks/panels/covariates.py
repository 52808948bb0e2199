"""How much covariates help: births, electricity prices and bike rentals, with and without them.

    python -m benchmarks.panels.covariates --data FOLDER --out results/covariates

Forecasts the last 20 windows that do not overlap, each from what came before it: 30 days of births,
24 hours of prices, 7 days and 24 hours of rentals. Methods and the form of the effect are chosen
before each fifth window, on what comes before it; the effect is fitted again before each. ``noise``
has ten columns of random numbers in the place of the covariates. MASE is scaled on what comes
before the window, and its mean is relative to that of the seasonal naive forecast. FOLDER has
us_births.csv.gz, epf_np.csv.gz, epf_de.csv.gz, bike_sharing_day.csv.gz and
bike_sharing_hour.csv.gz.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.scratch import RUNS, markdown, write_results
from benchmarks.zero_shot.scores import geometric_mean
from rnnlab.core.errors import exit_code
from rnnlab.core.stage import make_parser
from rnnlab.effects.columns import with_covariates
from rnnlab.forecasting.covariates import all_with_effect, mean_effect
from rnnlab.forecasting.forecast import Forecast, forecast_panel, forecast_selected
from rnnlab.forecasting.methods import make_methods, names_of
from rnnlab.forecasting.selection import seasonal_naive_forecasts
from rnnlab.formats.options import ReadOptions
from rnnlab.series.loading import panel_of
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.series.origins import Request
from rnnlab.series.panel import Covariates, Panel
from rnnlab.series.seasons import settle
from rnnlab.tables.reading import read_table
from rnnlab.training.device import prepare_process
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import packaged_network

WINDOWS, CHOSEN_EVERY, NOISE = 20, 5, 10
WEATHER = ("temp", "atemp", "hum", "windspeed")


@dataclass(frozen=True)
class Set:
    """A table, what is known ahead in it, and the steps to forecast."""

    file: str
    value: str
    horizon: int
    known: tuple[str, ...] = ()
    holidays: str | None = None


SETS = {
    "births": Set("us_births.csv.gz", "births", 30, holidays="US"),
    "prices NP": Set("epf_np.csv.gz", "Price", 24, ("Grid load forecast", "Wind power forecast")),
    "prices DE": Set("epf_de.csv.gz", "Price", 24, ("Ampirion Load Forecast", "PV+Wind Forecast")),
    "bikes by day": Set(
        "bike_sharing_day.csv.gz", "cnt", 7, ("holiday", "workingday", "weathersit", *WEATHER)
    ),
    "bikes by hour": Set(
        "bike_sharing_hour.csv.gz", "users", 24, ("holiday", "workingday", "weather", *WEATHER)
    ),
}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), help="some of them")
    parser.add_argument("--out", type=Path, default=RUNS / "covariates", help="folder")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: run(given.data, given.sets, given.out)))


def run(data: Path, sets: list[str], out: Path) -> None:
    prepare_process(1)
    network = packaged_network()
    rows = [row for name in sets for row in of_set(name, data, network)]
    write_results(out, as_text(rows), rows)


def of_set(name: str, data: Path, network: ZeroShotNetwork) -> Iterator[dict[str, object]]:
    wanted = SETS[name]
    options = ReadOptions(value=wanted.value, known=wanted.known)
    table = read_table(str(data / wanted.file), options)
    panel, _ = settle(panel_of(table, options), ())
    known = with_covariates(panel, table, 0, wanted.holidays)
    draw = np.random.default_rng(0).normal(size=(len(panel.y), NOISE))
    noise = Covariates([f"noise {number}" for number in range(NOISE)], panel.offsets, draw)
    for kind, each in (
        ("without", panel),
        ("with", known),
        ("noise", replace(panel, covariates=noise)),
    ):
        yield {"set": name, "covariates": kind, **of_windows(each, network, wanted.horizon)}


def of_windows(panel: Panel, network: ZeroShotNetwork, horizon: int) -> dict[str, object]:
    """The scores over all windows, each choice, and the seconds that a choice takes."""
    [length] = panel.lengths
    ends = length - horizon * np.arange(WINDOWS, 0, -1)
    errors, naive, inside, seconds, effects, methods = [], [], [], [], [], []
    for window, end in enumerate(ends):
        past = panel.until(np.array([end]))
        if window % CHOSEN_EVERY == 0:
            begin = perf_counter()
            found = chosen = forecast_panel(past, network, horizon)
            seconds.append(perf_counter() - begin)
            effects.append({} if chosen.covariates is None else chosen.covariates.weights)
            methods.append(chosen.selection.weights)
        else:
            found = forecast_as_chosen(past, network, chosen)
        truth = panel.y[end : end + horizon]
        request = Request(np.array([0]), np.array([end]), horizon)
        [scale] = seasonal_naive_errors([past.y], panel.period)
        errors.append(np.nanmean(np.abs(truth - found.point[0])) / scale)
        [forecast] = seasonal_naive_forecasts(past, request)
        naive.append(np.nanmean(np.abs(truth - forecast)) / scale)
        low, high = found.bounds(0.8)
        inside.append((low[0] <= truth) & (truth <= high[0]))
    return {
        "mase": float(np.mean(errors)),
        "relative": float(np.mean(errors) / np.mean(naive)),
        "in_80": 100 * float(np.mean(inside)),
        "effects": effects,
        "methods": methods,
        "seconds": float(np.median(seconds)),
    }


def forecast_as_chosen(past: Panel, network: ZeroShotNetwork, chosen: Forecast) -> Forecast:
    """The forecast after ``past`` by the methods and the effect that were chosen before."""
    fallbacks: Counter[str] = Counter()
    methods = make_methods(names_of(False), network, 1, fallbacks, rounded=False)
    if chosen.covariates is not None and chosen.covariates.effect is not None:
        effect = mean_effect(past, past.lengths, chosen.covariates.weights)
        methods = all_with_effect(methods, effect)
    return forecast_selected(past, methods, chosen.selection, chosen.horizon, fallbacks)


def shares(choices: list[dict[str, float]], otherwise: str) -> str:
    """The mean weights over all choices; what they lack to 1 is ``otherwise``."""
    total: Counter[str] = Counter()
    for weights in choices:
        total.update({otherwise: 1 - sum(weights.values()), **weights})
    mean = {name: weight / len(choices) for name, weight in total.items()}
    return ", ".join(f"{weight:.2f} {name}" for name, weight in mean.items() if weight > 0.001)


def as_text(rows: list[dict]) -> str:
    header = ["set", "covariates", "MASE", "relative", "in 80 %", "effect", "methods", "s"]
    cells = [
        [
            row["set"],
            row["covariates"],
            f"{row['mase']:.3f}",
            f"{row['relative']:.3f}",
            f"{row['in_80']:.1f}",
            shares(row["effects"], "none"),
            shares(row["methods"], ""),
            f"{row['seconds']:.1f}",
        ]
        for row in rows
    ]
    prices = [
        row["relative"]
        for row in rows
        if row["set"].startswith("prices") and row["covariates"] == "with"
    ]
    if len(prices) > 1:
        mean = f"{geometric_mean(prices):.3f}"
        cells.append(["both prices", "with", "", mean, *[""] * 4])
    return markdown(header, cells)


if __name__ == "__main__":
    main()
