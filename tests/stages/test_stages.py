"""Each stage as a user runs it, on small data: what it leaves."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    CHAIN,
    CLASSES,
    COUNTS,
    IMAGE_FILES,
    TASKS,
    Done,
    Mirror,
    edit_params,
    partial_leftovers,
    read_csv,
    read_json,
    read_yaml,
    run_stage,
    run_stage_here,
    small_images,
)
from safetensors.numpy import load_file


@pytest.mark.parametrize(
    ("stage", "task"),
    [("download_mnist", "mnist"), *((stage, task) for task in TASKS for stage in CHAIN)],
)
def test_each_stage_ends_well(finished: tuple[Path, Done], stage: str, task: str) -> None:
    project, done = finished
    assert done[stage, task].returncode == 0, done[stage, task].stderr
    assert "Traceback" not in done[stage, task].stderr
    assert "Warning" not in done[stage, task].stderr
    assert partial_leftovers(project) == []


def test_download(finished: tuple[Path, Done], mirror: Mirror) -> None:
    folder = finished[0] / "data/raw/mnist"
    assert {path.name for path in folder.iterdir()} == {*IMAGE_FILES.values(), "files.csv"}
    for name in IMAGE_FILES.values():
        assert (folder / name).read_bytes() == (mirror.folder / name).read_bytes()
    assert [row["part"] for row in read_csv(folder / "files.csv")] == list(IMAGE_FILES)


def test_normalized_images(finished: tuple[Path, Done]) -> None:
    folder = finished[0] / "data/normalized/mnist"
    card, arrays = read_json(folder / "card.json"), small_images()
    training = arrays["train_images"][: COUNTS["train"]]
    assert card["dataset"] == "small"
    assert card["parts"] == COUNTS
    assert card["classes"] == CLASSES
    assert card["statistics"] == pytest.approx({"shift": training.mean(), "scale": training.std()})
    for name, tensor in load_file(folder / "images.safetensors").items():
        np.testing.assert_array_equal(tensor, arrays[name])


def test_windows_of_images(finished: tuple[Path, Done]) -> None:
    folder = finished[0] / "data/windows/mnist"
    card, arrays = read_json(folder / "card.json"), small_images()
    assert (card["steps"], card["features"], card["outputs"]) == (8, 8, CLASSES)
    parts = {
        "train": ("train", slice(250)),
        "validation": ("train", slice(250, None)),
        "test": ("test", slice(None)),
    }
    for part, (file, rows) in parts.items():
        tensors = load_file(folder / f"main/{part}.safetensors")
        np.testing.assert_array_equal(tensors["x"], arrays[f"{file}_images"][rows])
        np.testing.assert_array_equal(tensors["y"], arrays[f"{file}_labels"][rows])
        assert tensors["y"].dtype == np.int64


@pytest.mark.parametrize(
    ("sequence", "shape"),
    [("pixels", (64, 1)), ("permuted", (64, 1)), ("flat", (1, 64))],
)
def test_windows_by_sequence(copy: Path, sequence: str, shape: tuple[int, int]) -> None:
    edit_params(copy, {"tasks.mnist.windows.sequence": sequence})
    assert run_stage_here(copy, "windows", "mnist") == 0
    card = read_json(copy / "data/windows/mnist/card.json")
    x = load_file(copy / "data/windows/mnist/main/test.safetensors")["x"]
    assert x.shape == (COUNTS["test"], *shape)
    assert (card["steps"], card["features"]) == shape
    flat = small_images()["test_images"].reshape(-1, 64)
    order = card["pixel_order"]
    assert (order is not None) == (sequence == "permuted")
    np.testing.assert_array_equal(x.reshape(-1, 64), flat[:, order] if order else flat)


@pytest.mark.parametrize(
    ("sequence", "interpolation", "warned"),
    [("permuted", "bilinear", True), ("permuted", "nearest", False), ("rows", "bilinear", False)],
)
def test_interpolation_of_permuted_pixels_is_warned_of(
    copy: Path, sequence: str, interpolation: str, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_params(
        copy,
        {
            "tasks.mnist.windows.sequence": sequence,
            "tasks.mnist.train.augment.interpolation": interpolation,
            "tasks.mnist.train.epochs": 1,
        },
    )
    for stage in ("windows", "train"):
        assert run_stage_here(copy, stage, "mnist") == 0
    sentence = "warning: params.yaml: tasks.mnist.train.augment.interpolation: bilinear smooths"
    assert (sentence in capsys.readouterr().err) == warned


@pytest.mark.parametrize("task", TASKS)
def test_models(finished: tuple[Path, Done], task: str) -> None:
    project = finished[0]
    folder = project / "data/models" / task
    card, weights = read_json(folder / "card.json"), load_file(folder / "weights.safetensors")
    fits = ["main"] if task == "mnist" else ["main", "year"]
    # series are fitted again with validation, and judged by what was fitted without it
    networks = fits if task == "mnist" else [*fits, "main_chosen", "year_chosen"]
    assert list(card["fits"]) == fits
    assert card["networks"] == dict.fromkeys(networks, 1)
    assert {name.split(".")[0] for name in weights} == set(networks)
    buffers = ("shift", "scale")
    numbers = sum(w.size for name, w in weights.items() if not name.endswith(buffers))
    assert numbers == card["parameters"] * len(networks)
    history = read_csv(folder / "history.csv")
    epochs = read_yaml(project / "params.yaml")["tasks"][task]["train"]["epochs"]
    assert len(history) == epochs * len(fits)
    for row in history:
        assert np.isfinite([float(row["train_loss"]), float(row["validation_loss"])]).all()


@pytest.mark.parametrize("task", TASKS)
def test_live_curves_and_page(finished: tuple[Path, Done], task: str) -> None:
    folder = finished[0] / "data/live" / task
    curve = (folder / "plots/metrics/main/validation_loss.tsv").read_text().splitlines()
    epochs = read_yaml(finished[0] / "params.yaml")["tasks"][task]["train"]["epochs"]
    assert len(curve) == 1 + epochs
    assert "<html" in (folder / "report.html").read_text()
    assert not (finished[0] / "dvclive").exists()


def test_scores_of_images(finished: tuple[Path, Done]) -> None:
    scores = read_json(finished[0] / "metrics/mnist/scores.json")
    assert list(scores) == [
        *["dataset", "sequence", "accuracy", "loss", "macro_f1", "validation_accuracy"],
        "parameters",
    ]
    assert (scores["dataset"], scores["sequence"]) == ("small", "rows")
    assert 0.6 < scores["accuracy"] <= 1
    assert 0.6 < scores["validation_accuracy"] <= 1
    # LSTM of 16 on 8 features, and the head
    assert scores["parameters"] == 4 * 16 * (8 + 16 + 2) + (16 + 1) * CLASSES
    rows = read_csv(finished[0] / "metrics/mnist/predictions.csv")
    labels = small_images()["test_labels"]
    assert [int(row["label"]) for row in rows] == labels.tolist()
    right = np.array([row["label"] == row["predicted"] for row in rows])
    assert scores["accuracy"] == pytest.approx(right.mean())
    assert scores["macro_f1"] == pytest.approx(macro_f1(rows))
    early = read_csv(finished[0] / "metrics/mnist/tables/early.csv")
    assert [int(row["step"]) for row in early] == list(range(1, 9))
    assert float(early[-1]["accuracy"]) == pytest.approx(scores["accuracy"], abs=1e-5)


def macro_f1(rows: list[dict[str, str]]) -> float:
    pairs = [(row["label"], row["predicted"]) for row in rows]
    values = []
    for name in {label for pair in pairs for label in pair}:
        hits = pairs.count((name, name))
        either = sum(label == name for pair in pairs for label in pair)
        values.append(2 * hits / either)
    return sum(values) / len(values)


@pytest.mark.parametrize("task", TASKS)
def test_speed_stands_apart_from_the_scores(finished: tuple[Path, Done], task: str) -> None:
    speed = read_json(finished[0] / "metrics" / task / "speed.json")
    for key in ("train_seconds", "samples_per_second", "peak_memory_mib"):
        assert speed[key] > 0
    text = (finished[0] / "metrics" / task / "scores.json").read_text()
    assert "second" not in text
    assert os.uname().nodename not in text


@pytest.mark.parametrize(("task", "least"), [("mnist", 5), ("airline", 4)])
def test_plots(finished: tuple[Path, Done], task: str, least: int) -> None:
    pictures = list((finished[0] / "metrics" / task / "plots").iterdir())
    assert len(pictures) >= least
    for picture in pictures:
        assert picture.suffix == ".png"
        assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert picture.stat().st_size > 2000


@pytest.mark.parametrize("stage", CHAIN)
def test_a_stage_run_again_writes_the_same_bytes(
    finished: tuple[Path, Done], copy: Path, stage: str
) -> None:
    outputs = {
        "normalize": "data/normalized/mnist",
        "windows": "data/windows/mnist",
        "train": "data/models/mnist",
        "evaluate": "metrics/mnist/tables",
        "plot": "metrics/mnist/plots",
    }
    shutil.rmtree(copy / outputs[stage])
    scores = (copy / "metrics/mnist/scores.json").read_bytes()
    assert run_stage_here(copy, stage, "mnist") == 0
    before = finished[0] / outputs[stage]
    files = [path.relative_to(before) for path in before.rglob("*") if path.is_file()]
    assert files
    for file in files:
        again = (copy / outputs[stage] / file).read_bytes()
        assert again == (before / file).read_bytes(), file
    assert (copy / "metrics/mnist/scores.json").read_bytes() == scores


def test_evaluate_leaves_the_plots_and_the_speed_where_they_are(copy: Path) -> None:
    (copy / "metrics/mnist/mine.txt").write_text("kept")
    speed = (copy / "metrics/mnist/speed.json").read_bytes()
    assert run_stage_here(copy, "evaluate", "mnist") == 0
    assert (copy / "metrics/mnist/speed.json").read_bytes() == speed
    assert (copy / "metrics/mnist/mine.txt").read_text() == "kept"
    assert not (copy / "metrics/mnist/new").exists()


@pytest.mark.parametrize("cell", ["rnn", "gru"])
@pytest.mark.parametrize("task", TASKS)
def test_other_cells(copy: Path, task: str, cell: str) -> None:
    edit_params(copy, {f"tasks.{task}.model.cell": cell, f"tasks.{task}.train.epochs": 1})
    assert run_stage_here(copy, "train", task) == 0
    card = read_json(copy / "data/models" / task / "card.json")
    assert card["model"]["cell"] == cell
    lstm = 4 * 16 * (8 + 16 + 2) if task == "mnist" else 4 * 8 * (1 + 8 + 2)
    head = 17 * CLASSES if task == "mnist" else 9 * 12
    assert card["parameters"] == lstm * {"rnn": 1, "gru": 3}[cell] // 4 + head


def test_report(copy: Path) -> None:
    done = run_stage(copy, "report", env={"TERM": "xterm-256color"})
    assert done.returncode == 0, done.stderr
    for word in (
        "Report: report/index.html",
        "mnist",
        "small",
        "airline",
        "accuracy",
        "2.78 / 0.402",
        "one_step",
    ):
        assert word in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
