"""How much faster bfloat16 is than float32 here, by cell and size: what ``precision: auto`` sees.

    python -m benchmarks.speed.precision --out results/precision/mine.md

Reads:   params.yaml
Writes:  a Markdown table to standard output and to the file after --out: the time of a training
         step in float32 over its time in bfloat16, – where torch cannot train the cell in bfloat16
Needs:   no data: MNIST's shape by rows, 28 steps of 28
"""

import argparse
import sys
from pathlib import Path

from benchmarks.scratch import TASK, markdown
from rnnlab.core.errors import exit_code
from rnnlab.core.files import write_atomically
from rnnlab.core.params import load_params
from rnnlab.core.stage import make_parser
from rnnlab.networks.network import CELLS
from rnnlab.training.device import prepare
from rnnlab.training.members import Recipe
from rnnlab.training.precision import bfloat16_speedup

CARD = {"features": 28, "outputs": 10, "steps": 28, "input": {}}
# hidden size, layers, batch
SIZES = ((16, 1, 128), (50, 2, 32), (128, 1, 128), (128, 2, 256), (256, 2, 512))


def main(arguments: argparse.Namespace) -> None:
    params = load_params()
    device, task = prepare(params), params.images(TASK)
    rows = []
    for hidden_size, num_layers, batch_size in SIZES:
        train = task.train.model_copy(update={"batch_size": batch_size})
        cells = [f"{hidden_size}, {num_layers}, {batch_size}"]
        for cell in CELLS:
            size = {"cell": cell, "hidden_size": hidden_size, "num_layers": num_layers}
            recipe = Recipe(task.model.model_copy(update=size), train, CARD, params.seed, device)
            speedup = bfloat16_speedup(recipe)
            cells.append("–" if speedup is None else f"{speedup:.2f}")
        rows.append(cells)
    text = markdown(["hidden, layers, batch", *CELLS], rows)
    print(text)
    if arguments.out is not None:
        write_atomically(arguments.out, (text + "\n").encode())


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--out", type=Path, help="file to write the table to")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given)))
