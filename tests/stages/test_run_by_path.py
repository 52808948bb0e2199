"""`python stages/STAGE.py`, as editors run a file, does what `python -m stages.STAGE` does."""

import ast
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import ROOT, STAGES, run_stage_here, small_environment, trained


def run_by_path(project: Path, stage: str, *args: str) -> subprocess.CompletedProcess[str]:
    environment = small_environment()
    del environment["PYTHONPATH"]
    return subprocess.run(
        [sys.executable, str(ROOT / "stages" / f"{stage}.py"), *args],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


# two of unlike imports; download_mnist and train run below, and what lets a script find the
# package is looked for in every one of them
BY_PATH = ("normalize", "plot")


@pytest.fixture(scope="module")
def helps(blank_project: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda stage: run_by_path(blank_project, stage, "--help"), BY_PATH)
        return dict(zip(BY_PATH, done, strict=True))


@pytest.mark.parametrize("stage", BY_PATH)
def test_the_help_is_the_same(
    blank_project: Path,
    helps: dict[str, subprocess.CompletedProcess[str]],
    stage: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_stage_here(blank_project, stage, "--help") == 0
    # from Python 3.14 on, the line of usage says how the command was called
    expected = capsys.readouterr().out.partition("\n\n")[2]
    assert helps[stage].returncode == 0, helps[stage].stderr
    assert helps[stage].stdout.partition("\n\n")[2] == expected
    assert helps[stage].stderr == ""


def test_a_network_is_trained_to_the_same_bytes(copy: Path) -> None:
    before = trained(copy, "airline")
    shutil.rmtree(copy / "data/models/airline")
    done = run_by_path(copy, "train", "airline")
    assert done.returncode == 0, done.stderr
    assert trained(copy, "airline") == before


def test_faults_are_one_line(tmp_path: Path) -> None:
    done = run_by_path(tmp_path, "download_mnist")
    assert done.returncode == 1
    assert done.stderr == "error: params.yaml is missing: run from the root of the project\n"


def test_the_package_itself_is_imported() -> None:
    """With what it sets, and with the root of the project where the folder of the script was."""
    look = f"""if True:
        import gc, sys
        sys.path[0] = {str(ROOT / "stages")!r}
        import rnnlab
        print(rnnlab.__file__, sys.path[0], gc.get_threshold()[0], sys.excepthook.__module__)
    """
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    found = [f"{ROOT}/rnnlab/__init__.py", str(ROOT), "100000", "rnnlab.core.process"]
    assert done.stdout.split() == found


@pytest.mark.parametrize("stage", STAGES)
def test_the_package_comes_before_torch(stage: str) -> None:
    """What it sets in the environment, torch reads as it is loaded."""
    imports = [
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.parse((ROOT / "stages" / f"{stage}.py").read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    packages = [name.split(".")[0] for name in imports]
    assert "rnnlab" in packages
    assert "torch" not in packages[: packages.index("rnnlab")]
