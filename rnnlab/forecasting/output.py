"""Where a forecast goes: CSV, Parquet or JSON, files or standard output."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.core.files import as_json, output_files, write_json, write_table
from rnnlab.core.notes import note
from rnnlab.series.panel import Panel, warn_left_out
from rnnlab.series.times import format_times

FORMATS = (".csv", ".parquet", ".json")
STANDARD_OUTPUT = "-"


@dataclass(frozen=True)
class Target:
    """Where the table goes.

    Attributes:
        path: of the table; None for standard output.
        json: whether standard output gets JSON instead of CSV.
    """

    path: Path | None
    json: bool

    @property
    def messages(self) -> TextIO:
        """Where words for people go: not between the data."""
        return sys.stderr if self.path is None else sys.stdout


def find_target(out: str | None, stem: str, json: bool) -> Target:
    """What ``--out`` and ``--json`` mean for a table named ``stem``.

    Raises:
        InputError: ``out`` is a file of another format.
    """
    if out == STANDARD_OUTPUT or (json and out is None):
        return Target(None, json)
    path = Path("forecasts" if out is None else out)
    if path.is_dir() or not path.suffix:
        return Target(path / f"{stem}{'.json' if json else '.csv'}", json)
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"--out {out}: write a folder, -, or a name that ends with .csv, .parquet or .json"
        )
    if json and path.suffix.lower() != ".json":
        raise InputError(f"--json --out {out}: write a name that ends with .json")
    return Target(path, path.suffix.lower() == ".json")


def write_files(
    target: Path,
    panel: Panel,
    name: str,
    table: pd.DataFrame,
    content: dict[str, object],
    draw: Callable[[Path], None],
) -> str:
    """The table, the picture and, where series are left out, the list of them.

    Args:
        name: of the data.
        draw: writes the picture; where it cannot, the table and a note stay.

    Returns:
        The names of the table and the picture, for people.
    """
    left_out, picture = left_out_path(target).name, f"{target.stem}.png"
    warn_left_out(panel, name, left_out_path(target))
    with output_files(target.parent, or_none=[left_out, picture]) as folder:
        write_forecast(folder / target.name, table, content)
        write_left_out(folder, target, panel)
        try:
            draw(folder / picture)
        except Exception as error:
            (folder / picture).unlink(missing_ok=True)
            reason = " ".join(str(error).split()) or type(error).__name__
            note(f"{target}: its picture cannot be drawn: {reason}")
            return f"{target}"
    return f"{target} and {picture}"


def write_forecast(path: Path, table: pd.DataFrame, content: dict[str, object]) -> None:
    """Write the table in the format of the name's ending; ``content`` stands before it in JSON."""
    ending = path.suffix.lower()
    if ending == ".parquet":
        table.to_parquet(path, index=False)
    elif ending == ".json":
        write_json(path, as_content(table, content))
    else:
        write_table(path, with_texts(table))


def print_forecast(table: pd.DataFrame, content: dict[str, object], json: bool) -> None:
    """Write the table to standard output."""
    if json:
        print(as_json(as_content(table, content)))
    else:
        write_table(sys.stdout, with_texts(table))


def left_out_path(target: Path) -> Path:
    """The list of series without a forecast, beside the table ``target``."""
    return target.with_name(f"{target.stem}_left_out.csv")


def write_left_out(folder: Path, target: Path, panel: Panel) -> None:
    """Write the list into ``folder``, if there are such series."""
    if panel.left_out:
        reasons = pd.DataFrame(panel.left_out.items(), columns=["unique_id", "reason"])
        write_table(folder / left_out_path(target).name, reasons)


def with_offsets(table: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The table, with times of the zone of a file that has several offsets from UTC."""
    if panel.table is None or not panel.table.zone:
        return table
    return table.assign(ds=table["ds"].dt.tz_localize("UTC").dt.tz_convert(panel.table.zone))


def with_texts(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its times as text files have them."""
    if isinstance(table["ds"].dtype, pd.DatetimeTZDtype):
        return table.assign(ds=[time.isoformat() for time in table["ds"]])
    return table.assign(ds=format_times(table["ds"].to_numpy()))


def as_content(table: pd.DataFrame, content: dict[str, object]) -> dict[str, object]:
    """``content`` and, by series, the columns of the table as lists."""
    table = with_texts(table)
    # the columns that name a series stand in front
    first = list(table.columns).index("ds")
    names, columns = table.columns[:first], table.columns[first:]
    series = [
        {
            **{column: rows[column].iloc[0] for column in names},
            **{column: rows[column].tolist() for column in columns},
        }
        for _, rows in table.groupby("unique_id", sort=False)
    ]
    return {**content, "series": series}
