"""The part "Draw" of an images task: its network and ten test images, for draw.js to read."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.core.files import Json, read_json, read_tensors
from rnnlab.core.params import Model
from rnnlab.images.idx import pixel_order

MAX_BYTES = 2_000_000  # of the part in the page
EXAMPLES = 10
MISTAKES = 5
# the orders that the network is shown in, the one it learned first
ORDERS = {
    "rows": ("Rows from the top", "Rows from the bottom"),
    "pixels": ("Pixels from the top", "Pixels from the bottom"),
    "permuted": ("Pixels in the permuted order", "Pixels row by row"),
    "flat": ("All pixels at once",),
}
POOLINGS = {
    "last": "the last layer's state after the last step",
    "mean": "the mean of the last layer's states",
    "max": "the maximum of each unit of the last layer over time",
}


@dataclass(frozen=True)
class Drawing:
    """What the part shows.

    Attributes:
        missing: why there is no such part; empty if there is one.
        how: how the network makes its answer.
        content: for draw.js: the network in 16-bit numbers, the orders that it reads in, examples.
    """

    missing: str = ""
    how: str = ""
    content: Json = field(default_factory=dict)


def drawing_of(name: str, predictions: pd.DataFrame | None) -> Drawing:
    """The part of task ``name``.

    Args:
        predictions: label and predicted, a row for each test image; None if there are none.
    """
    folder, stage = Path("data/models") / name, f"train@{name}"
    if not (folder / "card.json").is_file() or not (folder / "weights.safetensors").is_file():
        return Drawing(f"The trained network is not here: run `dvc repro {stage}`.")
    card = read_json(folder / "card.json", stage)
    tensors = read_tensors(folder / "weights.safetensors", stage)
    content = network_content(tensors, card)
    if not content:
        return Drawing("A weight of the network is too large for a 16-bit number.")
    content["examples"] = _examples(name, predictions)
    size = len(content["weights"])
    if size > MAX_BYTES:
        return Drawing(
            f"The network's {card['parameters']:,} weights would take {size / 10**6:.1f} MB of "
            f"this page as 16-bit numbers; {MAX_BYTES / 10**6:g} MB are the most."
        )
    return Drawing("", _how(Model(**card["model"]), len(card["fits"]["main"])), content)


def network_content(tensors: dict[str, np.ndarray], card: dict) -> Json:
    """The networks of fit main for draw.js; nothing if a weight is too large for 16 bits.

    Args:
        tensors: weights by FIT.MEMBER.NAME, as ``write_models`` names them.
        card: of the networks: model and windows.
    """
    shape, model, windows = [], card["model"], card["windows"]
    parts = []
    for key in sorted(tensors):
        fit, member, name = key.split(".", 2)
        # shift and scale are exact, beside the weights
        if fit == "main" and name not in ("shift", "scale"):
            with np.errstate(over="ignore"):
                parts.append(tensors[key].astype("<f2").ravel())
            shape.append([int(member), name, parts[-1].size])
    weights = np.concatenate(parts)
    if not np.isfinite(weights).all():
        return {}
    sequence = windows["sequence"]
    return {
        "cell": model["cell"],
        "nonlinearity": model["nonlinearity"],
        "hidden": model["hidden_size"],
        "layers": model["num_layers"],
        "bidirectional": model["bidirectional"],
        "pooling": model["pooling"],
        "features": windows["features"],
        "classes": windows["outputs"],
        "shape": windows["image_shape"],
        **windows["input"],
        # permuted pixels are no rows
        "unit": {"permuted": "pixels", "flat": "steps"}.get(sequence, "rows"),
        "each": windows["image_shape"][1] if sequence == "permuted" else 1,
        "orders": _orders(sequence, windows["image_shape"]),
        "tensors": shape,
        "weights": _base64(weights),
    }


def _orders(sequence: str, shape: list[int]) -> list[Json]:
    """The order that the network learned, then another one to compare with."""
    titles = ORDERS[sequence]
    own = pixel_order(sequence, shape[0] * shape[1])
    orders = [{"title": titles[0], "pixels": own, "backwards": False}]
    if len(titles) > 1:
        # in place of backwards, what the order of pixels is worth
        orders.append({"title": titles[1], "pixels": None, "backwards": own is None})
    return orders


def _how(model: Model, members: int) -> str:
    how = POOLINGS[model.pooling]
    if model.bidirectional:
        if model.pooling == "last":
            how = "the state of both halves where each ends: the last step, and the first"
        how += ". Its backward half begins at the last step so far, so it reads anew each time"
    many = f"Its answer is the mean of {members} networks; the strip shows the first of them. "
    return (
        f"{many if members > 1 else ''}Its head turns this into probabilities: {how}. "
        "Before the end the same is done with the states so far. Weights are rounded to 16 bits."
    )


def _examples(name: str, predictions: pd.DataFrame | None) -> list[Json]:
    """The first test images of ten classes, if there are so many: half of them mistakes, last."""
    path = Path("data/normalized") / name / "images.safetensors"
    if predictions is None or not path.is_file():
        return []
    images = read_tensors(path, f"normalize@{name}")["test_images"]
    wrong = predictions["label"] != predictions["predicted"]
    mistakes = predictions[wrong].drop_duplicates("label")[:MISTAKES]
    right = predictions[~wrong]
    # classes that no mistake shows come first
    right = pd.concat(
        [
            right[~right["label"].isin(mistakes["label"])].drop_duplicates("label"),
            right.drop_duplicates("label"),
        ]
    ).drop_duplicates()
    chosen = pd.concat([right[: EXAMPLES - len(mistakes)], mistakes])
    return [
        {
            "image": int(row.image),
            "truth": int(row.label),
            "answer": int(row.predicted),
            "pixels": _base64(images[row.image]),
        }
        for row in chosen.itertuples()
    ]


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
