"""The paper of a photo: where it lies, how bright it is there, and how ink differs from it."""

from typing import Any

import numpy as np
from scipy import ndimage
from skimage.filters import rank, threshold_otsu
from skimage.measure import label, regionprops

SHEET = 0.15  # least share of the photo that a sheet on a table covers
RIM = 0.015  # of the sheet's height and width: its edge, which casts a shadow
EVEN = 0.9  # share of the edge that light without shadows explains
WINDOW = 1 / 5  # of the shorter side: wider than two strokes, narrower than two fingers
PENUMBRA = 1 / 60  # of the shorter side: the soft edge of a shadow
DARKEST = 16.0  # level of 255 that is added to the paper's, lest noise on black paper be ink
SMALL = 64  # pixels of the shorter side: without room for shadows


def sheet_of(channels: np.ndarray) -> np.ndarray:
    """The photo without the table: the sheet's box, and around the sheet its own colour.

    A sheet is a large, bright, solid rectangle, seen from any side, in a photo whose edge is mostly
    dark. A photo without one comes back as it is.
    """
    grey = channels.mean(axis=2)
    bright = grey > threshold_otsu(grey)
    if np.mean(edge_of(bright)) > 0.5:
        return channels
    regions = regionprops(label(ndimage.binary_opening(bright, iterations=2)))
    if not regions:
        return channels
    region = max(regions, key=lambda each: each.area)
    if region.area_filled < SHEET * grey.size or not _is_rectangle(region):
        return channels
    rows, columns = region.slice
    inside = np.pad(region.image_filled, 1)
    depth = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
    far = depth > RIM * min(inside.shape) + 1
    if not far.any() or not _is_sharp(grey, region):
        return channels
    nearest = ndimage.distance_transform_edt(~far, return_distances=False, return_indices=True)
    return channels[rows, columns][tuple(nearest)]


def _is_rectangle(region: Any) -> bool:
    """Whether a region is a sheet of paper, and not the digit 0 or 1 in white."""
    filled, image = region.area_filled, region.image_filled
    points = np.argwhere(image ^ ndimage.binary_erosion(image)).astype(float)
    angles = np.deg2rad(np.arange(0, 90, 3))
    turned = points @ np.array([[np.cos(angles)], [np.sin(angles)]]).reshape(2, -1)
    across = points @ np.array([-np.sin(angles), np.cos(angles)])
    height, width = np.ptp(turned, axis=0) + 1, np.ptp(across, axis=0) + 1
    best = np.argmin(height * width)
    sides = sorted([height[best], width[best]])
    solid = filled > 0.82 * sides[0] * sides[1] and filled > 0.9 * region.area_convex
    return solid and sides[1] < 2.5 * sides[0] and region.area > 0.6 * filled


def _is_sharp(grey: np.ndarray, region: Any) -> bool:
    """Whether the photo is much darker beside the region: light of a lamp fades slowly."""
    inside = np.zeros(grey.shape, bool)
    inside[region.slice] = region.image_filled
    steps = max(int(2 * RIM * min(region.image.shape)), 2)
    beside = ndimage.binary_dilation(inside, iterations=steps) & ~inside
    within = inside & ~ndimage.binary_erosion(inside, iterations=steps, border_value=1)
    low, high = np.quantile(grey, [0.02, 0.98])
    return bool(np.median(grey[within]) - np.median(grey[beside]) > 0.4 * (high - low))


def edge_of(pixels: np.ndarray) -> np.ndarray:
    """The outermost pixels of [rows, columns, channels] or [rows, columns]."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def contrast_of(channels: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper, relative to the paper's level: [rows, columns].

    Ink is darker than paper or lighter, as chalk is, whichever is more in the photo; in colour, the
    channel that differs most counts.
    """
    paper = _smooth_paper(channels)
    low, high = _local_paper(channels) if paper is None else (paper, paper)
    darker = ((low - channels) / (low + DARKEST)).max(axis=2).clip(0, None)
    # relative to the brighter of both, so that the two can be compared
    lighter = ((channels - high) / (channels + DARKEST)).max(axis=2).clip(0, None)
    if (darker**2).sum() >= (lighter**2).sum():
        return darker
    return ((channels - high) / (high + DARKEST)).max(axis=2).clip(0, None)


