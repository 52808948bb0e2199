"""A table as cells, and where its header stands."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest

import numpy as np
import pandas as pd

from rnnlab.cells.dates import YEAR, are_times
from rnnlab.cells.numbers import readings
from rnnlab.core.errors import InputError
from rnnlab.formats.sources import Source

SAMPLE_ROWS = 200
# a title above the header has this many lines at most
TITLE_LINES = 20
# of the cells of a column of times; the last ones may be a footer
ALMOST_ALL = 0.8
TIME_FIRST = re.compile(rf"(?:[CF]Y ?)?{YEAR.pattern}(?!\d)|\d{{1,2}}([./-])\d{{1,2}}\1\d\d")

Rows = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class Grid:
    """A table as cells.

    Attributes:
        name, stem: of its file.
        header: names of the columns.
        rows: a new iterator over the rows that are not blank, each with its number in the file.
        separator: the sign between cells of text; None of other files.
        notes: what was guessed.
    """

    name: str
    stem: str
    header: list[str]
    rows: Callable[[], Rows]
    separator: str | None = None
    notes: list[str] = field(default_factory=list)


def grid_of(
    source: Source,
    all_rows: Callable[[], Rows],
    separator: str | None,
    notes: list[str],
    skip: str | None = None,
) -> Grid:
    """The grid of rows of which the first with two cells is the header.

    Args:
        skip: how many lines stand above the header, where a person says so.

    Raises:
        InputError: two columns have one name, or two tables stand side by side.
    """
    lines = int(skip or 0)
    start = list(islice(all_rows(), lines + TITLE_LINES + SAMPLE_ROWS))
    numbers, above = [number for number, _ in start], [row for _, row in start]
    if skip is not None:
        first = next((n for n, number in enumerate(numbers) if number > lines), len(above) - 1)
    else:
        hint = int(bool(above) and above[0][0].startswith("sep=") and len(filled(above[0])) <= 2)
        titles = [is_title(row) for row in above[hint : hint + TITLE_LINES + 1]]
        first = hint + (titles.index(False) if False in titles else 0)
        if wider := below_preamble(above, first):
            count = numbers[wider] - 1
            guess = f"without the {count} lines above the header (guessed; else --read skip=LINES)"
            notes, first = [*notes, guess], wider
    header = [name.strip() for name in above[first]] if above else []
    if described := _lines_of_words(above[first + 1 :]):
        notes = [*notes, f"without the {described} lines below the header"]
    while header and not header[-1] and len(header) > 1:
        header.pop()
    _check_one_table(source.name, header, above[first + 1 :])
    if len({*header}) < len(header):
        doubled = [name for name, count in Counter(header).items() if count > 1]
        raise InputError(f"{source.name}: has the column {doubled[0]!r} twice; rename one")
    return Grid(
        source.name,
        source.stem,
        header,
        lambda: islice(all_rows(), first + 1 + described, None),
        separator,
        notes,
    )


def _check_one_table(name: str, header: list[str], rows: list[list[str]]) -> None:
    """InputError if an empty column parts two tables, each of which begins with times."""
    if all(header[1:]):
        return
    columns = [*zip_longest(header, *rows, fillvalue="")][: len(header)]
    empty = [not any(cell.strip() for cell in column) for column in columns]
    begins = [place for place, column in enumerate(empty) if not column and empty[place - 1]]
    if not empty or not empty[0]:
        begins = [0, *begins]
    timely = [header[place] for place in begins if _are_times(columns[place][1:])]
    if len(timely) > 1:
        raise InputError(
            f"{name}: has {len(timely)} tables side by side, which begin with the columns "
            f"{' and '.join(map(repr, timely))}; save each in a file of its own"
        )


def _are_times(cells: Sequence[str]) -> bool:
    """Whether cells are times, and no numbers but years."""
    found = pd.Series(list(dict.fromkeys(filter(str.strip, cells))), dtype=str)
    numbers = found.str.fullmatch(r"\d+") & ~found.str.fullmatch(YEAR.pattern)
    return len(found) > 1 and bool(np.mean(are_times(found) & ~numbers) > ALMOST_ALL)


def below_preamble(rows: list[list[str]], first: int) -> int | None:
    """The place of the header below lines of fewer cells, as offices write; None without such."""
    widths = [max((n for n, cell in enumerate(row, 1) if cell.strip()), default=0) for row in rows]
    for place in range(first, min(TITLE_LINES + 1, len(rows) - 1)):
        body = widths[place + 1 :]
        if sum(width <= widths[place] for width in body) >= 0.8 * len(body):
            names = [cell.strip() for cell in rows[place][: widths[place]]]
            # cells with a comma that are not quoted make rows wider, too
            named = all(name and (YEAR.fullmatch(name) or not readings(name)) for name in names)
            wide = place > first and widths[place] > 2 * max(widths[first:place])
            return place if wide and named and len({*names}) == len(names) else None
    return None


def _lines_of_words(rows: list[list[str]]) -> int:
    """How many lines that describe the columns stand above those that begin with a time."""
    timely = _begin_with_times(rows)
    numbers = (any(readings(cell, loose=True) for cell in row[1:]) for row in rows)
    count = next((n for n, both in enumerate(zip(timely, numbers, strict=True)) if all(both)), 0)
    words, data = rows[:count], timely[count:]
    if not 0 < count <= TITLE_LINES or sum(data) < 0.9 * len(data):
        return 0
    # a time without a value, a name of a series or a mistyped time is no description
    others = any(any(map(str.isdigit, row[0])) or any(map(readings, row)) for row in words)
    return 0 if others or not any(filled(row[1:]) for row in words) else count


def _begin_with_times(rows: list[list[str]]) -> list[bool]:
    """Whether each row begins with a year, or else with a time that is no number."""
    cells = [row[0].strip() for row in rows]
    years = [bool(TIME_FIRST.match(cell)) for cell in cells]
    if all(years):
        return years
    # words alone are no times, and 5k or 30 % are numbers
    may_be = [any(map(str.isdigit, cell)) and not readings(cell, loose=True) for cell in cells]
    texts = [cell if may else "" for cell, may in zip(cells, may_be, strict=True)]
    times = are_times(pd.Series(texts, dtype=str))
    return [year or bool(time) for year, time in zip(years, times, strict=True)]


def filled(row: list[str]) -> list[str]:
    return [cell for cell in row if cell.strip()]


def is_title(row: list[str]) -> bool:
    """A line above the header, or below the table: only its first cell is filled."""
    return len(filled(row)) == 1 and bool(row[0].strip())


def without_columns(grid: Grid, names: Collection[str]) -> Grid:
    """The grid without the columns of these names."""
    kept = [place for place, name in enumerate(grid.header) if name not in names]
    stop = len(grid.header)

    def rows() -> Rows:
        for number, row in grid.rows():
            yield number, [row[place] for place in kept if place < len(row)] + row[stop:]

    return replace(grid, header=[grid.header[place] for place in kept], rows=rows)


def cells_of(grid: Grid, names: Sequence[str]) -> tuple[dict[str, list[str]], list[int]]:
    """The cells of the columns of these names, row by row, and the rows' numbers in the file."""
    cells: dict[str, list[str]] = {name: [] for name in names}
    columns = [(cells[name], grid.header.index(name)) for name in cells]
    numbers = []
    for number, row in grid.rows():
        numbers.append(number)
        for column, place in columns:
            column.append(row[place] if place < len(row) else "")
    return cells, numbers


def followed_by(grid: Grid, later: Grid) -> Grid:
    """The grid with the rows of another one below its own; columns that this one lacks are empty.

    Raises:
        InputError: ``later`` has a column that the grid has not.
    """
    if extra := [name for name in later.header if name and name not in grid.header]:
        raise InputError(f"{later.name}: column {extra[0]!r} is not in {grid.name}; rename it")
    places = [later.header.index(name) if name in later.header else None for name in grid.header]

    def rows() -> Rows:
        number = 0
        for number, row in grid.rows():
            yield number, row
        for after, row in later.rows():
            cells = [row[p] if p is not None and p < len(row) else "" for p in places]
            yield number + after, cells

    return replace(grid, rows=rows)


class Marks:
    """The rows' numbers in the file, kept where they leap over a blank line or an end of line."""

    def __init__(self) -> None:
        self.counts, self.numbers = [0], [0]

    def add(self, count: int, number: int) -> None:
        if number - count != self.numbers[-1] - self.counts[-1]:
            self.counts.append(count)
            self.numbers.append(number)

    def row(self, count: int) -> int:
        place = bisect_right(self.counts, count) - 1
        return self.numbers[place] + count - self.counts[place]
