"""The few figures of scores.json that DVC compares: ``dvc exp show`` has a column for each.

Names are short and there are few of them, so that a table of experiments fits a terminal of 160
columns beside the parameters that differ. scores.json holds everything else.
"""

from typing import Any

from rnnlab.forecasting.labels import best_baseline

IMAGES = ("accuracy", "validation_accuracy", "loss", "macro_f1", "parameters")
# protocols by their names in metrics.json
SHORT = {"one_step": "step", "year": "year", "long": "long", "rolling": "roll"}


def dvc_metrics(scores: dict[str, Any], kind: str) -> dict[str, float | None]:
    """What metrics.json holds; None, which DVC leaves out, where a figure can't be computed.

    Images have the figures of IMAGES. Series have, with step for one_step and roll for rolling:

    - mase_step, mase_year, mase_long, mase_roll: MASE of the model by protocol
    - mape_step, mape_roll: MAPE of the model (per cent) by the protocols of many origins
    - cov_80, cov_95: per cent of the values of ``rolling`` within the model's intervals
    - base_step, base_year, base_long, base_roll: the lowest MASE of any baseline. It is chosen by
      the test scores themselves, which flatters the baselines: a bar for the model, from which
      nothing else is chosen.

    Args:
        scores: scores.json of a task.
        kind: images or series.
    """
    if kind == "images":
        return {name: scores[name] for name in IMAGES}
    model = scores["model"]
    figures = {f"mase_{short}": model[protocol]["mase"] for protocol, short in SHORT.items()}
    for protocol in ("one_step", "rolling"):
        figures[f"mape_{SHORT[protocol]}"] = model[protocol]["mape"]
    for level in (80, 95):
        figures[f"cov_{level}"] = model["rolling"][f"coverage_{level}"]
    for protocol, short in SHORT.items():
        best = best_baseline(scores, protocol, "mase")
        figures[f"base_{short}"] = scores[best][protocol]["mase"] if best else None
    return figures
