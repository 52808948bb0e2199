"""The zero-shot network: a GRU reads the patches, and a small decoder answers for each step."""

from dataclasses import dataclass, fields
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab.zero_shot.context import PATCH
from rnnlab.zero_shot.history import SAME_PHASE, VIEWS, Description

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
NORMAL = tuple(NormalDist().inv_cdf(level) for level in QUANTILES)
SCALARS, SIMPLE, CLOCK = 27, 17, 6


@dataclass(frozen=True)
class Inputs:
    """A ``Description`` as tensors, without what only the caller needs."""

    patches: Tensor
    phases: Tensor
    scalars: Tensor
    simple: Tensor
    past: Tensor
    clock: Tensor


def to_inputs(description: Description, device: torch.device | str = "cpu") -> Inputs:
    return Inputs(
        *(torch.from_numpy(np.ascontiguousarray(getattr(description, f.name))).to(device) for f in fields(Inputs))
    )


class ZeroShotNetwork(nn.Module):
    def __init__(self, hidden_size: int = 192, decoder_size: int = 128, gate: bool = True, layers: int = 1):
        super().__init__()
        self.gate = gate
        inputs = VIEWS * PATCH + SCALARS + 2
        self.embed = nn.Linear(inputs, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, layers, batch_first=True)
        self.of_state = nn.Linear(hidden_size + SCALARS, decoder_size)
        self.of_step = nn.Linear(SIMPLE + SAME_PHASE + CLOCK, decoder_size, bias=False)
        self.hidden = nn.Linear(decoder_size, decoder_size)
        outputs = 3 + len(QUANTILES) + (SIMPLE if gate else 0)
        self.head = nn.Linear(decoder_size, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("normal", torch.tensor(NORMAL), persistent=False)

    def forward(self, patches, phases, scalars, simple, past, clock) -> Tensor:
        """Quantiles in units, as distances from the base, [S, H, 9]; ascending."""
        series, number, _ = patches.shape
        each = torch.cat(
            [patches, scalars[:, None].expand(-1, number, -1), phases.expand(series, -1, -1)], dim=2
        )
        _, state = self.gru(nn.functional.silu(self.embed(each)))
        state = torch.cat([state[-1], scalars], dim=1)
        steps = torch.cat([simple, past, clock.expand(series, -1, -1)], dim=2)
        x = nn.functional.silu(self.of_state(state)[:, None] + self.of_step(steps))
        x = x + nn.functional.silu(self.hidden(x))
        out = self.head(x)
        near = torch.sinh(simple)
        spread = near.std(dim=2, unbiased=False)
        centre = out[..., 0] * (1 + 0.3 * spread)
        if self.gate:
            centre = centre + (torch.softmax(out[..., 3 + len(QUANTILES):], dim=2) * near).sum(dim=2)
        scale = torch.exp(out[..., 1].clamp(-6, 4)) * (0.5 + 0.3 * spread)
        shape = self.normal + out[..., 3 : 3 + len(QUANTILES)]
        quantiles = centre[..., None] + scale[..., None] * shape
        return quantiles.sort(dim=2).values


def loss_function(quantiles: Tensor, target: Tensor) -> Tensor:
    """Pinball loss (Koenker & Bassett 1978), less for series that the network expects to vary.

    The weight depends on the history alone, so that the quantiles stay unbiased: the logarithm of
    a loss would pull them together.
    """
    levels = torch.tensor(QUANTILES, device=target.device)
    error = target[..., None] - quantiles
    pinball = torch.maximum(levels * error, (levels - 1) * error).mean(dim=(1, 2))
    spread = (quantiles[..., -2] - quantiles[..., 1]).mean(dim=1).detach()
    return (2 * pinball / (0.3 + 0.5 * spread)).mean()
