"""Kinds of photos, each drawn as often as one likes: the picture, and the digits on it."""

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.accuracy.drawn_photos import (
    SOURCES,
    Draw,
    hand,
    photo,
    place,
    ruled,
    turned,
    uneven,
    written,
)

WHITE, BLACK, BLUE = (236, 234, 228), (38, 36, 40), (40, 60, 160)
LINES = (150, 170, 205)


class Drawn(NamedTuple):
    file: bytes
    suffix: str
    answer: str  # empty for a photo without a digit


class Page(NamedTuple):
    """What a kind starts from: the digit of this number, and where it stands on the page."""

    share: np.ndarray
    digit: np.ndarray
    answer: str
    draw: Draw
    number: int
    examples: dict[int, np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        return self.share.shape[0], self.share.shape[1]


def drawn(
    kind: str, number: int, examples: dict[int, np.ndarray], shape: tuple[int, int] = (600, 800)
) -> Drawn:
    """The photo of this kind and number: always the same."""
    draw = np.random.default_rng([number, *kind.encode()])
    pen = {"thin": 0.018, "thick": 0.2}.get(kind, draw.uniform(0.06, 0.11))
    least, most = (0.5, 0.75) if kind in ("thin", "thick") else (0.22, 0.6)
    height = int(shape[0] * draw.uniform(least, most))
    source = SOURCES[number % len(SOURCES)]
    digit = written(number % 10, height, source, draw, examples, pen)
    if kind == "turned":
        digit = turned(digit, draw.choice([-30, 30]))
    page = np.zeros(shape)
    if kind not in ("blank", "blank lined", "pair", "three"):
        place(page, digit, (draw.uniform(0.4, 0.6), draw.uniform(0.35, 0.65)))
    picture, answer = KINDS[kind](Page(page, digit, f"{number % 10}", draw, number, examples))
    form = "JPEG" if kind in ("cmyk", "phone", "speck", "noise", "jpeg artefacts") else "PNG"
    quality = 12 if kind == "jpeg artefacts" else 85
    file = io.BytesIO()
    picture.save(file, form, quality=quality, compress_level=1)
    return Drawn(file.getvalue(), form.lower(), answer)


def _plain(page: Page) -> tuple[Image.Image, str]:
    return photo(page.share, BLACK, WHITE, noise=1.5, draw=page.draw), page.answer


def _speck(page: Page) -> tuple[Image.Image, str]:
    """Dirt in the corners, darker than the ink."""
    dirt = page.share.copy()
    for _ in range(page.draw.integers(1, 4)):
        top, left = (page.draw.choice([0.02, 0.95]) * np.array(page.shape)).astype(int)
        side = max(int(page.shape[0] * page.draw.uniform(0.002, 0.02)), 2)
        dirt[top : top + side, left : left + side] = 1.15
    return photo(dirt, BLACK, WHITE), page.answer


def _noise(page: Page) -> tuple[Image.Image, str]:
    return photo(page.share, (70, 70, 75), (190, 188, 180), noise=4, draw=page.draw), page.answer


def _shadow(page: Page) -> tuple[Image.Image, str]:
    light = 1 - page.draw.uniform(0.3, 0.6) * hand(page.shape, page.draw)
    return photo(page.share, BLACK, WHITE, light, 1.5, page.draw), page.answer


def _table(page: Page) -> tuple[Image.Image, str]:
    """A sheet, not quite straight, on a table of wood."""
    draw, (height, width) = page.draw, page.shape
    sheet = np.zeros(page.shape)
    part = draw.uniform(0.62, 0.9, 2)
    place(
        sheet,
        np.ones((int(height * part[0]), int(width * part[1]))),
        tuple(draw.uniform(0.3, 0.7, 2)),
    )
    rows, columns = np.nonzero(sheet)
    share = np.zeros(page.shape)
    middle = ((rows.min() + rows.max()) / 2 / height, (columns.min() + columns.max()) / 2 / width)
    most = int(0.75 * height * part[0])
    scale = min(most / max(page.digit.shape), 1)
    place(share, np.clip(ndimage.zoom(page.digit, scale, order=1), 0, 1), middle)
    degrees = draw.uniform(-12, 12)
    sheet, share = (
        np.clip(ndimage.rotate(each, degrees, order=1, reshape=False), 0, 1)
        for each in (sheet, share)
    )
    grain = ndimage.gaussian_filter(draw.normal(0, 1, page.shape), (0.7, 25))
    wood = np.array([(70, 48, 32), (45, 45, 48), (105, 72, 45)][draw.integers(3)], np.float32)
    wood = wood + (9 * grain / grain.std())[:, :, None]
    under = sheet[:, :, None] * np.array(WHITE) + (1 - sheet[:, :, None]) * wood
    return photo(share, BLACK, WHITE, 1.0, 2, draw, under), page.answer


def _blank(page: Page) -> tuple[Image.Image, str]:
    light = uneven(page.shape, page.draw) if page.number % 2 else 1.0
    return photo(page.share, BLACK, WHITE, light, 2.5, page.draw), ""


def _lines(page: Page, squared: bool = False) -> np.ndarray:
    gap = int(page.shape[0] * page.draw.uniform(0.07, 0.12))
    lines = ruled(page.shape, gap, page.draw, squared)[:, :, None]
    return (1 - lines) * np.array(WHITE) + lines * np.array(LINES)


def _blank_lined(page: Page) -> tuple[Image.Image, str]:
    lines = _lines(page, page.number % 3 == 0)
    return photo(page.share, BLACK, WHITE, 1.0, 1.5, page.draw, lines), ""


def _row(page: Page, count: int) -> tuple[Image.Image, str]:
    digits = [page.number % 10, *page.draw.integers(0, 10, count - 1)]
    height, left = int(page.shape[0] * page.draw.uniform(0.3, 0.45)), 0.08
    for digit in digits:
        source = SOURCES[page.number % len(SOURCES)]
        share = written(digit, height, source, page.draw, page.examples, 0.09)
        width = share.shape[1] / page.shape[1]
        place(page.share, share, (page.draw.uniform(0.47, 0.53), left + width / 2))
        left += width + page.draw.uniform(0.035, 0.09)
    return photo(page.share, BLUE, WHITE, 1.0, 1.5, page.draw), "".join(map(str, digits))


def _pencil(page: Page) -> tuple[Image.Image, str]:
    """Grey and grainy on recycled paper."""
    grain = ndimage.gaussian_filter(page.draw.normal(0, 1, page.shape), 1.2)
    share = page.share * np.clip(0.85 + 0.12 * grain / grain.std(), 0, 1)
    paper = ndimage.gaussian_filter(page.draw.normal(0, 1, page.shape), 3)
    light = 1 + 0.012 * paper / paper.std()
    return photo(share, (118, 118, 120), (186, 184, 178), light, 2, page.draw), page.answer


def _pen_on_lines(page: Page, squared: bool = False) -> tuple[Image.Image, str]:
    ink = [(190, 30, 40), (30, 50, 170), (20, 120, 60)][page.number % 3]
    return photo(page.share, ink, WHITE, 1.0, 1.5, page.draw, _lines(page, squared)), page.answer


def _uneven(page: Page) -> tuple[Image.Image, str]:
    light = uneven(page.shape, page.draw)
    return photo(page.share, BLACK, WHITE, light, 1.5, page.draw), page.answer


def _rgba(page: Page) -> tuple[Image.Image, str]:
    level = 255 if page.number % 2 else 0
    alone = Image.new("L", page.shape[::-1], level)
    share = Image.fromarray((page.share.clip(0, 1) * 255).astype(np.uint8))
    return Image.merge("RGBA", (alone, alone, alone, share)), page.answer


def _sixteen_bit(page: Page) -> tuple[Image.Image, str]:
    level = 41_000 - 30_000 * page.share + page.draw.normal(0, 200, page.shape)
    return Image.fromarray(level.clip(0, 65_535).astype(np.uint16)), page.answer


def _chalk(page: Page) -> tuple[Image.Image, str]:
    """Grainy, light on dark, with smears of the sponge."""
    draw = page.draw
    grain = ndimage.gaussian_filter(draw.normal(0, 1, page.shape), 1.0)
    share = page.share * np.clip(0.8 + 0.25 * grain / grain.std(), 0, 1)
    smears = ndimage.gaussian_filter(draw.normal(0, 1, page.shape), (8, 60))
    light = 1 + 0.08 * smears / smears.std()
    board = [(40, 62, 50), (38, 40, 42)][page.number % 2]
    return photo(share, (214, 214, 208), board, light, 2, draw), page.answer


def _phone(page: Page) -> tuple[Image.Image, str]:
    """Everything at once, as it happens: lines, lamp, a soft shadow, noise and JPEG."""
    light = uneven(page.shape, page.draw, 0.4) * (1 - 0.3 * hand(page.shape, page.draw))
    lines = _lines(page, page.number % 2 == 0)
    return photo(page.share, BLUE, WHITE, light, 3, page.draw, lines), page.answer


Kind = Callable[[Page], tuple[Image.Image, str]]
KINDS: dict[str, Kind] = {
    "plain": _plain,
    "speck": _speck,
    "noise": _noise,
    "hand's shadow": _shadow,
    "dark table": _table,
    "blank": _blank,
    "blank lined": _blank_lined,
    "pair": lambda page: _row(page, 2),
    "three": lambda page: _row(page, 3),
    "pencil": _pencil,
    "pen on lines": _pen_on_lines,
    "pen on squares": lambda page: _pen_on_lines(page, squared=True),
    "thin": _plain,
    "thick": _plain,
    "turned": _plain,
    "uneven light": _uneven,
    "jpeg artefacts": _plain,
    "rgba": _rgba,
    "cmyk": lambda page: (_pen_on_lines(page)[0].convert("CMYK"), page.answer),
    "16 bit": _sixteen_bit,
    "chalk": _chalk,
    "phone": _phone,
}
