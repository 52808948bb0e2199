"""Each stage as a user runs it, on small data: what it leaves, and what it says to bad input."""

import ast
import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    CLASSES,
    COUNTS,
    IMAGE_FILES,
    ROOT,
    STAGES,
    Mirror,
    edit_params,
    free_address,
    one_error_line,
    partial_leftovers,
    put_images,
    read_yaml,
    run_stage,
    run_stage_here,
    small_images,
    write_images,
    write_yaml,
)
from safetensors.numpy import load_file

from stages.common.baselines import BASELINES

Done = dict[tuple[str, str], subprocess.CompletedProcess[str]]
CHAIN = ("normalize", "windows", "train", "evaluate", "plot")
TASKS = ("mnist", "airline")
MEASURES = {"mae", "rmse", "mape", "smape", "mase"}
PROTOCOLS = {"one_step": 44, "year": 12, "long": 44}


@pytest.fixture(scope="module")
def finished(
    blank_project: Path,
    mirror: Mirror,
    mirror_sums: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Done]:
    """A project after all stages of both tasks, and how each ended. Copy it before a change."""
    folder = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(blank_project, folder)
    edit_params(folder, {"datasets.small": {"mirrors": [mirror.url], "md5": mirror_sums}})
    done: Done = {}

    def chain(task: str) -> None:
        if task == "mnist":
            done["download_mnist", task] = run_stage(folder, "download_mnist")
        for stage in CHAIN:
            done[stage, task] = run_stage(folder, stage, task)

    with ThreadPoolExecutor() as pool:
        list(pool.map(chain, TASKS))
    return folder, done


@pytest.fixture
def copy(finished: tuple[Path, Done], tmp_path: Path) -> Path:
    """The finished project, to be changed."""
    return shutil.copytree(finished[0], tmp_path / "copy")


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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


def test_normalized_series(finished: tuple[Path, Done], airline: np.ndarray) -> None:
    folder = finished[0] / "data/normalized/airline"
    card, tensors = read_json(folder / "card.json"), load_file(folder / "series.safetensors")
    cuts = {
        fit: (c[0]["train"], c[0]["validation"], c[0]["test"]) for fit, c in card["fits"].items()
    }
    assert cuts == {"main": (85, 100, 144), "year": (112, 132, 144)}
    np.testing.assert_array_equal(tensors["y"], airline)
    for fit, (train, *_) in cuts.items():
        z = tensors[f"z_{fit}"][12:train]
        np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-9)


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
    ("fit", "counts"),
    [("main", {"train": 61, "validation": 15, "refit": 76, "test": 44}),
     ("year", {"train": 88, "validation": 20, "refit": 108, "test": 12})],
)  # fmt: skip
def test_windows_of_series(finished: tuple[Path, Done], fit: str, counts: dict[str, int]) -> None:
    folder = finished[0] / "data/windows/airline" / fit
    assert {path.stem for path in folder.iterdir()} == set(counts)
    for part, count in counts.items():
        tensors = load_file(folder / f"{part}.safetensors")
        assert tensors["x"].shape == (count, 12, 1)
        assert tensors["y"].shape == (count, 12)
        assert tensors["x"].dtype == tensors["y"].dtype == np.float32
        assert np.isfinite(tensors["x"]).all()
        assert np.isnan(tensors["y"]).sum() == 12 * 11 // 2  # beyond the end of the part


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


@pytest.mark.parametrize("task", TASKS)
def test_models(finished: tuple[Path, Done], task: str) -> None:
    project = finished[0]
    folder = project / "data/models" / task
    card, weights = read_json(folder / "card.json"), load_file(folder / "weights.safetensors")
    fits = ["main"] if task == "mnist" else ["main", "year"]
    assert list(card["fits"]) == fits
    assert {name.split(".")[0] for name in weights} == set(fits)
    buffers = ("shift", "scale")
    numbers = sum(w.size for name, w in weights.items() if not name.endswith(buffers))
    assert numbers == card["parameters"] * len(fits)
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


