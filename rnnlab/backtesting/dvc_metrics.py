"""metrics.json of a series task: the scores that DVC compares, a column each in `dvc exp show`.

They are few and their names are short, so that a table of experiments and the parameters that
differ fit into 160 columns. scores.json holds everything else.
"""

import pandas as pd

from rnnlab.backtesting.labels import best_baseline
from rnnlab.core.files import Json
from rnnlab.training.precision import BITS

# names of the protocols in metrics.json
SHORT_NAMES = {"one_step": "step", "year": "year", "long": "long", "rolling": "roll"}

# further decimals differ from processor to processor
DECIMALS = {"mase": 3, "mape": 2, "cov": 1, "base": 3}


def dvc_metrics(scores: Json, card: Json, validation: pd.DataFrame) -> dict[str, float | None]:
    """The content of metrics.json; a score that cannot be computed is None, which DVC leaves out.

    In the names, step is the protocol one_step, and roll is rolling:

    - mase_val: MASE of the model within a period on the validation part, by the networks
      that saw the training part alone; the one figure here by which parameters may be chosen
    - mase_step, mase_year, mase_long, mase_roll: MASE of the model, by protocol
    - mape_roll: MAPE of the model in per cent by ``rolling``
    - cov_80, cov_95: coverage of the model's intervals by ``rolling``, in per cent
    - bits: of the numbers that training computed with, 32 for float32, 16 for bfloat16
    - base_step, base_year, base_long, base_roll: the lowest MASE of any baseline. The baseline is
      chosen by its test score, which favours the baselines. Nothing is selected by these values.

    Args:
        scores: scores.json of a series task.
        card: of the trained networks.
        validation: fit, method, mase.
    """
    model = scores["model"]
    own = validation[(validation["fit"] == "main") & (validation["method"] == "model")]["mase"]
    metrics = {"mase_val": None if own.isna().all() else float(own.iloc[0])}
    metrics |= {f"mase_{short}": model[protocol]["mase"] for protocol, short in SHORT_NAMES.items()}
    metrics["mape_roll"] = model["rolling"]["mape"]
    for level in (80, 95):
        metrics[f"cov_{level}"] = model["rolling"][f"coverage_{level}"]
    for protocol, short in SHORT_NAMES.items():
        best = best_baseline(scores, protocol, "mase")
        metrics[f"base_{short}"] = scores[best][protocol]["mase"] if best else None
    rounded = {
        name: None if value is None else round(value, DECIMALS[name.split("_")[0]])
        for name, value in metrics.items()
    }
    return {**rounded, "bits": BITS[card["train"]["precision"]]}
