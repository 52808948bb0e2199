"""The dtype of training: resolves ``train.precision`` auto for this machine.

bfloat16 takes half the time of float32 on some processors, and thirty times as long on others.
Names of instruction sets do not show which (one Intel Xeon with ``avx512_bf16`` takes 1.3 times as
long, one AMD EPYC half as long), so a few training steps of the task's own network are timed.
"""

import hashlib
import json
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from filelock import FileLock
from torch import Tensor, nn

from rnnlab.core.errors import InputError
from rnnlab.core.files import write_atomically
from rnnlab.networks.network import count_parameters
from rnnlab.networks.storage import build_network
from rnnlab.training.device import SINGLE_THREAD_LIMIT, processor_name
from rnnlab.training.distributed import rank, sum_over_processes, world_size
from rnnlab.training.members import Recipe

# float32 is more exact, and two runs on one machine must agree: bfloat16 is chosen only if its
# advantage is larger than the noise of the timing
MIN_SPEEDUP = 1.2
STEPS = 8  # of a sequence: enough to compare, even if sequences have 784
ROUNDS = 5
KEY = "params.yaml: train.precision"
BITS = {"float32": 32, "bfloat16": 16}
# if one is this many times as fast as the other, more rounds are not needed
CLEAR_RATIO = 3


def settle_precision(recipe: Recipe, kept: Path, begun: str | None = None) -> Recipe:
    """``choose_precision``, but auto is settled once: timing near the limit is a coin.

    Args:
        kept: JSON file of the choices of this machine; the choice is added.
        begun: the precision of an interrupted training that goes on; it wins.
    """
    if recipe.train.precision != "auto" or _is_small(recipe):
        return choose_precision(recipe)
    if rank() > 0:
        return _settle(recipe, None)[0]
    kept.parent.mkdir(parents=True, exist_ok=True)
    # a second training that starts meanwhile takes the first one's choice
    with FileLock(f"{kept}.lock"):
        choices, key = _read_choices(kept), _key(recipe)
        settled, measured = _settle(recipe, begun or choices.get(key))
        if measured:
            choices[key] = settled.train.precision
            write_atomically(kept, (json.dumps(choices, indent=2) + "\n").encode())
    return settled


def _settle(recipe: Recipe, known: str | None) -> tuple[Recipe, bool]:
    """The recipe with what process 0 knows, else with a choice; and whether that was measured."""
    votes = [float(known is not None), float(known == "bfloat16")]
    is_known, is_bfloat16 = sum_over_processes(votes, recipe.device)
    if is_known:
        return _with_precision(recipe, "bfloat16" if is_bfloat16 else "float32"), False
    return choose_precision(recipe), True


def _read_choices(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(recipe: Recipe) -> str:
    """A hash of all that the times depend on."""
    sizes = [recipe.card["features"], recipe.train.batch_size, recipe.model.model_dump()]
    machine = [platform.node(), processor_name(recipe.device), world_size()]
    facts = [sizes, machine, torch.__version__]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def choose_precision(recipe: Recipe) -> Recipe:
    """Replace ``train.precision`` auto in ``recipe`` by float32 or bfloat16.

    If the parameter is bfloat16 and that is slower than float32, a warning goes to stderr.

    Raises:
        InputError: the parameter is bfloat16, and torch cannot train the cell in it here.
    """
    precision = recipe.train.precision
    if precision == "float32":
        return recipe
    if precision == "auto" and _is_small(recipe):
        return _with_precision(recipe, "float32")
    speedup = bfloat16_speedup(recipe)
    if precision == "bfloat16" and speedup is None:
        raise InputError(
            f"{KEY}: torch cannot train cell {recipe.model.cell} in bfloat16 on this machine; "
            "write auto or float32"
        )
    if precision == "bfloat16" and speedup is not None and speedup < 1 and rank() == 0:
        print(
            f"warning: {KEY}: bfloat16 takes {1 / speedup:.1f} times as long as float32 on this "
            "machine; auto or float32 is faster",
            file=sys.stderr,
        )
    if precision == "auto":
        faster = speedup is not None and speedup >= MIN_SPEEDUP
        # processes that train one network together must agree
        everyone = sum_over_processes([float(faster)], recipe.device)[0] == world_size()
        precision = "bfloat16" if everyone else "float32"
    return _with_precision(recipe, precision)


def _is_small(recipe: Recipe) -> bool:
    """Whether a training step is too short for either to be clearly faster."""
    with torch.device("meta"):
        weights = count_parameters(build_network(recipe.card, recipe.model))
    return recipe.train.batch_size * recipe.card["steps"] * weights <= SINGLE_THREAD_LIMIT


def _with_precision(recipe: Recipe, precision: str) -> Recipe:
    return replace(recipe, train=recipe.train.model_copy(update={"precision": precision}))


def bfloat16_speedup(recipe: Recipe) -> float | None:
    """Time of a training step in float32 over that in bfloat16; None if bfloat16 cannot run."""
    card, device = recipe.card, recipe.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        network = build_network({**card, "steps": STEPS}, recipe.model).to(device)
    x = torch.zeros(recipe.train.batch_size, STEPS, card["features"], device=device)
    # with one thread the ratio is the same, and other processes disturb it less
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
        # the first round, which compiles kernels, is not counted
        if number:
            ratio = min(seconds[False]) / min(seconds[True])
            if not 1 / CLEAR_RATIO < ratio < CLEAR_RATIO:
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
