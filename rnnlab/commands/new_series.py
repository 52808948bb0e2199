"""rnnlab new-series: a file of a series becomes a task of the pipeline."""

import filecmp
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.cells.numbers import readings
from rnnlab.commands.yaml_entry import with_artifact, with_plots, with_task
from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import PARAMS_FILE, Params, SeriesTask, load_params
from rnnlab.core.temporary import locked
from rnnlab.effects.task import rest_of
from rnnlab.forecasting.task_settings import (
    SeriesOptions,
    read_series,
    shorten_windows,
    task_for,
    without_log_of_nonpositive,
)
from rnnlab.formats.sources import local_name, stem_of
from rnnlab.search.changes import SPACES
from rnnlab.series.normalization import fit_normalization, unusable_series
from rnnlab.series.panel import Panel, training_ends, warn_left_out
from rnnlab.series.times import format_times
from rnnlab.tables.reading import Table

RAW = Path("data/raw")
PIPELINE = Path("dvc.yaml")
# a larger file is for DVC's cache rather than for git
MOST_BYTES_IN_GIT = 2**20


def new_series(options: SeriesOptions, name: str | None, unit: str | None, params: Params) -> None:
    """Check everything, then write the data, the plots and the entry that makes it a task.

    Raises:
        InputError: the name is taken or none, or the file, a column or the period won't do.
    """
    if "missing=zero" in options.read:
        raise InputError(
            "--read missing=zero: the pipeline reads missing rows as gaps; write the zeros into "
            f"{options.csv}"
        )
    if "dates=numbers" in options.read:
        raise InputError(
            "--read dates=numbers: the pipeline reads such numbers as dates; write smaller ones "
            f"into {options.csv}"
        )
    source = local_name(options.csv)
    name = new_name(name or stem_of(source), params)
    task, panel = fitted(options, params)
    table = panel.table
    assert table is not None
    warn_left_out(panel, table.name, Path("data/normalized") / name / "card.json")
    unit = unit or table.value
    data: dict[str, str | None] = {}
    content = None
    # the pipeline reads a file that leaves nothing to guess; of others it gets the long table
    if not table.is_long or options.read:
        content = long_text(table)
        data = dict.fromkeys(("id_column", "time_column", "value_column"))
    RAW.mkdir(parents=True, exist_ok=True)
    # nobody else adds a task between reading and writing; those who write lock the folders below
    with locked(RAW.parent):
        new_name(name, load_params())
        target = place_for(source, name, content)
        data["csv"] = target.as_posix()
        task = task.model_copy(
            update={
                "data": task.data.model_copy(update=data),
                "plot": task.plot.model_copy(update={"unit": unit}),
            }
        )
        pipeline = with_artifact(PIPELINE.read_text("utf-8"), name, options.task)
        texts = {
            PIPELINE: with_plots(pipeline, name, options.task, unit, panel),
            PARAMS_FILE: with_task(PARAMS_FILE.read_text("utf-8"), name, options.task, task),
        }
        write_task(texts, target, source if content is None else content)
        write_space(name, options.task)
    print(said_of(name, task, panel))


def write_task(texts: dict[Path, str], target: Path, data: str | bytes) -> None:
    """Write the texts of the project's files and the data, a file or its content; all or nothing.

    The data come first and params.yaml last, so that a run that was killed may be repeated.
    """
    with output_files(Path()) as folder:
        for path, text in texts.items():
            (folder / path).write_text(text, encoding="utf-8")
        load_params(folder / PARAMS_FILE)
        if not target.exists():
            with output_files(RAW) as raw:
                if isinstance(data, bytes):
                    (raw / target.name).write_bytes(data)
                else:
                    shutil.copyfile(data, raw / target.name)


def write_space(name: str, task: str) -> None:
    """Let ``rnnlab search`` change what it changes of ``task``, if the person has written none."""
    of_task, own = (SPACES / f"{each}.yaml" for each in (task, name))
    if of_task.is_file() and not own.exists():
        text = of_task.read_text("utf-8").replace(f"tasks.{task}.", f"tasks.{name}.")
        with output_files(SPACES) as folder:
            (folder / own.name).write_text(
                text.replace(f"search {task}", f"search {name}"), "utf-8"
            )


