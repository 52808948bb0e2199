"""What the test part holds changes nothing that stands before evaluate, not by a bit.

Two projects differ in the test part alone; whatever is fitted, chosen or stopped must be equal in
both. A check that would pass if nothing had been changed proves nothing, so each also shows that
the test part did reach the files where it belongs.
"""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import edit_params, put_images, run_stage_here, small_images
from safetensors.numpy import load_file

from stages.common.baselines import BASELINES, fit_quietly
from stages.common.forecasting import network_forecaster
from stages.common.network import RecurrentNetwork
from stages.common.protocols import forecast_protocol
from stages.common.scalers import fit_scaler
from stages.common.windowing import windows_between

# long enough for early stopping to have a say
CHANGES = {
    "tasks.mnist.train.epochs": 8,
    "tasks.mnist.train.patience": 2,
    "tasks.airline.train.epochs": 12,
    "tasks.airline.train.patience": 2,
    "tasks.airline.train.learning_rate": 0.05,
    "tasks.airline.train.ensemble": 2,
}


def two_projects(blank: Path, folder: Path) -> tuple[Path, Path]:
    projects = tuple(shutil.copytree(blank, folder / name) for name in ("as_it_is", "destroyed"))
    for project in projects:
        edit_params(project, CHANGES)
    return projects


def run_to_train(project: Path, task: str) -> None:
    for stage in ("normalize", "windows", "train"):
        assert run_stage_here(project, stage, task) == 0, stage


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def image_projects(blank_project: Path, tmp_path_factory) -> tuple[Path, Path]:
    """The second one's t10k files hold noise, another number of images, and labels at random."""
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
    """Write other values over the last ``months``."""
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
    return projects


@pytest.fixture(scope="module")
def year_projects(blank_project: Path, tmp_path_factory) -> tuple[Path, Path]:
    """The last 12 months, the test part of both fits, are destroyed in the second one."""
    return series_projects(blank_project, tmp_path_factory.mktemp("year"), 12)


@pytest.fixture(scope="module")
def main_projects(blank_project: Path, tmp_path_factory) -> tuple[Path, Path]:
    """All 44 months after the cut of fit main are destroyed in the second one.

    The first 32 of them are training data of fit year, whose cut is later, so that fit may change.
    """
    return series_projects(blank_project, tmp_path_factory.mktemp("main"), 44)


def assert_same_bytes(projects: tuple[Path, Path], *paths: str) -> None:
    for path in paths:
        a, b = ((project / path).read_bytes() for project in projects)
        assert a == b, path


def assert_same_weights(projects: tuple[Path, Path], task: str, fits: tuple[str, ...]) -> None:
    a, b = (load_file(p / "data/models" / task / "weights.safetensors") for p in projects)
    names = [name for name in a if name.split(".")[0] in fits]
    assert names
    for name in names:
        assert a[name].tobytes() == b[name].tobytes(), name


def assert_same_epochs(projects: tuple[Path, Path], task: str, fits: tuple[str, ...]) -> None:
    """Every epoch's figures, and with them the epoch at which training stopped."""
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


def test_validation_images_shift_no_statistics(image_projects: tuple[Path, Path]) -> None:
    card = read_json(image_projects[0] / "data/normalized/mnist/card.json")
    training = small_images()["train_images"][:250]
    found = card["statistics"]
    assert found == pytest.approx({"shift": training.mean(), "scale": training.std()}, rel=1e-9)


@pytest.mark.parametrize("fits", [("main",), ("main", "year")], ids=["44 months", "12 months"])
def test_series(fits: tuple[str, ...], request: pytest.FixtureRequest) -> None:
    fixture = "year_projects" if "year" in fits else "main_projects"
    projects: tuple[Path, Path] = request.getfixturevalue(fixture)
    parts = ("train", "validation", "refit")
    windows = [f"data/windows/airline/{f}/{p}.safetensors" for f in fits for p in parts]
    assert_same_bytes(projects, *windows)
    cards = [read_json(p / "data/normalized/airline/card.json") for p in projects]
    for fit in fits:
        assert cards[0]["fits"][fit] == cards[1]["fits"][fit]
    assert_same_weights(projects, "airline", fits)
    assert_same_epochs(projects, "airline", fits)


@pytest.mark.parametrize(("fit", "first"), [("main", 100), ("year", 132)])
def test_series_were_destroyed(
    main_projects: tuple[Path, Path], year_projects: tuple[Path, Path], fit: str, first: int
) -> None:
    for projects, cut in ((main_projects, 100), (year_projects, 132)):
        path = "data/normalized/airline/series.safetensors"
        a, b = (load_file(p / path)[f"z_{fit}"] for p in projects)
        if fit == "main" or cut >= first:
            np.testing.assert_array_equal(a[:cut], b[:cut])
        assert (a[cut:] != b[cut:]).all()


def test_the_check_can_fail(main_projects: tuple[Path, Path]) -> None:
    """Fit year trains on months that are destroyed here, so it must change."""
    with pytest.raises(AssertionError):
        assert_same_weights(main_projects, "airline", ("year",))


def forecaster_of(method: str, airline: np.ndarray):
    if method != "model":
        return fit_quietly(method, airline[:100], 12)
    card = {"steps": 12, "outputs": 12, "center": "last"}
    scaler = fit_scaler(airline[:85], "log_seasonal_difference", 12)
    return network_forecaster([RecurrentNetwork(1, 12, hidden_size=4).eval()], card, scaler)


@pytest.mark.parametrize("protocol", ["one_step", "long"])
@pytest.mark.parametrize("method", ["model", *BASELINES])
def test_no_forecast_sees_its_own_month_or_later_ones(
    airline: np.ndarray, method: str, protocol: str
) -> None:
    forecaster = forecaster_of(method, airline)
    known = airline[:126]
    changed = known.copy()
    changed[108:] = 7777
    a, b = (forecast_protocol(protocol, forecaster, y, 100) for y in (known, changed))
    same = 9 if protocol == "one_step" else 26  # the forecast of month 108 reads up to 107
    np.testing.assert_array_equal(a[:same], b[:same])
    if protocol == "one_step":
        # from here on even the seasonal naive forecast reads what was changed
        assert (a[21:] != b[21:]).all()


def test_the_network_s_forecast_is_its_answer_to_the_window(airline: np.ndarray) -> None:
    """What evaluate asks is what train showed: the same windows, centred and scaled alike."""
    import torch

    torch.manual_seed(0)
    network = RecurrentNetwork(1, 12, hidden_size=4).eval()
    scaler = fit_scaler(airline[:85], "log_seasonal_difference", 12)
    card = {"steps": 12, "outputs": 12, "center": "last"}
    z = scaler.transform(airline)
    windows = windows_between(z, 100, 144, 12, 12, "last")
    with torch.inference_mode():
        answers = network(torch.from_numpy(windows["x"])).numpy() + windows["center"]
    forecaster = network_forecaster([network], card, scaler)
    for row in (0, 20, 43):
        history = airline[: windows["origin"][row]]
        expected = scaler.inverse(answers[row], history)
        np.testing.assert_allclose(forecaster(history, 12), expected, rtol=1e-5)
    # beyond the horizon it reads its own forecasts
    far = forecaster(airline[:100], 30)
    np.testing.assert_allclose(far[:12], forecaster(airline[:100], 12), rtol=1e-12)
    grown = np.concatenate([airline[:100], far[:12]])
    np.testing.assert_allclose(far[12:24], forecaster(grown, 12), rtol=1e-4)
