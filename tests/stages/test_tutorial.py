"""The tutorial's mistakes, and what this project does instead (design.md's last list).

Held elsewhere: shapes, parameters, nn.GRU's pair and the formula with h_{t-1} in test_network.py;
same seed, same bytes in test_determinism.py; validation, baselines and measures in test_stages.py.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import ROOT, edit_params, put_images, run_stage_here, small_images
from ruamel.yaml import YAML
from safetensors.numpy import load_file
from torch import Tensor, nn

from rnnlab.core.params import load_params
from rnnlab.core.window_spec import Layout
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import make_samples
from rnnlab.series.normalization import Normalization
from rnnlab.series.scalers import Scaler, fit_scaler
from rnnlab.series.windows import windows_in_part


def test_1_no_test_image_is_trained_on(project: Path) -> None:
    put_images(project, small_images())
    for stage in ("normalize", "windows"):
        assert run_stage_here(project, stage, "mnist") == 0
    parts = {
        part: {x.tobytes() for x in load_file(path)["x"]}
        for part in ("train", "validation", "test")
        for path in [project / f"data/windows/mnist/main/{part}.safetensors"]
    }
    assert [len(images) for images in parts.values()] == [250, 50, 60]
    assert not parts["test"] & (parts["train"] | parts["validation"])
    assert not parts["train"] & parts["validation"]


def recurrent_gradient(x: Tensor) -> Tensor:
    torch.manual_seed(0)
    network = RecurrentNetwork(x.shape[2], 10, cell="lstm", hidden_size=5, num_layers=2)
    network(x).square().sum().backward()
    return torch.stack([network.recurrent.weight_hh_l0.grad, network.recurrent.weight_hh_l1.grad])


def test_2_one_step_never_uses_the_recurrence() -> None:
    images = torch.rand(6, 28, 28)
    assert (recurrent_gradient(images.reshape(6, 1, 784)) == 0).all()
    by_rows = recurrent_gradient(images)
    assert (by_rows != 0).float().mean() > 0.99


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_4_each_step_reads_its_own_layer_one_step_before(cell: str) -> None:
    """A network that reads a sequence in one go and one that is fed step by step agree."""
    torch.manual_seed(0)
    recurrent = RecurrentNetwork(3, 2, cell=cell, hidden_size=4, num_layers=2).recurrent
    x, state = torch.randn(5, 7, 3), None
    outputs = []
    for t in range(7):
        output, state = recurrent(x[:, t : t + 1], state)
        outputs.append(output)
    torch.testing.assert_close(torch.cat(outputs, dim=1), recurrent(x)[0])


def test_5_the_tutorial_s_scaling_is_not_within_0_and_1(airline: np.ndarray) -> None:
    tutorial = airline / (airline.max() - airline.min())
    assert tutorial.min() > 0.2
    assert tutorial.max() > 1.2
    offsets = np.array([0, 144])
    ours = fit_scaler(airline, offsets, np.array([85]), "minmax", 12).transform(airline, offsets)
    assert (ours[:85].min(), ours[:85].max()) == (0, 1)
    # fitted on the training part alone: later months may lie beyond, and do
    assert ours[100:].max() > 1


def windows_of_four(y: np.ndarray) -> tuple[Tensor, Tensor]:
    """All windows of four values and the one that follows, as this project draws them."""
    layout = {"look_back": 4, "horizon": 1, "step": 1, "period": 12, "damping": 1.0}
    layout |= dict.fromkeys(("center", "scale", "residual"), "none")
    plain = Normalization(Scaler(False, (), np.zeros(1), np.ones(1)), None)
    ends = np.array([0]), np.array([len(y)])
    part = windows_in_part(y, np.array([0, len(y)]), plain, *ends, Layout(**layout), whole=True)
    samples = make_samples(part, {"kind": "series", "layout": layout}, torch.device("cpu"))
    return samples.draw(torch.arange(samples.count))


def test_6_the_tutorial_s_windows_run_time_across_windows(airline: np.ndarray) -> None:
    """(N, 1, 4) with batch_first False is one sequence of N steps: windows hang on one another."""
    torch.manual_seed(0)
    windows = torch.from_numpy(np.lib.stride_tricks.sliding_window_view(airline / 518, 4).copy())
    x = windows.float().reshape(-1, 1, 4)
    tutorial = nn.LSTM(4, 5, 2)
    whole, alone = tutorial(x)[0], torch.cat([tutorial(window[None])[0] for window in x])
    assert (whole[1:] - alone[1:]).abs().max() > 1e-3

    x, y = windows_of_four(airline / 518)
    assert x.shape == (140, 4, 1)  # N windows, four steps, one feature
    np.testing.assert_allclose(x[:, :, 0], windows[:-1], rtol=1e-6)
    np.testing.assert_allclose(y[:, 0], airline[4:] / 518, rtol=1e-6)
    network = RecurrentNetwork(1, 1, hidden_size=5, num_layers=2).eval()
    order = torch.randperm(len(x))
    torch.testing.assert_close(network(x)[order], network(x[order]))
    torch.testing.assert_close(network(x)[:1], network(x[:1]))


def test_6_the_order_within_a_window_matters() -> None:
    torch.manual_seed(0)
    network = RecurrentNetwork(1, 1, hidden_size=5).eval()
    x = torch.randn(8, 4, 1)
    assert (network(x) - network(x.flip(1))).abs().min() > 1e-5


def test_7_types_are_the_network_s(airline: np.ndarray) -> None:
    assert airline.dtype == np.float64
    x, y = windows_of_four(airline)
    assert x.dtype == y.dtype == torch.float32


@pytest.mark.parametrize(
    ("target", "settings"),
    [
        (
            "tutorial-mnist",
            {
                "windows.sequence": "flat",
                "model.hidden_size": 50,
                "model.num_layers": 2,
                "train.optimizer": "sgd",
                "train.learning_rate": 1e-2,
                "train.batch_size": 32,
                "train.epochs": 30,
            },
        ),
        (
            "tutorial-airline",
            {
                "windows.look_back": 4,
                "windows.horizon": 1,
                "model.hidden_size": 50,
                "model.num_layers": 2,
                "train.optimizer": "adam",
                "train.learning_rate": 1e-3,
            },
        ),
    ],
)
def test_the_commands_ask_for_the_tutorial_s_settings(
    project: Path, target: str, settings: dict[str, object]
) -> None:
    found = YAML(typ="safe").load(ROOT / "experiments" / f"{target}.yaml")
    task = target.removeprefix("tutorial-")
    assert {
        f"tasks.{task}.{key}": value for key, value in settings.items()
    }.items() <= found.items()
    edit_params(project, found)
    load_params(project / "params.yaml")
