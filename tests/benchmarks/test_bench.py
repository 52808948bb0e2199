"""The benchmark of speed, on small images and few of them: its figures and their arithmetic."""

import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from committed import COMMITTED
from helpers import edit_params, put_images, read_json, run_stage_here, small_images
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import scratch
from benchmarks.speed import bench, bench_series, bench_tables, bench_tries, pipeline
from benchmarks.speed.bench_epochs import Shape
from benchmarks.speed.bench_roofline import flops_of, implementations, multiplications, products_of
from benchmarks.speed.bench_usual import (
    Usual,
    in_own_process,
    loader_of,
    mnist,
    train_epoch,
    unpacked,
)
from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params
from rnnlab.networks.network import CELLS
from rnnlab.networks.storage import build_network

CPU = torch.device("cpu")
SMALL = Shape(hidden_size=6, num_layers=2, batch_size=40, images=100)


@pytest.fixture
def small(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in which the benchmark finds its parameters and data."""
    put_images(project, small_images())
    monkeypatch.setattr(scratch, "ROOT", project)
    monkeypatch.setattr(bench, "ROOT", project)
    monkeypatch.setattr(bench, "SHAPES", (SMALL,))
    monkeypatch.chdir(project)
    return project


def options(out: Path, **more: object) -> Namespace:
    given = {"rounds": 1, "images": None, "threads": 1, "tries": False, "out": out, **more}
    return Namespace(**{"only": bench.PARTS, **given})


# switching oneDNN off and on makes torch warn of its TF32, which no CPU has
@pytest.mark.filterwarnings("ignore:TF32")
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_flops_are_those_that_torch_counts(cell: str, layers: int) -> None:
    hidden, batch, steps, features = 7, 5, 4, 3
    network = CELLS[cell](features, hidden, layers, batch_first=True)
    # oneDNN's LSTM is one operator, whose products torch's counter does not see
    with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
        output, _ = network(torch.randn(batch, steps, features))
        output[:, -1].sum().backward()
    products = products_of(cell, hidden, layers, batch, steps, features)
    assert flops_of(products) == counter.get_total_flops()


def test_multiplications_are_of_the_shapes_counted() -> None:
    products = products_of("gru", 7, 2, 5, 4, 3)
    works = dict(multiplications(products, CPU))
    assert next(iter(works)) == "products"
    for name, work in works.items():
        with FlopCounterMode(display=False) as counter:
            work()
        if name == "products":
            assert counter.get_total_flops() == flops_of(products)


def test_onednn_multiplies_as_torch_does() -> None:
    left, right = torch.randn(4, 5), torch.randn(5, 3)
    for multiply in implementations(CPU).values():
        torch.testing.assert_close(multiply(left, right), left @ right)


def test_epochs(
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run_here(folder: Path, *stages: str) -> None:
        for stage in stages:
            assert run_stage_here(folder, stage, "mnist") == 0, stage

    monkeypatch.setattr(bench, "run_stages", run_here)
    monkeypatch.setattr(bench, "CELLS", ["gru"])
    bench.main(options(tmp_path / "out", only=["epochs"]))
    report = read_json(tmp_path / "out/bench.json")
    assert list(report) == ["machine", "rounds", "epochs", "targets"]
    machine = report["machine"]
    assert machine["processor"]
    assert (machine["threads"], machine["torch"]) == (1, torch.__version__)
    assert [row["cell"] for row in report["epochs"]] == ["gru"]
    for row in report["epochs"]:
        assert (row["hidden_size"], row["images"]) == (6, 100)
        named = set(row["seconds"])
        assert {"epoch", "epoch_augmented", "usual_0", "usual_2", "ceiling", "products"} <= named
        assert named <= set(bench_tables.CANDIDATE_LABELS)
        assert all(seconds > 0 for seconds in row["seconds"].values())
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "out/bench.md").read_text()
    assert printed.count("| gru | 6, 2, 40 |") == 2


@pytest.fixture
def usual(small: Path) -> Iterator[Usual]:
    """The usual loop on small images."""
    task = load_params().images("mnist")
    train = task.train.model_copy(update={"batch_size": 40})
    card = {"features": 8, "outputs": 4, "steps": 8, "input": {"shift": 0.0, "scale": 1.0}}
    with unpacked(small / "data/raw/mnist") as folder:
        yield Usual(folder, card, task.model, train, 100, 0, CPU, 1)


def test_the_usual_loader_gives_normalized_images_once_each(usual: Usual) -> None:
    batches = list(loader_of(mnist(usual.folder), usual))
    images = torch.cat([x for x, _ in batches])
    expected = torch.from_numpy(small_images()["train_images"][:100]) / 255
    expected = (expected - 0.1307) / 0.3081
    assert [len(x) for x, _ in batches] == [40, 40, 20]
    # in another order
    torch.testing.assert_close(images.sum(), expected.sum())
    assert not torch.equal(images[:, 0], expected)


def test_the_usual_loop_learns(usual: Usual) -> None:
    network = build_network(usual.card, usual.model)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    loader = loader_of(mnist(usual.folder), usual)
    losses = [train_epoch(network, optimizer, loader, CPU) for _ in range(10)]
    assert losses[-1] < 0.5 * losses[0]


def test_a_usual_loop_that_fails_is_said_to(usual: Usual, tmp_path: Path) -> None:
    with (
        in_own_process(usual._replace(folder=tmp_path / "none")) as epoch,
        pytest.raises(InputError, match="the usual loop failed, see above"),
    ):
        epoch()


def test_series(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # whether it is installed or not
    monkeypatch.setattr(bench_series.importlib.util, "find_spec", lambda name: None)
    rows = bench_series.seconds_of_series(load_params(), CPU, 1)
    names = ["this project's ensemble", "AutoARIMA", "AutoETS"]
    assert [row["method"] for row in rows] == names
    assert all(row["fit"] > row["forecast"] > 0 for row in rows)
    assert capsys.readouterr().err == "neuralforecast is not installed: skipping its LSTM\n"


def test_our_forecast_is_that_of_the_whole_series(small: Path, airline: np.ndarray) -> None:
    params = load_params()
    task = params.series("airline")
    panel = bench_series.read_panel(task.data)
    method = bench_series.ours(task, panel, params.seed, CPU)
    forecast = method.forecast(method.fit())
    assert forecast.shape == (1, task.windows.horizon)
    # near the values of the last year, in their units
    assert abs(forecast.mean() / airline[-12:].mean() - 1) < 0.5


def test_pipeline_in_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch.project_copy() as project:
        assert not (project / "dvc.lock").exists()
        assert not (project / "data/normalized").exists()
        for name in ("params.yaml", "dvc.yaml"):
            shutil.copy(COMMITTED / name, project)
        edit_params(project, {"tasks.mnist.data.dataset": "digits"})
        seconds, memory = pipeline.first_stages(project)
        assert (project / "data/windows/mnist/main/test.safetensors").exists()
        assert seconds > 0
        assert 20e6 < memory < 1e9
        assert "torch" not in pipeline.large_packages(project, "windows")
        assert "torch" in pipeline.large_packages(project, "train")
        output = 'print("Running stage \'a\':"); print("x"); print("Running stage \'b@c\':")'
        command = [sys.executable, "-c", output]
        monkeypatch.setattr(pipeline, "REPRO", command)
        assert list(pipeline.repro(project)) == ["dvc", "a", "b@c"]
        monkeypatch.setattr(pipeline, "REPRO", [sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(InputError, match="failed, see above"):
            pipeline.repro(project)


PIPELINE = {
    "stages": {"dvc": 2.0, "train@mnist": 90.0},
    "outside_training": 21.0,
    "no_op": {"repro": 0.9, "version": 0.6},
    "first_seconds": 5.0,
    "first_memory": 700_000_000,
    "imports": [{"stage": "train", "seconds": 2.5, "packages": ["torch"]}],
}


def test_targets_are_met_or_not() -> None:
    seconds = {"epoch": 1.0, "usual_0": 2.0, "ceiling": 0.9, "products": 0.7}
    seconds["products_onednn"] = 0.6
    seconds["epoch_bfloat16"] = 0.7
    row = {"cell": "lstm", "hidden_size": 256, "seconds": seconds}
    report = {
        "machine": {"gpu": None},
        "epochs": [{**row, "hidden_size": 50}, {**row, "hidden_size": 128}, row],
        "pipeline": PIPELINE,
    }
    met = {each["what"]: each["met"] for each in bench_tables.verdicts(report)}
    assert met == {
        "lstm 50: times as fast as the usual loop": True,
        "lstm 50: epoch to ceiling": False,
        "lstm 128: times as fast as the usual loop": False,
        "lstm 128: the same in bfloat16": True,
        "lstm 128: epoch to ceiling": False,
        "lstm 256: epoch to ceiling": False,
        "lstm 256: products to ceiling": True,
        "repro: seconds outside": False,
        "repro of nothing to dvc version": True,
        "first stages: seconds": True,
        "first stages: bytes": False,
    }
    seconds["products_onednn"] = 0.5
    assert not bench_tables.verdicts({**report, "epochs": [row]})[1]["met"]


def test_pipeline_as_tables() -> None:
    text = pipeline.in_markdown(PIPELINE)
    assert "| train@mnist | 90.0 |" in text
    assert "Nothing to do: 0.90 s; `dvc version` takes 0.60 s" in text


def test_rounds_alternate_after_a_warm_up() -> None:
    calls: list[str] = []
    works = {name: lambda name=name: calls.append(name) for name in ("a", "b")}
    found = scratch.alternate(works, 2)
    assert calls == ["a", "b"] * 3
    assert set(found) == {"a", "b"}


@pytest.mark.parametrize("name", ["as it is", "no clipping", "torch's own, time first", "bfloat16"])
def test_tries(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_tries, "SECONDS", 0.0)
    monkeypatch.setattr(bench_tries, "WARM_UP", 1)
    # what holds for a whole process stays out of that of the tests
    monkeypatch.setattr(bench_tries.device_module, "_keep_freed_memory", lambda: None)
    found = bench_tries.milliseconds(name, threads=1)
    assert list(found) == [f"{cell} {hidden}" for hidden in (50, 128) for cell in CELLS]
    assert all(value > 0 for value in found.values())


def test_a_try_that_fails_is_said_to() -> None:
    base = dict.fromkeys(bench_tries.COLUMNS, 2.0)
    rows = [{"try": "as it is", **base}, {"try": "other", **base, "rnn 50": 3.0, "lstm 50": None}]
    text = bench_tries.in_markdown({"tries": rows})
    assert "| other | 3.00 (+50 %) | fails | 2.00 (+0 %) |" in text


def test_time_first_gives_the_same_answers() -> None:
    network = bench_tries.RecurrentNetwork(3, 2, hidden_size=4).eval()
    x = torch.randn(5, 6, 3)
    expected = network(x)
    torch.testing.assert_close(bench_tries.TimeFirst(network).eval()(x), expected)


def test_bad_rounds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--rounds: write 1 or more"):
        bench.main(options(tmp_path, rounds=0))


def test_no_date_in_the_report(small: Path, tmp_path: Path) -> None:
    assert set(bench.machine(load_params(), CPU)) == {
        *("processor", "gpu", "threads", "torch", "python")
    }
