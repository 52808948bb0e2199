"""Photos as people take them, drawn: each digit comes back as it was written, or there is doubt."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.accuracy.photo_kinds import KINDS, drawn
from rnnlab.images.photos import Reading, read_photo

ALL = np.split(np.asarray(Image.open(Path(__file__).parent / "digits.png")), 20, axis=1)
EXAMPLES = {digit: np.stack(ALL[digit::10]) for digit in range(10)}
BLANK = ("blank", "blank lined")
NUMBERS = (0, 3, 9)  # of photos whose digits are of MNIST, not of fonts or a pen
SHAPE = [28, 28]


def read(tmp_path: Path, kind: str, number: int) -> tuple[Reading, str]:
    photo = drawn(kind, number, EXAMPLES, (360, 480))
    path = tmp_path / f"a.{photo.suffix}"
    path.write_bytes(photo.file)
    return read_photo(path, SHAPE), photo.answer


def likeness(found: np.ndarray, digit: np.ndarray) -> float:
    moved = [np.roll(digit, by, (0, 1)) for by in np.ndindex(5, 5)]
    found = np.roll(found, (2, 2), (0, 1))
    return max(np.corrcoef(found.ravel(), image.ravel())[0, 1] for image in moved)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*BLANK, "turned")])
def test_what_is_written_is_found(tmp_path: Path, kind: str) -> None:
    """By correlation with MNIST's image, since the network is not here."""
    found = []
    for number in NUMBERS:
        reading, answer = read(tmp_path, kind, number)
        alike = [
            max(likeness(image, each) for each in EXAMPLES[int(digit)]) > 0.75
            for image, digit in zip(reading.digits, answer, strict=False)
        ]
        found.append(len(reading.digits) == len(answer) and all(alike) and not reading.doubt)
    assert sum(found) >= 2


@pytest.mark.parametrize("kind", BLANK)
def test_nothing_is_found_where_nothing_is_written(tmp_path: Path, kind: str) -> None:
    for number in range(3):
        assert read(tmp_path, kind, number)[0].doubt
