"""Formats other than text and Excel: what is read of them is what was there."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnlab.core.errors import InputError
from rnnlab.tables.reading import read_table

TABLE = pd.DataFrame(
    {
        "month": pd.date_range("2020-01-01", periods=24, freq="MS"),
        "sold": 10 + np.arange(24) / 4,
    }
)
TEXTS = TABLE.assign(month=TABLE["month"].dt.strftime("%Y-%m-%d"))


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("sales/mine.csv", TEXTS.to_csv(index=False))


FORMATS: dict[str, Callable[[Path], object]] = {
    "mine.json": lambda path: TEXTS.to_json(path, orient="records"),
    "mine.jsonl": lambda path: TEXTS.to_json(path, orient="records", lines=True),
    "mine.feather": lambda path: TABLE.to_feather(path),
    "mine.dta": lambda path: TABLE.to_stata(path, write_index=False),
    "mine.zip": zipped,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_of_another_format(tmp_path: Path, name: str) -> None:
    FORMATS[name](tmp_path / name)
    found = read_table(str(tmp_path / name))
    np.testing.assert_array_equal(found.y, TABLE["sold"])
    np.testing.assert_array_equal(found.ds, TABLE["month"].to_numpy().astype("datetime64[s]"))
    assert (found.value, found.stem) == ("sold", "mine")


@pytest.mark.parametrize("name", ["mine.json", "mine.feather", "mine.dta", "mine.zip"])
def test_another_format_that_is_damaged(tmp_path: Path, name: str) -> None:
    FORMATS[name](tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"mine\.\w+: is not a"):
        read_table(str(tmp_path / name))


def test_numbers_as_texts_in_records(tmp_path: Path) -> None:
    cells = TEXTS.assign(sold=[f"{y:.2f} €".replace(".", ",") for y in TABLE["sold"]])
    cells.assign(sold=cells["sold"].where(cells.index != 5, "")).to_json(
        tmp_path / "mine.json", orient="records"
    )
    found = read_table(str(tmp_path / "mine.json"))
    np.testing.assert_array_equal(found.y, TABLE["sold"].where(TABLE.index != 5))


def test_a_zip_whose_directory_points_before_it(tmp_path: Path) -> None:
    zipped(tmp_path / "mine.zip")
    (tmp_path / "mine.zip").write_bytes((tmp_path / "mine.zip").read_bytes()[1:])
    with pytest.raises(InputError, match="is not a whole ZIP file"):
        read_table(str(tmp_path / "mine.zip"))


def test_a_zip_of_two_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        packed.writestr("a.csv", "x")
        packed.writestr("b.csv", "x")
    with pytest.raises(InputError, match="holds 2 files; unpack it, and name one"):
        read_table(str(tmp_path / "mine.zip"))
