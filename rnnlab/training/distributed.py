"""Training in several processes: who takes part, which samples are whose, what they sum up.

The processes compute as one would: all draw the same batches and, but for dropout, the same chance;
each computes on its share of a batch, and DistributedDataParallel adds up their gradients. In a
process that torchrun did not start, every function here leaves things as they are.
"""

import atexit
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rnnlab.core.errors import InputError


def under_torchrun() -> bool:
    return "LOCAL_RANK" in os.environ and "WORLD_SIZE" in os.environ


def threads_per_process(threads: int) -> int:
    """What each process on this machine has of its ``threads``, 1 or more."""
    return max(1, threads // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """The group of all processes that torchrun started, for as long as the block lasts."""
    if not under_torchrun():
        yield
        return
    _exit_with_parent()
    try:
        with _report_once():
            if device.type == "cuda":
                dist.init_process_group("nccl", device_id=device)
            else:
                dist.init_process_group("gloo")
            yield
            dist.destroy_process_group()
        _skip_teardown(0)
    except KeyboardInterrupt:
        # the process that started this one says so once for all
        os._exit(130)


@contextmanager
def _report_once() -> Iterator[None]:
    """Let one process alone say what went wrong.

    Where one has died, the others fail in what they do together; where all fail, it is for one
    reason. torchrun ends them a tenth of a second after the first has ended.
    """
    try:
        yield
    except Exception:
        time.sleep(1 if rank() == 0 else 2)
        _skip_teardown(1)
        raise


def _skip_teardown(code: int) -> None:
    """Have this process exit with ``code`` as soon as Python starts to end it.

    Threads of torch outlive the group, and one that asks for the interpreter while that is taken
    down aborts the process: of 25 trainings that had ended well, one "failed" with SIGABRT.
    """
    atexit.register(os._exit, code)


def _exit_with_parent() -> None:
    """End this process when the one that started it is killed, which can end no one by itself."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def rank() -> int:
    """The number of this process, from 0; process 0 alone writes files."""
    return int(os.environ["RANK"]) if under_torchrun() else 0


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def data_parallel(network: nn.Module) -> nn.Module:
    """``network``, whose gradients are from now on the mean of those of all processes."""
    # buffers hold the normalization, which training doesn't change
    return (
        DistributedDataParallel(network, forward_sync_buffers=False)
        if world_size() > 1
        else network
    )


def rank_slice(count: int) -> slice:
    """Which of ``count`` samples are this process's: each is one's, and shares differ by 1."""
    return slice(count * rank() // world_size(), count * (rank() + 1) // world_size())


def sum_over_processes(values: list[float], device: torch.device) -> list[float]:
    """The sums of ``values`` over all processes."""
    if world_size() == 1:
        return values
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return sums.tolist()


def seed_rank(generator: torch.Generator, epoch: int) -> None:
    """Have every process but the first draw from torch's own chance what no other draws.

    It depends on the epoch alone, so that a checkpoint need not hold each process's state.
    """
    if rank() > 0:
        torch.manual_seed(generator.initial_seed() + 1_000_003 * rank() + epoch)


def require_same_epoch(epoch: int, device: torch.device) -> None:
    """Raise InputError unless all processes go on after the same ``epoch``."""
    if sum_over_processes([epoch], device) != [epoch * world_size()]:
        raise InputError(
            "data/checkpoints: processes find different checkpoints: "
            "put the project into a folder that all machines share"
        )
