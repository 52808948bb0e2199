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
from stages.common.normalization import normalization_from_json
from stages.common.params import Params, SeriesWindows
from stages.common.smoothing import Smoother
from stages.common.stage import run_task_stage
from stages.common.windowing import smoothed_windows, windows_between

# each part of a series: where its first targets lie, as names of the cut's positions
SERIES_PARTS = {
    "train": (None, "train"),
    "validation": ("train", "validation"),
    "refit": (None, "validation"),
    "test": ("validation", "test"),
}
# short of targets, the last windows of a part would teach the near steps more than the far ones
FITTED_PARTS = ("train", "refit")


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


def series_windows(
    tensors: dict[str, np.ndarray], card: dict, windows: SeriesWindows
) -> tuple[dict, dict]:
    """Windows of all series, end to end, with the number of the series beside each."""
    parts = {}
    for fit, cuts in card["fits"].items():
        for part in SERIES_PARTS:
            drawn = [
                _windows_of(tensors, fit, part, number, cut, windows)
                for number, cut in enumerate(cuts)
            ]
            parts[fit, part] = {key: np.concatenate([w[key] for w in drawn]) for key in drawn[0]}
        _check_enough(parts, fit, cuts, windows)
    shape = {
        "fits": list(card["fits"]),
        "steps": windows.look_back,
        "features": 1,
        "outputs": windows.horizon,
        "center": windows.center,
        "input": {"shift": 0.0, "scale": 1.0},
    }
    return parts, shape


def _windows_of(
    tensors: dict[str, np.ndarray],
    fit: str,
    part: str,
    number: int,
    cut: dict,
    windows: SeriesWindows,
) -> dict[str, np.ndarray]:
    span = slice(*tensors["offsets"][number : number + 2])
    fitted = "refit" if part == "refit" else "normalization"
    normalization = normalization_from_json(cut[fitted])
    first, last = SERIES_PARTS[part]
    start = cut[first] if first else 0
    if isinstance(normalization, Smoother):
        drawn = smoothed_windows(
            tensors["y"][span], normalization, start, cut[last], windows.look_back, windows.horizon
        )
    else:
        drawn = windows_between(
            normalization.transform(tensors["y"][span]),
            start,
            cut[last],
            windows.look_back,
            windows.horizon,
            windows.center,
        )
    if part in FITTED_PARTS:
        whole = ~np.isnan(drawn["y"]).any(axis=1)
        drawn = {key: values[whole] for key, values in drawn.items()}
    return {**drawn, "series": np.full(len(drawn["origin"]), number)}


def _check_enough(parts: dict, fit: str, cuts: list[dict], windows: SeriesWindows) -> None:
    if len(parts[fit, "train"]["x"]) and len(parts[fit, "validation"]["x"]):
        return
    room = max(cut["train"] - normalization_from_json(cut["normalization"]).lost for cut in cuts)
    longest = max(room - windows.horizon, 1)
    raise InputError(
        f"params.yaml: windows.look_back: {windows.look_back} with windows.horizon "
        f"{windows.horizon} is longer than the training part allows; "
        f"write {longest} or less, or a shorter horizon"
    )


if __name__ == "__main__":
    run_task_stage(__doc__, main)
