"""Small random affine transformations of images, for a whole batch at once."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnlab.core.params import Augment


class Augmentation:
    """Rotate, scale, shear and shift each image of a batch of sequences by its own random amounts.

    Args:
        settings: train.augment of params.yaml; rotate and shear in degrees, scale a fraction,
            shift in pixels, never over an eighth of the image. Each is the
            largest amount, drawn uniformly in both directions; all shrink during training to the
            fraction ``final``. interpolation is bilinear, which smooths an image, or nearest,
            which only moves its values.
        image_shape: [rows, columns].
        pixel_order: the order of the pixels in the sequences; None for row by row.
    """

    def __init__(
        self,
        settings: Augment,
        image_shape: list[int],
        pixel_order: list[int] | None,
        device: torch.device,
    ) -> None:
        self.settings = settings
        self.shape = image_shape
        self.order = None if pixel_order is None else torch.tensor(pixel_order, device=device)
        self.back = None if self.order is None else self.order.argsort()

    def apply(self, x: Tensor, matrices: Tensor) -> Tensor:
        """Transform sequences x [N, T, F] of grey levels by ``matrices`` [N, 2, 3], in float32.

        Pixels from outside the image are black.
        """
        pixels = x.reshape(len(x), -1).float()
        if self.back is not None:
            pixels = pixels[:, self.back]
        images = pixels.view(len(x), 1, *self.shape)
        grid = F.affine_grid(matrices.to(x.device), list(images.shape), align_corners=False)
        mode = self.settings.interpolation
        changed = F.grid_sample(images, grid, mode, align_corners=False).reshape(len(x), -1)
        return (changed if self.order is None else changed[:, self.order]).view(x.shape)

    def draw_matrices(
        self, sizes: list[int], generator: torch.Generator, progress: float
    ) -> Tensor:
        """Random affine matrices for batches of ``sizes``, one after the other: [sum, 2, 3].

        Args:
            progress: of training, 0 to 1.
        """
        strength = 1 + (self.settings.final - 1) * progress
        # by batch, so that a batch's amounts do not depend on how many others there are
        drawn = torch.cat([torch.rand(6, size, generator=generator) for size in sizes], dim=1)
        draw = (drawn * 2 - 1) * strength
        angle = draw[0] * math.radians(self.settings.rotate)
        zoom_x = 1 + draw[1] * self.settings.scale
        zoom_y = 1 + draw[2] * self.settings.scale
        shear = torch.tan(draw[3] * math.radians(self.settings.shear))
        rows, columns = self.shape
        # affine_grid has coordinates from -1 to 1, so a pixel is 2 / size
        shift_x = draw[4] * min(self.settings.shift, columns / 8) * 2 / columns
        shift_y = draw[5] * min(self.settings.shift, rows / 8) * 2 / rows
        cos, sin = torch.cos(angle), torch.sin(angle)
        first = torch.stack([cos * zoom_x, (shear * cos - sin) * zoom_y, shift_x], dim=1)
        second = torch.stack([sin * zoom_x, (shear * sin + cos) * zoom_y, shift_y], dim=1)
        return torch.stack([first, second], dim=1)
