"""Other data by one parameter: each set trains from the same command, over a mirror of its format.

MNIST itself is trained in every other test of the pipeline.
"""

from pathlib import Path

import pytest
from helpers import CHAIN, CLASSES, Mirror, edit_params, read_csv, read_json, run_stage_here

from rnnlab.images.torchvision_data import import_datasets


@pytest.mark.parametrize("dataset", ["FashionMNIST", "KMNIST"])
def test_a_set_of_torchvision(
    project: Path,
    mirror: Mirror,
    mirror_sums: dict[str, str],
    dataset: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # small files in place of the published ones
    known = getattr(import_datasets(), dataset)
    monkeypatch.setattr(known, "mirrors", [mirror.url])
    monkeypatch.setattr(known, "resources", [*mirror_sums.items()])
    monkeypatch.delenv("MNIST_MIRROR", raising=False)
    edit_params(project, {"tasks.mnist.data.dataset": dataset})
    learn(project)
    scores = read_json(project / "metrics/mnist/scores.json")
    assert scores["dataset"] == dataset
    assert scores["accuracy"] > 2 / CLASSES


def test_an_entry_comes_before_torchvisions_set_of_that_name(
    project: Path, mirror: Mirror, mirror_sums: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MNIST_MIRROR", raising=False)
    own = {"datasets.KMNIST": {"mirrors": [mirror.url], "md5": mirror_sums}}
    edit_params(project, {**own, "tasks.mnist.data.dataset": "KMNIST"})
    assert run_stage_here(project, "download_mnist") == 0
    listed = read_csv(project / "data/raw/mnist/files.csv")
    assert {row["dataset"] for row in listed} == {"KMNIST"}
    assert {row["file"]: row["md5"] for row in listed} == mirror_sums


def learn(project: Path) -> None:
    assert run_stage_here(project, "download_mnist") == 0
    for stage in CHAIN:
        assert run_stage_here(project, stage, "mnist") == 0, stage
