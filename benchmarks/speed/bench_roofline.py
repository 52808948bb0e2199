"""The matrix products of recurrent cells: the minimum work of a training step.

A layer with G gates (1 in a plain RNN, 4 in an LSTM, 3 in a GRU) and hidden size H reads batches of
N sequences of T steps with F features. It multiplies

    forward:   x [T N, F] by W_ih, once for all steps; h_{t-1} [N, H] by W_hh, step by step
    backward:  the gradients of the gates [N, G H] by W_hh, step by step, except for the constant
               h_0; for the weights, the gradients of all steps [G H, T N] by x and by h_{t-1}; for
               the layer below, [T N, G H] by W_ih, except for the data

Only these products grow with the square of H. The rest (gates, biases, loss, head) is elementwise.
The time of the products alone is a lower bound for any implementation of the cell.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from rnnlab.networks.cpu_cells import large_product
from rnnlab.networks.network import GATES

Multiply = Callable[[Tensor, Tensor], Tensor]


class Product(NamedTuple):
    """A product of matrices [rows, inner] and [inner, columns], repeated ``times`` times."""

    rows: int
    inner: int
    columns: int
    times: int

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.rows * self.inner * self.columns * self.times


def products_of(
    cell: str, hidden: int, layers: int, batch: int, steps: int, features: int
) -> list[Product]:
    """All products of one training step of a unidirectional network."""
    gates, every, found = GATES[cell] * hidden, steps * batch, []
    for layer in range(layers):
        read = hidden if layer else features
        found += [
            Product(every, read, gates, 1),
            Product(batch, hidden, gates, steps),
            Product(batch, gates, hidden, steps - 1),
            Product(gates, every, read, 1),
            Product(gates, every, hidden, 1),
        ]
        if layer:
            found.append(Product(every, gates, read, 1))
    return found


def flops_of(products: list[Product]) -> int:
    return sum(product.flops for product in products)


def multiplications(
    products: list[Product], device: torch.device
) -> Iterator[tuple[str, Callable[[], None]]]:
    """For each implementation, its name and a function that computes all products once."""
    matrices = [
        (
            torch.randn(each.rows, each.inner, device=device),
            torch.randn(each.inner, each.columns, device=device),
            each.times,
        )
        for each in products
    ]
    for name, multiply in implementations(device).items():

        def work(multiply: Multiply = multiply) -> None:
            for left, right, times in matrices:
                for _ in range(times):
                    multiply(left, right)

        yield name, work


def implementations(device: torch.device) -> dict[str, Multiply]:
    """The implementations: torch.mm, and oneDNN, which is twice as fast on some processors.

    On a CPU torch's LSTM uses oneDNN; its RNN and GRU use torch.mm.
    """
    found: dict[str, Multiply] = {"products": torch.mm}
    if device.type == "cpu" and large_product() is not torch.mm:
        found["products_onednn"] = large_product()
    return found
