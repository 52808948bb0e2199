"""Time and memory by the number of series: do they grow in proportion?

    python -m benchmarks.panels.synthetic --out benchmarks/runs/panels

Makes panels of 100, 1,000 and 10,000 monthly series with equally many windows each, and runs
normalize, windows and train (one epoch) on them. Writes a table and a plot of the time per window
(without the time that the stage takes for a single series) and of the peak memory.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from ruamel.yaml import YAML

from benchmarks.scratch import ROOT, RUNS, link_pretrained, markdown
from rnnlab.core.errors import exit_code
from rnnlab.core.files import output_files, write_table
from rnnlab.core.stage import make_parser

SIZES = (100, 1_000, 10_000)
MONTHS = 120
ROUNDS = 3
MAX_REPEATS = 100
STAGES = ("normalize", "windows", "train")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of series")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="medians are over so many (3)")
    parser.add_argument("--out", type=Path, default=RUNS / "panels", help="folder for both")
    arguments = parser.parse_args()
    sys.exit(exit_code(lambda: run(arguments.sizes, arguments.rounds, arguments.out)))


def run(sizes: Sequence[int], rounds: int, out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        projects = {size: make_project(Path(folder) / str(size), size) for size in [1, *sizes]}
        # alternate the sizes, so that a slow phase of the machine affects all of them
        runs = [
            {
                size: measure(project, min(max(sizes) // size, MAX_REPEATS))
                for size, project in projects.items()
            }
            for _ in range(rounds)
        ]
        bytes_of = {size: csv_of(project).stat().st_size for size, project in projects.items()}
        windows = {size: count_windows(project) for size, project in projects.items()}
    rows = []
    for size in sizes:
        for stage in STAGES:
            seconds, memory = (median(each[size][stage][k] for each in runs) for k in (0, 1))
            # the time for a single series is the fixed cost of the stage
            start = median(each[1][stage][0] for each in runs)
            per_window = (seconds - start) / (windows[size] - windows[1])
            rows.append(
                {
                    "series": size,
                    "windows": windows[size],
                    "csv_mib": bytes_of[size] / 2**20,
                    "stage": stage,
                    "microseconds_per_window": 1e6 * per_window,
                    "memory_mib": memory / 2**20,
                }
            )
    table = pd.DataFrame(rows)
    with output_files(out) as partial:
        write_table(partial / "panels.csv", table)
        figure(table).savefig(partial / "panels.png", dpi=120)
    print(as_text(table))


def make_project(project: Path, size: int, ensemble: int = 1) -> Path:
    """A project with a task of ``size`` series in a new folder."""
    (project / "data/raw").mkdir(parents=True)
    generate(size, MONTHS).to_csv(csv_of(project), index=False)
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    task = params["tasks"]["airline"]
    task["data"]["csv"] = "data/raw/panel.csv"
    task["train"].update(epochs=1, ensemble=ensemble, refit=False, batch_size=256)
    params["tasks"] = {"panel": task}
    yaml.dump(params, project / "params.yaml")
    link_pretrained(project)
    return project


def csv_of(project: Path) -> Path:
    return project / "data/raw/panel.csv"


def generate(size: int, months: int, seed: int = 0) -> pd.DataFrame:
    """Monthly series with individual growth, season and noise: unique_id, ds, y."""
    draw = np.random.default_rng(seed)
    step = np.arange(months)
    level, growth = draw.normal(5, 1, (size, 1)), draw.normal(0.005, 0.005, (size, 1))
    season = draw.normal(0, 0.2, (size, 12))[:, step % 12]
    noise = draw.normal(0, 0.05, (size, months)).cumsum(axis=1) * 0.3
    values = np.exp(level + growth * step + season + noise)
    ds = pd.date_range("2010-01-01", periods=months, freq="MS").strftime("%Y-%m-%d")
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{number:06}" for number in range(size)], months),
            "ds": np.tile(ds, size),
            "y": np.round(values.ravel(), 3),
        }
    )


MEASURE_STAGE = """
import importlib, json, sys, time
from rnnlab.core.params import load_params
stage, repeats = importlib.import_module(sys.argv[1]), int(sys.argv[2])
params = load_params()
started = time.perf_counter()
for _ in range(repeats):
    stage.main("panel", params)
seconds = (time.perf_counter() - started) / repeats
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([seconds, 1024 * int(peak[0])]))
"""


def measure(project: Path, repeats: int) -> dict[str, tuple[float, int]]:
    """Seconds of each stage without its imports, and the peak memory of its process in bytes.

    Args:
        repeats: number of runs, so that small panels are measured for as long as large ones.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = {}
    for stage in STAGES:
        command = [sys.executable, "-c", MEASURE_STAGE, f"stages.{stage}", str(repeats)]
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=True
        )
        found[stage] = tuple(json.loads(done.stdout.splitlines()[-1]))
    return found


def count_windows(project: Path) -> int:
    """Number of training and validation windows of both fits."""
    from safetensors.numpy import load_file

    folder = project / "data/windows/panel"
    parts = [
        folder / fit / f"{part}.safetensors"
        for fit in ("main", "year")
        for part in ("train", "validation")
    ]
    return sum(len(load_file(part)["origin"]) for part in parts)


def figure(table: pd.DataFrame) -> Figure:
    """Time per window by number of series (ideally constant), and memory by size of the CSV."""
    plot = Figure(figsize=(8.5, 3.4), layout="constrained")
    left, right = plot.subplots(1, 2)
    for stage, rows in table.groupby("stage", sort=False):
        left.plot(rows["series"], rows["microseconds_per_window"], "o-", label=stage)
        right.plot(rows["csv_mib"], rows["memory_mib"], "o-", label=stage)
    left.set(ylabel="microseconds a window", title="time", xscale="log", xlabel="series")
    right.set(ylabel="MiB", title="peak memory of the process", xlabel="size of the CSV in MiB")
    for ax in (left, right):
        ax.set_ylim(0)
        ax.grid(axis="y", color="0.92")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    plot.suptitle("Time and memory grow in proportion to the number of series", x=0.005, ha="left")
    return plot


def as_text(table: pd.DataFrame) -> str:
    """Time and memory as a table; memory in MiB for each further MiB of CSV."""
    rows = []
    for stage, of in table.groupby("stage", sort=False):
        times = [f"{value:.2f}" for value in of["microseconds_per_window"]]
        slope = np.polyfit(of["csv_mib"], of["memory_mib"], 1)[0]
        rows.append([stage, *times, f"{slope:.1f}"])
    together = table.groupby("series")["microseconds_per_window"].sum()
    rows.append(["together", *(f"{value:.2f}" for value in together), ""])
    sizes = table["series"].unique()
    header = ["µs a window, by series", *(f"{size:,}" for size in sizes), "MiB a MiB of CSV"]
    return markdown(header, rows)


if __name__ == "__main__":
    main()
