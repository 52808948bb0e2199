"""Which layout a table has: the first kind that its columns fit."""

from rnnlab.core.errors import InputError
from rnnlab.formats.grids import Grid
from rnnlab.formats.options import ReadOptions, id_columns, known_columns
from rnnlab.tables.columns import Clues
from rnnlab.tables.long_or_wide import long_or_wide
from rnnlab.tables.matrices import row_a_day, row_a_season, row_a_series, row_a_year
from rnnlab.tables.roles import Layout
from rnnlab.tables.time_columns import two_columns

# kinds of tables whose header holds times; each gives None for others
MATRICES = (row_a_year, row_a_season, row_a_day, row_a_series)


def find_layout(grid: Grid, options: ReadOptions) -> Layout:
    """The layout of a table, from options, names and the first rows.

    Raises:
        InputError: a column that was named is missing, or several readings are possible.
    """
    names = grid.header
    if not names:
        raise InputError(f"{grid.name}: has no columns; it needs a time and a value")
    known = known_columns(names, options, grid.name)
    clues = Clues(grid, options, known, id_columns(names, options, grid.name))
    if len(names) == 1:
        raise clues.refusal(
            f"has only the column {names[0]!r}; it needs a time and a value, with "
            "commas, semicolons, tabs or | between cells"
        )
    may_be_long = options.layout in (None, "long")
    if may_be_long and len(known) == 2:
        if known["ds"] == known["y"]:
            raise clues.refusal(f"time and value are one column {options.time!r}", ["--value "])
        return Layout((known["ds"],), (known["y"],), clues.series)
    if options.layout in (None, "matrix") and "y" not in known and options.time is None:
        for kind in MATRICES:
            if found := kind(clues):
                return found
    if options.layout == "matrix":
        raise clues.refusal(
            "has no column of years beside those of months or quarters; name them "
            "Year, Jan to Dec or Q1 to Q4",
            ["--read layout="],
        )
    return two_columns(clues) if may_be_long and len(names) == 2 else long_or_wide(clues)
