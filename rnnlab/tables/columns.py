"""What the columns of a table may hold, by their names and the first rows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise

import numpy as np
import pandas as pd

from rnnlab.cells.counted import UNIX, are_day_numbers
from rnnlab.cells.dates import DIGITS, YEAR, are_times, is_footer
from rnnlab.cells.months import MONTHS, season_label, season_labels
from rnnlab.cells.numbers import SURE, Typed, is_missing, readings
from rnnlab.cells.parts import without_fraction
from rnnlab.cells.periods import FISCAL
from rnnlab.cells.units import common_unit
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import ReadOptions, listed

SAMPLE_ROWS = 5000
# what most cells are, for speed
PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?").fullmatch
WHOLE = re.compile(r"-?\d{1,15}")
DAY = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")
YEARS_WITH_PART = re.compile(rf"{YEAR.pattern}\.\d+")
# names in a few languages of columns of times, and of their parts
YEAR_NAMES = {"year", "yr", "jahr", "année", "annee", "año", "ano", "anno", "jaar"}
PART_NAMES = {
    "M": {"month", "mon", "monat", "mois", "mes", "mese", "mês", "maand", "period"},
    "Q": {"quarter", "qtr", "quartal", "trimestre", "trimester", "kwartaal", "period"},
    "W": {"week", "woche", "semaine", "semana", "settimana"},
}
DAY_NAMES = {"day", "tag", "jour", "día", "dia", "giorno", "dag"}
HOUR_NAMES = {"hour", "hr", "hours", "hour_of_day", "time", "stunde", "uhrzeit", "heure", "hora"}
HOUR_NAMES |= {"ora", "uur", "tijd"}
MINUTE_NAMES = {"minute", "min", "minutes", "minuto", "minuut"}
# half-hours or quarters of an hour that are numbered within a day
INTERVAL_NAMES = {"period", "settlement_period", "settlement period", "settlementperiod"}
INTERVAL_NAMES |= {"interval", "half_hour", "quarter_hour", "viertelstunde"}
TIME_NAMES = {
    *YEAR_NAMES,
    *DAY_NAMES,
    *set().union(*PART_NAMES.values()),
    *{"ds", "date", "time", "datetime", "timestamp", "time_period", "date_time", "when"},
    *{"step", "t"},
    *{"observation_date", "ref_date", "yearmonth", "yyyymm", "datum", "zeit", "fecha", "data"},
}
# of columns of numbers that are no values
PART_OR_TIME_NAMES = TIME_NAMES | HOUR_NAMES | MINUTE_NAMES | INTERVAL_NAMES
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
# of columns that together name series: at most so many, of so many that may
MOST_TOGETHER, MOST_CANDIDATES = 3, 12
# two numbers are always evenly spaced
MIN_STEPS = 3


@dataclass(frozen=True, eq=False)
class Column:
    """One column of the first rows, with what it could be.

    The same one alone is equal, so that sets are fast.

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

    @cached_property
    def is_constant(self) -> bool:
        return len({*self.cells}) == 1 and not self.blanks

    @property
    def names_rows(self) -> bool:
        """Whether each row has a cell that no other has."""
        return len({*self.cells}) == len(self.cells) and not self.blanks

    @property
    def is_whole(self) -> bool:
        return all(map(WHOLE.fullmatch, self.cells))

    @property
    def holds_years(self) -> bool:
        return bool(self.cells) and all(map(YEAR.fullmatch, self.cells))

    @cached_property
    def counts_rows(self) -> bool:
        """Whether it numbers the rows from 0 or 1."""
        first = self.cells[:1]
        return (
            self.name.lower() in ROW_NUMBERS
            and first in (["0"], ["1"])
            and self.cells == [str(int(first[0]) + n) for n in range(len(self.cells))]
        )

    @property
    def counts_steps(self) -> bool:
        """Whether it holds whole numbers of one distance, as years are."""
        if len(self.cells) < MIN_STEPS or not self.is_whole:
            return False
        gaps = {int(after) - int(before) for before, after in pairwise(self.cells)}
        return len(gaps) == 1 and gaps != {0}


@dataclass(frozen=True)
class Clues:
    """What the choice of a layout goes by.

    Attributes:
        known: the places of ds and y, where options or the table name them.
        series: the columns that name a series together, where options or the table say so.
    """

    grid: Grid
    options: ReadOptions
    known: dict[str, int]
    series: tuple[int, ...]

    @cached_property
    def columns(self) -> list[Column]:
        return _columns_of(self.grid.header, self.first_rows)

    @property
    def first_rows(self) -> list[list[str]]:
        return [row for _, row in islice(self.grid.rows(), SAMPLE_ROWS)]

    def rows_of(self, places: Iterable[int]) -> list[tuple[str, ...]]:
        """The cells of some columns, row by row."""
        return list(zip(*(self.columns[place].cells for place in places), strict=False))

    def refusal(self, reason: str, options: Iterable[str] = ()) -> InputError:
        """An error with the options of the command that would work, see ``InputError``."""
        return InputError(f"{self.grid.name}: {reason}", options)

    def ask(
        self, what: str, columns: list[Column], option: str, options: Iterable[str]
    ) -> InputError:
        names = listed([each.name for each in columns])
        return self.refusal(f"{what} {names}; add {option}", options)


def _columns_of(header: list[str], rows: list[list[str]]) -> list[Column]:
    """The columns of the first rows; rows of a cell alone, as footers are, say nothing."""
    whole = [row for row in rows if sum(bool(cell.strip()) for cell in row) > 1]
    if _ends_with_totals([row[0].strip() for row in whole]):
        whole = whole[:-1]
    found = []
    for place, name in enumerate(header):
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


def _are_unix_times(place: int, name: str, cells: list[str]) -> bool:
    """Whether numbers such as 1600000000 are times, and no values: by their name or their order."""
    if not cells or _share([*map(UNIX.fullmatch, cells)]) < ALMOST_ALL:
        return False
    words = {*re.split(r"[\W_]+", name.lower())}
    grow = all(before < after for before, after in pairwise(cells))
    return name.lower() in TIME_NAMES or bool(words & CLOCK_NAMES) or (place == 0 and grow)


def _without_fiscal(columns: list[Column]) -> list[Column]:
    """The columns, of which fiscal years are no times beside dates."""
    dates = [each for each in columns if each.is_date]
    fiscal = {each for each in dates if all(map(FISCAL.search, each.cells))}
    if len(fiscal) == len(dates):
        return columns
    return [replace(each, is_time=False) if each in fiscal else each for each in columns]


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
        and not (each.is_time or each.counts_rows or each.name.lower() in PART_OR_TIME_NAMES)
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


def called_value(numbers: list[Column]) -> Column | None:
    """The one of several columns of numbers that is called as values are; None if none is."""
    for names in VALUE_NAMES:
        found = [each for each in numbers if each.name.lower() in names]
        if found:
            return found[0] if len(found) == 1 < len(numbers) else None
    return None


def first_twice(cells: Iterable[tuple]) -> tuple | None:
    seen = set()
    for each in cells:
        if each in seen:
            return each
        seen.add(each)
    return None
