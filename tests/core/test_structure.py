"""What the design says of the code: no stage imports another, and torch only where needed."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import STAGES, Mirror, edit_params, small_environment
from imports import modules_of


@pytest.mark.parametrize("stage", [*STAGES, "report"])
def test_no_stage_imports_another(stage: str) -> None:
    others = {f"stages.{other}" for other in (*STAGES, "report") if other != stage}
    assert modules_of(stage) & others == set()


@pytest.mark.parametrize("stage", ["normalize", "windows", "plot", "report"])
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
