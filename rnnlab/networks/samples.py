"""Training samples: they stay on the network's device and are selected by index."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.window_spec import Layout
from rnnlab.networks.cutting import cut, targets


@dataclass(frozen=True)
class Samples:
    """Samples that stay on their device.

    Attributes:
        count: number of samples, N.
        draw: a function from indices [B] to the samples' x [B, T, F] and y, [B] (classes) or
            [B, H] (values, NaN if unknown).
        limit: how many of them an epoch draws at most; None for all.
        capturable: whether ``draw`` takes nothing from the host, as a CUDA graph requires.
    """

    count: int
    draw: Callable[[Tensor], tuple[Tensor, Tensor]]
    limit: int | None = None
    capturable: bool = False

    @property
    def per_epoch(self) -> int:
        """How many samples an epoch draws."""
        return self.count if self.limit is None else min(self.count, self.limit)


def make_samples(part: dict[str, np.ndarray], card: dict, device: torch.device) -> Samples:
    """The samples of a part that stage windows wrote with ``card``."""
    tensors = {name: torch.from_numpy(values).to(device) for name, values in part.items()}
    if card["kind"] == "images":
        return Samples(len(tensors["x"]), partial(_draw_images, tensors), capturable=True)
    layout = Layout(**card["layout"])
    return Samples(len(tensors["origin"]), partial(_draw_windows, tensors, layout))


def _draw_images(part: dict[str, Tensor], chosen: Tensor) -> tuple[Tensor, Tensor]:
    # a fifth of the time of x[chosen] for a small batch
    return part["x"].index_select(0, chosen), part["y"].index_select(0, chosen)


def _draw_windows(part: dict[str, Tensor], layout: Layout, chosen: Tensor) -> tuple[Tensor, Tensor]:
    origin, series = part["origin"][chosen], part["series"][chosen]
    inputs, base, unit = cut(part, layout, origin, series, layout.horizon)
    return inputs, targets(part, layout, origin, series, base, unit)
