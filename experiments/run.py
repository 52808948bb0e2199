"""Run a named parameter set as an experiment of DVC, and say first how long it will take.

    python -m experiments.run pixels --target plot@mnist
    python -m experiments.run small --temp

A set is a YAML file in this folder: dotted keys of params.yaml and their values. An earlier
experiment of that name is replaced. The time is that of three batches of noise, trained by the
network of task mnist; on CUDA, and below ten minutes, nothing is said.

Reads:   params.yaml, experiments/NAME.yaml
Writes:  an experiment of DVC called NAME; with --temp it runs beside the workspace
"""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch
from ruamel.yaml import YAML

from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.params import Params
from rnnlab.core.stage import make_parser
from rnnlab.networks.samples import Samples
from rnnlab.networks.storage import build_network
from rnnlab.search.changes import Changes, assignments, with_changes
from rnnlab.training.device import prepare
from rnnlab.training.loop import Watch, fit
from rnnlab.training.members import Recipe
from rnnlab.training.precision import choose_precision

FOLDER = Path(__file__).parent
TASK = "mnist"
MIN_SECONDS = 600
SHAPE = (28, 28)
IMAGES = 60_000  # of the training files, in MNIST as in the sets made after it
STEPS = 56  # a recurrent network takes the same time for each step, so some tell of all
LAYOUTS = {"rows": SHAPE, "pixels": (784, 1), "permuted": (784, 1), "flat": (1, 784)}


def main(name: str, temp: bool, targets: list[str]) -> None:
    changes = read_set(name)
    if any(key.startswith(f"tasks.{TASK}.") for key in changes):
        warn_of_time(name, with_changes(changes))
    dvc = [sys.executable, "-m", "dvc", "exp"]
    subprocess.run([*dvc, "remove", "--quiet", name], capture_output=True, check=False)
    done = subprocess.run([*dvc, "run", *arguments_of(name, changes, temp, targets)], check=False)
    sys.exit(done.returncode)


def read_set(name: str) -> Changes:
    """The changes of a set.

    Raises:
        InputError: no set has that name.
    """
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in FOLDER.glob("*.yaml")))
        raise InputError(f"{name}: no such parameter set; there are {known}")
    return YAML(typ="safe").load(path)


def arguments_of(name: str, changes: Changes, temp: bool, targets: list[str]) -> list[str]:
    """What follows ``dvc exp run``."""
    options = [*(["--temp"] if temp else []), "--name", name]
    return [*options, *(word for each in assignments(changes) for word in ("-S", each)), *targets]


def warn_of_time(name: str, params: Params) -> None:
    device = prepare(params)
    if device.type == "cuda":
        return
    seconds = expected_seconds(params, device)
    if seconds < MIN_SECONDS:
        return
    time_text = f"{seconds / 3600:.0f} hours" if seconds > 7200 else f"{seconds / 60:.0f} minutes"
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
        watch=Watch(on_batch=lambda: ends.append(time.perf_counter())),
    )
    # the first batch also pays for what is set up once
    seconds = min(b - a for a, b in pairwise(ends))
    batches = task.train.epochs * (IMAGES - task.data.validation_images) / batch
    return task.train.ensemble * batches * seconds * steps / measured


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("name", help="a file in experiments/, without .yaml")
    parser.add_argument("--temp", action="store_true", help="run beside the workspace")
    parser.add_argument("--target", nargs="*", default=[], help="stages to run (all)")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given.name, given.temp, given.target)))
