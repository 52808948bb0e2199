"""rnnlab gate: worse scores than the main branch's are seen, better ones let through."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from committed import COMMITTED
from helpers import (
    ROOT,
    edit_params,
    one_error_line,
    read_json,
    run_captured,
    run_stage,
    run_stage_here,
)

from rnnlab.commands.gate import Score, worsening

MNIST, AIRLINE = "metrics/mnist/scores.json", "metrics/airline/scores.json"


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def under_git(project: Path) -> Path:
    """The project as a repository of git and DVC whose main branch holds the scores."""
    shutil.copy(ROOT / ".gitignore", project)
    shutil.copytree(COMMITTED / ".dvc", project / ".dvc")
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "the model as it was")
    return project


def gate(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_captured(project, "gate", *words)


def passes(project: Path, *words: str) -> str:
    """What the gate prints, which must let the scores through."""
    done = gate(project, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stops(project: Path, *expected: str, options: list[str] | None = None) -> str:
    """The same of a gate that must stop, with one line that has the ``expected`` words."""
    done = gate(project, *(options or []))
    assert done.returncode == 1
    one_error_line(done.stderr, *expected)
    return done.stdout


@pytest.fixture
def trained(copy: Path) -> Path:
    return under_git(copy)


@pytest.fixture
def scored(project: Path) -> Path:
    """A repository with the scores of the real one, and nothing trained."""
    for name in (MNIST, AIRLINE):
        (project / name).parent.mkdir(parents=True)
        shutil.copy(COMMITTED / name, project / name)
    return under_git(project)


def write_scores(project: Path, name: str, changes: dict[str, Any]) -> None:
    """Set dotted keys of a scores.json; "gone" removes one."""
    scores = read_json(project / name)
    for dotted, value in changes.items():
        *blocks, last = dotted.split(".")
        block = scores
        for key in blocks:
            block = block[key]
        block[last] = value
        if value == "gone":
            del block[last]
    (project / name).write_text(json.dumps(scores))


def test_a_model_that_is_broken_on_purpose_is_stopped(trained: Path) -> None:
    """Trained for real with a learning rate of next to nothing, the network knows nothing."""
    good = read_json(trained / MNIST)["accuracy"]
    edit_params(trained, {"tasks.mnist.train.learning_rate": 1e-9, "tasks.mnist.train.epochs": 1})
    for stage in ("train", "evaluate"):
        assert run_stage_here(trained, stage, "mnist") == 0
    bad = read_json(trained / MNIST)["accuracy"]
    assert bad < good - 0.2
    # as CI runs it; the other tests ask inside this process
    done = run_stage(trained, "gate", "--out", "gate.md")
    assert done.returncode == 1
    one_error_line(done.stderr, f"mnist: accuracy is {bad:.5g}", f"{good:.5g} on main", "2 more")
    assert f"| mnist | accuracy | high | {good:.5g} | {bad:.5g} |" in done.stdout
    assert "**worse**" in done.stdout
    assert (trained / "gate.md").read_text() == done.stdout


def test_a_model_trained_again_passes(trained: Path) -> None:
    for stage in ("train", "evaluate"):
        assert run_stage_here(trained, stage, "mnist") == 0
    done = gate(trained)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Scores: 0 worse, 0 gone, 0 slightly worse, 0 better, 0 new" in done.stdout


def test_a_forecast_that_is_worse_by_more_than_its_share_is_stopped(scored: Path) -> None:
    mase = read_json(scored / AIRLINE)["model"]["year"]["mase"]
    write_scores(scored, AIRLINE, {"model.year.mase": mase * 1.015})
    assert "| +2 % | slightly worse |" in passes(scored)
    write_scores(scored, AIRLINE, {"model.year.mase": mase * 1.025})
    stops(scored, "airline: model.year.mase is", "gate.mase in params.yaml")
    edit_params(scored, {"gate.mase": 0.03})
    passes(scored)


def test_what_is_committed_is_judged_against_a_named_revision(scored: Path) -> None:
    write_scores(scored, MNIST, {"accuracy": 0.9})
    git(scored, "checkout", "--quiet", "-b", "idea")
    git(scored, "commit", "--quiet", "--all", "--message", "a worse idea")
    passes(scored, "--against", "HEAD")
    stops(scored, "mnist: accuracy is 0.9")


def test_a_fresh_clone_without_the_cache_is_judged_against_its_origin(
    scored: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(scored), "clone")
    assert "### Scores against origin/main" in passes(tmp_path / "clone")


def test_better_and_unjudged_scores_pass(scored: Path) -> None:
    better = {"accuracy": 0.999, "loss": 0.001, "validation_accuracy": 0.1, "parameters": 10**9}
    write_scores(scored, MNIST, better)
    baselines = {"sarima.year.mase": 99.0, "control.year.mase": 99.0, "model.year.rmse": 9e9}
    write_scores(scored, AIRLINE, baselines)
    assert "Scores: 0 worse, 0 gone, 0 slightly worse, 2 better, 0 new" in passes(scored)


@pytest.mark.parametrize("change", [None, "gone"])
def test_a_score_that_is_gone_is_stopped(scored: Path, change: str | None) -> None:
    before = read_json(scored / AIRLINE)["model"]["long"]["smape"]
    write_scores(scored, AIRLINE, {"model.long.smape": change, "theta.long.smape": change})
    assert "0 worse, 1 gone," in stops(
        scored, f"airline: model.long.smape is gone; on main it is {before:.5g}"
    )


def test_a_task_that_is_gone_is_stopped(scored: Path) -> None:
    (scored / MNIST).unlink()
    stops(scored, "mnist: accuracy is gone", "(and 2 more)")


def test_a_new_task_passes_with_a_word(scored: Path) -> None:
    params = (scored / "params.yaml").read_text()
    (scored / "params.yaml").write_text(f"{params}  other:{params.split('  airline:')[1]}")
    shutil.copytree(scored / "metrics/airline", scored / "metrics/other")
    done = gate(scored)
    assert done.returncode == 0, done.stderr
    assert "`other` is new: there is nothing to compare it with." in done.stdout
    assert "| other |" not in done.stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (MNIST, "{"),
        *(("params.yaml", text) for text in ("words", "tasks: [", "seed: 1", "tasks: 1")),
    ],
)
def test_a_revision_whose_files_are_damaged_is_named(scored: Path, name: str, text: str) -> None:
    kept = (scored / name).read_bytes()
    (scored / name).write_text(text)
    git(scored, "commit", "--quiet", "--all", "--message", "half a file")
    (scored / name).write_bytes(kept)
    stops(scored, f"--against main: {name} is damaged there", "name another")


def test_scores_that_are_damaged_here_are_named(scored: Path) -> None:
    (scored / MNIST).write_bytes((scored / MNIST).read_bytes()[:100])
    stops(scored, f"{MNIST} is damaged", "run `dvc repro evaluate@mnist`")


def test_a_task_that_was_taken_out_is_gone_though_its_files_are_still_there(scored: Path) -> None:
    params = (scored / "params.yaml").read_text()
    (scored / "params.yaml").write_text(params.replace("  airline:\n", "  renamed:\n"))
    stops(scored, "airline: combination.long.coverage_80 is gone")


def test_a_project_in_a_folder_of_a_repository(project: Path) -> None:
    (project / MNIST).parent.mkdir(parents=True)
    shutil.copy(COMMITTED / MNIST, project / MNIST)
    git(project.parent, "init", "--quiet", "--initial-branch", "main")
    git(project.parent, "add", "--all")
    git(project.parent, "commit", "--quiet", "--message", "as it was")
    write_scores(project, MNIST, {"accuracy": 0.5})
    stops(project, "mnist: accuracy is 0.5, worse than")


def test_an_unknown_revision_is_named(scored: Path) -> None:
    options = ["--against", "nowhere"]
    stops(scored, "--against nowhere: git knows no such commit", "git fetch", options=options)


def advised(error: str) -> list[str]:
    """The words of the command that an error line names in backquotes."""
    return shlex.split(error.split("`")[1])


@pytest.fixture
def shallow(scored: Path, tmp_path: Path) -> Path:
    """A clone of one commit of a branch with two of its own, as CI services make them."""
    git(scored, "checkout", "--quiet", "-b", "idea")
    for message in ("an idea", "more of it"):
        git(scored, "commit", "--quiet", "--allow-empty", "--message", message)
    source = f"file://{scored}"
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "idea", source, "shallow")
    return tmp_path / "shallow"


@pytest.mark.parametrize("words", [[], ["--against", "HEAD~1"], ["--against", "origin/main"]])
def test_in_a_shallow_clone_the_advice_helps(shallow: Path, words: list[str]) -> None:
    done = gate(shallow, *words)
    assert done.returncode == 1
    one_error_line(done.stderr, "git knows no such commit")
    _, *fetch = advised(done.stderr)
    git(shallow, *fetch)
    done = gate(shallow, *words)
    assert done.returncode == 0, done.stderr
    assert "### Scores against" in done.stdout


@pytest.mark.parametrize("inside_another", [False, True])
def test_without_git_one_line_says_so(scored: Path, inside_another: bool) -> None:
    shutil.rmtree(scored / ".git")
    if inside_another:
        git(scored.parent, "init", "--quiet", "--initial-branch", "main")
        git(scored.parent, "commit", "--quiet", "--allow-empty", "--message", "another project")
    stops(scored, "git does not track this folder", "git clone")


@pytest.mark.parametrize(
    ("measure", "before", "here", "expected"),
    [
        ("accuracy", 0.9, 0.8, 0.1),
        ("macro_f1", 0.8, 0.9, -0.1),
        ("loss", 0.2, 0.3, 0.5),
        ("mase", 2.0, 1.0, -0.5),
        ("smape", 4.0, 5.0, 0.25),
        ("msis", 4.0, 5.0, 0.25),
        ("mape", 0.0, 0.1, float("inf")),
        ("coverage_80", 90.0, 85.0, -5.0),
        ("coverage_80", 90.0, 60.0, 10.0),
        ("coverage_95", 95.0, 100.0, 5.0),
        ("coverage_95", 90.0, 100.0, 0.0),
    ],
)
def test_which_way_is_worse(measure: str, before: float, here: float, expected: float) -> None:
    assert worsening(measure, before, here) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "before", "here", "verdict"),
    [
        ("accuracy", 0.995, 0.993, "slightly worse"),
        ("accuracy", 0.995, 0.9929, "worse"),
        ("accuracy", 0.995, 0.9950001, "unchanged"),
        ("accuracy", 0.995, 0.996, "better"),
        ("accuracy", None, 0.1, "new"),
        ("accuracy", 0.1, None, "gone"),
        ("model.long.coverage_95", 95.0, 95.001, "slightly worse"),
        ("model.long.coverage_95", 90.0, 100.0, "better"),
        ("model.long.mase", 0.0, 0.0, "unchanged"),
    ],
)
def test_verdicts(name: str, before: float | None, here: float | None, verdict: str) -> None:
    assert Score("task", name, before, here, allowed=0.002).verdict == verdict
