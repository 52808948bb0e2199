"""Ablation of the images recipe: validation accuracy with one setting changed.

    python -m benchmarks.accuracy.ablation --seeds 3

With each seed, trains the network of params.yaml and one network for each setting below, which
differs in this setting alone. A run takes about 2 minutes on two cores. Finished runs are kept, so
the benchmark can be stopped and resumed. Only training and validation images are read: the test
part is deleted before the first run.

Reads:   params.yaml, data/raw/mnist/
Writes:  benchmarks/runs/ablation/: a JSON for each run, and table.md; the table also goes to
         standard output
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np

from benchmarks.scratch import (
    RUNS,
    TASK,
    Changes,
    kept,
    markdown,
    run_stages,
    scratch_project,
    with_changes,
    write_params,
)
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.files import write_atomically
from rnnlab.core.params import ImagesTask, Params
from rnnlab.core.stage import make_parser

BASE = "base"
# the values of each setting; the value of the base is skipped
SETTINGS: dict[str, list[Changes]] = {
    "forget bias": [{"model.forget_bias": 0.0}, {"model.forget_bias": 1.0}],
    "chrono initialisation": [{"model.chrono": 0}, {"model.chrono": 28}],
    "orthogonal initialisation": [{"model.orthogonal": False}, {"model.orthogonal": True}],
    "gradient clipping": [{"train.gradient_clip": 0.0}, {"train.gradient_clip": 1.0}],
    "optimizer": [
        {"train.optimizer": "adamw"},
        {"train.optimizer": "adam", "train.weight_decay": 0.0},
        {"train.optimizer": "sgd", "train.momentum": 0.9, "train.learning_rate": 0.2},
    ],
    "schedule": [
        {"train.schedule": "one_cycle"},
        {"train.schedule": "cosine"},
        {"train.schedule": "constant"},
    ],
    "label smoothing": [{"train.label_smoothing": 0.0}, {"train.label_smoothing": 0.1}],
    "dropout between layers": [{"model.dropout": 0.0}, {"model.dropout": 0.2}],
    "dropout before the head": [{"model.head_dropout": 0.0}, {"model.head_dropout": 0.2}],
    "weight decay": [{"train.weight_decay": 0.0}, {"train.weight_decay": 0.05}],
    "average of weights": [{"train.weight_average": 0.0}, {"train.weight_average": 0.998}],
    "augmentation": [{"train.augment": None}],
    "pooling": [{"model.pooling": "last"}, {"model.pooling": "mean"}, {"model.pooling": "max"}],
    "bidirectional": [{"model.bidirectional": False}, {"model.bidirectional": True}],
    "width": [{"model.hidden_size": 64}, {"model.hidden_size": 128}, {"model.hidden_size": 256}],
    "depth": [{"model.num_layers": 1}, {"model.num_layers": 2}, {"model.num_layers": 3}],
    "batch size": [{"train.batch_size": 128}, {"train.batch_size": 256}, {"train.batch_size": 512}],
    "precision": [{"train.precision": "bfloat16"}, {"train.precision": "float32"}],
    "cell": [{"model.cell": "rnn"}, {"model.cell": "gru"}, {"model.cell": "lstm"}],
}


def main(arguments: argparse.Namespace) -> None:
    if arguments.seeds < 1:
        raise InputError("--seeds: write 1 or more")
    shared = {"threads": arguments.threads, f"tasks.{TASK}.train.epochs": arguments.epochs}
    shared = {key: value for key, value in shared.items() if value is not None}
    # the same on all machines, so that runs are comparable
    shared[f"tasks.{TASK}.train.precision"] = "bfloat16"
    runs = planned(with_changes(shared), arguments.only)
    scores: dict[str, list[dict]] = {name: [] for name in runs}
    with scratch_project() as project:
        prepare_without_test(project, shared)
        # seed by seed, so that the results of the first seed are complete early
        for seed in range(1, arguments.seeds + 1):
            for name, changes in runs.items():
                params = write_params(project, {**shared, **changes, "seed": seed})
                path = arguments.out / f"{file_name(name)}-{seed}.json"
                scores[name].append(kept(path, params, lambda: train(project)))
                shown = scores[name][-1]["validation_accuracy"]
                print(f"{name}, seed {seed}: {shown:.2%}", file=sys.stderr)
    text = table(scores, runs)
    write_atomically(arguments.out / "table.md", (text + "\n").encode())
    print(text)


def planned(base: Params, only: list[str] | None) -> dict[str, Changes]:
    """The runs by name with their changes, the base first.

    Raises:
        InputError: ``only`` has an unknown setting.
    """
    for name in only or []:
        if name not in SETTINGS:
            raise InputError(f"--only: {name!r} is not a setting; use one of {', '.join(SETTINGS)}")
    task = base.images(TASK)
    runs: dict[str, Changes] = {BASE: {}}
    for setting_name in only or SETTINGS:
        for changes in SETTINGS[setting_name]:
            if any(at(task, key) != value for key, value in changes.items()):
                runs[f"{setting_name}: {setting_label(changes)}"] = {
                    f"tasks.{TASK}.{key}": value for key, value in changes.items()
                }
    return runs


def at(task: ImagesTask, key: str) -> object:
    block, name = key.split(".")
    return getattr(getattr(task, block), name)


def setting_label(changes: Changes) -> str:
    return ", ".join(
        f"{key.split('.')[1]} {'none' if value is None else str(value).lower()}"
        for key, value in changes.items()
    )


def file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c == "." else "_" for c in name)


def prepare_without_test(project: Path, shared: Changes) -> None:
    """Write the training and validation windows for all runs, and delete the test part."""
    write_params(project, shared)
    run_stages(project, "normalize", "windows")
    (project / f"data/windows/{TASK}/main/test.safetensors").unlink()
    shutil.rmtree(project / f"data/normalized/{TASK}")


def train(project: Path) -> dict:
    """Train with the project's parameters; return validation scores, parameters and seconds."""
    run_stages(project, "train")
    card = json.loads((project / f"data/models/{TASK}/card.json").read_text())
    speed = json.loads((project / f"metrics/{TASK}/speed.json").read_text())
    members = card["fits"]["main"]
    return {
        "validation_accuracy": float(np.mean([m["validation_accuracy"] for m in members])),
        "validation_loss": float(np.mean([m["validation_loss"] for m in members])),
        "parameters": card["parameters"],
        "train_seconds": speed["train_seconds"],
        "device": speed["device"],
    }


