"""dvc.yaml: what each stage depends on is what it reads."""

from pathlib import Path

import pytest
from committed import COMMITTED
from helpers import ROOT, STAGES, read_yaml
from imports import modules_from, modules_of

from rnnlab.zero_shot.training import TRAINING_KEYS

WHOLE = read_yaml(COMMITTED / "dvc.yaml")
PIPELINE = WHOLE["stages"]
BEFORE_TRAIN, AFTER_TRAIN = ("normalize", "windows"), ("evaluate", "plot")
# run once for each task, and of zero_shot, which has the same scripts
OF_A_TASK = ("normalize", "windows", "train", "evaluate", "plot")
OF_ZERO_SHOT = ("pretrain", "evaluate_zero_shot", "plot_zero_shot")


def definition(stage: str) -> dict:
    return PIPELINE[stage].get("do", PIPELINE[stage])


def paths(entries: list) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def outputs(stage: str) -> list[str]:
    found = definition(stage)
    return paths([*found.get("outs", []), *found.get("metrics", []), *found.get("plots", [])])


# a change of a message, of a check or of progress changes no output
PLUMBING = {
    "rnnlab/__init__.py",
    *(
        f"rnnlab/core/{name}.py"
        for name in (
            *("__init__", "errors", "notes", "param_types", "params", "process", "progress"),
            *("stage", "temporary", "text", "zero_shot_params"),
        )
    ),
}
# pretraining takes about 15 minutes: what holds no arithmetic of it does not run it again
NOT_OF_PRETRAIN = {
    f"rnnlab/training/{name}.py" for name in ("checkpoints", "device", "distributed")
}
KINDS = {"images": ("mnist",), "series": ("airline",)}
# the stages that a change in a package runs again, of zero_shot and of one task of each kind
RERUNS = {
    "rnnlab/images": ["download_mnist", *(f"{s}@mnist" for s in (*BEFORE_TRAIN, *AFTER_TRAIN))],
    "rnnlab/series": [
        *(f"{stage}@airline" for stage in (*BEFORE_TRAIN, *AFTER_TRAIN)),
        *OF_ZERO_SHOT[1:],
    ],
    # what is normalized is all that later stages see of a table
    "rnnlab/formats": ["normalize@mnist", "normalize@airline"],
    "rnnlab/tables": ["normalize@mnist", "normalize@airline"],
    "rnnlab/cells": ["normalize@mnist", "normalize@airline"],
    "rnnlab/effects": [f"{s}@{t}" for s in ("normalize", "evaluate") for t in ("mnist", "airline")],
    "rnnlab/networks": [f"{s}@{t}" for s in ("train", "evaluate") for t in ("mnist", "airline")],
    "rnnlab/training": [f"{s}@{t}" for s in ("train", "evaluate") for t in ("mnist", "airline")],
    "rnnlab/forecasting": [f"evaluate@{task}" for task in ("mnist", "airline")],
    "rnnlab/backtesting": [f"{s}@{t}" for s in AFTER_TRAIN for t in ("mnist", "airline")],
    "rnnlab/features": [
        *(f"evaluate@{task}" for task in ("mnist", "airline")),
        *OF_ZERO_SHOT,
    ],
    "rnnlab/synthetic": [*OF_ZERO_SHOT],
    "rnnlab/zero_shot": [*(f"evaluate@{task}" for task in ("mnist", "airline")), *OF_ZERO_SHOT[1:]],
    "rnnlab/plots": ["plot@mnist", "plot@airline", "plot_zero_shot"],
    "rnnlab/frames": [],
    "rnnlab/report": [],
    "rnnlab/search": [],
    "rnnlab/commands": [],
}


def dependencies(stage: str, kind: str) -> set[str]:
    """The code that a stage depends on, for a task of ``kind``."""
    listed = (path.replace("${item.kind}", kind) for path in paths(definition(stage)["deps"]))
    return {path for path in listed if path.startswith(("stages/", "rnnlab/"))}


def test_what_runs_again_when_a_package_changes() -> None:
    packages = {f"rnnlab/{path.parent.name}" for path in (ROOT / "rnnlab").glob("*/__init__.py")}
    assert packages == {*RERUNS, "rnnlab/core"}
    for package, expected in RERUNS.items():
        again = []
        for stage in PIPELINE:
            for kind, tasks in KINDS.items():
                if package in dependencies(stage, kind):
                    names = tasks if PIPELINE[stage].get("foreach") else ("",)
                    again += [f"{stage}@{task}".rstrip("@") for task in names]
        assert sorted({*again}) == sorted({*expected}), package


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "pretrain"])
def test_every_imported_module_is_a_dependency(stage: str, kind: str) -> None:
    listed = dependencies(stage, kind)
    others = [f"rnnlab/{other}/" for other in ("images", "series") if other != kind]
    others += {
        # a panel may hold the table that it was read from, which no later stage sees
        "evaluate": ["rnnlab/synthetic/", "rnnlab/formats/", "rnnlab/tables/", "rnnlab/cells/"],
        "plot": ["rnnlab/zero_shot/", "rnnlab/synthetic/", "rnnlab/features/"],
    }.get(stage, [])
    for name in modules_of(stage):
        path = name.replace(".", "/") + ".py"
        if not path.startswith(("stages/", "rnnlab/")) or not (ROOT / path).is_file():
            continue
        # a stage imports what both kinds need, and runs what one does
        if path in PLUMBING or path.startswith(tuple(others)) or "__init__" in path:
            continue
        assert path in listed or str(Path(path).parent) in listed, path


