"""Scores of image classification: accuracy, predictions, and accuracy after each step."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from rnnlab.core.files import read_tensors, write_json, write_table
from rnnlab.core.progress import collect, track_progress
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training.loop import predict_in_batches
from rnnlab.training.precision import BITS
from rnnlab.training.steps import loss_of

# a bidirectional network is slow here: it must reread the image up to each step
MAX_IMAGES_IF_BIDIRECTIONAL = 1000

# the scores that DVC compares, and their decimals: further ones differ from processor to processor
DVC_METRICS = ("accuracy", "validation_accuracy", "loss", "macro_f1", "parameters")
DECIMALS = 4


def evaluate_images(
    name: str,
    networks: list[RecurrentNetwork],
    card: dict,
    device: torch.device,
    folder: Path,
    read_early: bool = True,
) -> None:
    """Score an images task on its test part; write scores, predictions and tables to ``folder``.

    read_early: whether to measure accuracy after each step too. A bidirectional network needs a
        forward pass for each step.
    """
    from sklearn.metrics import f1_score

    test = read_tensors(Path("data/windows") / name / "main/test.safetensors", f"windows@{name}")
    x, y = (torch.from_numpy(test[key]).to(device) for key in ("x", "y"))
    with track_progress("reading", len(networks) * len(x), "images") as work:
        probabilities = mean_probabilities(
            predict_in_batches(network, x, work.advance) for network in networks
        )
    confidence, predicted = probabilities.max(dim=1)
    labels, answers = test["y"], predicted.cpu().numpy()
    windows = card["windows"]
    scores = {
        "dataset": windows["normalized"]["dataset"],
        "sequence": windows["sequence"],
        "accuracy": float((answers == labels).mean()),
        "loss": loss_of(probabilities.clamp(min=1e-12).log(), y, "cross_entropy").item(),
        "macro_f1": float(f1_score(labels, answers, average="macro")),
        "validation_accuracy": float(
            np.mean([member["validation_accuracy"] for member in card["fits"]["main"]])
        ),
        "parameters": card["parameters"],
    }
    write_json(folder / "scores.json", scores)
    write_json(folder / "metrics.json", dvc_metrics(scores, card))
    predictions = pd.DataFrame(
        {
            "image": np.arange(len(labels)),
            "label": labels,
            "predicted": answers,
            "confidence": confidence.cpu().numpy(),
        }
    )
    write_table(folder / "predictions.csv", predictions)
    if read_early:
        write_table(folder / "tables/early.csv", early_reading(networks, x, y))


def dvc_metrics(scores: dict[str, Any], card: dict[str, Any]) -> dict[str, float]:
    """The content of metrics.json: some of ``scores``, and bits, the size of training's numbers."""
    metrics = {name: round(scores[name], DECIMALS) for name in DVC_METRICS}
    return {**metrics, "bits": BITS[card["train"]["precision"]]}


def mean_probabilities(answers: Iterable[torch.Tensor]) -> torch.Tensor:
    """Class probabilities [..., K]: the mean over networks of the softmax of logits [..., K]."""
    return torch.stack([each.softmax(dim=-1) for each in answers]).mean(0)


@torch.inference_mode()
def early_reading(
    networks: list[RecurrentNetwork], x: torch.Tensor, y: torch.Tensor
) -> pd.DataFrame:
    """Accuracy of the ensemble after each step of the images x [N, T, F] with classes y [N].

    Returns:
        A row for each step: step (from 1), images (number of images used, the first ones),
        accuracy, and f1_K for each class K. F1 is the harmonic mean of recall and precision;
        recall alone would be 1 for a class that the network always predicts at the start.
    """
    if networks[0].recurrent.bidirectional:
        x, y = x[:MAX_IMAGES_IF_BIDIRECTIONAL], y[:MAX_IMAGES_IF_BIDIRECTIONAL]
    parts = x.split(250)
    probabilities = (
        mean_probabilities(network.answers_by_step(part) for network in networks) for part in parts
    )
    predictions = (each.argmax(dim=2) for each in probabilities)
    answers = torch.cat(collect(predictions, "early reading", len(parts), "parts"))
    truth = y[:, None]
    table = {
        "step": np.arange(1, x.shape[1] + 1),
        "images": len(x),
        "accuracy": (answers == truth).double().mean(dim=0).cpu().numpy(),
    }
    for label in range(networks[0].head.out_features):
        predicted, actual = answers == label, truth == label
        hits = 2 * (predicted & actual).sum(dim=0).double()
        table[f"f1_{label}"] = (
            (hits / (predicted.sum(dim=0) + actual.sum()).clamp(min=1)).cpu().numpy()
        )
    return pd.DataFrame(table)
