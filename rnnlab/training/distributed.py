"""Training in several processes: the process group, the samples of each rank, sums over ranks.

The result is that of one process: all ranks draw the same batches and, except for dropout, the same
random numbers. Each rank computes its part of a batch, and DistributedDataParallel combines the
gradients. In a process that torchrun did not start, the functions here change nothing.
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
    """The number of ``threads`` for each process on this machine, 1 or more."""
    return max(1, threads // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the group of all processes that torchrun started while the block runs."""
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
        # the parent process prints the message once
        os._exit(130)


@contextmanager
def _report_once() -> Iterator[None]:
    """Let only one process report an error.

    If one process dies, the others fail in collective operations; if all fail, they share one
    reason. torchrun ends them a tenth of a second after the first has ended.
    """
    try:
        yield
    except Exception:
        time.sleep(1 if rank() == 0 else 2)
        _skip_teardown(1)
        raise


def _skip_teardown(code: int) -> None:
    """Exit with ``code`` as soon as Python starts its shutdown.

    Threads of torch outlive the group. One that needs the interpreter during shutdown aborts the
    process: of 25 trainings that had succeeded, one "failed" with SIGABRT.
    """
    atexit.register(os._exit, code)


def _exit_with_parent() -> None:
    """Exit when the parent process is killed, since a killed parent cannot end its children."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def rank() -> int:
    """The rank of this process, from 0; only rank 0 writes files."""
    return int(os.environ["RANK"]) if under_torchrun() else 0


def world_size() -> int:
    """The number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def data_parallel(network: nn.Module) -> nn.Module:
    """Wrap ``network`` so that its gradients are averaged over all processes."""
    # buffers hold the normalization, which training doesn't change
    return (
        DistributedDataParallel(network, forward_sync_buffers=False)
        if world_size() > 1
        else network
    )


def rank_slice(count: int) -> slice:
    """This rank's slice of ``count`` samples; slices are disjoint, with sizes that differ by 1."""
    return slice(count * rank() // world_size(), count * (rank() + 1) // world_size())


def sum_over_processes(values: list[float], device: torch.device) -> list[float]:
    """Sum each of ``values`` over all processes."""
    if world_size() == 1:
        return values
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return sums.tolist()


def seed_rank(generator: torch.Generator, epoch: int) -> None:
    """Give each rank above 0 its own torch seed, for dropout.

    The seed depends on the epoch, so that a checkpoint does not need the state of each rank.
    """
    if rank() > 0:
        torch.manual_seed(generator.initial_seed() + 1_000_003 * rank() + epoch)


def require_same_epoch(epoch: int, device: torch.device) -> None:
    """Raise InputError unless all processes resume after the same ``epoch``."""
    if sum_over_processes([epoch], device) != [epoch * world_size()]:
        raise InputError(
            "data/checkpoints: processes find different checkpoints; "
            "put the project into a folder that all machines share"
        )
