"""Other data by one parameter: each set trains from the same command, over a mirror of its format.

MNIST itself is trained in every other test of the pipeline.
"""

from pathlib import Path

import pytest
from helpers import CHAIN, CLASSES, Mirror, edit_params, read_json, run_stage_here


@pytest.mark.parametrize("dataset", ["FashionMNIST", "KMNIST"])
def test_a_set_from_a_mirror(
    project: Path, mirror: Mirror, mirror_sums: dict[str, str], dataset: str
) -> None:
    # small files in place of the published ones, under the entry that params.yaml has
    served = {f"datasets.{dataset}": {"mirrors": [mirror.url], "md5": mirror_sums}}
    edit_params(project, {**served, "tasks.mnist.data.dataset": dataset})
    learn(project)
    scores = read_json(project / "metrics/mnist/scores.json")
    assert scores["dataset"] == dataset
    assert scores["accuracy"] > 2 / CLASSES


def test_digits_of_scikit_learn(project: Path) -> None:
    edit_params(project, {"tasks.mnist.data.dataset": "digits"})
    learn(project)
    scores = read_json(project / "metrics/mnist/scores.json")
    assert scores["dataset"] == "digits"
    assert scores["accuracy"] > 0.4  # after 6 epochs; guessing has 0.1


def learn(project: Path) -> None:
    assert run_stage_here(project, "download_mnist") == 0
    for stage in CHAIN:
        assert run_stage_here(project, stage, "mnist") == 0, stage
