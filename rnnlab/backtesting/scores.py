"""Scores of forecasts: the networks, their control, the baselines and the combination."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from rnnlab.backtesting.dvc_metrics import dvc_metrics
from rnnlab.backtesting.forecasts import ProtocolForecasts
from rnnlab.backtesting.labels import PLOTTED_PROTOCOLS, fallback_lines, kept_lines
from rnnlab.backtesting.protocols import TrainedTask, run_protocols
from rnnlab.backtesting.significance import paired_test
from rnnlab.core.files import read_json, read_tensors, write_json, write_table
from rnnlab.core.notes import note
from rnnlab.core.param_types import FINE_TUNED, ZERO_SHOT
from rnnlab.core.params import Params
from rnnlab.forecasting.intervals import LEVELS
from rnnlab.networks.storage import Networks
from rnnlab.series.measures import coverage, interval_score, measure, overall_weighted_average
from rnnlab.series.panel import Panel
from rnnlab.series.times import format_times
from rnnlab.zero_shot.storage import FOLDER, read_zero_shot

# forecasts are written, and plotted, for the first series of a panel
SERIES_WRITTEN = 6


def evaluate_series(
    name: str, networks: Networks, card: dict, params: Params, device: torch.device, folder: Path
) -> None:
    """Backtest all methods; write scores.json, predictions.csv and the tables."""
    source = Path("data/normalized") / name / "series.safetensors"
    tensors = read_tensors(source, f"normalize@{name}")
    normalized = card["windows"]["normalized"]
    ds = tensors["ds"].astype("datetime64[s]") if normalized["time"] == "dates" else tensors["ds"]
    y = np.where(tensors["filled"], np.nan, tensors["y"])
    panel = Panel(normalized["ids"], tensors["offsets"], ds, y, normalized["period"])
    cuts = {
        fit: {part: tensors[f"{fit}.{part}"] for part in ("train", "validation")}
        for fit in card["windows"]["fits"]
    }
    settings = params.series(name).evaluate
    needs_network = {ZERO_SHOT, FINE_TUNED} & {*settings.baselines}
    pretrained = read_zero_shot(FOLDER, device) if needs_network else None
    trained = TrainedTask(
        panel,
        cuts,
        networks,
        card,
        settings,
        params.threads,
        device,
        pretrained,
        effect=tensors.get("effect"),
    )
    results = run_protocols(trained)
    for line in [*fallback_lines(trained.fallbacks), *kept_lines(trained.best_steps)]:
        note(line)
    ids = np.array(normalized["ids"])
    scores = series_scores(results, ids)
    write_json(folder / "scores.json", mean_scores(scores))
    # read again, since what cannot be computed is null there
    written = read_json(folder / "scores.json", f"evaluate@{name}")
    validation = validation_table(results)
    write_json(folder / "metrics.json", dvc_metrics(written, card, validation))
    write_table(folder / "predictions.csv", predictions(results, trained.observed))
    tables = folder / "tables"
    write_table(tables / "series.csv", scores)
    write_table(tables / "forecasts.csv", forecast_table(results, trained.observed))
    write_table(tables / "by_step.csv", errors_by_step(results["rolling"]))
    write_table(tables / "validation.csv", validation)
    write_table(tables / "comparison.csv", comparison(results))
    counts = pd.DataFrame(trained.fallbacks.items(), columns=["method", "series"])
    write_table(tables / "fallbacks.csv", counts)
    if "covariates" in normalized:
        effects = pd.DataFrame.from_dict(normalized["covariates"]["effects"], orient="index")
        write_table(tables / "effects.csv", effects.rename_axis("covariate").reset_index())


def series_scores(results: dict[str, ProtocolForecasts], ids: np.ndarray) -> pd.DataFrame:
    """A row for each series, protocol and method, with all measures."""
    rows: list[dict[str, object]] = []
    for protocol, result in results.items():
        numbers = np.arange(len(ids) + 1)
        edges = np.searchsorted(result.request.series, numbers)
        known = ~np.isnan(result.truth)
        for method, forecast in result.by_method.items():
            bounds = {level: result.bounds(method, level) for level in LEVELS}
            for number, unique_id in enumerate(ids):
                span = slice(*edges[number : number + 2])
                inside = known[span]
                y, scale = result.truth[span][inside], result.scale[number]
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
    """{METHOD: {PROTOCOL: {MEASURE: number}}}: means over the series, and OWA against Naive2."""
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


def predictions(results: dict[str, ProtocolForecasts], panel: Panel) -> pd.DataFrame:
    """The truth and the network's forecasts: unique_id, ds, y and a column for each protocol."""
    columns = {}
    for protocol in PLOTTED_PROTOCOLS:
        result = results[protocol]
        at, inside = _positions(result, panel)
        values = np.full(len(panel.y), np.nan)
        values[at] = result.by_method["model"][inside]
        columns[protocol] = values
    of_test = ~np.isnan(columns["one_step"]) | ~np.isnan(columns["year"])
    ids = np.repeat(np.array(panel.ids), panel.lengths)
    table = {"unique_id": ids, "ds": format_times(panel.ds), "y": panel.y, **columns}
    return pd.DataFrame(table)[of_test]


