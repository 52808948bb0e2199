"""Series in the long table ``unique_id, ds, y``: reading, cleaning, and the two cuts."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.errors import InputError, require
from stages.common.params import SeriesData


@dataclass(frozen=True)
class Panel:
    """One or many series, end to end.

    Attributes:
        ids: name of each series, S of them.
        offsets: int64 [S + 1]; series s is ``values[offsets[s]:offsets[s + 1]]``.
        ds: datetime64[s] or int64 [M], the time of each value.
        values: float64 [M], in the units of the file.
    """

    ids: list[str]
    offsets: np.ndarray
    ds: np.ndarray
    values: np.ndarray

    def span(self, number: int) -> slice:
        return slice(int(self.offsets[number]), int(self.offsets[number + 1]))


@dataclass(frozen=True)
class Cut:
    """Where the training, validation and test parts of one series end (counts of values)."""

    train: int
    validation: int
    test: int


def cut_series(length: int, data: SeriesData) -> dict[str, Cut]:
    """The two cuts of a series of ``length`` values.

    main: all but the last ``test_fraction`` is for fitting; for protocols one_step and long.
    year: all but the last period; for protocol year.
    In both, the last ``validation_fraction`` of the fitting part is validation.
    """
    # 1e-9, since 10 * (1 - 0.3) must not become 6
    main = int(length * (1 - data.test_fraction) + 1e-9)
    ends = {"main": main, "year": length - data.period}
    cuts = {}
    for fit, end in ends.items():
        validation = max(1, round(end * data.validation_fraction))
        cuts[fit] = Cut(train=end - validation, validation=end, test=length)
    return cuts


def read_panel(data: SeriesData) -> Panel:
    """Read the CSV of a series task as it circulates: footers, blank lines and gaps in y included.

    A trailing row without a number is a footer and is left out. A gap in the middle takes the
    value one period before (else the last value): the past alone, so that nothing leaks.

    Raises:
        InputError: the file, a column, a date or a number is missing, unreadable or doubled.
    """
    path = Path(data.csv)
    table = _read_table(path)
    columns = _find_columns(table, data, path)
    text = pd.DataFrame({key: table[name] for key, name in columns.items() if name is not None})
    if "unique_id" not in text:
        text["unique_id"] = path.stem
    text["y"] = _numbers(text["y"], columns["y"], path)
    text = text.iloc[: _last_number(text["y"], path) + 1]
    text["ds"] = _times(text["ds"], columns["ds"], path)
    text = text.sort_values(["unique_id", "ds"], kind="stable")
    groups = {str(name): _trimmed(group) for name, group in text.groupby("unique_id")}
    for name, group in groups.items():
        _check_regular(name, group["ds"], path)
    lengths = [len(group) for group in groups.values()]
    return Panel(
        ids=list(groups),
        offsets=np.cumsum([0, *lengths]),
        ds=np.concatenate([group["ds"].to_numpy() for group in groups.values()]),
        values=np.concatenate([_fill_gaps(group["y"], data.period) for group in groups.values()]),
    )


def _read_table(path: Path) -> pd.DataFrame:
    require(path, "put the CSV there, or name another as data.csv in params.yaml")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{path}: is no CSV in UTF-8; save it as one") from None
    if len(rows) < 2:
        raise InputError(f"{path}: is empty; it needs a header and a row for each time")
    header = [name.strip() for name in rows[0]]
    width = len(header)
    doubled = [name for name in header if header.count(name) > 1]
    if doubled:
        raise InputError(f"{path}: has the column {doubled[0]!r} twice; rename one")
    wide = [row for row in rows[1:] if any(cell.strip() for cell in row[width:])]
    if wide:
        line = ",".join(wide[0])
        raise InputError(
            f"{path}: the row {line!r} has more cells than the header has names; "
            "quote cells that hold a comma"
        )
    # a footer may have fewer cells than the header
    body = [(row + [""] * width)[:width] for row in rows[1:]]
    return pd.DataFrame(body, columns=header).apply(lambda column: column.str.strip())


def _find_columns(table: pd.DataFrame, data: SeriesData, path: Path) -> dict[str, str | None]:
    found = {}
    names = list(table.columns)
    wanted = {
        "unique_id": (data.id_column, "id_column", None),
        "ds": (data.time_column, "time_column", names[0]),
        "y": (data.value_column, "value_column", names[-1]),
    }
    for key, (asked, parameter, default) in wanted.items():
        if asked is not None and asked not in names:
            has = ", ".join(names)
            raise InputError(f"{path}: has no column {asked!r} (data.{parameter}); it has {has}")
        found[key] = asked or (key if key in names else default)
    if found["ds"] == found["y"]:
        raise InputError(f"{path}: has the one column {names[0]!r}; it needs a time and a value")
    return found


def _numbers(column: pd.Series, name: str | None, path: Path) -> pd.Series:
    numbers = pd.to_numeric(column.where(column != ""), errors="coerce")
    wrong = numbers.isna() & ~column.str.lower().isin(["", "nan", "na", "null", "none"])
    wrong |= np.isinf(numbers)
    if wrong.any():
        bad = column[wrong].iloc[0]
        raise InputError(f"{path}: column {name!r} holds {bad!r}; write a number or leave it empty")
    return numbers


def _last_number(y: pd.Series, path: Path) -> int:
    known = np.flatnonzero(y.notna())
    if len(known) == 0:
        raise InputError(f"{path}: has no numbers; it needs a value for each time")
    return int(known[-1])


def _times(column: pd.Series, name: str | None, path: Path) -> pd.Series:
    if column.str.fullmatch(r"-?\d{1,9}").all() and not column.str.fullmatch(r"[12]\d{3}").all():
        return column.astype("int64")
    # local time without its offset, so that a day keeps its hours over summer time
    local = column.str.replace(r"(?<=\d)([+-]\d{2}:?\d{2}|Z)$", "", regex=True)
    local = local.where(column.str.contains(":"), column)
    times = pd.to_datetime(local, errors="coerce", format="ISO8601")
    if times.isna().any():
        times = pd.to_datetime(local, errors="coerce", format="mixed")
    if times.isna().any():
        bad = column[times.isna()].iloc[0]
        raise InputError(f"{path}: column {name!r} holds {bad!r}; write dates as 1949-01-31")
    return times.astype("datetime64[s]")


def _check_regular(name: str, ds: pd.Series, path: Path) -> None:
    doubled = ds[ds.duplicated()]
    if len(doubled):
        raise InputError(f"{path}: series {name!r} has {doubled.iloc[0]} twice; keep one row")
    if len(ds) < 3:
        raise InputError(f"{path}: series {name!r} has {len(ds)} values; it needs many more")
    if ds.dtype == "int64":
        regular = ds.diff().iloc[1:].nunique() == 1
    else:
        regular = pd.infer_freq(ds) is not None
    if not regular:
        raise InputError(
            f"{path}: the times of series {name!r} are not evenly spaced; "
            "add the missing rows and leave their value empty"
        )


def _trimmed(group: pd.DataFrame) -> pd.DataFrame:
    known = np.flatnonzero(group["y"].notna())
    return group.iloc[known[0] : known[-1] + 1] if len(known) else group.iloc[:0]


def _fill_gaps(y: pd.Series, period: int) -> np.ndarray:
    filled = y.to_numpy(dtype=np.float64, copy=True)
    for gap in np.flatnonzero(np.isnan(filled)):
        filled[gap] = filled[gap - (period if gap >= period else 1)]
    return filled
