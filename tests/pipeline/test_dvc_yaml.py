"""dvc.yaml: what each stage depends on is what it reads."""

from pathlib import Path

import pytest
from helpers import ROOT, STAGES, read_yaml
from imports import modules_of

WHOLE = read_yaml(ROOT / "dvc.yaml")
PIPELINE = WHOLE["stages"]
# plumbing: a change of words or of a check changes no output
PLUMBING = {"errors", "params", "params_faults", "params_types", "progress", "stage"}


def definition(stage: str) -> dict:
    return PIPELINE[stage].get("do", PIPELINE[stage])


def paths(entries: list) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def outputs(stage: str) -> list[str]:
    found = definition(stage)
    return paths([*found.get("outs", []), *found.get("metrics", []), *found.get("plots", [])])


def test_six_stages_in_the_design_s_order() -> None:
    assert tuple(PIPELINE) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_every_imported_module_is_a_dependency(stage: str) -> None:
    listed = {Path(path) for path in paths(definition(stage)["deps"])}
    imported = {
        Path(name.replace(".", "/") + ".py")
        for name in modules_of(stage)
        if name.startswith("stages.") and name.split(".")[-1] not in PLUMBING
    }
    imported = {path for path in imported if (ROOT / path).is_file()}
    assert imported <= listed
    code = {path for path in listed if path.parts[0] == "stages"}
    assert code <= imported | {Path("stages/common") / f"{name}.py" for name in PLUMBING}


@pytest.mark.parametrize("stage", STAGES)
def test_every_other_dependency_is_an_output_or_in_git(stage: str) -> None:
    made = [output for name in STAGES for output in outputs(name)]
    for path in paths(definition(stage)["deps"]):
        if path.startswith("stages/") or path == "${item.data.csv}":
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


def test_another_mirror_runs_nothing_again() -> None:
    """The MD5 sums fix the bytes for all mirrors."""
    assert definition("download_mnist")["params"] == [
        "tasks.mnist.data.dataset",
        "datasets.${tasks.mnist.data.dataset}.md5",
    ]


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
