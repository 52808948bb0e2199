"""The matrix products of recurrent cells: what a step of training can't do without.

A layer of G gates (1 in a plain RNN, 4 in an LSTM, 3 in a GRU) and H hidden numbers, which reads
sequences of T steps of F numbers in batches of N, multiplies

    forward:   x [T N, F] by W_ih, once for all steps; h_{t-1} [N, H] by W_hh, step by step
    backward:  the gates' gradients [N, G H] by W_hh, step by step, but not into h_0, which is
               constant; for the weights, those of all steps [G H, T N] by x and by h_{t-1}; into
               the layer below [T N, G H] by W_ih, but not into the data

which is all that grows with the square of H. The rest (gates, biases, losses, the head) is work by
element. The time of these products by themselves is what a perfect cell would take.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from rnnlab.networks.cpu_cells import large_product
from rnnlab.networks.network import GATES

Multiply = Callable[[Tensor, Tensor], Tensor]


class Product(NamedTuple):
    """A product of matrices [rows, inner] and [inner, columns], so many times."""

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
    """All products of one training step of a network of one direction."""
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
    """What multiplies matrices of those shapes once through, for each way that there is."""
    matrices = [
        (
            torch.randn(each.rows, each.inner, device=device),
            torch.randn(each.inner, each.columns, device=device),
            each.times,
        )
        for each in products
    ]
    for name, multiply in ways(device).items():

        def work(multiply: Multiply = multiply) -> None:
            for left, right, times in matrices:
                for _ in range(times):
                    multiply(left, right)

        yield name, work


def ways(device: torch.device) -> dict[str, Multiply]:
    """torch.mm, and oneDNN's product, which on some processors is twice as fast.

    On a CPU torch's LSTM multiplies by oneDNN, its RNN and GRU as torch.mm does.
    """
    found: dict[str, Multiply] = {"products": torch.mm}
    if device.type == "cpu" and large_product() is not torch.mm:
        found["products_onednn"] = large_product()
    return found
