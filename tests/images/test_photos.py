"""Pictures become images as MNIST's: real digits come back from any size, colour and file."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnnlab.core.errors import InputError
from rnnlab.images.photos import read_photo

# two of each digit, 0 to 9 and again, from the test part of MNIST
DIGITS = np.split(np.asarray(Image.open(Path(__file__).parent / "digits.png")), 20, axis=1)
SHAPE = [28, 28]
LEAST = 0.88  # correlation of grey levels


def read_digit(path: Path, shape: list[int]) -> np.ndarray:
    [digit] = read_photo(path, shape).digits
    return digit


def grey(digit: np.ndarray, size: int = 131, margins: tuple[int, ...] = (9, 30, 22, 5)) -> Image:
    """The digit in white on black, ``size`` pixels wide, off the middle of a wider picture."""
    large = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    top, bottom, left, right = margins
    return Image.fromarray(np.pad(np.asarray(large), ((top, bottom), (left, right))))


def dark_on_light(picture: Image.Image) -> Image.Image:
    return Image.fromarray(255 - np.asarray(picture))


def in_colours(picture: Image.Image, ink: tuple, paper: tuple) -> Image.Image:
    share = np.asarray(picture)[:, :, None] / 255
    return Image.fromarray((share * ink + (1 - share) * paper).round().astype(np.uint8))


def transparent(picture: Image.Image, ink: int) -> Image.Image:
    alone = Image.new("L", picture.size, ink)
    return Image.merge("LA", (alone, picture))


def sixteen_bit(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture).astype(np.uint16) * 200 + 3000)


def shadowed(picture: Image.Image) -> Image.Image:
    """Grey ink on paper that darkens to one side, with the noise of a camera."""
    level = 200 - 0.6 * np.asarray(picture, dtype=float)
    level += np.linspace(0, 40, picture.width) + np.random.default_rng(0).normal(0, 3, level.shape)
    return Image.fromarray(level.clip(0, 255).astype(np.uint8))


KINDS = {
    "light on dark": lambda picture: picture,
    "dark on light": dark_on_light,
    "palette": lambda picture: dark_on_light(picture).quantize(32),
    "red on green of the same grey": lambda p: in_colours(p, (200, 60, 60), (60, 131, 60)),
    "white on blue": lambda picture: in_colours(picture, (255, 255, 255), (20, 40, 160)),
    "black ink on nothing": lambda picture: transparent(picture, 0),
    "white ink on nothing": lambda picture: transparent(picture, 255),
    "opaque with alpha": lambda picture: dark_on_light(picture).convert("RGBA"),
    "16 bit": sixteen_bit,
    "shadow": shadowed,
}


@pytest.mark.parametrize("kind", KINDS)
def test_digits_are_recovered_from_every_kind_of_photo(tmp_path: Path, kind: str) -> None:
    for digit in DIGITS:
        KINDS[kind](grey(digit)).save(tmp_path / "a.png")
        check_alike(read_digit(tmp_path / "a.png", SHAPE), digit)


@pytest.mark.parametrize("polarity", [lambda picture: picture, dark_on_light])
@pytest.mark.parametrize(
    ("size", "margins"), [(28, (0, 0, 0, 0)), (61, (0, 7, 1, 90)), (333, (300, 1, 5, 80))]
)
def test_digits_come_back_from_every_size_and_place(
    tmp_path: Path, size: int, margins: tuple[int, ...], polarity
) -> None:
    for digit in DIGITS[:10]:
        for name in ("a.png", "a.jpg"):
            polarity(grey(digit, size, margins)).save(tmp_path / name, quality=90)
            check_alike(read_digit(tmp_path / name, SHAPE), digit)


def check_alike(found: np.ndarray, digit: np.ndarray) -> None:
    """Of ten pairs of one class among DIGITS, eight correlate by less than 0.5."""
    assert (found.dtype, found.shape) == (np.uint8, (28, 28))
    assert found.max() == 255
    # the rounding of the centre may move a digit by one pixel
    moved = [np.roll(digit, by, (0, 1)) for by in np.ndindex(3, 3)]
    found = np.roll(found, (1, 1), (0, 1))
    assert max(np.corrcoef(found.ravel(), image.ravel())[0, 1] for image in moved) > LEAST


def test_an_image_of_mnist_comes_back_as_it_is(tmp_path: Path) -> None:
    for digit in DIGITS:
        Image.fromarray(digit).save(tmp_path / "a.png")
        np.testing.assert_array_equal(read_digit(tmp_path / "a.png", SHAPE), digit)


def test_box_and_centre_of_mass(tmp_path: Path) -> None:
    for digit in DIGITS:
        grey(digit).save(tmp_path / "a.png")
        found = read_digit(tmp_path / "a.png", SHAPE).astype(float)
        rows, columns = (np.flatnonzero(found.any(axis=axis)) for axis in (1, 0))
        longest = max(np.ptp(rows), np.ptp(columns)) + 1
        assert 19 <= longest <= 20
        for axis in (0, 1):
            mass = found.sum(axis=1 - axis)
            # MNIST's own lie within half a pixel of 14, counted from 0
            assert abs((mass * np.arange(28)).sum() / mass.sum() - 14) <= 0.51


@pytest.mark.parametrize("shape", [[8, 8], [28, 28], [20, 40]])
@pytest.mark.parametrize("size", [(1, 400), (400, 1), (3, 2), (1, 1), (2000, 30)])
def test_any_proportions_fit(tmp_path: Path, size: tuple[int, int], shape: list[int]) -> None:
    picture = np.full((size[1] + 8, size[0] + 8), 255, np.uint8)
    picture[4:-4, 4:-4] = 10
    Image.fromarray(picture).save(tmp_path / "a.png")
    found = read_digit(tmp_path / "a.png", shape)
    assert found.shape == tuple(shape)
    assert found.max() == 255


def test_a_strip_of_one_pixel_is_no_fault(tmp_path: Path) -> None:
    Image.new("L", (1, 3000), 90).save(tmp_path / "a.jpg")
    assert read_photo(tmp_path / "a.jpg", SHAPE).doubt == "nothing is written"


def test_exif_turns_the_picture(tmp_path: Path) -> None:
    upright = grey(DIGITS[7])
    turned = upright.rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    turned.save(tmp_path / "a.jpg", exif=exif, quality=95)
    check_alike(read_digit(tmp_path / "a.jpg", SHAPE), DIGITS[7])


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def bomb(side: int) -> bytes:
    """A PNG of some bytes that claims ``side`` × ``side`` pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def png(tmp_path: Path) -> bytes:
    grey(DIGITS[3]).save(tmp_path / "whole.png")
    return (tmp_path / "whole.png").read_bytes()


