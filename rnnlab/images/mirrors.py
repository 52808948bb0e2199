"""Fetching a file from the first mirror that serves the right bytes."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files
from rnnlab.core.progress import track_progress

TRIES = 3
CONNECT_SECONDS, READ_SECONDS = 10, 30
CHUNK = 1 << 16
LARGEST = 1 << 30  # bytes; about twice EMNIST's archive, the largest file
SLOWEST = 4 << 10  # bytes a second on average, once READ_SECONDS have passed


def fetch(name: str, md5: str, mirrors: list[str], folder: Path) -> None:
    """Put the file ``name`` with the given MD5 sum into ``folder``.

    Args:
        name: file name, joined to each mirror.
        md5: hexadecimal sum; bytes with another sum are never kept.
        mirrors: folders, ``file://`` or ``http(s)://`` addresses, tried in order.

    Raises:
        InputError: no mirror gave the right bytes; the message says what each answered.
    """
    answers = []
    for mirror in mirrors:
        # not by urllib3's Retry, which asks no second time once an answer's body has begun
        for attempt in range(TRIES):
            try:
                _fetch_once(mirror, name, md5, folder / name)
                return
            except _Refusal as refusal:
                answers.append(f"{mirror}: {refusal}")
                break
            except (requests.RequestException, _Damage) as fault:
                if attempt == TRIES - 1:
                    answers.append(f"{mirror}: {_reason(fault)}")
                else:
                    time.sleep(0.5 * 2**attempt)
    tried = "; ".join(answers) or "no mirror is named"
    raise InputError(
        f"{name}: no mirror gave it ({tried}); set MNIST_MIRROR to a folder or address that "
        "holds it, or run with -S tasks.mnist.data.dataset=digits, which needs no network"
    )


class _Refusal(Exception):
    """An answer that another try won't change."""


class _Damage(Exception):
    """Wrong bytes, which another try may mend."""


def _fetch_once(mirror: str, name: str, md5: str, target: Path) -> None:
    with output_files(target.parent) as folder:
        _copy_or_download(mirror, name, folder / target.name)
        _check(folder / target.name, md5)


def _copy_or_download(mirror: str, name: str, path: Path) -> None:
    local = _local_folder(mirror)
    if local is None:
        _download(f"{mirror.rstrip('/')}/{name}", path)
    elif (local / name).is_file():
        shutil.copyfile(local / name, path)
    else:
        raise _Refusal("no such file")


def _check(path: Path, md5: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != md5:
        raise _Damage(f"its MD5 sum is {found}, not {md5}")


def _local_folder(mirror: str) -> Path | None:
    try:
        address = urlparse(mirror)
    except ValueError:
        raise _Refusal("is no address") from None
    if address.scheme in ("http", "https"):
        return None
    return Path(unquote(address.path)) if address.scheme == "file" else Path(mirror)


def _download(url: str, path: Path) -> None:
    with _answer(url) as response:
        if 400 <= response.status_code < 500:
            raise _Refusal(f"HTTP {response.status_code}")
        response.raise_for_status()
        announced = response.headers.get("Content-Length", "")
        size, started = int(announced) if announced.isdecimal() else 0, time.monotonic()
        with path.open("wb") as file:
            for chunk in _with_progress(_chunks(response), path.name, size):
                file.write(chunk)
                if file.tell() > LARGEST:
                    raise _Refusal(f"sends more than {LARGEST >> 20} MiB")
                seconds = time.monotonic() - started
                if seconds > READ_SECONDS and file.tell() < SLOWEST * seconds:
                    raise _Refusal(f"sends less than {SLOWEST >> 10} KiB a second")


def _answer(url: str) -> requests.Response:
    # identity: a server that unpacks .gz on the way would change the bytes
    headers = {"Accept-Encoding": "identity"}
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    try:
        return requests.get(url, stream=True, timeout=timeout, headers=headers)
    except (HTTPError, ValueError):
        # what requests and urllib3 raise for an address, or that of a redirect, that is none
        raise _Refusal("is or leads to no address") from None


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The bytes of an answer as they come.

    ``iter_content`` waits for whole chunks, which a server that sends a byte a minute never fills,
    and unpacks what is called gzip on the way, though a file is wanted as it lies on the server.
    """
    try:
        while chunk := response.raw.read1(CHUNK):
            yield chunk
    except ReadTimeoutError:
        raise requests.Timeout from None
    except HTTPError:
        raise _Damage("breaks off") from None


def _with_progress(chunks: Iterator[bytes], name: str, size: int) -> Iterator[bytes]:
    with track_progress(name, size / 1024, "KiB") as work:
        for chunk in chunks:
            work.advance(len(chunk) / 1024)
            yield chunk


def _reason(fault: Exception) -> str:
    if isinstance(fault, requests.HTTPError) and fault.response is not None:
        return f"HTTP {fault.response.status_code}"
    if isinstance(fault, requests.Timeout):
        return "no answer in time"
    if isinstance(fault, requests.TooManyRedirects):
        return "redirects in a circle"
    if isinstance(fault, requests.exceptions.ProxyError):
        return "the proxy that http_proxy or https_proxy names cannot be reached"
    if isinstance(fault, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(fault, requests.ConnectionError):
        return "cannot be reached"
    return str(fault)
