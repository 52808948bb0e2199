"""Save and load the zero-shot network: weights in safetensors, and a JSON card."""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from threading import Lock

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from rnnlab.core.errors import InputError, require
from rnnlab.core.files import Json, write_json, write_tensors
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork

# where the pipeline writes it
FOLDER = Path("models/zero_shot")
# where a wheel has it
INSTALLED = Path(__file__).parents[1] / "weights"
SIZES = ("hidden_size", "decoder_size")


def write_zero_shot(folder: Path, weights: dict[str, Tensor], card: Json) -> None:
    """Write weights.safetensors (float32) and card.json.

    Args:
        card: of at least the sizes of the network; the quantiles, the number of parameters and
            the checksum of the weights are added.
    """
    path = folder / "weights.safetensors"
    write_tensors(path, {name: value.float().numpy() for name, value in weights.items()})
    more = {
        "quantiles": QUANTILES,
        "parameters": sum(value.numel() for value in weights.values()),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    write_json(folder / "card.json", {**card, **more})


def sizes_of(network: ZeroShotNetwork) -> Json:
    """The sizes that a card has."""
    return {"hidden_size": network.gru.hidden_size, "decoder_size": network.hidden.out_features}


def packaged_folder() -> Path:
    """Where the network lies that came with the library: in the package, or beside it in git.

    The environment variable RNNLAB_NETWORK names another folder, such as one of your own
    pretraining.
    """
    if named := os.environ.get("RNNLAB_NETWORK"):
        return Path(named)
    return INSTALLED if INSTALLED.is_dir() else INSTALLED.parents[1] / FOLDER


_loading = Lock()


def packaged_network() -> ZeroShotNetwork:
    """The network that came with the library, on the CPU; a process reads it once."""
    with _loading:
        return _packaged_network()


@cache
def _packaged_network() -> ZeroShotNetwork:
    return read_zero_shot()


def read_zero_shot(
    folder: Path | None = None, device: torch.device | str = "cpu"
) -> ZeroShotNetwork:
    """Load the network, in evaluation mode.

    Args:
        folder: of weights and card; None for those that came with the library.

    Raises:
        InputError: the weights or the card are missing, damaged or from another version.
    """
    folder = packaged_folder() if folder is None else folder
    card = read_card(folder)
    path = require(folder / "weights.safetensors", _way_back(folder))
    content = path.read_bytes()
    try:
        if hashlib.sha256(content).hexdigest() != card["sha256"]:
            raise ValueError
        weights = load(content)
    except (KeyError, ValueError, SafetensorError):
        raise InputError(
            f"{path} is damaged, or from another training than card.json: {_way_back(folder)}"
        ) from None
    try:
        network = ZeroShotNetwork(**{name: card[name] for name in SIZES})
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError):
        raise InputError(
            f"{path} is from another version of this project: {_way_back(folder)}"
        ) from None
    return network.to(device).eval()


def read_card(folder: Path | None = None) -> Json:
    """The card; raise InputError if it is missing or damaged."""
    folder = packaged_folder() if folder is None else folder
    path = require(folder / "card.json", _way_back(folder))
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(card, dict):
            raise ValueError
    except ValueError:
        raise InputError(f"{path} is damaged: {_way_back(folder)}") from None
    return card


def _way_back(folder: Path) -> str:
    if folder == INSTALLED:
        return "install the package again"
    if folder.resolve() not in (FOLDER.resolve(), packaged_folder().resolve()):
        return "name a folder that fine-tuning wrote"
    return f"restore it with `git checkout {folder}`, or train again with `dvc repro pretrain`"
