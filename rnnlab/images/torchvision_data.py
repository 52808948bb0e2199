"""torchvision's data sets, for comparisons: importing them takes a workaround."""

import importlib
from typing import Any

import torch


def import_datasets() -> Any:
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
        datasets.__dict__["declared"] = library
        return datasets
