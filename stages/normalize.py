"""Fit the normalization of a task on its training part alone, and apply it.

Reads:   params.yaml (tasks.TASK.data, normalize), the task's data.csv and the files it lists
Writes:  data/normalized/TASK/: card.json with the statistics, and
         images: images.safetensors with grey levels (the statistics are applied by the network)
         series: series.safetensors with the series in its units and normalized for both cuts
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from stages.common import images, series
from stages.common.errors import InputError
from stages.common.files import output_folder, write_json, write_tensors
from stages.common.normalization import Normalization, fit_normalization
from stages.common.params import ImagesTask, Params, SeriesTask
from stages.common.stage import run_task_stage


def main(name: str, params: Params) -> None:
    task = params.task(name)
    with output_folder(Path("data/normalized") / name) as folder:
        if task.kind == "images":
            normalize_images(task, folder)
        else:
            normalize_series(task, folder)


def normalize_images(task: ImagesTask, folder: Path) -> None:
    listed = Path(task.data.csv)
    dataset, files = images.read_list(listed)
    tensors = {part: images.read_idx(file) for part, file in files.items()}
    for part in ("train", "test"):
        if len(tensors[f"{part}_images"]) != len(tensors[f"{part}_labels"]):
            raise InputError(f"{listed}: {part} images and labels differ in number; download anew")
    count = len(tensors["train_images"])
    # a set as small as scikit-learn's digits keeps five sixths for training, as MNIST about does
    validation = min(task.data.validation_images, count // 6)
    training = tensors["train_images"][: count - validation]
    write_tensors(folder / "images.safetensors", tensors)
    card = {
        "kind": "images",
        "dataset": dataset,
        "shape": list(training.shape[1:]),
        "classes": int(tensors["train_labels"].max()) + 1,
        "parts": {
            "train": count - validation,
            "validation": validation,
            "test": len(tensors["test_images"]),
        },
        "method": task.normalize.method,
        "statistics": images.input_statistics(training, task.normalize.method),
    }
    write_json(folder / "card.json", card)


def normalize_series(task: SeriesTask, folder: Path) -> None:
    panel = series.read_panel(task.data)
    tensors = {
        "offsets": panel.offsets,
        "ds": panel.ds.astype(np.int64),
        "y": panel.values,
    }
    fits: dict[str, list[dict]] = {"main": [], "year": []}
    normalized: dict[str, list[np.ndarray]] = {"main": [], "year": []}
    for number, unique_id in enumerate(panel.ids):
        y = panel.values[panel.span(number)]
        cuts = series.cut_series(len(y), task.data)
        for fit, cut in cuts.items():
            fitted = _fitted(y, cut.train, task, unique_id)
            # for networks that are trained again on training and validation together
            again = _fitted(y, cut.validation, task, unique_id)
            fits[fit].append(
                {**asdict(cut), "normalization": fitted.to_json(), "refit": again.to_json()}
            )
            normalized[fit].append(fitted.transform(y))
    for fit, values in normalized.items():
        tensors[f"z_{fit}"] = np.concatenate(values)
    write_tensors(folder / "series.safetensors", tensors)
    card = {
        "kind": "series",
        "csv": task.data.csv,
        "ids": panel.ids,
        "time": "dates" if panel.ds.dtype.kind == "M" else "numbers",
        "period": task.data.period,
        "method": task.normalize.method,
        "fits": fits,
    }
    write_json(folder / "card.json", card)


def _fitted(y: np.ndarray, end: int, task: SeriesTask, unique_id: str) -> Normalization:
    method = task.normalize.method
    if end < 2:
        raise InputError(
            f"{task.data.csv}: series {unique_id!r} has {len(y)} values, too few for period "
            f"{task.data.period}; add more or lower data.test_fraction in params.yaml"
        )
    # a later zero would be found too late, so the whole series is checked before it is scaled
    if method.startswith("log") and y.min() <= 0:
        raise InputError(
            f"{task.data.csv}: series {unique_id!r} holds {y.min():g}, which has no logarithm; "
            f"write {'exponential_smoothing' if 'smoothing' in method else 'minmax or standard'} "
            "as normalize.method in params.yaml"
        )
    try:
        return fit_normalization(y[:end], task.normalize, task.data.period)
    except InputError as error:
        raise InputError(f"{task.data.csv}: series {unique_id!r}: {error}") from None


if __name__ == "__main__":
    run_task_stage(__doc__, main)
