"""The modules of the project that a module imports, directly or indirectly."""

import ast
from pathlib import Path

from helpers import ROOT


def imports_of(path: Path) -> set[str]:
    """Modules that ``path`` imports anywhere in the file, but for types alone."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def modules_of(stage: str) -> set[str]:
    """All modules of the project that a stage imports, and the names of other packages."""
    return modules_from(f"stages/{stage}.py")


def modules_from(path: str) -> set[str]:
    """The same for a module, given by its path in the project; with the module itself."""
    assert (ROOT / path).is_file(), path
    pending, found = {path.removesuffix(".py").replace("/", ".")}, set()
    while pending:
        name = pending.pop()
        file = ROOT / (name.replace(".", "/") + ".py")
        if name not in found and file.is_file():
            pending |= imports_of(file)
        found.add(name)
    return found
