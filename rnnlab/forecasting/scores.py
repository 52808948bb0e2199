"""Scores of networks that forecast, beside their control, the baselines and the combination."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from rnnlab.core.files import read_tensors, write_json, write_table
from rnnlab.core.params import Params
from rnnlab.forecasting.backtest import Forecasts, Trained, forecast_protocols
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.forecasting.labels import DRAWN
from rnnlab.forecasting.measures import coverage, interval_score, measure, overall_weighted_average
from rnnlab.forecasting.selection import History, say_stood_in
from rnnlab.forecasting.significance import compare
from rnnlab.networks.storage import Networks
from rnnlab.series.times import format_times

# of a panel of many, forecasts of every method are written for these, which are drawn
SERIES_WRITTEN = 6


def evaluate_series(
    name: str, networks: Networks, card: dict, params: Params, device: torch.device, folder: Path
) -> None:
    """Forecast by every protocol; write scores.json, predictions.csv and the tables."""
    source = Path("data/normalized") / name / "series.safetensors"
    tensors = read_tensors(source, f"normalize@{name}")
    normalized = card["windows"]["normalized"]
    history = History(tensors["y"], tensors["offsets"], normalized["period"], tensors["filled"])
    ds = tensors["ds"].astype("datetime64[s]") if normalized["time"] == "dates" else tensors["ds"]
    settings = params.series(name).evaluate
    trained = Trained(history, tensors, networks, card, settings, params.threads, device)
    found = forecast_protocols(trained)
    say_stood_in(trained.stood_in)
    ids = np.array(normalized["ids"])
    scores = series_scores(found, ids)
    write_json(folder / "scores.json", mean_scores(scores))
    write_table(folder / "predictions.csv", predictions(found, history, ids, ds))
    tables = folder / "tables"
    write_table(tables / "series.csv", scores)
    write_table(tables / "forecasts.csv", forecast_table(found, history, ids, ds))
    write_table(tables / "by_step.csv", errors_by_step(found["rolling"]))
    write_table(tables / "validation.csv", validation_table(found))
    write_table(tables / "comparison.csv", comparison(found))
    counts = pd.DataFrame(trained.stood_in.items(), columns=["method", "series"])
    write_table(tables / "stand_ins.csv", counts)


def series_scores(found: dict[str, Forecasts], ids: np.ndarray) -> pd.DataFrame:
    """A row for each series, protocol and method, with all measures."""
    rows: list[dict[str, Any]] = []
    for protocol, of in found.items():
        numbers = np.arange(len(ids) + 1)
        edges = np.searchsorted(of.request.series, numbers)
        known = ~np.isnan(of.truth)
        for method, forecast in of.by_method.items():
            bounds = {level: of.bounds(method, level) for level in LEVELS}
            for number, unique_id in enumerate(ids):
                span = slice(*edges[number : number + 2])
                inside = known[span]
                y, scale = of.truth[span][inside], of.scale[number]
                scores = measure(y, forecast[span][inside], scale)
                for level, (low, high) in bounds.items():
                    scores[f"coverage_{100 * level:.0f}"] = coverage(
                        y, low[span][inside], high[span][inside]
                    )
                low, high = (bound[span][inside] for bound in bounds[LEVELS[-1]])
                scores["msis"] = interval_score(y, low, high, scale, LEVELS[-1])
                where = {"unique_id": unique_id, "protocol": protocol, "method": method}
                rows.append({**where, **scores})
    return pd.DataFrame(rows)


def mean_scores(scores: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """{METHOD: {PROTOCOL: {MEASURE: number}}}, means over the series, and OWA beside Naive2."""
    means = scores.drop(columns="unique_id").groupby(["method", "protocol"], sort=False).mean()
    tree: dict[str, dict[str, dict[str, float]]] = {}
    for (method, protocol), row in means.iterrows():
        tree.setdefault(method, {})[protocol] = row.to_dict()
    reference = tree.get("naive2", {})
    for by_protocol in tree.values():
        for protocol, row in by_protocol.items():
            if protocol in reference:
                row["owa"] = overall_weighted_average(
                    row["smape"], row["mase"], reference[protocol]
                )
    return tree


def predictions(
    found: dict[str, Forecasts], history: History, ids: np.ndarray, ds: np.ndarray
) -> pd.DataFrame:
    """The network's forecasts beside the truth: unique_id, ds, y and a column a protocol."""
    columns = {}
    for protocol in DRAWN:
        of = found[protocol]
        at, inside = _positions(of, history)
        values = np.full(len(history.y), np.nan)
        values[at] = of.by_method["model"][inside]
        columns[protocol] = values
    of_test = ~np.isnan(columns["one_step"]) | ~np.isnan(columns["year"])
    number = np.repeat(np.arange(len(ids)), np.diff(history.offsets))
    table = {"unique_id": ids[number], "ds": format_times(ds), "y": history.truth, **columns}
    return pd.DataFrame(table)[of_test]


