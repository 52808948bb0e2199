"""What benchmarks share: parameters changed by key, stages run apart, runs kept, tables."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.common.errors import InputError
from stages.common.params import Params, load_params

CODE = Path(__file__).resolve().parents[1]
ROOT = CODE  # of the parameters and the raw data
RESULTS = CODE / "benchmarks/results"
TASK = "mnist"
Changes = dict[str, Any]


def read_set(name: str) -> Changes:
    """The changes of a named parameter set: dotted keys of params.yaml and their values."""
    path = CODE / "experiments" / name
    if not path.is_file():
        known = ", ".join(sorted(other.name for other in path.parent.iterdir()))
        raise InputError(f"{name}: no such parameter set; there are {known}")
    pairs = [line[3:].split("=", 1) for line in path.read_text().split("\n") if line[:3] == "-S "]
    return {key: YAML(typ="safe").load(value) for key, value in pairs}


def write_params(project: Path, changes: Changes) -> Params:
    """Write this project's params.yaml with ``changes`` into ``project``; what it then holds."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for dotted, value in changes.items():
        *blocks, last = dotted.split(".")
        block = params
        for key in blocks:
            block = block[key]
        block[last] = value
    yaml.dump(params, project / "params.yaml")
    return load_params(project / "params.yaml")


def with_changes(changes: Changes) -> Params:
    """This project's parameters with ``changes``."""
    with tempfile.TemporaryDirectory() as folder:
        return write_params(Path(folder), changes)


@contextmanager
def scratch_project() -> Iterator[Path]:
    """A folder with this project's raw data, in which stages can run; removed in the end."""
    raw = ROOT / "data/raw"
    if not (raw / "mnist/files.csv").is_file():
        raise InputError(f"{raw}/mnist/files.csv is missing: run `dvc repro download_mnist`")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "data").mkdir()
        (project / "data/raw").symlink_to(raw, target_is_directory=True)
        yield project


def run_stages(project: Path, *stages: str, task: str = TASK) -> None:
    """Run stages of a task in ``project``, with the code of this one.

    Raises:
        InputError: a stage failed; it has said why on standard error.
    """
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    for stage in stages:
        command = [sys.executable, "-m", f"stages.{stage}", task]
        done = subprocess.run(command, cwd=project, env=environment, check=False)
        if done.returncode:
            raise InputError(f"stages.{stage} {task} failed, see above")


def kept(path: Path, made_by: Params | dict, work: Callable[[], dict]) -> dict:
    """The figures in ``path`` if the same parameters made them; else those of ``work``, kept there.

    So a benchmark that was stopped goes on where it was, and one whose parameters have changed
    starts anew.
    """
    wanted = json.loads(json.dumps(made_by if isinstance(made_by, dict) else recipe(made_by)))
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["made_by"] == wanted:
            return found["figures"]
    figures = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    content = {"figures": figures, "made_by": wanted}
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    return figures


def recipe(params: Params) -> dict:
    """All parameters that a score of the images task hangs on."""
    task = params.tasks[TASK].model_dump(exclude={"plot", "evaluate"})
    return {"seed": params.seed, "threads": params.threads, "device": params.device, **task}


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
