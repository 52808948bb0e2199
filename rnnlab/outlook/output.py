"""Where a forecast goes: CSV, Parquet or JSON, files or standard output."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.core.files import as_json, output_files, write_json, write_table
from rnnlab.core.text import join_names, readable
from rnnlab.outlook.validation import Validation
from rnnlab.series.panel import Panel, warn_left_out

FORMATS = (".csv", ".parquet", ".json")
STANDARD_OUTPUT = "-"
# series whose last steps are printed beside the truth
MAX_PRINTED = 6
# an error without meaning, whose digits have none
LARGE = 1e5


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
    csv: str,
    table: pd.DataFrame,
    content: dict[str, Any],
    draw: Callable[[Path], None],
) -> str:
    """The table, the picture and, where series are left out, the list of them.

    Args:
        csv: the name of the data.
        draw: writes the picture; where it cannot, the table and a line on stderr stay.

    Returns:
        The names of the table and the picture, for people.
    """
    left_out, picture = left_out_path(target).name, f"{target.stem}.png"
    warn_left_out(panel, csv, left_out_path(target))
    with output_files(target.parent, or_none=[left_out, picture]) as folder:
        write_forecast(folder / target.name, table, content)
        write_left_out(folder, target, panel)
        try:
            draw(folder / picture)
        except Exception as error:
            (folder / picture).unlink(missing_ok=True)
            reason = " ".join(str(error).split()) or type(error).__name__
            print(f"{target}: its picture cannot be drawn: {reason}", file=sys.stderr)
            return f"{target}"
    return f"{target} and {picture}"


def write_forecast(path: Path, table: pd.DataFrame, content: dict[str, Any]) -> None:
    """Write the table in the format of the name's ending; ``content`` stands before it in JSON."""
    ending = path.suffix.lower()
    if ending == ".parquet":
        typed(table).to_parquet(path, index=False)
    elif ending == ".json":
        write_json(path, as_content(table, content))
    else:
        write_table(path, table)


def print_forecast(table: pd.DataFrame, content: dict[str, Any], json: bool) -> None:
    """Write the table to standard output."""
    if json:
        print(as_json(as_content(table, content)))
    else:
        table.to_csv(sys.stdout, index=False, lineterminator="\n", float_format="%.10g")


def left_out_path(target: Path) -> Path:
    """The list of series without a forecast, beside the table ``target``."""
    return target.with_name(f"{target.stem}_left_out.csv")


def write_left_out(folder: Path, target: Path, panel: Panel) -> None:
    """Write the list into ``folder``, if there are such series."""
    if panel.left_out:
        reasons = pd.DataFrame(panel.left_out.items(), columns=["unique_id", "reason"])
        write_table(folder / left_out_path(target).name, reasons)


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with dates as dates, which Parquet can hold."""
    if table["ds"].dtype.kind in "iu":
        return table
    return table.assign(ds=table["ds"].to_numpy().astype("datetime64[s]"))


def as_content(table: pd.DataFrame, content: dict[str, Any]) -> dict[str, Any]:
    """``content`` and, by series, the columns of the table as lists."""
    columns = [name for name in table.columns if name != "unique_id"]
    series = [
        {"unique_id": name, **{column: rows[column].tolist() for column in columns}}
        for name, rows in table.groupby("unique_id", sort=False)
    ]
    return {**content, "series": series}


def validation_content(validation: Validation) -> dict[str, Any]:
    """What validation found, for JSON."""
    return {
        "mase": validation.errors,
        "weights": validation.weights,
        "forecasts_compared": len(validation.request.origin),
    }


def backtest_lines(table: pd.DataFrame, errors: pd.DataFrame) -> Iterator[str]:
    """The last horizon by method: the errors, and for a few series each step."""
    yield "The last steps of each series, forecast from what came before them:"
    yield errors.to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep="-")
    if len(table):
        yield table.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="-")


def validation_sentence(validation: Validation) -> str:
    """The errors of all methods on validation, and which of them the forecast uses."""
    weights = sorted(validation.weights.items(), key=lambda item: -item[1])
    used = (
        f"{readable(weights[0][0])} alone"
        if len(weights) == 1
        else join_names(f"{100 * share:.0f} % {method}" for method, share in weights)
    )
    errors = {method: e for method, e in validation.errors.items() if not np.isnan(e)}
    if not errors:
        return (
            f"The series are too short, or too even, to compare methods. The forecast uses {used}."
        )
    count = len(validation.request.origin)
    texts = [
        f"{method} {error:.3f}" if error < LARGE else f"{method} {error:.1e}"
        for method, error in sorted(errors.items(), key=lambda e: e[1])
    ]
    return (
        f"MASE of {count:,} forecasts of the last values: {join_names(texts)}. "
        f"The forecast uses {used}."
    )
