"""RNN and GRU with the derivative written out: torch's own numbers."""

from itertools import product
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from rnnlab.networks import cpu_cells
from rnnlab.networks.network import RecurrentNetwork

KINDS = [(nn.GRU, {}), (nn.RNN, {}), (nn.RNN, {"nonlinearity": "relu"})]
OPTIONS = [
    {"num_layers": layers, "bidirectional": bidirectional, "bias": bias}
    for layers, bidirectional, bias in product((1, 2), (False, True), (False, True))
]


def both(recurrent: nn.RNNBase, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Output and all gradients, as torch makes them and as ``cpu_cells.recurrent_outputs`` does."""
    found = []
    for run in (lambda x: recurrent(x)[0], lambda x: cpu_cells.recurrent_outputs(recurrent, x)):
        recurrent.zero_grad()
        inputs = x.clone().requires_grad_()
        torch.manual_seed(2)  # for dropout
        output = run(inputs)
        # weights of its own for each number, so that none can hide behind another
        output.mul(torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        gradients = [parameter.grad.clone() for parameter in recurrent.parameters()]
        found.append([output.detach(), inputs.grad, *gradients])
    return found[0], found[1]


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_same_numbers_as_torch(kind: type, more: dict, options: dict, steps: int) -> None:
    torch.manual_seed(1)
    recurrent = kind(3, 5, batch_first=True, **options, **more).double()
    theirs, ours = both(recurrent, torch.randn(4, steps, 3, dtype=torch.float64))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_dropout_between_layers_draws_what_torch_draws(kind: type, more: dict) -> None:
    recurrent = kind(3, 8, 3, batch_first=True, dropout=0.5, **more).double()
    theirs, ours = both(recurrent, torch.randn(6, 7, 3, dtype=torch.float64))
    torch.testing.assert_close(ours, theirs)


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_cells, "MIN_LARGE_PRODUCT", 0)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize(("kind", "more"), KINDS)
@pytest.mark.usefixtures("all_large")
def test_products_of_onednn_are_the_same_numbers(kind: type, more: dict, options: dict) -> None:
    torch.manual_seed(1)
    recurrent = kind(3, 5, batch_first=True, **options, **more)
    theirs, ours = both(recurrent, torch.randn(4, 7, 3))
    torch.testing.assert_close(ours, theirs)


def test_without_onednn_s_product_torch_s_own_does_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object) -> Tensor:
        raise RuntimeError("could not create a primitive")

    def mislead(left: Tensor, right: Tensor, *arguments: object) -> Tensor:
        return left @ right.t() + 1

    for operator in (None, refuse, mislead):
        named = (
            SimpleNamespace() if operator is None else SimpleNamespace(_linear_pointwise=operator)
        )
        monkeypatch.setattr(torch.ops, "mkldnn", named)
        cpu_cells.large_product.cache_clear()
        assert cpu_cells.large_product() is torch.mm
    monkeypatch.setattr(cpu_cells, "MIN_LARGE_PRODUCT", 0)
    recurrent = nn.GRU(3, 5, batch_first=True)
    theirs, ours = both(recurrent, torch.randn(4, 7, 3))
    torch.testing.assert_close(ours, theirs)
    monkeypatch.undo()
    cpu_cells.large_product.cache_clear()


@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_small_products_stay_in_float32_under_autocast(kind: type, more: dict) -> None:
    recurrent = kind(3, 5, batch_first=True, **more)
    x = torch.randn(4, 7, 3)
    expected = cpu_cells.recurrent_outputs(recurrent, x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(cpu_cells.recurrent_outputs(recurrent, x), expected)


@pytest.mark.parametrize(("kind", "more"), KINDS)
@pytest.mark.usefixtures("all_large")
def test_large_products_are_rounded_to_bfloat16_under_autocast(kind: type, more: dict) -> None:
    torch.manual_seed(1)
    recurrent = kind(30, 50, num_layers=2, batch_first=True, **more)
    x = torch.randn(40, 7, 30)
    exact, _ = both(recurrent, x)
    with torch.autocast("cpu", torch.bfloat16):
        _, rounded = both(recurrent, x)
    for ours, torchs in zip(rounded, exact, strict=True):
        assert ours.dtype == torch.float32
        # a bfloat16 holds 8 bits, and steps add up
        assert 2**-15 < (ours - torchs).norm() / torchs.norm() < 0.1


@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_many_hidden_numbers_go_to_torch_under_autocast(
    kind: type, more: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    recurrent = kind(3, 5, batch_first=True, **more)
    x = torch.randn(4, 7, 3)
    monkeypatch.delattr(cpu_cells, "_all_layers")
    with torch.autocast("cpu", torch.bfloat16):
        monkeypatch.setattr(cpu_cells, "MAX_CACHED_STATES", 20)
        with pytest.raises(NameError):
            cpu_cells.recurrent_outputs(recurrent, x)
        monkeypatch.setattr(cpu_cells, "MAX_CACHED_STATES", 19)
        assert cpu_cells.recurrent_outputs(recurrent, x).requires_grad


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_training_alone_goes_this_way(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = RecurrentNetwork(3, 2, cell)
    expected = network(torch.ones(1, 4, 3))
    for name in ("_RNN", "_GRU"):
        monkeypatch.delattr(cpu_cells, name)
    with pytest.raises(NameError):
        network(torch.ones(1, 4, 3))
    network.eval()
    torch.testing.assert_close(network(torch.ones(1, 4, 3)), expected)
