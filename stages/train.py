"""Train the networks of a task: one for each fit and member of the ensemble.

Reads:   params.yaml (seed, threads, device, tasks.TASK.model, train), data/windows/TASK/
Writes:  data/models/TASK/: weights.safetensors, card.json and history.csv (a row an epoch);
         data/live/TASK/: DVCLive's curves, and report.html, a page that updates as it trains;
         metrics/TASK/speed.json: seconds, samples a second, peak memory (outside git and DVC)
"""

import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import torch
from dvclive import Live

from stages.common.augmentation import Augmentation
from stages.common.devices import prepare, sow
from stages.common.files import output_folder, read_json, read_tensors, write_json, write_table
from stages.common.models import build_network, write_models
from stages.common.network import count_parameters
from stages.common.params import Params
from stages.common.progress import training_bar
from stages.common.stage import run_task_stage
from stages.common.training import Batch, Result, fit

# the page reloads itself every 5 seconds, so drawing it more often helps nobody
PAGE_SECONDS = 5


def main(name: str, params: Params) -> None:
    device = prepare(params)
    shape = read_json(Path("data/windows") / name / "card.json", f"windows@{name}")
    started, samples = time.perf_counter(), 0
    rows, networks, fits = [], {}, {}
    with output_folder(Path("data/models") / name) as folder, live_curves(name) as log:
        for fit_name in shape["fits"]:
            networks[fit_name], fits[fit_name] = [], []
            for member in range(params.tasks[name].train.ensemble):
                result, seen = train_member(name, params, shape, fit_name, member, device, log)
                networks[fit_name].append(result.weights)
                best = result.history[result.best_epoch - 1]
                fits[fit_name].append({**best, "epochs": len(result.history)})
                rows += [{"fit": fit_name, "member": member, **row} for row in result.history]
                samples += seen
        write_table(folder / "history.csv", pd.DataFrame(rows))
        model = params.tasks[name].model
        card = {
            "kind": shape["kind"],
            "model": model.model_dump(),
            "normalization": "refit" if params.tasks[name].train.refit else "normalization",
            "parameters": count_parameters(build_network(shape, model)),
            "fits": fits,
            "windows": shape,
        }
        write_models(folder, networks, card)
    write_speed(name, time.perf_counter() - started, samples, device, params.threads)


def train_member(
    name: str,
    params: Params,
    shape: dict,
    fit_name: str,
    member: int,
    device: torch.device,
    log: Callable[[str, dict[str, float]], None],
) -> tuple[Result, int]:
    """Train one network; with train.refit, once more on training and validation together.

    Returns:
        The result, and how many samples went through the network.
    """
    settings = params.tasks[name].train
    train, validation = (load(name, fit_name, part, device) for part in ("train", "validation"))
    augment = None
    if settings.augment is not None:
        augment = Augmentation(
            settings.augment.model_dump(), shape["image_shape"], shape["pixel_order"], device
        )

    def once(data: Batch, held_out: Batch | None, epochs: int | None, title: str) -> Result:
        generator = sow(params.seed, fit_name, member)
        network = build_network(shape, params.tasks[name].model).to(device)
        total = (epochs or settings.epochs) * -(-len(data[0]) // settings.batch_size)
        with progress(f"{name} {title}", total, settings.epochs) as (on_batch, on_epoch):

            def report(figures: dict[str, float]) -> None:
                on_epoch(figures)
                # one member's curves stand for all: twenty plots on a page help nobody
                if member == 0 and held_out is not None:
                    log(fit_name, figures)

            return fit(
                network, data, held_out, settings, generator, augment, epochs, on_batch, report
            )

    title = fit_name if settings.ensemble == 1 else f"{fit_name}-{member}"
    result = once(train, validation, None, title)
    seen = len(result.history) * len(train[0])
    if settings.refit:
        whole = load(name, fit_name, "refit", device)
        again = once(whole, None, result.best_epoch, f"{title} refit")
        seen += result.best_epoch * len(whole[0])
        result = Result(again.weights, result.best_epoch, result.history)
    return result, seen


def load(name: str, fit_name: str, part: str, device: torch.device) -> Batch:
    path = Path("data/windows") / name / fit_name / f"{part}.safetensors"
    tensors = read_tensors(path, f"windows@{name}")
    return torch.from_numpy(tensors["x"]).to(device), torch.from_numpy(tensors["y"]).to(device)


@contextmanager
def live_curves(name: str) -> Iterator[Callable[[str, dict[str, float]], None]]:
    """A function that adds an epoch's figures to the curves and to the page that shows them."""
    folder = f"data/live/{name}"
    with Live(folder, report="html", save_dvc_exp=False, dvcyaml=False) as live:
        drawn = 0.0

        def log(title: str, figures: dict[str, float]) -> None:
            nonlocal drawn
            live.step = int(figures["epoch"])
            for key, value in figures.items():
                if key != "epoch":
                    live.log_metric(f"{title}/{key}", value)
            if time.monotonic() - drawn > PAGE_SECONDS:
                live.make_report()
                drawn = time.monotonic()

        yield log


@contextmanager
def progress(title: str, batches: int, epochs: int) -> Iterator[tuple[Callable, Callable]]:
    """A bar with loss, score and time left on a terminal; a line an epoch, if slow, elsewhere."""
    started = time.monotonic()
    with training_bar(title, batches) as (update, on_terminal):

        def on_epoch(figures: dict[str, float]) -> None:
            text = _in_words(figures)
            update(figures=text)
            if not on_terminal and time.monotonic() - started > 1 + figures["epoch"]:
                print(f"{title}: epoch {figures['epoch']}/{epochs}, {text}", file=sys.stderr)

        yield lambda: update(advance=1), on_epoch


def _in_words(figures: dict[str, float]) -> str:
    text = f"loss {figures['train_loss']:.4f}"
    if "validation_loss" in figures:
        text += f", validation loss {figures['validation_loss']:.4f}"
    if "validation_accuracy" in figures:
        text += f", validation accuracy {figures['validation_accuracy']:.2%}"
    return text


def write_speed(
    name: str, seconds: float, samples: int, device: torch.device, threads: int
) -> None:
    folder = Path("metrics") / name
    folder.mkdir(parents=True, exist_ok=True)
    on_cuda = device.type == "cuda"
    # ru_maxrss counts KiB on Linux and bytes on macOS
    unit = 1 << 20 if platform.system() == "Darwin" else 1 << 10
    write_json(
        folder / "speed.json",
        {
            "train_seconds": round(seconds, 2),
            "samples_per_second": round(samples / seconds, 1),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
            "device": torch.cuda.get_device_name() if on_cuda else "cpu",
            "threads": threads,
        },
    )


if __name__ == "__main__":
    run_task_stage(__doc__, main)