def _smooth_paper(channels: np.ndarray) -> np.ndarray | None:
    """Light that varies as a curved surface through the edge; None if the edge has shadows."""
    height, width = channels.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(rows), rows, columns, rows * columns, rows**2, columns**2], 2)
    terms = terms.astype(np.float32)
    at_edge = edge_of(terms)
    # evened out, or the noise of a camera would be shadows
    levels = edge_of(
        ndimage.uniform_filter(channels, (*[max(min(height, width) // 100, 1)] * 2, 1))
    )
    # the median, then twice the surface through what is near: lines and ink at the edge stay out
    paper = np.broadcast_to(np.median(levels, axis=0), levels.shape)
    spread = max(float(np.ptp(channels)), 1.0)
    for tolerance in (0.3, 0.12, 0.06):
        near = (np.abs(levels - paper) < tolerance * spread).all(axis=1)
        if near.sum() < 2 * terms.shape[2]:
            return None
        surface = np.linalg.lstsq(at_edge[near], levels[near], rcond=None)[0]
        paper = at_edge @ surface
    even = (np.abs(levels - paper) < 0.06 * spread).all(axis=1).mean() > EVEN
    if not even and min(height, width) >= SMALL:
        return None
    paper = (terms @ surface).clip(0, None)
    # most of a photo is paper: if the surface misses it, the light is of another form
    found = np.abs(channels - paper)[::4, ::4] < 0.05 * spread
    if found.all(axis=2).mean() < 0.65 and min(height, width) >= SMALL:
        return None
    return paper


def _local_paper(channels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest level of the paper around each pixel.

    It is the median of a window, which follows the hard edge of a shadow; near that edge both
    levels are the paper's. Before, what is surely ink is filled with the paper beside it, or thick
    strokes would become the median.
    """
    height, width = channels.shape[:2]
    half = channels[::2, ::2]
    small = half[::2, ::2]
    ratio = np.log((_medians(small) + DARKEST) / (small + DARKEST))
    ratio = ratio[np.arange(len(ratio))[:, None], np.arange(ratio.shape[1]), abs(ratio).argmax(2)]
    darker = (ratio.clip(0, None) ** 2).sum() >= (ratio.clip(None, 0) ** 2).sum()
    contrast = ratio if darker else -ratio
    ink = ndimage.binary_fill_holes(contrast > 0.6 * np.quantile(contrast, 0.998))
    ink = ndimage.binary_dilation(ink, iterations=2)
    if not ink.all():
        nearest = ndimage.distance_transform_edt(ink, return_distances=False, return_indices=True)
        filled = small[tuple(nearest)].repeat(2, 0).repeat(2, 1)[: half.shape[0], : half.shape[1]]
        ink = ink.repeat(2, 0).repeat(2, 1)[: half.shape[0], : half.shape[1]]
        half = np.where(ink[:, :, None], filled, half)
    paper = _medians(half)
    near = (*[2 * int(PENUMBRA * min(half.shape[:2])) + 1] * 2, 1)
    low, high = ndimage.minimum_filter(paper, near), ndimage.maximum_filter(paper, near)
    low, high = (each.repeat(2, 0).repeat(2, 1)[:height, :width] for each in (low, high))
    return low, high


def _medians(channels: np.ndarray) -> np.ndarray:
    """The median of the window around each pixel, by channel."""
    low, step = channels.min(), max(float(np.ptp(channels)), 1.0) / 255
    side = int(WINDOW * min(channels.shape[:2])) // 2
    levels = ((channels - low) / step).astype(np.uint8)
    padded = np.pad(levels, [(side, side), (side, side), (0, 0)], mode="reflect")
    window = np.ones((2 * side + 1, 2 * side + 1), bool)
    found = [rank.median(channel, window) for channel in np.moveaxis(padded, 2, 0)]
    inside = np.stack(found, axis=2)[side : side + len(levels), side : side + levels.shape[1]]
    return inside.astype(np.float32) * step + low
