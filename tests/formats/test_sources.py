"""Where a table may lie: packed, in folders of Parquet, on the web, in standard input."""

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest
from helpers import serve

from rnnlab.core.errors import InputError
from rnnlab.formats import sources
from rnnlab.formats.sources import stem_of
from rnnlab.tables.reading import read_table

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pyarrow.compress(content, "zstd", asbytes=True),
}
TEXT = b"date,sold\n2020-01,1.5\n2020-02,2\n2020-03,4\n"


@pytest.mark.parametrize("name", ["my shop.csv", "my shop.csv.gz"])
def test_a_table_from_the_web(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(TEXT) if name.endswith("gz") else TEXT)
    with serve(tmp_path) as address:
        table = read_table(f"{address}{name.replace(' ', '%20')}?download=1")
    assert table.names == ["my shop"]
    np.testing.assert_array_equal(table.y, [1.5, 2, 4])


def test_the_address_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "my shop.csv").write_bytes(TEXT)
    table = read_table(f"file://{tmp_path}/my%20shop.csv")
    assert table.names == ["my shop"]
    with pytest.raises(InputError, match=r"none\.csv is missing"):
        read_table(f"file://{tmp_path}/none.csv")


def test_the_web_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.csv").write_bytes(TEXT)
    with serve(tmp_path) as address:
        with pytest.raises(InputError, match=r"none\.csv: the server answers 404 .*check the addr"):
            read_table(f"{address}none.csv")
        monkeypatch.setattr(sources, "MAX_DOWNLOAD", 10)
        with pytest.raises(InputError, match=r"mine\.csv: has more than .* MB; download it"):
            read_table(f"{address}mine.csv")
    with pytest.raises(InputError, match=r"mine\.csv: cannot be fetched"):
        read_table(f"{address}mine.csv")


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    content = gzip.compress(TEXT) if packed else TEXT
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    table = read_table("-")
    assert (table.name, table.names) == ("standard input", ["stdin"])
    np.testing.assert_array_equal(table.y, [1.5, 2, 4])


@pytest.mark.parametrize("ending", PACKINGS)
def test_packed_text(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine.csv.{ending}"
    path.write_bytes(PACKINGS[ending](TEXT))
    table = read_table(str(path))
    assert table.names == ["mine"]
    np.testing.assert_array_equal(table.y, [1.5, 2, 4])
    # the pipeline reads text alone, so it gets a table of its own
    assert not table.is_long
    path.write_bytes(PACKINGS[ending](TEXT * 1000)[:-20])
    with pytest.raises(InputError, match=rf"mine\.csv\.{ending}: is not a whole \w+ file"):
        read_table(str(path))


TIMES = [each.to_pydatetime() for each in pd.date_range("2020-01-01", periods=4, freq="MS")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("mine.xlsx", b"no workbook", "is not a valid spreadsheet; save it again as .xlsx"),
        ("mine.xlsx", b"PK\x03\x04torn", "is not a valid spreadsheet"),
        ("mine.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is not a valid spreadsheet"),
        ("mine.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is not text"),
        (
            "mine.xls",
            b"\xef\xbb\xbf<table><tr><td>1</td></tr></table>",
            "is a web page",
        ),
        ("mine.csv", b"<!DOCTYPE html>\n<html>", "is a web page"),
        ("mine.xls", b'<?xml version="1.0"?>', "is XML; save its table as .xlsx"),
        ("mine.csv", b"%PDF-1.7", "is a PDF; save its table as .xlsx"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: {words}"):
        read_table(str(tmp_path / name))


def test_a_folder_of_parquet(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ds": TIMES, "y": [1.0, 2, 3, 5]})
    folder = tmp_path / "shops"
    folder.mkdir()
    with pytest.raises(InputError, match=r"shops: is a folder without \.parquet files"):
        read_table(str(folder))
    for name in "ab":
        rows.assign(unique_id=name).to_parquet(folder / f"{name}.parquet")
    (folder / "README").write_text("no table")
    table = read_table(str(folder))
    assert table.names == ["a", "b"]
    np.testing.assert_array_equal(table.y, [1, 2, 3, 5] * 2)


def test_a_folder_of_parquet_by_name(tmp_path: Path) -> None:
    """As pandas writes it with partition_cols."""
    rows = pd.DataFrame({"ds": TIMES * 2, "y": np.arange(8.0), "unique_id": ["a"] * 4 + ["b"] * 4})
    rows.to_parquet(tmp_path / "shops", partition_cols=["unique_id"])
    table = read_table(str(tmp_path / "shops"))
    assert table.names == ["a", "b"]
    np.testing.assert_array_equal(table.y, np.arange(8))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a/mine.csv", "mine"),
        ("mine.csv.gz", "mine"),
        ("mine.json.zst", "mine"),
        ("my.shop.csv", "my.shop"),
        ("-", "stdin"),
        ("https://x.org/a/mine.csv?b=c.d", "mine"),
        ("https://x.org/", "download"),
        ("file:///a/my%20shop.csv", "my shop"),
    ],
)
def test_the_name_of_what_is_read(name: str, stem: str) -> None:
    assert stem_of(name) == stem
