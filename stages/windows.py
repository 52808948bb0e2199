"""Turn a task's normalized data into inputs and targets for a recurrent network.

Reads:   params.yaml (tasks.TASK.windows; for series also data.period and normalize.damping),
         data/normalized/TASK/
Writes:  data/windows/TASK/: card.json, and FIT/{train,validation,test}.safetensors for each fit
         images: x [N, T, F] and y [N] (classes)
         series: the series up to the end of the part, and the origin of each window, from which
         x [N, T, F] and y [N, H] (NaN beyond the end of the part) are cut when they are needed;
         also refit.safetensors, training and validation as one part
Needs:   the outputs of `dvc repro normalize@TASK`
"""

from pathlib import Path

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.files import (
    output_folder,
    read_json,
    read_tensors,
    write_checksums,
    write_json,
    write_tensors,
)
from rnnlab.core.params import Params, SeriesTask, SeriesWindows
from rnnlab.core.stage import run_task_stage
from rnnlab.core.window_spec import Layout, series_card
from rnnlab.images.idx import as_sequences, pixel_order
from rnnlab.series.normalization import Normalization, stored_normalization
from rnnlab.series.windows import windows_in_part

# the range of first targets of each part, as names of the cut's positions
SERIES_PARTS = {
    "train": (None, "train"),
    "validation": ("train", "validation"),
    "refit": (None, "validation"),
    "test": ("validation", "test"),
}
FITTED_PARTS = ("train", "refit")


def main(name: str, params: Params) -> None:
    task = params.task(name)
    source, stage = Path("data/normalized") / name, f"normalize@{name}"
    card = read_json(source / "card.json", stage)
    with output_folder(Path("data/windows") / name) as folder:
        if task.kind == "images":
            tensors = read_tensors(source / "images.safetensors", stage)
            shape = write_image_windows(folder, tensors, card, task.windows.sequence)
        else:
            tensors = read_tensors(source / "series.safetensors", stage)
            shape = write_series_windows(folder, tensors, card, task)
        write_json(folder / "card.json", {**shape, "kind": card["kind"], "normalized": card})
        write_checksums(folder)


def write_image_windows(
    folder: Path, tensors: dict[str, np.ndarray], card: dict, sequence: str
) -> dict:
    """Sequences of grey levels: x uint8 [N, T, F], y int64 [N]; the only fit is main."""
    training = card["parts"]["train"]
    images, labels = tensors["train_images"], tensors["train_labels"]
    chosen = {
        "train": (images[:training], labels[:training]),
        "validation": (images[training:], labels[training:]),
        "test": (tensors["test_images"], tensors["test_labels"]),
    }
    (folder / "main").mkdir()
    for part, (x, y) in chosen.items():
        windows = {"x": as_sequences(x, sequence), "y": y.astype(np.int64)}
        write_tensors(folder / "main" / f"{part}.safetensors", windows)
    return {
        "fits": ["main"],
        "steps": windows["x"].shape[1],
        "features": windows["x"].shape[2],
        "outputs": card["classes"],
        "sequence": sequence,
        "image_shape": card["shape"],
        "pixel_order": pixel_order(sequence, int(np.prod(card["shape"]))),
        "input": card["statistics"],
    }


def write_series_windows(
    folder: Path, tensors: dict[str, np.ndarray], card: dict, task: SeriesTask
) -> dict:
    shape = series_card(task)
    layout = Layout(**shape["layout"])
    for fit in card["fits"]:
        (folder / fit).mkdir()
        for part in SERIES_PARTS:
            fitted = f"{fit}.{'refit' if part == 'refit' else 'normalization'}"
            settings, period = card["normalize"], card["period"]
            normalization = stored_normalization(tensors, fitted, settings, period)
            # only one part at a time is in memory
            windows = cut_windows(tensors, normalization, fit, part, layout)
            if part in ("train", "validation") and not len(windows["origin"]):
                longest = int(tensors[f"{fit}.train"].max())
                raise InputError(_too_long_message(task.windows, longest, normalization))
            write_tensors(folder / fit / f"{part}.safetensors", windows)
            del windows
    return {**shape, "fits": card["fits"]}


def cut_windows(
    tensors: dict[str, np.ndarray],
    normalization: Normalization,
    fit: str,
    part: str,
    layout: Layout,
) -> dict[str, np.ndarray]:
    first, last = SERIES_PARTS[part]
    end = tensors[f"{fit}.{last}"]
    start = tensors[f"{fit}.{first}"] if first else np.zeros_like(end)
    whole = part in FITTED_PARTS
    return windows_in_part(
        tensors["y"], tensors["offsets"], normalization, start, end, layout, whole
    )


def _too_long_message(windows: SeriesWindows, training: int, normalization: Normalization) -> str:
    """The message if series with at most ``training`` training values have no windows."""
    # a window has at least one past value
    room = training - max(normalization.burn_in, normalization.scaler.burn_in + 1)
    if windows.horizon > room:
        fix = f"write {room} or less" if room > 0 else "no horizon fits; use longer series"
        return (
            f"params.yaml: windows.horizon: {windows.horizon} is longer than the training part "
            f"allows; {fix}"
        )
    look_back = training - normalization.scaler.burn_in - windows.horizon
    look_back -= look_back % windows.step
    fix = f"write {look_back} or less, or" if look_back > 0 else "write"
    return (
        f"params.yaml: windows.look_back: {windows.look_back} with windows.horizon "
        f"{windows.horizon} is longer than the training part allows; {fix} a shorter horizon"
    )


if __name__ == "__main__":
    run_task_stage(__doc__, main)
