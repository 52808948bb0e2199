"""Where the bytes of a table come from: a file, a folder, standard input or the web."""

import io
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from rnnlab.core.errors import InputError, require
from rnnlab.formats.packing import DAMAGED, ENDINGS, one_of_zip, packing_of, unpacked

# a larger download is a slip of the pen, or wants a file on the disk
MAX_DOWNLOAD = 2**29
TIMEOUT_S = 30
# whatever the name says
MAGIC = {
    re.compile(rb"PK\x03\x04"): "zip",
    re.compile(rb"PAR1"): "parquet",
    re.compile(rb"ARROW1"): "feather",
    re.compile(rb"\xd0\xcf\x11\xe0"): "sheets",
    re.compile(rb"SQLite format 3\0"): "sqlite",
    re.compile(rb"\$FL[23]"): "sav",
    re.compile(rb"<stata_dta>"): "stata",
    re.compile(rb"\x80[\x02-\x05]"): "pickle",
    re.compile(rb"\x89HDF"): "hdf",
    re.compile(rb"%PDF"): "pdf",
    re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype )?(html|table)\b", re.IGNORECASE): "html",
    re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml"): "xml",
    re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?\{\s*"[^"\n]*"\s*:'): "json",
}
KINDS = {
    ".parquet": "parquet",
    ".xlsx": "sheets",
    ".xlsm": "sheets",
    ".xlsb": "sheets",
    ".ods": "sheets",
    ".zip": "zip",
    ".feather": "feather",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".dta": "stata",
    ".sav": "sav",
    ".por": "por",
    ".sas7bdat": "sas7bdat",
    ".xpt": "xpt",
    ".tsf": "tsf",
    ".pkl": "pickle",
    ".pickle": "pickle",
}


@dataclass(frozen=True)
class Source:
    """A table's bytes.

    Attributes:
        name: as messages have it.
        stem: the name without folder and endings.
        kind: of the format, one of ``KINDS`` or ``MAGIC``, folder or text.
        path: None for bytes that are no file.
        content: None for a file.
    """

    name: str
    stem: str
    kind: str
    path: Path | None
    content: bytes | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is a file whose bytes are not packed, by its name."""
        return self.path is not None and self.path.suffix.lower() not in ENDINGS

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, unpacked if they are packed; raise InputError if they are damaged then."""
        with _opened(self.path, self.content) as raw:
            packing = packing_of(raw.peek(8))
            if packing is None:
                yield raw
                return
            try:
                yield unpacked(raw, packing)
            except DAMAGED as error:
                if getattr(error, "errno", None):
                    raise
                raise InputError(
                    f"{self.name}: is not a whole {packing} file; pack or copy it again"
                ) from None

    def bytes_or_path(self) -> Path | io.BytesIO:
        """What readers of binary formats take."""
        if self.path is not None:
            with self.path.open("rb") as file:
                if packing_of(file.read(8)) is None:
                    return self.path
        with self.open() as unpacked_file:
            return io.BytesIO(unpacked_file.read())


def find_source(name: str) -> Source:
    """The source that a person names: a path, ``-`` or an address.

    Raises:
        InputError: there is nothing, or it cannot be fetched.
    """
    if not name.strip():
        raise InputError("the file has no name: name a file")
    if name == "-":
        return _of_kind("standard input", "stdin", "", None, sys.stdin.buffer.read())
    if name.lower().startswith(("http://", "https://")):
        ending = _ending(urllib.parse.urlsplit(name).path)
        return _of_kind(name, stem_of(name), ending, None, _download(name))
    path = require(Path(local_name(name)), "put the file there, or name another")
    if path.is_dir():
        return Source(name, path.name, "folder", path)
    return _of_kind(name, stem_of(name), _ending(path.name), path)


def _of_kind(
    name: str, stem: str, ending: str, path: Path | None, content: bytes | None = None
) -> Source:
    """The source of what its first bytes say it is, else its name; the one file of a ZIP."""
    source = Source(name, stem, "", path, content)
    with source.open() as file:
        start = file.read(512)
    named = KINDS.get(ending, "text")
    kind = next((kind for mark, kind in MAGIC.items() if mark.match(start)), named)
    if kind == "zip" and named != "sheets":
        with source.open() as file:
            inner = one_of_zip(name, io.BytesIO(file.read()) if packing_of(start) else file)
        if inner is not None:
            return _of_kind(name, _stem(Path(inner[0])), _ending(inner[0]), None, inner[1])
    return Source(name, stem, "sheets" if kind == "zip" else kind, path, content)


def _ending(name: str) -> str:
    """The ending of a name before that of its packing."""
    path = Path(name)
    return Path(path.stem if path.suffix.lower() in ENDINGS else name).suffix.lower()


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
    return Path(path.stem).stem if path.suffix.lower() in ENDINGS else path.stem


@contextmanager
def _opened(path: Path | None, content: bytes | None) -> Iterator[io.BufferedReader]:
    if path is not None:
        with path.open("rb") as file:
            yield file
    else:
        yield io.BufferedReader(io.BytesIO(content or b""))  # type: ignore[arg-type]


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
