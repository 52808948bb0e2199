"""Helpers for several test modules: small data, small projects, real runs of stages."""

import csv
import gzip
import hashlib
import io
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from rnnlab.images.idx import IMAGE_FILES

ROOT = Path(__file__).resolve().parents[1]
CHAIN = ("normalize", "windows", "train", "evaluate", "plot")
TASKS = ("mnist", "airline")
# settings of the airline series as in params.yaml, but with fast baselines
DEFAULT_AIRLINE_SETTINGS = {
    "tasks.airline.normalize.method": "log_exponential_smoothing",
    "tasks.airline.windows.center": "none",
    "tasks.airline.evaluate.baselines": ["seasonal_naive", "drift"],
}
Done = dict[tuple[str, str], subprocess.CompletedProcess[str]]
STAGES = ("download_mnist", "normalize", "windows", "train", "pretrain", "evaluate", "plot")
COMMANDS = ("forecast", "predict", "new_series", "report", "gate")
COUNTS = {"train": 250, "validation": 50, "test": 60}
CLASSES = 4
BASELINES = [
    *["naive", "seasonal_naive", "naive2", "last_growth", "drift"],
    *["holt_winters", "ets", "sarima", "theta"],
]

# every stage is fast with these, and the network still learns the small images; all settings that
# tests rely on are here, so that tuned defaults in params.yaml break no test
SMALL_MODEL = {
    "cell": "lstm",
    "num_layers": 1,
    "bias": True,
    "dropout": 0.0,
    "bidirectional": False,
    "pooling": "last",
    "head_dropout": 0.0,
}
SMALL_TRAIN = {
    "optimizer": "adam",
    "learning_rate": 0.02,
    "schedule": "constant",
    "weight_average": 0.0,
    "input_noise": 0.0,
    "precision": "float32",
    "patience": 0,
    "ensemble": 1,
}
SMALL_SETTINGS = {
    "seed": 1,
    "threads": 1,
    "device": "cpu",
    **{f"tasks.{t}.model.{k}": v for t in ("mnist", "airline") for k, v in SMALL_MODEL.items()},
    **{f"tasks.{t}.train.{k}": v for t in ("mnist", "airline") for k, v in SMALL_TRAIN.items()},
    "tasks.mnist.data.dataset": "small",
    "tasks.mnist.data.validation_images": COUNTS["validation"],
    "tasks.mnist.normalize.method": "standard",
    "tasks.mnist.windows.sequence": "rows",
    "tasks.mnist.model.hidden_size": 16,
    "tasks.mnist.train.epochs": 6,
    "tasks.mnist.train.batch_size": 25,
    "tasks.mnist.plot.dpi": 50,
    "tasks.mnist.plot.sheet": 8,
    "tasks.airline.normalize.method": "log_seasonal_difference",
    "tasks.airline.windows.look_back": 12,
    "tasks.airline.windows.horizon": 12,
    "tasks.airline.windows.step": 1,
    "tasks.airline.windows.center": "last",
    "tasks.airline.windows.scale": "none",
    "tasks.airline.windows.residual": "none",
    "tasks.airline.model.hidden_size": 8,
    "tasks.airline.train.epochs": 4,
    "tasks.airline.train.loss": "mse",
    "tasks.airline.train.refit": True,
    "tasks.airline.evaluate.baselines": BASELINES,
    "tasks.airline.evaluate.refit_every": 0,
    "tasks.airline.plot.dpi": 50,
    "zero_shot.hidden_size": 8,
    "zero_shot.decoder_size": 8,
    "zero_shot.steps": 4,
    "zero_shot.batch_size": 8,
    "zero_shot.steps_ahead": 4,
    "zero_shot.workers": 0,
    "zero_shot.evaluate.synthetic_series": 10,
    "zero_shot.plot.dpi": 50,
}


