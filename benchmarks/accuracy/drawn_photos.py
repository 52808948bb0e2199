"""Photos of digits as people take them, drawn by a program: what is written is known.

The digits are of three sources, so that nothing is tuned to one: images of MNIST enlarged, fonts,
and strokes as of a pen.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono-Oblique", "STIXGeneral", "cmss10", "cmr10")
# points that a stroke of each digit passes, x and y from the upper left corner of its box
STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(0.5, 0), (0.15, 0.2), (0.12, 0.7), (0.5, 1), (0.85, 0.75), (0.85, 0.25), (0.45, 0)]],
    1: [[(0.35, 0.2), (0.55, 0), (0.52, 0.5), (0.5, 1)]],
    2: [
        [(0.15, 0.22), (0.45, 0), (0.8, 0.2), (0.6, 0.55), (0.12, 0.97)],
        [(0.12, 1), (0.85, 0.97)],
    ],
    3: [
        [(0.15, 0.1), (0.5, 0), (0.8, 0.2), (0.7, 0.4), (0.4, 0.48)],
        [(0.4, 0.48), (0.8, 0.6), (0.8, 0.88), (0.45, 1), (0.12, 0.88)],
    ],
    4: [[(0.3, 0), (0.1, 0.55)], [(0.1, 0.55), (0.9, 0.52)], [(0.68, 0.15), (0.64, 1)]],
    5: [
        [(0.8, 0.02), (0.25, 0)],
        [(0.25, 0), (0.2, 0.42)],
        [(0.2, 0.42), (0.55, 0.37), (0.85, 0.62), (0.7, 0.93), (0.4, 1), (0.12, 0.9)],
    ],
    6: [[(0.7, 0), (0.3, 0.3), (0.15, 0.7), (0.4, 1), (0.78, 0.85), (0.7, 0.55), (0.2, 0.65)]],
    7: [[(0.12, 0.03), (0.85, 0)], [(0.85, 0), (0.55, 0.5), (0.4, 1)]],
    8: [
        [(0.75, 0.12), (0.4, 0), (0.22, 0.25), (0.5, 0.46), (0.8, 0.75), (0.5, 1)],
        [(0.5, 1), (0.18, 0.78), (0.5, 0.46), (0.8, 0.2), (0.72, 0.1)],
    ],
    9: [[(0.78, 0.15), (0.4, 0), (0.18, 0.28), (0.45, 0.5), (0.78, 0.2)], [(0.78, 0.15), (0.7, 1)]],
}
Draw = np.random.Generator
SOURCES = ("mnist", "font", "pen")


def written(
    digit: int, height: int, source: str, draw: Draw, examples: dict[int, np.ndarray], pen: float
) -> np.ndarray:
    """A digit as the share of ink of each pixel, cropped to its box.

    Args:
        examples: images of MNIST, [N, 28, 28] of each digit.
        pen: the width of the pen relative to the height; strokes alone follow it exactly.
    """
    if source == "mnist":
        few = examples[digit][draw.integers(len(examples[digit]))]
        rows, columns = (np.flatnonzero((few > 60).any(axis=axis)) for axis in (1, 0))
        box = (columns[0] - 1, rows[0] - 1, columns[-1] + 2, rows[-1] + 2)
        cut = Image.fromarray(few).crop(box)
        size = (max(round(height * cut.width / cut.height), 1), height)
        smooth = np.asarray(cut.resize(size, Image.Resampling.BICUBIC), dtype=float) / 255
        share = np.clip((smooth - 0.35) / 0.3, 0, 1)
        share = _with_pen(share, pen)
    elif source == "font":
        font = ImageFont.truetype(
            _font_file(FONTS[draw.integers(len(FONTS))]), round(height * 1.35)
        )
        canvas = Image.new("L", (2 * height, 2 * height))
        ImageDraw.Draw(canvas).text((height // 2, height // 4), f"{digit}", 255, font)
        share = _with_pen(np.asarray(canvas, dtype=float) / 255, pen)
    else:
        share = _strokes(digit, height, draw, pen)
    rows, columns = (np.flatnonzero((share > 0.2).any(axis=axis)) for axis in (1, 0))
    return share[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@cache
def _font_file(name: str) -> str:
    return str(Path(matplotlib.get_data_path()) / f"fonts/ttf/{name}.ttf")


def _with_pen(share: np.ndarray, pen: float) -> np.ndarray:
    """Thin strokes for a thin pen, thick ones for a thick pen, else as they are."""
    if 0.05 <= pen <= 0.13:
        return share
    ink = np.pad(share > 0.5, share.shape[0] // 10)
    if pen > 0.13:
        changed = ndimage.distance_transform_edt(~ink) < pen * len(share) / 4
    else:
        from skimage.morphology import skeletonize

        changed = ndimage.distance_transform_edt(~skeletonize(ink)) < pen * len(share) / 2
    return ndimage.gaussian_filter(changed.astype(float), 0.7)


def _strokes(digit: int, height: int, draw: Draw, pen: float) -> np.ndarray:
    slant, width = draw.normal(0, 0.12), draw.uniform(0.5, 0.8)
    margin = height // 3
    canvas = Image.new("L", (2 * height, height + 2 * margin))
    pencil, thick = ImageDraw.Draw(canvas), max(pen * height, 1.5)
    for stroke in STROKES[digit]:
        points = np.array(stroke) + draw.normal(0, 0.02, (len(stroke), 2))
        at = np.linspace(0, len(points) - 1, 60)
        if len(points) > 2:
            path = ndimage.spline_filter1d(points, axis=0, mode="nearest")
            x, y = (
                ndimage.map_coordinates(path[:, i], [at], mode="nearest", prefilter=False)
                for i in (0, 1)
            )
        else:
            x, y = (np.interp(at, [0, 1], points[:, i]) for i in (0, 1))
        x = margin + height * (0.2 + width * x + slant * (0.5 - y))
        y = margin + height * y
        for left, top in zip(x, y, strict=True):
            box = (left - thick / 2, top - thick / 2, left + thick / 2, top + thick / 2)
            pencil.ellipse(box, fill=255)
        pencil.line([*zip(x, y, strict=True)], fill=255, width=max(round(thick), 1))
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(0.7)), dtype=float) / 255


def place(page: np.ndarray, share: np.ndarray, centre: tuple[float, float]) -> None:
    """Write ``share`` on the page with its middle at ``centre``, as fractions of the page."""
    top, left = (
        int(np.clip(round(at * side - size / 2), 0, max(side - size, 0)))
        for at, side, size in zip(centre, page.shape, share.shape, strict=True)
    )
    part = page[top : top + share.shape[0], left : left + share.shape[1]]
    np.maximum(part, share[: part.shape[0], : part.shape[1]], out=part)


def turned(share: np.ndarray, degrees: float) -> np.ndarray:
    return np.clip(ndimage.rotate(share, degrees, order=1), 0, 1)


def ruled(shape: tuple[int, int], gap: int, draw: Draw, squared: bool = False) -> np.ndarray:
    """The lines of a page as the share of ink, not quite level."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    tilt, thick = draw.normal(0, 0.012), max(gap / 30, 1)
    start = draw.uniform(0, gap)
    lines = np.abs((rows + tilt * columns + start) % gap - gap / 2) < thick / 2 + 0.3
    if squared:
        lines |= np.abs((columns - tilt * rows + start) % gap - gap / 2) < thick / 2 + 0.3
    elif draw.random() < 0.5:
        lines |= np.abs(columns - tilt * rows - shape[1] * 0.12) < thick / 2 + 0.3
    return ndimage.gaussian_filter(lines.astype(float), 0.5)


