"""Evaluate a task's networks on its test part, which no earlier stage uses.

Reads:   params.yaml (threads, device, deterministic, tasks.TASK.evaluate),
         data/normalized/TASK/, data/windows/TASK/, data/models/TASK/
Writes:  metrics/TASK/: scores.json, metrics.json (the main scores, for DVC),
         predictions.csv and tables/: curves.csv (loss by epoch), and
         images: early.csv (accuracy after each step, and F1 by class); validation_accuracy in
         scores.json is the mean over the networks of an ensemble
         series: series.csv (all measures by series), forecasts.csv (of every method, of the first
         six series), by_step.csv (errors by step ahead), validation.csv (errors on validation, and
         the weights of the combination), comparison.csv (paired tests against the model),
         stand_ins.csv (number of series where a method failed and seasonal naive was used)
Needs:   the outputs of `dvc repro train@TASK`
"""

from pathlib import Path

import pandas as pd

from rnnlab.core.files import output_files, read_table, write_table
from rnnlab.core.params import Params
from rnnlab.core.stage import run_task_stage
from rnnlab.forecasting.scores import evaluate_series
from rnnlab.images.scores import evaluate_images
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare


def main(name: str, params: Params) -> None:
    device = prepare(params)
    models = Path("data/models") / name
    networks, card = read_models(models, name, device)
    with output_files(Path("metrics") / name) as folder:
        (folder / "tables").mkdir()
        if card["kind"] == "images":
            read_early = params.images(name).evaluate.early_reading
            evaluate_images(name, networks["main"], card, device, folder, read_early)
        else:
            evaluate_series(name, networks, card, params, device, folder)
        curves = curves_of(read_table(models / "history.csv", f"train@{name}"))
        write_table(folder / "tables/curves.csv", curves)


def curves_of(history: pd.DataFrame) -> pd.DataFrame:
    """Mean figures by epoch over the members of the main fit, up to the shortest training."""
    main = history[history["fit"] == "main"]
    shortest = main.groupby("member")["epoch"].max().min()
    together = main[main["epoch"] <= shortest].drop(columns=["fit", "member"])
    return together.groupby("epoch", as_index=False).mean()


if __name__ == "__main__":
    run_task_stage(__doc__, main)