def jpeg(tmp_path: Path) -> bytes:
    grey(DIGITS[3]).save(tmp_path / "whole.jpg")
    return (tmp_path / "whole.jpg").read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda folder: b"", "not a PNG or JPEG"),
        (lambda folder: b"GIF89a" + bytes(100), "not a PNG or JPEG"),
        (lambda folder: b"<html></html>", "not a PNG or JPEG"),
        (lambda folder: png(folder)[:20], "a.png"),
        (lambda folder: png(folder)[:1500], "damaged"),
        (lambda folder: png(folder)[:200] + bytes(300) + png(folder)[500:], "damaged"),
        (lambda folder: jpeg(folder)[:700], "damaged"),
        (lambda folder: bomb(8001), "64 million"),
        (lambda folder: bomb(50_000), "64 million"),
        (lambda folder: bomb(100), "damaged"),
    ],
    ids=[
        *["empty", "gif", "page", "start alone", "cut short", "zeros inside", "jpeg cut short"],
        *["large", "bomb", "no pixels"],
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_files_are_refused_in_one_line(tmp_path: Path, content, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content(tmp_path))
    with pytest.raises(InputError, match=words) as error:
        read_digit(tmp_path / "a.png", SHAPE)
    assert str(tmp_path / "a.png") in str(error.value)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_photo_of_one_colour_has_nothing_written(tmp_path: Path, level: int) -> None:
    Image.new("L", (40, 30), level).save(tmp_path / "a.png")
    digits, doubt = read_photo(tmp_path / "a.png", SHAPE)
    assert (digits.shape, doubt) == ((0, 28, 28), "nothing is written")
