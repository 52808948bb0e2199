"""Lay a task's normalized data out as the tensors that a recurrent network reads.

Reads:   params.yaml (tasks.TASK.windows), data/normalized/TASK/
Writes:  data/windows/TASK/FIT/{train,validation,test}.safetensors for each fit: x [N, T, F] and
         y [N] (classes) or [N, H] (values; NaN beyond the end of the part), and card.json;
         for series also refit.safetensors, training and validation as one part
"""

from pathlib import Path

import numpy as np

from stages.common.errors import InputError
from stages.common.files import output_folder, read_json, read_tensors, write_json, write_tensors
from stages.common.images import as_sequences, pixel_order
from stages.common.params import Params
from stages.common.stage import run_task_stage
from stages.common.windowing import windows_between

# each part of a series: where its first targets lie, as names of the cut's positions
SERIES_PARTS = {
    "train": (None, "train"),
    "validation": ("train", "validation"),
    "refit": (None, "validation"),
    "test": ("validation", "test"),
}


def main(name: str, params: Params) -> None:
    task = params.task(name)
    source, stage = Path("data/normalized") / name, f"normalize@{name}"
    card = read_json(source / "card.json", stage)
    with output_folder(Path("data/windows") / name) as folder:
        if task.kind == "images":
            tensors = read_tensors(source / "images.safetensors", stage)
            parts, shape = image_windows(tensors, card, task.windows.sequence)
        else:
            tensors = read_tensors(source / "series.safetensors", stage)
            parts, shape = series_windows(tensors, card, task.windows)
        for (fit, part), windows in parts.items():
            (folder / fit).mkdir(exist_ok=True)
            write_tensors(folder / fit / f"{part}.safetensors", windows)
        write_json(folder / "card.json", {**shape, "kind": card["kind"], "normalized": card})


def image_windows(tensors: dict[str, np.ndarray], card: dict, sequence: str) -> tuple[dict, dict]:
    """Sequences of grey levels: x uint8 [N, T, F], y int64 [N]; the one fit is called main."""
    training = card["parts"]["train"]
    images, labels = tensors["train_images"], tensors["train_labels"]
    chosen = {
        "train": (images[:training], labels[:training]),
        "validation": (images[training:], labels[training:]),
        "test": (tensors["test_images"], tensors["test_labels"]),
    }
    parts = {
        ("main", part): {"x": as_sequences(x, sequence), "y": y.astype(np.int64)}
        for part, (x, y) in chosen.items()
    }
    x = parts["main", "test"]["x"]
    shape = {
        "fits": ["main"],
        "steps": x.shape[1],
        "features": x.shape[2],
        "outputs": card["classes"],
        "sequence": sequence,
        "image_shape": card["shape"],
        "pixel_order": pixel_order(sequence, int(np.prod(card["shape"]))),
        "input": card["statistics"],
    }
    return parts, shape


def series_windows(tensors: dict[str, np.ndarray], card: dict, windows) -> tuple[dict, dict]:
    """Windows of all series, end to end, with the number of the series beside each."""
    parts = {}
    for fit, cuts in card["fits"].items():
        for part in SERIES_PARTS:
            drawn = [
                _windows_of(tensors, fit, part, number, cut, windows)
                for number, cut in enumerate(cuts)
            ]
            parts[fit, part] = {key: np.concatenate([w[key] for w in drawn]) for key in drawn[0]}
        _check_enough(parts, fit, cuts, windows.look_back)
    shape = {
        "fits": list(card["fits"]),
        "steps": windows.look_back,
        "features": 1,
        "outputs": windows.horizon,
        "center": windows.center,
        "input": {"shift": 0.0, "scale": 1.0},
    }
    return parts, shape


def _windows_of(tensors, fit, part, number, cut, windows) -> dict[str, np.ndarray]:
    start, end = tensors["offsets"][number : number + 2]
    z = tensors[f"z_{fit}"][start:end]
    first, last = SERIES_PARTS[part]
    drawn = windows_between(
        z,
        cut[first] if first else 0,
        cut[last],
        windows.look_back,
        windows.horizon,
        windows.center,
    )
    return {**drawn, "series": np.full(len(drawn["origin"]), number)}


def _check_enough(parts: dict, fit: str, cuts: list[dict], look_back: int) -> None:
    if len(parts[fit, "train"]["x"]) and len(parts[fit, "validation"]["x"]):
        return
    longest = max(cut["train"] - sum(cut["scaler"]["lags"]) - 1 for cut in cuts)
    raise InputError(
        f"params.yaml: windows.look_back: {look_back} is longer than the training part allows; "
        f"write {max(longest, 1)} or less"
    )


if __name__ == "__main__":
    run_task_stage(__doc__, main)
