"""dvc.yaml: what each stage depends on is what it reads."""

from pathlib import Path

import pytest
from helpers import ROOT, STAGES, read_yaml
from imports import modules_of

WHOLE = read_yaml(ROOT / "dvc.yaml")
PIPELINE = WHOLE["stages"]
BEFORE_TRAIN, AFTER_TRAIN = ("normalize", "windows"), ("evaluate", "plot")


def definition(stage: str) -> dict:
    return PIPELINE[stage].get("do", PIPELINE[stage])


def paths(entries: list) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def outputs(stage: str) -> list[str]:
    found = definition(stage)
    return paths([*found.get("outs", []), *found.get("metrics", []), *found.get("plots", [])])


def test_six_stages_in_the_design_s_order() -> None:
    assert tuple(PIPELINE) == STAGES


# a change of a message, of a check or of progress changes no output
PLUMBING = {
    "rnnlab/__init__.py",
    *(
        f"rnnlab/core/{name}.py"
        for name in (
            *("__init__", "errors", "param_messages", "param_types", "params", "progress"),
            *("stage", "text"),
        )
    ),
}
KINDS = {"images": ("mnist",), "series": ("airline",)}
# the stages that a change in a package runs again, of one task of each kind
RERUNS = {
    "rnnlab/images": ["download_mnist", *(f"{s}@mnist" for s in (*BEFORE_TRAIN, *AFTER_TRAIN))],
    "rnnlab/series": [f"{stage}@airline" for stage in (*BEFORE_TRAIN, *AFTER_TRAIN)],
    "rnnlab/networks": [f"{s}@{t}" for s in ("train", "evaluate") for t in ("mnist", "airline")],
    "rnnlab/training": [f"{s}@{t}" for s in ("train", "evaluate") for t in ("mnist", "airline")],
    "rnnlab/forecasting": [f"{s}@{t}" for s in AFTER_TRAIN for t in ("mnist", "airline")],
    "rnnlab/plots": ["plot@mnist", "plot@airline"],
    "rnnlab/report": [],
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
        for stage in STAGES:
            for kind, tasks in KINDS.items():
                if package in dependencies(stage, kind):
                    names = tasks if PIPELINE[stage].get("foreach") else ("",)
                    again += [f"{stage}@{task}".rstrip("@") for task in names]
        assert sorted({*again}) == sorted({*expected}), package


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stage", STAGES)
def test_every_imported_module_is_a_dependency(stage: str, kind: str) -> None:
    listed = dependencies(stage, kind)
    other = {"images": "series", "series": "images"}[kind]
    for name in modules_of(stage):
        path = name.replace(".", "/") + ".py"
        if not path.startswith(("stages/", "rnnlab/")) or not (ROOT / path).is_file():
            continue
        # a stage imports what both kinds need, and runs what one does
        if path in PLUMBING or path.startswith(f"rnnlab/{other}/") or "__init__" in path:
            continue
        assert path in listed or str(Path(path).parent) in listed, path


@pytest.mark.parametrize("stage", STAGES)
def test_every_other_dependency_is_an_output_or_in_git(stage: str) -> None:
    made = [output for name in STAGES for output in outputs(name)]
    for path in paths(definition(stage)["deps"]):
        if path.startswith(("stages/", "rnnlab/")) or path == "${item.data.csv}":
            continue
        assert any(path == output or path.startswith(f"{output}/") for output in made), path


@pytest.mark.parametrize("stage", STAGES)
def test_commands_and_tasks(stage: str) -> None:
    if stage == "download_mnist":
        assert definition(stage)["cmd"] == "python -m stages.download_mnist"
    else:
        assert PIPELINE[stage]["foreach"] == "${tasks}"
        assert definition(stage)["cmd"] == f"python -m stages.{stage} ${{key}}"


def test_a_stage_reads_its_own_blocks() -> None:
    task = "tasks.${key}."
    blocks = {
        stage: {p.removeprefix(task) for p in definition(stage)["params"] if p.startswith(task)}
        for stage in STAGES[1:]
    }
    assert blocks == {
        "normalize": {"kind", "data", "normalize"},
        "windows": {"windows"},
        "train": {"model", "train"},
        "evaluate": {"evaluate"},
        "plot": {"plot"},
    }


def test_outputs_of_train_are_all_cached() -> None:
    """One output that is not cached switches the run cache off for the whole stage."""
    assert all(isinstance(entry, str) for entry in definition("train")["outs"])
    assert "metrics" not in definition("train")


def test_sets_of_one_s_own_run_the_download_alone_again() -> None:
    """What comes after it depends on the files that it left."""
    params = {stage: definition(stage)["params"] for stage in STAGES}
    assert params["download_mnist"] == ["tasks.mnist.data.dataset", "datasets"]
    for stage in STAGES[1:]:
        assert not any(key.startswith("datasets") for key in params[stage])


def test_dvc_compares_one_small_file_a_task() -> None:
    listed = {stage: paths(definition(stage).get("metrics", [])) for stage in STAGES}
    assert listed == {s: [] for s in STAGES} | {"evaluate": ["metrics/${key}/metrics.json"]}
    assert "metrics/${key}/scores.json" in outputs("evaluate")
    assert "metrics" not in WHOLE


def test_each_task_s_model_is_an_artifact() -> None:
    tasks = read_yaml(ROOT / "params.yaml")["tasks"]
    assert list(WHOLE["artifacts"]) == list(tasks)
    for task, artifact in WHOLE["artifacts"].items():
        # a path that is no output has nothing that DVC could fetch
        assert artifact["path"].replace(task, "${key}") in outputs("train")
        assert artifact["type"] == "model"
        assert artifact["desc"]
        assert artifact["labels"]
