"""Where torch computes, and how repeatably."""

import hashlib

import torch

from stages.common.errors import InputError
from stages.common.params import Params


def prepare(params: Params) -> torch.device:
    """Set threads and choose the device; the same parameters give the same bits on a CPU.

    Raises:
        InputError: device is cuda and there is none.
    """
    torch.set_num_threads(params.threads)
    # numbers near zero cost a CPU up to a hundred times the time of others and change nothing
    torch.set_flush_denormal(True)
    if params.device == "cuda" and not torch.cuda.is_available():
        raise InputError("params.yaml: device: there is no CUDA device here; write auto or cpu")
    wants_cuda = params.device == "cuda" or (params.device == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if wants_cuda else "cpu")


def sow(seed: int, *path: str | int) -> torch.Generator:
    """Seed torch for one piece of work, named by ``path``, and return a generator of its own."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    number = int.from_bytes(digest[:7], "big")
    torch.manual_seed(number)
    return torch.Generator().manual_seed(number + 1)
