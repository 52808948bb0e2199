"""Two processes that write the same files at the same time: all that stays is complete, and of one.

Fifty rounds of every way to write; after each round both have ended well.
"""

import hashlib
import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import partial_leftovers, read_json, read_yaml
from safetensors.numpy import load_file

from rnnlab.commands.new_series import new_series
from rnnlab.core.files import output_folder, write_atomically, write_json, write_tensors
from rnnlab.core.params import load_params
from rnnlab.forecasting.output import write_files
from rnnlab.forecasting.task_settings import SeriesOptions
from rnnlab.images.mirrors import fetch
from rnnlab.training.checkpoints import Checkpoint

ROUNDS = 50
SIZE = 3_000

Writer = Callable[[Path, int], None]
# of which process the files in a folder are
Reader = Callable[[Path], int]


def the_only(values: Any) -> int:
    (value,) = {*np.ravel(values).tolist()}
    return int(value)


def write_stage(folder: Path, who: int) -> None:
    with output_folder(folder / "out") as out:
        write_json(out / "card.json", [who] * SIZE)
        write_tensors(out / "weights.safetensors", {"x": np.full(SIZE, who)})


def read_stage(folder: Path) -> int:
    card = read_json(folder / "out/card.json")
    tensors = load_file(folder / "out/weights.safetensors")
    return the_only([*card, *tensors["x"]])


def write_file(folder: Path, who: int) -> None:
    write_atomically(folder / "gate.md", f"{who}".encode() * SIZE)


def read_file(folder: Path) -> int:
    text = (folder / "gate.md").read_text()
    assert len(text) == SIZE
    return the_only([*map(int, text)])


def write_checkpoint(folder: Path, who: int) -> None:
    Checkpoint(folder / "run/main.safetensors").save(lambda: {"x": torch.full((SIZE,), who)}, True)


def read_checkpoint(folder: Path) -> int:
    state = Checkpoint(folder / "run/main.safetensors").load()
    assert state is not None
    return the_only(state["x"].numpy())


def write_forecast(folder: Path, who: int) -> None:
    """The first has series without a forecast, the second cannot draw."""

    def draw(path: Path) -> None:
        if who == 1:
            raise RuntimeError("no picture")
        path.write_text("0" * SIZE)

    panel: Any = SimpleNamespace(left_out={} if who == 1 else {"a": "has no value"})
    table = pd.DataFrame({"ds": np.arange(SIZE), "forecast": who})
    write_files(folder / "mine.csv", panel, "mine.csv", table, {}, draw)


def read_forecast(folder: Path) -> int:
    table = pd.read_csv(folder / "mine.csv")
    assert len(table) == SIZE
    who = the_only(table["forecast"])
    more = [] if who == 1 else ["mine.png", "mine_left_out.csv"]
    assert sorted(path.name for path in folder.iterdir()) == ["mine.csv", *more]
    return who


def fetch_file(folder: Path, who: int) -> None:
    content = (folder.parent / f"mirror{who}/x.gz").read_bytes()
    fetch("x.gz", hashlib.md5(content).hexdigest(), [str(folder.parent / f"mirror{who}")], folder)


def read_fetched(folder: Path) -> int:
    content = (folder / "x.gz").read_bytes()
    assert len(content) == SIZE
    return the_only([*content])


WRITERS: dict[str, tuple[Writer, Reader]] = {
    "a stage": (write_stage, read_stage),
    "a file": (write_file, read_file),
    "a checkpoint": (write_checkpoint, read_checkpoint),
    "a forecast": (write_forecast, read_forecast),
    "a download": (fetch_file, read_fetched),
}


def together(work: Callable[[int, Any], None]) -> None:
    """Do ``work(who, barrier)`` in two processes."""
    # a copy of this process, which has imported everything
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2, timeout=60)

    def checked(who: int) -> None:
        try:
            work(who, barrier)
        except BaseException:
            # the other need not wait
            barrier.abort()
            raise

    both = [context.Process(target=checked, args=(who,)) for who in (0, 1)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]


@pytest.mark.parametrize("name", WRITERS)
def test_each_output_is_complete_and_of_one(name: str, tmp_path: Path) -> None:
    write, read = WRITERS[name]
    folder = tmp_path / "here"
    folder.mkdir()
    for who in (0, 1):
        (tmp_path / f"mirror{who}").mkdir()
        (tmp_path / f"mirror{who}/x.gz").write_bytes(bytes([who]) * SIZE)

    def work(who: int, barrier: Any) -> None:
        for _ in range(ROUNDS):
            barrier.wait()
            write(folder, who)
            barrier.wait()
            if who == 0:
                assert read(folder) in (0, 1)
                assert partial_leftovers(tmp_path) == []
                shutil.rmtree(folder)
                folder.mkdir()

    together(work)


def test_two_new_series_are_two_tasks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    rounds = 3
    months = pd.date_range("2015-01-01", periods=60, freq="MS").strftime("%Y-%m-%d")
    values = 30 + 5 * np.sin(np.arange(60) / 2) + np.arange(60) / 10
    pd.DataFrame({"ds": months, "y": values}).to_csv("mine.csv", index=False)
    options = SeriesOptions("airline", "mine.csv", 12, None, None, None)

    def work(who: int, barrier: Any) -> None:
        for number in range(rounds):
            params = load_params()
            barrier.wait()
            new_series(options, f"mine-{who}-{number}", None, params)

    together(work)
    names = {f"mine-{who}-{number}" for who in (0, 1) for number in range(rounds)}
    assert names <= load_params().tasks.keys()
    plots = [title for entry in read_yaml(project / "dvc.yaml")["plots"] for title in entry]
    assert {title.split()[0] for title in plots if title.startswith("mine-")} == names
    assert {path.stem for path in (project / "data/raw").iterdir()} == {*names, "airline"}
    assert partial_leftovers(project) == []
