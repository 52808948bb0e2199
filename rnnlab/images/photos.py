"""Photos of digits, of any size and colour, converted to images like those of MNIST."""

import struct
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from rnnlab.core.errors import InputError
from rnnlab.images.ink import ink_of
from rnnlab.images.paper import contrast_of, edge_of, sheet_of

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 64_000_000  # a larger photo could exhaust the memory of a small machine
BOX = 20 / 28  # length of the digit's longer side relative to the image
THICK = (1.7, 4.1)  # pixels of a box of 20: of most strokes of MNIST
LARGE = (
    1200  # pixels of the longer side; a larger photo is made smaller, which also evens out noise
)


class Reading(NamedTuple):
    """The digits of a photo, and why to doubt them: empty if there is no reason."""

    digits: np.ndarray
    doubt: str


def read_photo(path: Path, shape: list[int], single: bool = False) -> Reading:
    """Read a PNG or JPEG of any size and pixel format, light on dark or dark on light.

    As in MNIST (LeCun et al. 1998), a digit is scaled to a box of 20×20 in 28×28 pixels, keeping
    its aspect ratio, and moved so that its centre of mass is the centre of the image. A picture
    that is like that already is taken as it is.

    Args:
        shape: [rows, columns] of the result; the box is scaled with it.
        single: take all ink for one sign.

    Returns:
        digits: uint8 [N, rows, columns] from left to right, 0 for paper, 255 for the strongest ink;
        N is 0 if nothing is written.

    Raises:
        InputError: the file is missing, not a PNG or JPEG, damaged, or has more than 64 million
            pixels.
    """
    channels = _read_channels(path)
    if _is_prepared(channels, shape):
        return Reading(channels[None, :, :, 0].round().astype(np.uint8), "")
    ink = ink_of(contrast_of(sheet_of(channels)), single)
    digits = [_centred(_fitted(digit, shape), shape) for digit in ink.digits]
    return Reading(np.array(digits, np.uint8).reshape(-1, *shape), ink.doubt)


def _is_prepared(channels: np.ndarray, shape: list[int]) -> bool:
    """Whether a picture is like those of MNIST: its size, black around a digit in its middle."""
    grey = channels[:, :, 0]
    if list(grey.shape) != shape or (channels != grey[:, :, None]).any():
        return False
    if grey.max() < 128 or np.mean(edge_of(grey) > 0) > 0.1:
        return False
    centre = ndimage.center_of_mass(grey)
    return all(abs(at - size / 2) < 1 for at, size in zip(centre, shape, strict=True))


def _read_channels(path: Path) -> np.ndarray:
    """The pixels of a photo without transparency: [rows, columns, channels]."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large photos; they are rejected here
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as photo:
                if photo.width * photo.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                smaller = -(-max(photo.size) // LARGE)
                # a JPEG is unpacked at a smaller size at once
                size = max(photo.width // smaller, 1), max(photo.height // smaller, 1)
                photo.draft(None, size)
                return _channels(ImageOps.exif_transpose(photo))
    except UnidentifiedImageError:
        raise InputError(f"{path} is not a PNG or JPEG: convert it to one of them") from None
    except Image.DecompressionBombError:
        raise InputError(
            f"{path} has more than {MAX_PIXELS // 10**6} million pixels: make it smaller"
        ) from None
    # Pillow's decoders raise these for damaged files; an OSError of the file system has an errno
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{path} is damaged ({error}): save it again") from None


def _channels(photo: Image.Image) -> np.ndarray:
    """Levels 0 to 255: [rows, columns, channels], no longer than ``LARGE``."""
    smaller = -(-max(photo.size) // LARGE)
    if photo.mode.startswith(("I", "F")):
        # 16-bit grey, which Pillow would clip at 255
        grey = Image.fromarray(np.asarray(photo, dtype=np.float32))
        levels = np.asarray(grey.reduce(smaller))[:, :, None]
        return levels * (255 / max(float(levels.max()), 1e-6))
    if photo.has_transparency_data:
        # mixed by their opacity: a transparent pixel has no colour
        mixed = photo.convert("RGBA").convert("RGBa").reduce(smaller).convert("RGBA")
        return _on_paper(np.asarray(mixed, dtype=np.float32))
    return np.asarray(photo.convert("RGB").reduce(smaller), dtype=np.float32)


def _on_paper(pixels: np.ndarray) -> np.ndarray:
    """Blend transparent pixels [rows, columns, 4] with a background colour: [rows, columns, 3].

    The background has the colour of the edge if most of the edge is opaque. Otherwise it is black
    or white, whichever has more contrast with the opaque pixels.
    """
    colors, share = pixels[:, :, :3], pixels[:, :, 3:] / 255
    edge = edge_of(pixels)
    opaque = edge[:, 3] > 127
    if opaque.mean() > 0.5:
        paper = np.median(edge[opaque, :3], axis=0)
    else:
        light = (colors * share).sum() / max(3 * share.sum(), 1)
        paper = 0 if light > 127 else 255
    return colors * share + paper * (1 - share)


def _as_thick(ink: np.ndarray) -> np.ndarray:
    """Strokes of a thickness that MNIST's have too: others are made thicker or thinner."""
    longest = max(ink.shape)
    ink = np.pad(ink, longest // 10 + 1)
    mask = ink > ink.max() / 2
    depth = ndimage.distance_transform_edt(mask)
    # across a stroke the depth is a quarter of its thickness on average
    thick = 4 * depth[mask].mean()
    thicker = thick - np.clip(thick, *(each * longest / 20 for each in THICK))
    if thicker > 1:
        return np.where(depth > min(thicker / 2, 0.6 * depth.max()), ink, 0)
    if thicker < -1:
        away = ndimage.distance_transform_edt(~mask)
        return np.maximum(ink, ink.max() * (away < -thicker / 2)).astype(np.float32)
    return ink


def _fitted(ink: np.ndarray, shape: list[int]) -> np.ndarray:
    """Crop the ink and scale it to the box of ``shape``, keeping its aspect ratio."""
    ink = _as_thick(ink)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = min(BOX * size / side for size, side in zip(shape, cropped.shape, strict=True))
    height, width = (max(round(scale * side), 1) for side in cropped.shape)
    resized = Image.fromarray(cropped).resize((width, height), Image.Resampling.HAMMING)
    grey = np.asarray(resized)
    # scaling down makes fine strokes pale; in MNIST the strongest ink is 255
    return grey * (255 / grey.max())


def _centred(digit: np.ndarray, shape: list[int]) -> np.ndarray:
    """Place the digit with its centre of mass in the middle, but inside of the image."""
    image = np.zeros(shape, dtype=np.uint8)
    start = []
    for axis, (size, side) in enumerate(zip(shape, digit.shape, strict=True)):
        mass = digit.sum(axis=1 - axis)
        centre = (mass * np.arange(side)).sum() / mass.sum()
        start.append(min(max(round(size / 2 - centre), 0), size - side))
    top, left = start
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit.round()
    return image
