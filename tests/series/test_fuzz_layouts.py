"""Random tables in every layout a person may have: read back as they were, or refused in a line.

FUZZ_LAYOUTS=1000 tries as many files.
"""

import csv
import gzip
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from fuzzing import examples
from hypothesis import event, given
from hypothesis import strategies as st

from rnnlab.core.errors import InputError
from rnnlab.tables.reading import Table, read_table

COUNT = int(os.environ.get("FUZZ_LAYOUTS", "200"))
WORDS = ["shop", "Fluggäste", "Österreich", "a b", "Wert", "Total", "sales (EUR)", "Zürich", "x1"]


def ordinal(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


# how times of a spacing are written
STYLES: dict[str, dict[str, Callable[[date], str]]] = {
    "MS": {
        "iso": lambda d: f"{d:%Y-%m-%d}",
        "month": lambda d: f"{d:%Y-%m}",
        "words": lambda d: f"{d:%b %Y}",
        "whole words": lambda d: f"{d:%B %Y}",
        "excel": lambda d: f"{d:%b-%y}",
        "office": lambda d: f"{d.year}M{d.month:02}",
        "digits": lambda d: f"{d:%Y%m}",
        "german": lambda d: f"{d:%d.%m.%Y}",
        "british": lambda d: f"{d:%d/%m/%Y}",
        "american": lambda d: f"{d.month}/{d.day}/{d.year}",
        "R": lambda d: f"{d.year + (d.month - 1) / 12:.13g}",
        "R, short": lambda d: f"{d.year + (d.month - 1) / 12:.7g}",
        "pandas": lambda d: f"{d:%Y-%m-%d} 00:00:00",
    },
    "QS": {
        "office": lambda d: f"{d.year}Q{(d.month + 2) // 3}",
        "dash": lambda d: f"{d.year}-Q{(d.month + 2) // 3}",
        "quarter first": lambda d: f"Q{(d.month + 2) // 3} {d.year}",
        "iso": lambda d: f"{d:%Y-%m-%d}",
        "R": lambda d: f"{d.year + (d.month - 1) / 12:g}",
    },
    "W-MON": {
        "week": lambda d: "{}-W{:02}".format(*ordinal(d)),
        "iso": lambda d: f"{d:%Y-%m-%d}",
        "german": lambda d: f"{d:%d.%m.%Y}",
        "american": lambda d: f"{d:%m/%d/%Y}",
    },
    "D": {
        "iso": lambda d: f"{d:%Y-%m-%d}",
        "german": lambda d: f"{d:%d.%m.%Y}",
        "american": lambda d: f"{d:%m/%d/%Y}",
        "words": lambda d: f"{d:%d-%b-%Y}",
        "excel": lambda d: f"{d:%d-%b-%y}",
        "digits": lambda d: f"{d:%Y%m%d}",
    },
    "YS": {"year": lambda d: f"{d.year}", "season": lambda d: f"{d.year}/{(d.year + 1) % 100:02}"},
}


@dataclass(frozen=True)
class Truth:
    """The known table: times [T], and values [T] by series, None if missing."""

    times: list[date]
    series: dict[str, list[float | None]]


@dataclass(frozen=True)
class Written:
    truth: Truth
    rows: list[list[str]]
    single: bool


@st.composite
def truths(draw: st.DrawFn, frequency: str, most: int, names: list[str]) -> Truth:
    first = date(draw(st.sampled_from([1949, 1987, 1999, 2005])), draw(st.integers(1, 12)), 1)
    if frequency == "YS" or most >= 24:
        first = first.replace(month=1)
    count = most if most >= 24 else draw(st.integers(3, 40))
    times = [each.date() for each in pd.date_range(first, periods=count, freq=frequency)]
    series = {}
    for name in names:
        large = draw(st.sampled_from([9, 1500, 900_000, 2_000_000]))
        least = draw(st.sampled_from([-large, 0, 1000 if large > 1000 else 1]))
        numbers = st.integers(least, large)
        cells = draw(st.lists(numbers, min_size=count, max_size=count))
        blanks = draw(st.sets(st.integers(1, max(1, count - 2)), max_size=1))
        series[name] = [None if n in blanks and count > 4 else v for n, v in enumerate(cells)]
    return Truth(times, series)


def scaled(truth: Truth, decimals: int) -> Truth:
    scale = 10**decimals
    return Truth(
        truth.times,
        {n: [v if v is None else v / scale for v in y] for n, y in truth.series.items()},
    )


@st.composite
def writings(draw: st.DrawFn) -> tuple[Written, Callable[[float | None], str], str]:
    """A table's rows in some layout, how its numbers are written, and the sign between cells."""
    layout = draw(st.sampled_from(["one", "long", "wide", "R", "parts", "matrix", "transposed"]))
    many = layout in ("long", "wide")
    names = draw(st.lists(st.sampled_from(WORDS), min_size=1 + many, max_size=3, unique=True))
    frequency = draw(st.sampled_from([*STYLES]))
    decimals = draw(st.sampled_from([0, 1, 2, 3, 4, 0, 3]))
    missing = draw(st.sampled_from(["", "NA", ".."]))
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    number = number_writer(draw, decimals, missing, separator)
    if layout in ("matrix", "transposed", "parts", "R"):
        frequency = draw(st.sampled_from(["MS", "QS"]))
        names = names[:1]
    most = 48 if layout in ("matrix", "transposed") and frequency == "MS" else 3
    most = 24 if layout in ("matrix", "transposed") and frequency == "QS" else most
    truth = scaled(draw(truths(frequency, most, names)), decimals)
    style = draw(st.sampled_from([*STYLES[frequency].values()]))
    rows = LAYOUTS[layout](draw, truth, style, number, frequency)
    if draw(st.booleans()):
        rows = [["Table 5"], *rows]
    if draw(st.booleans()):
        rows = [*rows, ["Source: an office"]]
    return Written(truth, rows, not many), number, separator


def number_writer(
    draw: st.DrawFn, decimals: int, missing: str, separator: str
) -> Callable[[float | None], str]:
    sign = draw(st.sampled_from([".", ","]))
    # as programs write numbers, 1.5 for 1.500
    short = draw(st.booleans())
    group = draw(st.sampled_from(["", "", {".": ",", ",": "."}[sign], "\u00a0", "'"]))
    # between commas a point is the decimal sign: no program groups thousands by it there
    group = "" if separator == "," and group == "." else group

    def write(value: float | None) -> str:
        if value is None:
            return missing
        text = f"{value:,.{decimals}f}"
        if short and decimals:
            text = text.rstrip("0").rstrip(".")
        return text.replace(",", "~").replace(".", sign).replace("~", group)

    return write


Number = Callable[[float | None], str]
Style = Callable[[date], str]


def one(draw: st.DrawFn, truth: Truth, style: Style, number: Number, _: str) -> list[list[str]]:
    (y,) = [*truth.series.values()][:1]
    header = draw(st.sampled_from([["Month", "Passengers"], ["ds", "y"], ["", "value"]]))
    return [header, *([style(t), number(v)] for t, v in zip(truth.times, y, strict=True))]


def long(draw: st.DrawFn, truth: Truth, style: Style, number: Number, _: str) -> list[list[str]]:
    header = draw(st.sampled_from([["unique_id", "ds", "y"], ["country", "date", "gdp"]]))
    rows = [
        [name, style(t), number(v)]
        for name, y in truth.series.items()
        for t, v in zip(truth.times, y, strict=True)
    ]
    if draw(st.booleans()):
        rows = draw(st.permutations(rows))
    order = draw(st.permutations([0, 1, 2]))
    return [[row[place] for place in order] for row in [header, *rows]]


def wide(draw: st.DrawFn, truth: Truth, style: Style, number: Number, _: str) -> list[list[str]]:
    header = [draw(st.sampled_from(["date", "Month", "Zeit"])), *truth.series]
    rows = zip(truth.times, *truth.series.values(), strict=True)
    return [header, *([style(t), *map(number, y)] for t, *y in rows)]


def from_r(draw: st.DrawFn, truth: Truth, _: Style, number: Number, __: str) -> list[list[str]]:
    (y,) = truth.series.values()
    rows = [
        [str(n), f"{t.year + (t.month - 1) / 12:.13g}", number(v)]
        for n, (t, v) in enumerate(zip(truth.times, y, strict=True), 1)
    ]
    return [[draw(st.sampled_from(["rownames", ""])), "time", "value"], *rows]


def parts(draw: st.DrawFn, truth: Truth, _: Style, number: Number, freq: str) -> list[list[str]]:
    (y,) = truth.series.values()
    monthly = freq == "MS"
    words = draw(st.booleans())
    header = ["Year", "Month" if monthly else "Quarter", "Value"]
    rows = []
    for t, v in zip(truth.times, y, strict=True):
        season = t.month if monthly else (t.month + 2) // 3
        cell = (f"{t:%B}" if monthly else f"Q{season}") if words else str(season)
        rows.append([str(t.year), cell, number(v)])
    return [header, *rows]


def matrix(draw: st.DrawFn, truth: Truth, _: Style, number: Number, freq: str) -> list[list[str]]:
    (y,) = truth.series.values()
    size = 12 if freq == "MS" else 4
    names = (
        [f"{date(2000, m, 1):%b}" for m in range(1, 13)] if size == 12 else ["Q1", "Q2", "Q3", "Q4"]
    )
    if draw(st.booleans()) and size == 12:
        names = [*map(str, range(1, 13))]
    total = draw(st.booleans())
    rows = [["Year", *names, *["Total"] * total]]
    for start in range(0, len(y), size):
        cells = y[start : start + size]
        whole = sum(v or 0 for v in cells)
        rows.append([str(truth.times[start].year), *map(number, cells), *[number(whole)] * total])
    return rows


def transposed(
    draw: st.DrawFn, truth: Truth, style: Style, number: Number, freq: str
) -> list[list[str]]:
    rows = matrix(draw, truth, style, number, freq)
    if "Total" in rows[0]:
        rows = [row[:-1] for row in rows]
    rows[0][0] = "Month" if freq == "MS" else "Quarter"
    return [list(row) for row in zip(*rows, strict=True)]


LAYOUTS = {
    "one": one,
    "long": long,
    "wide": wide,
    "R": from_r,
    "parts": parts,
    "matrix": matrix,
    "transposed": transposed,
}


def text_of(rows: list[list[str]], separator: str, end: str) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator=end).writerows(rows)
    return file.getvalue()


