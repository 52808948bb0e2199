"""How train.precision is resolved: auto by a measurement, others unchanged."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from committed import COMMITTED
from toys import settings

from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params
from rnnlab.networks.storage import build_network
from rnnlab.training import precision
from rnnlab.training.members import Recipe
from rnnlab.training.precision import bfloat16_speedup, choose_precision, settle_precision

CARD = {"features": 3, "outputs": 2, "steps": 20, "input": {}}


def recipe(asked: str, cell: str = "gru") -> Recipe:
    model = load_params(COMMITTED / "params.yaml").tasks["airline"].model
    model = model.model_copy(update={"cell": cell, "hidden_size": 5, "shortcut": True})
    train = settings(precision=asked, batch_size=4)
    return Recipe(model, train, CARD, seed=1, device=torch.device("cpu"))


def settled(asked: str, speedup: float | None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(precision, "SINGLE_THREAD_LIMIT", 0)
    monkeypatch.setattr(precision, "bfloat16_speedup", lambda recipe: speedup)
    return choose_precision(recipe(asked)).train.precision


@pytest.mark.parametrize(
    ("speedup", "expected"),
    [(None, "float32"), (0.4, "float32"), (1.19, "float32"), (1.2, "bfloat16"), (4, "bfloat16")],
)
def test_auto_is_bfloat16_where_it_is_clearly_faster(
    speedup: float | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settled("auto", speedup, monkeypatch) == expected


def settled_once(
    kept: Path, speedup: float | None, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> str:
    monkeypatch.setattr(precision, "SINGLE_THREAD_LIMIT", 0)
    monkeypatch.setattr(precision, "bfloat16_speedup", lambda recipe: speedup)
    changes = {"begun": more.pop("begun", None)}
    asked = replace(recipe("auto"), **more)
    return settle_precision(asked, kept, **changes).train.precision


@pytest.mark.parametrize(("first", "then"), [(1.19, 1.21), (1.21, 1.19)])
def test_a_choice_near_the_limit_is_made_once(
    first: float, then: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "checkpoints/precision.json"
    choice = settled_once(kept, first, monkeypatch)
    assert choice == ("bfloat16" if first > 1.2 else "float32")
    for seed in (1, 2):
        assert settled_once(kept, then, monkeypatch, seed=seed) == choice
    # another network has a choice of its own
    other = {"card": {**CARD, "features": 4}}
    assert settled_once(kept, then, monkeypatch, **other) != choice
    assert sorted(path.name for path in kept.parent.iterdir()) == [
        "precision.json",
        "precision.json.lock",
    ]


@pytest.mark.parametrize("content", ["", "[]", '{"half', "{}"])
def test_a_damaged_record_is_made_again(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "precision.json"
    kept.write_text(content)
    for speedup in (9.0, 0.1):
        assert settled_once(kept, speedup, monkeypatch) == "bfloat16"


@pytest.mark.parametrize("begun", ["float32", "bfloat16"])
def test_what_was_begun_wins(begun: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "precision.json"
    other = 9.0 if begun == "float32" else 0.1
    assert settled_once(kept, other, monkeypatch) != begun
    assert settled_once(kept, other, monkeypatch, begun=begun) == begun


def test_an_explicit_precision_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settled("float32", 9.0, monkeypatch) == "float32"
    assert settled("bfloat16", 1.0, monkeypatch) == "bfloat16"
    assert capsys.readouterr().err == ""


def test_slow_by_name_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settled("bfloat16", 0.4, monkeypatch) == "bfloat16"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: params.yaml: train.precision: bfloat16 takes 2.5 times")


def test_impossible_by_name_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"precision: torch cannot train cell gru .* write auto"):
        settled("bfloat16", None, monkeypatch)


@pytest.mark.parametrize("seconds", [(1.0, 2.0), (3.0, 1.0), (1.0, 100.0)])
def test_the_speedup_is_float32_s_time_over_bfloat16_s(
    seconds: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def step(network: object, x: torch.Tensor, use_bfloat16: bool) -> float:
        assert x.shape == (4, precision.STEPS, 3)
        asked.append(use_bfloat16)
        # a first round, which compiles kernels, does not count
        return 1000.0 if len(asked) <= 2 else seconds[use_bfloat16]

    monkeypatch.setattr(precision, "_step_seconds", step)
    assert bfloat16_speedup(recipe("auto")) == seconds[0] / seconds[1]
    clear = not 1 / 3 < seconds[0] / seconds[1] < 3
    assert asked == [False, True] * (2 if clear else precision.ROUNDS)


def test_what_bfloat16_refuses_has_no_speedup(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(network: object, x: torch.Tensor, use_bfloat16: bool) -> float:
        if use_bfloat16:
            raise RuntimeError("could not create a primitive descriptor for the LSTM")
        return 1.0

    monkeypatch.setattr(precision, "_step_seconds", refuse)
    assert bfloat16_speedup(recipe("auto")) is None


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_measuring_changes_nothing(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "SINGLE_THREAD_LIMIT", 0)
    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    asked = recipe("auto", cell)
    found = choose_precision(asked)
    assert found.train.precision in ("float32", "bfloat16")
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    train = found.train.model_copy(update={"precision": "auto"})
    assert replace(found, train=train) == asked


def test_training_takes_no_auto() -> None:
    from rnnlab.networks.samples import Samples
    from rnnlab.training.loop import fit

    asked = recipe("auto")
    samples = Samples(4, lambda chosen: (torch.zeros(4, 20, 3), torch.zeros(4, 2)))
    with pytest.raises(ValueError, match="resolved"):
        fit(build_network(CARD, asked.model), samples, None, asked.train, torch.Generator())


def test_a_small_network_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(precision, "bfloat16_speedup")
    assert choose_precision(recipe("auto")).train.precision == "float32"
    assert settle_precision(recipe("auto"), Path("nowhere")).train.precision == "float32"


def test_other_processes_do_not_count() -> None:
    """Time that a process waits for is not time that a step takes."""
    network = build_network(CARD, recipe("auto").model)
    waited = network.register_forward_pre_hook(lambda module, inputs: time.sleep(0.2))
    assert precision._step_seconds(network, torch.zeros(4, 20, 3), False) < 0.1
    waited.remove()
