"""Toy samples that a network learns in seconds, plain settings, and a small zero-shot network."""

from typing import Any

import torch
from committed import COMMITTED
from torch import Tensor

from rnnlab.core.params import Train, load_params
from rnnlab.core.zero_shot_params import ZeroShot
from rnnlab.networks.samples import Samples
from rnnlab.zero_shot.network import ZeroShotNetwork

# settings for toy networks, without any optional feature
PLAIN = {
    "loss": "mse",
    "quantile": 0.5,
    "optimizer": "adam",
    "momentum": 0.0,
    "batch_size": 32,
    "gradient_clip": 1.0,
    "label_smoothing": 0.0,
    "learning_rate": 0.02,
    "epochs": 5,
    "patience": 0,
    "refit": False,
    "ensemble": 1,
    "schedule": "constant",
    "weight_decay": 0.0,
    "weight_average": 0.0,
    "input_noise": 0.0,
    "precision": "float32",
    "warm_up": 0.3,
}


def settings(**changes: Any) -> Train:
    """A block ``train`` of a series task: plain settings with ``changes``."""
    base = load_params(COMMITTED / "params.yaml").tasks["airline"].train.model_dump()
    return Train(**{**base, **PLAIN, **changes})


def samples(x: Tensor, y: Tensor) -> Samples:
    return Samples(len(x), lambda chosen: (x[chosen], y[chosen]))


def sums(count: int, seed: int) -> Samples:
    """The toy task: the sum of a sequence of five, with some missing targets."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(count, 5, 1, generator=draw) - 0.5
    y = torch.cat([x.sum(1), x.mean(1)], dim=1)
    y[::10, 1] = torch.nan
    return samples(x, y)


def signs(count: int, seed: int) -> Samples:
    x, y = everything(sums(count, seed))
    return samples(x, (y[:, 0] > 0).long())


def everything(of: Samples) -> tuple[Tensor, Tensor]:
    return of.draw(torch.arange(of.count))


def zero_shot_settings(**changes: Any) -> ZeroShot:
    """Block ``zero_shot`` for a training of a second, with ``changes``."""
    base = load_params(COMMITTED / "params.yaml").zero_shot.model_dump()
    small = {"hidden_size": 8, "decoder_size": 8, "steps": 8, "batch_size": 8, "workers": 0}
    return ZeroShot(**{**base, **small, **changes})


def zero_shot_network(seed: int = 0) -> ZeroShotNetwork:
    """A small network with a random head; by default it is zero, and no input has an effect."""
    torch.manual_seed(seed)
    network = ZeroShotNetwork(8, 8).eval()
    torch.nn.init.normal_(network.head.weight, std=0.3)
    return network