def test_scores_of_series(finished: tuple[Path, Done]) -> None:
    scores = read_json(finished[0] / "metrics/airline/scores.json")
    assert list(scores) == ["model", *BASELINES]
    assert list(BASELINES) == [
        *["naive", "seasonal_naive", "last_growth", "drift"],
        *["holt_winters", "ets", "sarima", "theta"],
    ]
    for by_protocol in scores.values():
        assert list(by_protocol) == list(PROTOCOLS)
        for measures in by_protocol.values():
            assert set(measures) == MEASURES
            assert all(np.isfinite(value) and value > 0 for value in measures.values())
    shown = [f"{scores['last_growth'][p]['mape']:.2f}" for p in PROTOCOLS]
    assert shown == ["2.78", "8.18", "5.19"]


def test_predictions_of_series(finished: tuple[Path, Done], airline: np.ndarray) -> None:
    folder = finished[0] / "metrics/airline"
    rows = read_csv(folder / "predictions.csv")
    assert list(rows[0]) == ["unique_id", "ds", "y", *PROTOCOLS]
    assert [float(row["y"]) for row in rows] == airline[100:].tolist()
    assert (rows[0]["ds"], rows[-1]["ds"]) == ("1957-05-01", "1960-12-01")
    scores = read_json(folder / "scores.json")["model"]
    for protocol, count in PROTOCOLS.items():
        known = [(float(row["y"]), float(row[protocol])) for row in rows if row[protocol]]
        assert len(known) == count
        y, forecast = np.array(known).T
        mape = (100 * np.abs(y - forecast) / y).mean()
        assert scores[protocol]["mape"] == pytest.approx(mape, rel=1e-4)
    methods = {row["method"] for row in read_csv(folder / "tables/forecasts.csv")}
    assert methods == {"model", *BASELINES}
    steps = read_csv(folder / "tables/by_step.csv")
    assert len(steps) == 12 * (1 + len(BASELINES))


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


def test_a_task_of_ones_own_is_a_csv_and_an_entry(copy: Path) -> None:
    """Two shops by quarters, one with zeros; an ensemble of a bidirectional GRU without refit."""
    t = np.arange(44)
    noise = np.random.default_rng(0).normal(size=(2, 44))
    south = 20 + 0.2 * t + 6 * np.sin(np.pi * t / 2) + noise[0]
    north = np.maximum(5 * np.sin(np.pi * t / 2) + noise[1], 0)
    times = [f"{2010 + n // 4}-{3 * (n % 4) + 1:02}-01" for n in t]
    rows = [f"south,{time},{y}" for time, y in zip(times, south, strict=True)]
    rows += [f"north,{time},{y}" for time, y in zip(times, north, strict=True)]
    (copy / "data/raw/shops.csv").write_text("shop,quarter,sold\n" + "\n".join(rows) + "\n")
    params = read_yaml(copy / "params.yaml")
    params["tasks"]["shops"] = params["tasks"]["airline"]
    write_yaml(params, copy / "params.yaml")
    changes = {
        "data.csv": "data/raw/shops.csv",
        "data.period": 4,
        "data.id_column": "shop",
        "data.time_column": "quarter",
        "normalize.method": "standard",
        "windows.look_back": 5,
        "windows.horizon": 3,
        "windows.center": "mean",
        "model.cell": "gru",
        "model.bidirectional": True,
        "model.pooling": "mean",
        "train.ensemble": 2,
        "train.refit": False,
        "train.epochs": 2,
    }
    edit_params(copy, {f"tasks.shops.{key}": value for key, value in changes.items()})
    for stage in CHAIN:
        assert run_stage_here(copy, stage, "shops") == 0, stage
    scores = read_json(copy / "metrics/shops/scores.json")
    assert list(scores) == ["model", *BASELINES]
    # zeros in the truth leave the mean of mape unknown or to the other series, and nothing else
    for method in ("model", "naive", "seasonal_naive", "drift", "holt_winters", "ets", "theta"):
        for measures in scores[method].values():
            assert all(np.isfinite(measures[key]) for key in MEASURES - {"mape"}), method
    ids = [row["unique_id"] for row in read_csv(copy / "metrics/shops/predictions.csv")]
    assert set(ids) == {"north", "south"}


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


