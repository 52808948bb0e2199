"""What a run or a person may change in the working tree, as the last commit has it.

Code under test comes from the tree; parameters, pipeline, data, figures and the pretrained network
come from here. So no test depends on what was run, tried or added in the tree.
"""

import atexit
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from helpers import ROOT

# the README, since it quotes figures of the same commit
CHANGEABLE = (
    *("params.yaml", "dvc.yaml", "dvc.lock", ".dvc/config"),
    *("data", "metrics", "models", "experiments/search"),
)
PATHS = (*CHANGEABLE, "README.md")


def checked_out() -> Path:
    """A temporary folder with ``PATHS`` of the last commit, which goes when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="committed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = subprocess.run(
        ["git", "archive", "HEAD", *PATHS], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def may_change(name: str) -> bool:
    """Whether a run or a person may change the file ``name`` of the working tree."""
    return any(Path(name).is_relative_to(path) for path in CHANGEABLE)


# do not write to it
COMMITTED = checked_out()


def with_pretrained(project: Path) -> Path:
    """Put the pretrained network into ``project`` and return that."""
    target = project / "models/zero_shot"
    shutil.copytree(COMMITTED / "models/zero_shot", target, dirs_exist_ok=True)
    return project
