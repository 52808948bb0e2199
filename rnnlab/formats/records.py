"""Tables in JSON: records, a record a line, columns, or one of these within other keys."""

import json
from collections.abc import Iterator

import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions, chosen
from rnnlab.formats.sources import Source


def read_json(source: Source, options: ReadOptions) -> pd.DataFrame:
    """The one table in JSON, or the one that options name; times stay texts.

    Raises:
        InputError: there is none, or there are several.
        ValueError: it is no JSON.
    """
    with source.open() as file:
        content = file.read().decode("utf-8-sig")
    try:
        found: object = json.loads(content)
    except ValueError:
        # a record a line
        found = [json.loads(line) for line in content.splitlines() if line.strip()]
    if isinstance(found, dict) and not any(isinstance(v, dict | list) for v in found.values()):
        # one record a line, of one line
        found = [found]
    tables = dict(_tables(found, ""))
    if not tables:
        raise InputError(f"{source.name}: holds no list of records in JSON; save it as CSV")
    name = chosen([*tables], options.table if len(tables) > 1 else None, source.name, "table")
    return tables[name]


def _tables(value: object, name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables within a value, each with the keys that lead to it."""
    if isinstance(value, list):
        if value and all(isinstance(each, dict) for each in value):
            plain = not any(isinstance(cell, dict) for each in value for cell in each.values())
            yield name, pd.DataFrame(value) if plain else pd.json_normalize(value)
            return
        children = [(f"{name}.{n}".lstrip("."), each) for n, each in enumerate(value)]
    elif isinstance(value, dict):
        if (columns := _columns(value)) is not None:
            yield name, columns
            return
        children = [(f"{name}.{key}".lstrip("."), each) for key, each in value.items()]
    else:
        return
    for key, child in children:
        yield from _tables(child, key)


def _columns(value: dict[str, object]) -> pd.DataFrame | None:
    """The table that a value holds by columns, as pandas and services write it."""
    columns = [*value.values()]
    if {*value} == {"columns", "index", "data"}:
        return pd.DataFrame(value["data"], columns=value["columns"])  # type: ignore[arg-type]
    if len(columns) > 1 and all(isinstance(each, dict) and each for each in columns):
        names = {*columns[0]}  # type: ignore[misc]
        if any({*each} != names for each in columns):  # type: ignore[misc]
            return None
        # rows or columns, whichever have numbers for names
        by_row = all(map(str.isdigit, value))
        return pd.DataFrame.from_dict(value, orient="index" if by_row else "columns")
    if len(columns) > 1 and all(isinstance(each, list) and each for each in columns):
        cells = [cell for each in columns for cell in each]  # type: ignore[attr-defined]
        same = len({len(each) for each in columns}) == 1  # type: ignore[arg-type]
        if same and not any(isinstance(cell, list | dict) for cell in cells):
            return pd.DataFrame(value)
    return None
