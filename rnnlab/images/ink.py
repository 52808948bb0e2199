"""The ink of a photo: dirt and ruled lines taken off, and what is left parted into digits."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold, threshold_otsu
from skimage.measure import label, regionprops
from skimage.morphology import footprint_rectangle

FAINTEST = 0.08  # contrast relative to the strongest; weaker is noise or a JPEG artefact
FADED = 0.15  # contrast of the palest ink; a lamp's light differs by less from a smooth surface
NOISE = 5.0  # standard deviations of the paper that ink exceeds
DIRT = 0.02  # of the largest piece of ink: what is smaller is dirt
WEAK, SURELY = 0.35, 0.65  # contrast of all and of some of a piece of ink, relative to its middle
PALE = 0.7  # contrast of a piece relative to the strongest: what is paler is the rest of a shadow
LEAST = 5e-5  # of the photo's pixels: the smallest digit
LINE = 0.15  # of the page's width: the least length of a piece of a ruled line
BLOT = 0.75  # of its box that a blot fills; a disc fills 0.79
WIDEST = 1.6  # width of a digit relative to its height; what is wider is two that touch


class Ink(NamedTuple):
    """What was found: the contrast of each digit, from left to right, and why to doubt it."""

    digits: list[np.ndarray]
    doubt: str


def ink_of(contrast: np.ndarray, single: bool = False) -> Ink:
    """Find the digits in the contrast of a photo, [rows, columns], 0 for paper.

    Args:
        single: take all ink for one sign, as of other data sets than digits.

    Returns:
        Digits, cropped, with 0 for what is not their ink. None if nothing is written.
    """
    strongest = float(contrast.max())
    floor = np.clip(NOISE * _noise(contrast), FAINTEST * strongest, 0.5 * strongest) + 1e-6
    mask, strong = _strokes(contrast, floor)
    marked = label(mask, connectivity=2)
    pieces = _pieces(marked, contrast)
    if not pieces or strong < FADED:
        return Ink([], "nothing is written")
    groups, doubt = ([pieces], "") if single else _digits(pieces)
    if _is_cut(pieces[0], contrast.shape):
        doubt = "the ink reaches the photo's edge"
    digits = []
    for group in groups:
        own = np.isin(marked, [piece.label for piece in group])
        box = ndimage.find_objects(own.astype(int))[0]
        digits.append(np.where(ndimage.binary_dilation(own[box]), contrast[box], 0).clip(0, strong))
    return Ink(digits, doubt)


def _noise(contrast: np.ndarray) -> float:
    """The standard deviation of the paper's contrast, which is 0 where it would be negative.

    Up to a third of the photo may be ink: of a normal distribution, 65 of 100 lie below 0.385.
    """
    return float(np.quantile(contrast, 0.65)) / 0.385


def _strokes(contrast: np.ndarray, floor: float) -> tuple[np.ndarray, float]:
    """Where ink is, without ruled lines, and the contrast of its middle."""
    mask = contrast > floor
    lines = _lines(mask)
    written, line = contrast, 0.0
    if lines.any():
        # a pen that crosses a line is stronger than the line
        line = 1.4 * float(np.median(contrast[lines & mask]))
        written = np.where(ndimage.binary_dilation(lines) & (contrast < line), 0, contrast)
        mask = written > floor
    marked = label(mask, connectivity=2)
    sizes = np.bincount(marked.ravel())
    if len(sizes) < 2:
        return mask, floor
    large = sizes >= DIRT * sizes[1:].max()
    large[0] = False
    levels = written[large[marked]]
    strong = (
        float(levels[levels > threshold_otsu(levels)].mean())
        if np.ptp(levels)
        else float(levels[0])
    )
    least = max(WEAK * strong, floor, min(line, 0.6 * strong))
    mask = apply_hysteresis_threshold(written, least, max(SURELY * strong, least))
    if lines.any():
        mask = ndimage.binary_closing(np.pad(mask, 3), footprint_rectangle((5, 1)))[3:-3, 3:-3]
    return mask, strong


def _lines(mask: np.ndarray) -> np.ndarray:
    """Ruled lines: thin, nearly level or upright, and about as long as the page."""
    found = np.zeros_like(mask)
    for turned, result in ((mask, found), (mask.T, found.T)):
        width = turned.shape[1]
        thick = ndimage.maximum_filter1d(turned.astype(np.uint8), 3, axis=0)
        length = 2 * int(LINE * width / 2) + 1
        shrunk = ndimage.minimum_filter1d(thick, length, axis=1, mode="constant")
        runs = ndimage.maximum_filter1d(shrunk, length, axis=1, mode="constant")
        for piece in regionprops(label(runs, connectivity=2)):
            top, left, bottom, right = piece.bbox
            # a line reaches the photo's edge, the stem of a 1 does not
            long = right - left > 0.6 * width and min(left, width - right) < 2
            if long and piece.area < 0.04 * width * (right - left):
                result[top:bottom, left:right] |= piece.image
    return found


def _pieces(marked: np.ndarray, contrast: np.ndarray) -> list:
    """Connected pieces of ink, the largest first; without dirt, and rests of shadows and tables."""
    pieces = sorted(regionprops(marked, contrast), key=lambda each: -each.area)
    inside = [piece for piece in pieces if not _is_cut(piece, marked.shape)]
    if inside:
        pieces = inside
    if not pieces:
        return []
    least = max(DIRT * pieces[0].area, LEAST * contrast.size)
    pieces = [piece for piece in pieces if piece.area >= least]
    large = [piece for piece in pieces if piece.area >= 0.2 * pieces[0].area]
    pale = PALE * max((piece.intensity_mean for piece in large), default=0)
    return [piece for piece in pieces if piece.intensity_mean >= pale]


def _is_cut(piece: Any, shape: tuple[int, int]) -> bool:
    """Whether the photo ends at this piece of ink."""
    top, left, bottom, right = piece.bbox
    return top == 0 or left == 0 or bottom == shape[0] or right == shape[1]


def _digits(pieces: list) -> tuple[list[list], str]:
    """Pieces grouped into digits, from left to right."""
    tallest = max(piece.bbox[2] - piece.bbox[0] for piece in pieces)
    groups: list[list] = []
    for piece in sorted(pieces, key=lambda each: -each.area):
        for group in groups:
            if _belongs(piece, group, tallest):
                group.append(piece)
                break
        else:
            groups.append([piece])
    whole = [group for group in groups if _height(group) > 0.45 * tallest]
    rest = [group for group in groups if _height(group) <= 0.45 * tallest]
    most = max(_area(group) for group in whole)
    doubt = ""
    if sum(map(_area, rest)) > 0.15 * most:
        doubt = "ink is scattered"
    whole = [group for group in whole if _area(group) > 0.1 * most]
    whole.sort(key=lambda group: _box(group)[1])
    boxes = [_box(group) for group in whole]
    if any(_width(group) > WIDEST * _height(group) for group in whole):
        doubt = "more than one digit, which touch"
    for group in whole:
        sides = sorted([_height(group), _width(group)])
        if _area(group) > BLOT * sides[0] * sides[1] and sides[1] < 2.5 * sides[0]:
            doubt = "a blot without strokes"
    for (top, left, bottom, right), (under, after, above, _) in pairwise(boxes):
        level = min(bottom, above) - max(top, under)
        if level < 0.5 * min(bottom - top, above - under) or after < left + 0.6 * (right - left):
            doubt = "more than one digit, not side by side"
    return whole, doubt


def _belongs(piece: Any, group: list, tallest: int) -> bool:
    """Whether a piece is part of the digit: above or below the rest, or hardly apart from it."""
    top, left, bottom, right = _box(group)
    first, start, last, end = piece.bbox
    apart = max(start - right, left - end, 0)
    away = max(first - bottom, top - last, 0)
    shared = min(right, end) - max(left, start)
    if shared > 0.5 * min(right - left, end - start):
        return away < 0.25 * tallest
    both = max(right, end) - min(left, start)
    return apart < 0.06 * tallest and away < 0.06 * tallest and both < 0.9 * tallest


def _box(group: list) -> tuple[int, int, int, int]:
    boxes = np.array([piece.bbox for piece in group])
    return (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())


def _height(group: list) -> int:
    box = _box(group)
    return box[2] - box[0]


def _width(group: list) -> int:
    box = _box(group)
    return box[3] - box[1]


def _area(group: list) -> float:
    return float(sum(piece.area for piece in group))
