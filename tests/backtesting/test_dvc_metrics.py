"""metrics.json: the few scores that DVC compares."""

import re
from copy import deepcopy

import pandas as pd
import pytest
from committed import COMMITTED
from helpers import ROOT, TASKS, Done, read_json

from rnnlab.backtesting.dvc_metrics import dvc_metrics
from rnnlab.images import scores as scores_of_images

CARD = {"train": {"precision": "float32"}}
AIRLINE = read_json(COMMITTED / "metrics/airline/scores.json")
VALIDATION = pd.read_csv(COMMITTED / "metrics/airline/tables/validation.csv")


def series(**changes: float | None) -> dict:
    """Metrics of the airline series with other values of MASE one step ahead, by method."""
    scores = deepcopy(AIRLINE)
    for method, mase in changes.items():
        scores[method]["one_step"]["mase"] = mase
    return dvc_metrics(scores, CARD, VALIDATION)


def metrics_of(scores: dict, validation: pd.DataFrame = VALIDATION) -> dict:
    """What metrics.json holds beside ``scores``, of training in float32."""
    if "accuracy" in scores:
        return scores_of_images.dvc_metrics(scores, CARD)
    return dvc_metrics(scores, CARD, validation)


@pytest.mark.parametrize("task", TASKS)
def test_the_file_in_git_matches_its_scores(task: str) -> None:
    folder = COMMITTED / "metrics" / task
    found = read_json(folder / "metrics.json")
    validation = folder / "tables/validation.csv"
    known = pd.read_csv(validation) if validation.is_file() else VALIDATION
    assert found == metrics_of(read_json(folder / "scores.json"), known)
    assert len(found) <= 16
    assert all(type(value) in (int, float) for value in found.values())


def test_metrics_of_series_fit_into_160_columns() -> None:
    """Beside one parameter; without baselines and bits, which do not change with the network."""
    changing = [name for name in series() if not name.startswith(("base_", "bits"))]
    # DVC prints five digits, with a gap of three between columns
    widths = [max(len(name), len("0.12345")) + 3 for name in changing]
    fixed = ["└── 1234567 [lstm]", "Jan 01, 2026", "tasks.airline.model.cell", "…"]
    assert sum(widths) + sum(len(word) + 3 for word in fixed) + 1 <= 160


def test_make_show_drops_files_and_keeps_metrics() -> None:
    [pattern] = re.findall(r"--only-changed --drop '(.*)'", (ROOT / "Makefile").read_text())
    # DVC matches from the start; $$ in a Makefile is $
    files = ["data/models/mnist", "metrics/mnist/tables", "models/zero_shot"]
    metrics = [*series(), "datasets.MNIST"]
    # DVC prefixes a name that two tasks have with the file
    metrics.append("metrics/airline/metrics.json:mase_roll")
    dropped = re.compile(pattern.replace("$$", "$"))
    assert [name for name in files + metrics if dropped.match(name)] == files


def test_values_come_from_the_scores() -> None:
    found, model = series(), AIRLINE["model"]
    assert found["mase_val"] == round(VALIDATION["mase"].iloc[0], 3)
    assert found["mase_step"] == round(model["one_step"]["mase"], 3)
    assert found["mase_year"] == round(model["year"]["mase"], 3)
    assert found["mase_long"] == round(model["long"]["mase"], 3)
    assert found["mape_roll"] == round(model["rolling"]["mape"], 2)
    assert found["cov_95"] == round(model["rolling"]["coverage_95"], 1)
    assert found["base_year"] == round(AIRLINE["holt_winters"]["year"]["mase"], 3)


@pytest.mark.parametrize(("precision", "bits"), [("float32", 32), ("bfloat16", 16)])
def test_the_precision_that_was_computed_in_is_compared(precision: str, bits: int) -> None:
    card = {"train": {"precision": precision}}
    of_images = dict.fromkeys(scores_of_images.DVC_METRICS, 0.5)
    assert dvc_metrics(AIRLINE, card, VALIDATION)["bits"] == bits
    assert scores_of_images.dvc_metrics(of_images, card)["bits"] == bits


def test_digits_that_differ_between_processors_are_left_out() -> None:
    """Another processor's last digits: the file for DVC stays the same."""
    other = {"accuracy": 0.99610000001, "loss": 0.0134842, "macro_f1": 0.99606461}
    images = {"validation_accuracy": 0.9958, "parameters": 214282}
    here = images | {"accuracy": 0.9961, "loss": 0.0134799, "macro_f1": 0.9960646322543587}
    assert metrics_of(images | other) == metrics_of(here)
    assert series(model=0.36312) == series(model=0.36287)
    assert series(model=0.3631) != series(model=0.3641)


def test_the_best_baseline_has_a_mase_and_is_neither_model_nor_combination_nor_control() -> None:
    found = series(model=0.01, combination=0.01, control=0.01, theta=0.02, naive=None)
    assert found["base_step"] == 0.02


def test_undefined_scores_are_null() -> None:
    found = series(**dict.fromkeys(AIRLINE))
    assert found["mase_step"] is None
    assert found["base_step"] is None
    assert found["base_year"] is not None


@pytest.mark.parametrize("task", TASKS)
def test_evaluate_writes_metrics_json(finished: tuple[object, Done], task: str) -> None:
    folder = finished[0] / "metrics" / task
    found = read_json(folder / "metrics.json")
    validation = folder / "tables/validation.csv"
    known = pd.read_csv(validation) if validation.is_file() else VALIDATION
    assert found == metrics_of(read_json(folder / "scores.json"), known)
