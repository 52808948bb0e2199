"""Read the table of a series task: CSV, TSV or Parquet."""

import csv
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError, require
from rnnlab.core.params import SeriesData
from rnnlab.series.times import DIGITS, are_times, read_times, to_seconds

# cells that mean a missing value
MISSING_CELLS = {"", "nan", "na", "null", "none"}

# names of the series, and for each row the index of its name, its time and its value
Rows = tuple[list[str], np.ndarray, np.ndarray, np.ndarray]


def read_rows(path: Path, data: SeriesData) -> Rows:
    """Names [S], and for each row the index of its name, its time and its value (NaN if missing).

    Raises:
        InputError: the file, a column, a date or a number is missing or unreadable.
    """
    require(path, "put the file there, or set data.csv in params.yaml to another file")
    return (_read_parquet if path.suffix.lower() == ".parquet" else _read_text)(path, data)


def column_names(path: Path) -> list[str]:
    """Return the names of the columns, in the order of the file.

    Raises:
        InputError: the file is missing or unreadable.
    """
    require(path, "put the file there, or name another")
    if path.suffix.lower() != ".parquet":
        return next(_rows(path), [])
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_schema(path).names
    except (pyarrow.ArrowException, OSError) as error:
        raise _parquet_error(path, error) from None


def value_name(path: Path, data: SeriesData) -> str:
    """Return the name of the column of values in a file that ``read_rows`` can read."""
    header = column_names(path)
    return header[_find_columns(header, data, path)["y"]]


def _read_text(path: Path, data: SeriesData) -> Rows:
    """Read row by row into three arrays, which take less memory than the file has bytes."""
    rows = _rows(path)
    header = next(rows, [])
    names: dict[str, int] = {}
    times: dict[str, int] = {}
    codes, when, y = array("i"), array("i"), array("d")
    columns = _find_columns(header, data, path) if header else {}
    if columns and _is_row(header[columns["ds"]], header[columns["y"]]):
        raise InputError(
            f"{path}: begins with {','.join(header)!r}, which are not names of columns; "
            "add a header line such as ds,y"
        )
    for row in rows:
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            raise InputError(
                f"{path}: the row {','.join(row)!r} has more cells than the header has names; "
                "quote cells that contain a comma"
            )
        # a footer may have fewer cells than the header
        cells = {
            key: row[place].strip() if place < len(row) else "" for key, place in columns.items()
        }
        name = cells.get("unique_id", path.stem)
        codes.append(names.setdefault(name, len(names)))
        when.append(times.setdefault(cells["ds"], len(times)))
        y.append(_number(cells["y"], header[columns["y"]], path))
    if not y:
        raise InputError(f"{path}: is empty; it needs a header and a row for each time")
    values = np.frombuffer(y, dtype=np.float64)
    # rows after the last number are a footer without names and times
    rows_kept = _last_value_row(values, path) + 1
    if "unique_id" in columns and rows_kept < len(y):
        # rows with a time belong to a series without values, which is reported as unusable
        known = are_times(pd.Series(list(times), dtype=str))
        while rows_kept < len(y) and known[when[rows_kept]]:
            rows_kept += 1
    series, place = (np.frombuffer(each, dtype=np.intc)[:rows_kept] for each in (codes, when))
    texts = pd.Series(list(times)[: place.max() + 1], dtype=str)
    ds = read_times(texts, header[columns["ds"]], path)[place]
    kept = list(names)[: series.max() + 1]
    if "" in kept:
        raise _empty_name_error(header[columns["unique_id"]], path)
    return kept, series, ds, values[:rows_kept]


def _is_row(time: str, value: str) -> bool:
    """Whether the first line is a row of data, so that the file has no header."""
    is_time = re.match(r"\d", time) is not None
    return is_time and re.fullmatch(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", value.lower()) is not None


def _empty_name_error(column: str, path: Path) -> InputError:
    return InputError(f"{path}: column {column!r} has empty cells; write a name in each")


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the header, stripped, and each row that is not blank."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
            filled = (
                row
                for row in csv.reader(file, delimiter=delimiter, strict=True)
                if any(cell and not cell.isspace() for cell in row)
            )
            header = [name.strip() for name in next(filled, [])]
            doubled = [name for name in header if header.count(name) > 1]
            if doubled:
                raise InputError(f"{path}: has the column {doubled[0]!r} twice; rename one")
            yield header
            yield from filled
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            f"{path}: is not valid CSV in UTF-8; save it as CSV with closed quotes"
        ) from None


