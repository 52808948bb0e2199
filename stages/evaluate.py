"""Evaluate a task's networks on its test part, which no earlier stage uses, or zero_shot's.

Reads:   params.yaml (threads, device, deterministic, tasks.TASK.evaluate),
         data/normalized/TASK/, data/windows/TASK/, data/models/TASK/, and models/zero_shot/ if
         evaluate.baselines has zero_shot or fine_tuned
         zero_shot: params.yaml (threads, device, deterministic, zero_shot.evaluate),
         models/zero_shot/
Writes:  metrics/TASK/: scores.json, metrics.json (the main scores, for DVC),
         predictions.csv and tables/: curves.csv (loss by epoch), and
         images: early.csv (accuracy after each step, and F1 by class); validation_accuracy in
         scores.json is the mean over the networks of an ensemble
         series: series.csv (all measures by series), forecasts.csv (of every method, of the first
         six series), by_step.csv (errors by step ahead), validation.csv (errors on validation, and
         the weights of the combination), comparison.csv (paired tests against the model),
         fallbacks.csv (number of series where a method failed and seasonal naive was used), and
         with covariates effects.csv (what +1 of each adds, and how much each usually changes)
         zero_shot: scores.json, metrics.json, and tables/: synthetic.csv (scores by period, of
         series that training never drew), real.csv (of each real series of statsmodels, the last
         season held out) and forecasts.csv (their quantiles)
Needs:   the outputs of `dvc repro train@TASK`; for zero_shot, of `dvc repro pretrain`
"""

from pathlib import Path

import pandas as pd

from rnnlab.backtesting.scores import evaluate_series
from rnnlab.core.files import output_files, read_table, write_table
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import Params
from rnnlab.core.stage import run_task_stage
from rnnlab.images.scores import evaluate_images
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare
from rnnlab.zero_shot.scores import evaluate_zero_shot
from rnnlab.zero_shot.storage import FOLDER, read_card, read_zero_shot


def main(name: str, params: Params) -> None:
    device = prepare(params)
    if name == ZERO_SHOT:
        network, card = read_zero_shot(FOLDER, device), read_card(FOLDER)
        with output_files(Path("metrics") / name) as folder:
            (folder / "tables").mkdir()
            evaluate_zero_shot(network, card, params.zero_shot.evaluate, folder)
        return
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
    run_task_stage(__doc__, main, also=(ZERO_SHOT,))
