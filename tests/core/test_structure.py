"""What the design says of the code: packages that need each other in one direction only."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT, STAGES, Mirror, edit_params, small_environment
from imports import imports_of, modules_of
from sources import sources

PACKAGES = sorted(path.parent.name for path in (ROOT / "rnnlab").glob("*/__init__.py"))
MODULES = [
    path for path in sources("rnnlab") if path.parent.name in PACKAGES and path.stem != "__init__"
]
# from the top to the bottom: a package may need those below it
FLOORS = [
    {"commands"},
    {"search"},
    {"report"},
    {"plots"},
    {"backtesting"},
    {"forecasting", "images"},
    {"zero_shot", "effects"},
    {"training"},
    {"networks", "series", "synthetic", "frames"},
    {"tables"},
    {"formats"},
    {"cells"},
    {"core", "features"},
]


def packages_needed(path: Path) -> set[str]:
    names = (name.split(".") for name in imports_of(path) if name.startswith("rnnlab."))
    return {name[1] for name in names if name[1] in PACKAGES} - {path.parent.name}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_packages_need_only_those_below(path: Path) -> None:
    floor = {package: number for number, level in enumerate(FLOORS) for package in level}
    assert sorted(floor) == PACKAGES
    for needed in packages_needed(path):
        assert floor[needed] > floor[path.parent.name], f"{path.parent.name} needs {needed}"


def test_contributing_shows_these_floors() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```\n(\w+ →.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert [{*level.strip().split(", ")} for level in shown.split("→")] == FLOORS


def test_no_two_modules_need_each_other() -> None:
    needs = {
        f"rnnlab.{path.parent.name}.{path.stem}": {
            name for name in imports_of(path) if name.count(".") == 2
        }
        for path in MODULES
    }

    def all_needed(module: str, seen: set[str]) -> set[str]:
        for name in needs.get(module, set()) - seen:
            seen.add(name)
            all_needed(name, seen)
        return seen

    assert [module for module in needs if module in all_needed(module, set())] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_small_and_says_what_it_is_for(package: str) -> None:
    folder = ROOT / "rnnlab" / package
    assert len([path for path in MODULES if path.parent == folder]) <= 12
    text = (folder / "__init__.py").read_text()
    assert len([line for line in text.splitlines() if line.strip('"')]) == 2


def test_stages_hold_what_dvc_runs() -> None:
    found = {path.stem for path in sources("stages")}
    # rnnlab.py lets `python stages/train.py` find the library
    assert found == {*STAGES, "__init__", "rnnlab"}


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_another(stage: str) -> None:
    others = {f"stages.{other}" for other in STAGES if other != stage}
    assert modules_of(stage) & others == set()


AT_TORCH = """
import importlib, os, sys
class AtTorch:
    def find_spec(self, name, *given):
        if name == "torch":
            sys.exit(os.environ.get("GOMP_SPINCOUNT", "not set"))
sys.meta_path.insert(0, AtTorch())
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize("module", ["stages.train", "experiments.run", "benchmarks.speed.bench"])
def test_threads_know_how_long_to_spin_before_torch_is_loaded(module: str) -> None:
    environment = small_environment()
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        environment.pop(name, None)
    command = [sys.executable, "-c", AT_TORCH, module]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.stderr.strip() == "2000"


@pytest.mark.parametrize("stage", ["normalize", "windows", "plot"])
def test_stages_that_need_no_torch_do_not_import_it(stage: str) -> None:
    assert {name.split(".")[0] for name in modules_of(stage)} & {"torch", "torchvision"} == set()


@pytest.mark.parametrize("dataset", ["digits", "small"])
def test_the_download_imports_torchvision_for_its_sets_alone(
    project: Path, mirror: Mirror, mirror_sums: dict[str, str], dataset: str
) -> None:
    own = {"datasets.small": {"mirrors": [mirror.url], "md5": mirror_sums}}
    edit_params(project, {**own, "tasks.mnist.data.dataset": dataset})
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stages.download_mnist"],
        cwd=project,
        env=small_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "rnnlab.images.mirrors" in imported
    assert imported & {"torch", "torchvision"} == set()
