"""Named parameter sets: their files, and how one becomes a command of DVC."""

from pathlib import Path

import pytest
import torch
from helpers import ROOT

from experiments import run
from rnnlab.core.errors import InputError

SETS = sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    task = run.with_changes(run.read_set(name)).tasks["mnist"]
    sequences = {"permuted": "permuted", "pixels": "pixels", "tutorial-mnist": "flat"}
    assert task.windows.sequence == sequences.get(name, "rows")
    if name in ("permuted", "pixels"):
        assert task.model.chrono == 784


def test_a_set_becomes_the_words_of_a_command() -> None:
    changes = {"tasks.mnist.train.augment": None, "tasks.airline.evaluate.baselines": ["drift"]}
    assert run.arguments_of("mine", changes, True, ["plot@mnist"]) == [
        *["--temp", "--name", "mine", "-S", "tasks.mnist.train.augment=null"],
        *["-S", 'tasks.airline.evaluate.baselines=["drift"]', "plot@mnist"],
    ]


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(InputError, match="bets: no such parameter set; there are best, permuted"):
        run.read_set("bets")


def test_the_warning_names_the_time(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(run, "expected_seconds", lambda params, device: 5 * 3600)
    run.warn_of_time("pixels", run.with_changes({}))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("warning: pixels takes about 5 hours on this CPU (threads: 1)")
    assert len(printed.err.splitlines()) == 1


def test_the_time_grows_with_the_epochs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)

    def seconds(epochs: int) -> float:
        params = run.with_changes({"tasks.mnist.train.epochs": epochs})
        return run.expected_seconds(params, torch.device("cpu"))

    assert 0 < seconds(1) < seconds(1000)
