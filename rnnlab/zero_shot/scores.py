"""Scores of the zero-shot network: on synthetic series it never saw, and on real ones.

The reference is the seasonal naive forecast: the value one period earlier.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.core.files import Json, write_json, write_table
from rnnlab.core.progress import track_progress
from rnnlab.core.zero_shot_params import ZeroShotEvaluate
from rnnlab.features.histories import seasonal_naive
from rnnlab.series.examples import Example, load_examples
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.synthetic.prior import Batch, draw_batch
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.forecaster import forecast_quantiles, forecast_steps
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork

PERIODS = (1, 4, 7, 12, 24, 52)
STEPS_AHEAD = 8
SERIES_IN_BATCH = 100
# training draws from [seed, k], which numpy takes for [seed, k, 0]: these are other series
EVALUATION_STREAM = 1
# steps held out of a real series: a period, but more of a yearly one (as in the M competitions)
YEARLY_HELD_OUT = 6
# a series of few values may have a scale near 0; its error must not outweigh all others
LARGEST_ERROR = 20.0
DECILES = [number for number, level in enumerate(QUANTILES) if 0.1 <= level <= 0.9]
# of metrics.json: further ones differ from processor to processor
DECIMALS, COVERAGE_DECIMALS = 3, 1
INTERVALS = {80: (0.1, 0.9), 95: (0.025, 0.975)}


def evaluate_zero_shot(
    network: ZeroShotNetwork, card: Json, settings: ZeroShotEvaluate, folder: Path
) -> None:
    """Write scores.json, metrics.json and tables/: synthetic.csv, real.csv and forecasts.csv."""
    synthetic = score_synthetic(network, settings.synthetic_series)
    real, forecasts = score_real(network, load_examples())
    by_period = {
        str(period): mean_scores(synthetic[synthetic["period"] == period]) for period in PERIODS
    }
    scores = {
        "real": mean_scores(real),
        "synthetic": mean_scores(synthetic),
        "synthetic_by_period": by_period,
        "pretrain_loss": card["loss"],
        "parameters": card["parameters"],
    }
    write_json(folder / "scores.json", scores)
    write_json(folder / "metrics.json", dvc_metrics(scores))
    table = pd.DataFrame(by_period).T.rename_axis("period").reset_index()
    write_table(folder / "tables/synthetic.csv", table)
    write_table(folder / "tables/real.csv", real)
    write_table(folder / "tables/forecasts.csv", forecasts)


def dvc_metrics(scores: Json) -> dict[str, float]:
    """metrics.json: figures for DVC to compare, with names that no task has.

    real_ and made_ are real and synthetic series; mase and ql (quantile loss) are relative to
    the seasonal naive forecast; cov is the coverage of intervals in per cent.
    """
    metrics: dict[str, float] = {}
    for group, short in (("real", "real"), ("synthetic", "made")):
        found = scores[group]
        metrics[f"{short}_mase"] = found["relative_mase"]
        metrics[f"{short}_ql"] = found["relative_quantile_loss"]
        metrics |= {f"{short}_cov_{level}": found[f"coverage_{level}"] for level in INTERVALS}
    for period, found in scores["synthetic_by_period"].items():
        metrics[f"made_mase_{period}"] = found["relative_mase"]
    metrics["pretrain_loss"] = scores["pretrain_loss"]
    return {
        name: round(value, COVERAGE_DECIMALS if "_cov_" in name else DECIMALS)
        for name, value in metrics.items()
    }


def score_synthetic(network: ZeroShotNetwork, series: int) -> pd.DataFrame:
    """A row for each of at least ``series`` synthetic series of each period; see ``score``."""
    tables, missing, number = [], dict.fromkeys(PERIODS, series), 0
    with track_progress("synthetic", series * len(PERIODS), "series") as work:
        while any(count > 0 for count in missing.values()):
            rng = np.random.default_rng([0, number, EVALUATION_STREAM])
            batch = draw_batch(rng, SERIES_IN_BATCH, STEPS_AHEAD)
            number += 1
            if missing.get(batch.period, 0) <= 0:
                continue
            missing[batch.period] -= len(batch.histories)
            tables.append(_score_batch(network, batch))
            work.advance(len(batch.histories))
    return pd.concat(tables)


def _score_batch(network: ZeroShotNetwork, batch: Batch) -> pd.DataFrame:
    quantiles = forecast_steps(network, batch.histories, batch.period, batch.ahead)
    naive = seasonal_naive(batch.histories, batch.period, batch.ahead)
    scale = seasonal_naive_errors(batch.histories, batch.period)
    table = score(batch.futures, quantiles, naive, scale)
    table.insert(0, "period", batch.period)
    return table


def score_real(
    network: ZeroShotNetwork, examples: list[Example]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the last season of each series, forecast from all before it.

    Returns:
        A row for each series, and the quantiles of every step: q2.5 to q97.5.
    """
    rows, forecasts = [], []
    for example in examples:
        steps = YEARLY_HELD_OUT if example.period == 1 else example.period
        history, truth = example.y[:-steps], example.y[-steps:]
        quantiles = forecast_quantiles(network, [history], example.period, steps)
        naive = seasonal_naive(history[None], example.period, np.arange(1, steps + 1))
        scale = seasonal_naive_errors([history], example.period)
        row = score(truth[None], quantiles, naive, scale)
        about = {
            "unique_id": example.unique_id,
            "unit": example.unit,
            "period": example.period,
            "values": len(example.y),
            "missing": int(np.isnan(example.y).sum()),
            "held_out": steps,
        }
        for place, (name, value) in enumerate(about.items()):
            row.insert(place, name, value)
        rows.append(row)
        table = {"unique_id": example.unique_id, "year": example.year[-steps:], "y": truth}
        table |= {f"q{100 * q:g}": quantiles[0, :, k] for k, q in enumerate(QUANTILES)}
        forecasts.append(pd.DataFrame(table))
    return pd.concat(rows), pd.concat(forecasts)


