"""params.yaml names the same files and sums as torchvision's data sets do."""

import importlib

import pytest
import torch
from helpers import ROOT

from stages.common.params import load_params


def import_datasets():
    """torchvision.datasets, also beside a build of torch for which its operators are not made.

    A torchvision built for CUDA cannot load its operators beside a CPU build of torch, and then
    fails to register their fake kernels. The data sets need none of them, so that declaring the
    missing schemas is enough. The library must outlive the import, so the module keeps it.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        datasets = importlib.import_module("torchvision.datasets")
        datasets.declared = library
        return datasets


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_files_and_sums_are_those_of_torchvision(name: str) -> None:
    resources = dict(getattr(import_datasets(), name).resources)
    assert load_params(ROOT / "params.yaml").datasets[name].md5 == resources


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_mirrors_are_those_of_torchvision(name: str) -> None:
    mirrors = getattr(import_datasets(), name).mirrors
    assert set(mirrors) == set(load_params(ROOT / "params.yaml").datasets[name].mirrors)
