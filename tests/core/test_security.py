"""The code has no function that lets a file run code or reach outside the project."""

import ast
import json
from pathlib import Path

import pytest
from helpers import ROOT, Done, edit_params, one_error_line, run_stage_here
from PIL import Image
from sources import sources

from rnnlab.images.photos import MAX_PIXELS

# modules that make objects, and so run code, of what they read
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml"}
# by whatever name their module goes: torch.load, np.load, joblib.load, pd.read_pickle, …
FORBIDDEN_CALLS = {
    *("torch.load", "torch.save", "torch.jit.load", "torch.hub.load", "joblib.load"),
    *("joblib.dump", "numpy.load", "numpy.save", "numpy.savez", "pandas.read_pickle"),
    *("os.system", "os.popen"),
}
FORBIDDEN_METHODS = {"to_pickle", "read_pickle", "unsafe_load"}
# torch.distributed packs objects by pickle
FORBIDDEN_METHODS |= {"all_gather_object", "gather_object"}
FORBIDDEN_METHODS |= {"broadcast_object_list", "scatter_object_list"}
BUILT_IN = {"eval", "exec", "compile", "__import__"}


def long_names(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: np for numpy, load for torch.load."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found = {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            names |= found
    return names


def called(node: ast.Call, names: dict[str, str]) -> str:
    """The full name of what is called, as far as it can be read off."""
    text = ast.unparse(node.func)
    first, _, rest = text.partition(".")
    return ".".join(filter(None, [names.get(first, first), rest]))


def dangers(text: str) -> list[str]:
    tree = ast.parse(text)
    names = long_names(tree)
    found = [name for name in names.values() if name.split(".")[0] in FORBIDDEN_MODULES]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node, names)
        forbidden = name in FORBIDDEN_CALLS | BUILT_IN or name.split(".")[-1] in FORBIDDEN_METHODS
        words = {key.arg: ast.unparse(key.value) for key in node.keywords}
        shell = words.get("shell", "False") != "False"
        unsafe = name.split(".")[-1] == "YAML" and words.get("typ") not in (None, "'safe'", "'rt'")
        if forbidden or shell or unsafe or "allow_pickle" in words:
            found.append(name)
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_runs_code_of_a_file(path: Path) -> None:
    assert dangers(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads as f",
        "import torch\ntorch.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "from torch import load as f\nf('x')",
        "from joblib import load\nload('x')",
        "table.to_pickle('x')",
        "import pandas as pd\npd.read_pickle('x')",
        "import subprocess\nsubprocess.run('x', shell=True)",
        "import yaml",
        "from ruamel.yaml import YAML\nYAML(typ='unsafe')",
        "eval('x')",
    ],
)
def test_the_check_finds_what_it_is_for(text: str) -> None:
    assert dangers(text) != []


def test_no_pickle_among_what_stages_leave(finished: tuple[Path, Done]) -> None:
    """Protocol 2 and later begin with 0x80, torch's files with PK, numpy's with its name."""
    for path in (finished[0] / "data").rglob("*"):
        if path.is_file():
            head = path.read_bytes()[:6]
            # the length of a header of safetensors may begin with any byte, 0x80 too
            assert path.suffix == ".safetensors" or head[:1] != b"\x80", path
            assert head[:2] != b"PK", path
            assert head != b"\x93NUMPY", path


def test_a_photo_that_unpacks_to_gigabytes_is_rejected_unopened(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    side = int(MAX_PIXELS**0.5) + 1
    Image.new("1", (side, side)).save(copy / "bomb.png")
    assert (copy / "bomb.png").stat().st_size < 20_000
    assert run_stage_here(copy, "predict", "bomb.png") == 1
    one_error_line(capsys.readouterr().err, "bomb.png", "64 million pixels", "make it smaller")


def test_names_of_series_are_no_paths(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A panel whose names lead out of the project is read as any other; none becomes a file."""
    path = copy / "data/raw/airline.csv"
    _, *rows = path.read_text().splitlines()
    text = "unique_id,ds,y\n"
    for name in ("../../../escaped", "/tmp/escaped"):
        text += "".join(f"{name},{','.join(row.split(',')[-2:])}\n" for row in rows)
    path.write_text(text)
    edit_params(copy, {"tasks.airline.evaluate.baselines": ["naive"]})
    for stage in ("normalize", "windows", "train", "evaluate", "plot"):
        assert run_stage_here(copy, stage, "airline") == 0, capsys.readouterr().err
    card = json.loads((copy / "data/normalized/airline/card.json").read_text())
    assert card["ids"] == ["../../../escaped", "/tmp/escaped"]
    assert not [found for found in copy.parent.rglob("*escaped*") if found.is_file()]