def hand(shape: tuple[int, int], draw: Draw) -> np.ndarray:
    """The hard shadow of a hand that comes from a side: 1 in the shadow."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] / min(shape)
    angle, reach = draw.uniform(0, 2 * np.pi), draw.uniform(0.0, 0.35)
    along = (columns - shape[1] / min(shape) / 2) * np.cos(angle) + (rows - 0.5) * np.sin(angle)
    across = (columns - shape[1] / min(shape) / 2) * -np.sin(angle) + (rows - 0.5) * np.cos(angle)
    palm = (along > reach) & (np.abs(across) < 0.35) | (along > 0.35 + reach)
    for finger in (-0.25, -0.08, 0.09, 0.26):
        length = reach - draw.uniform(0.1, 0.35)
        inside = (along > length) & (np.abs(across - finger) < 0.065)
        palm |= inside | (np.hypot(along - length, across - finger) < 0.065)
    return ndimage.gaussian_filter(palm.astype(float), min(shape) / draw.uniform(150, 900))


def photo(
    share: np.ndarray,
    ink: tuple[float, ...],
    paper: tuple[float, ...],
    light: np.ndarray | float = 1.0,
    noise: float = 0.0,
    draw: Draw | None = None,
    under: np.ndarray | None = None,
) -> Image.Image:
    """A page in colour. ``under``: a page that lies below the ink, [rows, columns, 3]."""
    below = np.array(paper, np.float32) if under is None else under
    page = share[:, :, None].astype(np.float32)
    pixels = (page * np.array(ink, np.float32) + (1 - page) * below) * np.float32(1)
    pixels *= np.asarray(light, np.float32)[..., None] if np.ndim(light) else np.float32(light)
    if noise and draw is not None:
        pixels += np.float32(noise) * draw.standard_normal(pixels.shape, np.float32)
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))


def uneven(shape: tuple[int, int], draw: Draw, depth: float = 0.55) -> np.ndarray:
    """Light of a lamp beside the page."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] / max(shape)
    at = draw.uniform(-0.2, 1.2, 2)
    distance = np.hypot(rows - at[0], columns - at[1])
    return 1 - depth * distance / distance.max()
