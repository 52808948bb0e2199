"""Train the networks of a task: one for each fit and member of the ensemble.

Reads:   params.yaml (seed, threads, device, deterministic, tasks.TASK.model, train),
         data/windows/TASK/
Writes:  data/checkpoints/TASK/ during training, so that an interrupted run resumes;
         data/checkpoints/precision.json: what precision auto has chosen on this machine;
         data/models/TASK/: weights.safetensors, card.json and history.csv (a row per epoch);
         data/live/TASK/: DVCLive's curves, and report.html, a page that updates as it trains;
         metrics/TASK/speed.json: seconds, samples per second, peak memory of the first process
         (outside git and DVC)
Needs:   the outputs of `dvc repro windows@TASK`; a GPU is optional: see device
"""

# before torch, which reads the environment when it is loaded
import rnnlab  # noqa: F401

# isort: split
import json
import os
import platform
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from dvclive import Live

from rnnlab.core.errors import require
from rnnlab.core.files import (
    output_folder,
    read_json,
    read_tensors,
    write_checksums,
    write_json,
    write_table,
)
from rnnlab.core.params import Params, Train
from rnnlab.core.progress import mute_progress, track_progress
from rnnlab.core.stage import run_task_stage
from rnnlab.networks.network import count_parameters
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network, write_models
from rnnlab.training.checkpoints import fingerprint, open_checkpoints, print_once
from rnnlab.training.device import prepare
from rnnlab.training.distributed import (
    process_group,
    rank,
    threads_per_process,
    under_torchrun,
    world_size,
)
from rnnlab.training.members import Checkpoints, Member, Recipe, train_member
from rnnlab.training.precision import settle_precision

# `rnnlab search` names a file by it, where it reads the figures of each epoch
CURVE_VARIABLE = "RNNLAB_CURVE"
# the page reloads itself every 5 seconds
PAGE_SECONDS = 5
CHECKPOINTS = Path("data/checkpoints")
PRECISIONS = CHECKPOINTS / "precision.json"


def main(name: str, params: Params) -> None:
    task = params.task(name)
    card = read_json(Path("data/windows") / name / "card.json", f"windows@{name}")
    if task.train.processes > 1 and not under_torchrun():
        # the import takes a quarter of a second: only for several processes
        from rnnlab.training.launch import launch

        mute_progress()  # the first of the processes reports progress
        launch(task.train.processes, "stages.train", name)
        return
    threads = threads_per_process(params.threads)
    device = prepare(params.model_copy(update={"threads": threads}))
    with process_group(device):
        recipe = Recipe(task.model, task.train, card, params.seed, device)
        warn_of_interpolation(name, recipe)
        run, folder = training_name(name, params, recipe), CHECKPOINTS / name
        # what an interrupted training has begun with wins over a new choice
        begun = [p for p in ("float32", "bfloat16") if (folder / f"{run}-{p}").exists()]
        recipe = settle_precision(recipe, PRECISIONS, begun[0] if begun else None)
        checkpoints = open_checkpoints(folder, f"{run}-{recipe.train.precision}")
        if rank() == 0:
            train_and_write(name, params.threads, recipe, checkpoints)
        else:
            mute_progress()
            train_all(name, recipe, checkpoints)


def warn_of_interpolation(name: str, recipe: Recipe) -> None:
    augment = recipe.train.augment
    if augment is None or augment.interpolation == "nearest" or not recipe.card["pixel_order"]:
        return
    print_once(
        f"warning: params.yaml: tasks.{name}.train.augment.interpolation: bilinear smooths images, "
        "and by permuted pixels a network learns to rely on that and fails on unchanged images; "
        "write nearest"
    )


def training_name(name: str, params: Params, recipe: Recipe) -> str:
    """A hash of parameters, data and code; of precision auto it has the word, not the choice."""
    settings = params.model_dump(include={"seed", "threads", "device", "deterministic"})
    settings |= {"model": recipe.model.model_dump(), "train": recipe.train.model_dump()}
    windows = Path("data/windows") / name
    parts = [
        part_path(name, fit, p) for fit in recipe.card["fits"] for p in part_names(recipe.train)
    ]
    for path in parts:
        require(path, f"run `dvc repro windows@{name}`")
    return fingerprint(settings, [windows / "card.json", *parts], recipe.device)


def train_and_write(name: str, threads: int, recipe: Recipe, checkpoints: Checkpoints) -> None:
    """Train all networks and write the outputs of the stage."""
    with output_folder(Path("data/models") / name) as folder, live_curves(name) as log:
        members = train_all(name, recipe, checkpoints, log)
        write_history(folder / "history.csv", members)
        write_members(folder, members, recipe)
        write_checksums(folder)
    write_speed(name, members, recipe, threads)
    shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


