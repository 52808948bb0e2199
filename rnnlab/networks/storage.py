"""Save and load trained networks: weights in safetensors, and a JSON card."""

from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from rnnlab.core.errors import InputError
from rnnlab.core.files import read_json, read_tensors, write_json, write_tensors
from rnnlab.core.params import Model, Train
from rnnlab.networks.network import RecurrentNetwork

# the members of each ensemble, by its name
Networks = dict[str, list[RecurrentNetwork]]


def build_network(shape: dict, model: Model) -> RecurrentNetwork:
    """Build a new network for windows with card ``shape``."""
    return RecurrentNetwork(
        shape["features"],
        shape["outputs"],
        steps=shape["steps"],
        **model.model_dump(),
        **shape["input"],
    )


def write_models(folder: Path, networks: dict[str, list[dict[str, Tensor]]], card: dict) -> None:
    """Write the weights of each fit's members as FIT.MEMBER.WEIGHT, and the card."""
    tensors = {
        f"{fit}.{member}.{name}": value.cpu().numpy()
        for fit, members in networks.items()
        for member, weights in enumerate(members)
        for name, value in weights.items()
    }
    write_tensors(folder / "weights.safetensors", tensors)
    write_json(folder / "card.json", card)


def read_models(folder: Path, task_name: str, device: torch.device) -> tuple[Networks, dict]:
    """Load the networks of each fit, in evaluation mode, and the card.

    Raises:
        InputError: the card or the weights are missing, damaged or from another version.
    """
    stage = f"train@{task_name}"
    card = read_json(folder / "card.json", stage)
    model = _model_of(folder / "card.json", card, stage)
    tensors = read_tensors(folder / "weights.safetensors", stage)
    networks: Networks = {}
    for fit, members in card["networks"].items():
        networks[fit] = []
        for member in range(members):
            start = f"{fit}.{member}."
            weights = {
                name.removeprefix(start): torch.from_numpy(np.array(value))
                for name, value in tensors.items()
                if name.startswith(start)
            }
            network = load_network(card["windows"], model, weights, device)
            networks[fit].append(network)
    return networks, card


def _model_of(path: Path, card: dict, stage: str) -> Model:
    """The settings of the card's network; raise InputError if another version wrote the card."""
    try:
        Train(**card["train"])
        return Model(**card["model"])
    except (KeyError, ValidationError):
        raise InputError(
            f"{path}: another version of this project trained these networks; run "
            f"`dvc repro {stage}`, or `dvc checkout` for the networks of this commit"
        ) from None


def load_network(
    shape: dict, model: Model, weights: dict[str, Tensor], device: torch.device
) -> RecurrentNetwork:
    """Build a network with ``weights``, on ``device`` and in evaluation mode."""
    network = build_network(shape, model)
    network.load_state_dict(weights)
    return network.to(device).eval()
