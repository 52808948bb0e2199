"""Where the bytes of a table come from: a file, a folder, standard input or the web."""

import gzip
import io
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from rnnlab.core.errors import InputError, require

# a larger download is a slip of the pen, or wants a file on the disk
MAX_DOWNLOAD = 2**29
TIMEOUT_S = 30
MAGIC = {
    b"PK\x03\x04": "excel",
    b"PAR1": "parquet",
    b"ARRO": "feather",
    b"\xd0\xcf\x11\xe0": "old excel",
}
ENDINGS = {
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".feather": "feather",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".dta": "stata",
}
# what holds columns with types, or records of them
TYPED = ("parquet", "folder", "feather", "json", "stata")
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """A table's bytes.

    Attributes:
        name: as messages have it.
        stem: the name without folder and endings.
        kind: text, excel, old excel, parquet, folder, feather, json or stata.
        path: None for bytes that are no file.
        content: None for a file.
    """

    name: str
    stem: str
    kind: str
    path: Path | None
    content: bytes | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, unpacked if they are gzip; raise InputError if they are damaged gzip."""
        with _opened(self.path, self.content) as raw:
            try:
                packed = raw.peek(2)[:2] == GZIP
                yield gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[misc]
            except (gzip.BadGzipFile, EOFError, zlib.error):
                raise InputError(
                    f"{self.name}: is not a whole gzip file; pack or copy it again"
                ) from None

    def bytes_or_path(self) -> Path | io.BytesIO:
        """What readers of binary formats take."""
        if self.path is not None and not self.path.name.lower().endswith(".gz"):
            return self.path
        with self.open() as file:
            return io.BytesIO(file.read())


def find_source(name: str) -> Source:
    """The source that a person names: a path, ``-`` or an address.

    Raises:
        InputError: there is nothing, or it cannot be fetched.
    """
    if not name.strip():
        raise InputError("the file has no name: name a file")
    if name == "-":
        content = sys.stdin.buffer.read()
        return Source(
            "standard input", "stdin", _kind(None, content, "standard input"), None, content
        )
    if name.lower().startswith(("http://", "https://")):
        content = _download(name)
        return Source(name, stem_of(name), _kind(None, content, name), None, content)
    path = require(Path(local_name(name)), "put the file there, or name another")
    if path.is_dir():
        return Source(name, path.name, "folder", path)
    if path.suffix.lower() == ".zip":
        return _in_zip(name, path)
    return Source(name, stem_of(name), _kind(path, None, name), path)


def _in_zip(name: str, path: Path) -> Source:
    """The one file in a ZIP; raise InputError if it is damaged, or holds another number."""
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            files = [each for each in packed.namelist() if not each.endswith("/")]
            if len(files) != 1:
                raise InputError(f"{name}: holds {len(files)} files; unpack it, and name one")
            content = packed.read(files[0])
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
    ):
        raise InputError(f"{name}: is not a whole ZIP file without a password") from None
    inner = Path(files[0])
    kind = ENDINGS.get(inner.suffix.lower()) or _kind(None, content, name)
    return Source(name, _stem(inner), kind, None, content)


def local_name(name: str) -> str:
    """The path that an address file:///… names; other names as they are."""
    if not name.lower().startswith("file://"):
        return name
    return urllib.request.url2pathname(urllib.parse.urlsplit(name).path)


def stem_of(name: str) -> str:
    """The name of a file, an address or ``-`` without folder and endings."""
    if name == "-":
        return "stdin"
    if name.lower().startswith(("http://", "https://")):
        path = urllib.parse.unquote(urllib.parse.urlsplit(name).path)
        return _stem(Path(path.rstrip("/"))) or "download"
    return _stem(Path(local_name(name)))


def _stem(path: Path) -> str:
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


@contextmanager
def _opened(path: Path | None, content: bytes | None) -> Iterator[io.BufferedReader]:
    if path is not None:
        with path.open("rb") as file:
            yield file
    else:
        yield io.BufferedReader(io.BytesIO(content or b""))  # type: ignore[arg-type]


def _kind(path: Path | None, content: bytes | None, name: str) -> str:
    suffix = path.suffix.lower() if path is not None else ""
    if suffix in ENDINGS:
        return ENDINGS[suffix]
    with Source(name, "", "", path, content).open() as file:
        return MAGIC.get(file.read(4), "text")


def _download(address: str) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": "rnnlab"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            content = answer.read(MAX_DOWNLOAD + 1)
    except urllib.error.HTTPError as error:
        raise InputError(
            f"{address}: the server answers {error.code} {error.reason}; check the address"
        ) from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(f"{address}: cannot be fetched ({reason}); check the address") from None
    if len(content) > MAX_DOWNLOAD:
        raise InputError(
            f"{address}: has more than {MAX_DOWNLOAD // 2**20} MB; download it and name the file"
        )
    return content
