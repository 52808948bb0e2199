"""Mirrors that misbehave, each a real server on the loopback address."""

import socketserver
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from helpers import (
    edit_params,
    free_address,
    one_error_line,
    partial_leftovers,
    run_stage,
)

from rnnlab.core.errors import InputError
from rnnlab.images import mirrors
from rnnlab.images.mirrors import TRIES, fetch

NAME = "train-images-idx3-ubyte.gz"
CONTENT = bytes(range(256)) * 1000
MD5 = "1da708a75e25110b1341d16814feb52d"
OK = b"HTTP/1.1 200 OK\r\n"

Answer = Callable[[str], Iterable[bytes]]


class Server(socketserver.ThreadingTCPServer):
    """Sends what ``answer`` gives for the request's first line, and closes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.asked = answer, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        line = self.rfile.readline().decode()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(line.strip())
        try:
            for part in self.server.answer(line):
                self.wfile.write(part)
        except OSError:
            pass  # the client has heard enough


@pytest.fixture
def serving() -> Iterator[Callable[[Answer], Server]]:
    servers = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries, and no proxy."""
    monkeypatch.setattr(mirrors, "time", type("Clock", (), {
        "sleep": lambda seconds: None, "monotonic": time.monotonic}))  # fmt: skip
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def refusal(address: str, folder: Path) -> str:
    """What is said of the mirror at ``address``, which must leave nothing behind."""
    with pytest.raises(InputError) as error:
        fetch(NAME, MD5, [address], folder)
    assert list(folder.iterdir()) == []
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{NAME}: no mirror gave it ({address}: ")
    return message.removeprefix(f"{NAME}: no mirror gave it ({address}: ").split("); set")[0]


def of_length(length: object, *parts: bytes) -> list[bytes]:
    return [OK + f"Content-Length: {length}\r\n\r\n".encode(), *parts]


def endless(line: str) -> Iterator[bytes]:
    yield OK + b"\r\n"
    while True:
        yield CONTENT


def drip(line: str) -> Iterator[bytes]:
    yield of_length(1 << 20)[0]
    for _ in range(100):
        yield b"x"
        time.sleep(0.05)


def silence(line: str) -> Iterator[bytes]:
    time.sleep(2)
    yield b""


def silence_after_a_while(line: str) -> Iterator[bytes]:
    yield from of_length(len(CONTENT), CONTENT[:5000])
    time.sleep(2)


def circle(line: str) -> list[bytes]:
    path = line.split()[1]
    return [f"HTTP/1.1 302 Found\r\nLocation: {path}\r\nConnection: close\r\n\r\n".encode()]


def redirect(target: str) -> Answer:
    return lambda line: [f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode()]


def status(number: int) -> Answer:
    return lambda line: [f"HTTP/1.1 {number} No\r\nContent-Length: 0\r\n\r\n".encode()]


@pytest.mark.parametrize(
    ("answer", "words", "tries"),
    [
        (status(403), "HTTP 403", 1),
        (status(404), "HTTP 404", 1),
        (status(407), "HTTP 407", 1),
        (status(500), "HTTP 500", TRIES),
        (status(503), "HTTP 503", TRIES),
        (silence, "no answer in time", TRIES),
        (silence_after_a_while, "no answer in time", TRIES),
        (drip, "sends less than 4 KiB a second", 1),
        (lambda line: of_length(len(CONTENT), CONTENT[:-1]), "breaks off", TRIES),
        (lambda line: of_length(len(CONTENT), CONTENT[::-1]), "its MD5 sum is", TRIES),
        (lambda line: of_length(0), "its MD5 sum is d41d8cd98f00b204e9800998ecf8427e", TRIES),
        (lambda line: of_length("many", CONTENT[1:]), "its MD5 sum is", TRIES),
        (lambda line: of_length(-5, CONTENT[1:]), "its MD5 sum is", TRIES),
        (lambda line: of_length(10**9, CONTENT), "breaks off", TRIES),
        (lambda line: [OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc"], "breaks off", TRIES),
        (lambda line: [b"no HTTP at all\r\n\r\n"], "cannot be reached", TRIES),
        (lambda line: [], "cannot be reached", TRIES),
        (redirect("file:///etc/passwd"), "is or leads to no address", 1),
        (redirect("http://[::1"), "is or leads to no address", 1),
        (redirect("http://.x/"), "is or leads to no address", 1),
    ],
    ids=[
        *["403", "404", "407", "500", "503", "silent", "silent in the middle", "dripping"],
        *["truncating", "lying", "empty", "length in words", "negative length", "too long"],
        *["bad chunks", "no HTTP", "nothing", "to a file", "to no address", "to no host"],
    ],
)
def test_each_fault_is_told_and_nothing_kept(
    serving: Callable,
    tmp_path: Path,
    answer: Answer,
    words: str,
    tries: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if answer in (silence, silence_after_a_while, drip):
        monkeypatch.setattr(mirrors, "READ_SECONDS", 0.3)
    server = serving(answer)
    assert words in refusal(server.url, tmp_path)
    assert len(server.asked) == tries


def test_redirects_in_a_circle(serving: Callable, tmp_path: Path) -> None:
    assert refusal(serving(circle).url, tmp_path) == "redirects in a circle"


def test_endless_bytes_are_cut_off(
    serving: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "LARGEST", 3 << 20)
    server = serving(endless)
    assert refusal(server.url, tmp_path) == "sends more than 3 MiB"
    assert len(server.asked) == 1


def test_a_chunked_answer_is_fetched(serving: Callable, tmp_path: Path) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    size = f"{len(CONTENT):x}\r\n".encode()
    fetch(NAME, MD5, [serving(lambda line: [head, size, CONTENT, b"\r\n0\r\n\r\n"]).url], tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_file_called_gzip_on_the_way_is_kept_as_it_is(serving: Callable, tmp_path: Path) -> None:
    """Servers name the coding of a .gz file, though nobody coded it for the way."""
    head = OK + b"Content-Encoding: gzip\r\n" + f"Content-Length: {len(CONTENT)}\r\n\r\n".encode()
    fetch(NAME, MD5, [serving(lambda line: [head, CONTENT]).url], tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_proxy_is_used(
    serving: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serving(lambda line: of_length(len(CONTENT), CONTENT))
    monkeypatch.setenv("http_proxy", proxy.url)
    # a name that no machine has: the proxy alone can answer for it
    fetch(NAME, MD5, ["http://mirror.invalid/mnist"], tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert proxy.asked == [f"GET http://mirror.invalid/mnist/{NAME} HTTP/1.1"]


@pytest.mark.parametrize("mirror", ["http://mirror.invalid/", "https://mirror.invalid/"])
def test_a_broken_proxy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, free_address())
    assert "the proxy that http_proxy or https_proxy names" in refusal(mirror, tmp_path)


def test_a_proxy_that_refuses_is_told(
    serving: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", serving(status(403)).url)
    assert "the proxy that" in refusal("https://mirror.invalid/", tmp_path)


def test_the_stage_says_so_in_one_line(serving: Callable, project: Path) -> None:
    """As a process of its own, where nothing is patched."""
    server = serving(circle)
    edit_params(project, {"datasets.small.mirrors": [server.url]})
    done = run_stage(project, "download_mnist", env={"no_proxy": "127.0.0.1"})
    assert done.returncode == 1
    one_error_line(done.stderr, NAME, server.url, "redirects in a circle", "MNIST_MIRROR")
    assert not (project / "data/raw/mnist").exists()
    assert partial_leftovers(project) == []
