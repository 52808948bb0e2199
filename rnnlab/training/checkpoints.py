"""Checkpoints that let interrupted training resume.

Each network has one safetensors file; values that are not tensors are JSON in its header. The
folder's name is a hash of everything that the weights depend on, so that a training never resumes
from the checkpoint of another one.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rnnlab.core.files import output_files
from rnnlab.training.device import processor_name
from rnnlab.training.distributed import rank, world_size

State = dict[str, Any]  # a tree of JSON with tensors

# epochs are often shorter, and a file for each would cost more time than it saves
SECONDS_BETWEEN = 1.0


def fingerprint(settings: dict, files: Iterable[Path], device: torch.device) -> str:
    """A hash of all that the weights depend on: settings, data, code, versions, the device."""
    facts = [settings, torch.__version__, processor_name(device), world_size()]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for path in [*files, *loaded_code()]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def loaded_code() -> list[Path]:
    """The files of this project that this process has imported."""
    project = Path(__file__).parents[2]
    folders = {project / "rnnlab", project / "stages"}
    files = {getattr(module, "__file__", None) for module in [*sys.modules.values()]}
    return sorted(path for path in map(Path, filter(None, files)) if folders & {*path.parents})


class Checkpoint:
    """The checkpoint file of one network."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = time.monotonic()

    def save(self, state: Callable[[], State], ended: bool) -> None:
        """Write ``state()``, a JSON tree with tensors, unless the last file is less than 1 s old.

        Args:
            ended: whether training has ended; the last state is always written.
        """
        if rank() > 0 or not (ended or time.monotonic() - self._written >= SECONDS_BETWEEN):
            return
        tensors: dict[str, Tensor] = {}
        text = json.dumps(_packed(state(), tensors))
        content = save(tensors, {"state": text, "sum": self._sum(text, tensors)})
        with output_files(self.path.parent) as folder, (folder / self.path.name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._written = time.monotonic()

    def load(self) -> State | None:
        """Load the last state, on the CPU; None if the file is missing or damaged."""
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                header = file.metadata() or {}
            text = header["state"]
            if header["sum"] != self._sum(text, tensors):
                raise ValueError
            return _unpacked(json.loads(text), tensors)
        except (SafetensorError, KeyError, ValueError):
            print_once(f"{self.path} is damaged: this network starts from its first epoch")
            return None

    def _sum(self, text: str, tensors: dict[str, Tensor]) -> str:
        # includes the folder's name, so that a file copied from another training is rejected
        digest = hashlib.sha256(f"{self.path.parent.name} {text}".encode())
        for name in sorted(tensors):
            digest.update(tensors[name].numpy().tobytes())
        return digest.hexdigest()


def open_checkpoints(folder: Path, name: str) -> Callable[[str], Checkpoint]:
    """A function from a network's name to its checkpoint in the training ``name``."""
    if folder.exists() and not (folder / name).exists():
        print_once(
            f"{folder} is from a training with other parameters, data, code or device: "
            "this training starts from its first epoch"
        )
    return lambda network: Checkpoint(folder / name / f"{network}.safetensors")


def print_once(line: str) -> None:
    """Print a line on stderr from process 0 alone."""
    if rank() == 0:
        print(line, file=sys.stderr)


def _packed(tree: object, tensors: dict[str, Tensor]) -> object:
    """Move the tensors of ``tree`` into ``tensors`` and replace them by their names."""
    if isinstance(tree, Tensor):
        name = f"{len(tensors):04}"
        tensors[name] = tree.detach().cpu().contiguous()
        return {"tensor": name}
    if isinstance(tree, dict):
        return {key: _packed(value, tensors) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_packed(value, tensors) for value in tree]
    return tree


def _unpacked(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, dict) and tree.keys() == {"tensor"}:
        return tensors[tree["tensor"]]
    if isinstance(tree, dict):
        return {key: _unpacked(value, tensors) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_unpacked(value, tensors) for value in tree]
    return tree