def _read_parquet(path: Path, data: SeriesData) -> Rows:
    import pyarrow
    import pyarrow.parquet

    header = column_names(path)
    columns = {key: header[place] for key, place in _find_columns(header, data, path).items()}
    try:
        table = pyarrow.parquet.read_table(path, columns=list(columns.values()))
    except (pyarrow.ArrowException, OSError) as error:
        raise _parquet_error(path, error) from None
    # ignore the metadata of pandas, which would turn a column into the index
    table = table.to_pandas(ignore_metadata=True)
    y = pd.to_numeric(table[columns["y"]], errors="coerce").to_numpy(dtype=np.float64)
    # pandas would convert times to numbers of nanoseconds
    of_times = pd.api.types.is_datetime64_any_dtype(table[columns["y"]])
    if of_times or np.isinf(y).any() or np.isnan(y).sum() > table[columns["y"]].isna().sum():
        raise InputError(
            f"{path}: column {columns['y']!r} holds a value that is not a finite number"
        )
    _last_value_row(y, path)
    times = table[columns["ds"]]
    if times.isna().any():
        raise InputError(f"{path}: column {columns['ds']!r} has empty cells; write a time in each")
    if pd.api.types.is_integer_dtype(times):
        texts = times.astype(str)
        are_dates = texts.map(DIGITS.fullmatch).notna().all()
        ds = read_times(texts, columns["ds"], path) if are_dates else times.to_numpy(np.int64)
    elif pd.api.types.is_datetime64_any_dtype(times):
        ds = to_seconds(times.dt.tz_localize(None).to_numpy(), columns["ds"], path)
    else:
        ds = read_times(times.astype(str), columns["ds"], path)
    if "unique_id" not in columns:
        return [path.stem], np.zeros(len(y), dtype=np.int64), ds, y
    if table[columns["unique_id"]].isna().any():
        raise _empty_name_error(columns["unique_id"], path)
    codes, names = pd.factorize(table[columns["unique_id"]].astype(str))
    return list(names), codes.astype(np.int64), ds, y


def _parquet_error(path: Path, error: Exception) -> Exception:
    # pyarrow reports some damaged files as OSError without an errno
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return InputError(f"{path}: is not a valid Parquet file; save it as Parquet")


def _find_columns(names: list[str], data: SeriesData, path: Path) -> dict[str, int]:
    """The positions of unique_id (absent for one series), ds and y among the header's names."""
    if not names:
        raise InputError(f"{path}: has no columns; it needs a time and a value")
    found = {}
    wanted = {
        "unique_id": (data.id_column, "id_column", None),
        "ds": (data.time_column, "time_column", names[0]),
        "y": (data.value_column, "value_column", names[-1]),
    }
    for key, (setting, parameter, default) in wanted.items():
        if setting is not None and setting not in names:
            has = ", ".join(names)
            raise InputError(f"{path}: has no column {setting!r} (data.{parameter}); it has {has}")
        name = setting or (key if key in names else default)
        if name is not None:
            found[key] = names.index(name)
    if found["ds"] == found["y"]:
        others = [sign for sign in (";", "\t", "|") if sign in names[0]]
        fix = "write commas between cells" if others else "it needs a time and a value"
        raise InputError(f"{path}: has only the column {names[found['y']]!r}; {fix}")
    return found


def _number(cell: str, column: str, path: Path) -> float:
    if cell.lower() in MISSING_CELLS:
        return float("nan")
    try:
        number = float(cell)
    except ValueError:
        number = float("inf")
    # Python reads 1_000 as a number, but other readers of CSV do not
    if not np.isfinite(number) or "_" in cell:
        raise InputError(
            f"{path}: column {column!r} holds {cell!r}; write a number or leave it empty"
        )
    return number


def _last_value_row(y: np.ndarray, path: Path) -> int:
    known = np.flatnonzero(~np.isnan(y))
    if len(known) == 0:
        raise InputError(f"{path}: has no numbers; it needs a value for each time")
    return int(known[-1])