def _positions(of: Forecasts, history: History) -> tuple[np.ndarray, np.ndarray]:
    """Where the forecasts lie that do not reach beyond their series, and which those are."""
    ahead = of.request.origin[:, None] + np.arange(of.request.steps)
    inside = ahead < history.offsets[of.request.series + 1][:, None]
    return ahead[inside], inside


def forecast_table(
    found: dict[str, Forecasts], history: History, ids: np.ndarray, ds: np.ndarray
) -> pd.DataFrame:
    """Forecasts and intervals of every method, but not rolling ones, of the first series."""
    tables, times = [], format_times(ds)
    for protocol in DRAWN:
        of = found[protocol]
        rows = np.flatnonzero(of.request.series < SERIES_WRITTEN)
        at, inside = _positions(of, history)
        at = at[: inside[rows].sum()]
        for method, forecast in of.by_method.items():
            table = {
                "method": method,
                "unique_id": np.repeat(ids[of.request.series[rows]], inside[rows].sum(axis=1)),
                "protocol": protocol,
                "ds": times[at],
                "y": history.truth[at],
                "forecast": forecast[rows][inside[rows]],
            }
            for level in LEVELS:
                for side, bound in zip(("low", "high"), of.bounds(method, level), strict=True):
                    table[f"{side}_{100 * level:.0f}"] = bound[rows][inside[rows]]
            tables.append(pd.DataFrame(table))
    return pd.concat(tables)


def errors_by_step(of: Forecasts) -> pd.DataFrame:
    """MASE by step ahead of each method: the mean over origins, then over series."""
    scale = of.scale[of.request.series, None]
    tables = []
    for method, forecast in of.by_method.items():
        errors = pd.DataFrame(np.abs(of.truth - forecast) / scale)
        mase = errors.groupby(of.request.series).mean().mean()
        table = {"method": method, "step": np.arange(1, of.request.steps + 1), "mase": mase}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables)


def validation_table(found: dict[str, Forecasts]) -> pd.DataFrame:
    """The error of each method on validation, and its weight in the combination, by fit."""
    tables = []
    for fit, protocol in (("main", "long"), ("year", "year")):
        table = found[protocol].judgement.table()
        table.insert(0, "fit", fit)
        tables.append(table)
    return pd.concat(tables)


def comparison(found: dict[str, Forecasts]) -> pd.DataFrame:
    """Paired tests of the model against each other method, by the protocols with many origins."""
    rows = []
    for protocol in ("one_step", "rolling"):
        of = found[protocol]
        losses = {}
        for method, forecast in of.by_method.items():
            scaled = np.abs(of.truth - forecast) / of.scale[of.request.series, None]
            # pandas leaves unknown steps out, and has no word to say where all are
            losses[method] = pd.DataFrame(scaled).mean(axis=1).to_numpy()
        for method, loss in losses.items():
            if method != "model":
                test = compare(losses["model"], loss, of.request.series, of.request.steps)
                rows.append({"protocol": protocol, "method": method, **test})
    return pd.DataFrame(rows)
