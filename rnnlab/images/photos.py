"""Photos of digits, of any size and colour, converted to images like those of MNIST."""

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rnnlab.core.errors import InputError

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 64_000_000  # a larger photo could exhaust the memory of a small machine
BOX = 20 / 28  # length of the digit's longer side relative to the image
MIN_INK = 0.1  # weaker contrast, relative to the strongest, is noise or a JPEG artefact
MAX_PAPER = 0.5  # shadows up to this contrast, relative to the strongest, are paper


def read_digit(path: Path, shape: list[int]) -> np.ndarray:
    """Read a PNG or JPEG of any size and pixel format, light on dark or dark on light.

    As in MNIST (LeCun et al. 1998), the digit is scaled to a box of 20×20 in 28×28 pixels, keeping
    its aspect ratio, and moved so that its centre of mass is the centre of the image.

    Args:
        shape: [rows, columns] of the result; the box is scaled with it.

    Returns:
        uint8 [rows, columns], 0 for paper, 255 for the strongest ink.

    Raises:
        InputError: the file is missing, not a PNG or JPEG, damaged, of a single colour, or has
            more than 64 million pixels.
    """
    contrast = _contrast(_read_channels(path))
    if not contrast.any():
        raise InputError(f"{path} has only one colour: use a photo that shows a digit")
    return _centred(_fitted(_ink(contrast), shape), shape)


def _read_channels(path: Path) -> np.ndarray:
    """The pixels of a photo without transparency: [rows, columns, channels]."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large photos; they are rejected here
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as photo:
                if photo.width * photo.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
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
    if photo.mode.startswith(("I", "F")):
        # 16-bit grey, which Pillow would clip at 255
        return np.asarray(photo, dtype=np.float32)[:, :, None]
    if photo.has_transparency_data:
        return _on_paper(np.asarray(photo.convert("RGBA"), dtype=np.float32))
    return np.asarray(photo.convert("RGB"), dtype=np.int16)


def _on_paper(pixels: np.ndarray) -> np.ndarray:
    """Blend transparent pixels [rows, columns, 4] with a background colour: [rows, columns, 3].

    The background has the colour of the edge if most of the edge is opaque. Otherwise it is black
    or white, whichever has more contrast with the opaque pixels.
    """
    colors, share = pixels[:, :, :3], pixels[:, :, 3:] / 255
    edge = _edge(pixels)
    opaque = edge[:, 3] > 127
    if opaque.mean() > 0.5:
        paper = np.median(edge[opaque, :3], axis=0)
    else:
        light = (colors * share).sum() / max(3 * share.sum(), 1)
        paper = 0 if light > 127 else 255
    return colors * share + paper * (1 - share)


def _edge(pixels: np.ndarray) -> np.ndarray:
    """The outermost pixels of [rows, columns, channels] or [rows, columns]."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _contrast(channels: np.ndarray) -> np.ndarray:
    """The largest difference of each pixel from the paper over its channels: [rows, columns].

    The colour of the paper is the median of the edge. Ink may be lighter, darker or of another hue.
    """
    paper = np.median(_edge(channels), axis=0).astype(channels.dtype)
    return np.abs(channels - paper).max(axis=2).astype(np.float32)


def _ink(contrast: np.ndarray) -> np.ndarray:
    """Contrast, set to 0 for paper: noise, and shadows up to twice the contrast of the edge."""
    shadows = 2 * np.quantile(_edge(contrast), 0.95)
    strongest = contrast.max()
    paper = np.clip(shadows, MIN_INK * strongest, MAX_PAPER * strongest)
    return np.where(contrast > paper, contrast, 0)


def _fitted(ink: np.ndarray, shape: list[int]) -> np.ndarray:
    """Crop the ink and scale it to the box of ``shape``, keeping its aspect ratio."""
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
