"""The benchmark of speed, on small images and few of them: its figures and their arithmetic."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers import put_images, read_json, run_stage_here, small_images

from benchmarks import scratch
from benchmarks.speed import bench
from benchmarks.speed.bench_epochs import Row
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
from rnnlab.networks.storage import build_network

CPU = torch.device("cpu")
SMALL = Row("gru", hidden_size=6, num_layers=2, batch_size=40, images=100)


@pytest.fixture
def small(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in which the benchmark finds its parameters and data."""
    put_images(project, small_images())
    monkeypatch.setattr(scratch, "ROOT", project)
    monkeypatch.setattr(bench, "ROOT", project)
    monkeypatch.setattr(bench, "ROWS", (SMALL,))
    monkeypatch.chdir(project)
    return project


def options(out: Path, rounds: int = 1) -> Namespace:
    return Namespace(rounds=rounds, out=out)


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
    bench.main(options(tmp_path / "out"))
    report = read_json(tmp_path / "out/bench.json")
    # no date: the same run writes the same keys
    assert list(report) == ["machine", "rounds", "epochs"]
    machine = report["machine"]
    assert machine["processor"]
    assert (machine["threads"], machine["torch"]) == (1, torch.__version__)
    (row,) = report["epochs"]
    assert (row["cell"], row["hidden_size"], row["images"]) == ("gru", 6, 100)
    assert list(row["seconds"]) == ["epoch", "bfloat16", "usual", "ceiling"]
    assert all(seconds > 0 for seconds in row["seconds"].values())
    text = (tmp_path / "out/bench.md").read_text()
    assert capsys.readouterr().out == text
    ratio = row["seconds"]["usual"] / row["seconds"]["epoch"]
    assert "| gru | 6, 2, 40 |" in text
    assert f" {ratio:.2f} |" in text


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


def test_rounds_alternate_after_a_warm_up() -> None:
    calls: list[str] = []
    works = {name: lambda name=name: calls.append(name) for name in ("a", "b")}
    found = scratch.alternate(works, 2)
    assert calls == ["a", "b"] * 3
    assert set(found) == {"a", "b"}


def test_bad_rounds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--rounds: write 1 or more"):
        bench.main(options(tmp_path, rounds=0))
