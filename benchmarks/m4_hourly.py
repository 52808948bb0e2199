"""The 414 hourly series of the M4 competition, 48 hours ahead, by one recurrent network.

    python -m benchmarks.m4_hourly --data ../shared/data/m4

Prints a Markdown table of the competition's published rows and ours, and writes the forecasts with
their intervals (m4_hourly.csv) and all figures (m4_hourly.json). About 5 minutes on two cores.

An ensemble is fitted twice: without the last 48 training hours, whose errors set the width of the
intervals, and on all of the training part, for the forecast. The test file is opened once the
forecasts are written, not before.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.day_by_day import HORIZON, PERIOD, WINDOW, Settings, control, fit, forecast
from benchmarks.intervals import around, coverage, half_widths, scaled_interval_score, spreads
from benchmarks.m4_data import (
    PUBLISHED,
    TEST_FILE,
    TRAIN_FILE,
    Figures,
    check_measures,
    find,
    read_train,
    read_truth,
    score,
)
from stages.common.baselines import seasonal_naive
from stages.common.devices import sow
from stages.common.errors import InputError, exit_code
from stages.common.files import output_files, write_json, write_table
from stages.common.measures import seasonal_naive_error
from stages.common.progress import training_bar

SEED = 0
LEVELS = (0.80, 0.95)  # of the intervals
LEAST_HOURS = WINDOW + 2 * HORIZON  # a window, its targets, and the hours held out
LINE_STEPS = 500  # a line of progress after so many, where there is no terminal


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help=f"folder of {TRAIN_FILE} and {TEST_FILE}"
    )
    parser.add_argument("--seeds", type=int, default=4, help="members of an ensemble (4)")
    parser.add_argument("--steps", type=int, default=3000, help="batches a member learns (3000)")
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    results = Path(__file__).parent / "results"
    parser.add_argument("--out", type=Path, default=results, help="folder for what is written")
    parser.add_argument(
        "--quick", action="store_true", help="smoke test: 2 seeds, 60 steps, into OUT/quick"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.steps, arguments.out = 2, 60, arguments.out / "quick"
    sys.exit(exit_code(lambda: run(arguments)))


def run(arguments: argparse.Namespace) -> None:
    for name, least in (("seeds", 1), ("steps", 20), ("threads", 1)):
        if getattr(arguments, name) < least:
            raise InputError(f"--{name}: write {least} or more")
    torch.set_num_threads(arguments.threads)
    # numbers near zero cost a CPU up to a hundred times the time of others and change nothing
    torch.set_flush_denormal(True)
    settings = Settings(steps=arguments.steps)
    print(markdown(benchmark(arguments.data, arguments.out, arguments.seeds, settings)))


def benchmark(data: Path, out: Path, members: int, settings: Settings, prove: bool = True) -> dict:
    """Fit, forecast, write the forecasts, and only then read the test file and score.

    Args:
        data: folder of the two files.
        out: folder for m4_hourly.csv and m4_hourly.json.
        members: networks in each ensemble.
        prove: whether seasonal naive must meet its published row, as it does on M4's own files.

    Returns:
        All figures, as they stand in m4_hourly.json.
    """
    started = time.perf_counter()
    # a missing file is better known now than after the training
    train_path, test_path = find(data, TRAIN_FILE), find(data, TEST_FILE)
    train = read_train(train_path, LEAST_HOURS)
    series = list(train.values())
    singles, bounds, validation = forecast_all(series, members, settings)
    ensemble = combine(singles)
    with output_files(out) as folder:
        write_table(folder / "m4_hourly.csv", forecast_table(list(train), ensemble, bounds))

    truth = read_truth(test_path, list(train))
    naive = np.array([seasonal_naive(y, PERIOD)(y, HORIZON) for y in series])
    naive_figures = score(series, truth, naive)
    if prove:
        check_measures(naive_figures, test_path)
    scales = np.array([seasonal_naive_error(y, PERIOD) for y in series])
    figures = {
        "ensemble": score(series, truth, ensemble)._asdict(),
        "members": [score(series, truth, single)._asdict() for single in singles],
        "control": score(series, truth, forecast(control, series))._asdict(),
        "seasonal_naive": naive_figures._asdict(),
        "validation": validation._asdict(),
        "coverage": {f"{level:.0%}": coverage(truth, bounds[level]) for level in LEVELS},
        "msis": scaled_interval_score(truth, bounds[0.95], scales),
        "seconds": round(time.perf_counter() - started, 1),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "settings": vars(settings),
    }
    with output_files(out) as folder:
        write_json(folder / "m4_hourly.json", figures)
    return figures


def forecast_all(
    series: list[np.ndarray], members: int, settings: Settings
) -> tuple[list[np.ndarray], dict[float, np.ndarray], Figures]:
    """Fit both ensembles on series, each [n], and forecast the 48 hours after them.

    Returns:
        Each member's forecast [S, 48], the bounds [2, S, 48] of the interval of each level, and
        the figures on the hours held out (which chose the settings, so they flatter).
    """
    before, held_out = hold_out(series)
    said = combine(fit_members(before, "validation", members, settings))
    singles = fit_members(series, "forecast", members, settings)
    bounds = {}
    for level in LEVELS:
        widths = half_widths(held_out, said, spreads(before), level)
        bounds[level] = around(combine(singles), widths, spreads(series))
    return singles, bounds, score(before, held_out, said)


def hold_out(series: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Series without their last 48 hours, and those hours, [S, 48]."""
    return [y[:-HORIZON] for y in series], np.array([y[-HORIZON:] for y in series])


