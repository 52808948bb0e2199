"""Score a task's networks on its test part, which no earlier stage looks at.

Reads:   params.yaml (threads, device), data/normalized/TASK/, data/windows/TASK/,
         data/models/TASK/
Writes:  metrics/TASK/: scores.json, predictions.csv and tables/: curves.csv (loss by epoch), and
         images: early.csv (accuracy after each step)
         series: forecasts.csv (of all methods), by_step.csv (errors by step ahead)
"""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.baselines import BASELINES, Forecaster, fit_quietly
from stages.common.classification import evaluate_images
from stages.common.devices import prepare
from stages.common.files import (
    output_files,
    read_table,
    read_tensors,
    write_json,
    write_table,
)
from stages.common.forecasting import control_forecaster, network_forecaster
from stages.common.measures import measure, seasonal_naive_error
from stages.common.models import read_models
from stages.common.network import RecurrentNetwork
from stages.common.normalization import normalization_from_json
from stages.common.params import Params
from stages.common.protocols import PROTOCOLS, forecast_protocol, rolling_forecasts
from stages.common.stage import run_task_stage


def main(name: str, params: Params) -> None:
    device = prepare(params)
    models = Path("data/models") / name
    networks, card = read_models(models, name, device)
    with output_files(Path("metrics") / name) as folder:
        (folder / "tables").mkdir()
        if card["kind"] == "images":
            evaluate_images(name, networks["main"], card, device, folder)
        else:
            evaluate_series(name, networks, card, folder)
        curves = curves_of(read_table(models / "history.csv", f"train@{name}"))
        write_table(folder / "tables/curves.csv", curves)


def curves_of(history: pd.DataFrame) -> pd.DataFrame:
    """Mean figures by epoch over the members of the main fit, as long as all were training."""
    main = history[history["fit"] == "main"]
    shortest = main.groupby("member")["epoch"].max().min()
    together = main[main["epoch"] <= shortest].drop(columns=["fit", "member"])
    return together.groupby("epoch", as_index=False).mean()


def evaluate_series(
    name: str, networks: dict[str, list[RecurrentNetwork]], card: dict, folder: Path
) -> None:
    source = Path("data/normalized") / name / "series.safetensors"
    tensors = read_tensors(source, f"normalize@{name}")
    normalized = card["windows"]["normalized"]
    scores: list[dict] = []
    forecasts: list[pd.DataFrame] = []
    by_step: list[pd.DataFrame] = []
    for number, unique_id in enumerate(normalized["ids"]):
        span = slice(*tensors["offsets"][number : number + 2])
        y, ds = tensors["y"][span], times(tensors["ds"][span], normalized["time"])
        cuts = {fit: cuts[number] for fit, cuts in normalized["fits"].items()}
        for method in ("model", "control", *BASELINES):
            forecasters = {
                fit: forecaster_of(method, networks[fit], card, cut, y) for fit, cut in cuts.items()
            }
            where = {"method": method, "unique_id": unique_id}
            for protocol, fit in PROTOCOLS.items():
                cut = cuts[fit]["validation"]
                forecast = forecast_protocol(protocol, forecasters[fit], y, cut)
                scale = seasonal_naive_error(y[:cut], normalized["period"])
                of = {**where, "protocol": protocol}
                scores.append({**of, **measure(y[cut:], forecast, scale)})
                table = {"ds": ds[cut:], "y": y[cut:], "forecast": forecast}
                forecasts.append(pd.DataFrame({**of, **table}))
            rolled, steps = roll(forecasters["main"], y, cuts["main"], normalized["period"])
            scores.append({**where, "protocol": "rolling", **rolled})
            by_step.append(steps.assign(method=method))
    write_json(folder / "scores.json", mean_scores(pd.DataFrame(scores)))
    table = pd.concat(forecasts)
    write_table(folder / "predictions.csv", model_forecasts(table))
    write_table(folder / "tables/forecasts.csv", table)
    steps = pd.concat(by_step).groupby(["method", "step"], sort=False)["mase"].mean().reset_index()
    write_table(folder / "tables/by_step.csv", steps)


def forecaster_of(
    method: str, networks: list[RecurrentNetwork], card: dict, cut: dict, y: np.ndarray
) -> Forecaster:
    """The network, its control, or a baseline fitted on all that lies before the test part."""
    normalization = normalization_from_json(cut[card["normalization"]])
    if method == "control":
        return control_forecaster(card["windows"], normalization)
    if method == "model":
        return network_forecaster(networks, card["windows"], normalization)
    period = card["windows"]["normalized"]["period"]
    return fit_quietly(method, y[: cut["validation"]], period)


def roll(
    forecaster: Forecaster, y: np.ndarray, cut: dict, period: int
) -> tuple[dict[str, float], pd.DataFrame]:
    """One period ahead from each origin of the test part: measures, and MASE by step."""
    start = cut["validation"]
    truth, forecasts = rolling_forecasts(forecaster, y, start, period)
    scale = seasonal_naive_error(y[:start], period)
    mase = [measure(truth[:, k], forecasts[:, k], scale)["mase"] for k in range(period)]
    steps = pd.DataFrame({"step": np.arange(1, period + 1), "mase": mase})
    return measure(truth, forecasts, scale), steps


def times(ds: np.ndarray, kind: str) -> np.ndarray:
    """Times as they are written: dates as 1949-01-31, with the hour if need be; numbers as is."""
    if kind != "dates":
        return ds
    seconds = ds.astype("datetime64[s]")
    days = seconds.astype("datetime64[D]")
    return (days if (days == seconds).all() else seconds).astype(str)


def mean_scores(scores: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """{METHOD: {PROTOCOL: {MEASURE: number}}}, means over the series."""
    means = scores.drop(columns="unique_id").groupby(["method", "protocol"], sort=False).mean()
    tree: dict[str, dict[str, dict[str, float]]] = {}
    for (method, protocol), row in means.iterrows():
        tree.setdefault(method, {})[protocol] = row.to_dict()
    return tree


def model_forecasts(table: pd.DataFrame) -> pd.DataFrame:
    """The network's forecasts beside the truth: unique_id, ds, y and a column a protocol."""
    model = table[table["method"] == "model"]
    wide = model.pivot(index=["unique_id", "ds", "y"], columns="protocol", values="forecast")
    return wide[list(PROTOCOLS)].reset_index()


if __name__ == "__main__":
    run_task_stage(__doc__, main)
