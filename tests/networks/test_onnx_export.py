"""ONNX files: onnxruntime answers as torch does."""

from itertools import product
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from rnnlab.networks.network import CELLS, RecurrentNetwork
from rnnlab.networks.onnx_export import write_onnx

WINDOWS = {"steps": 7, "features": 6, "outputs": 4}
X = torch.randint(0, 256, (5, 7, 6), generator=torch.Generator().manual_seed(0)).float()


def member(cell: str, seed: int = 0, **options) -> RecurrentNetwork:
    torch.manual_seed(seed)
    sizes = {"features": 6, "outputs": 4, "hidden_size": 9, "shift": 33.3, "scale": 78.6}
    return RecurrentNetwork(cell=cell, **{**sizes, **options}).eval()


def run_onnx(path: Path, x: torch.Tensor) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"x": x.numpy()})[0]


@pytest.mark.parametrize(
    ("cell", "bidirectional", "pooling", "num_layers"),
    list(product(sorted(CELLS), [False, True], ["last", "mean", "max"], [1, 2])),
)
def test_same_logits(
    tmp_path: Path, cell: str, bidirectional: bool, pooling: str, num_layers: int
) -> None:
    network = member(cell, bidirectional=bidirectional, pooling=pooling, num_layers=num_layers)
    write_onnx([network], cell, WINDOWS, tmp_path / "a.onnx")
    for x in (X, X[:1]):  # any number of images at once
        with torch.inference_mode():
            expected = network(x).numpy()
        np.testing.assert_allclose(run_onnx(tmp_path / "a.onnx", x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("rnn", {"nonlinearity": "relu"}),
        ("lstm", {"bias": False}),
        ("gru", {"bias": False}),
    ],
)
def test_same_logits_with_other_options(tmp_path: Path, cell: str, options: dict) -> None:
    network = member(cell, **options)
    write_onnx([network], cell, WINDOWS, tmp_path / "a.onnx")
    with torch.inference_mode():
        np.testing.assert_allclose(run_onnx(tmp_path / "a.onnx", X), network(X), rtol=0, atol=1e-5)


def test_an_ensemble_gives_the_logarithm_of_its_mean_probability(tmp_path: Path) -> None:
    members = [member("lstm", seed) for seed in range(3)]
    write_onnx(members, "lstm", WINDOWS, tmp_path / "a.onnx")
    with torch.inference_mode():
        mean = torch.stack([network(X).softmax(1) for network in members]).mean(0)
    np.testing.assert_allclose(np.exp(run_onnx(tmp_path / "a.onnx", X)), mean, rtol=0, atol=1e-5)
