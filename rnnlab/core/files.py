"""Read and write the files that stages exchange: completely or not at all."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rnnlab.core.errors import InputError, require
from rnnlab.core.temporary import locked, temporary_folder

if TYPE_CHECKING:
    # stages that read no table do not pay for this import
    import pandas as pd

Json = dict[str, Any]  # an object of a JSON file

CHECKSUMS_FILE = "SHA256SUMS"
# the dtypes that stages write, by their names in safetensors
DTYPES = {"BOOL": np.bool_, "U8": np.uint8, "I64": np.int64, "F32": np.float32, "F64": np.float64}


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder to write into; it becomes ``folder`` if the block succeeds."""
    with _partial(folder.parent, folder) as partial:
        yield partial
        with locked(folder.parent):
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)


@contextmanager
def output_files(folder: Path, or_none: Iterable[str] = ()) -> Iterator[Path]:
    """Yield a temporary folder to write into; its files move to ``folder`` if the block succeeds.

    They move together: of two processes that write the same files at the same time, all that stay
    are of one. Other files in ``folder`` are kept.

    Args:
        or_none: names of files that an earlier run may have left, and that this one replaces by
            nothing if it does not write them.

    Raises:
        IsADirectoryError: a folder has the name of one of the files.
    """
    with _partial(folder, folder) as partial:
        yield partial
        paths = sorted(partial.iterdir())
        with locked(folder):
            for path in paths:
                target = folder / path.name
                if target.is_dir() and not path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
            for path in paths:
                if path.is_dir():
                    shutil.rmtree(folder / path.name, ignore_errors=True)
                path.replace(folder / path.name)
            for name in {*or_none} - {path.name for path in paths}:
                (folder / name).unlink(missing_ok=True)


@contextmanager
def _partial(parent: Path, target: Path) -> Iterator[Path]:
    """A temporary folder in ``parent``; errors name the files of ``target`` that a person knows."""
    with temporary_folder(parent) as partial:
        try:
            yield partial
        except OSError as error:
            if error.filename2 is None and str(error.filename).startswith(str(partial)):
                error.filename = str(target / Path(error.filename).relative_to(partial))
            raise


def write_checksums(folder: Path) -> None:
    """Write a file for `sha256sum --check` into ``folder`` and each folder in it.

    Files next to checksums are checked when they are read: safetensors and JSON do not notice a
    number that has changed on the disk, and DVC looks at a file's date before its content.
    """
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        files = sorted(
            path for path in each.iterdir() if path.is_file() and path.name != CHECKSUMS_FILE
        )
        (each / CHECKSUMS_FILE).write_text("".join(map(_checksum_line, files)), encoding="utf-8")


def _checksum_line(path: Path) -> str:
    with path.open("rb") as file:
        return f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n"


def _require_intact(path: Path, stage: str) -> None:
    """Raise InputError if ``path`` is missing or does not match the checksum in its folder."""
    require(path, f"run `dvc repro {stage}`")
    sums = path.parent / CHECKSUMS_FILE
    if sums.is_file() and _checksum_line(path) not in sums.read_text(
        encoding="utf-8", errors="replace"
    ):
        raise InputError(
            f"{path} is damaged: its checksum differs from the one that `dvc repro {stage}` wrote; "
            f"delete {path.parent} and run that command again"
        )


def _damaged(path: Path, stage: str) -> InputError:
    return InputError(f"{path} is damaged: delete it and run `dvc repro {stage}`")


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as ``as_json`` has it."""
    write_atomically(path, (as_json(content) + "\n").encode())


def as_json(content: object) -> str:
    """Indented JSON; NaN and infinity become null."""
    return json.dumps(_finite(content), indent=2)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a single file completely, or keep the previous one; its folder is made, too."""
    with output_files(path.parent) as folder:
        (folder / path.name).write_bytes(content)


def _finite(content: object) -> object:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float | np.floating):
        return float(content) if np.isfinite(content) else None
    return content


def read_json(path: Path, stage: str) -> Any:
    """Read JSON that ``stage`` wrote; raise InputError if it is missing or damaged."""
    _require_intact(path, stage)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise _damaged(path, stage) from None


def write_table(path: Path | TextIO, table: "pd.DataFrame") -> None:
    """Write a table as CSV with ten significant digits."""
    table = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        # pandas formats number by number, which takes half as long again
        if isinstance(kind, np.dtype) and kind.kind == "f":
            table.isetitem(place, _digits(table.iloc[:, place].to_numpy()))
    table.to_csv(path, index=False, lineterminator="\n")


def _digits(numbers: np.ndarray) -> np.ndarray:
    """Numbers as texts with ten significant digits; NaN as none."""
    texts = np.array(("%.10g " * len(numbers) % tuple(numbers.tolist())).split(), dtype=object)
    texts[np.isnan(numbers)] = ""
    return texts


def read_table(path: Path, stage: str) -> "pd.DataFrame":
    """Read CSV that ``stage`` wrote; raise InputError if it is missing or damaged.

    Names of series stay text, even if they look like numbers.
    """
    import pandas as pd

    _require_intact(path, stage)
    try:
        return pd.read_csv(path, dtype={"unique_id": str}, keep_default_na=False, na_values="")
    except ValueError:
        raise _damaged(path, stage) from None


def write_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write arrays as safetensors; the bytes depend on nothing but the arrays.

    Raises:
        OSError: for example, the disk is full.
    """
    # safetensors lets nobody else read its files: the permissions are those of any other
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, path)
        path.chmod(mode)
    except SafetensorError as error:
        # safetensors wraps the operating system's errors in its own type
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None


def read_tensors(path: Path, stage: str) -> dict[str, np.ndarray]:
    """Return the arrays that ``stage`` wrote, memory-mapped: read from the disk when used.

    Raises:
        InputError: the file is missing or damaged.
    """
    _require_intact(path, stage)
    try:
        # safe_open checks the header and the size, and reads nothing else
        with safe_open(path, "numpy"):
            return _views(path)
    except (SafetensorError, ValueError, KeyError):
        raise _damaged(path, stage) from None


def _views(path: Path) -> dict[str, np.ndarray]:
    """Map the file. Its format: the header's size (8 bytes), the header (JSON), the arrays."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    start = 8 + size
    if path.stat().st_size == start:
        # an empty file cannot be memory-mapped
        numbers = np.empty(0, dtype=np.uint8)
    else:
        # copy-on-write: changes to the array do not reach the file
        numbers = np.asarray(np.memmap(path, np.uint8, mode="c", offset=start))
    return {
        name: numbers[slice(*about["data_offsets"])]
        .view(DTYPES[about["dtype"]])
        .reshape(about["shape"])
        for name, about in sorted(header.items())
    }