def table(scores: dict[str, list[dict]], runs: dict[str, Changes]) -> str:
    """A Markdown table with a row for each run: mean over seeds, and difference to the base."""
    base = values(scores[BASE])
    rows = []
    for name in runs:
        setting_name, _, setting = name.partition(": ")
        found = values(scores[name])
        difference = "" if name == BASE else f"{round(found.mean() - base.mean(), 2) + 0.0:+.2f}"
        # the median ignores a seed during which the machine was busy
        seconds = np.median([run["train_seconds"] for run in scores[name]])
        parameters = f"{scores[name][0]['parameters']:,}"
        rows.append(
            [
                setting_name,
                setting,
                mean_and_deviation(found),
                difference,
                parameters,
                f"{seconds:.0f}",
            ]
        )
    header = ["setting", "value", "validation accuracy (%)", "difference", "parameters", "seconds"]
    devices = ", ".join(sorted({run["device"] for found in scores.values() for run in found}))
    note = f"Mean ± standard deviation over {len(base)} seed(s); seconds: median, on {devices}."
    return f"{note}\n\n{markdown(header, rows)}"


def values(runs: list[dict]) -> np.ndarray:
    return np.array([100 * run["validation_accuracy"] for run in runs])


def mean_and_deviation(found: np.ndarray) -> str:
    mean = f"{found.mean():.2f}"
    return mean if len(found) == 1 else f"{mean} ± {found.std(ddof=1):.2f}"


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each setting (3)")
    parser.add_argument(
        "--epochs", type=int, help="epochs of each run, instead of those in params.yaml"
    )
    parser.add_argument("--threads", type=int, help="CPU threads, instead of those in params.yaml")
    parser.add_argument(
        "--only", nargs="+", metavar="SETTING", help=f"settings to measure: {', '.join(SETTINGS)}"
    )
    parser.add_argument("--out", type=Path, default=RUNS / "ablation", help="folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    sys.exit(exit_code(lambda: main(given)))
