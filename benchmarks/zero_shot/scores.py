"""Scores of forecasts of a set, and whether two methods differ by more than chance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.zero_shot.methods import Forecasts
from benchmarks.zero_shot.sets import SeriesSet
from rnnlab.backtesting.significance import paired_test
from rnnlab.series.measures import coverage
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.scores import INTERVALS, pinball_of_deciles

SIGNIFICANT = 0.05


def mase_by_series(series: SeriesSet, forecasts: Forecasts) -> np.ndarray:
    """MASE of each series (Hyndman & Koehler 2006), [S]; NaN where the history repeats exactly."""
    errors = np.abs(series.future - forecasts.quantiles[:, :, MEDIAN])
    return np.nanmean(errors, axis=1) / series.scales()


def weighted_quantile_loss(truth: np.ndarray, quantiles: np.ndarray) -> float:
    """Twice the pinball loss over the sum of absolute values, mean over .1 to .9.

    All series and steps are pooled, as in GluonTS and fev.

    Args:
        truth: [S, H]; NaN is left out.
        quantiles: [S, H, 11].
    """
    total = np.nansum(pinball_of_deciles(truth, quantiles), axis=(0, 1))
    return float(2 * total.mean() / np.nansum(np.abs(truth)))


def score(series: SeriesSet, forecasts: Forecasts) -> dict[str, float]:
    """MASE, weighted quantile loss, and the coverage of central intervals in per cent."""
    known = np.isfinite(series.future)
    truth, quantiles = series.future[known], forecasts.quantiles[known]
    covered = {
        f"coverage_{level}": coverage(
            truth, *(quantiles[:, QUANTILES.index(bound)] for bound in ends)
        )
        for level, ends in INTERVALS.items()
    }
    return {
        "mase": float(np.nanmean(mase_by_series(series, forecasts))),
        "wql": weighted_quantile_loss(series.future, forecasts.quantiles),
        **covered,
        "replaced": forecasts.replaced,
    }


def geometric_mean(values: Sequence[float] | pd.Series | np.ndarray) -> float:
    return float(np.exp(np.log(np.asarray(values, dtype=np.float64)).mean()))


def compare(by_method: dict[str, dict[str, np.ndarray]], steps: dict[str, int]) -> pd.DataFrame:
    """Wilcoxon's signed-rank test over the series of each set: the network against each method.

    P values are those of Holm (1979) over the sets of a method, so that one of many differences
    is not called real by chance.

    Args:
        by_method: MASE of each series, [S], by set and method; ``zero_shot`` is the network's,
            the mean over its seeds.
        steps: steps ahead, by set.

    Returns:
        A row for each set and method: the difference of mean MASE (negative: the network's is
        lower), on which share of series the network's is lower, p, and a verdict.
    """
    rows = []
    for name, methods in by_method.items():
        for method in [each for each in methods if each != "zero_shot"]:
            ours, theirs = methods["zero_shot"], methods[method]
            known = np.isfinite(ours) & np.isfinite(theirs)
            ours, theirs = ours[known], theirs[known]
            found = paired_test(ours, theirs, np.arange(len(ours)), steps[name])
            p_value = np.nan if found["p_value"] is None else found["p_value"]
            different = ours != theirs
            wins = float((ours < theirs)[different].mean()) if different.any() else 0.5
            difference = found["difference"]
            rows.append(
                {
                    "set": name,
                    "method": method,
                    "difference": difference,
                    "wins": wins,
                    "p": p_value,
                }
            )
    table = pd.DataFrame(rows, columns=["set", "method", "difference", "wins", "p"])
    table["p"] = table.groupby("method")["p"].transform(lambda p: holm(p.to_numpy()))
    table["verdict"] = [
        verdict(row.difference, row.wins, row.p) for row in table.itertuples(index=False)
    ]
    return table


def holm(p_values: np.ndarray) -> np.ndarray:
    """P values adjusted for their number (Holm 1979); NaN stays."""
    adjusted = np.full(len(p_values), np.nan)
    order = [row for row in np.argsort(p_values) if np.isfinite(p_values[row])]
    largest = 0.0
    for rank, row in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[row]))
        adjusted[row] = largest
    return adjusted


def verdict(difference: float, wins: float, p_value: float) -> str:
    """What a difference of mean MASE is worth."""
    if not p_value < SIGNIFICANT:
        return "chance explains it"
    if (difference < 0) == (wins > 0.5):
        return "network better" if difference < 0 else "network worse"
    lower = "lower" if difference < 0 else "higher"
    most = "lower" if wins > 0.5 else "higher"
    return f"mixed: {lower} mean, {most} on most series"
