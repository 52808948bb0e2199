"""The same seed gives the same bytes; another number of threads gives scores that are close."""

import json
from pathlib import Path

import pytest
from clones import another, clone, commit, make_small, succeed
from helpers import (
    CHAIN,
    TASKS,
    edit_params,
    read_json,
    run_stages_together,
    serve,
    write_small_dataset,
)

# relative, of a score with 1 thread and with 2; the README states them
TOLERANCES = {"mnist": 0.01, "airline": 1e-4}


def left_by_stages(clone: Path) -> dict[str, bytes]:
    """All files that git or DVC holds of what stages leave, by path."""
    listed = succeed(clone, "dvc", "list", "--dvc-only", "-R", ".", "--json").splitlines()[0]
    paths = [entry["path"] for entry in json.loads(listed)]
    paths += succeed(clone, "git", "ls-files", "metrics").splitlines()
    return {path: (clone / path).read_bytes() for path in paths if "data/live" not in path}


def test_two_runs_in_two_clones_give_the_same_bytes(finished_clone: Path, tmp_path: Path) -> None:
    """Scores, tables, plots and all intermediate files, from the download to the plots.

    One run is by DVC, each stage in a process of its own; the other is without it, in one process.
    """
    other = clone(tmp_path / "another place")
    make_small(other)
    write_small_dataset(tmp_path / "mirror", other)
    commit(other)
    of_tasks = [f"{stage}@{task}" for stage in CHAIN for task in TASKS]
    of_zero_shot = ["evaluate@zero_shot", "plot@zero_shot"]
    with serve(tmp_path / "mirror") as address:
        stages = ["download_mnist", "pretrain", *of_tasks, *of_zero_shot]
        run_stages_together(other, *stages, MNIST_MIRROR=address)
    first = left_by_stages(finished_clone)
    for task in ("mnist", "airline"):
        assert f"metrics/{task}/scores.json" in first
        assert f"data/models/{task}/weights.safetensors" in first
    assert {"metrics/airline/tables/series.csv", "metrics/mnist/tables/early.csv"} <= first.keys()
    second = {path: (other / path).read_bytes() for path in first}
    assert [path for path in first if first[path] != second[path]] == []
    made = {str(path.relative_to(other)) for path in (other / "metrics").rglob("*.*")}
    assert made - {path for path in made if path.endswith("/speed.json")} <= first.keys()


def test_scores_with_two_threads_are_close(finished_clone: Path, tmp_path: Path) -> None:
    """Only the order of sums changes."""
    other = another(finished_clone, tmp_path / "clone")
    edit_params(other, {"threads": 2})
    stages = [f"{stage}@{task}" for task in TOLERANCES for stage in ("train", "evaluate")]
    run_stages_together(other, *stages)
    for task, tolerance in TOLERANCES.items():
        threads = [
            read_json(each / f"metrics/{task}/speed.json")["threads"]
            for each in (finished_clone, other)
        ]
        assert threads == [1, 2]
        expected, found = (
            numbers_in(read_json(folder / f"metrics/{task}/scores.json"))
            for folder in (finished_clone, other)
        )
        assert len(expected) >= 5
        assert found == pytest.approx(expected, rel=tolerance)


def numbers_in(scores: dict, before: str = "") -> dict[str, float]:
    """All numbers of nested scores, by dotted key."""
    found = {}
    for key, value in scores.items():
        if isinstance(value, dict):
            found |= numbers_in(value, f"{before}{key}.")
        elif isinstance(value, int | float):
            found[before + key] = value
    return found
