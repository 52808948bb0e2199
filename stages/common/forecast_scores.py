"""Scores of networks that forecast, beside their control, the baselines and the combination."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from stages.common.backtest import (
    History,
    Judgement,
    Learned,
    ask_all,
    judge,
    learn_again,
    roll_with_refits,
    scales_of,
)
from stages.common.combination import combine
from stages.common.ensembles import Recipe
from stages.common.files import read_tensors, write_json, write_table
from stages.common.intervals import LEVELS
from stages.common.layout import Layout
from stages.common.measures import coverage, interval_score, measure, overall_weighted_average
from stages.common.models import Networks
from stages.common.normalization import normalization_from
from stages.common.params import Model, Params, SeriesNormalize, Train
from stages.common.protocols import PROTOCOLS, Request, test_requests
from stages.common.significance import compare
from stages.common.times import written

# of a panel of many, forecasts of every method are written for these, which are drawn
SERIES_WRITTEN = 6


@dataclass(frozen=True)
class Forecasts:
    """All forecasts for one protocol.

    Attributes:
        request, truth: from where, and what came, [N, H]; NaN beyond the end of a series.
        by_method: [N, H] each.
        judgement: of the protocol's fit, with the widths of intervals.
        scale: of MASE, [S].
    """

    request: Request
    truth: np.ndarray
    by_method: dict[str, np.ndarray]
    judgement: Judgement
    scale: np.ndarray

    def bounds(self, method: str, level: float) -> tuple[np.ndarray, np.ndarray]:
        widths = self.judgement.widths[method]
        return widths.around(self.by_method[method], self.request.series, level)


def evaluate_series(
    name: str, networks: Networks, card: dict, params: Params, device: torch.device, folder: Path
) -> None:
    """Forecast by every protocol; write scores.json, predictions.csv and the tables."""
    source = Path("data/normalized") / name / "series.safetensors"
    tensors = read_tensors(source, f"normalize@{name}")
    normalized = card["windows"]["normalized"]
    history = History(tensors["y"], tensors["offsets"], normalized["period"])
    ds = tensors["ds"].astype("datetime64[s]") if normalized["time"] == "dates" else tensors["ds"]
    found = forecast_protocols(history, tensors, networks, card, params, name, device)
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


def forecast_protocols(
    history: History,
    tensors: dict[str, np.ndarray],
    networks: Networks,
    card: dict,
    params: Params,
    name: str,
    device: torch.device,
) -> dict[str, Forecasts]:
    """Judge all methods on validation, then forecast the test part by each protocol."""
    windows, settings = card["windows"], card["windows"]["normalized"]["normalize"]
    evaluate, refitted = params.tasks[name].evaluate, card["train"]["refit"]
    layout, log = Layout(**windows["layout"]), settings["method"].startswith("log")

    def learned(fit: str, chosen: bool) -> Learned:
        fitted = "refit" if refitted and not chosen else "normalization"
        start = f"{fit}.{fitted}."
        arrays = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
        which = f"{fit}_chosen" if refitted and chosen else fit
        return Learned(networks[which], normalization_from(arrays, settings, history.period))

    ask = partial(
        ask_all, history, card=windows, baselines=evaluate.baselines, processes=params.threads
    )
    starts = {fit: tensors[f"{fit}.validation"] for fit in windows["fits"]}
    requests = test_requests(history.offsets, starts, history.period)
    found = {}
    for fit, cut in starts.items():
        train, chosen = tensors[f"{fit}.train"], learned(fit, chosen=True)
        earliest = chosen.normalization.lost + layout.look_back
        judgement = judge(
            history,
            lambda wanted, chosen=chosen, train=train: ask(
                learned=chosen, ends=train, requests=wanted
            ),
            train,
            cut,
            earliest,
            layout.horizon,
            log,
        )
        mine = [protocol for protocol, of in PROTOCOLS.items() if of == fit]
        final = learned(fit, chosen=False)
        answers = ask(learned=final, ends=cut, requests=[requests[p] for p in mine])
        by_protocol = {p: {m: f[k] for m, f in answers.items()} for k, p in enumerate(mine)}
        if fit == "main" and evaluate.refit_every:
            recipe = Recipe(
                Model(**card["model"]), Train(**card["train"]), windows, card["seed"], device
            )
            epochs = [member["epoch"] for member in card["fits"]["main"]]

            def ask_at(
                ends: np.ndarray, wanted: list[Request], recipe=recipe, epochs=epochs
            ) -> dict[str, list[np.ndarray]]:
                again = learn_again(history, ends, recipe, SeriesNormalize(**settings), epochs)
                return ask(learned=again, ends=ends, requests=wanted)

            by_protocol["rolling"] = roll_with_refits(
                history, requests["rolling"], cut, evaluate.refit_every, ask_at
            )
        for protocol, forecasts in by_protocol.items():
            request = requests[protocol]
            truth = request.truth(history.y, history.offsets[:-1], history.offsets[1:])
            forecasts = {
                "model": forecasts["model"],
                "combination": combine(forecasts, judgement.weights),
                **forecasts,
            }
            scale = scales_of(history, cut)
            found[protocol] = Forecasts(request, truth, forecasts, judgement, scale)
    return {protocol: found[protocol] for protocol in PROTOCOLS}


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
    for protocol in ("one_step", "year", "long"):
        of = found[protocol]
        at, inside = _positions(of)
        values = np.full(len(history.y), np.nan)
        values[at] = of.by_method["model"][inside]
        columns[protocol] = values
    of_test = ~np.isnan(columns["one_step"]) | ~np.isnan(columns["year"])
    number = np.repeat(np.arange(len(ids)), np.diff(history.offsets))
    table = {"unique_id": ids[number], "ds": written(ds), "y": history.y, **columns}
    return pd.DataFrame(table)[of_test]


def _positions(of: Forecasts) -> tuple[np.ndarray, np.ndarray]:
    """Where in the series the forecasts lie that have a truth, and which those are."""
    inside = ~np.isnan(of.truth)
    return (of.request.origin[:, None] + np.arange(of.request.steps))[inside], inside


def forecast_table(
    found: dict[str, Forecasts], history: History, ids: np.ndarray, ds: np.ndarray
) -> pd.DataFrame:
    """Forecasts and intervals of every method, but not rolling ones, of the first series."""
    tables, times = [], written(ds)
    for protocol in ("one_step", "year", "long"):
        of = found[protocol]
        rows = np.flatnonzero(of.request.series < SERIES_WRITTEN)
        at, inside = _positions(of)
        at = at[: inside[rows].sum()]
        for method, forecast in of.by_method.items():
            table = {
                "method": method,
                "unique_id": np.repeat(ids[of.request.series[rows]], inside[rows].sum(axis=1)),
                "protocol": protocol,
                "ds": times[at],
                "y": history.y[at],
                "forecast": forecast[rows][inside[rows]],
            }
            for level in LEVELS:
                for side, bound in zip(("low", "high"), of.bounds(method, level), strict=True):
                    table[f"{side}_{100 * level:.0f}"] = bound[rows][inside[rows]]
            tables.append(pd.DataFrame(table))
    return pd.concat(tables)


def errors_by_step(of: Forecasts) -> pd.DataFrame:
    """MASE by step ahead of each method, the mean over origins and series."""
    scale = of.scale[of.request.series, None]
    tables = []
    for method, forecast in of.by_method.items():
        mase = pd.DataFrame(np.abs(of.truth - forecast) / scale).mean()
        table = {"method": method, "step": np.arange(1, of.request.steps + 1), "mase": mase}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables)


def validation_table(found: dict[str, Forecasts]) -> pd.DataFrame:
    """The error of each method on validation, and its weight in the combination, by fit."""
    rows = []
    for fit, protocol in (("main", "long"), ("year", "year")):
        judgement = found[protocol].judgement
        for method, error in judgement.errors.items():
            weight = judgement.weights.get(method, 0.0)
            rows.append({"fit": fit, "method": method, "mase": error, "weight": weight})
    return pd.DataFrame(rows)


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
