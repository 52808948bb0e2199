"""The options of the commands that take many: type, default and help in one place.

A command takes a whole group of them as one dataclass; ``takes_options`` lets typer see each field
as an option of its own. To add an option, add a field.
"""

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Literal

from typer import Option

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions, reading_options


@dataclass(frozen=True)
class TableOptions:
    """What a person says of a table of series; None where nothing is said."""

    period: Annotated[
        str | None,
        Option(
            metavar="STEPS",
            help="steps in a season: by the spacing of the times; 1 for none; 7,365 for two",
        ),
    ] = None
    id_column: Annotated[
        str | None, Option("--id", metavar="COLUMN", help="column of the series' names (found)")
    ] = None
    time_column: Annotated[
        str | None, Option("--time", metavar="COLUMN", help="column of times (found)")
    ] = None
    value_column: Annotated[
        str | None, Option("--value", metavar="COLUMN", help="column of values (found)")
    ] = None
    read: Annotated[
        list[str] | None,
        Option(
            metavar="KEY=VALUE",
            help="how to read the file, where it has two readings: layout, decimal, dates, "
            "century, separator, sheet, encoding, skip, missing, below",
        ),
    ] = None

    every: Annotated[
        str | None,
        Option(metavar="STEP", help="rows within a minute, hour, day, week or month are one value"),
    ] = None
    total: Annotated[
        str | None, Option(metavar="KIND", help="what it is: sum, mean, last or count (sum)")
    ] = None

    @property
    def seasons(self) -> tuple[int, ...]:
        """The numbers of ``--period``; InputError where it has others."""
        if self.period is None:
            return ()
        try:
            return tuple(map(int, self.period.split(",")))
        except ValueError:
            raise InputError(
                f"--period {self.period}: write a whole number, or two such as 7,365"
            ) from None

    @property
    def pairs(self) -> list[str]:
        """KEY=VALUE of ``--read``, and of the options that stand for some of them."""
        own = {"every": self.every, "total": self.total}
        return [*(self.read or ()), *(f"{key}={value}" for key, value in own.items() if value)]

    @property
    def reading(self) -> ReadOptions:
        """How the table is to be read; InputError where ``--read`` makes no sense."""
        columns = self.id_column, self.time_column, self.value_column
        return reading_options(self.pairs, *columns)


@dataclass(frozen=True)
class ForecastOptions(TableOptions):
    """What a person wants of a forecast."""

    horizon: Annotated[
        int | None, Option(help="steps to forecast (one season, six without one)")
    ] = None
    known: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMNS",
            help="columns known of the steps ahead, too: rows with them and no value follow the "
            "last value; several with a comma",
        ),
    ] = None
    future: Annotated[
        str | None, Option(metavar="FILE", help="these rows, if they are not in the table")
    ] = None
    holidays: Annotated[
        str | None, Option(metavar="CODES", help="of a country or a part of it: AT, US-CA or DE,FR")
    ] = None
    fit: Annotated[bool, Option("--fit", help="fit Theta, ETS and SARIMA to each series, too")] = (
        False
    )
    out: Annotated[
        str | None,
        Option(
            metavar="PATH",
            help="folder (forecasts), a name that ends with .csv, .parquet or .json, or - for "
            "standard output",
        ),
    ] = None
    html: Annotated[
        str | None,
        Option(metavar="FILE", help="also a page in one file, with every series to hover over"),
    ] = None
    json: Annotated[
        bool, Option("--json", help="JSON, to standard output unless --out names a place")
    ] = False
    backtest: Annotated[bool, Option("--backtest", help="print the last horizon by method")] = False
    check: Annotated[
        bool, Option("--check", help="print what is understood of the file, and stop")
    ] = False
    plot_series: Annotated[
        list[str] | None, Option(metavar="ID", help="a series for the picture; may be repeated")
    ] = None
    ray: Annotated[
        str | None,
        Option(
            metavar="ADDRESS", help="Ray cluster that does the parts of a folder; or local:WORKERS"
        ),
    ] = None
    train: Annotated[
        bool,
        Option(
            "--train",
            help="let the network learn from these series first: up to five minutes, says how long",
        ),
    ] = False
    network: Annotated[
        str | None, Option(metavar="FOLDER", help="a network that --train wrote (the pretrained)")
    ] = None
    trained: Annotated[
        bool, Option("--trained", help="ask the networks that `dvc repro` trained, too")
    ] = False
    task: Annotated[
        str, Option("--task", help="in a project: task of --trained, or without a file")
    ] = "airline"

    @property
    def network_folder(self) -> Path | None:
        return None if self.network is None else Path(self.network)

    @property
    def reading(self) -> ReadOptions:
        """How the table is to be read, with its known columns."""
        names = [name.strip() for names in self.known or () for name in names.split(",")]
        return replace(super().reading, known=tuple(filter(None, names)), future=self.future)


@dataclass(frozen=True)
class SearchOptions:
    """How a search is to run."""

    trials: Annotated[int, Option(min=1, help="how many, earlier ones included")] = 30
    jobs: Annotated[int, Option(min=1, help="side by side; of several, each has one thread")] = 1
    minutes: Annotated[
        float | None, Option(min=0, help="no trial begins later; running ones end")
    ] = None
    metric: Annotated[
        str | None, Option(help="of metrics.json (mase_val, or validation_accuracy for images)")
    ] = None
    direction: Annotated[Literal["minimize", "maximize"] | None, Option(help="of --metric")] = None
    sampler: Annotated[
        Literal["tpe", "random"], Option(help="tpe learns from trials, random does not")
    ] = "tpe"


def takes_options(function: Callable[..., None]) -> Callable[..., None]:
    """The function with the fields of its dataclasses as parameters of its own, for typer."""
    shown: dict[str, Parameter] = {}
    groups: dict[str, tuple[type, list[str]]] = {}
    for name, parameter in signature(function).parameters.items():
        group = parameter.annotation
        if isinstance(group, type) and is_dataclass(group):
            options = signature(group).parameters
            shown |= options
            groups[name] = group, list(options)
        else:
            shown[name] = parameter

    @wraps(function)
    def command(**values: object) -> None:
        for name, (group, options) in groups.items():
            values[name] = group(**{option: values.pop(option) for option in options})
        function(**values)

    vars(command)["__signature__"] = Signature(list(shown.values()))
    command.__annotations__ = {name: parameter.annotation for name, parameter in shown.items()}
    return command
