"""A folder of Parquet files, forecast file by file: in constant memory, and on a cluster.

Each file is a part of its own, whose methods are chosen on its own last values. Its forecast is a
file of the same name, which holds what it was made from; so a part that is done is not done twice.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import torch

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files
from rnnlab.core.progress import track_progress
from rnnlab.effects.columns import with_covariates
from rnnlab.forecasting.forecast import forecast_panel
from rnnlab.forecasting.output import left_out_path, with_offsets, write_left_out
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.sources import find_source, local_name
from rnnlab.series.loading import panel_of
from rnnlab.series.panel import Panel
from rnnlab.tables.by_columns import names_of_series
from rnnlab.tables.reading import read_table
from rnnlab.zero_shot.storage import read_zero_shot

# in the metadata of a forecast: what it was made from
MADE_FROM = b"rnnlab"


@dataclass(frozen=True)
class FolderJob:
    """What all parts have in common, so that any process can do any of them.

    Attributes:
        folder, out: of the parts, and of their forecasts.
        reading: how each table is read.
        period, longer: the seasons, as those of a panel.
        horizon: steps to forecast, the same for all parts.
        fit: whether slow methods are fitted, too.
        weights: the checksum of the network.
        network: its folder; None for that of the package.
        holidays: codes of countries, with commas; None for no holidays.
    """

    folder: Path
    out: Path
    reading: ReadOptions
    period: int
    longer: float | None
    horizon: int
    fit: bool
    weights: str
    network: Path | None = None
    holidays: str | None = None


def find_parts(name: str, options: ReadOptions) -> list[Path]:
    """The files of a folder, if each series lies in one of them; else none.

    A folder that is partitioned by a column (``year=2020/``) has a part of its rows in the names
    of folders; it is one table.
    """
    folder = Path(local_name(name))
    if not folder.is_dir():
        return []
    paths = sorted(folder.rglob("*.parquet"))
    if len(paths) < 2 or any("=" in str(path.relative_to(folder)) for path in paths):
        return []
    seen: list[np.ndarray] = []
    with track_progress("names of series", len(paths), "parts") as work:
        for path in paths:
            try:
                names = names_of_series(find_source(str(path)), options)
            except InputError:
                # that part says so when its turn comes
                names = []
            # a number for each name: millions of them take little memory
            seen.append(pd.util.hash_array(np.array(names, dtype=object), categorize=False))
            work.advance()
    every = np.concatenate(seen)
    return paths if len(np.unique(every)) == len(every) else []


def target_of(job: FolderJob, path: Path) -> Path:
    return job.out / path.relative_to(job.folder)


def made_from(job: FolderJob, path: Path) -> bytes:
    """What the forecast of a part depends on, but for the code."""
    known, content = path.stat(), asdict(job)
    # wherever the folders are
    for place in ("folder", "out", "network"):
        del content[place]
    content |= {"size": known.st_size, "changed": known.st_mtime_ns}
    return json.dumps(content, sort_keys=True).encode()


def is_done(job: FolderJob, path: Path) -> bool:
    """Whether the forecast of a part is there, made from the same file in the same way."""
    import pyarrow
    import pyarrow.parquet

    target = target_of(job, path)
    if not target.is_file():
        return False
    try:
        metadata = pyarrow.parquet.read_metadata(target).metadata or {}
    except (pyarrow.ArrowException, OSError):
        return False
    return metadata.get(MADE_FROM) == made_from(job, path)


@dataclass(frozen=True)
class PartResult:
    """What came of a part.

    Attributes:
        series, left_out: the number of its series with and without a forecast.
        fallbacks: by method the number of series for which it failed.
        error: why the part could not be read; empty if it could.
        options: with which it could be; see ``InputError``.
    """

    series: int = 0
    left_out: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)
    error: str = ""
    options: tuple[str, ...] = ()


def forecast_part(job: FolderJob, path: Path) -> PartResult:
    """Forecast the series of one file and write them.

    A file that cannot be read does not stop the others: its error is kept.
    """
    # with one thread the bytes are the same wherever a part is done
    torch.set_num_threads(1)
    try:
        panel = part_with_covariates(job, path)
        network = read_zero_shot(job.network)
    except InputError as error:
        return PartResult(error=str(error), options=error.options)
    found = forecast_panel(panel, network, job.horizon, job.fit)
    target = target_of(job, path)
    with output_files(target.parent, or_none=[left_out_path(target).name]) as folder:
        write_left_out(folder, target, panel)
        table = with_offsets(found.table(), panel)
        write_part(folder / target.name, table, made_from(job, path))
    return PartResult(len(panel.ids), len(panel.left_out), +found.fallbacks)


def part_with_covariates(job: FolderJob, path: Path) -> Panel:
    """The series of one file with the job's seasons, and what is known up to its horizon.

    Raises:
        InputError: see ``read_table``, ``panel_of`` and ``with_covariates``.
    """
    table = read_table(str(path), job.reading)
    panel = panel_of(table, job.reading, any_series=True)
    panel = replace(panel, period=job.period, longer=job.longer)
    return with_covariates(panel, table, job.horizon, job.holidays)


def write_part(path: Path, table: pd.DataFrame, content: bytes) -> None:
    import pyarrow
    import pyarrow.parquet

    rows = pyarrow.Table.from_pandas(table, preserve_index=False)
    metadata = {**(rows.schema.metadata or {}), MADE_FROM: content}
    pyarrow.parquet.write_table(rows.replace_schema_metadata(metadata), path)


def forecast_parts(job: FolderJob, paths: list[Path], ray: str | None) -> list[PartResult]:
    """Forecast the files that are not done yet.

    Args:
        ray: address of a Ray cluster, or ``local``; None for this process alone.
    """
    waiting = [path for path in paths if not is_done(job, path)]
    run = in_this_process if ray is None else on_ray(ray)
    found = []
    with track_progress("", len(paths), "parts") as work:
        work.advance(len(paths) - len(waiting))
        for done in run(job, waiting):
            found.append(done)
            work.advance()
    return found


def in_this_process(job: FolderJob, paths: Iterable[Path]) -> Iterator[PartResult]:
    for path in paths:
        yield forecast_part(job, path)


def on_ray(address: str) -> Callable[[FolderJob, list[Path]], Iterator[PartResult]]:
    """What does the parts on a Ray cluster, two at a time for each of its processors.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError:
        raise InputError("--ray needs Ray: pip install 'rnnlab[ray]'") from None

    def run(job: FolderJob, paths: list[Path]) -> Iterator[PartResult]:
        connect(ray, address)
        task = ray.remote(num_cpus=1, max_retries=2)(forecast_part)
        at_once = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        running: list[object] = []
        try:
            for path in paths:
                running.append(task.remote(job, path))
                if len(running) >= at_once:
                    done, running = ray.wait(running)
                    yield from ray.get(done)
            while running:
                done, running = ray.wait(running)
                yield from ray.get(done)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            # a node without the project, or one that died twice
            reason = str(error).strip().splitlines()[0]
            raise InputError(
                f"--ray {address}: a worker failed ({reason}); install this project on each node, "
                "which must see the same folders"
            ) from None
        finally:
            ray.shutdown()

    return run


def connect(ray: ModuleType, address: str) -> None:
    """Start Ray here (``local`` or ``local:WORKERS``), or join the cluster at ``address``."""
    where, _, workers = address.partition(":")
    if where == "local":
        if workers and not workers.isdigit():
            raise InputError(f"--ray {address}: write local:2 for two workers, for example")
        count = int(workers) if workers else None
        ray.init(
            num_cpus=count, log_to_driver=False, include_dashboard=False, logging_level="error"
        )
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (ConnectionError, ValueError) as error:
        raise InputError(f"--ray {address}: no such cluster ({error})") from None
