"""The project's modules, for the tests that scan them."""

from functools import cache
from pathlib import Path
from subprocess import run

from helpers import ROOT

# a folder with fewer modules has moved, and a test that scans it would look at nothing
FEWEST = {"rnnlab": 110, "stages": 9, "benchmarks": 20, "experiments": 2}


@cache
def sources(*folders: str) -> list[Path]:
    """The modules that git tracks in ``folders``, by default in all that hold code."""
    found: list[Path] = []
    for folder in folders or FEWEST:
        command = ["git", "ls-files", "-z", f"{folder}/*.py"]
        listed = run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = listed.rstrip("\0").split("\0")
        assert len(names) >= FEWEST[folder], f"{folder}/: {len(names)} modules"
        found += [ROOT / name for name in names if (ROOT / name).is_file()]
    return sorted(found)
