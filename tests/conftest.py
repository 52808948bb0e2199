"""Fixtures: a small project in a temporary folder, and a mirror that serves small images."""

import os
import pickle
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# before torch is imported: tests are small, and several threads would only slow them down
os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import clones
import helpers
import numpy as np
import pytest
import torch
from committed import COMMITTED
from filelock import FileLock
from helpers import (
    CHAIN,
    TASKS,
    Done,
    Mirror,
    edit_params,
    run_stage,
)

torch.set_num_threads(1)
# a stranger may have pretrained another network in the tree
os.environ["RNNLAB_NETWORK"] = str(COMMITTED / "models/zero_shot")
# a shell makes background processes ignore Ctrl-C, and their children inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def smallest_numbers() -> None:
    """Undo what other tests set for speed: it rounds denormal numbers to zero."""
    torch.set_flush_denormal(False)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` has filled, once for all workers of pytest-xdist."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            partial.mkdir()
            make(partial)
            partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def blank_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline's files in git, with small settings and no outputs; do not write to it."""
    folder = tmp_path_factory.mktemp("blank")
    (folder / "data/raw").mkdir(parents=True)
    for name in ("params.yaml", "dvc.yaml", "data/raw/airline.csv"):
        shutil.copy(COMMITTED / name, folder / name)
    sums = dict.fromkeys(helpers.IMAGE_FILES.values(), "0" * 32)
    small = {"datasets.small": {"mirrors": [], "md5": sums}}
    edit_params(folder, {**helpers.SMALL_SETTINGS, **small})
    return folder


@pytest.fixture
def project(blank_project: Path, tmp_path: Path) -> Path:
    """A small project for one test."""
    return shutil.copytree(blank_project, tmp_path / "project")


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[helpers.Mirror]:
    folder = tmp_path_factory.mktemp("mirror")
    helpers.write_images(folder, helpers.small_images())
    with helpers.start_mirror(folder) as server:
        yield server


@pytest.fixture(scope="session")
def mirror_sums(mirror: helpers.Mirror) -> dict[str, str]:
    return helpers.write_images(mirror.folder, helpers.small_images())


@pytest.fixture(scope="session")
def airline() -> np.ndarray:
    """The 144 months."""
    return np.loadtxt(COMMITTED / "data/raw/airline.csv", delimiter=",", skiprows=1, usecols=2)


@pytest.fixture(scope="session")
def finished(
    blank_project: Path,
    mirror: Mirror,
    mirror_sums: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Done]:
    """A project after all stages of both tasks, and their results. Copy it before changing it."""

    def make(shared: Path) -> None:
        folder = shared / "project"
        shutil.copytree(blank_project, folder)
        edit_params(folder, {"datasets.small": {"mirrors": [mirror.url], "md5": mirror_sums}})
        done: Done = {}

        def chain(task: str) -> None:
            if task == "mnist":
                done["download_mnist", task] = run_stage(folder, "download_mnist")
            for stage in CHAIN:
                done[stage, task] = run_stage(folder, stage, task)

        with ThreadPoolExecutor() as pool:
            list(pool.map(chain, TASKS))
        (shared / "done").write_bytes(pickle.dumps(done))

    shared = made_once(tmp_path_factory, "finished", make)
    folder = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(shared / "project", folder)
    # another worker's mirror may have stopped
    edit_params(folder, {"datasets.small.mirrors": [mirror.url]})
    return folder, pickle.loads((shared / "done").read_bytes())


@pytest.fixture
def copy(finished: tuple[Path, Done], tmp_path: Path) -> Path:
    """A copy of the finished project, which a test may change."""
    return shutil.copytree(finished[0], tmp_path / "copy")


@pytest.fixture(scope="session")
def finished_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone after `dvc repro`. Copy it before changing it."""

    def make(shared: Path) -> None:
        clones.finish(shared / "clone", shared / "mirror")

    return made_once(tmp_path_factory, "finished_clone", make) / "clone"
