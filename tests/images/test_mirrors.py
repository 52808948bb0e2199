"""Fetching from mirrors: folders, file:// and a real HTTP server, and what goes wrong with each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Mirror, free_address, start_mirror

from rnnlab.core.errors import InputError
from rnnlab.images.mirrors import TRIES, fetch

NAME = "train-images-idx3-ubyte.gz"
CONTENT = bytes(range(256)) * 1000
MD5 = "1da708a75e25110b1341d16814feb52d"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnlab.images.mirrors.time.sleep", lambda seconds: None)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    return folder


@pytest.fixture
def server(source: Path) -> Iterator[Mirror]:
    with start_mirror(source) as mirror:
        yield mirror


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def refused(mirrors: list[str], folder: Path, md5: str = MD5) -> str:
    """The message of a fetch that fails, which must leave nothing behind."""
    with pytest.raises(InputError) as error:
        fetch(NAME, md5, mirrors, folder)
    assert list(folder.iterdir()) == []
    message = str(error.value)
    assert message.startswith(NAME)
    assert "MNIST_MIRROR" in message
    assert "dataset=digits" in message
    return message


def assert_fetched(folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["folder", "address of a file", "http", "http without a /"])
def test_each_kind_of_mirror(server: Mirror, source: Path, target: Path, kind: str) -> None:
    address = {"folder": str(source), "address of a file": source.as_uri(), "http": server.url}
    assert "%20" in source.as_uri()
    fetch(NAME, MD5, [address.get(kind, server.url.rstrip("/"))], target)
    assert_fetched(target)
    assert server.asked == [NAME] * kind.startswith("http")


def test_the_first_that_has_it_is_taken(server: Mirror, source: Path, target: Path) -> None:
    fetch(NAME, MD5, [str(source), server.url], target)
    assert server.asked == []
    assert_fetched(target)


def test_the_next_is_asked_where_one_has_it_not(
    server: Mirror, tmp_path: Path, target: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    fetch(NAME, MD5, [str(empty), str(tmp_path / "none"), free_address(), server.url], target)
    assert_fetched(target)


@pytest.mark.parametrize(("fault", "times"), [(500, TRIES - 1), ("truncate", 1)])
def test_a_fault_that_passes_is_asked_again(
    server: Mirror, target: Path, fault: int | str, times: int
) -> None:
    server.faults[NAME] = [fault] * times
    fetch(NAME, MD5, [server.url], target)
    assert server.asked == [NAME] * (times + 1)
    assert_fetched(target)


def test_bytes_with_another_sum_are_never_kept(source: Path, target: Path) -> None:
    """Of a server, test_mirror_faults.py."""
    assert f"its MD5 sum is {MD5}, not {'0' * 32}" in refused([str(source)], target, "0" * 32)


def test_a_lying_mirror_gives_way_to_an_honest_one(
    server: Mirror, tmp_path: Path, target: Path
) -> None:
    liar = tmp_path / "liar"
    liar.mkdir()
    (liar / NAME).write_bytes(b"something else")
    fetch(NAME, MD5, [str(liar), server.url], target)
    assert_fetched(target)


@pytest.mark.parametrize("mirror", ["http://", "ftp://127.0.0.1/", "http://[::1", ""])
def test_no_address_at_all(mirror: str, target: Path) -> None:
    refused([mirror], target)


def test_no_mirrors(target: Path) -> None:
    assert "no mirror is named" in refused([], target)


def test_every_mirrors_answer_is_told(server: Mirror, tmp_path: Path, target: Path) -> None:
    server.faults[NAME] = [404]
    message = refused([str(tmp_path), server.url, "/nowhere"], target)
    assert [message.find(word) > 0 for word in (str(tmp_path), "HTTP 404", "/nowhere")] == [
        True
    ] * 3


def test_what_was_there_before_is_replaced_whole(source: Path, target: Path) -> None:
    (target / NAME).write_bytes(b"old")
    fetch(NAME, MD5, [str(source)], target)
    assert_fetched(target)
