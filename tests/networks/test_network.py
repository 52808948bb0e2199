"""The network: the tutorial's facts, the cells' formulas by hand, and the head."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnlab.networks.network import CELLS, GATES, RecurrentNetwork, count_parameters

CELL_NAMES = sorted(CELLS)


def network(cell: str, **options) -> RecurrentNetwork:
    torch.manual_seed(0)
    return RecurrentNetwork(**{"features": 3, "outputs": 2, "hidden_size": 4, **options}, cell=cell)


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def step_by_hand(
    cell: str, x: np.ndarray, h: np.ndarray, c: np.ndarray, w: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """One step of a cell, as the docstring's equations say: the new h and c, both [N, H]."""
    of_x, of_h = x @ w["weight_ih"].T + w["bias_ih"], h @ w["weight_hh"].T + w["bias_hh"]
    if cell == "lstm":
        i, f, g, o = np.split(of_x + of_h, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    if cell == "gru":
        (xr, xz, xn), (hr, hz, hn) = np.split(of_x, 3, axis=1), np.split(of_h, 3, axis=1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        return (1 - z) * np.tanh(xn + r * hn) + z * h, c
    return (np.maximum(of_x + of_h, 0) if cell == "relu" else np.tanh(of_x + of_h)), c


def outputs_by_hand(cell: str, recurrent: nn.RNNBase, x: np.ndarray) -> np.ndarray:
    """The last layer's outputs [N, T, D * H] for x [N, T, F]."""
    weights = {name: value.detach().numpy() for name, value in recurrent.named_parameters()}
    directions = ["", "_reverse"] if recurrent.bidirectional else [""]
    for layer in range(recurrent.num_layers):
        outputs = []
        for direction in directions:
            end = f"_l{layer}{direction}"
            w = {name.removesuffix(end): v for name, v in weights.items() if name.endswith(end)}
            h = c = np.zeros((len(x), recurrent.hidden_size))
            steps = range(x.shape[1])
            states = np.empty((len(x), x.shape[1], recurrent.hidden_size))
            for t in reversed(steps) if direction else steps:
                h, c = step_by_hand(cell, x[:, t], h, c, w)
                states[:, t] = h
            outputs.append(states)
        x = np.concatenate(outputs, axis=2)
    return x


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", [*CELL_NAMES, "relu"])
def test_cell_equals_its_formula(cell: str, num_layers: int, bidirectional: bool) -> None:
    options = {"nonlinearity": "relu"} if cell == "relu" else {}
    recurrent = (
        network(
            "rnn" if cell == "relu" else cell,
            num_layers=num_layers,
            bidirectional=bidirectional,
            **options,
        )
        .recurrent.double()
        .eval()
    )
    x = np.random.default_rng(1).normal(size=(5, 7, 3))
    with torch.no_grad():
        found = recurrent(torch.from_numpy(x))[0].numpy()
    np.testing.assert_allclose(found, outputs_by_hand(cell, recurrent, x), atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_pooling(pooling: str, bidirectional: bool) -> None:
    net = network("gru", pooling=pooling, bidirectional=bidirectional)
    x = torch.randn(5, 7, 3)
    output, h_n = net.recurrent(x)
    read = {
        "mean": output.mean(1),
        "max": output.max(1).values,
        "last": torch.cat(list(h_n), dim=1),  # each direction's own last state
    }[pooling]
    torch.testing.assert_close(net(x), net.head(read))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_answers_by_step_are_answers_to_beginnings(
    cell: str, pooling: str, bidirectional: bool
) -> None:
    net = network(cell, pooling=pooling, bidirectional=bidirectional, shift=0.3, scale=2.0).eval()
    x = torch.randn(5, 7, 3)
    answers = net.answers_by_step(x)
    assert answers.shape == (5, 7, 2)
    torch.testing.assert_close(answers[:, -1], net(x))
    torch.testing.assert_close(answers[:, 2], net(x[:, :3]))


def test_forget_bias_acts_once_and_on_the_forget_gate_alone() -> None:
    recurrent = network("lstm", forget_bias=1.5, num_layers=2, bidirectional=True).recurrent
    for name, value in recurrent.named_parameters():
        if name.startswith("bias_ih"):
            assert (value[4:8] == 1.5).all()
            assert (value[:4].abs() <= 0.5).all()  # torch's own start lies within 1 / sqrt(4)
            assert (value[8:].abs() <= 0.5).all()
        elif name.startswith("bias_hh"):
            assert (value[4:8] == 0).all()
            assert (value[:4] != 0).any()


KEEPING = {"lstm": 1, "gru": 1}  # which of torch's gates keeps the state: f of i f g o, z of r z n


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", sorted(KEEPING))
def test_chrono_start_by_its_definition(cell: str, bidirectional: bool) -> None:
    options = {"hidden_size": 500, "num_layers": 2, "bidirectional": bidirectional}
    started = dict(
        network(cell, chrono=784, forget_bias=3.0, **options).recurrent.named_parameters()
    )
    plain = dict(network(cell, **options).recurrent.named_parameters())
    names = [name for name in started if name.startswith("bias_ih")]
    assert len(names) == (4 if bidirectional else 2)
    for name in names:
        of_x = np.split(started[name].detach().double().numpy(), GATES[cell])
        of_h = np.split(started[name.replace("ih", "hh")].detach().numpy(), GATES[cell])
        spans = np.exp(of_x[KEEPING[cell]])
        # uniform on [1, 783]: mean 392, deviation 782 / sqrt(12) = 225.7, 500 draws
        assert 1 <= spans.min() < 30
        assert 753 < spans.max() <= 783.001
        assert abs(spans.mean() - 392) < 45
        assert abs(spans.std() - 225.7) < 25
        assert (of_h[KEEPING[cell]] == 0).all()
        if cell == "lstm":
            np.testing.assert_array_equal(of_x[0], -of_x[1])
            assert (of_h[0] == 0).all()
        others = {"lstm": (2, 3), "gru": (0, 2)}[cell]
        for gate in others:
            # torch's own start lies within 1 / sqrt(500)
            assert 0 < np.abs(of_x[gate]).max() <= 500**-0.5
            assert 0 < np.abs(of_h[gate]).max() <= 500**-0.5
    for name, value in started.items():
        if name.startswith("weight"):
            assert torch.equal(value, plain[name])


@pytest.mark.parametrize("cell", sorted(KEEPING))
def test_chrono_state_lasts_as_long_as_drawn(cell: str) -> None:
    """With zero input and weights a unit keeps u / (u + 1) of its state each step."""
    recurrent = network(cell, chrono=100, hidden_size=6).recurrent
    spans = recurrent.bias_ih_l0.detach()[6:12].exp()
    for name, value in recurrent.named_parameters():
        if name.startswith("weight"):
            value.data.zero_()
        else:  # g or n, third in both cells: nothing new comes in
            value.data[12:18] = 0
    ones = torch.ones(1, 1, 6)
    state = recurrent(torch.zeros(1, 9, 3), (ones, ones) if cell == "lstm" else ones)[1]
    left = state[1] if cell == "lstm" else state
    torch.testing.assert_close(left[0, 0], (spans / (spans + 1)) ** 9)


@pytest.mark.parametrize("options", [{"cell": "rnn"}, {"cell": "lstm", "bias": False}])
def test_chrono_leaves_alone_what_has_no_such_bias(options: dict) -> None:
    plain, started = network(**options), network(chrono=28, **options)
    for name, value in plain.recurrent.state_dict().items():
        assert torch.equal(value, started.recurrent.state_dict()[name])


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_orthogonal_start(cell: str) -> None:
    started = dict(network(cell, orthogonal=True, num_layers=2).recurrent.named_parameters())
    for name in ("weight_hh_l0", "weight_hh_l1"):
        for gate in started[name].detach().split(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(4), atol=1e-5, rtol=0)
    gate = network(cell).recurrent.weight_hh_l0.detach()[:4]
    assert not torch.allclose(gate @ gate.T, torch.eye(4), atol=1e-2)


def test_shift_and_scale_are_applied_and_saved() -> None:
    plain, scaled = network("lstm"), network("lstm", shift=33.0, scale=78.0)
    x = torch.randint(0, 256, (5, 7, 3), dtype=torch.uint8)
    torch.testing.assert_close(scaled(x), plain((x.float() - 33) / 78))
    assert scaled.state_dict()["shift"] == 33
    assert scaled.state_dict()["scale"] == 78
    assert count_parameters(plain) == count_parameters(scaled)


def test_dropout_without_a_layer_to_act_between_warns_of_nothing(recwarn) -> None:
    network("lstm", dropout=0.5)
    assert len(recwarn) == 0


@pytest.mark.parametrize("options", [{"dropout": 0.5, "num_layers": 2}, {"head_dropout": 0.5}])
def test_dropout_acts_in_training_alone(options: dict) -> None:
    net, x = network("lstm", hidden_size=32, **options), torch.randn(5, 7, 3)
    assert not torch.equal(net.train()(x), net(x))
    assert torch.equal(net.eval()(x), net(x))
