"""Training that was killed goes on: what the training of a network has to remember, on disk.

A checkpoint is a safetensors file for each network; what is no tensor stands as JSON in its header.
It lies in a folder named after all that the weights depend on, so that no other training takes it
for its own.
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

from rnnlab.training.distributed import rank, world_size

# epochs are often shorter, and a file for each would cost more than it saves
SECONDS_BETWEEN = 1.0


def fingerprint(settings: dict, files: Iterable[Path], device: torch.device) -> str:
    """A name for all that weights depend on: settings, data, code, versions, the device."""
    processor = torch.backends.cpu.get_cpu_capability()
    if device.type == "cuda":
        processor = torch.cuda.get_device_name(device)
    facts = [settings, torch.__version__, processor, world_size()]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for path in [*files, *loaded_code()]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def loaded_code() -> list[Path]:
    """The files of this project that the process has imported."""
    project = Path(__file__).parents[2]
    folders = {project / "rnnlab", project / "stages"}
    files = {getattr(module, "__file__", None) for module in [*sys.modules.values()]}
    return sorted(path for path in map(Path, filter(None, files)) if folders & {*path.parents})


class Checkpoint:
    """The file of one network."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = time.monotonic()

    def save(self, state: Callable[[], dict[str, Any]], ended: bool) -> None:
        """Write ``state()``, tensors in a tree of JSON, unless the last is a moment old.

        Args:
            ended: whether this is the network's last, which is written in any case.
        """
        if rank() > 0 or not (ended or time.monotonic() - self._written >= SECONDS_BETWEEN):
            return
        tensors: dict[str, Tensor] = {}
        text = json.dumps(_packed(state(), tensors))
        content = save(tensors, {"state": text, "sum": self._sum(text, tensors)})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)
        self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """What was saved last, on the CPU; None, and a line, where the file is damaged."""
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
            print_once(f"{self.path} is damaged: this network is trained from its first epoch")
            return None

    def _sum(self, text: str, tensors: dict[str, Tensor]) -> str:
        # with the folder's name, so that a file copied from another training doesn't fit
        digest = hashlib.sha256(f"{self.path.parent.name} {text}".encode())
        for name in sorted(tensors):
            digest.update(tensors[name].numpy().tobytes())
        return digest.hexdigest()


def open_checkpoints(folder: Path, name: str) -> Callable[[str], Checkpoint]:
    """The checkpoints, by network, of the training whose fingerprint is ``name``."""
    if folder.exists() and not (folder / name).exists():
        print_once(
            f"{folder} is of a training with other parameters, data, code or device: "
            "this one starts from its first epoch"
        )
    return lambda network: Checkpoint(folder / name / f"{network}.safetensors")


def print_once(line: str) -> None:
    """Tell the user, once for all processes."""
    if rank() == 0:
        print(line, file=sys.stderr)


def _packed(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """``tree`` with its tensors moved into ``tensors``, and their names in their places."""
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
