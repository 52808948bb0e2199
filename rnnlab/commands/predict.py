"""rnnlab predict: the digit in photos, or the trained network as an ONNX file."""

from pathlib import Path

import numpy as np
import torch

from rnnlab.core.errors import InputError, require
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import Params
from rnnlab.images.idx import as_sequences
from rnnlab.images.photos import read_digit
from rnnlab.images.scores import mean_probabilities
from rnnlab.networks.onnx_export import write_onnx
from rnnlab.networks.storage import read_models
from rnnlab.training.device import prepare
from rnnlab.training.loop import predict_in_batches
from rnnlab.zero_shot.onnx_export import write_zero_shot_onnx
from rnnlab.zero_shot.storage import FOLDER, read_zero_shot


def predict(images: list[Path], task: str, onnx: Path | None, params: Params) -> None:
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
        read = [read_digit(path, windows["image_shape"]) for path in images]
        x = torch.from_numpy(as_sequences(np.stack(read), windows["sequence"])).to(device)
        probabilities = mean_probabilities(
            predict_in_batches(network, x) for network in networks["main"]
        )
        print(table(images, probabilities.cpu().numpy()))


def table(paths: list[Path], probabilities: np.ndarray) -> str:
    names = ["photo", *map(str, paths)]
    width = max(map(len, names))
    rows = [
        [f"{row.argmax()}", *(f"{100 * probability:.1f}" for probability in row)]
        for row in probabilities
    ]
    header = ["answer", *(f"{label} (%)" for label in range(probabilities.shape[1]))]
    return "\n".join(
        name.ljust(width) + "".join(cell.rjust(8) for cell in row)
        for name, row in zip(names, [header, *rows], strict=True)
    )
