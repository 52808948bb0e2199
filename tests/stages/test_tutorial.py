"""The tutorial: its one step, and its settings; docs/tutorial.md says what holds the rest."""

from pathlib import Path

import pytest
import torch
from helpers import ROOT, edit_params
from ruamel.yaml import YAML
from torch import Tensor

from rnnlab.core.params import load_params
from rnnlab.networks.network import RecurrentNetwork


def recurrent_gradient(x: Tensor) -> Tensor:
    torch.manual_seed(0)
    network = RecurrentNetwork(x.shape[2], 10, cell="lstm", hidden_size=5, num_layers=2)
    network(x).square().sum().backward()
    return torch.stack([network.recurrent.weight_hh_l0.grad, network.recurrent.weight_hh_l1.grad])


def test_one_step_never_uses_the_recurrence() -> None:
    images = torch.rand(6, 28, 28)
    assert (recurrent_gradient(images.reshape(6, 1, 784)) == 0).all()
    by_rows = recurrent_gradient(images)
    assert (by_rows != 0).float().mean() > 0.99


@pytest.mark.parametrize(
    ("target", "settings"),
    [
        (
            "tutorial-mnist",
            {
                "windows.sequence": "flat",
                "model.hidden_size": 50,
                "model.num_layers": 2,
                "train.optimizer": "sgd",
                "train.learning_rate": 1e-2,
                "train.batch_size": 32,
                "train.epochs": 30,
            },
        ),
        (
            "tutorial-airline",
            {
                "windows.look_back": 4,
                "windows.horizon": 1,
                "model.hidden_size": 50,
                "model.num_layers": 2,
                "train.optimizer": "adam",
                "train.learning_rate": 1e-3,
            },
        ),
    ],
)
def test_the_commands_ask_for_the_tutorial_s_settings(
    project: Path, target: str, settings: dict[str, object]
) -> None:
    found = YAML(typ="safe").load(ROOT / "experiments" / f"{target}.yaml")
    task = target.removeprefix("tutorial-")
    assert {
        f"tasks.{task}.{key}": value for key, value in settings.items()
    }.items() <= found.items()
    edit_params(project, found)
    load_params(project / "params.yaml")
