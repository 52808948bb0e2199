"""rnnlab predict: the digit in photos, or the trained network as an ONNX file."""

from pathlib import Path

import numpy as np
import torch

from rnnlab.core.errors import InputError, require
from rnnlab.core.notes import note
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import Params
from rnnlab.images.idx import as_sequences
from rnnlab.images.photos import Reading, read_photo
from rnnlab.images.scores import mean_probabilities
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.onnx_export import write_onnx
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare
from rnnlab.training.loop import predict_in_batches
from rnnlab.zero_shot.onnx_export import write_zero_shot_onnx
from rnnlab.zero_shot.storage import FOLDER, read_zero_shot

# Least probability of an answer without doubt. The default network gives less for 1 % of MNIST's
# 5,000 validation images, and for 15 of its 21 errors among them:
# python -m benchmarks.accuracy.photos --threshold
SURE = 0.9
# several pieces of ink are several digits; in sets of other signs they may be one
SETS_OF_SIGNS = ("FashionMNIST", "KMNIST", "EMNIST-")


def predict(images: list[Path], task: str, onnx: Path | None, accept: bool, params: Params) -> None:
    if not images and onnx is None:
        raise InputError("nothing to do: name a photo, or a file after --onnx")
    if onnx is not None:
        require(onnx.parent, f"--onnx {onnx}: make this folder or name another")
        if onnx.is_dir():
            raise InputError(f"--onnx {onnx}: is a folder; name a file")
    if task == ZERO_SHOT:
        if images or onnx is None:
            raise InputError("--task zero_shot: reads no images; name a file after --onnx")
        write_zero_shot_onnx(read_zero_shot(FOLDER), onnx)
        return
    device = prepare(params)
    if params.task(task).kind != "images":
        raise InputError(f"--task {task}: forecasts a series; name a task of images")
    networks, card = read_models(Path("data/models") / task, task, device)
    windows = card["windows"]
    if onnx is not None:
        write_onnx(networks["main"], card["model"]["cell"], windows, onnx)
    if images:
        readings, answers = read_photos(images, networks["main"], windows, device)
        print(table(images, readings, answers))
        report_doubts(images, readings, accept)


def read_photos(
    paths: list[Path], networks: list[RecurrentNetwork], windows: dict, device: torch.device
) -> tuple[list[Reading], list[np.ndarray]]:
    """What was found in each photo, with every reason to doubt it, and probabilities [N, classes].

    N is the number of digits in the photo, 0 if nothing is written.
    """
    single = windows["normalized"]["dataset"].startswith(SETS_OF_SIGNS)
    readings = [read_photo(path, windows["image_shape"], single) for path in paths]
    digits = np.concatenate([reading.digits for reading in readings])
    chances = np.empty((0, windows["outputs"]), np.float32)
    if len(digits):
        x = torch.from_numpy(as_sequences(digits, windows["sequence"])).to(device)
        each = (predict_in_batches(network, x) for network in networks)
        chances = mean_probabilities(each).cpu().numpy()
    ends = np.cumsum([len(reading.digits) for reading in readings])
    answers = np.split(chances, ends[:-1])
    return [_judged(*pair) for pair in zip(readings, answers, strict=True)], answers


def _judged(reading: Reading, chances: np.ndarray) -> Reading:
    if reading.doubt or chances.max(axis=1).min() >= SURE:
        return reading
    least = chances.max(axis=1).min()
    return reading._replace(doubt=f"the largest probability is only {100 * least:.1f} %")


def report_doubts(paths: list[Path], readings: list[Reading], accept: bool) -> None:
    """One line that names the photos in doubt: an error, or a note if they are accepted."""
    doubts = [
        f"{path} ({reading.doubt})"
        for path, reading in zip(paths, readings, strict=True)
        if reading.doubt
    ]
    if doubts:
        line = f"in doubt: {', '.join(doubts)}"
        if not accept:
            raise InputError(f"{line}; look at the photo, or take the answer with --accept")
        note(line)


def table(paths: list[Path], readings: list[Reading], answers: list[np.ndarray]) -> str:
    """A row for each photo, ``?`` behind an answer in doubt; a row more for each further digit."""
    header = ["answer", *(f"{label} (%)" for label in range(answers[0].shape[1]))]
    rows = [("photo", header)]
    for path, reading, chances in zip(paths, readings, answers, strict=True):
        named = "".join(map(str, chances.argmax(axis=1))) + ("?" if reading.doubt else "")
        cells = [[f"{100 * each:.1f}" for each in row] for row in chances]
        first, *others = cells or [["-"] * (len(header) - 1)]
        rows += [(str(path), [named, *first]), *(("", ["", *cells]) for cells in others)]
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        name.ljust(width) + "".join(cell.rjust(8) for cell in row) for name, row in rows
    )
