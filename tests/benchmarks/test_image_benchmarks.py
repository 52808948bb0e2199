"""The ablation and the study, on small images."""

import sys
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from helpers import edit_params, put_images, read_csv, read_json, run_stage_here, small_images

from benchmarks import scratch
from benchmarks.accuracy import ablation, study
from benchmarks.accuracy.comparisons import OfImages, convolutional, logistic_regression
from benchmarks.speed import gpu
from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params
from rnnlab.networks.network import CELLS, count_parameters


@pytest.fixture
def small(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in which the benchmarks find their parameters and data."""
    put_images(project, small_images())
    edit_params(project, {"tasks.mnist.train.epochs": 1})
    monkeypatch.setattr(scratch, "ROOT", project)

    def run_here(folder: Path, *stages: str) -> None:
        for stage in stages:
            assert run_stage_here(folder, stage, "mnist") == 0, stage

    for module in (ablation, study, gpu):
        monkeypatch.setattr(module, "run_stages", run_here)
    return project


def test_changes_of_a_key_and_of_a_block_leave_the_file_alone(small: Path) -> None:
    before = (small / "params.yaml").read_text()
    changes = {"tasks.mnist.train.augment": None, "tasks.mnist.model.cell": "gru"}
    params = scratch.with_changes(changes)
    assert params.tasks["mnist"].train.augment is None
    assert params.tasks["mnist"].model.cell == "gru"
    assert (small / "params.yaml").read_text() == before


def test_runs_are_kept_as_long_as_their_parameters_stand(small: Path, tmp_path: Path) -> None:
    params, calls = load_params(small / "params.yaml"), []

    def work() -> dict:
        calls.append(1)
        return {"score": len(calls)}

    path = tmp_path / "deep/run.json"
    assert [scratch.kept(path, params, work) for _ in range(2)] == [{"score": 1}] * 2
    plot = {"tasks.mnist.plot.dpi": 77, "tasks.airline.train.epochs": 9}
    assert scratch.kept(path, scratch.with_changes(plot), work) == {"score": 1}
    other = scratch.with_changes({"tasks.mnist.train.batch_size": 7})
    assert scratch.kept(path, other, work) == {"score": 2}
    assert [file.name for file in path.parent.iterdir()] == ["run.json"]


def test_every_knob_is_valid_and_differs_from_the_base() -> None:
    base = scratch.with_changes({})
    runs = ablation.planned(base, None)
    assert next(iter(runs)) == "base"
    assert {name.partition(": ")[0] for name in runs} == {"base", *ablation.SETTINGS}
    recipes = [scratch.recipe(scratch.with_changes(changes)) for changes in runs.values()]
    assert all(recipes.count(recipe) == 1 for recipe in recipes)


def options(out: Path, **more: object) -> Namespace:
    return Namespace(**{"epochs": None, "threads": None, "out": out, **more})


def test_ablation(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained, real = [], ablation.train

    def train(project: Path) -> dict:
        assert list(project.rglob("test*")) == []
        assert not (project / "data/normalized/mnist").exists()
        trained.append(read_params(project))
        return real(project)

    ablation.train = train
    try:
        arguments = options(tmp_path / "out", seeds=2, only=["pooling"])
        ablation.main(arguments)
        ablation.main(arguments)  # all is kept
    finally:
        ablation.train = real
    assert trained == [(seed, p) for seed in (1, 2) for p in ("last", "mean", "max")]
    text = (tmp_path / "out/table.md").read_text()
    assert capsys.readouterr().out == 2 * text
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")][2:]
    assert [row[2].strip() for row in rows] == ["", "pooling mean", "pooling max"]
    found = [read_json(tmp_path / f"out/base-{seed}.json")["figures"] for seed in (1, 2)]
    mean = 50 * sum(run["validation_accuracy"] for run in found)
    assert rows[0][3].strip().startswith(f"{mean:.2f} ± ")


def read_params(project: Path) -> tuple[int, str]:
    params = load_params(project / "params.yaml")
    return params.seed, params.tasks["mnist"].model.pooling


def test_ablation_of_an_unknown_knob(small: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'poling' is not a setting"):
        ablation.main(options(tmp_path, seeds=1, only=["poling"]))


def test_study(
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(study, "SEQUENCES", ("rows", "pixels"))
    monkeypatch.setattr(study, "CELLS", {"gru": CELLS["gru"]})
    monkeypatch.setattr(study, "FEWER_IMAGES", 100)
    study.main(options(tmp_path / "out", images=None, threads=1))
    rows = read_csv(tmp_path / "out/study.csv")
    named = [(row["network"], row["sequence"], int(row["training_images"])) for row in rows]
    assert named == [
        ("gru", "rows", 250),
        ("gru", "pixels", 100),
        *[("logistic regression", "whole", 250), ("convolutional", "whole", 250)],
        *[("logistic regression", "whole", 100), ("convolutional", "whole", 100)],
    ]
    assert [int(row["steps"]) for row in rows] == [8, 64, 1, 1, 1, 1]
    assert all(float(row["ms_alone"]) > 0 for row in rows)
    for name in ("study.png", "study.md"):
        assert (tmp_path / "out" / name).stat().st_size > 500
    text = (tmp_path / "out/study.md").read_text()
    assert capsys.readouterr().out == text
    # all is kept, so nothing is trained again
    monkeypatch.setattr(study, "run_stages", lambda project, stage: normalize_alone(project, stage))
    study.main(options(tmp_path / "out", images=None, threads=1))
    again = read_csv(tmp_path / "out/study.csv")
    assert [row["accuracy"] for row in again] == [row["accuracy"] for row in rows]


def normalize_alone(project: Path, stage: str) -> None:
    assert stage == "normalize"
    scratch.run_stages(project, stage)


@pytest.mark.parametrize(("shape", "classes"), [([28, 28], 10), ([28, 28], 26), ([8, 8], 10)])
def test_the_convolutional_network_has_the_parameters_asked_for(
    shape: list[int], classes: int
) -> None:
    network = convolutional(shape, classes, 214_282)
    assert abs(count_parameters(network) - 214_282) < 0.01 * 214_282
    x = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    assert OfImages(network, 33.0, 78.0)(x).shape == (3, classes)


def test_the_logistic_regression_is_one() -> None:
    network = logistic_regression([4, 6], 3)
    assert count_parameters(network) == 4 * 6 * 3 + 3
    x = torch.randint(0, 256, (5, 4, 6), dtype=torch.uint8)
    linear = network[1]
    expected = ((x.float() - 33) / 78).reshape(5, 24) @ linear.weight.T + linear.bias
    torch.testing.assert_close(OfImages(network, 33.0, 78.0)(x), expected)


@pytest.mark.parametrize("module", [ablation, study])
def test_help(module, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", "--help"])
    with pytest.raises(SystemExit):
        module.parse()
    text = capsys.readouterr().out
    assert "Reads: " in text
    assert "Writes: " in text


def test_steps_are_compared_and_errors_kept(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "BATCH", 25)
    monkeypatch.setattr(gpu, "SHAPE", {"hidden_size": 4, "num_layers": 1})
    real = gpu.Bench.compare

    def compare(bench: gpu.Bench, name: str, *given: object) -> dict:
        if name == "rnn":
            raise RuntimeError("no memory")
        return real(bench, name, *given)

    monkeypatch.setattr(gpu.Bench, "compare", compare)
    gpu.main(Namespace(device="cpu", quick=True, out=tmp_path, only=["check"]))
    found = read_json(tmp_path / "graph.json")["check"]
    assert found["rnn"] == {"error": "RuntimeError: no memory"}
    assert found["lstm"]["graph_repeats"]
    assert found["lstm"]["as_single_steps"]
    assert found["lstm"]["distance_to_single_steps"] == 0
    assert not found["lstm"]["captured"]


def test_an_epoch_is_timed_with_and_without_the_graph(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "ROOT", small)
    monkeypatch.setattr(gpu, "SHAPE", {"hidden_size": 4, "num_layers": 1})
    # the usual loop runs in a process of its own, which test_bench.py starts
    monkeypatch.setattr(gpu.Bench, "usual", lambda bench, count: {"seconds": 1.0})
    gpu.main(Namespace(device="cpu", quick=True, out=tmp_path, only=["times"]))
    found = read_json(tmp_path / "graph.json")["times"]
    ways = ("graph", "single steps")
    expected = {
        f"{cell}, {way}{kind}" for cell in CELLS for way in ways for kind in ("", ", augmented")
    }
    assert set(found) == {*expected, "lstm, usual loop, 8 workers", "lstm, graph, bfloat16"}
    assert all(row["seconds"] > 0 for row in found.values())
