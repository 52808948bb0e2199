"""Steps that are replayed take the same way as those that are not; on a CPU a replay is a call."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from toys import samples, settings

from rnnlab.core.params import Augment
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples
from rnnlab.training import checkpoints, graph
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.checkpoints import Checkpoint
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import Result, Watch, fit

AMOUNTS = {"rotate": 10.0, "scale": 0.1, "shear": 5.0, "shift": 1.0, "final": 0.5}
AMOUNTS["interpolation"] = "bilinear"
NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def images(count: int, device: str = "cpu") -> Samples:
    draw = torch.Generator().manual_seed(count)
    x = torch.randint(0, 256, (count, 8, 8), generator=draw, dtype=torch.uint8)
    drawn = samples(x.to(device), (x[:, :4].float().mean((1, 2)) > 128).long().to(device))
    return replace(drawn, capturable=True)


def train(
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[dict], None] = lambda figures: None,
    on_batch: Callable[[], None] = lambda: None,
    **changes: Any,
) -> Result:
    """Train a network with all that a step can do, for 20 whole batches and a smaller one."""
    generator = seeded_generator(5)
    shape = {"features": 8, "outputs": 2, "hidden_size": 8, "shift": 128.0, "scale": 64.0}
    network = RecurrentNetwork(**shape, cell="lstm", head_dropout=0.2).to(device)
    plain = {"loss": "cross_entropy", "batch_size": 10, "schedule": "one_cycle", "epochs": 3}
    return fit(
        network,
        images(206, device),
        images(50, device),
        settings(**{**plain, "weight_average": 0.9, "input_noise": 0.1, **changes}),
        generator,
        Augmentation(Augment(**AMOUNTS), [8, 8], None, torch.device(device)),
        watch=Watch(on_batch, on_epoch, checkpoint),
    )


def run_steps(step: Callable[[], None], count: int) -> None:
    for _ in range(count):
        step()


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A graph for every network, whose replays are calls; a number for each capture."""
    captures: list[int] = []

    def capture(step: Callable[[], None]) -> Callable[[], None]:
        captures.append(1)
        return step

    monkeypatch.setattr(graph, "usable", lambda *arguments: True)
    monkeypatch.setattr(graph, "warm_up", run_steps)
    monkeypatch.setattr(graph, "capture", capture)
    return captures


def assert_close(first: Result, second: Result) -> None:
    for one, other in zip(first.history, second.history, strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    for name, weight in first.weights.items():
        torch.testing.assert_close(weight, second.weights[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "changes", [{}, {"optimizer": "adamw", "schedule": "cosine"}, {"weight_average": 0.0}]
)
def test_replays_take_the_way_of_eager_steps(
    changes: dict, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    eager, batches = train(**changes), []
    captures = request.getfixturevalue("replayed")
    assert_close(train(**changes, on_batch=lambda: batches.append(1)), eager)
    assert len(captures) == 1
    assert len(batches) == 3 * 21


@pytest.mark.parametrize(("batch_size", "whole", "eager"), [(10, 20, 3), (100, 2, 2)])
def test_the_first_steps_of_training_are_no_replays(
    batch_size: int, whole: int, eager: int, replayed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three, or all whole batches of an epoch if they are fewer; all later ones are replays."""
    warmed_up: list[int] = []
    replays: list[int] = []

    def warm_up(step: Callable[[], None], count: int) -> None:
        warmed_up.append(count)
        run_steps(step, count)

    def capture(step: Callable[[], None]) -> Callable[[], None]:
        return lambda: replays.append(1) or step()

    monkeypatch.setattr(graph, "warm_up", warm_up)
    monkeypatch.setattr(graph, "capture", capture)
    train(batch_size=batch_size)
    assert warmed_up == [eager]
    assert len(replays) == 3 * whole - eager


def test_replays_resume_from_a_checkpoint(
    replayed: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)
    expected = train()

    def stop(figures: dict) -> None:
        if figures["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=Checkpoint(tmp_path / "a.safetensors"), on_epoch=stop)
    resumed = train(checkpoint=Checkpoint(tmp_path / "a.safetensors"))
    assert resumed.history == expected.history
    for name, weight in expected.weights.items():
        assert torch.equal(weight, resumed.weights[name])


def test_a_capture_that_fails_is_reported_once_and_training_goes_on(
    replayed: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = train()

    class Refused:
        def __init__(self, *arguments: object, **options: object) -> None: ...

        def __enter__(self) -> None:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

        def __exit__(self, *exception: object) -> None: ...

    monkeypatch.undo()
    monkeypatch.setattr(graph, "usable", lambda *arguments: True)
    monkeypatch.setattr(graph, "warm_up", run_steps)
    for name in ("graph", "CUDAGraph"):
        monkeypatch.setattr(torch.cuda, name, Refused)
    for name in ("current_stream", "set_stream", "get_rng_state"):
        monkeypatch.setattr(torch.cuda, name, lambda *stream: None)
    monkeypatch.setattr(graph, "release_generator", lambda state: None)
    graph._report.cache_clear()
    assert train().history == expected.history
    train()
    assert capsys.readouterr().err == (
        "warning: training runs without a CUDA graph, so small networks are slow: "
        "operation not permitted when stream is capturing\n"
    )


def test_no_graph_on_a_cpu() -> None:
    network = RecurrentNetwork(8, 2, hidden_size=4)
    assert not graph.usable(network, images(2000), settings(batch_size=10))


@NEEDS_CUDA
def test_training_goes_on_after_a_capture_that_cuda_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = graph.capture
    monkeypatch.setattr(graph, "capture", lambda step: step)
    expected = train("cuda")
    refused = lambda step: capture(lambda: (step(), torch.cuda.synchronize()))  # noqa: E731
    monkeypatch.setattr(graph, "capture", refused)
    graph._report.cache_clear()
    assert train("cuda").history == expected.history
    assert "training runs without a CUDA graph" in capsys.readouterr().err


@NEEDS_CUDA
def test_a_graph_trains_as_eager_steps_do(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = train("cuda"), train("cuda")
    assert first.history == again.history
    monkeypatch.setattr(graph, "usable", lambda *arguments: False)
    assert_close(first, train("cuda"))
