"""Pretraining and what follows from it, as a user runs the stages, on small settings."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from helpers import (
    Done,
    edit_params,
    one_error_line,
    partial_leftovers,
    read_json,
    run_stage_here,
    small_environment,
)

from rnnlab.zero_shot import training
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.scores import PERIODS

FILES = ("weights.safetensors", "card.json", "curves.csv")
BACK = "`git checkout models/zero_shot`, or train again with `dvc repro pretrain`"


@pytest.fixture(scope="module")
def pretrained(blank_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after the three stages. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("pretrained") / "project"
    shutil.copytree(blank_project, folder)
    assert run_stage_here(folder, "pretrain") == 0
    assert run_stage_here(folder, "evaluate", "zero_shot") == 0
    assert run_stage_here(folder, "plot", "zero_shot") == 0
    return folder


def weights(project: Path) -> list[bytes]:
    return [(project / "models/zero_shot" / name).read_bytes() for name in FILES]


def test_what_pretraining_leaves(pretrained: Path) -> None:
    assert {path.name for path in (pretrained / "models/zero_shot").iterdir()} == {*FILES}
    card = read_json(pretrained / "models/zero_shot/card.json")
    assert (card["hidden_size"], card["steps"], card["seed"]) == (8, 4, 1)
    assert card["series"] == 4 * 8
    assert card["quantiles"] == list(QUANTILES)
    # what does not change the weights is not in the card either
    assert not {"workers", "evaluate", "plot"} & set(card)
    curve = pd.read_csv(pretrained / "models/zero_shot/curves.csv")
    assert list(curve) == ["step", "loss", "smoothed"]
    assert curve["smoothed"].iloc[-1] == pytest.approx(card["loss"])
    assert not (pretrained / "data/checkpoints/zero_shot").exists()
    assert partial_leftovers(pretrained) == []
    speed = read_json(pretrained / "metrics/zero_shot/speed.json")
    assert speed["series_per_second"] > 0
    assert 0 < speed["making_series"] < 1


def test_the_same_bytes_again(pretrained: Path, project: Path) -> None:
    """Also with a worker and more threads, and another seed gives others."""
    edit_params(project, {"zero_shot.workers": 1, "threads": 2})
    assert run_stage_here(project, "pretrain") == 0
    assert weights(project) == weights(pretrained)
    edit_params(project, {"zero_shot.seed": 2})
    assert run_stage_here(project, "pretrain") == 0
    assert all(a != b for a, b in zip(weights(project), weights(pretrained), strict=True))


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_process_goes_on_to_the_same_bytes(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its worker, and a checkpoint every two steps."""
    edit_params(project, {"zero_shot.steps": 40, "zero_shot.workers": 1})
    often = (
        "import sys, runpy; sys.argv = ['pretrain']; import rnnlab.zero_shot.training as training;"
        "import rnnlab.training.checkpoints as checkpoints; training.LOG_EVERY = 2;"
        "training.SECONDS_BETWEEN = checkpoints.SECONDS_BETWEEN = 0.0;"
        "runpy.run_module('stages.pretrain', run_name='__main__')"
    )
    command = [sys.executable, "-c", often]
    options = {"cwd": project, "env": small_environment()}
    # a worker lives on for seconds, and would keep a pipe open
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)
    checkpoints = project / "data/checkpoints/zero_shot"
    try:
        for _ in range(1200):
            if list(checkpoints.glob("*/*.safetensors")) or first.poll() is not None:
                break
            time.sleep(0.05)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert first.returncode == -signal.SIGKILL
    second = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert second.returncode == 0, second.stderr
    assert "training resumes after step" in second.stderr
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(project / "params.yaml", other)
    monkeypatch.setattr(training, "LOG_EVERY", 2)
    assert run_stage_here(other, "pretrain") == 0
    assert weights(project) == weights(other)