def known(table: Table) -> dict[str, dict[object, float]]:
    found: dict[str, dict[object, float]] = {}
    for code, time, value in zip(table.codes, table.ds, table.y, strict=True):
        if not np.isnan(value):
            cells = found.setdefault(table.names[code], {})
            assert time not in cells
            cells[time] = float(value)
    return found


def expected(truth: Truth, single: bool, stem: str) -> dict[str, dict[object, float]]:
    found = {}
    for name, y in [*truth.series.items()][: 1 if single else None]:
        cells = {
            np.datetime64(t, "s"): v for t, v in zip(truth.times, y, strict=True) if v is not None
        }
        if cells:
            found[stem if single else name] = cells
    return found


def check(path: Path, written: Written) -> None:
    try:
        table = read_table(str(path))
    except InputError as error:
        message = str(error)
        assert message.startswith(f"{path}: ")
        assert len(message.splitlines()) == 1
        event("refused: decimal sign" if "--read decimal=" in message else "refused")
        return
    # what is named as guessed must be right, too
    assert known(table) == expected(written.truth, written.single, path.name.split(".")[0]), (
        table.notes
    )
    if any("--read decimal=" in note for note in table.notes):
        event("read with a guess of the decimal sign, right")
    elif table.notes:
        event("read with another note")
    else:
        event("read without a guess")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts")


