"""One trial: an experiment of DVC beside the workspace, watched while it trains."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rnnlab.core.errors import InputError
from rnnlab.search.changes import Changes, assignments, with_changes

# train adds a line of figures for each epoch to the file that this variable names
CURVE_VARIABLE = "RNNLAB_CURVE"
POLL_SECONDS = 0.3
# a process that is stopped removes its temporary folder
STOP_SECONDS = 15

# epoch and figures of a network to whether the trial is worth no more time
Watch = Callable[[dict], bool]


class Pruned(Exception):
    """The trial was stopped, since its validation curve is worse than most."""


class Failed(Exception):
    """The trial gave no score; the message is the reason in one line."""


@dataclass(frozen=True)
class Place:
    """Where a trial runs.

    Attributes:
        name: of the experiment.
        task: a key of tasks in params.yaml.
        folder: for its log and its curve.
        threads: each trial gets so many; None for those of params.yaml.
    """

    name: str
    task: str
    folder: Path
    threads: int | None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def curve(self) -> Path:
        return self.folder / f"{self.name}.jsonl"


def run_trial(
    place: Place,
    changes: Changes,
    watch: Watch,
    stopped: Callable[[], bool],
    begun: Callable[[int], None],
) -> dict:
    """Run the experiment, and return what its metrics.json holds.

    Args:
        watch: asked after each epoch of the first network.
        stopped: whether the search was stopped.
        begun: gets the process.

    Raises:
        Pruned: ``watch`` said so.
        Failed: with the reason.
    """
    try:
        with_changes(changes)
    except InputError as error:
        raise Failed(str(error)) from None
    remove_experiment(place.name)
    place.folder.mkdir(parents=True, exist_ok=True)
    place.curve.unlink(missing_ok=True)
    if place.threads is not None:
        changes = {**changes, "threads": place.threads}
    words = [word for each in assignments(changes) for word in ("-S", each)]
    # a trial that begins or ends locks the project for a moment
    dvc = [sys.executable, "-m", "dvc", "--wait-for-lock", "exp", "run"]
    command = [*dvc, "--temp", "--name", place.name, *words]
    with place.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, f"evaluate@{place.task}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, CURVE_VARIABLE: str(place.curve.resolve())},
            start_new_session=True,
        )
    begun(process.pid)
    epochs = 0
    try:
        while process.poll() is None:
            for figures in _lines_after(place.curve, epochs):
                epochs += 1
                if watch(figures):
                    raise Pruned
            if stopped():
                raise Failed("stopped")
            time.sleep(POLL_SECONDS)
    finally:
        stop(process.pid)
        process.wait()
    if process.returncode:
        raise Failed(reason_in(place.log))
    return metrics_of(place.name, place.task)


def _lines_after(path: Path, count: int) -> Iterator[dict]:
    """The whole lines of a curve from the one with index ``count`` on."""
    if path.exists():
        whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
        yield from (json.loads(line) for line in whole.splitlines()[count:])


def stop(process: int) -> None:
    """Stop a process and those that it started; nothing if it has ended."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process, sign)
            end = time.monotonic() + STOP_SECONDS
            while time.monotonic() < end:
                os.killpg(process, 0)
                if _is_zombie(process):
                    return
                time.sleep(POLL_SECONDS)
        except (ProcessLookupError, PermissionError):
            return


def _is_zombie(process: int) -> bool:
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:
        return False


def reason_in(log: Path) -> str:
    """The line of a log that says why it ended."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line for line in lines if line.lower().startswith(("error", "params.yaml"))]
    # the first error is the stage's, the next ones DVC's
    return (told or [line for line in lines if line.strip()] or ["it wrote nothing"])[0].strip()


def experiment_ref(name: str) -> str | None:
    """The ref of git that holds an experiment."""
    done = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname)", f"refs/exps/*/*/{name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()[0] if done.stdout.split() else None


def remove_experiment(name: str) -> None:
    if experiment_ref(name):
        remove = [sys.executable, "-m", "dvc", "exp", "remove", "--quiet", name]
        subprocess.run(remove, capture_output=True, check=False)


def metrics_of(name: str, task: str) -> dict:
    """What metrics.json of a task holds in an experiment; raise Failed if there is none."""
    ref = experiment_ref(name)
    done = subprocess.run(
        ["git", "show", f"{ref}:metrics/{task}/metrics.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ref is None or done.returncode:
        raise Failed(f"DVC kept no experiment {name} with metrics/{task}/metrics.json")
    return json.loads(done.stdout)
