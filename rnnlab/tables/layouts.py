"""Which columns of a table are names, times and values: long, wide, or a row a year."""

import re
from dataclasses import dataclass, field
from itertools import islice

import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.tables.columns import (
    DAY_NAMES,
    PART_NAMES,
    TIME_NAMES,
    YEAR,
    YEAR_NAMES,
    Column,
    clear_value,
    columns_of,
    season_label,
)
from rnnlab.tables.grids import Grid
from rnnlab.tables.matrices import Matrix, find_matrix
from rnnlab.tables.options import ReadOptions

SAMPLE_ROWS = 5000
# of a wide table a line names the first
MOST_NAMES = 12


@dataclass(frozen=True)
class Layout:
    """Where things are, by number of column.

    Attributes:
        id: names of the series; None for one series, or a series a column.
        times: the column of times, or those of year, month and day.
        part: of those: M for a month after the year, Q or W, D for month and day.
        values: the column of values; several in a wide table or a matrix.
        is_wide: whether each column of values is a series.
        matrix: the times that the header holds.
        constant: columns that are not read since they always hold the same, with that text.
        notes: what was guessed.
    """

    times: tuple[int, ...]
    values: tuple[int, ...]
    id: int | None = None
    part: str = ""
    is_wide: bool = False
    matrix: Matrix | None = None
    constant: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether there is one row per value, with a column of times."""
        return self.matrix is None and not self.is_wide and not self.part

    def long_columns(self, header: list[str]) -> tuple[str | None, str | None]:
        """The columns of names and times of a long table; None where there is no such column."""
        if not self.is_long:
            return None, None
        return None if self.id is None else header[self.id], header[self.times[0]]


def find_layout(grid: Grid, options: ReadOptions) -> Layout:
    """The layout of a table, from options, names and the first rows.

    Raises:
        InputError: a column that was named is missing, or several readings are possible.
    """
    names = grid.header
    if not names:
        raise InputError(f"{grid.name}: has no columns; it needs a time and a value")
    known = known_columns(names, options, grid.name)
    if len(names) == 1:
        raise InputError(
            f"{grid.name}: has only the column {names[0]!r}; it needs a time and a value, with "
            "commas, semicolons, tabs or | between cells"
        )
    if "ds" in known and "y" in known and options.layout in (None, "long"):
        if known["ds"] == known["y"]:
            raise InputError(f"{grid.name}: time and value are one column {options.time!r}")
        return Layout((known["ds"],), (known["y"],), known.get("unique_id"))
    columns = columns_of(grid, [row for _, row in islice(grid.rows(), SAMPLE_ROWS)])
    if options.layout in (None, "matrix") and "y" not in known and options.time is None:
        found = find_matrix(grid, columns, options)
        if found:
            year, values, matrix, notes = found
            return Layout(year, values, matrix.id, matrix=matrix, notes=notes)
    if options.layout == "matrix":
        raise InputError(
            f"{grid.name}: has no column of years beside those of months or quarters; name them "
            "Year, Jan to Dec or Q1 to Q4"
        )
    if len(names) == 2 and options.layout in (None, "long"):
        place = known.get("ds", 1 - known.get("y", 1))
        return Layout((place,), (1 - place,))
    return _long_or_wide(grid, columns, known, options)


def known_columns(names: list[str], options: ReadOptions, source: str) -> dict[str, int]:
    """The places of unique_id, ds and y, where options or the table name them."""
    found = {}
    for key, option in (("unique_id", "id"), ("ds", "time"), ("y", "value")):
        wanted = getattr(options, option)
        if wanted is not None and wanted not in names:
            raise InputError(
                f"{source}: has no column {wanted!r} (--{option} or data.{option}_column); "
                f"it has {_listed(names)}"
            )
        if (wanted or key) in names:
            found[key] = names.index(wanted or key)
    return found


def check_known(names: list[str], options: ReadOptions, source: str) -> None:
    """Raise InputError if a known column is not there, or is one of names, times or values."""
    for known in options.known:
        if known not in names:
            raise InputError(
                f"{source}: has no column {known!r} (--known); it has {_listed(names)}"
            )
        for option, usual in (("id", "unique_id"), ("time", "ds"), ("value", "y")):
            if (getattr(options, option) or usual) == known:
                raise InputError(f"--known {known}: is the column of --{option}, too; name it once")


def _long_or_wide(
    grid: Grid, columns: list[Column], known: dict[str, int], options: ReadOptions
) -> Layout:
    times, part, notes = _time_columns(grid, columns, known)
    taken = {*times, known.get("unique_id")}
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
            "name one by --value COLUMN"
        )
    texts = [each for each in filled if each not in numbers and not each.is_number]
    times_of = [columns[place].cells for place in times]
    time = list(zip(*times_of, strict=False))
    twice = _first_twice(time)
    if "unique_id" in known:
        if len(numbers) > 1:
            raise InputError(_ask(grid, "the values are in one of", numbers, "--value COLUMN"))
        notes = (*notes, *_unused(filled, numbers, value))
        return Layout(times, (numbers[0].place,), known["unique_id"], part, notes=notes)
    constant = {each.place: each.cells[0] for each in texts if each.is_constant}
    names = [each for each in texts if not each.is_constant and not each.blanks]
    if len(names) > 1 and twice:
        # a text that names series makes the times unique
        whole = [n for n in names if not _first_twice(list(zip(n.cells, *times_of, strict=False)))]
        names = whole or names
    if twice or options.layout == "long":
        notes = (*notes, *_unused(filled, [*numbers, *names], value))
        return _long(grid, times, part, numbers, names, constant, notes, twice)
    if names and "y" not in known and value is None:
        raise InputError(
            f"{grid.name}: column {names[0].name!r} may name the series: add --id {names[0].name}, "
            f"or --time {grid.header[times[0]]} and --value COLUMN to leave it out"
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
    return Layout(times, places, None, part, wide, constant=constant, notes=notes)


def _unused(filled: list[Column], used: list[Column], value: Column | None) -> list[str]:
    """The note on columns that are not used, where the values were found by their name."""
    left = [repr(each.name) for each in filled if each not in used]
    if value is None or not left:
        return []
    return [f"without {_listed(left)} (--known COLUMNS uses those that are known ahead)"]


def _first_twice(times: list[tuple[str, ...]]) -> str | None:
    seen = set()
    for time in times:
        if time in seen:
            return " ".join(time)
        seen.add(time)
    return None


def _long(
    grid: Grid,
    times: tuple[int, ...],
    part: str,
    numbers: list[Column],
    names: list[Column],
    constant: dict[int, str],
    notes: tuple[str, ...],
    twice: str | None,
) -> Layout:
    """A row a value, the times of several series one after the other."""
    again = f"column {grid.header[times[0]]!r} holds {twice!r} twice" if twice else ""
    if len(numbers) > 1:
        which = _listed([each.name for each in numbers])
        raise InputError(
            f"{grid.name}: {again or 'a long table'}, and values are in one of {which}: add "
            "--value COLUMN, and --id COLUMN if rows are of several series; or keep one row a time"
        )
    if len(names) > 1:
        raise InputError(_ask(grid, "the series are named in one of", names, "--id COLUMN"))
    if not names:
        if again:
            raise InputError(
                f"{grid.name}: {again}, and no column names series; keep one row a time, or add "
                "--id COLUMN"
            )
        return Layout(times, (numbers[0].place,), None, part, constant=constant, notes=notes)
    notes = (*notes, f"series by {names[0].name!r} (guessed; else --id COLUMN)")
    return Layout(times, (numbers[0].place,), names[0].place, part, constant=constant, notes=notes)


def _ask(grid: Grid, what: str, columns: list[Column], option: str) -> str:
    return f"{grid.name}: {what} {_listed([each.name for each in columns])}; add {option}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _time_columns(
    grid: Grid, columns: list[Column], known: dict[str, int]
) -> tuple[tuple[int, ...], str, tuple[str, ...]]:
    """The columns that make up the time, the part of the year, and what was guessed."""
    if "ds" in known:
        return (known["ds"],), "", ()
    parts = _parts(columns, grid.name)
    if parts:
        return parts[0], parts[1], ()
    usable = [each for each in columns if each.place not in known.values()]
    named = [each for each in usable if each.name.lower() in TIME_NAMES and each.cells]
    if "unique_id" in known:
        # a column named period may hold the same in all rows of a series
        names = columns[known["unique_id"]].cells
        named = [n for n in named if not _first_twice(list(zip(names, n.cells, strict=False)))]
    dates = [each for each in usable if each.is_date]
    for found in ([d for d in dates if d in named], dates, [n for n in named if n.is_time], named):
        if len(found) == 1:
            return (found[0].place,), "", ()
        if found:
            raise InputError(_ask(grid, "the times are in one of", found, "--time COLUMN"))
    years = [each for each in usable if each.is_time]
    if len(years) == 1 or (years and years[0].place == 0):
        return (years[0].place,), "", (f"times in {years[0].name!r} (guessed; else --time COLUMN)",)
    first = usable[0] if usable else columns[0]
    numbers = pd.to_numeric(pd.Series(first.cells, dtype=str), errors="coerce")
    even = numbers.notna().all() and numbers.diff().dropna().nunique() == 1
    if first.place == 0 and even and (numbers % 1 == 0).all():
        return (0,), "", (f"times in {first.name!r} (guessed; else --time COLUMN)",)
    raise InputError(
        f"{grid.name}: has the columns {_listed(grid.header)}, none of which holds times in all "
        "rows; write dates as 1949-01-31, or name the column by --time COLUMN"
    )


def _parts(columns: list[Column], source: str) -> tuple[tuple[int, ...], str] | None:
    """Columns of year and month (and day), quarter or week."""
    by_name = {each.name.lower(): each for each in columns}
    year = next((by_name[name] for name in by_name if name in YEAR_NAMES), None)
    if year is None or not year.cells or not all(YEAR.fullmatch(cell) for cell in year.cells):
        return None
    for part, names in PART_NAMES.items():
        column = next((by_name[name] for name in by_name if name in names), None)
        if column is None or not column.cells or not _all_parts(column.cells, part):
            beyond = [c for c in (column.cells if column else []) if re.fullmatch(r"M13|Q0?5", c)]
            if beyond:
                raise InputError(
                    f"{source}: column {column.name!r} holds {beyond[0]}, which is a whole year; "  # type: ignore[union-attr]
                    "remove such rows"
                )
            continue
        day = next((by_name[name] for name in by_name if name in DAY_NAMES), None)
        if part == "M" and day and all(re.fullmatch(r"\d{1,2}", cell) for cell in day.cells):
            return (year.place, column.place, day.place), "D"
        return (year.place, column.place), part
    return None


def _all_parts(cells: list[str], part: str) -> bool:
    labels = [season_label(cell) for cell in cells]
    most = {"M": 12, "Q": 4, "W": 53}[part]
    period = {label[0] for label in labels if label} - {"N"}
    return period <= {part} and all(label and 1 <= label[1] <= most for label in labels)
