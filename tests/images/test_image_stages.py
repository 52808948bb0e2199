"""Images: the IDX format, statistics, and the layouts as sequences."""

import gzip
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers import write_idx_bytes

from rnnlab.core.errors import InputError
from rnnlab.images.idx import as_sequences, input_statistics, pixel_order, read_idx, write_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 4, 6), dtype=np.uint8)


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        ("images", IMAGES),
        ("labels", IMAGES[:, 0, 0]),
        ("images", IMAGES.transpose(0, 2, 1)),
        ("images", np.arange(2 * 2001).reshape(2001, 2, 1).astype(np.uint8)),
    ],
    ids=["images", "labels", "on their side", "more than are packed at a time"],
)
def test_idx_there_and_back(tmp_path: Path, kind: str, array: np.ndarray) -> None:
    write_idx(tmp_path / "a.gz", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz", kind), array)
    content = gzip.decompress((tmp_path / "a.gz").read_bytes())
    assert content == gzip.decompress(write_idx_bytes(array))


def test_idx_bytes_depend_on_the_array_alone(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, IMAGES)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


WHOLE = write_idx_bytes(IMAGES)
FLIPPED = WHOLE[:40] + bytes([WHOLE[40] ^ 0xFF]) + WHOLE[41:]
PLAIN = gzip.decompress(WHOLE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no IDX file"),
        (WHOLE[:-20], "truncated or corrupted"),
        (WHOLE[:5], "truncated or corrupted"),
        (FLIPPED, "truncated or corrupted"),
        (WHOLE[:-8] + bytes(8), "truncated or corrupted"),
        (PLAIN, "truncated or corrupted"),
        (b"<html>404</html>", "truncated or corrupted"),
        (gzip.compress(bytes([0, 0, 13]) + PLAIN[3:]), "no IDX file of images in unsigned bytes"),
        (gzip.compress(b"\x01" + PLAIN[1:]), "no IDX file of images in unsigned bytes"),
        (gzip.compress(PLAIN[:2]), "no IDX file of images"),
        (gzip.compress(PLAIN[:6]), "no IDX file of images"),
        (gzip.compress(PLAIN[:8]), "no IDX file of images"),
        (write_idx_bytes(IMAGES[:, 0, 0]), "no IDX file of images"),
        (write_idx_bytes(IMAGES[:0]), r"announces images of sizes \[0, 4, 6\]"),
        (gzip.compress(PLAIN[:4] + b"\xff" * 12), "announces images of sizes .4294967295"),
        (gzip.compress(bytes([0, 0, 8, 255]) + b"\0\0\0\1" * 255 + b"x"), "no IDX file of images"),
        (gzip.compress(PLAIN[:-1]), "holds other than"),
        (gzip.compress(PLAIN + b"\0"), "holds other than"),
    ],
    ids=[
        *["empty", "end missing", "start alone", "bit flipped", "checksum", "no gzip", "page"],
        *["floats", "magic", "two bytes", "half a size", "sizes missing", "labels", "no images"],
        *["sizes that overflow", "255 dimensions", "short", "long"],
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        read_idx(tmp_path / "a.gz", "images")
    assert str(tmp_path / "a.gz") in str(error.value)
    assert "dvc repro download_mnist" in str(error.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.gz is missing: run `dvc repro download_mnist`"):
        read_idx(tmp_path / "a.gz", "images")


@pytest.mark.parametrize("announced", [30, 1 << 20])
def test_a_bomb_is_not_unpacked(tmp_path: Path, announced: int) -> None:
    """A gigabyte of zeros in a file of a megabyte, whatever its header says of it."""
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (announced, 4, 6))
    packed = zlib.compressobj(1, zlib.DEFLATED, 31)
    with (tmp_path / "bomb.gz").open("wb") as file:
        file.write(packed.compress(header))
        for _ in range(1024):
            file.write(packed.compress(bytes(1 << 20)))
        file.write(packed.flush())
    tracemalloc.start()
    with pytest.raises(InputError, match="holds other than"):
        read_idx(tmp_path / "bomb.gz", "images")
    assert tracemalloc.get_traced_memory()[1] < 3 * 24 * announced + (1 << 20)
    tracemalloc.stop()


def test_statistics_equal_numpys() -> None:
    assert input_statistics(IMAGES, "none") == {"shift": 0, "scale": 1}
    found = input_statistics(IMAGES, "standard")
    assert found == pytest.approx({"shift": IMAGES.mean(), "scale": IMAGES.std()}, rel=1e-12)
    low, high = int(IMAGES.min()), int(IMAGES.max())
    assert input_statistics(IMAGES, "minmax") == {"shift": low, "scale": high - low}


@pytest.mark.parametrize("method", ["none", "minmax", "standard"])
def test_statistics_of_one_grey_never_divide_by_zero(method: str) -> None:
    assert input_statistics(np.full((3, 4, 4), 9, np.uint8), method)["scale"] == 1


@pytest.mark.parametrize(
    ("sequence", "shape"),
    [("rows", (4, 6)), ("pixels", (24, 1)), ("permuted", (24, 1)), ("flat", (1, 24))],
)
def test_shapes_of_sequences(sequence: str, shape: tuple[int, int]) -> None:
    x = as_sequences(IMAGES, sequence)
    assert x.shape == (30, *shape)
    assert x.dtype == np.uint8
    # every pixel once
    np.testing.assert_array_equal(
        np.sort(x.reshape(30, -1), axis=1), np.sort(IMAGES.reshape(30, -1), axis=1)
    )


def test_order_of_sequences() -> None:
    np.testing.assert_array_equal(as_sequences(IMAGES, "rows")[:, 2], IMAGES[:, 2])
    np.testing.assert_array_equal(as_sequences(IMAGES, "pixels")[:, 7, 0], IMAGES[:, 1, 1])
    np.testing.assert_array_equal(as_sequences(IMAGES, "flat")[:, 0, 7], IMAGES[:, 1, 1])
    order = np.array(pixel_order("permuted", 24))
    flat = IMAGES.reshape(30, 24)
    np.testing.assert_array_equal(as_sequences(IMAGES, "permuted")[:, :, 0], flat[:, order])


def test_the_permutation_is_fixed_for_all_time() -> None:
    order = pixel_order("permuted", 784)
    assert order[:8] == [319, 576, 323, 107, 355, 716, 197, 20]
    assert sorted(order) == list(range(784))
    assert pixel_order("permuted", 64)[:4] == [13, 12, 55, 7]
    assert {pixel_order(sequence, 784) for sequence in ("rows", "pixels", "flat")} == {None}
