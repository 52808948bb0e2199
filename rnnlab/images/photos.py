"""Pictures of any size and colour, made into images as those of MNIST were made."""

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rnnlab.core.errors import InputError

FORMATS = ("PNG", "JPEG")
MOST_PIXELS = 64_000_000  # more would fill the memory of small machines
BOX = 20 / 28  # share of an image that the digit's longer side takes
LEAST_INK = 0.1  # share of the strongest ink below which it is paper: noise, traces of JPEG
MOST_PAPER = 0.5  # share of the strongest ink up to which shadows may be paper


def read_digit(path: Path, shape: list[int]) -> np.ndarray:
    """Read a PNG or JPEG of any size and kind of pixels, light on dark or dark on light.

    As in MNIST (LeCun et al. 1998), the digit is fitted into a box of 20×20 in 28×28 pixels with
    its proportions kept, then moved until the centre of mass of its ink is that of the image.

    Args:
        shape: [rows, columns] of the image that is wanted; the box grows with it.

    Returns:
        uint8 [rows, columns], 0 for paper, 255 for the strongest ink.

    Raises:
        InputError: the file is missing, no PNG or JPEG, damaged, of one colour, or of more than
            64 million pixels.
    """
    contrast = _contrast(_read_channels(path))
    if not contrast.any():
        raise InputError(f"{path} is of one colour alone: there is no digit to read")
    return _centred(_fitted(_ink(contrast), shape), shape)


def _read_channels(path: Path) -> np.ndarray:
    """The pixels of a picture: [rows, columns, channels], no transparency left."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, which are refused here
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                return _channels(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        raise InputError(f"{path} is no PNG or JPEG: convert it to one of them") from None
    except Image.DecompressionBombError:
        raise InputError(
            f"{path} holds more than the {MOST_PIXELS // 10**6} million pixels that are read: "
            "make it smaller"
        ) from None
    # what Pillow's decoders raise for damaged content; an error of the file system has a number
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{path} is damaged ({error}): save it anew") from None


def _channels(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith(("I", "F")):
        # 16 bits of grey, which Pillow would cut off at 255
        return np.asarray(picture, dtype=np.float32)[:, :, None]
    if picture.has_transparency_data:
        return _on_paper(np.asarray(picture.convert("RGBA"), dtype=np.float32))
    return np.asarray(picture.convert("RGB"), dtype=np.int16)


def _on_paper(pixels: np.ndarray) -> np.ndarray:
    """Lay transparent pixels [rows, columns, 4] on what is around them: [rows, columns, 3].

    Where the edge is opaque it gives the colour; else black or white, whichever is farther from
    what is opaque.
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
    """How far each pixel is from the paper, in the channel that tells most: [rows, columns].

    The paper's colour is the median of the edge. Lighter, darker and another hue are all the same.
    """
    paper = np.median(_edge(channels), axis=0).astype(channels.dtype)
    return np.abs(channels - paper).max(axis=2).astype(np.float32)


def _ink(contrast: np.ndarray) -> np.ndarray:
    """Contrast without what is paper all the same: noise, and shadows, up to twice the edge's."""
    shadows = 2 * np.quantile(_edge(contrast), 0.95)
    strongest = contrast.max()
    paper = np.clip(shadows, LEAST_INK * strongest, MOST_PAPER * strongest)
    return np.where(contrast > paper, contrast, 0)


def _fitted(ink: np.ndarray, shape: list[int]) -> np.ndarray:
    """Cut the ink out and fit it into the box of ``shape``, with its proportions kept."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = min(BOX * size / side for size, side in zip(shape, cut.shape, strict=True))
    height, width = (max(round(scale * side), 1) for side in cut.shape)
    resized = Image.fromarray(cut).resize((width, height), Image.Resampling.HAMMING)
    grey = np.asarray(resized)
    # fine strokes pale when they are made small; in MNIST the strongest ink is black
    return grey * (255 / grey.max())


def _centred(digit: np.ndarray, shape: list[int]) -> np.ndarray:
    """Lay the digit so that its centre of mass is in the middle, as far as it stays inside."""
    image = np.zeros(shape, dtype=np.uint8)
    start = []
    for axis, (size, side) in enumerate(zip(shape, digit.shape, strict=True)):
        mass = digit.sum(axis=1 - axis)
        centre = (mass * np.arange(side)).sum() / mass.sum()
        start.append(min(max(round(size / 2 - centre), 0), size - side))
    top, left = start
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit.round()
    return image
