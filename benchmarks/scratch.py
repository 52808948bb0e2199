"""Shared by benchmarks: changed parameters, separate projects, kept results, timing, tables."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from dvc.utils.hydra import apply_overrides

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files, write_atomically, write_json
from rnnlab.core.params import Params, load_params
from rnnlab.search.changes import Changes, assignments

CODE = Path(__file__).resolve().parents[1]
ROOT = CODE  # of the parameters, the raw data and the pretrained network
RUNS = CODE / "benchmarks/runs"  # runs of your own, outside git; results/ has the published ones
TASK = "mnist"
COMMIT_AS = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]


def write_results(out: Path, text: str, rows: list[Any]) -> None:
    """Print a table, and write it as table.md and its rows as table.json into ``out``."""
    with output_files(out) as folder:
        (folder / "table.md").write_text(text + "\n", encoding="utf-8")
        write_json(folder / "table.json", rows)
    print(text)


def write_params(project: Path, changes: Changes) -> Params:
    """Write this project's params.yaml with ``changes`` to ``project``, and return it."""
    path = Path(shutil.copy(ROOT / "params.yaml", project))
    # as `dvc exp run -S` sets them
    apply_overrides(path, assignments(changes))
    return load_params(path)


def with_changes(changes: Changes) -> Params:
    """This project's parameters with ``changes``."""
    with tempfile.TemporaryDirectory() as folder:
        return write_params(Path(folder), changes)


@contextmanager
def scratch_project() -> Iterator[Path]:
    """A temporary folder with this project's raw data, in which stages can run."""
    raw = ROOT / "data/raw"
    if not (raw / "mnist/files.csv").is_file():
        raise InputError(f"{raw}/mnist/files.csv is missing: run `dvc repro download_mnist`")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "data").mkdir()
        (project / "data/raw").symlink_to(raw, target_is_directory=True)
        link_pretrained(project)
        yield project


def link_pretrained(project: Path) -> None:
    """Let ``project`` use the pretrained network of this one, if that has one."""
    if (ROOT / "models").is_dir():
        (project / "models").symlink_to(ROOT / "models", target_is_directory=True)


@contextmanager
def project_copy() -> Iterator[Path]:
    """A temporary copy of this project's files, in their current state, without ignored ones.

    It has no outputs, no dvc.lock and no cache, so that every stage has to run.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CODE, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name in listed.split("\0"):
            if (CODE / name).is_file():
                (project / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CODE / name, project / name)
        (project / "dvc.lock").unlink(missing_ok=True)
        # DVCLive records the commit that it runs on
        for command in (
            ["init", "--quiet"],
            ["add", "."],
            [*COMMIT_AS, "commit", "--quiet", "-m", "copy"],
        ):
            subprocess.run(["git", *command], cwd=project, check=True)
        yield project


def own_tools() -> dict[str, str]:
    """An environment in which `python` and `dvc` are those of this process."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path}


def run_stages(project: Path, *stages: str, task: str = TASK) -> None:
    """Run stages of a task in ``project`` with the code of this project.

    Raises:
        InputError: a stage failed; the reason is on standard error.
    """
    path = os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path}
    for stage in stages:
        command = [sys.executable, "-m", f"stages.{stage}", task]
        done = subprocess.run(command, cwd=project, env=environment, check=False)
        if done.returncode:
            raise InputError(f"stages.{stage} {task} failed, see above")


def kept(path: Path, made_by: Params | dict, work: Callable[[], dict]) -> dict:
    """The results in ``path`` if they were made by the same parameters; else those of ``work``.

    New results are written to ``path``. A benchmark that was stopped therefore resumes, and it
    starts from scratch if its parameters have changed.
    """
    wanted = json.loads(json.dumps(made_by if isinstance(made_by, dict) else recipe(made_by)))
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["made_by"] == wanted:
            return found["figures"]
    figures = work()
    content = {"figures": figures, "made_by": wanted}
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
    return figures


def recipe(params: Params) -> dict:
    """All parameters that determine a score of the images task."""
    task = params.tasks[TASK].model_dump(exclude={"plot", "evaluate"})
    # results from before this key are as valid without it
    if task["train"]["steps"] is None:
        del task["train"]["steps"]
    return {"seed": params.seed, "threads": params.threads, "device": params.device, **task}


def alternate(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each candidate over ``rounds``, after a warm-up round.

    The candidates alternate, so that a slow phase of the machine affects all of them.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, work in candidates.items():
            begun = time.perf_counter()
            work()
            if number:
                times[name].append(time.perf_counter() - begun)
    return {name: median(found) for name, found in times.items()}


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
