"""Where torch computes, and how repeatably."""

import ctypes
import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params

# multiplications in a step forward up to which a second thread saves less than a tenth of its time
SINGLE_THREAD_LIMIT = 30_000_000
_gpu_locks: list[FileLock] = []  # a lock that nobody refers to would be free again


def prepare(params: Params) -> torch.device:
    """Set threads and choose the device; the same parameters give the same bits on a CPU.

    Raises:
        InputError: device is cuda and there is none, or torchrun started more processes than there
            are GPUs.
    """
    _keep_freed_memory()
    torch.set_num_threads(params.threads)
    # matrices of numpy and scipy are small here: threads that share one wait longer than they work
    threadpool_limits(1, user_api="blas")
    # for those that are imported later, as scipy's own is
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # numbers near zero cost a CPU up to a hundred times the time of others and change nothing
    torch.set_flush_denormal(True)
    if params.device == "cuda" and not torch.cuda.is_available():
        raise InputError("params.yaml: device: there is no CUDA device here; write auto or cpu")
    if params.device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if params.deterministic:
        _make_deterministic()
    device = torch.device("cuda", choose_gpu())
    torch.cuda.set_device(device)
    return device


@contextmanager
def limit_threads(multiplications: int) -> Iterator[None]:
    """Compute on one thread if a step takes ``SINGLE_THREAD_LIMIT`` multiplications or fewer.

    Threads that share a small step wait for each other longer than they work. On a busy machine
    they also wait for the core that another process has taken.
    """
    threads = torch.get_num_threads()
    if multiplications <= SINGLE_THREAD_LIMIT:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@cache
def choose_gpu() -> int:
    """The GPU that this process computes on, as torch counts those it sees.

    The first that no other process of this project holds, so that experiments of a queue spread
    over a machine's GPUs; any, if all are held. It is held until the process ends, however it does.
    Under torchrun it is the one that ``LOCAL_RANK`` names. ``CUDA_VISIBLE_DEVICES`` limits the
    choice, as ever.

    Raises:
        InputError: torchrun started more processes than there are GPUs.
    """
    count = torch.cuda.device_count()
    rank = os.environ.get("LOCAL_RANK")
    if rank is not None and int(rank) >= count:
        raise InputError(
            f"params.yaml: device: process {int(rank) + 1} finds {count} GPUs; "
            "start no more processes than there are, or write cpu"
        )
    choice = [*range(count)] if rank is None else [int(rank)]
    for gpu in choice:
        if _lock_gpu(gpu):
            return gpu
    return choice[os.getpid() % len(choice)]


def _lock_gpu(gpu: int) -> bool:
    """Hold a GPU if no other process does."""
    # two processes that see different GPUs count them differently, but read the same identifier
    name = f"recurrent-gpu-{torch.cuda.get_device_properties(gpu).uuid}.lock"
    lock = FileLock(Path(tempfile.gettempdir()) / name, timeout=0, mode=0o666)
    try:
        lock.acquire()
    except (Timeout, PermissionError):  # held by a process of this user, or made by another user
        return False
    _gpu_locks.append(lock)
    return True


def _make_deterministic() -> None:
    """Have a GPU give the same bits for the same parameters, as a CPU does anyway.

    An operator that knows no such way warns and goes on. What it takes is listed in PyTorch's notes
    on reproducibility; cuBLAS reads the variable when the first matrix is multiplied.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    # no code here reads memory before it has written it, so filling it first is wasted time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _keep_freed_memory() -> None:
    """Let the C library keep what torch frees.

    By default glibc gives large blocks back to the system and asks for them again at each batch,
    and the page faults cost as much time as the mathematics: an LSTM of 128 trains 1.7 times as
    fast with this.
    """
    if platform.libc_ver()[0] == "glibc":
        trim_threshold, mmap_max = -1, -4
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)


def seeded_generator(seed: int, *path: str | int) -> torch.Generator:
    """Seed torch for one piece of work, named by ``path``, and return a generator of its own."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    number = int.from_bytes(digest[:7], "big")
    torch.manual_seed(number)
    return torch.Generator().manual_seed(number + 1)
