"""pip and uv install the project: what a wheel of it holds, and which torch it asks for."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from clones import clone
from helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_a_wheel_holds_the_library_and_nothing_else(tmp_path: Path) -> None:
    """Built as pip does it, but with the setuptools that is installed here: no network."""
    folder = clone(tmp_path / "clone")
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    code = {path.relative_to(folder).as_posix() for path in (folder / "rnnlab").rglob("*.py")}
    assert held == {*code, "rnnlab/report/template.html"}


def test_every_build_of_torch_is_of_one_version() -> None:
    dependencies = PROJECT["project"]["dependencies"]
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