def train_all(
    name: str,
    recipe: Recipe,
    checkpoints: Checkpoints,
    log: Callable[[str, dict[str, float]], None] = lambda fit, figures: None,
) -> dict[str, list[Member]]:
    """Train the members of each fit; ``log`` gets the figures of the first member."""
    members: dict[str, list[Member]] = {}
    count = recipe.train.ensemble * len(recipe.card["fits"])
    # for a single network, the progress of its batches is enough
    with track_progress("", count if count > 1 else None, "networks") as networks:
        for fit in recipe.card["fits"]:
            parts = {part: load_part(name, fit, part, recipe) for part in part_names(recipe.train)}
            members[fit] = []
            for number in range(recipe.train.ensemble):
                # curves of one member represent all: twenty plots on a page are too many
                on_epoch = partial(log, fit) if number == 0 else lambda figures: None
                member = train_member(recipe, parts, fit, number, on_epoch, checkpoints)
                members[fit].append(member)
                networks.advance()
    return members


def part_names(settings: Train) -> tuple[str, ...]:
    return ("train", "validation", "refit") if settings.refit else ("train", "validation")


def part_path(name: str, fit: str, part: str) -> Path:
    return Path("data/windows") / name / fit / f"{part}.safetensors"


def load_part(name: str, fit: str, part: str, recipe: Recipe) -> Samples:
    tensors = read_tensors(part_path(name, fit, part), f"windows@{name}")
    return make_samples(tensors, recipe.card, recipe.device)


def write_history(path: Path, members: dict[str, list[Member]]) -> None:
    rows = [
        {"fit": fit, "member": number, **figures}
        for fit, each in members.items()
        for number, member in enumerate(each)
        for figures in member.history
    ]
    write_table(path, pd.DataFrame(rows))


def write_members(folder: Path, members: dict[str, list[Member]], recipe: Recipe) -> None:
    """Write the final weights, after a refit also the chosen ones, and the card."""
    networks = {fit: [member.final for member in each] for fit, each in members.items()}
    if recipe.train.refit:
        for fit, each in members.items():
            networks[f"{fit}_chosen"] = [member.chosen for member in each]
    card = {
        "kind": recipe.card["kind"],
        "model": recipe.model.model_dump(),
        "train": recipe.train.model_dump(),
        "seed": recipe.seed,
        "parameters": count_parameters(build_network(recipe.card, recipe.model)),
        "networks": {fit: len(each) for fit, each in networks.items()},
        "fits": {
            fit: [
                {**member.history[member.best_epoch - 1], "epochs": len(member.history)}
                for member in each
            ]
            for fit, each in members.items()
        },
        "windows": recipe.card,
    }
    write_models(folder, networks, card)


@contextmanager
def live_curves(name: str) -> Iterator[Callable[[str, dict[str, float]], None]]:
    """Yield a function that adds an epoch's figures to the curves and the live page."""
    folder = f"data/live/{name}"
    with Live(folder, report="html", save_dvc_exp=False, dvcyaml=False) as live:
        drawn = 0.0

        def log(title: str, figures: dict[str, float]) -> None:
            nonlocal drawn
            live.step = int(figures["epoch"])
            for key, value in figures.items():
                if key != "epoch":
                    live.log_metric(f"{title}/{key}", value)
            if CURVE_VARIABLE in os.environ:
                with Path(os.environ[CURVE_VARIABLE]).open("a", encoding="utf-8") as curve:
                    curve.write(json.dumps({"fit": title, **figures}) + "\n")
            if time.monotonic() - drawn > PAGE_SECONDS:
                live.make_report()
                drawn = time.monotonic()

        yield log


def write_speed(name: str, members: dict[str, list[Member]], recipe: Recipe, threads: int) -> None:
    everyone = [member for each in members.values() for member in each]
    seconds = sum(member.seconds for member in everyone)
    folder = Path("metrics") / name
    folder.mkdir(parents=True, exist_ok=True)
    on_cuda = recipe.device.type == "cuda"
    # ru_maxrss counts KiB on Linux and bytes on macOS
    unit = 1 << 20 if platform.system() == "Darwin" else 1 << 10
    write_json(
        folder / "speed.json",
        {
            "train_seconds": round(seconds, 2),
            "samples_per_second": round(
                sum(member.samples_seen for member in everyone) / seconds, 1
            ),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
            "device": torch.cuda.get_device_name() if on_cuda else "cpu",
            "threads": threads,
            "precision": recipe.train.precision,
            "processes": world_size(),
        },
    )


if __name__ == "__main__":
    run_task_stage(__doc__, main)
