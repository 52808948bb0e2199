"""DVC with a damaged file, a missing file in the cache, and two runs at once."""

import os
import subprocess
import time
from hashlib import md5
from pathlib import Path

import pytest
from clones import another, command, environment_of, stages_that_ran, succeed
from helpers import edit_params

WEIGHTS = "data/models/airline/weights.safetensors"


@pytest.fixture
def repository(finished_clone: Path, tmp_path: Path) -> Path:
    return another(finished_clone, tmp_path / "clone")


def flip_a_bit(path: Path, keep_date: bool) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-8, os.SEEK_END)
        file.write(bytes([byte ^ 1]))
    if keep_date:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_that_was_written_to_comes_back_from_the_cache(repository: Path) -> None:
    content = (repository / WEIGHTS).read_bytes()
    flip_a_bit(repository / WEIGHTS, keep_date=False)
    assert stages_that_ran(succeed(repository, "dvc", "repro")) == set()
    assert (repository / WEIGHTS).read_bytes() == content


def test_a_file_that_changed_by_itself_is_found_by_the_stage_that_reads_it(
    repository: Path,
) -> None:
    """DVC looks at dates, sizes and places before it looks at contents; a disk changes none."""
    content = (repository / WEIGHTS).read_bytes()
    assert "up to date" in succeed(repository, "dvc", "status")
    flip_a_bit(repository / WEIGHTS, keep_date=True)
    assert "up to date" in succeed(repository, "dvc", "status")
    edit_params(repository, {"tasks.airline.evaluate.baselines": ["drift"]})
    done = command(repository, "dvc", "repro")
    assert done.returncode != 0
    assert f"error: {WEIGHTS} is damaged" in done.stderr
    assert "Traceback" not in done.stderr
    # the mend that the message names
    assert "delete data/models/airline and run that command again" in done.stderr
    succeed(repository, "rm", "-r", "data/models/airline")
    ran = stages_that_ran(succeed(repository, "dvc", "repro"))
    assert ran == {"evaluate@airline", "plot@airline"}
    assert (repository / WEIGHTS).read_bytes() == content


def test_what_the_cache_lost_is_made_again(repository: Path) -> None:
    content = (repository / WEIGHTS).read_bytes()
    lock = (repository / "dvc.lock").read_bytes()
    name = md5(content, usedforsecurity=False).hexdigest()
    (repository / ".dvc/cache/files/md5" / name[:2] / name[2:]).unlink()
    succeed(repository, "rm", "-r", "data/models/airline")
    done = command(repository, "dvc", "checkout")
    assert done.returncode != 0
    assert "data/models/airline" in done.stderr
    # trained again to the same bytes, so that nothing after it runs
    assert stages_that_ran(succeed(repository, "dvc", "repro")) == {"train@airline"}
    assert (repository / WEIGHTS).read_bytes() == content
    assert (repository / "dvc.lock").read_bytes() == lock


def test_the_second_of_two_runs_must_wait(repository: Path) -> None:
    edit_params(repository, {"tasks.airline.train.epochs": 200})
    first = subprocess.Popen(
        ["dvc", "repro", "train@airline"],
        cwd=repository,
        env=environment_of(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = ""
    while "Running stage 'train@airline'" not in shown:
        line = first.stdout.readline()
        assert line, shown
        shown += line
    started = time.monotonic()
    second = command(repository, "dvc", "repro", "train@airline")
    waited = time.monotonic() - started
    shown += first.communicate(timeout=300)[0]
    assert first.returncode == 0, shown
    assert second.returncode != 0, f"{waited} s: {second.stdout}"
    assert "is busy, it is being blocked by" in second.stderr
    assert f"(PID {first.pid})" in second.stderr
    assert "Traceback" not in second.stderr
    assert "up to date" in succeed(repository, "dvc", "status", "train@airline")
