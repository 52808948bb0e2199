"""Fit the normalization of a task on its training part only, and apply it.

Reads:   params.yaml (tasks.TASK.data, normalize), the task's data.csv and the files it lists
Writes:  data/normalized/TASK/: card.json with the statistics, and
         images: images.safetensors with grey levels (the statistics are applied by the network)
         series: series.safetensors with the series in their units, the ends of the parts of each
         fit, and the fitted numbers: FIT.normalization on training, FIT.refit also on validation;
         with normalize.covariates the series without the effect of their covariates, and the effect
Needs:   for images, the outputs of `dvc repro download_mnist`
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_folder, write_checksums, write_json, write_tensors
from rnnlab.core.params import ImagesTask, Params, SeriesTask
from rnnlab.core.stage import run_task_stage
from rnnlab.effects.task import describe_effect, usable_rest
from rnnlab.images.idx import input_statistics, read_idx, read_list
from rnnlab.series.loading import by_keys, read_panel
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.panel import cut_series, warn_left_out


def main(name: str, params: Params) -> None:
    task = params.task(name)
    with output_folder(Path("data/normalized") / name) as folder:
        if task.kind == "images":
            normalize_images(task, folder)
        else:
            normalize_series(name, task, folder)
        write_checksums(folder)


def normalize_images(task: ImagesTask, folder: Path) -> None:
    list_path = Path(task.data.csv)
    files = read_list(list_path, task.data.dataset)
    tensors = {part: read_idx(file, part.split("_")[1]) for part, file in files.items()}
    check_parts(tensors, list_path)
    count = len(tensors["train_images"])
    # a small data set, such as digits, keeps five sixths for training, similar to MNIST
    validation = min(task.data.validation_images, count // 6)
    training = tensors["train_images"][: count - validation]
    write_tensors(folder / "images.safetensors", tensors)
    card = {
        "kind": "images",
        "dataset": task.data.dataset,
        "shape": list(training.shape[1:]),
        "classes": int(tensors["train_labels"].max()) + 1,
        "parts": {
            "train": count - validation,
            "validation": validation,
            "test": len(tensors["test_images"]),
        },
        "method": task.normalize.method,
        "statistics": input_statistics(training, task.normalize.method),
    }
    write_json(folder / "card.json", card)


def check_parts(tensors: dict[str, np.ndarray], list_path: Path) -> None:
    """Raise InputError unless the parts are consistent."""
    for part in ("train", "test"):
        if len(tensors[f"{part}_images"]) != len(tensors[f"{part}_labels"]):
            raise InputError(
                f"{list_path}: {part} images and labels differ in number; download again"
            )
    if tensors["train_images"].shape[1:] != tensors["test_images"].shape[1:]:
        raise InputError(f"{list_path}: train and test images differ in size; download again")
    if tensors["test_labels"].max() > tensors["train_labels"].max():
        raise InputError(f"{list_path}: test labels have classes that train lacks; download again")


def normalize_series(name: str, task: SeriesTask, folder: Path) -> None:
    panel = read_panel(task.data)
    try:
        panel, effect = usable_rest(panel, task)
    except InputError as error:
        raise by_keys(error) from None
    warn_left_out(panel, task.data.csv, Path("data/normalized") / name / "card.json")
    tensors = {
        "offsets": panel.offsets,
        "ds": panel.ds.astype(np.int64),
        "y": panel.filled,
        "filled": np.isnan(panel.y),
    }
    if effect is not None:
        tensors["effect"] = effect
    cuts = cut_series(panel.lengths, task.data)
    for fit, cut in cuts.items():
        tensors |= {f"{fit}.{part}": ends for part, ends in asdict(cut).items()}
        # refit is for networks that are trained again on training and validation data
        for fitted, ends in (("normalization", cut.train), ("refit", cut.validation)):
            normalization = fit_normalization(
                panel.filled, panel.offsets, ends, task.normalize, task.data.period
            )
            arrays = normalization.to_arrays()
            tensors |= {f"{fit}.{fitted}.{key}": value for key, value in arrays.items()}
    write_tensors(folder / "series.safetensors", tensors)
    card = {
        "kind": "series",
        "csv": task.data.csv,
        "ids": panel.ids,
        "left_out": panel.left_out,
        "time": "dates" if panel.ds.dtype.kind == "M" else "numbers",
        "period": task.data.period,
        # of the covariates there is more below
        "normalize": task.normalize.model_dump(exclude={"covariates"}),
        "fits": list(cuts),
    }
    if effect is not None:
        card["covariates"] = {
            "form": task.normalize.covariates,
            "known": task.data.known,
            "holidays": task.data.holidays,
            "effects": describe_effect(panel, effect),
        }
    write_json(folder / "card.json", card)


if __name__ == "__main__":
    run_task_stage(__doc__, main)
