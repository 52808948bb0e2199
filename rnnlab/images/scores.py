"""Scores of networks that classify: accuracy, the mistakes, and accuracy after each step."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from rnnlab.core.files import read_tensors, write_json, write_table
from rnnlab.core.progress import collect, track_progress
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training.loop import loss_of, predict_in_batches

# a bidirectional network reads each beginning of an image anew, which takes long
EARLY_IMAGES_IF_BIDIRECTIONAL = 1000


def evaluate_images(
    name: str,
    networks: list[RecurrentNetwork],
    card: dict,
    device: torch.device,
    folder: Path,
    read_early: bool = True,
) -> None:
    """Score an images task on its test part; write scores, predictions and tables into ``folder``.

    read_early: whether accuracy after each step is measured too, which takes a bidirectional
        network as many readings as there are steps.
    """
    from sklearn.metrics import f1_score

    test = read_tensors(Path("data/windows") / name / "main/test.safetensors", f"windows@{name}")
    x, y = (torch.from_numpy(test[key]).to(device) for key in ("x", "y"))
    with track_progress("reading", len(networks) * len(x), "images") as work:
        chances = mean_chances(predict_in_batches(network, x, work.advance) for network in networks)
    confidence, predicted = chances.max(dim=1)
    labels, answers = test["y"], predicted.cpu().numpy()
    windows = card["windows"]
    scores = {
        "dataset": windows["normalized"]["dataset"],
        "sequence": windows["sequence"],
        "accuracy": float((answers == labels).mean()),
        "loss": loss_of(chances.clamp(min=1e-12).log(), y, "cross_entropy").item(),
        "macro_f1": float(f1_score(labels, answers, average="macro")),
        "validation_accuracy": float(
            np.mean([member["validation_accuracy"] for member in card["fits"]["main"]])
        ),
        "parameters": card["parameters"],
    }
    write_json(folder / "scores.json", scores)
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


def mean_chances(answers: Iterable[torch.Tensor]) -> torch.Tensor:
    """Probabilities of the classes [..., K], the mean over networks' answers [..., K]."""
    return torch.stack([each.softmax(dim=-1) for each in answers]).mean(0)


@torch.inference_mode()
def early_reading(
    networks: list[RecurrentNetwork], x: torch.Tensor, y: torch.Tensor
) -> pd.DataFrame:
    """How right the networks' mean is after each step of the images x [N, T, F] of classes y [N].

    Returns:
        A row a step: step (from 1), images (how many were read, the first ones), accuracy, and
        f1_K for each class K: the harmonic mean of the share of its images that are named so and
        of the share of images named so that are its own. The first alone would call known what a
        network answers to every beginning.
    """
    if networks[0].recurrent.bidirectional:
        x, y = x[:EARLY_IMAGES_IF_BIDIRECTIONAL], y[:EARLY_IMAGES_IF_BIDIRECTIONAL]
    parts = x.split(250)
    chances = (
        mean_chances(network.answers_by_step(part) for network in networks) for part in parts
    )
    found = (each.argmax(dim=2) for each in chances)
    answers = torch.cat(collect(found, "early reading", len(parts), "parts"))
    truth = y[:, None]
    table = {
        "step": np.arange(1, x.shape[1] + 1),
        "images": len(x),
        "accuracy": (answers == truth).double().mean(dim=0).cpu().numpy(),
    }
    for label in range(networks[0].head.out_features):
        named, own = answers == label, truth == label
        hits = 2 * (named & own).sum(dim=0).double()
        table[f"f1_{label}"] = (hits / (named.sum(dim=0) + own.sum()).clamp(min=1)).cpu().numpy()
    return pd.DataFrame(table)
