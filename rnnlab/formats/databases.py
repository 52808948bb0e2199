"""The table of an SQLite database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions, chosen
from rnnlab.formats.sources import Source

TABLES = """
SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%'
ESCAPE '\\' ORDER BY name
"""


def read_sqlite(source: Source, options: ReadOptions) -> pd.DataFrame:
    """The one table or view of a database, or the one that options name.

    Raises:
        InputError: it is damaged, or has no table or several.
    """
    try:
        with closing(_opened(source)) as database:
            names = [name for (name,) in database.execute(TABLES)]
            if not names:
                raise InputError(f"{source.name}: has no table; it needs one")
            name = chosen(names, options.table, source.name, "table").replace('"', '""')
            return pd.read_sql_query(f'SELECT * FROM "{name}"', database)
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise InputError(
            f"{source.name}: SQLite cannot read it ({reason}); save the table as CSV"
        ) from None


def _opened(source: Source) -> sqlite3.Connection:
    place = source.bytes_or_path()
    if isinstance(place, Path):
        return sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)
    database = sqlite3.connect(":memory:")
    database.deserialize(place.read())
    return database
