"""The zero-shot network: a GRU reads patches of a history, a decoder answers for each step."""

from dataclasses import dataclass, fields
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnlab.features.context import PATCH
from rnnlab.features.extraction import SAME_PHASE, VIEWS, Features

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
NORMAL = tuple(NormalDist().inv_cdf(level) for level in QUANTILES)
LOW, HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
# numbers of ``scalars``, ``simple`` and ``clock`` in ``Features``
SCALARS, SIMPLE, CLOCK = 28, 19, 6


@dataclass(frozen=True)
class Inputs:
    """The parts of ``Features`` that the network reads, as tensors."""

    patches: Tensor
    phases: Tensor
    scalars: Tensor
    simple: Tensor
    past: Tensor
    clock: Tensor


def to_inputs(features: Features, device: torch.device | str = "cpu") -> Inputs:
    arrays = (np.ascontiguousarray(getattr(features, field.name)) for field in fields(Inputs))
    return Inputs(*(torch.from_numpy(array).to(device) for array in arrays))


class ZeroShotNetwork(nn.Module):
    """One GRU over patches; two layers, the same for all steps ahead.

    Args:
        hidden_size: of the GRU and of what it reads of a patch.
        decoder_size: of the layers that answer.
    """

    normal: Tensor

    def __init__(self, hidden_size: int = 192, decoder_size: int = 128) -> None:
        super().__init__()
        self.of_patch = nn.Linear(VIEWS * PATCH + SCALARS + 2, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.of_state = nn.Linear(hidden_size + SCALARS, decoder_size)
        self.of_step = nn.Linear(SIMPLE + SAME_PHASE + CLOCK, decoder_size, bias=False)
        self.hidden = nn.Linear(decoder_size, decoder_size)
        self.head = nn.Linear(decoder_size, 2 + len(QUANTILES))
        # training starts from the base and quantiles of a normal distribution
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("normal", torch.tensor(NORMAL), persistent=False)

    def forward(
        self,
        patches: Tensor,
        phases: Tensor,
        scalars: Tensor,
        simple: Tensor,
        past: Tensor,
        clock: Tensor,
    ) -> Tensor:
        """Quantiles in units, as distances from the base, [S, H, 11], ascending.

        The arguments have the shapes of ``Features``.
        """
        series, number, _ = patches.shape
        of_series = scalars[:, None].expand(-1, number, -1)
        each = torch.cat([patches, of_series, phases.expand(series, -1, -1)], dim=2)
        _, state = self.gru(functional.silu(self.of_patch(each)))
        state = self.of_state(torch.cat([state[-1], scalars], dim=1))
        steps = torch.cat([simple, past, clock.expand(series, -1, -1)], dim=2)
        x = functional.silu(state[:, None] + self.of_step(steps))
        output = self.head(x + functional.silu(self.hidden(x)))
        # where simple forecasts disagree, a correction is larger and less certain
        spread = torch.sinh(simple).std(dim=2, unbiased=False)
        centre = output[..., 0] * (1 + 0.3 * spread)
        scale = torch.exp(output[..., 1].clamp(-6, 4)) * (0.5 + 0.3 * spread)
        quantiles = centre[..., None] + scale[..., None] * (self.normal + output[..., 2:])
        return quantiles.sort(dim=2).values


def loss_function(quantiles: Tensor, target: Tensor) -> Tensor:
    """Pinball loss (Koenker & Bassett 1978), less for series that the network expects to vary.

    The weight depends on the history alone, so that quantiles stay unbiased: the logarithm of a
    loss would pull them together.

    Args:
        quantiles: [S, H, 11]; target: [S, H], in units from the base.
    """
    levels = torch.tensor(QUANTILES, device=target.device)
    error = target[..., None] - quantiles
    pinball = torch.maximum(levels * error, (levels - 1) * error).mean(dim=(1, 2))
    spread = (quantiles[..., HIGH] - quantiles[..., LOW]).mean(dim=1).detach()
    return (2 * pinball / (0.3 + 0.5 * spread)).mean()
