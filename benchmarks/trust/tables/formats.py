"""Files of other formats than text: workbooks, columns with types, records."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import openpyxl
import pandas as pd

from benchmarks.trust.tables.story import Laid, Story

Cells = list[list[str | float]]


def typed_numbers(rows: Sequence[Sequence[str]], story: Story) -> Cells:
    """Cells in which what is written as a number of the story is that number."""
    return [[story.number.written.get(cell, cell) for cell in row] for row in rows]


def write_workbook(path: Path, cells: Cells) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in cells:
        book.active.append(row)
    book.save(path)


def write_records(path: Path, cells: Cells) -> None:
    """JSON: a list of records, or a record a line."""
    header, *rows = cells
    null = path.suffix == ".json"
    records = [
        {
            name: None if null and cell == "" else cell
            for name, cell in zip(header, row, strict=True)
        }
        for row in rows
    ]
    lines = [json.dumps(each, ensure_ascii=False) for each in records]
    text = "[" + ",\n".join(lines) + "]" if path.suffix == ".json" else "\n".join(lines)
    path.write_text(text, encoding="utf-8")


def write_database(path: Path, cells: Cells) -> None:
    """SQLite with one table."""
    header, *rows = cells
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as file:
        names = ", ".join('"' + str(name).replace('"', '""') + '"' for name in header)
        file.execute(f"CREATE TABLE sales ({names})")
        marks = ", ".join("?" * len(header))
        file.executemany(f"INSERT INTO sales VALUES ({marks})", rows)
        file.commit()


# of any rows of cells
OF_CELLS: dict[str, Callable[[Path, Cells], None]] = {
    "xlsx": write_workbook,
    "json": write_records,
    "jsonl": write_records,
    "db": write_database,
}
# remove it once SQLite is read


def frame_of(laid: Laid, wide: bool) -> pd.DataFrame:
    """The series of a table by typed times, a column a series or a row a value."""
    columns = {name: pd.Series(cells) for name, cells in laid.found.items()}
    table = pd.DataFrame(columns).rename_axis("date")
    table.index = pd.DatetimeIndex(table.index.to_numpy().astype("datetime64[s]"), name="date")
    table = table.sort_index().reset_index()
    if wide and len(columns) > 1:
        return table
    return table.melt("date", var_name="name", value_name="sold")


def write_folder(path: Path, table: pd.DataFrame) -> None:
    path.mkdir(exist_ok=True)
    half = len(table) // 2
    table[:half].to_parquet(path / "1.parquet")
    table[half:].to_parquet(path / "2.parquet")


def write_stata(path: Path, table: pd.DataFrame) -> None:
    # Stata counts milliseconds, in a range of its own
    dates = table["date"].astype("datetime64[ms]")
    table.assign(date=dates).to_stata(path, write_index=False, version=118)


# of columns with types
OF_FRAMES: dict[str, Callable[[Path, pd.DataFrame], object]] = {
    "xlsx": lambda path, table: table.to_excel(path, index=False),
    "parquet": lambda path, table: table.to_parquet(path),
    "folder": write_folder,
    "feather": lambda path, table: table.to_feather(path),
    "dta": write_stata,
}
# which know no times before 1900, or far from today
RECENT = ("xlsx", "dta")
