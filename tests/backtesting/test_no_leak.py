"""The test part does not leak: it changes the test scores and nothing else, bit for bit.

Two projects differ only in the test part. Everything that is fitted, selected, stopped, validated
or forecast from earlier values must be equal in both. To show that each check can fail, others
assert that the test part did change in the files that contain it.
"""

import csv
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import edit_params, put_images, read_json, run_stage_here, small_images
from oracles import panel_of
from safetensors.numpy import load_file
from toys import zero_shot_network

from rnnlab.core.params import SeriesNormalize
from rnnlab.forecasting.baselines import BASELINES
from rnnlab.forecasting.methods import make_methods, median
from rnnlab.forecasting.networks import mean_predictor, network_method
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.series import origins

# enough epochs for early stopping
CHANGES = {
    "tasks.mnist.train.epochs": 8,
    "tasks.mnist.train.patience": 2,
    "tasks.airline.train.epochs": 12,
    "tasks.airline.train.patience": 2,
    "tasks.airline.train.learning_rate": 0.05,
    "tasks.airline.train.ensemble": 2,
    "tasks.airline.evaluate.baselines": ["seasonal_naive", "naive2", "theta"],
}


def two_projects(blank: Path, folder: Path) -> tuple[Path, Path]:
    projects = tuple(shutil.copytree(blank, folder / name) for name in ("as_it_is", "destroyed"))
    for project in projects:
        edit_params(project, CHANGES)
    return projects


def run_to_train(project: Path, task: str) -> None:
    for stage in ("normalize", "windows", "train"):
        assert run_stage_here(project, stage, task) == 0, stage


@pytest.fixture(scope="module")
def image_projects(blank_project: Path, tmp_path_factory) -> tuple[Path, Path]:
    """The second project's t10k files have noise, another number of images, and random labels."""
    projects = two_projects(blank_project, tmp_path_factory.mktemp("images"))
    arrays, draw = small_images(), np.random.default_rng(9)
    destroyed = {
        "test_images": draw.integers(0, 256, (45, 8, 8), dtype=np.uint8),
        "test_labels": draw.integers(0, 4, 45, dtype=np.uint8),
    }
    for project, changes in zip(projects, ({}, destroyed), strict=True):
        put_images(project, {**arrays, **changes})
        run_to_train(project, "mnist")
    return projects


def destroy_csv(project: Path, months: int) -> None:
    """Overwrite the last ``months`` with random values."""
    path = project / "data/raw/airline.csv"
    lines = path.read_text().splitlines()
    draw = np.random.default_rng(9)
    for number in range(len(lines) - months, len(lines)):
        name, time, _ = lines[number].split(",")
        lines[number] = f"{name},{time},{draw.integers(1, 100_000)}"
    path.write_text("\n".join(lines) + "\n")


def series_projects(blank: Path, folder: Path, months: int) -> tuple[Path, Path]:
    projects = two_projects(blank, folder)
    destroy_csv(projects[1], months)
    for project in projects:
        run_to_train(project, "airline")
        assert run_stage_here(project, "evaluate", "airline") == 0
    return projects


@pytest.fixture(scope="module")
def year_projects(blank_project: Path, tmp_path_factory) -> tuple[Path, Path]:
    """The last 12 months, the test part of both fits, are destroyed in the second project."""
    return series_projects(blank_project, tmp_path_factory.mktemp("year"), 12)


@pytest.fixture(scope="module")
def main_projects(blank_project: Path, tmp_path_factory) -> tuple[Path, Path]:
    """All 44 months after the cut of fit main are destroyed in the second project.

    The first 32 of them are training data of fit year, whose cut is later, so fit year may change.
    """
    return series_projects(blank_project, tmp_path_factory.mktemp("main"), 44)


def assert_same_bytes(projects: tuple[Path, Path], *paths: str) -> None:
    for path in paths:
        a, b = ((project / path).read_bytes() for project in projects)
        assert a == b, path


def assert_same_weights(projects: tuple[Path, Path], task: str, fits: tuple[str, ...]) -> None:
    a, b = (load_file(p / "data/models" / task / "weights.safetensors") for p in projects)
    names = [name for name in a if name.split(".")[0].removesuffix("_chosen") in fits]
    assert len({name.split(".")[0] for name in names}) == len(fits) * (1 + (task == "airline"))
    for name in names:
        assert a[name].tobytes() == b[name].tobytes(), name


def assert_same_epochs(projects: tuple[Path, Path], task: str, fits: tuple[str, ...]) -> None:
    """The history of every epoch, and so the epoch at which training stopped."""
    histories = []
    for project in projects:
        with (project / "data/models" / task / "history.csv").open(newline="") as file:
            histories.append([row for row in csv.DictReader(file) if row["fit"] in fits])
    assert histories[0] == histories[1]
    limit = CHANGES[f"tasks.{task}.train.epochs"]
    members = {(row["fit"], row["member"]) for row in histories[0]}
    if task == "airline":
        assert len(histories[0]) < limit * len(members)  # training did stop early
    cards = [read_json(p / "data/models" / task / "card.json")["fits"] for p in projects]
    for fit in fits:
        assert cards[0][fit] == cards[1][fit]


def test_images(image_projects: tuple[Path, Path]) -> None:
    windows = [f"data/windows/mnist/main/{part}.safetensors" for part in ("train", "validation")]
    assert_same_bytes(image_projects, *windows)
    a, b = (read_json(p / "data/normalized/mnist/card.json") for p in image_projects)
    assert (a["parts"].pop("test"), b["parts"].pop("test")) == (60, 45)
    assert a == b
    assert_same_bytes(image_projects, "data/models/mnist/weights.safetensors")
    assert_same_epochs(image_projects, "mnist", ("main",))


