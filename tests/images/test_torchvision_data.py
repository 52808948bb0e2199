"""params.yaml names the same files and sums as torchvision's data sets do."""

import pytest
from helpers import ROOT

from rnnlab.core.params import load_params
from rnnlab.images.torchvision_data import import_datasets


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_files_and_sums_are_those_of_torchvision(name: str) -> None:
    resources = dict(getattr(import_datasets(), name).resources)
    assert load_params(ROOT / "params.yaml").datasets[name].md5 == resources


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_mirrors_are_those_of_torchvision_that_answer(name: str) -> None:
    # it has refused every download for years
    theirs = {*getattr(import_datasets(), name).mirrors} - {"http://yann.lecun.com/exdb/mnist/"}
    ours = load_params(ROOT / "params.yaml").datasets[name].mirrors
    assert theirs == {*ours} - {"https://storage.googleapis.com/cvdf-datasets/mnist/"}
    assert ours[0] in theirs