def test_scores_of_the_network(pretrained: Path) -> None:
    folder = pretrained / "metrics/zero_shot"
    scores, metrics = read_json(folder / "scores.json"), read_json(folder / "metrics.json")
    assert len(metrics) <= 16
    assert all(type(value) in (int, float) for value in metrics.values())
    assert metrics["real_mase"] == round(scores["real"]["relative_mase"], 3)
    assert metrics["made_cov_80"] == round(scores["synthetic"]["coverage_80"], 1)
    assert list(scores["synthetic_by_period"]) == [str(period) for period in PERIODS]
    real = pd.read_csv(folder / "tables/real.csv")
    assert len(real) == scores["real"]["series"] == 44
    assert real["unique_id"].is_unique
    assert scores["real"]["mase"] == pytest.approx(real["mase"].mean())
    forecasts = pd.read_csv(folder / "tables/forecasts.csv")
    assert dict(forecasts["unique_id"].value_counts()) == dict(
        zip(real["unique_id"], real["held_out"], strict=True)
    )
    synthetic = pd.read_csv(folder / "tables/synthetic.csv")
    assert list(synthetic["period"]) == list(PERIODS)
    assert (synthetic["series"] >= 10).all()


def test_plots_and_the_solution(pretrained: Path) -> None:
    folder = pretrained / "metrics/zero_shot/plots"
    names = {"loss.png", "forecasts.png", "guess.png", "guess.csv"}
    assert {path.name for path in folder.iterdir()} == names
    told = pd.read_csv(folder / "guess.csv")
    assert list(told["panel"]) == list(range(1, 81))
    assert dict(told["kind"].value_counts()) == {"real": 40, "synthetic": 40}
    assert told.loc[told["kind"] == "synthetic", "series"].isna().all()


def test_scores_and_plots_repeat(pretrained: Path, tmp_path: Path) -> None:
    again = shutil.copytree(pretrained, tmp_path / "again")
    shutil.rmtree(again / "metrics/zero_shot")
    assert run_stage_here(again, "evaluate", "zero_shot") == 0
    assert run_stage_here(again, "plot", "zero_shot") == 0
    for path in sorted((again / "metrics/zero_shot").rglob("*.*")):
        other = pretrained / path.relative_to(again)
        assert path.read_bytes() == other.read_bytes(), path


@pytest.mark.parametrize("stage", ["normalize", "windows", "train"])
def test_other_stages_know_no_such_task(
    project: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(project, stage, "zero_shot") == 1
    one_error_line(capsys.readouterr().err, "tasks.zero_shot: no such task")


def test_evaluate_names_missing_weights(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stage_here(project, "evaluate", "zero_shot") == 1
    one_error_line(capsys.readouterr().err, "models/zero_shot/card.json is missing", BACK)
    assert run_stage_here(project, "plot", "zero_shot") == 1
    one_error_line(capsys.readouterr().err, "metrics/zero_shot", "`dvc repro evaluate_zero_shot`")


def test_a_row_in_the_scores_of_a_series(
    finished: tuple[Path, Done],
    copy: Path,
    pretrained: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = ["seasonal_naive", "zero_shot", "fine_tuned"]
    edit_params(copy, {"tasks.airline.evaluate.baselines": kept})
    assert run_stage_here(copy, "evaluate", "airline") == 1
    one_error_line(capsys.readouterr().err, "models/zero_shot/card.json is missing", BACK)
    shutil.copytree(pretrained / "models", copy / "models")
    assert run_stage_here(copy, "evaluate", "airline") == 0
    # two cuts, before and after validation
    said = capsys.readouterr().err
    assert said.count("fine_tuned: 4 of 4 fits keep zero_shot's network, since ") == 1
    before, after = (read_json(p / "metrics/airline/scores.json") for p in (finished[0], copy))
    assert list(after) == ["model", "combination", "control", *kept]
    assert after["fine_tuned"] == after["zero_shot"]
    for protocol, row in after["zero_shot"].items():
        assert row["mase"] > 0
        assert 0 <= row["coverage_80"] <= row["coverage_95"] <= 100
        owa = {"owa": before["model"][protocol].pop("owa")}
        assert after["model"][protocol] | owa == before["model"][protocol] | owa
    validation = pd.read_csv(copy / "metrics/airline/tables/validation.csv")
    assert (validation["method"] == "zero_shot").sum() == 2
    assert run_stage_here(copy, "plot", "airline") == 0
    assert run_stage_here(copy, "report") == 0
    assert "fine_tuned" in capsys.readouterr().out


def test_forecasts_say_where_the_network_ends(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(copy, "forecast", "--horizon", "70") == 0
    said = capsys.readouterr().out
    assert "zero_shot forecasts 64 steps; later ones repeat its last season" in said
    assert run_stage_here(copy, "forecast", "--horizon", "64") == 0
    assert "later ones" not in capsys.readouterr().out
