"""DVC remotes: what one machine pushed, another pulls without training."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from clones import another, commit, stages_that_ran, succeed
from moto.server import ThreadedMotoServer

MADE = ("data/raw/mnist", "data/normalized", "data/windows", "data/models", "data/live")
Add = Callable[[Path], None]


@pytest.fixture
def pushing(finished_clone: Path, tmp_path: Path) -> Path:
    return another(finished_clone, tmp_path / "pushing")


@pytest.fixture
def add_remote(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """A function that makes an empty store the default remote of a project."""
    if kind == "folder":
        yield lambda project: add(project, str(tmp_path / "store"))
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    requests.put(f"{endpoint}/bucket", timeout=30).raise_for_status()
    yield lambda project: add(project, "s3://bucket/runs", endpointurl=endpoint)
    server.stop()


def add(project: Path, address: str, **settings: str) -> None:
    succeed(project, "dvc", "remote", "add", "--force", "--default", "storage", address)
    for name, value in settings.items():
        succeed(project, "dvc", "remote", "modify", "storage", name, value)
    commit(project)


def contents(project: Path) -> dict[str, bytes]:
    """All that the stages made and git does not hold, by path."""
    paths = [path for folder in MADE for path in (project / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(project)): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    ("kind", "ways"),
    [
        ("folder", {"pulled": [["pull"], ["repro"]], "reproduced": [["repro", "--pull"]]}),
        # the way that `repro` pulls does not depend on where from
        ("s3", {"pulled": [["pull"], ["repro"]]}),
    ],
    ids=["folder", "s3"],
)
def test_another_machine_has_every_stage_from_the_remote(
    pushing: Path, add_remote: Add, ways: dict[str, list[list[str]]], tmp_path: Path
) -> None:
    add_remote(pushing)
    succeed(pushing, "dvc", "push")
    made = contents(pushing)
    assert {"data/models/mnist/weights.safetensors", "data/raw/mnist/files.csv"} <= made.keys()
    for name, commands in ways.items():
        succeed(tmp_path, "git", "clone", "--quiet", str(pushing), name)
        assert contents(tmp_path / name) == {}
        output = "".join(succeed(tmp_path / name, "dvc", *words) for words in commands)
        assert stages_that_ran(output) == set()
        assert "Data and pipelines are up to date" in output
        assert contents(tmp_path / name) == made
