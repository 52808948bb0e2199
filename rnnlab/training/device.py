"""The device and threads of torch, determinism and seeds."""

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

# multiplications in a forward step up to which a second thread saves less than a tenth of the time
SINGLE_THREAD_LIMIT = 30_000_000
_gpu_locks: list[FileLock] = []  # a lock without a reference would be released


def prepare(params: Params) -> torch.device:
    """Set threads and choose the device; on a CPU the same parameters give the same bits.

    Raises:
        InputError: device is cuda without a CUDA device, or torchrun started more processes than
            there are GPUs.
    """
    prepare_process(params.threads)
    if params.device == "cuda" and not torch.cuda.is_available():
        raise InputError("params.yaml: device: no CUDA device is available; write auto or cpu")
    if params.device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if params.deterministic:
        _make_deterministic()
    device = torch.device("cuda", choose_gpu())
    torch.cuda.set_device(device)
    return device


def prepare_process(threads: int) -> None:
    """Set the threads of torch, and what makes this process compute faster."""
    _keep_freed_memory()
    torch.set_num_threads(threads)
    # matrices of numpy and scipy are small here: threads would wait longer than they compute
    threadpool_limits(1, user_api="blas")
    # for libraries that are imported later, such as scipy's
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # denormal numbers take a CPU up to a hundred times as long and do not change results
    torch.set_flush_denormal(True)


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
    """The index of the GPU for this process.

    The first GPU that no other process of this project has locked, so that queued experiments
    spread over the GPUs of a machine; any GPU if all are locked. The lock lasts until the process
    ends. Under torchrun, ``LOCAL_RANK`` is the index. ``CUDA_VISIBLE_DEVICES`` limits the choice.

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
    """Try to lock a GPU; return whether it succeeded."""
    # processes may number the GPUs differently, but the UUID is the same
    name = f"recurrent-gpu-{torch.cuda.get_device_properties(gpu).uuid}.lock"
    lock = FileLock(Path(tempfile.gettempdir()) / name, timeout=0, mode=0o666)
    try:
        lock.acquire()
    except (Timeout, PermissionError):  # held by a process of this user, or made by another user
        return False
    _gpu_locks.append(lock)
    return True


def _make_deterministic() -> None:
    """Make a GPU deterministic: the same parameters give the same bits, as on a CPU.

    An operator without a deterministic implementation only warns. See PyTorch's notes on
    reproducibility; cuBLAS reads the variable at the first matrix product.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    # no code here reads uninitialized memory, so filling it is wasted time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _keep_freed_memory() -> None:
    """Let the C library keep the memory that torch frees.

    By default glibc returns large blocks to the system and requests them again for each batch. The
    page faults take as much time as the computation: an LSTM of 128 trains 1.7 times as fast with
    this setting.
    """
    if platform.libc_ver()[0] == "glibc":
        trim_threshold, mmap_max = -1, -4
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)


def seeded_generator(seed: int, *path: str | int) -> torch.Generator:
    """Seed torch for the work named by ``path``, and return a separately seeded generator."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    number = int.from_bytes(digest[:7], "big")
    torch.manual_seed(number)
    return torch.Generator().manual_seed(number + 1)


def processor_name(device: torch.device) -> str:
    """The GPU's name, or the CPU's instruction set: what rounding and speed depend on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability()