def score(
    truth: np.ndarray, quantiles: np.ndarray, naive: np.ndarray, scale: np.ndarray
) -> pd.DataFrame:
    """A row for each series.

    mase and naive_mase: mean absolute error of the median and of the seasonal naive forecast, by
    ``scale``. quantile_loss: twice the mean pinball loss of the nine deciles, by ``scale``
    (Koenker & Bassett 1978); for a forecast without spread it is the MASE. coverage_80 and
    coverage_95: per cent of values within the intervals. All are NaN for a scale of NaN.

    Args:
        truth, naive: [S, H]; truth may have NaN.
        quantiles: [S, H, 11].
        scale: ``seasonal_naive_errors``, [S].
    """
    columns = {
        "mase": np.abs(truth - quantiles[..., MEDIAN]),
        "naive_mase": np.abs(truth - naive),
        "quantile_loss": 2 * pinball_of_deciles(truth, quantiles).mean(axis=2),
    }
    table = {
        name: np.minimum(np.nanmean(values, axis=1) / scale, LARGEST_ERROR)
        for name, values in columns.items()
    }
    for level, ends in INTERVALS.items():
        low, high = (quantiles[..., QUANTILES.index(end)] for end in ends)
        inside = (truth >= low) & (truth <= high)
        covered = np.nanmean(np.where(np.isnan(truth), np.nan, inside), axis=1)
        table[f"coverage_{level}"] = np.where(np.isnan(scale), np.nan, 100 * covered)
    return pd.DataFrame(table)


def pinball_of_deciles(truth: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """The pinball loss of .1 to .9 (Koenker & Bassett 1978), [S, H, 9]; NaN where truth is.

    Args:
        truth: [S, H]; quantiles: [S, H, 11].
    """
    error = truth[..., None] - quantiles[..., DECILES]
    levels = np.array(QUANTILES)[DECILES]
    return np.maximum(levels * error, (levels - 1) * error)


def mean_scores(table: pd.DataFrame) -> dict[str, float]:
    """Means over series, and the errors relative to those of the seasonal naive forecast."""
    known = table.dropna(subset=["mase"])
    means = {name: float(known[name].mean()) for name in ("mase", "naive_mase", "quantile_loss")}
    return {
        "series": len(known),
        **means,
        "relative_mase": means["mase"] / means["naive_mase"],
        "relative_quantile_loss": means["quantile_loss"] / means["naive_mase"],
        **{f"coverage_{level}": float(known[f"coverage_{level}"].mean()) for level in INTERVALS},
    }
