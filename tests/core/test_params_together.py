"""Parameters that must be consistent, and those of only one kind of task."""

from pathlib import Path

import pytest
from faults import fault
from helpers import edit_params, read_yaml, write_yaml

from rnnlab.core.params import load_params

MNIST, AIRLINE = "tasks.mnist", "tasks.airline"


@pytest.mark.parametrize(
    ("task", "loss"),
    [(MNIST, "mse"), (MNIST, "mae"), (MNIST, "pinball"), (AIRLINE, "cross_entropy")],
)
def test_loss_must_fit_the_kind(project: Path, task: str, loss: str) -> None:
    edit_params(project, {f"{task}.train.loss": loss})
    message = fault(project)
    assert message.startswith(task)
    assert f"train.loss {loss}" in message


def test_refit_is_for_series(project: Path) -> None:
    edit_params(project, {f"{MNIST}.train.refit": True})
    assert "train.refit is for series" in fault(project)


def test_augment_is_for_images(project: Path) -> None:
    amounts = read_yaml(project / "params.yaml")["tasks"]["mnist"]["train"]["augment"]
    edit_params(project, {f"{AIRLINE}.train.augment": amounts})
    assert "train.augment is for images" in fault(project)


def test_an_unknown_baseline_is_named_by_its_place(project: Path) -> None:
    edit_params(project, {f"{AIRLINE}.evaluate.baselines": ["naive", "prophet"]})
    message = fault(project)
    assert message.startswith(f"{AIRLINE}.evaluate.baselines.1: 'prophet' is invalid")
    assert "'naive2'" in message


@pytest.mark.parametrize("baselines", [[], ["theta"], ["sarima", "naive"]])
def test_baselines_are_any_and_in_any_order(project: Path, baselines: list[str]) -> None:
    edit_params(project, {f"{AIRLINE}.evaluate.baselines": baselines})
    found = load_params(project / "params.yaml").tasks["airline"].evaluate.baselines
    assert found == baselines


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"look_back": 7, "step": 2}, "look_back 7 is not a multiple of windows.step 2"),
        ({"look_back": 6, "step": 12}, "look_back 6 is not a multiple of windows.step 12"),
        (
            {"look_back": 6, "residual": "seasonal_naive"},
            "look_back 6 is shorter than data.period 12, which windows.residual seasonal_naive",
        ),
        ({"look_back": 1, "scale": "deviation"}, "deviation needs a windows.look_back of 2"),
    ],
)
def test_windows_must_fit_together(project: Path, changes: dict, words: str) -> None:
    edit_params(project, {f"{AIRLINE}.windows.{key}": value for key, value in changes.items()})
    message = fault(project)
    assert message.startswith(f"{AIRLINE}: ")
    assert words in message


@pytest.mark.parametrize(
    ("key", "value"), [("center", "last"), ("scale", "deviation"), ("residual", "seasonal_naive")]
)
@pytest.mark.parametrize("method", ["exponential_smoothing", "log_exponential_smoothing"])
def test_smoothing_rejects_other_levels_of_windows(
    project: Path, method: str, key: str, value: str
) -> None:
    changes = {"normalize.method": method, "windows.center": "none", f"windows.{key}": value}
    edit_params(project, {f"{AIRLINE}.{name}": each for name, each in changes.items()})
    assert f"windows.{key} does not work with normalize.method {method}" in fault(project)
    edit_params(project, {f"{AIRLINE}.windows.{key}": "none"})
    load_params(project / "params.yaml")


@pytest.mark.parametrize("augment", [None, "absent"])
def test_augment_may_be_left_out(project: Path, augment: str | None) -> None:
    params = read_yaml(project / "params.yaml")
    del params["tasks"]["mnist"]["train"]["augment"]
    write_yaml(params, project / "params.yaml")
    if augment is None:
        edit_params(project, {f"{MNIST}.train.augment": None})
    assert load_params(project / "params.yaml").tasks["mnist"].train.augment is None


def test_interpolation_may_be_left_out(project: Path) -> None:
    """Models and parameter files from before the key was there are still valid."""
    params = read_yaml(project / "params.yaml")
    del params["tasks"]["mnist"]["train"]["augment"]["interpolation"]
    write_yaml(params, project / "params.yaml")
    augment = load_params(project / "params.yaml").tasks["mnist"].train.augment
    assert augment.interpolation == "bilinear"
