"""Make this working tree look like a stranger's, in which everything was run, tried and changed.

    git clone . ../stranger && cd ../stranger && make environment
    .venv/bin/python tests/stranger.py && make test

An experiment on digits with another cell is applied, so dvc.lock is stale; a task of one's own is
added; scores, months, the pretrained network and local settings of DVC are others. The tests must
pass all the same. To restore the tree:

    git checkout . && git clean -fd && dvc checkout && dvc exp remove stranger
    rm -r .dvc/config.local forecasts report
"""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

NAME = "stranger"
CHANGES = {
    # as `make reproduce` writes them where it reaches no mirror
    "tasks.mnist.data.dataset": "digits",
    "tasks.mnist.train.batch_size": 32,
    "tasks.mnist.model.hidden_size": 7,
    "tasks.airline.model.cell": "gru",
    "tasks.airline.model.hidden_size": 5,
    "tasks.airline.windows.look_back": 24,
    "tasks.airline.evaluate.baselines": "[drift]",
    "seed": 5,
    "threads": 1,
    "zero_shot.steps": 9,
    "gate.accuracy": 0.5,
}
SETTINGS = """[core]
    remote = nowhere
    autostage = true
['remote "nowhere"']
    url = nowhere
"""
WRITTEN = ("forecasts/mine.csv", "report/index.html", "metrics/mnist/speed.json", "data/live/x")
NUMBER = re.compile(r"\b\d+\.\d+(?:e-\d+)?")


def main(words: list[str]) -> int:
    changed = run("git", "status", "--porcelain")
    if changed and "--anyway" not in words:
        print(
            "error: the tree has uncommitted changes, which this would mix with its own: commit "
            "them, take a clone, or add --anyway",
            file=sys.stderr,
        )
        return 1
    apply_an_experiment()
    add_a_task()
    change_what_is_committed()
    for name in WRITTEN:
        write(Path(name), "a stranger's\n")
    write(Path(".dvc/config.local"), SETTINGS)
    print(run("git", "status", "--short", "--untracked-files=no"), end="")
    return 0


def run(*words: str) -> str:
    # the stages run by the same Python, whether its environment is active or not
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def apply_an_experiment() -> None:
    options = [word for key, value in CHANGES.items() for word in ("-S", f"{key}={value}")]
    dvc = (sys.executable, "-m", "dvc")
    run(*dvc, "exp", "run", "--force", "--name", NAME, *options, "download_mnist")


def add_a_task() -> None:
    months = (f"{date(2000 + n // 12, n % 12 + 1, 1)},{50 + n % 12 + n % 7}\n" for n in range(96))
    write(Path(f"forecasts/{NAME}.csv"), "month,sold\n" + "".join(months))
    run(sys.executable, "-m", "rnnlab", "new-series", f"forecasts/{NAME}.csv")


def change_what_is_committed() -> None:
    for path in [*Path("metrics").rglob("*.json"), *Path("metrics").rglob("*.csv")]:
        text = path.read_text(encoding="utf-8")
        write(path, NUMBER.sub(lambda found: f"{0.9 * float(found[0]):.6f}", text))
    months = Path("data/raw/airline.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    write(Path("data/raw/airline.csv"), "".join(months[:-12]))
    weights = Path("models/zero_shot/weights.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
