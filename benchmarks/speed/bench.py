"""Speed of epochs, of series and of the pipeline, compared with other implementations.

    python -m benchmarks.speed.bench

There are three parts, each explained in its module: ``epochs`` (bench_epochs: an epoch of MNIST by
rows, compared with the usual loop, an upper bound and the matrix products alone), ``series``
(bench_series: fit and forecast of the airline series, compared with other methods) and ``pipeline``
(pipeline: the overhead of stages beyond training). All times are medians over rounds in which the
candidates alternate. This takes about 14 minutes on two idle cores.

--tries measures variants of the training step instead (bench_tries).

Reads:   params.yaml, data/raw/
Writes:  OUT/bench.json and OUT/bench.md (tries.json, tries.md); the tables also go to standard
         output
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
    run_stages,
    scratch_project,
    with_changes,
    write_params,
)
from benchmarks.speed import bench_tables, bench_tries, pipeline
from benchmarks.speed.bench_epochs import SHAPES, Data, seconds_of
from benchmarks.speed.bench_series import seconds_of_series
from benchmarks.speed.bench_usual import unpacked
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import output_files, read_json, read_tensors, write_json
from rnnlab.core.params import Params
from rnnlab.core.stage import make_parser
from rnnlab.networks.network import CELLS
from rnnlab.training.device import prepare

PARTS = ("epochs", "series", "pipeline")
BY_ROWS = {f"tasks.{TASK}.windows.sequence": "rows"}


def main(arguments: argparse.Namespace) -> None:
    if arguments.rounds < 1:
        raise InputError("--rounds: write 1 or more")
    params = with_changes(BY_ROWS)
    if arguments.threads:
        params = params.model_copy(update={"threads": arguments.threads})
    device = prepare(params)
    report: dict[str, Any] = {"machine": machine(params, device), "rounds": arguments.rounds}
    if arguments.tries:
        report["tries"] = bench_tries.measure(params.threads, arguments.rounds)
        keep(arguments.out, "tries", report, bench_tries.in_markdown(report))
        return
    if "epochs" in arguments.only:
        report["epochs"] = epochs(params, device, arguments)
    if "series" in arguments.only:
        report["series"] = seconds_of_series(params, device, arguments.rounds)
    if "pipeline" in arguments.only:
        report["pipeline"] = pipeline.measure(arguments.rounds)
    report["targets"] = bench_tables.verdicts(report)
    keep(arguments.out, "bench", report, bench_tables.in_markdown(report))


def machine(params: Params, device: torch.device) -> dict[str, Any]:
    """The hardware and versions that determine the results."""
    return {
        "processor": processor(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
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


def epochs(
    params: Params, device: torch.device, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """A row for each shape and cell."""
    rows = []
    with scratch_project() as project, unpacked(ROOT / "data/raw/mnist") as usual:
        write_params(project, BY_ROWS)
        run_stages(project, "normalize", "windows")
        windows = project / f"data/windows/{TASK}"
        part = read_tensors(windows / "main/train.safetensors", "windows")
        workers = (0, 8) if device.type == "cuda" else (0, 2)
        data = Data(part, read_json(windows / "card.json", "windows"), usual, workers)
        for shape in SHAPES:
            # a few thousand images are too few to time a GPU
            images = arguments.images or (len(part["y"]) if device.type == "cuda" else shape.images)
            for cell in CELLS:
                shaped = shape._replace(images=images)
                task = params.images(TASK)
                rows.append(seconds_of(task, cell, shaped, data, device, arguments.rounds))
                print(f"{cell} {shape.hidden_size}: measured", file=sys.stderr)
    return rows


def keep(out: Path, name: str, report: dict[str, Any], text: str) -> None:
    with output_files(out) as folder:
        write_json(folder / f"{name}.json", report)
        (folder / f"{name}.md").write_text(text + "\n", encoding="utf-8")
    print(text)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds for the medians (5)")
    parser.add_argument(
        "--images", type=int, help="images per epoch, instead of those of each shape"
    )
    parser.add_argument("--threads", type=int, help="CPU threads, instead of those in params.yaml")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    parser.add_argument("--tries", action="store_true", help="measure what was tried instead")
    parser.add_argument(
        "--out", type=Path, default=RUNS / "bench", help="folder for what is written"
    )
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
