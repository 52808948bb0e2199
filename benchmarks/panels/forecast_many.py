"""Seconds and memory of ``rnnlab forecast``, from one series to very many.

    python -m benchmarks.panels.forecast_many --out results/forecast_many

Runs the whole command, from its start to the written table and picture, on monthly series of 120
values: as CSV, as Parquet, and as a folder of Parquet files; that one also on Ray, if it is
installed. Checks that Ray gives the same bytes. Writes a table as Markdown and as JSON.
"""

import filecmp
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scratch import ROOT, RUNS, markdown, write_results
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.stage import make_parser

MONTHS = 120
SIZES = (1, 1_000, 10_000, 100_000)
PARTS = 10
WORKERS = (1, 2)
Row = dict[str, Any]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of series")
    parser.add_argument("--rounds", type=int, default=3, help="medians are over so many (3)")
    parser.add_argument("--out", type=Path, default=RUNS / "forecast_many", help="folder")
    given = parser.parse_args()
    sys.exit(exit_code(lambda: run(given.sizes, given.rounds, given.out)))


def run(sizes: Sequence[int], rounds: int, out: Path) -> None:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in sizes:
            rows += of_files(folder, size, rounds)
        rows += of_parts(folder / f"{max(sizes)}", max(sizes), rounds)
    write_results(out, as_text(rows), rows)


def of_files(folder: Path, size: int, rounds: int) -> Iterator[Row]:
    """A CSV and a Parquet file of ``size`` series."""
    apart(write_files, folder, size)
    for ending in (".csv", ".parquet"):
        path = folder / f"{size}{ending}"
        yield measured(f"one file, {ending}", size, path, rounds, [])


def of_parts(folder: Path, size: int, rounds: int) -> Iterator[Row]:
    """A folder of Parquet files, one after the other and on Ray."""
    apart(write_parts, folder, size)
    yield measured(f"{PARTS} Parquet files", size, folder, rounds, [])
    if importlib.util.find_spec("ray") is None:
        return
    found = folder.with_name(f"out of {folder.name}")
    alone = found.rename(folder.with_name("alone"))
    for workers in WORKERS:
        ray = ["--ray", f"local:{workers}"]
        yield measured(f"the same on Ray, workers: {workers}", size, folder, rounds, ray)
        require_same(alone, found)


def apart(write: Callable[[Path, int], None], folder: Path, size: int) -> None:
    """Write in a process of its own: the memory of this one counts as that of its children."""
    process = get_context("spawn").Process(target=write, args=(folder, size))
    process.start()
    process.join()


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


def write_files(folder: Path, size: int) -> None:
    table = generate(size, MONTHS)
    table.to_csv(folder / f"{size}.csv", index=False)
    table.to_parquet(folder / f"{size}.parquet", index=False)


def write_parts(folder: Path, size: int) -> None:
    table = generate(size, MONTHS)
    folder.mkdir()
    each = -(-size // PARTS) * MONTHS
    for number, begin in enumerate(range(0, len(table), each)):
        table[begin : begin + each].to_parquet(folder / f"{number:02}.parquet", index=False)


def measured(what: str, size: int, path: Path, rounds: int, more: list[str]) -> Row:
    """The median time, and the most memory of the process."""
    seconds, memory = [], 0
    for _ in range(rounds):
        out = path.with_name(f"out of {path.stem}")
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "-m", "rnnlab", "forecast", str(path)]
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--out", str(out), *more],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - begin)
        if status:
            raise InputError(f"{' '.join(command)} failed: run it by hand")
        memory = max(memory, usage.ru_maxrss * 1024)
    size_of = sum(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())
    return {
        "what": what,
        "series": size,
        "seconds": median(seconds),
        "memory_mb": memory / 1e6,
        "data_mb": size_of / 1e6,
    }


def require_same(expected: Path, found: Path) -> None:
    names = sorted(str(p.relative_to(expected)) for p in expected.rglob("*.parquet"))
    _, different, missing = filecmp.cmpfiles(expected, found, names, shallow=False)
    if not names or different or missing:
        raise InputError(f"Ray gives other forecasts: {different + missing}")


def as_text(rows: list[Row]) -> str:
    header = ["series of 120 values", "", "seconds", "memory, MB", "data, MB"]
    cells = [
        [
            f"{row['series']:,}",
            row["what"],
            f"{row['seconds']:.1f}",
            f"{row['memory_mb']:,.0f}",
            f"{row['data_mb']:,.1f}",
        ]
        for row in rows
    ]
    return markdown(header, cells)


if __name__ == "__main__":
    main()
