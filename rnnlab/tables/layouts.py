"""Which columns of a table are names, times and values: long, wide, or a row a year."""

from dataclasses import dataclass, field
from itertools import islice

from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import ReadOptions, id_columns, known_columns, listed
from rnnlab.tables.columns import (
    Column,
    ask,
    clear_value,
    columns_of,
    first_twice,
    is_whole,
    naming_columns,
)
from rnnlab.tables.matrices import Matrix, find_matrix
from rnnlab.tables.proposals import naming, of_long, totals
from rnnlab.tables.time_columns import time_columns, time_of_two

SAMPLE_ROWS = 5000


@dataclass(frozen=True)
class Layout:
    """Where things are, by number of column.

    Attributes:
        id: names of the series; several name one together, none one series or a series a column.
        times: the column of times, or those of year, month and day.
        part: of those: M for a month after the year, Q or W, D for month and day; H for an hour
            after the date, H24 where hours run from 1 to 24.
        values: the column of values; several in a wide table or a matrix.
        is_wide: whether each column of values is a series.
        matrix: the times that the header holds.
        constant: columns that are not read since they always hold the same, with that text.
        notes: what was guessed.
    """

    times: tuple[int, ...]
    values: tuple[int, ...]
    id: tuple[int, ...] = ()
    part: str = ""
    is_wide: bool = False
    matrix: Matrix | None = None
    constant: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether there is one row per value, with a column of times."""
        return self.matrix is None and not self.is_wide and not self.part

    def roles(self, header: list[str]) -> dict[str, list[str]]:
        """The names of the columns by what they hold."""
        value = "value"
        if self.is_wide or self.matrix is not None:
            value += ", a series a column" if self.is_wide else ", a time a column"
        places = {"series": self.id, "time": self.times, value: self.values}
        used = {place for each in places.values() for place in each}
        left = tuple(place for place in range(len(header)) if place not in used)
        every = {**places, "left out": left}
        return {role: [header[n] for n in of if header[n]] for role, of in every.items() if of}

    def long_columns(self, header: list[str]) -> tuple[str | None, str | None]:
        """The columns of names and times of a long table; None where there is no such column."""
        if not self.is_long:
            return None, None
        return header[self.id[0]] if len(self.id) == 1 else None, header[self.times[0]]


def find_layout(grid: Grid, options: ReadOptions) -> Layout:
    """The layout of a table, from options, names and the first rows.

    Raises:
        InputError: a column that was named is missing, or several readings are possible.
    """
    names = grid.header
    if not names:
        raise InputError(f"{grid.name}: has no columns; it needs a time and a value")
    known = known_columns(names, options, grid.name)
    series = id_columns(names, options, grid.name)
    if len(names) == 1:
        raise InputError(
            f"{grid.name}: has only the column {names[0]!r}; it needs a time and a value, with "
            "commas, semicolons, tabs or | between cells"
        )
    if "ds" in known and "y" in known and options.layout in (None, "long"):
        if known["ds"] == known["y"]:
            raise InputError(
                f"{grid.name}: time and value are one column {options.time!r}", ["--value "]
            )
        return Layout((known["ds"],), (known["y"],), series)
    columns = columns_of(grid, [row for _, row in islice(grid.rows(), SAMPLE_ROWS)])
    if options.layout in (None, "matrix") and "y" not in known and options.time is None:
        found = find_matrix(grid, columns, options)
        if found:
            year, values, matrix, notes = found
            return Layout(year, values, matrix.id, matrix=matrix, notes=notes)
    if options.layout == "matrix":
        raise InputError(
            f"{grid.name}: has no column of years beside those of months or quarters; name them "
            "Year, Jan to Dec or Q1 to Q4",
            ["--read layout="],
        )
    if len(names) == 2 and options.layout in (None, "long"):
        place, notes = time_of_two(grid, columns, known)
        return Layout((place,), (1 - place,), notes=notes)
    return _long_or_wide(grid, columns, known, series, options)


def _long_or_wide(
    grid: Grid,
    columns: list[Column],
    known: dict[str, int],
    series: tuple[int, ...],
    options: ReadOptions,
) -> Layout:
    times, part, notes = time_columns(grid, columns, known, series)
    taken = {*times, *series}
    rest = [each for each in columns if each.place not in taken]
    filled = [each for each in rest if each.cells and not each.counts_rows]
    numbers = [columns[known["y"]]] if "y" in known else [each for each in filled if each.is_number]
    value = None if "y" in known or options.layout == "wide" else clear_value(numbers)
    if value is not None:
        numbers = [value]
        notes = (*notes, f"values in {value.name!r} (guessed; else --value COLUMN)")
    if not numbers:
        raise InputError(
            f"{grid.name}: has no column of numbers beside {grid.header[times[0]]!r}; "
            "name one by --value COLUMN",
            ["--time "] if options.time else (),
        )
    valued = {*numbers}
    texts = [each for each in filled if each not in valued and not each.is_number]
    times_of = [columns[place].cells for place in times]
    time = list(zip(*times_of, strict=False))
    twice = first_twice(time)
    if series:
        if len(numbers) > 1:
            raise InputError(
                ask(grid, "the values are in one of", numbers, "--value COLUMN"),
                [f"--value {numbers[0].name}"],
            )
        notes = (*notes, *_unused(filled, numbers, value))
        return Layout(times, (numbers[0].place,), series, part, notes=notes)
    constant = {each.place: each.cells[0] for each in texts if each.is_constant}
    names = [each for each in texts if not each.is_constant and not each.blanks]
    whole: list[Column] = []
    if twice:
        # a text that names series makes the times unique
        whole = [n for n in names if not first_twice(list(zip(n.cells, *times_of, strict=False)))]
        names = whole or names
    if twice and not whole and len(numbers) == 1:
        whole_numbers = [
            each for each in filled if each.is_number and not each.blanks and is_whole(each)
        ]
        candidates = [*names, *(each for each in whole_numbers if each is not numbers[0])]
        candidates.sort(key=lambda each: each.place)
        if together := naming_columns(candidates, time):
            return _by_several(grid, times, part, numbers[0], together, constant, notes)
    if twice or options.layout == "long":
        notes = (*notes, *_unused(filled, [*numbers, *names], value))
        again = None if options.every else twice
        return _long(grid, times, part, numbers, names, constant, notes, again, time)
    if names and "y" not in known and value is None:
        raise InputError(
            f"{grid.name}: column {names[0].name!r} may name the series: add --id {names[0].name}, "
            f"or --time {grid.header[times[0]]} and --value COLUMN to leave it out",
            naming(names[0], numbers, grid.header[times[0]]),
        )
    left = [each.name for each in texts] + [each.name for each in rest if each.counts_rows]
    if value is not None:
        notes = (*notes, *_unused(filled, numbers, value))
    elif left:
        notes = (*notes, f"without column {', '.join(map(repr, left))}")
    if len(numbers) > 1 and not options.value and options.layout != "wide":
        notes = (*notes, "a series a column (guessed; else --value COLUMN)")
    places = tuple(each.place for each in numbers)
    wide = len(numbers) > 1 or options.layout == "wide"
    return Layout(times, places, (), part, wide, constant=constant, notes=notes)


def _by_several(
    grid: Grid,
    times: tuple[int, ...],
    part: str,
    value: Column,
    found: list[tuple[Column, ...]],
    constant: dict[int, str],
    notes: tuple[str, ...],
) -> Layout:
    """A row a value, where several columns name the series together."""
    names = [",".join(each.name for each in columns) for columns in found]
    if len(found) > 1:
        raise InputError(
            f"{grid.name}: the series are named by {' or '.join(names)}; add --id {names[0]}",
            [f"--id {names[0]}"],
        )
    places = tuple(each.place for each in found[0])
    notes = (*notes, f"series by {names[0]} (guessed; else --id COLUMNS)")
    return Layout(times, (value.place,), places, part, constant=constant, notes=notes)


def _unused(filled: list[Column], used: list[Column], value: Column | None) -> list[str]:
    """The note on columns that are not used, where the values were found by their name."""
    if value is None:
        return []
    taken = {*used}
    left = [repr(each.name) for each in filled if each not in taken]
    if not left:
        return []
    return [f"without {listed(left)} (--known COLUMNS uses those that are known ahead)"]


def _long(
    grid: Grid,
    times: tuple[int, ...],
    part: str,
    numbers: list[Column],
    names: list[Column],
    constant: dict[int, str],
    notes: tuple[str, ...],
    twice: str | None,
    time: list[tuple[str, ...]],
) -> Layout:
    """A row a value, the times of several series one after the other."""
    again = f"column {grid.header[times[0]]!r} holds {twice!r} twice" if twice else ""
    if len(numbers) > 1:
        which = listed([each.name for each in numbers])
        raise InputError(
            f"{grid.name}: {again or 'a long table'}, and values are in one of {which}: add "
            "--value COLUMN, and --id COLUMN if rows are of several series; or keep one row a time",
            of_long(numbers, names, time if again else []),
        )
    if len(names) > 1:
        raise InputError(
            ask(grid, "the series are named in one of", names, "--id COLUMN"),
            of_long(numbers, names, time if again else []),
        )
    if not names:
        if again:
            raise InputError(
                f"{grid.name}: {again}, and no column names series; keep one row a time, or add "
                "--id COLUMN",
                totals(time),
            )
        return Layout(times, (numbers[0].place,), (), part, constant=constant, notes=notes)
    notes = (*notes, f"series by {names[0].name!r} (guessed; else --id COLUMN)")
    return Layout(
        times, (numbers[0].place,), (names[0].place,), part, constant=constant, notes=notes
    )
