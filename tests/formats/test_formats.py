"""Formats other than text and Excel: what is read of them is what was there."""

import json
import pickle
import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions, reading_options
from rnnlab.tables.reading import read_table

TABLE = pd.DataFrame(
    {
        "month": pd.date_range("2020-01-01", periods=24, freq="MS"),
        "sold": 10 + np.arange(24) / 4,
    }
)
DAYS = TABLE.assign(month=TABLE["month"].dt.date)
TEXTS = TABLE.assign(month=TABLE["month"].dt.strftime("%Y-%m-%d"))


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("sales/mine.csv", TEXTS.to_csv(index=False))


def database(path: Path, names: Sequence[str] = ("sales",), view: str = "") -> None:
    with closing(sqlite3.connect(path)) as opened:
        for name in names:
            TEXTS.to_sql(name, opened, index=False)
        if view:
            opened.execute(f"CREATE VIEW {view} AS SELECT month, 2 * sold AS sold FROM {names[0]}")
        opened.commit()


def in_json(path: Path, change: Callable[[list], object]) -> None:
    path.write_text(json.dumps(change(TEXTS.to_dict("records"))))


# a name without an ending is that of its first bytes
FORMATS: dict[str, Callable[[Path], object]] = {
    "mine.json": lambda path: TEXTS.to_json(path, orient="records"),
    "mine.jsonl": lambda path: TEXTS.to_json(path, orient="records", lines=True),
    "columns/mine.json": lambda path: TEXTS.to_json(path),
    "split/mine.json": lambda path: TEXTS.to_json(path, orient="split"),
    "rows/mine.json": lambda path: TEXTS.to_json(path, orient="index"),
    "within/mine.json": lambda path: in_json(path, lambda rows: {"data": {"rows": rows}, "n": [1]}),
    # as the World Bank's service answers
    "bank/mine.json": lambda path: in_json(
        path, lambda rows: [{"page": 1}, [{"of": {"id": "a"}, **row} for row in rows]]
    ),
    # and that of Open-Meteo
    "meteo/mine.json": lambda path: path.write_text(
        json.dumps({"units": {"sold": "C", "x": 1}, "hourly": TEXTS.to_dict("list")})
    ),
    "mine": lambda path: TEXTS.to_json(path, orient="records"),
    "mine.feather": lambda path: TABLE.to_feather(path),
    "mine.dta": lambda path: TABLE.to_stata(path, write_index=False),
    "mine.sav": lambda path: pyreadstat.write_sav(TABLE, path),
    "days/mine.sav": lambda path: pyreadstat.write_sav(DAYS, path),
    "mine.xpt": lambda path: pyreadstat.write_xport(TABLE, path),
    "mine.db": database,
    "mine.data": database,
    "mine.zip": zipped,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_of_another_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    FORMATS[name](tmp_path / name)
    found = read_table(str(tmp_path / name))
    np.testing.assert_array_equal(found.y, TABLE["sold"])
    np.testing.assert_array_equal(found.ds, TABLE["month"].to_numpy().astype("datetime64[s]"))
    assert (found.value, found.stem) == ("sold", "mine")


DAMAGED = {
    "mine.json": "is not a table in JSON; save it as CSV",
    "mine.feather": "is not a table in Feather",
    "mine.dta": "is not a table in Stata",
    "mine.sav": "is not a table in SPSS",
    "mine.db": "SQLite cannot read it .*; save the table as CSV",
    "mine.zip": "is not a whole ZIP file",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_another_format_that_is_damaged(tmp_path: Path, name: str) -> None:
    FORMATS[name](tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"mine\.\w+: {DAMAGED[name]}"):
        read_table(str(tmp_path / name))


def test_a_zip_of_two_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        packed.writestr("a.csv", "x")
        packed.writestr("b.csv", "x")
    with pytest.raises(InputError, match="holds 2 files; unpack it, and name one"):
        read_table(str(tmp_path / "mine.zip"))


def test_tables_of_a_database(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    database(path, ["sales", 'so "called"'], "twice")
    with pytest.raises(InputError, match='has the tables sales, so "called", twice; add --read t'):
        read_table(str(path))
    with pytest.raises(InputError, match="has no table 'x' with cells; it has sales, so "):
        read_table(str(path), ReadOptions(table="x"))
    for name, factor in (('so "called"', 1), ("twice", 2)):
        found = read_table(str(path), ReadOptions(table=name))
        np.testing.assert_array_equal(found.y, factor * TABLE["sold"])
    # nothing is written beside what is read
    assert [each.name for each in tmp_path.iterdir()] == ["mine.db"]
    empty = tmp_path / "empty.db"
    with closing(sqlite3.connect(empty)) as opened:
        opened.execute("PRAGMA user_version = 1")
    with pytest.raises(InputError, match="has no table; it needs one"):
        read_table(str(empty))


def test_tables_within_json(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    in_json(path, lambda rows: {"a": rows, "b": {"c": [{**row, "sold": 1} for row in rows]}})
    with pytest.raises(InputError, match=r"has the tables a, b\.c; add --read table=NAME"):
        read_table(str(path))
    assert read_table(str(path), ReadOptions(table="b.c")).y.max() == 1
    in_json(path, lambda rows: {"sold": [1]})
    with pytest.raises(InputError, match="holds no list of records in JSON; save it as CSV"):
        read_table(str(path))


def test_one_record_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"shop": "a", **{f"d_{n}": 2 * n for n in range(1, 15)}}))
    np.testing.assert_array_equal(read_table(str(path)).y, range(2, 30, 2))


def test_names_in_json_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    in_json(path, lambda rows: [{"shop": shop, **row} for shop in ("007", "7") for row in rows])
    assert read_table(str(path), ReadOptions(id="shop")).names == ["007", "7"]


def test_labels_of_spss_name_series(tmp_path: Path) -> None:
    shops = pd.concat([TABLE.assign(shop=shop) for shop in (1.0, 2.0)])
    labels = {"shop": {1.0: "Wien", 2.0: "Graz"}}
    pyreadstat.write_sav(shops, tmp_path / "mine.sav", variable_value_labels=labels)
    assert read_table(str(tmp_path / "mine.sav"), ReadOptions(id="shop")).names == ["Wien", "Graz"]


@pytest.mark.parametrize("name", ["mine.pkl", "mine.pickle.gz", "mine.bin"])
def test_a_pickle_is_not_opened(tmp_path: Path, name: str) -> None:
    if name == "mine.bin":
        (tmp_path / name).write_bytes(pickle.dumps(TEXTS.to_dict(), protocol=4))
    else:
        TABLE.to_pickle(tmp_path / name)
    with pytest.raises(InputError, match=r"is a pickle, which can run .*to_parquet\('mine"):
        read_table(str(tmp_path / name))


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_person_says_how_many_lines_stand_above_the_header(tmp_path: Path, ending: str) -> None:
    """Blank lines count, as an editor numbers them; nothing else is guessed of the header."""
    above = pd.DataFrame([["Sales", "2021"], [None, None], ["by", "month"]])
    rows = pd.concat([above, pd.DataFrame([["month", "sold"], *TEXTS.to_numpy().tolist()])])
    path = tmp_path / f"mine{ending}"
    if ending == ".csv":
        rows.to_csv(path, index=False, header=False)
    else:
        rows.to_excel(path, index=False, header=False)
    table = read_table(str(path), reading_options(["skip=3"]))
    assert (table.value, table.notes) == ("sold", [])
    np.testing.assert_array_equal(table.y, TABLE["sold"])
    assert read_table(str(path), reading_options(["skip=0"])).value == "2021"


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
