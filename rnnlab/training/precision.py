"""The number type that training computes in: what ``train.precision`` becomes on this machine.

bfloat16 takes half the time of float32 on some processors, and thirty times as long on others.
Names of instruction sets do not tell which (one Intel Xeon with ``avx512_bf16`` takes 1.3 times as
long, one AMD EPYC half as long), so a few training steps of the task's own network are timed.
"""

import sys
import time
from dataclasses import replace

import torch
from torch import Tensor, nn

from rnnlab.core.errors import InputError
from rnnlab.networks.network import count_parameters
from rnnlab.networks.storage import build_network
from rnnlab.training.device import SINGLE_THREAD_LIMIT
from rnnlab.training.distributed import rank, sum_over_processes, world_size
from rnnlab.training.members import Recipe

# float32 is the more exact, and two runs on one machine must agree: bfloat16 is chosen only where
# it is so much faster that no noise in the timing hides it
MIN_SPEEDUP = 1.2
STEPS = 8  # of a sequence: enough to compare, and short for one of 784
ROUNDS = 5
KEY = "params.yaml: train.precision"
# where one is so many times as fast as the other, more rounds tell nothing new
CLEAR = 3


def choose_precision(recipe: Recipe) -> Recipe:
    """``recipe`` with ``train.precision`` settled: ``auto`` becomes float32 or bfloat16.

    Where bfloat16 is asked for by name and is slower than float32, a line on stderr says so.

    Raises:
        InputError: bfloat16 is asked for by name, and torch cannot train the cell in it here.
    """
    asked = recipe.train.precision
    if asked == "float32":
        return recipe
    if asked == "auto" and _is_small(recipe):
        return _with_precision(recipe, "float32")
    speedup = bfloat16_speedup(recipe)
    if asked == "bfloat16" and speedup is None:
        raise InputError(
            f"{KEY}: torch cannot train cell {recipe.model.cell} in bfloat16 on this machine; "
            "write auto or float32"
        )
    if asked == "bfloat16" and speedup is not None and speedup < 1 and rank() == 0:
        print(
            f"warning: {KEY}: bfloat16 takes {1 / speedup:.1f} times as long as float32 on this "
            "machine; auto or float32 is faster",
            file=sys.stderr,
        )
    if asked == "auto":
        faster = speedup is not None and speedup >= MIN_SPEEDUP
        # processes that train one network together must agree
        everyone = sum_over_processes([float(faster)], recipe.device)[0] == world_size()
        asked = "bfloat16" if everyone else "float32"
    return _with_precision(recipe, asked)


def _is_small(recipe: Recipe) -> bool:
    """Whether a training step is too short for either to be clearly faster."""
    with torch.device("meta"):
        weights = count_parameters(build_network(recipe.card, recipe.model))
    return recipe.train.batch_size * recipe.card["steps"] * weights <= SINGLE_THREAD_LIMIT


def _with_precision(recipe: Recipe, precision: str) -> Recipe:
    return replace(recipe, train=recipe.train.model_copy(update={"precision": precision}))


def bfloat16_speedup(recipe: Recipe) -> float | None:
    """Time of a training step in float32 over its time in bfloat16; None where that cannot run."""
    card, device = recipe.card, recipe.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        network = build_network({**card, "steps": STEPS}, recipe.model).to(device)
    x = torch.zeros(recipe.train.batch_size, STEPS, card["features"], device=device)
    # with one thread the ratio is the same, and a busy machine disturbs it less
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _speedup(network, x)
    finally:
        torch.set_num_threads(threads)


def _speedup(network: nn.Module, x: Tensor) -> float | None:
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for number in range(ROUNDS):
        for use_bfloat16, found in seconds.items():
            try:
                taken = _step_seconds(network, x, use_bfloat16)
            except RuntimeError as error:
                # "could not create a primitive descriptor", and the like
                if use_bfloat16 and "memory" not in str(error):
                    return None
                raise
            if number:
                found.append(taken)
        # a first round compiles kernels
        if number and not 1 / CLEAR < (ratio := min(seconds[False]) / min(seconds[True])) < CLEAR:
            break
    return ratio


def _step_seconds(network: nn.Module, x: Tensor, use_bfloat16: bool) -> float:
    # on a CPU the time of this process alone: what others take from it must not decide
    clock = time.perf_counter if x.device.type == "cuda" else time.process_time
    started = clock()
    with torch.autocast(x.device.type, torch.bfloat16, enabled=use_bfloat16):
        answers = network(x)
    answers.float().sum().backward()
    if x.device.type == "cuda":
        torch.cuda.synchronize()
    return clock() - started