def trained(project: Path, task: str) -> dict[str, bytes]:
    """All files of training that DVC tracks."""
    folders = [project / "data" / part / task for part in ("models", "live")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(project)): path.read_bytes() for path in files}


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_yaml(path: Path) -> Any:
    return pickle.loads(_parsed(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=200)
def _parsed(text: str) -> bytes:
    """Packed, since each caller may change what it gets; ruamel takes far longer than that."""
    return pickle.dumps(YAML().load(text))


def write_yaml(tree: Any, path: Path) -> None:
    YAML().dump(tree, path)


def set_key(tree: Any, dotted: str, value: Any) -> None:
    *blocks, last = dotted.split(".")
    for block in blocks:
        tree = tree.setdefault(block, {})
    tree[last] = value


def edit_params(project: Path, changes: dict[str, Any]) -> None:
    """Set dotted keys of the project's params.yaml and keep its comments."""
    path = project / "params.yaml"
    params = read_yaml(path)
    for dotted, value in changes.items():
        set_key(params, dotted, value)
    write_yaml(params, path)


def small_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "MNIST_MIRROR"}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def run_stage(
    project: Path, stage: str, *args: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m stages.STAGE ARGS`` in ``project`` in a new process."""
    return subprocess.run(
        [sys.executable, "-m", *words_of(stage), *args],
        cwd=project,
        env=small_environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=120,
    )


def run_stages_together(project: Path, *stages: str, **env: str) -> None:
    """Run stages ("pretrain", "train@airline") in turn in one process, which imports torch once."""
    script = """if True:
        import runpy, sys
        for words in sys.argv[1:]:
            sys.argv = words.split("@")
            try:
                runpy.run_module(f"stages.{sys.argv[0]}", run_name="__main__")
            except SystemExit as end:
                if end.code:
                    raise
    """
    done = subprocess.run(
        [sys.executable, "-c", script, *stages],
        cwd=project,
        env=small_environment(**env),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr


def on_a_terminal(project: Path, stream: str, *command: str, **variables: str) -> str:
    """What ``python COMMAND`` writes to ``stream``, stdout or stderr, if that is a terminal."""
    outer, inner = os.openpty()
    kept = {name: value for name, value in small_environment(no_proxy="127.0.0.1").items()
            if name not in ("NO_COLOR", "FORCE_COLOR")}  # fmt: skip
    options: Any = {"stdout": subprocess.DEVNULL, stream: inner}
    environment = {**kept, "TERM": "xterm-256color", **variables}
    process = subprocess.Popen([sys.executable, *command], cwd=project, env=environment, **options)
    os.close(inner)
    shown = b""
    # Linux says so where the other end is closed
    with suppress(OSError):
        while part := os.read(outer, 4096):
            shown += part
    os.close(outer)
    assert process.wait(timeout=60) == 0, shown
    return shown.decode()


def words_of(name: str) -> list[str]:
    """What follows ``python -m`` for a stage, or for a command of ``rnnlab``."""
    return ["rnnlab", name.replace("_", "-")] if name in COMMANDS else [f"stages.{name}"]


def run_stage_here(project: Path, stage: str, *args: str) -> int:
    """Run the same command line inside this process, which avoids the import of torch."""
    before, argv = Path.cwd(), sys.argv
    os.chdir(project)
    module, *words = words_of(stage)
    # runpy warns about a module that was imported before
    sys.modules.pop(module if module != "rnnlab" else "rnnlab.__main__", None)
    sys.argv = [module, *words, *args] if words else [stage, *args]
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        os.chdir(before)
        sys.argv = argv
    raise AssertionError("the stage did not exit")


def run_captured(project: Path, stage: str, *args: str) -> subprocess.CompletedProcess[str]:
    """``run_stage`` inside this process: what it printed, for a fraction of the time."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_stage_here(project, stage, *args)
    return subprocess.CompletedProcess([stage, *args], code, out.getvalue(), err.getvalue())


def one_error_line(stderr: str, *words: str) -> str:
    """Check that stderr is one line for a user, with all of ``words``, and return it.

    What was understood of a table may stand before it.
    """
    lines = [line for line in stderr.splitlines() if line.strip()]
    if understood := re.match(r"(\S+): (one|\d+) series, .*; period \d+", lines[0]):
        while len(lines) > 1 and lines[0].startswith(f"{understood[1]}: "):
            del lines[0]
    assert len(lines) == 1, stderr
    assert lines[0].startswith("error: ")
    assert "Traceback" not in stderr
    for word in words:
        assert word in lines[0]
    return lines[0]


def partial_leftovers(project: Path) -> list[Path]:
    return sorted(project.rglob("*.partial"))


def write_idx_bytes(array: np.ndarray) -> bytes:
    """A gzipped IDX file, written here so that tests do not rely on the project's writer."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


def small_images(seed: int = 0, size: int = 8) -> dict[str, np.ndarray]:
    """Learnable images: each class has its pattern, with noise."""
    draw = np.random.default_rng(seed)
    patterns = np.random.default_rng(7).integers(0, 200, (CLASSES, size, size))
    arrays = {}
    for part, count in (("train", COUNTS["train"] + COUNTS["validation"]), ("test", 60)):
        labels = draw.permutation(np.arange(count) % CLASSES)
        noise = draw.integers(0, 56, (count, size, size))
        arrays[f"{part}_images"] = (patterns[labels] + noise).astype(np.uint8)
        arrays[f"{part}_labels"] = labels.astype(np.uint8)
    return arrays


def write_images(folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, str]:
    """Write the four IDX files into ``folder``; return the MD5 sum of each by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    sums = {}
    for part, name in IMAGE_FILES.items():
        content = write_idx_bytes(arrays[part])
        (folder / name).write_bytes(content)
        sums[name] = hashlib.md5(content).hexdigest()
    return sums


def write_small_dataset(folder: Path, project: Path, dataset: str = "MNIST") -> None:
    """Write 28×28 images into ``folder`` and their sums into the project's params.yaml.

    The entry comes before torchvision's of the same name.
    """
    sums = write_images(folder, small_images(size=28))
    edit_params(project, {f"datasets.{dataset}": {"mirrors": [], "md5": sums}})


def put_images(project: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a data set where stage download_mnist would write it."""
    folder = project / "data/raw/mnist"
    sums = write_images(folder, arrays)
    rows = [f"small,{part},{name},{sums[name]}\n" for part, name in IMAGE_FILES.items()]
    (folder / "files.csv").write_text("dataset,part,file,md5\n" + "".join(rows))


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        self.server.asked.append(name)
        planned = self.server.faults.get(name, [])
        fault = planned.pop(0) if planned else None
        if isinstance(fault, int):
            self.send_error(fault)
        elif fault == "truncate":
            content = (Path(self.directory) / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        else:
            super().do_GET()

    def log_message(self, *args: Any) -> None:
        pass


class Mirror(ThreadingHTTPServer):
    """A real HTTP server of ``folder`` on the loopback address.

    ``faults`` has the faults of the next requests for a file: a status or "truncate".
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.folder = folder
        self.asked: list[str] = []
        self.faults: dict[str, list[int | str]] = {}
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


@contextmanager
def start_mirror(folder: Path) -> Iterator[Mirror]:
    """Serve ``folder`` over HTTP while the block runs."""
    mirror = Mirror(folder)
    thread = Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        mirror.shutdown()
        mirror.server_close()
        thread.join(timeout=5)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The same, but yield only the address."""
    with start_mirror(folder) as mirror:
        yield mirror.url


def free_address() -> str:
    """An address on which nothing listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_address[1]}/"