def new_name(name: str, params: Params) -> str:
    if name in params.tasks:
        raise InputError(f"{PARAMS_FILE}: tasks.{name} is there already; choose another --name")
    if name == ZERO_SHOT:
        raise InputError(f"{name} is the name of the pretrained network; choose another --name")
    # gto, which finds models by their names, takes no _ or - at either end
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?", name):
        raise InputError(
            f"{name!r} is no name of a task; give letters and digits, with _ or - between them, as "
            "--name"
        )
    return name


def fitted(options: SeriesOptions, params: Params) -> tuple[SeriesTask, Panel]:
    """The settings of --task for the file, and those of its series that can be learned from."""
    task = task_for(options, params)
    least = task.windows.horizon
    task, panel = read_series(options, task)
    # a whole season in one go, if the series is long enough
    horizon = max(least, task.data.period)
    windows = task.windows.model_copy(update={"horizon": horizon})
    task = task.model_copy(update={"windows": windows})
    panel, _ = rest_of(panel, task)
    task = without_log_of_nonpositive(task, panel)
    training = training_ends(panel.lengths, task.data)
    panel = panel.without(unusable_series(panel, training, task.normalize.method), task.data.csv)
    training = training_ends(panel.lengths, task.data)
    normalization = fit_normalization(
        panel.filled, panel.offsets, training, task.normalize, task.data.period
    )
    return shorten_windows(task, int(training.max()), normalization), panel


def place_for(name_of_source: str, name: str, text: bytes | None) -> Path:
    """Where the file, or ``text`` instead, is to lie; InputError where another lies there."""
    source = Path(name_of_source)
    if text is None and source.resolve().parent == RAW.resolve():
        return RAW / source.name
    target = RAW / f"{name}{(source.suffix.lower() if text is None else '') or '.csv'}"
    if target.exists() and not (
        filecmp.cmp(source, target, shallow=False) if text is None else target.read_bytes() == text
    ):
        raise InputError(f"{target} is there already and holds other data; choose another --name")
    return target


def long_text(table: Table) -> bytes:
    """The table unique_id, ds, y, and its known columns, as CSV."""
    columns = {
        "unique_id": np.array(table.names, dtype=object)[table.codes],
        "ds": format_times(table.ds),
        "y": number_texts(table.y),
    }
    for name, cells in table.known.items():
        if name in columns:
            raise InputError(
                f"--known {name}: the pipeline's table has such a column itself; rename it in "
                f"{table.name}"
            )
        columns[name] = number_texts(cells) if cells.dtype.kind == "f" else cells
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n").encode()


def number_texts(numbers: np.ndarray) -> list[str]:
    """Each number in full, NaN as nothing."""
    texts = [repr(float(value)) if value == value else "" for value in numbers]
    # if all were like 1.234, the pipeline would have to ask whether that is 1234
    if all(len({*readings(text).values()}) == 2 for text in texts if text):
        return [text and f"{text}0" for text in texts]
    return texts


def said_of(name: str, task: SeriesTask, panel: Panel) -> str:
    """What was read, what to run, what to look at and how to keep it."""
    windows, kept = task.windows, task.data.csv
    read = f"{len(panel.ids)} series of up to" if len(panel.ids) > 1 else "a series of"
    lines = [
        f"Task {name}: {read} {panel.lengths.max()} values, period {task.data.period}; the "
        f"network reads {windows.look_back} steps and forecasts {windows.horizon}.",
        f"Run it:  dvc repro plot@{name}",
        f"Look at: metrics/{name}/plots/, and `rnnlab report` for the scores",
    ]
    if Path(kept).stat().st_size > MOST_BYTES_IN_GIT:
        lines.append(f"Keep it: dvc add {kept}   (large for git; DVC's cache holds it)")
        kept = f"{kept}.dvc {RAW}/.gitignore"
    else:
        lines.append("Keep it, which experiments in DVC's queue need too:")
    return "\n".join([*lines, f"         git add {kept} {PARAMS_FILE} {PIPELINE}"])
