"""Image data sets in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist/)."""

import csv
import gzip
import zlib
from pathlib import Path

import numpy as np

from stages.common.errors import InputError, require

IMAGE_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
UNSIGNED_BYTE = 8


def read_list(path: Path) -> tuple[str, dict[str, Path]]:
    """Read the list of image files that the download wrote.

    Returns:
        The name of the data set, and the file of each part: train_images, train_labels, …

    Raises:
        InputError: the list is missing, or lists other than the four parts.
    """
    require(path, "run `dvc repro download_mnist`")
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    files = {row.get("part"): path.parent / (row.get("file") or "") for row in rows}
    if set(files) != set(IMAGE_FILES) or "dataset" not in rows[0]:
        raise InputError(
            f"{path} does not list the files {', '.join(IMAGE_FILES)}: "
            "delete it and run `dvc repro download_mnist`"
        )
    return rows[0]["dataset"], files


def read_idx(path: Path) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes.

    Returns:
        uint8 array: [N, rows, columns] for images, [N] for labels.

    Raises:
        InputError: the file is missing, truncated, corrupted or of another format.
    """
    mend = "delete its folder and run `dvc repro download_mnist`"
    require(path, "run `dvc repro download_mnist`")
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(f"{path} is truncated or corrupted: {mend}") from None
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise InputError(f"{path} is no IDX file of unsigned bytes: {mend}")
    start = 4 + 4 * content[3]
    sizes = content[4:start].ljust(start - 4, b"\0")
    shape = tuple(np.frombuffer(sizes, dtype=">u4").astype(int))
    if len(content) - start != np.prod(shape):
        raise InputError(f"{path} holds other than the {shape} bytes it announces: {mend}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array as a gzipped IDX file whose bytes depend on the array alone."""
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    content = gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)
    path.write_bytes(content)


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
    # exact sums over the 256 levels: no float copy of the whole set, no rounding order
    counts = np.bincount(images.reshape(-1), minlength=256)
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