def test_images_were_destroyed(image_projects: tuple[Path, Path]) -> None:
    path = "data/windows/mnist/main/test.safetensors"
    a, b = (load_file(p / path)["x"] for p in image_projects)
    assert not np.array_equal(a[:45], b)


EITHER = pytest.mark.parametrize(
    ("fixture", "fits"),
    [("main_projects", ("main",)), ("year_projects", ("main", "year"))],
    ids=["44 months", "12 months"],
)


@EITHER
def test_series(fixture: str, fits: tuple[str, ...], request: pytest.FixtureRequest) -> None:
    projects: tuple[Path, Path] = request.getfixturevalue(fixture)
    parts = ("train", "validation", "refit")
    windows = [f"data/windows/airline/{f}/{p}.safetensors" for f in fits for p in parts]
    assert_same_bytes(projects, *windows, "data/normalized/airline/card.json")
    a, b = (load_file(p / "data/normalized/airline/series.safetensors") for p in projects)
    fitted = [name for name in a if name.split(".")[0] in fits]
    assert len(fitted) == len(fits) * (3 + 2 * 2)
    for name in fitted:
        assert a[name].tobytes() == b[name].tobytes(), name
    assert_same_weights(projects, "airline", fits)
    assert_same_epochs(projects, "airline", fits)


@EITHER
def test_series_were_destroyed(
    fixture: str, fits: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    projects: tuple[Path, Path] = request.getfixturevalue(fixture)
    cut = 132 if "year" in fits else 100
    a, b = (load_file(p / "data/normalized/airline/series.safetensors")["y"] for p in projects)
    np.testing.assert_array_equal(a[:cut], b[:cut])
    assert (a[cut:] != b[cut:]).all()
    for fit in fits:
        path = f"data/windows/airline/{fit}/test.safetensors"
        a, b = (load_file(p / path)["x"] for p in projects)
        assert (a[cut:] != b[cut:]).all()


@EITHER
def test_validation_results(
    fixture: str, fits: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    projects: tuple[Path, Path] = request.getfixturevalue(fixture)
    path = "metrics/airline/tables/validation.csv"
    a, b = (pd.read_csv(project / path) for project in projects)
    assert set(a["fit"]) == {"main", "year"}
    pd.testing.assert_frame_equal(a[a["fit"].isin(fits)], b[b["fit"].isin(fits)])


@EITHER
def test_forecasts_and_intervals_from_earlier_values(
    fixture: str, fits: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    projects: tuple[Path, Path] = request.getfixturevalue(fixture)
    path = "metrics/airline/tables/forecasts.csv"
    a, b = (pd.read_csv(project / path) for project in projects)
    # by protocol, how many forecasts of each method use no destroyed value
    same = {"long": 44, "one_step": 1} if fits == ("main",) else {"year": 12, "one_step": 33}
    columns = ["method", "ds", "forecast", "low_80", "high_80", "low_95", "high_95"]
    for protocol, count in same.items():
        for method in ("model", "combination", "control", "seasonal_naive", "naive2", "theta"):
            before, after = (
                each[(each["protocol"] == protocol) & (each["method"] == method)] for each in (a, b)
            )
            pd.testing.assert_frame_equal(before[columns].head(count), after[columns].head(count))
            assert (before["y"].tail(12).to_numpy() != after["y"].tail(12).to_numpy()).all()
            # the last forecast uses eleven destroyed months, unless it looks back exactly a year
            if protocol == "one_step" and method != "seasonal_naive":
                assert before["forecast"].iloc[-1] != after["forecast"].iloc[-1]


def test_these_checks_can_fail(main_projects: tuple[Path, Path]) -> None:
    """Fit year trains on months that are destroyed here, so it must change."""
    with pytest.raises(AssertionError):
        assert_same_weights(main_projects, "airline", ("year",))


def forecasts_of(method: str, y: np.ndarray, protocol: str) -> np.ndarray:
    """Forecasts of the months after the first 100 by a method fitted on those."""
    panel, ends = panel_of(y), np.array([100])
    request = origins.test_requests(panel.lengths, {"main": ends, "year": ends}, 12)[protocol]
    if method in (*BASELINES, "zero_shot"):
        methods = make_methods([method], zero_shot_network(), 1, Counter())
        return median(methods[method](panel, ends, [request])[0])
    settings = SeriesNormalize(method=method, level=0.3, season=0.7, damping=0.95)
    layout = dict.fromkeys(("center", "scale", "residual"), "none")
    layout |= {"look_back": 12, "horizon": 12, "step": 1, "period": 12, "damping": 0.95}
    torch.manual_seed(0)
    predict = mean_predictor([RecurrentNetwork(1, 12, hidden_size=4).eval()])
    card = {"outputs": 12, "layout": layout}
    [found] = network_method(predict, card, settings)(panel, np.array([85]), [request])
    return median(found)


NETWORKS = ["log_seasonal_difference", "log_exponential_smoothing", "minmax"]


@pytest.mark.parametrize("protocol", ["one_step", "long", "rolling"])
@pytest.mark.parametrize("method", [*NETWORKS, *BASELINES, "zero_shot"])
def test_no_forecast_sees_its_own_month_or_later_ones(
    airline: np.ndarray, method: str, protocol: str
) -> None:
    known = airline[:126]
    changed = known.copy()
    changed[108:] = 7777
    a, b = (forecasts_of(method, y, protocol) for y in (known, changed))
    # the forecast of month 108 reads up to 107
    np.testing.assert_array_equal(a[:9], b[:9])
    if protocol == "one_step":
        # from here on even the seasonal naive forecast uses changed values
        assert (a[21:] != b[21:]).all()
    elif protocol == "rolling":
        assert len(a) == 15
        assert (a[9:] != b[9:]).any(axis=1).all()
