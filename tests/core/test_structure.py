"""What the design says of the code: no stage imports another, and torch only where needed."""

import ast
from pathlib import Path

import pytest
from helpers import (
    ROOT,
    STAGES,
)


def imports_of(path: Path) -> set[str]:
    """Modules that ``path`` imports at its top or within."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def modules_of(stage: str) -> set[str]:
    """All modules of the project that a stage comes to import, and other packages' names."""
    pending, found = {f"stages.{stage}"}, set()
    while pending:
        name = pending.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name not in found and path.is_file():
            pending |= imports_of(path)
        found.add(name)
    return found


@pytest.mark.parametrize("stage", [*STAGES, "report"])
def test_no_stage_imports_another(stage: str) -> None:
    others = {f"stages.{other}" for other in (*STAGES, "report") if other != stage}
    assert modules_of(stage) & others == set()


@pytest.mark.parametrize("stage", ["download_mnist", "normalize", "windows", "plot", "report"])
def test_stages_that_need_no_torch_do_not_import_it(stage: str) -> None:
    assert {name.split(".")[0] for name in modules_of(stage)} & {"torch", "torchvision"} == set()