@pytest.mark.parametrize("stage", OF_ZERO_SHOT)
def test_every_module_of_zero_shot_is_a_dependency(stage: str) -> None:
    """Of the code that the stage runs; of the stages that all kinds share it runs little."""
    runs = {
        "pretrain": ["stages/pretrain.py"],
        "evaluate_zero_shot": ["rnnlab/zero_shot/scores.py", "rnnlab/zero_shot/storage.py"],
        "plot_zero_shot": ["rnnlab/plots/zero_shot.py"],
    }
    listed = dependencies(stage, "")
    for start in runs[stage]:
        for name in modules_from(start):
            path = name.replace(".", "/") + ".py"
            if not (ROOT / path).is_file() or path in PLUMBING | NOT_OF_PRETRAIN:
                continue
            assert {path, str(Path(path).parent)} & listed or "__init__" in path, path


def test_weights_depend_on_no_file_that_does_not_change_them() -> None:
    """Neither how the network forecasts, nor its scores, plots and exports, trains it again."""
    names = {Path(path).stem for path in dependencies("pretrain", "") if "zero_shot/" in path}
    assert not names & {"forecaster", "scores", "onnx_export"}
    listed = {p.removeprefix("zero_shot.") for p in definition("pretrain")["params"]}
    machine = {"device", "deterministic"}
    assert listed == {*TRAINING_KEYS, *machine}
    keys = set(read_yaml(COMMITTED / "params.yaml")["zero_shot"])
    assert keys - set(TRAINING_KEYS) == {"workers", "evaluate", "plot"}


@pytest.mark.parametrize("stage", PIPELINE)
def test_every_other_dependency_is_an_output_or_in_git(stage: str) -> None:
    made = [output for name in PIPELINE for output in outputs(name)]
    for path in paths(definition(stage)["deps"]):
        if path.startswith(("stages/", "rnnlab/")) or path == "${item.data.csv}":
            continue
        assert any(path == output or path.startswith(f"{output}/") for output in made), path


def test_a_stage_reads_its_own_blocks() -> None:
    task = "tasks.${key}."
    blocks = {
        stage: {p.removeprefix(task) for p in definition(stage)["params"] if p.startswith(task)}
        for stage in OF_A_TASK
    }
    assert blocks == {
        "normalize": {"kind", "data", "normalize"},
        "windows": {"windows"},
        "train": {"model", "train"},
        "evaluate": {"evaluate"},
        "plot": {"plot"},
    }


def test_what_computes_runs_again_on_another_machine_s_settings() -> None:
    """With more threads sums have another order; pretraining computes on one."""
    for key in ("threads", "device", "deterministic"):
        asked = {stage for stage in PIPELINE if key in definition(stage).get("params", [])}
        also = {"pretrain"} if key != "threads" else set()
        assert asked == {"train", "evaluate", "evaluate_zero_shot", *also}, key


def test_outputs_of_train_are_all_cached() -> None:
    """One output that is not cached switches the run cache off for the whole stage."""
    assert all(isinstance(entry, str) for entry in definition("train")["outs"])
    assert "metrics" not in definition("train")


def test_sets_of_one_s_own_run_the_download_alone_again() -> None:
    """What comes after it depends on the files that it left."""
    params = {stage: definition(stage)["params"] for stage in PIPELINE}
    assert params["download_mnist"] == ["tasks.mnist.data.dataset", "datasets"]
    for stage in [*PIPELINE][1:]:
        assert not any(key.startswith("datasets") for key in params[stage])


def test_dvc_compares_one_small_file_a_task() -> None:
    listed = {stage: paths(definition(stage).get("metrics", [])) for stage in PIPELINE}
    assert {stage: files for stage, files in listed.items() if files} == {
        "evaluate": ["metrics/${key}/metrics.json"],
        "evaluate_zero_shot": ["metrics/zero_shot/metrics.json"],
    }
    assert "metrics/${key}/scores.json" in outputs("evaluate")
    assert "metrics" not in WHOLE


def test_each_task_s_model_is_an_artifact() -> None:
    tasks = read_yaml(COMMITTED / "params.yaml")["tasks"]
    assert list(WHOLE["artifacts"]) == [*tasks, "zero_shot"]
    for task, artifact in WHOLE["artifacts"].items():
        # a path that is no output has nothing that DVC could fetch
        made = outputs("train" if task in tasks else "pretrain")
        assert artifact["path"].replace(task, "${key}" if task in tasks else task) in made
        assert artifact["type"] == "model"
        assert artifact["desc"]
        assert artifact["labels"]
