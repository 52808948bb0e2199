"""Image data sets in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist/)."""

import csv
import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np

from rnnlab.core.errors import InputError, require

IMAGE_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
MEND = "delete its folder and run `dvc repro download_mnist`"
UNSIGNED_BYTE = 8
CHUNK = 1000  # images that are counted or packed at a time
DIMENSIONS = {"images": 3, "labels": 1}
LARGEST = 1 << 30  # bytes unpacked; about twice EMNIST-byclass, the largest set


def read_list(path: Path, dataset: str) -> dict[str, Path]:
    """Read the list of image files that the download wrote for ``dataset``.

    Returns:
        The file of each part, beside the list: train_images, train_labels, …

    Raises:
        InputError: the list is missing, lists other than the four parts, or is of another data
            set; or a file is missing or has another MD5 sum.
    """
    require(path, "run `dvc repro download_mnist`")
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    names = {row.get("part") or "": row.get("file") or "" for row in rows}
    # a name alone: no list leads to files elsewhere
    beside = all(Path(name).name == name and name.endswith(".gz") for name in names.values())
    if set(names) != set(IMAGE_FILES) or not beside:
        raise InputError(
            f"{path} does not list the files {', '.join(IMAGE_FILES)} beside it: "
            "delete it and run `dvc repro download_mnist`"
        )
    for row in rows:
        if row.get("dataset") != dataset:
            raise InputError(
                f"{path} lists files of {row.get('dataset')}, but params.yaml asks for {dataset}: "
                "write that in tasks.mnist too, whose data all tasks of images read, and run "
                "`dvc repro download_mnist`"
            )
        _check_sum(path.parent / row["file"], row.get("md5"))
    return {part: path.parent / name for part, name in names.items()}


def _check_sum(path: Path, md5: str | None) -> None:
    require(path, "run `dvc repro download_mnist`")
    if hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != md5:
        raise InputError(f"{path} is damaged, its MD5 sum is not that listed: {MEND}")


def read_idx(path: Path, kind: str) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes; ``kind`` is images or labels.

    No more is unpacked than the header announces, and that is no more than ``LARGEST`` bytes.

    Returns:
        uint8 array: [N, rows, columns] for images, [N] for labels.

    Raises:
        InputError: the file is missing, truncated, corrupted, of another format, or empty.
    """
    require(path, "run `dvc repro download_mnist`")
    size = 4 + 4 * DIMENSIONS[kind]
    try:
        with gzip.open(path) as file:
            header = file.read(size)
            shape = [int.from_bytes(header[at : at + 4]) for at in range(4, size, 4)]
            if header[:4] != bytes([0, 0, UNSIGNED_BYTE, DIMENSIONS[kind]]) or len(header) < size:
                raise InputError(f"{path} is no IDX file of {kind} in unsigned bytes: {MEND}")
            count = math.prod(shape)
            if not 0 < count <= LARGEST:
                raise InputError(f"{path} announces {kind} of sizes {shape}: {MEND}")
            # one more than is announced, so that more is noticed
            content = file.read(count + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(f"{path} is truncated or corrupted: {MEND}") from None
    if len(content) != count:
        raise InputError(f"{path} holds other than the {shape} bytes it announces: {MEND}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array as a gzipped IDX file whose bytes depend on the array alone."""
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    # level 9 takes over ten times as long and saves 2 %
    with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        packed.write(header)
        # EMNIST has 700,000 images: no copy of the whole set
        for start in range(0, len(array), CHUNK):
            packed.write(array[start : start + CHUNK].astype(np.uint8).tobytes())


def input_statistics(images: np.ndarray, method: str) -> dict[str, float]:
    """Fit ``method`` on ``images`` [N, rows, columns] in grey levels 0 to 255.

    Returns:
        ``shift`` and ``scale``, both in grey levels; a level x becomes (x - shift) / scale.
        standard: mean and standard deviation; minmax: minimum and range; none: 0 and 1.
    """
    if method == "none":
        return {"shift": 0.0, "scale": 1.0}
    if method == "minmax":
        low, high = int(images.min()), int(images.max())
        return {"shift": float(low), "scale": float(max(high - low, 1))}
    # exact sums over the 256 levels: no rounding order, and no copy of the whole set, since
    # bincount makes eight bytes of each that it counts
    parts = (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))
    counts = np.sum([np.bincount(part.reshape(-1), minlength=256) for part in parts], axis=0)
    levels = np.arange(256)
    mean = float((counts * levels).sum() / counts.sum())
    variance = float((counts * levels**2).sum() / counts.sum()) - mean**2
    return {"shift": mean, "scale": max(variance, 1.0) ** 0.5}


def pixel_order(sequence: str, pixels: int) -> list[int] | None:
    """The order in which ``sequence`` reads the pixels; None for the natural order.

    permuted is ``numpy.random.RandomState(92916).permutation(pixels)``, fixed for all time,
    since papers that differ in the permutation differ in the task.
    """
    if sequence != "permuted":
        return None
    return np.random.RandomState(92916).permutation(pixels).tolist()


def as_sequences(images: np.ndarray, sequence: str) -> np.ndarray:
    """Lay images [N, rows, columns] out as sequences [N, steps, features] of the same dtype.

    rows: [N, rows, columns]; pixels and permuted: [N, rows * columns, 1];
    flat: [N, 1, rows * columns], the tutorial's, which is no sequence.
    """
    count, rows, columns = images.shape
    if sequence == "rows":
        return images
    flat = images.reshape(count, rows * columns)
    if sequence == "flat":
        return flat[:, None, :]
    order = pixel_order(sequence, rows * columns)
    return (flat if order is None else flat[:, order])[:, :, None]