def _positions(result: ProtocolForecasts, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the forecasts within their series, and a mask of those, [N, H]."""
    first = result.request.positions(panel.offsets)
    ahead = first[:, None] + np.arange(result.request.steps)
    inside = ahead < panel.offsets[result.request.series + 1][:, None]
    return ahead[inside], inside


def forecast_table(results: dict[str, ProtocolForecasts], panel: Panel) -> pd.DataFrame:
    """Forecasts and intervals of all methods for the first series, without the rolling protocol."""
    tables, times, ids = [], format_times(panel.ds), np.array(panel.ids)
    for protocol in PLOTTED_PROTOCOLS:
        result = results[protocol]
        rows = np.flatnonzero(result.request.series < SERIES_WRITTEN)
        at, inside = _positions(result, panel)
        at = at[: inside[rows].sum()]
        for method, forecast in result.by_method.items():
            table = {
                "method": method,
                "unique_id": np.repeat(ids[result.request.series[rows]], inside[rows].sum(axis=1)),
                "protocol": protocol,
                "ds": times[at],
                "y": panel.y[at],
                "forecast": forecast[rows][inside[rows]],
            }
            for level in LEVELS:
                for side, bound in zip(("low", "high"), result.bounds(method, level), strict=True):
                    table[f"{side}_{100 * level:.0f}"] = bound[rows][inside[rows]]
            tables.append(pd.DataFrame(table))
    return pd.concat(tables)


def errors_by_step(result: ProtocolForecasts) -> pd.DataFrame:
    """MASE of each method by step ahead: the mean over origins, then over series."""
    scale = result.scale[result.request.series, None]
    tables = []
    for method, forecast in result.by_method.items():
        errors = pd.DataFrame(np.abs(result.truth - forecast) / scale)
        mase = errors.groupby(result.request.series).mean().mean()
        table = {"method": method, "step": np.arange(1, result.request.steps + 1), "mase": mase}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables)


def validation_table(results: dict[str, ProtocolForecasts]) -> pd.DataFrame:
    """The validation error of each method and its weight in the combination, by fit.

    The error is relative to the seasonal naive forecast's; MASE stands beside it.
    """
    rows: list[dict[str, object]] = []
    for fit, protocol in (("main", "long"), ("year", "year")):
        selection = results[protocol].selection
        for method, error in selection.errors.items():
            mase = selection.mase(method)
            rows.append(
                {
                    "fit": fit,
                    "method": method,
                    "mase": pd.Series(mase).mean(),
                    "relative_error": error,
                    "weight": selection.weights.get(method, 0.0),
                }
            )
    return pd.DataFrame(rows)


def comparison(results: dict[str, ProtocolForecasts]) -> pd.DataFrame:
    """Paired tests of the model against every other method, for the protocols with many origins."""
    rows = []
    for protocol in ("one_step", "rolling"):
        result = results[protocol]
        losses = {}
        for method, forecast in result.by_method.items():
            scaled = np.abs(result.truth - forecast) / result.scale[result.request.series, None]
            # pandas skips NaN, and does not warn where all are NaN as numpy does
            losses[method] = pd.DataFrame(scaled).mean(axis=1).to_numpy()
        for method, loss in losses.items():
            if method != "model":
                test = paired_test(
                    losses["model"], loss, result.request.series, result.request.steps
                )
                rows.append({"protocol": protocol, "method": method, **test})
    return pd.DataFrame(rows)
