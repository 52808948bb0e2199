"""Speed of training: an epoch of MNIST beside the usual loop and an upper bound.

    python -m benchmarks.speed.bench

``bench_epochs`` explains what is compared. The candidates of a row alternate, and times are medians
over rounds. This takes three minutes on two cores, and longer beside other work.

Reads:   params.yaml, data/raw/mnist/
Writes:  OUT/bench.json and OUT/bench.md; the table also goes to standard output
"""

import argparse
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.scratch import (
    ROOT,
    RUNS,
    TASK,
    markdown,
    run_stages,
    scratch_project,
    with_changes,
    write_params,
)
from benchmarks.speed.bench_epochs import ROWS, Data, seconds_of
from benchmarks.speed.bench_usual import unpacked
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import output_files, read_json, read_tensors, write_json
from rnnlab.core.params import Params
from rnnlab.core.stage import make_parser
from rnnlab.training.device import prepare

BY_ROWS = {f"tasks.{TASK}.windows.sequence": "rows"}


def main(arguments: argparse.Namespace) -> None:
    if arguments.rounds < 1:
        raise InputError("--rounds: write 1 or more")
    params = with_changes(BY_ROWS)
    device = prepare(params)
    report: dict[str, Any] = {"machine": machine(params, device), "rounds": arguments.rounds}
    report["epochs"] = epochs(params, device, arguments.rounds)
    text = in_markdown(report)
    with output_files(arguments.out) as folder:
        write_json(folder / "bench.json", report)
        (folder / "bench.md").write_text(text + "\n", encoding="utf-8")
    print(text)


def machine(params: Params, device: torch.device) -> dict[str, Any]:
    """The hardware and versions that determine the results."""
    return {
        "processor": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
        "threads": params.threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def processor() -> str:
    """The name of the processor; only Linux gives the full name."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def epochs(params: Params, device: torch.device, rounds: int) -> list[dict[str, Any]]:
    """The rows of the table."""
    found = []
    with scratch_project() as project, unpacked(ROOT / "data/raw/mnist") as usual:
        write_params(project, BY_ROWS)
        run_stages(project, "normalize", "windows")
        windows = project / f"data/windows/{TASK}"
        part = read_tensors(windows / "main/train.safetensors", "windows")
        data = Data(part, read_json(windows / "card.json", "windows"), usual)
        for row in ROWS:
            # a few thousand images are too few to time a GPU
            sized = row._replace(images=len(part["y"])) if device.type == "cuda" else row
            found.append(seconds_of(params.images(TASK), sized, data, device, rounds))
            print(f"{row.cell} {row.hidden_size}: measured", file=sys.stderr)
    return found


def in_markdown(report: dict[str, Any]) -> str:
    """A line on the machine; then the seconds, and their ratios to those of the usual loop."""
    machine, lines = report["machine"], []
    for row in report["epochs"]:
        seconds = row["seconds"]
        shape = f"{row['hidden_size']}, {row['num_layers']}, {row['batch_size']}"
        times = [seconds["usual"] / seconds[name] for name in ("epoch", "bfloat16", "ceiling")]
        cells = [*(f"{each:.3f}" for each in seconds.values()), *(f"{each:.2f}" for each in times)]
        lines.append([row["cell"], shape, *cells])
    header = ["cell", "hidden, layers, batch", "epoch", "epoch, bfloat16", "usual loop", "ceiling"]
    header += ["usual loop to epoch", "to epoch, bfloat16", "upper bound (to ceiling)"]
    return (
        f"{machine['processor']}, {machine['threads']} threads, torch {machine['torch']}; medians "
        f"of {report['rounds']} rounds. Seconds for 10,000 images:\n\n{markdown(header, lines)}"
    )


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds for the medians (3)")
    parser.add_argument("--out", type=Path, default=RUNS / "bench", help="folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
