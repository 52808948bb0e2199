"""Spreadsheets: what is read of them is what their cells show."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from books import BY_HAND, Cells, compound, ods, xls

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions
from rnnlab.tables.reading import read_table


def workbook(path: Path, sheets: dict[str, Cells]) -> str:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return str(path)


TIMES = [each.to_pydatetime() for each in pd.date_range("2020-01-01", periods=4, freq="MS")]
ROWS = [["Month", "Sold"], *([time, n + 1.234] for n, time in enumerate(TIMES))]


def test_excel(tmp_path: Path) -> None:
    rows = [["Sales of the shop"], [], *ROWS, ["Source: the till"]]
    path = workbook(tmp_path / "mine.xlsx", {"Tabelle1": rows, "Tabelle2": []})
    table = read_table(path)
    assert table.value == "Sold"
    # no sign is guessed in cells that are numbers
    np.testing.assert_array_equal(table.y[:4], [1.234, 2.234, 3.234, 4.234])
    assert table.ds[3] == np.datetime64("2020-04-01")
    assert table.notes == []


def test_sheets_of_excel(tmp_path: Path) -> None:
    path = workbook(tmp_path / "mine.xlsx", {"notes": [["by me"]], "data": ROWS})
    with pytest.raises(InputError, match=r"has the sheets notes, data; add --read sheet=NAME"):
        read_table(path)
    assert len(read_table(path, ReadOptions(sheet="data")).y) == 4
    with pytest.raises(InputError, match=r"has no sheet 'x' with cells; it has notes, data"):
        read_table(path, ReadOptions(sheet="x"))


@pytest.mark.parametrize("ending", BY_HAND)
def test_other_spreadsheets(tmp_path: Path, ending: str) -> None:
    days = [date(2020, month, 1) for month in range(1, 5)]
    rows = [["Month", "Sold"], *([day, n + 1.234] for n, day in enumerate(days))]
    path = tmp_path / f"mine{ending}"
    BY_HAND[ending](path, rows)
    # what the bytes are counts, not the name
    for name in (path, path.rename(tmp_path / "mine.bin")):
        BY_HAND[ending](name, rows)
        table = read_table(str(name))
        assert (table.value, table.names, table.notes) == ("Sold", ["mine"], [])
        np.testing.assert_array_equal(table.y, [1.234, 2.234, 3.234, 4.234])
        np.testing.assert_array_equal(table.ds, np.array(days, dtype="datetime64[s]"))


@pytest.mark.parametrize("frequency", ["h", "7s", "MS"])
@pytest.mark.parametrize("mac", [False, True])
def test_times_are_those_that_openpyxl_reads(tmp_path: Path, frequency: str, mac: bool) -> None:
    book = openpyxl.Workbook()
    if mac:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["time", "sold"])
    for place, each in enumerate(pd.date_range("2019-12-31", periods=400, freq=frequency)):
        book.active.append([each.to_pydatetime(), place / 7])
    book.save(tmp_path / "mine.xlsx")
    rows = openpyxl.load_workbook(tmp_path / "mine.xlsx").active.iter_rows(min_row=2)
    kept = [(when.value, value.value) for when, value in rows]
    table = read_table(str(tmp_path / "mine.xlsx"))
    np.testing.assert_array_equal(table.ds, np.array([w for w, _ in kept], dtype="datetime64[s]"))
    np.testing.assert_array_equal(table.y, [value for _, value in kept])


def test_a_date_and_a_time_of_the_day(tmp_path: Path) -> None:
    days = [(date(2020, 1, 1 + n // 24), n % 24) for n in range(96)]
    excel = [["date", "hour", "sold"], *([day, time(hour), hour + 0.5] for day, hour in days)]
    office = [excel[0], *([day, timedelta(hours=hour), hour + 0.5] for day, hour in days)]
    workbook(tmp_path / "mine.xlsx", {"a": excel})
    ods(tmp_path / "mine.ods", office)
    for name in ("mine.xlsx", "mine.ods"):
        table = read_table(str(tmp_path / name))
        np.testing.assert_array_equal(np.diff(table.ds), np.timedelta64(1, "h"))


def test_cells_that_are_no_numbers(tmp_path: Path) -> None:
    def of(*cells: object) -> str:
        days = [datetime(2020, 1, 1 + n) for n in range(len(cells))]
        rows = [["day", "sold"], *map(list, zip(days, cells, strict=True))]
        return workbook(tmp_path / "mine.xlsx", {"a": rows})

    np.testing.assert_array_equal(read_table(of(1, "#N/A", "#DIV/0!", 2)).y, [1, np.nan, np.nan, 2])
    with pytest.raises(InputError, match=r"row 3: column 'sold' holds '30:15:00'; write a number"):
        read_table(of(1, timedelta(hours=30, minutes=15), 2))
    with pytest.raises(InputError, match=r"row 3: column 'sold' holds 'True'; write a number"):
        read_table(of(1, True, 2))


def test_a_table_that_begins_in_another_cell(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [[], [None, *ROWS[0]], *([None, *row] for row in ROWS[1:])]
    rows[-1] = [None, TIMES[-1], "many"]
    path = workbook(tmp_path / "mine.xlsx", {"a": rows})
    with pytest.raises(InputError, match=r"row 6: column 'Sold' holds 'many'"):
        read_table(path)


def test_a_password(tmp_path: Path) -> None:
    xls(tmp_path / "mine.xls", ROWS[:1], encrypted=True)
    compound(tmp_path / "mine.xlsx", "EncryptedPackage", b"secret")
    for name in ("mine.xls", "mine.xlsx"):
        with pytest.raises(InputError, match=rf"{name}: has a password; save it without one"):
            read_table(str(tmp_path / name))


@pytest.mark.parametrize("ending", BY_HAND)
def test_damage_does_not_end_python(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine{ending}"
    BY_HAND[ending](path, [["Month", "Sold"], *([date(2020, 1 + n, 1), n] for n in range(4))])
    content, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(6):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 20):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with suppress(InputError):
            assert len(read_table(str(path)).y) <= 4


SIDE = {
    "of months": (["Month", "Sold", "", "Month", "Rain"], TIMES),
    "of years": (["Year", "Sold", "", "Jahr", "Rain"], [1990, 1991, 1992, 1993]),
}


@pytest.mark.parametrize("kind", SIDE)
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_two_tables_side_by_side(tmp_path: Path, kind: str, ending: str) -> None:
    header, times = SIDE[kind]
    rows = [header, *([each, 1.5 + n, None, each, n] for n, each in enumerate(times))]
    path = tmp_path / f"mine.{ending}"
    if ending == "xlsx":
        workbook(path, {"a": rows})
    else:
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"has 2 tables side by side, .*'(Month|Jahr)'; save each"):
        read_table(str(path))
    # an empty column between values parts no tables
    rows = [[*row[:3], row[4]] for row in rows]
    workbook(tmp_path / "mine.xlsx", {"a": rows})
    assert len(read_table(str(tmp_path / "mine.xlsx"), ReadOptions(value="Rain")).y) == 4
