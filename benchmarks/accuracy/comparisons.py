"""Networks to compare recurrent networks with: a logistic regression and a small CNN."""

from torch import Tensor, nn

CHANNELS = (32, 64)


class OfImages(nn.Module):
    """A network of images instead of sequences: x [N, rows, columns], normalized, then layers.

    Args:
        layers: from [N, 1, rows, columns] to [N, classes].
        shift, scale: the input x becomes (x - shift) / scale first.
    """

    def __init__(self, layers: nn.Module, shift: float, scale: float) -> None:
        super().__init__()
        self.layers, self.shift, self.scale = layers, shift, scale

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x[:, None].float() - self.shift) / self.scale)


def logistic_regression(shape: list[int], classes: int) -> nn.Module:
    """One linear layer on all pixels of images of ``shape`` [rows, columns]."""
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[0] * shape[1], classes))


def convolutional(shape: list[int], classes: int, parameters: int) -> nn.Module:
    """Two 3×3 convolutions, each with 2×2 max pooling, and two linear layers (LeCun 1998).

    The width between the linear layers is chosen to give about ``parameters`` parameters.
    """
    first, second = CHANNELS
    flat = (shape[0] // 4) * (shape[1] // 4) * second
    convolutions = 9 * first + first + 9 * first * second + second
    width = max(round((parameters - convolutions - classes) / (flat + 1 + classes)), 1)
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(flat, width),
        nn.ReLU(),
        nn.Linear(width, classes),
    )
