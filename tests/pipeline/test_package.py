"""pip and uv install the project: what a wheel of it holds, and which torch it asks for."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from clones import clone
from helpers import ROOT, small_environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


WEIGHTS = ("card.json", "weights.safetensors")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip does it, but with the setuptools that is installed here: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = clone(folder / "clone")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "."], cwd=source, check=True)
    [found] = folder.glob("*.whl")
    return found


def test_a_wheel_holds_the_library_its_weights_and_nothing_else(wheel: Path) -> None:
    folder = wheel.parent / "clone"
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        for name in WEIGHTS:
            of_git = (folder / "models/zero_shot" / name).read_bytes()
            assert archive.read(f"rnnlab/weights/{name}") == of_git
    code = {path.relative_to(folder).as_posix() for path in (folder / "rnnlab").rglob("*.py")}
    page = {
        path.relative_to(folder).as_posix()
        for path in (folder / "rnnlab/report").iterdir()
        if path.suffix in (".html", ".css", ".js")
    }
    assert held == {
        *code,
        *page,
        "rnnlab/py.typed",
        *(f"rnnlab/weights/{name}" for name in WEIGHTS),
    }


def test_an_installed_wheel_forecasts_in_a_folder_that_nobody_may_write(
    wheel: Path, tmp_path: Path
) -> None:
    """Far from the checkout, without a home, and for root without the right to write anywhere."""
    site, data, here = tmp_path / "site", tmp_path / "mine.csv", tmp_path / "here"
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    data.write_bytes((ROOT / "data/raw/airline.csv").read_bytes())
    here.mkdir()
    here.chmod(0o555)
    others = ("HOME", "PYTHONPATH", "RNNLAB_NETWORK")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    lowered = []
    if os.geteuid() == 0 and (setpriv := shutil.which("setpriv")):
        lowered = [setpriv, "--bounding-set=-dac_override", "--inh-caps=-dac_override"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*lowered, sys.executable, *command],
            cwd=here,
            env={**kept, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"},
            capture_output=True,
            text=True,
        )

    by_command = run(
        str(site / "bin/rnnlab"), "forecast", str(data), "--horizon", "3", "--out", "-"
    )
    assert by_command.returncode == 0, by_command.stderr
    code = (
        f"import rnnlab; print(rnnlab.__file__); print(rnnlab.forecast({str(data)!r}, 3).to_csv())"
    )
    by_python = run("-c", code)
    assert by_python.returncode == 0, by_python.stderr
    assert by_python.stderr == ""
    assert str(site) in by_python.stdout
    rows = by_command.stdout.splitlines()[1:]
    assert len(rows) == 3
    for row, other in zip(rows, by_python.stdout.splitlines()[2:], strict=False):
        assert row.split(",")[2:] == [f"{float(cell):.10g}" for cell in other.split(",")[3:]]
    project = run(str(site / "bin/rnnlab"), "report")
    assert project.returncode == 1
    assert project.stderr.startswith("error: params.yaml is missing: rnnlab report needs a project")
    assert list(here.iterdir()) == []


def test_every_build_of_torch_is_of_one_version() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    dependencies = [*PROJECT["project"]["dependencies"], *extras["pipeline"]]
    pinned = {line for line in dependencies if line.startswith("torch")}
    assert len(pinned) == 2
    for build in ("cpu", "gpu"):
        assert {*PROJECT["project"]["optional-dependencies"][build]} == pinned
    [made] = re.findall(r"^TORCH := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert made in pinned


def test_uv_takes_each_build_from_an_index_of_its_own() -> None:
    uv = PROJECT["tool"]["uv"]
    addresses = {index["name"]: index["url"] for index in uv["index"]}
    # without `explicit`, uv would take other packages from there, too
    assert all(index["explicit"] for index in uv["index"])
    for package in ("torch", "torchvision"):
        taken = {source["extra"]: addresses[source["index"]] for source in uv["sources"][package]}
        assert taken["cpu"].endswith("/whl/cpu")
        assert re.search(r"/whl/cu\d+$", taken["gpu"])


def test_the_library_asks_for_what_it_imports(tmp_path: Path) -> None:
    """A forecast, also with fits, needs nothing of the extra for the pipeline."""
    names = [
        re.split(r"[\[>=]", line)[0]
        for line in PROJECT["project"]["optional-dependencies"]["pipeline"]
    ]
    modules = {"scikit-learn": "sklearn", "pillow": "PIL", "vl-convert-python": "vl_convert"}
    own = {re.split(r"[\[>=]", line)[0] for line in PROJECT["project"]["dependencies"]}
    # libraries that a dependency brings
    brought = {"pillow", "scipy", "scikit-learn", "requests", "urllib3", "jinja2"}
    banned = [modules.get(name, name) for name in names if name not in own | brought]
    code = f"""
import sys
for name in {banned!r}:
    sys.modules[name] = None
import rnnlab
y = [float(n % 12) for n in range(60)]
rnnlab.forecast(y, 3, period=12, fit=True)
rnnlab.plot(y, rnnlab.backtest(y, 3, period=12) and rnnlab.forecast(y, 3, period=12))
import rnnlab.commands.forecast
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=small_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(banned) >= 5
