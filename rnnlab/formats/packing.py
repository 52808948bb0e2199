"""Packed bytes: what unpacks them, known by their first bytes."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

from rnnlab.core.errors import InputError

PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
ENDINGS = (".gz", ".bz2", ".xz", ".zst")
# what readers of torn or damaged bytes raise
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, OSError)
# of a ZIP some damage shows as a place before its beginning
BROKEN_ZIP = (*DAMAGED, zipfile.BadZipFile, RuntimeError, ValueError)


def packing_of(start: bytes) -> str | None:
    """How bytes that begin so are packed; None if they are not."""
    return next((name for mark, name in PACKED.items() if start.startswith(mark)), None)


def unpacked(file: BinaryIO, packing: str | None) -> BinaryIO:
    """The bytes as they were before they were packed."""
    if packing is None:
        return file
    if packing == "zstd":
        import pyarrow

        stream = pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd")
        return io.BufferedReader(stream)
    if packing == "gzip":
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    return bz2.BZ2File(file) if packing == "bzip2" else lzma.LZMAFile(file)  # type: ignore[return-value]


def one_of_zip(name: str, file: BinaryIO) -> tuple[str, bytes] | None:
    """The name and the bytes of the one file in a ZIP; None if the ZIP is a book of sheets.

    Raises:
        InputError: it is damaged, or holds another number of files.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            every = packed.namelist()
            if "[Content_Types].xml" in every or "content.xml" in every:
                return None
            # what macOS adds is no file of a person
            files = [each for each in every if not each.endswith("/") and "__MACOSX" not in each]
            if len(files) != 1:
                raise InputError(f"{name}: holds {len(files)} files; unpack it, and name one")
            return PurePosixPath(files[0]).name, packed.read(files[0])
    except BROKEN_ZIP:
        raise InputError(f"{name}: is not a whole ZIP file without a password") from None