def fit_members(
    series: list[np.ndarray], name: str, members: int, settings: Settings
) -> list[np.ndarray]:
    """Train ``members`` networks, each from a seed of its own; the forecast [S, 48] of each."""
    forecasts = []
    for member in range(members):
        generator = sow(SEED, name, member)
        with progress(f"{name} {member + 1}/{members}", settings.steps) as on_step:
            network = fit(series, settings, generator, on_step)
        forecasts.append(forecast(network, series))
    return forecasts


def combine(forecasts: list[np.ndarray]) -> np.ndarray:
    """The geometric mean of forecasts, since the networks forecast logarithms."""
    return np.exp(np.mean(np.log(forecasts), axis=0))


@contextmanager
def progress(title: str, steps: int) -> Iterator[Callable[[int, float], None]]:
    """A bar with the mean loss on a terminal; a line for every 500 steps elsewhere."""
    losses: list[float] = []
    with training_bar(title, steps) as (update, on_terminal):

        def on_step(step: int, loss: float) -> None:
            losses.append(loss)
            text = f"loss {np.mean(losses[-LINE_STEPS:]):.4f}"
            update(advance=1, figures=text)
            if not on_terminal and step % LINE_STEPS == 0:
                print(f"{title}: step {step}/{steps}, {text}", file=sys.stderr)

        yield on_step


def forecast_table(
    names: list[str], ensemble: np.ndarray, bounds: dict[float, np.ndarray]
) -> pd.DataFrame:
    """A long table: a row for each series and hour (1 to 48), forecast and intervals."""
    columns = {
        "unique_id": np.repeat(names, HORIZON),
        "hour": np.tile(np.arange(1, HORIZON + 1), len(names)),
        "forecast": ensemble.ravel(),
    }
    for level, (low, high) in bounds.items():
        columns |= {f"low_{level:.0%}": low.ravel(), f"high_{level:.0%}": high.ravel()}
    return pd.DataFrame(columns).rename(columns=lambda name: name.rstrip("%"))


def markdown(figures: dict) -> str:
    """The table of published rows and ours, and a line each on intervals and on the run."""
    members = figures["members"]
    rows = {name: three_digits(row) for name, row in PUBLISHED.items()}
    rows |= {
        f"**network, ensemble of {len(members)}**": three_digits(figures["ensemble"].values()),
        "**network, single: mean ± sd**": mean_and_deviation(members),
        "**control: the network's output zero**": three_digits(figures["control"].values()),
        "**seasonal naive, computed here**": three_digits(figures["seasonal_naive"].values()),
    }
    lines = ["| method | sMAPE (%) | MASE | OWA |", "|---|---|---|---|"]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    held = ", ".join(f"{level} {share:.1%}" for level, share in figures["coverage"].items())
    owa, minutes = figures["validation"]["owa"], figures["seconds"] / 60
    lines += [
        "",
        "In bold what was computed here. OWA divides by Naive2's published figures, which are "
        "rounded: its last digit may differ by one.",
        f"Intervals hold (of the test values): {held}. MSIS of the 95% interval: "
        f"{figures['msis']:.3f}.",
        f"On the last {HORIZON} training hours, which chose the settings: OWA {owa:.3f}.",
        f"{minutes:.1f} minutes, torch {figures['torch']}, {figures['threads']} threads.",
    ]
    return "\n".join(lines)


def three_digits(row: Iterable[float]) -> list[str]:
    return [f"{figure:.3f}" for figure in row]


def mean_and_deviation(members: list[dict[str, float]]) -> list[str]:
    """Each figure over the members; one member alone has no deviation."""
    table = np.array([list(member.values()) for member in members])
    if len(table) == 1:
        return three_digits(table[0])
    pairs = zip(table.mean(axis=0), table.std(axis=0, ddof=1), strict=True)
    return [f"{mean:.3f} ± {deviation:.3f}" for mean, deviation in pairs]


if __name__ == "__main__":
    main()
