"""Warn of the time that a named parameter set takes on a CPU.

    python -m benchmarks.expected_time pixels

Trains a network of that set for three batches on shortened sequences of noise, and multiplies.
On CUDA it says nothing.

Reads:   params.yaml, experiments/NAME
Writes:  a line to standard error
"""

import sys
import time
from itertools import pairwise

import torch

from benchmarks.scratch import TASK, read_set, with_changes
from rnnlab.core.errors import exit_code
from rnnlab.core.params import Params
from rnnlab.core.stage import make_parser
from rnnlab.networks.samples import Samples
from rnnlab.networks.storage import build_network
from rnnlab.training.device import prepare
from rnnlab.training.loop import fit
from rnnlab.training.members import Recipe
from rnnlab.training.precision import choose_precision

SHAPE = (28, 28)
IMAGES = 60_000  # of the training files, in MNIST as in the sets made after it
STEPS = 56  # a recurrent network takes the same time for each step, so some tell of all
LAYOUTS = {"rows": SHAPE, "pixels": (784, 1), "permuted": (784, 1), "flat": (1, 784)}


def main(name: str) -> None:
    params = with_changes(read_set(name))
    device = prepare(params)
    if device.type == "cuda":
        return
    hours = expected_seconds(params, device) / 3600
    time_text = f"{hours:.0f} hours" if hours > 2 else f"{60 * hours:.0f} minutes"
    print(
        f"warning: {name} takes about {time_text} on this CPU (threads: {params.threads}); "
        "a GPU takes minutes",
        file=sys.stderr,
    )


def expected_seconds(params: Params, device: torch.device) -> float:
    """How long training takes by ``params``, from a few batches of noise."""
    task = params.images(TASK)
    steps, features = LAYOUTS[task.windows.sequence]
    measured = min(steps, STEPS)
    batch = task.train.batch_size
    x, y = torch.rand(batch, measured, features), torch.zeros(batch, dtype=torch.long)
    card = {"features": features, "outputs": 10, "steps": measured, "input": {}}
    ends: list[float] = []
    samples = Samples(3 * batch, lambda chosen: (x[: len(chosen)], y[: len(chosen)]))
    settings = task.train.model_copy(update={"epochs": 1, "augment": None})
    recipe = choose_precision(Recipe(task.model, settings, card, params.seed, device))
    generator = torch.Generator().manual_seed(0)
    fit(
        build_network(card, task.model).to(device),
        samples,
        None,
        recipe.train,
        generator,
        on_batch=lambda: ends.append(time.perf_counter()),
    )
    # the first batch also pays for what is set up once
    seconds = min(b - a for a, b in pairwise(ends))
    batches = task.train.epochs * (IMAGES - task.data.validation_images) / batch
    return task.train.ensemble * batches * seconds * steps / measured


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("name", help="a file in experiments/")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given.name)))
