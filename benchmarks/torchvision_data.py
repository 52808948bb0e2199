"""torchvision's datasets, for comparisons, with a workaround for their import."""

import importlib
from typing import Any

import torch


def import_datasets() -> Any:
    """Import torchvision.datasets, even if torchvision's operators do not fit the build of torch.

    A torchvision built for CUDA cannot load its operators with a CPU build of torch, and then fails
    to register their fake kernels. The datasets need no operators, so it is enough to declare the
    missing schemas. The library must outlive the import, so the module keeps a reference to it.
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