@pytest.mark.parametrize("stage", [*STAGES, "report"])
def test_help(project: Path, stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stage_here(project, stage, "--help") == 0
    text = capsys.readouterr().out
    assert "usage: " in text
    assert "Reads: " in text
    assert "Writes: " in text
    assert sorted(path.name for path in project.iterdir()) == ["data", "dvc.yaml", "params.yaml"]


def test_report(copy: Path) -> None:
    done = run_stage(copy, "report")
    assert done.returncode == 0, done.stderr
    for word in ("mnist", "small", "airline", "accuracy", "2.78 / 0.402", "one_step"):
        assert word in done.stdout


# bad input


def fails(project: Path, stage: str, *args: str, words: list[str], **env: str) -> str:
    """Run a stage that must fail as issue 2 says: one line, and nothing half-written."""
    before = sorted(project.rglob("*"))
    done = run_stage(project, stage, *args, env=env)
    assert done.returncode == 1, done.stderr
    line = one_error_line(done.stderr, *words)
    assert partial_leftovers(project) == []
    made = [path for path in project.rglob("*") if path not in before and path.is_file()]
    assert made == []
    return line


def fails_here(
    project: Path, stage: str, task: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Likewise in this process, for the stages that import torch."""
    capsys.readouterr()
    assert run_stage_here(project, stage, task) == 1
    one_error_line(capsys.readouterr().err, *words)
    assert partial_leftovers(project) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("tasks.airline.model.cell", "lstn"), ("tasks.airline.windows.look_back", -3)],
)
def test_bad_parameters(project: Path, key: str, value: object) -> None:
    edit_params(project, {key: value})
    fails(project, "normalize", "airline", words=["params.yaml", key, repr(value)])


@pytest.mark.parametrize(
    ("look_back", "message"),
    [(73, "write 72 or less"), (200, "write 72 or less"), (100_000, "write 72 or less")],
)
def test_look_back_longer_than_the_series(
    project: Path, look_back: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_params(project, {"tasks.airline.windows.look_back": look_back})
    assert run_stage_here(project, "normalize", "airline") == 0
    fails_here(project, "windows", "airline", ["windows.look_back", message], capsys)
    assert not (project / "data/windows/airline").exists()
    edit_params(project, {"tasks.airline.windows.look_back": 72})
    assert run_stage_here(project, "windows", "airline") == 0


RAW = (ROOT / "data/raw/airline.csv").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is empty", "header"]),
        (RAW.replace("1950-01-01,115", "1950-01-01,many"), ["'many'", "write a number"]),
        ("ds,y\n1,\n2,\n3,\n", ["has no numbers"]),
        (RAW.replace("1950-01-01,115", "1950-01-01,0"), ["no logarithm", "normalize.method"]),
        (RAW[:200], ["too few", "it takes 14 or more"]),
        (None, ["is missing", "put the CSV there"]),
    ],
    ids=["empty", "text in numbers", "no numbers", "zero", "too short", "missing"],
)
def test_bad_series(project: Path, content: str | None, words: list[str]) -> None:
    path = project / "data/raw/airline.csv"
    path.unlink() if content is None else path.write_text(content)
    fails(project, "normalize", "airline", words=["data/raw/airline.csv", *words])


def test_series_without_the_named_column(project: Path) -> None:
    edit_params(project, {"tasks.airline.data.value_column": "passengers"})
    words = ["data/raw/airline.csv", "'passengers'", "value_column", "it has unique_id, ds, y"]
    fails(project, "normalize", "airline", words=words)


@pytest.mark.parametrize("damage", ["truncated", "corrupted", "missing", "other count"])
def test_bad_images(project: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    put_images(project, small_images())
    name = IMAGE_FILES["train_images"]
    path = project / "data/raw/mnist" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "corrupted":
        path.write_bytes(content[:500] + bytes(b ^ 0xFF for b in content[500:600]) + content[600:])
    else:
        name = "files.csv"
        labels = project / "data/raw/mnist" / IMAGE_FILES["train_labels"]
        raw = gzip.decompress(labels.read_bytes())
        labels.write_bytes(gzip.compress(raw[:4] + (299).to_bytes(4, "big") + raw[8:-1]))
    fails_here(project, "normalize", "mnist", [f"data/raw/mnist/{name}", "download"], capsys)
    assert not (project / "data/normalized/mnist").exists()


@pytest.mark.parametrize("content", ["", "dataset,part,file,md5\n", RAW], ids=["0", "head", "csv"])
def test_a_list_of_images_that_lists_none(
    project: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put_images(project, small_images())
    (project / "data/raw/mnist/files.csv").write_text(content)
    fails_here(project, "normalize", "mnist", ["data/raw/mnist/files.csv"], capsys)


def test_unreachable_mirror(project: Path) -> None:
    address = free_address()
    edit_params(project, {"datasets.small.mirrors": [address]})
    name = IMAGE_FILES["train_images"]
    fails(project, "download_mnist", words=[name, address, "cannot be reached", "MNIST_MIRROR"])
    assert not (project / "data/raw/mnist").exists()


def test_a_failed_download_leaves_the_old_one_in_place(project: Path, tmp_path: Path) -> None:
    put_images(project, small_images())
    sums = write_images(tmp_path / "new", small_images(seed=1))
    (tmp_path / "new" / IMAGE_FILES["test_labels"]).write_bytes(b"torn")
    edit_params(project, {"datasets.small.md5": sums})
    words = [IMAGE_FILES["test_labels"], "its MD5 sum is"]
    fails(project, "download_mnist", words=words, MNIST_MIRROR=str(tmp_path / "new"))
    images = project / "data/raw/mnist" / IMAGE_FILES["train_images"]
    np.testing.assert_array_equal(
        np.frombuffer(gzip.decompress(images.read_bytes())[16:], np.uint8),
        small_images()["train_images"].ravel(),
    )


def test_the_mirror_of_the_environment_comes_first(
    project: Path, mirror: Mirror, mirror_sums: dict[str, str]
) -> None:
    edit_params(project, {"datasets.small": {"mirrors": [mirror.url], "md5": mirror_sums}})
    mirror.asked.clear()
    done = run_stage(project, "download_mnist", env={"MNIST_MIRROR": mirror.folder.as_uri()})
    assert done.returncode == 0, done.stderr
    assert mirror.asked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks.mnist.data.dataset": "MNITS"}, ["dataset", "'MNITS'", "MNIST, FashionMNIST"]),
        ({"datasets.small.md5": {}}, ["datasets.small.md5", IMAGE_FILES["train_images"]]),
    ],
)
def test_unknown_data_sets(
    project: Path, changes: dict, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    edit_params(project, changes)
    capsys.readouterr()
    assert run_stage_here(project, "download_mnist") == 1
    one_error_line(capsys.readouterr().err, "params.yaml", *words)


def test_digits_need_no_mirror(project: Path) -> None:
    from sklearn.datasets import load_digits

    edit_params(project, {"tasks.mnist.data.dataset": "digits"})
    assert run_stage_here(project, "download_mnist") == 0
    assert run_stage_here(project, "normalize", "mnist") == 0
    card = read_json(project / "data/normalized/mnist/card.json")
    assert card["dataset"] == "digits"
    assert card["parts"] == {"train": 1450, "validation": 50, "test": 297}
    tensors = load_file(project / "data/normalized/mnist/images.safetensors")
    images, labels = load_digits(return_X_y=True)
    np.testing.assert_array_equal(tensors["test_labels"], labels[1500:])
    found = tensors["train_images"].reshape(1500, 64) * (16 / 255)
    np.testing.assert_allclose(found, images[:1500], atol=0.05)


UPSTREAM = {
    "normalize": ("data/raw/mnist/files.csv", "download_mnist"),
    "windows": ("data/normalized/mnist/card.json", "normalize@mnist"),
    "train": ("data/windows/mnist/card.json", "windows@mnist"),
    "evaluate": ("data/models/mnist/card.json", "train@mnist"),
    "report": ("metrics/mnist/scores.json", "evaluate@mnist"),
}


@pytest.mark.parametrize("stage", UPSTREAM)
def test_missing_upstream_file(
    project: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, before = UPSTREAM[stage]
    args = [] if stage == "report" else ["mnist"]
    capsys.readouterr()
    assert run_stage_here(project, stage, *args) == 1
    one_error_line(capsys.readouterr().err, f"{path} is missing", f"`dvc repro {before}`")
    assert [path for path in project.rglob("*") if path.suffix in (".partial", ".json")] == []


@pytest.mark.parametrize("task", TASKS)
def test_plot_without_scores(project: Path, task: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stage_here(project, "plot", task) == 1
    one_error_line(capsys.readouterr().err, "is missing", "dvc repro")
    assert partial_leftovers(project) == []


READ_BY = [
    ("windows", "data/normalized/mnist/images.safetensors"),
    ("windows", "data/normalized/mnist/card.json"),
    ("train", "data/windows/mnist/main/train.safetensors"),
    ("evaluate", "data/models/mnist/weights.safetensors"),
    ("evaluate", "data/windows/mnist/main/test.safetensors"),
    ("evaluate", "data/models/mnist/history.csv"),
    ("plot", "metrics/mnist/predictions.csv"),
    ("plot", "metrics/mnist/scores.json"),
]


@pytest.mark.parametrize(
    ("stage", "path", "damage"),
    [
        (*read, damage)
        for read in READ_BY
        for damage in ("missing", "torn", "empty")
        # a table with fewer rows is a table
        if not (damage == "torn" and read[1].endswith(".csv"))
    ],
)
def test_damaged_upstream_file(
    copy: Path, stage: str, path: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (copy / path).read_bytes()
    if damage == "missing":
        (copy / path).unlink()
    else:
        (copy / path).write_bytes(content[: len(content) // 3] if damage == "torn" else b"")
    fails_here(copy, stage, "mnist", [path, "dvc repro"], capsys)


@pytest.mark.parametrize(
    ("stage", "words"),
    [("normalize", ["tasks.mnits", "did you mean mnist?"]), ("train", ["mnits"])],
)
def test_unknown_task(
    project: Path, stage: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    fails_here(project, stage, "mnits", words, capsys)


def test_cuda_where_there_is_none(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    edit_params(copy, {"device": "cuda"})
    fails_here(copy, "train", "mnist", ["params.yaml: device", "auto or cpu"], capsys)


@contextmanager
def small_disk(folder: Path, kib: int, spare: Path) -> Iterator[None]:
    """A file system of its own at ``folder``, with what lay there and so much room beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, spare)
    # a file takes whole pages of 4 KiB
    pages = sum(-(-path.stat().st_size // 4096) for path in spare.rglob("*") if path.is_file())
    command = ["mount", "-t", "tmpfs", "-o", f"size={4 * pages + kib}k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this root may not mount a small disk")
    try:
        shutil.copytree(spare, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounts a small disk as root")
@pytest.mark.parametrize(
    ("stage", "task", "folder"),
    [
        ("download_mnist", None, "data/raw"),
        ("normalize", "mnist", "data/normalized"),
        ("normalize", "airline", "data/normalized"),
        ("windows", "mnist", "data/windows"),
        ("train", "mnist", "data/models"),
        ("evaluate", "mnist", "metrics"),
        ("plot", "mnist", "metrics"),
    ],
)
def test_full_disk(
    copy: Path,
    tmp_path: Path,
    stage: str,
    task: str | None,
    folder: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {path for path in copy.rglob("*") if path.is_file()}
    capsys.readouterr()
    with small_disk(copy / folder, 4, tmp_path / "spare"):
        assert run_stage_here(copy, stage, *([task] if task else [])) == 1
        one_error_line(capsys.readouterr().err, "full", "free some space")
        assert partial_leftovers(copy) == []
        assert {path for path in copy.rglob("*") if path.is_file()} == before


def test_ctrl_c_is_no_traceback() -> None:
    code = (
        "import sys; from stages.common.errors import exit_code\n"
        "def stop(): raise KeyboardInterrupt\n"
        "sys.exit(exit_code(stop))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 130
    one_error_line(done.stderr, "dvc repro")


# what design.md says of the code


def imports_of(path: Path) -> set[str]:
    """Modules that ``path`` imports at its top or within."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def modules_of(stage: str) -> set[str]:
    """All modules of the project that a stage comes to import, and other packages' names."""
    pending, found = {f"stages.{stage}"}, set()
    while pending:
        name = pending.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name not in found and path.is_file():
            pending |= imports_of(path)
        found.add(name)
    return found


@pytest.mark.parametrize("stage", [*STAGES, "report"])
def test_no_stage_imports_another(stage: str) -> None:
    others = {f"stages.{other}" for other in (*STAGES, "report") if other != stage}
    assert modules_of(stage) & others == set()


@pytest.mark.parametrize("stage", ["download_mnist", "normalize", "windows", "plot", "report"])
def test_stages_that_need_no_torch_do_not_import_it(stage: str) -> None:
    assert {name.split(".")[0] for name in modules_of(stage)} & {"torch", "torchvision"} == set()
