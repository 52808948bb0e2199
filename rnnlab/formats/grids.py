"""A table as cells, and where its header stands."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from rnnlab.cells.dates import YEAR
from rnnlab.cells.numbers import readings
from rnnlab.core.errors import InputError
from rnnlab.formats.sources import Source

SAMPLE_ROWS = 200
# a title above the header has this many lines at most
TITLE_LINES = 20
TIME_FIRST = re.compile(rf"{YEAR.pattern}\b")

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
    source: Source, all_rows: Callable[[], Rows], separator: str | None, notes: list[str]
) -> Grid:
    """The grid of rows of which the first with two cells is the header.

    Raises:
        InputError: two columns have one name.
    """
    above = [row for _, row in islice(all_rows(), TITLE_LINES + SAMPLE_ROWS)]
    if above and above[0][0].startswith("sep=") and len(filled(above[0])) <= 2:
        first = 1
    else:
        first = next((n for n, row in enumerate(above[: TITLE_LINES + 1]) if not is_title(row)), 0)
        if wider := _below_preamble(above, first):
            notes = [*notes, f"without the {wider} lines above the header"]
            first = wider
    header = [name.strip() for name in above[first]] if above else []
    if described := _lines_of_words(above[first + 1 :]):
        notes = [*notes, f"without the {described} lines below the header"]
    while header and not header[-1] and len(header) > 1:
        header.pop()
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


def _below_preamble(rows: list[list[str]], first: int) -> int | None:
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
    count = next((n for n, row in enumerate(rows) if _begins_with_year(row)), len(rows))
    words, data = rows[:count], rows[count:]
    timely = sum(bool(TIME_FIRST.match(row[0].strip())) for row in data)
    if not 0 < count <= TITLE_LINES or not data or timely < 0.9 * len(data):
        return 0
    # a time without a value, a name of a series or a mistyped time is no description
    others = any(any(map(str.isdigit, row[0])) or any(map(readings, row)) for row in words)
    return 0 if others or not any(filled(row[1:]) for row in words) else count


def _begins_with_year(row: list[str]) -> bool:
    """Whether a row begins with a year, perhaps with a month's name, and has a number."""
    return bool(TIME_FIRST.match(row[0].strip())) and any(map(readings, row[1:]))


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
