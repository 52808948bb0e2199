"""What the columns of a table hold, by their names and the first rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from rnnlab.cells.counted import UNIX, are_day_numbers
from rnnlab.cells.dates import DIGITS, are_times, is_footer
from rnnlab.cells.months import MONTHS, season_label, season_labels
from rnnlab.cells.numbers import SURE, Typed, is_missing, readings
from rnnlab.cells.periods import FISCAL
from rnnlab.cells.units import common_unit
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import listed

YEAR = re.compile(r"[12]\d{3}")
# what most cells are, for speed
PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?").fullmatch
WHOLE = re.compile(r"-?\d{1,15}")
DAY = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")
YEARS_WITH_PART = re.compile(r"[12]\d{3}\.\d+")
# names in a few languages of columns of times, and of their parts
YEAR_NAMES = {"year", "yr", "jahr", "année", "annee", "año", "ano", "anno", "jaar"}
PART_NAMES = {
    "M": {"month", "mon", "monat", "mois", "mes", "mese", "mês", "maand", "period"},
    "Q": {"quarter", "qtr", "quartal", "trimestre", "trimester", "kwartaal", "period"},
    "W": {"week", "woche", "semaine", "semana", "settimana"},
}
DAY_NAMES = {"day", "tag", "jour", "día", "dia", "giorno", "dag"}
TIME_NAMES = {
    *YEAR_NAMES,
    *DAY_NAMES,
    *set().union(*PART_NAMES.values()),
    *{"ds", "date", "time", "datetime", "timestamp", "time_period", "date_time", "when"},
    *{"step", "t"},
    *{"observation_date", "ref_date", "yearmonth", "yyyymm", "datum", "zeit", "fecha", "data"},
}
# in a few languages
HOUR_NAMES = {"hour", "hr", "hours", "hour_of_day", "time", "stunde", "uhrzeit", "heure", "hora"}
HOUR_NAMES |= {"ora", "uur", "tijd"}
CLOCK_NAMES = {"time", "date", "timestamp", "ts", "epoch", "unix", "unixtime", "ms"}
ROW_NUMBERS = {"", "rownames", "unnamed: 0", "index", "row", "rowid", "x", "no", "nr", "#"}
ROW_NUMBERS |= {"id", "instant"}
# what columns of values are called, the clearest names first
VALUE_NAMES = (
    {"y", "value", "values", "target"},
    {"sales", "sold", "demand", "quantity", "qty", "cnt", "count", "users", "units_sold"},
    {"price"},
)
# below it a column of numbers or times holds something else
MOST = 0.5
ALMOST_ALL = 0.9
# of columns that together name series: at most so many, of so many that may, each series with as
# many rows at least; where one holds numbers, with few gaps, since any numbers may tell rows apart
MOST_TOGETHER, MOST_CANDIDATES, MIN_ROWS, MOST_OF_SPAN = 3, 12, 3, 0.95


@dataclass(frozen=True, eq=False)
class Column:
    """One column of the first rows; the same one alone is equal, so that sets are fast.

    Attributes:
        cells: stripped, those that are missing left out.
        blanks: how many are missing.
        is_number, is_time: whether most cells are.
    """

    place: int
    name: str
    cells: list[str]
    blanks: int
    is_number: bool
    is_time: bool

    @property
    def is_date(self) -> bool:
        """Whether it holds times that are no plain numbers."""
        return self.is_time and not self.is_number

    @property
    def is_constant(self) -> bool:
        return len({*self.cells}) == 1 and not self.blanks

    @property
    def counts_rows(self) -> bool:
        """Whether it numbers the rows from 0 or 1."""
        first = self.cells[:1]
        return (
            self.name.lower() in ROW_NUMBERS
            and first in (["0"], ["1"])
            and self.cells == [str(int(first[0]) + n) for n in range(len(self.cells))]
        )


def columns_of(grid: Grid, rows: list[list[str]]) -> list[Column]:
    """The columns of the first rows; rows of a cell alone, as footers are, say nothing."""
    whole = [row for row in rows if sum(bool(cell.strip()) for cell in row) > 1]
    if _ends_with_totals([row[0].strip() for row in whole]):
        whole = whole[:-1]
    found = []
    for place, name in enumerate(grid.header):
        raw = [row[place].strip() if place < len(row) else "" for row in whole]
        cells = [cell for cell in raw if not is_missing(cell)]
        typed = any(
            isinstance(row[place], Typed) and not readings(row[place])
            for row in whole[:5]
            if place < len(row)
        )
        numbers = _share([PLAIN_NUMBER(cell) is not None or bool(readings(cell)) for cell in cells])
        found.append(
            Column(
                place,
                name,
                # as pandas writes years in a column that had an empty cell
                [without_fraction(cell) for cell in cells],
                len(raw) - len(cells),
                numbers >= MOST and not typed,
                typed
                or _hold_times(cells, numbers)
                or _are_unix_times(place, name, cells)
                or are_day_numbers(cells, name, place == 0),
            )
        )
    return _with_units(_without_fiscal(found))


def _with_units(columns: list[Column]) -> list[Column]:
    """The columns, of which one with 5%, (5) or 100 kWh in all cells holds numbers, too.

    Where times repeat, and beside other numbers, it does if it has no unit, a name of values or
    cells of which most differ: those that repeat may name series.
    """
    alone = any(each.is_time and len({*each.cells}) == len(each.cells) for each in columns)
    units = {
        each: common_unit(each.cells)
        for each in columns
        if not (each.is_time or each.is_number)
        and len({*each.cells}) >= (2 if alone else SURE)
        and all(readings(cell, loose=True) for cell in each.cells)
    }
    dressed = [each for each, unit in units.items() if unit is not None]
    plain = any(
        each.is_number
        and not (each.is_time or each.counts_rows or each.name.lower() in TIME_NAMES | HOUR_NAMES)
        for each in columns
    )
    if not alone and (plain or len(dressed) > 1):
        dressed = [
            each
            for each in dressed
            if not units[each]
            or any(each.name.lower() in names for names in VALUE_NAMES)
            or len({*each.cells}) >= MOST * len(each.cells)
        ]
    return [replace(each, is_number=True) if each in dressed else each for each in columns]


def _are_unix_times(place: int, name: str, cells: list[str]) -> bool:
    """Whether numbers such as 1600000000 are times, and no values: by their name or their order."""
    if not cells or _share([bool(UNIX.fullmatch(cell)) for cell in cells]) < ALMOST_ALL:
        return False
    words = {*re.split(r"[\W_]+", name.lower())}
    grow = all(before < after for before, after in pairwise(cells))
    return name.lower() in TIME_NAMES or bool(words & CLOCK_NAMES) or (place == 0 and grow)


def _without_fiscal(columns: list[Column]) -> list[Column]:
    """The columns, of which fiscal years are no times beside dates."""
    fiscal = [each.is_date and all(FISCAL.search(cell) for cell in each.cells) for each in columns]
    if sum(each.is_date for each in columns) == sum(fiscal):
        return columns
    return [
        replace(each, is_time=False) if years else each
        for each, years in zip(columns, fiscal, strict=True)
    ]


def _ends_with_totals(cells: list[str]) -> bool:
    """Whether the first cells are times but for the last, so that the layout is that of others."""
    if len(cells) < 2 or not is_footer(cells[-1]):
        return False
    above = list(dict.fromkeys(cells[:-1]))[:200]
    if len(above) in (MONTHS - 1, MONTHS):
        *labels, last = season_labels([*above, cells[-1]])
        if all(labels):
            return last is None
    return all(map(season_label, above)) or bool(are_times(pd.Series(above, dtype=str)).all())


def is_whole(column: Column) -> bool:
    return all(map(WHOLE.fullmatch, column.cells))


def _share(found: Sequence[object]) -> float:
    return sum(map(bool, found)) / len(found) if found else 0.0


def _hold_times(cells: list[str], numbers: float) -> bool:
    if not cells:
        return False
    unique = list(dict.fromkeys(cells))[:200]
    if numbers >= MOST:
        forms = (YEAR, YEARS_WITH_PART, DIGITS)
        shares = [_share([*map(form.fullmatch, unique)]) for form in forms]
        # R writes 1949 for 1949.0 among years with decimals
        return max(*shares, shares[0] + shares[1]) > ALMOST_ALL or any(map(DAY.fullmatch, unique))
    return bool(np.mean(are_times(pd.Series(unique, dtype=str))) >= MOST)


def year_column(columns: list[Column], but: set[int]) -> Column | None:
    """The first column of years, those named so before others."""
    found = [
        each
        for each in columns
        if each.place not in but and each.cells and all(YEAR.fullmatch(cell) for cell in each.cells)
    ]
    return next(
        (each for each in found if each.name.lower() in YEAR_NAMES), next(iter(found), None)
    )


def without_fraction(cell: str) -> str:
    """A whole number without the fraction .0 that it was written with."""
    return cell[:-2] if cell.endswith(".0") and re.fullmatch(r"\d{1,4}\.0", cell) else cell


def part_text(year: str, part: str, cell: str) -> str:
    """The time of a part of a year: 1949-03, 1949Q2, 1949-W07; no time if ``cell`` is no part."""
    year, cell = without_fraction(year), without_fraction(cell)
    label = season_label(cell)
    if label is None or label[0] not in (part, "N") or not YEAR.fullmatch(year):
        return f"{year} {cell}"
    return {"M": f"{year}-{label[1]:02}", "Q": f"{year}Q{label[1]}", "W": f"{year}-W{label[1]:02}"}[
        part
    ]


def clear_value(numbers: list[Column]) -> Column | None:
    """The one of several columns of numbers that is called as values are; None if none is."""
    for names in VALUE_NAMES:
        found = [each for each in numbers if each.name.lower() in names]
        if found:
            return found[0] if len(found) == 1 < len(numbers) else None
    return None


def first_twice(times: list[tuple[str, ...]]) -> str | None:
    seen = set()
    for time in times:
        if time in seen:
            return " ".join(time)
        seen.add(time)
    return None


def naming_columns(
    candidates: list[Column], times: list[tuple[str, ...]]
) -> list[tuple[Column, ...]]:
    """The fewest columns that together tell series whose times are unique and have few gaps.

    Returns:
        none; or one set of columns; or several, if they would make different series.
    """
    when = pd.factorize(pd.Series([" ".join(each) for each in times]), sort=True)[0]
    # a time that is missing leaves open which row a cell is of
    whole = [each for each in candidates if len(each.cells) == len(times)][:MOST_CANDIDATES]
    codes = {each: pd.factorize(pd.Series(each.cells))[0] for each in whole}
    best, found_size = 0.0, 0
    found: dict[bytes, tuple[Column, ...]] = {}
    for size in range(1, MOST_TOGETHER + 1):
        for chosen in combinations(codes, size):
            joined = pd.MultiIndex.from_arrays([codes[each] for each in chosen])
            series = pd.factorize(joined)[0]
            share = _share_of_spans(series, when)
            least = MOST_OF_SPAN if any(each.is_number for each in chosen) else MOST
            if share < least or share < best or (share == best and size > found_size):
                continue
            if share > best:
                best, found, found_size = share, {}, size
            found.setdefault(series.tobytes(), chosen)
    # whether a column of numbers alone names series is asked
    return [] if found_size == 1 else [*found.values()]


def _share_of_spans(series: np.ndarray, when: np.ndarray) -> float:
    """Which share of the times from the first to the last of each series it has; 0 if one twice."""
    frame = pd.DataFrame({"series": series, "when": when})
    spans = frame.groupby("series")["when"].agg(["min", "max"])
    if frame.duplicated().any() or len(frame) < MIN_ROWS * len(spans):
        return 0.0
    return len(frame) / float((spans["max"] - spans["min"] + 1).sum())


def ask(grid: Grid, what: str, columns: list[Column], option: str) -> str:
    return f"{grid.name}: {what} {listed([each.name for each in columns])}; add {option}"