@examples(COUNT)
@given(
    written=writings(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"]),
    end=st.sampled_from(["\n", "\r\n"]),
    packed=st.booleans(),
)
def test_text_in_any_layout(
    folder: Path, written: tuple, encoding: str, end: str, packed: bool
) -> None:
    table, _, separator = written
    content = text_of(table.rows, separator, end).encode(encoding)
    path = folder / ("mine.csv.gz" if packed else "mine.csv")
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    check(path, table)


PIECES = st.sampled_from([b'"', b",", b";", b"\n", b"Jan", b"M13", b"1949/50", b"\xff\xfe"])


@examples(COUNT)
@given(
    written=writings(),
    splices=st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 9), st.binary(max_size=6) | PIECES),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_damaged_text_is_read_or_refused_in_a_line(
    folder: Path, written: tuple, splices: list[tuple[int, int, bytes]]
) -> None:
    table, _, separator = written
    content = text_of(table.rows, separator, "\n").encode()
    for place, cut, new in splices:
        at = place % (len(content) + 1)
        content = content[:at] + new + content[at + cut :]
    path = folder / "damaged.csv"
    path.write_bytes(content)
    try:
        read_table(str(path))
    except InputError as error:
        message = str(error)
        assert message.startswith(f"{path}: ")
        # a cell that is quoted may hold the end of a line, which repr writes as two signs
        assert len(message.split("\n")) == 1
        event("refused")


@examples(COUNT // 5)
@given(written=writings())
def test_cells_of_excel_in_any_layout(folder: Path, written: tuple) -> None:
    """Numbers as numbers, and times as text."""
    table, number, _ = written
    back = {number(v): v for y in table.truth.series.values() for v in y if v is not None}
    book = openpyxl.Workbook()
    for row in table.rows:
        book.active.append([back.get(cell, cell) for cell in row])
    path = folder / "mine.xlsx"
    book.save(path)
    check(path, table)


@st.composite
def frames(draw: st.DrawFn) -> tuple[Written, pd.DataFrame]:
    """Long and wide tables whose cells are numbers and times."""
    names = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=3, unique=True))
    frequency = draw(st.sampled_from([*STYLES]))
    truth = scaled(draw(truths(frequency, 3, names)), draw(st.integers(0, 3)))
    table = pd.DataFrame(truth.series, index=pd.DatetimeIndex(truth.times, name="date"))
    table = table.astype(float).reset_index()
    if draw(st.booleans()):
        table = table.melt("date", var_name="name", value_name="sold")
    return Written(truth, [], False), table


@examples(COUNT // 5)
@given(frame=frames(), kind=st.sampled_from(["xlsx", "parquet", "folder"]))
def test_typed_cells(folder: Path, frame: tuple, kind: str) -> None:
    written, table = frame
    path = folder / f"mine.{kind}"
    if kind == "xlsx":
        table.to_excel(path, index=False)
    elif kind == "parquet":
        table.to_parquet(path)
    else:
        path.mkdir(exist_ok=True)
        half = len(table) // 2
        table[:half].to_parquet(path / "1.parquet")
        table[half:].to_parquet(path / "2.parquet")
    check(path, written)
