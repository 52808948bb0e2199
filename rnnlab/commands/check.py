"""What rnnlab forecast understands of a table: said in lines, or with --check as a small table."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as Block
from rich.text import Text

from rnnlab.commands.options import ForecastOptions
from rnnlab.core.errors import InputError
from rnnlab.effects.reading import settled, settled_series
from rnnlab.formats.options import ReadOptions, listed
from rnnlab.series.panel import MAX_LINES, Panel
from rnnlab.series.seasons import Season, guesses, note_guesses, understood
from rnnlab.series.times import format_times
from rnnlab.tables.reading import read_table

FIRST_ROWS = 3


def read_series(
    file: str, reading: ReadOptions, options: ForecastOptions, seasons: Sequence[int]
) -> tuple[Panel, Season, int]:
    """The series of a table with their covariates, their season and the horizon.

    What was understood is said on the way, unless a table of it is wanted.

    Args:
        seasons: of ``--period``; empty where nothing is said.

    Raises:
        InputError: see ``read_table`` and ``settled_series``.
    """
    say = say_nothing if options.check else say_understood
    table = read_table(file, reading)
    return settled_series(table, reading, seasons, options.horizon, options.holidays, say)


def say_understood(panel: Panel, season: Season) -> None:
    """Say what was understood on standard error, since standard output is for results."""
    print(understood(panel, season), file=sys.stderr)
    note_guesses(panel, season)


def say_nothing(panel: Panel, season: Season) -> None:
    """What ``--check`` says is its table."""


def first_of_parts(
    parts: list[Path], reading: ReadOptions, options: ForecastOptions, seasons: Sequence[int]
) -> tuple[Season, int]:
    """The season and the horizon of the first part that can be read.

    Its covariates are looked at when its turn comes, as those of all parts.

    Raises:
        InputError: none can be; the message is that of the first one.
    """
    first: InputError | None = None
    for path in parts:
        try:
            table = read_table(str(path), reading)
            _, season, horizon = settled(table, reading, seasons, options.horizon, say_understood)
        except InputError as error:
            first = first or error
            continue
        return season, horizon
    raise first or InputError("a folder of parts has no parts")


def check_parts(
    parts: list[Path], reading: ReadOptions, options: ForecastOptions, seasons: Sequence[int]
) -> None:
    """Print a block for each file of a folder; the first one settles the period and the horizon.

    Raises:
        InputError: some cannot be read.
    """
    errors = []
    for path in parts:
        try:
            panel, season, horizon = read_series(str(path), reading, options, seasons)
        except InputError as error:
            errors.append(error)
            continue
        seasons, options = seasons or (season.period,), replace(options, horizon=horizon)
        print_block(panel, season, None)
    if errors:
        others = f" (and {len(errors) - 1:,} more parts)" if len(errors) > 1 else ""
        raise InputError(f"{errors[0]}{others}", errors[0].options)


def print_block(panel: Panel, season: Season, horizon: int | None) -> None:
    """Print what was understood of a table, and its first rows.

    Args:
        horizon: steps that would be forecast; None where that is not settled yet.
    """
    assert panel.table is not None
    console = Console() if sys.stdout.isatty() else Console(width=80)
    block = Block(box=box.SIMPLE, show_header=False, title=_plain(panel.table.name), expand=False)
    block.title_justify = "left"
    block.add_column()
    block.add_column(overflow="fold")
    for name, text in lines_of(panel, season, horizon):
        block.add_row(name, _plain(text))
    console.print(block)
    console.print(_first_rows(panel))


def lines_of(panel: Panel, season: Season, horizon: int | None) -> list[tuple[str, str]]:
    """What was understood: a name and its text for each row."""
    table = panel.table
    assert table is not None
    first, last = format_times(np.array([panel.ds.min(), panel.ds.max()]))
    checked = "" if season.correlation is None else f" (autocorrelation {season.correlation:.2f})"
    lines = [
        ("series", f"{len(panel.ids):,}: {listed(panel.ids)}"),
        ("spacing", f"{season.spacing}; period {season.period}{checked}"),
        ("times", f"{first} to {last}"),
        ("gaps", _gaps(panel)),
    ]
    if horizon is not None:
        lines.append(("horizon", str(horizon)))
    known = {"known": [*table.known]} if table.known else {}
    for role, names in {**table.roles, **known}.items():
        lines.append((f"column{'s' * (len(names) > 1)}", f"{role}: {listed(names)}"))
    lines += [("note", text) for text in guesses(panel, season)]
    out = list(panel.left_out.items())
    lines += [("no series", f"{name!r} {reason}") for name, reason in out[:MAX_LINES]]
    if len(out) > MAX_LINES:
        lines.append(("no series", f"{len(out) - MAX_LINES:,} more"))
    return lines


def _gaps(panel: Panel) -> str:
    lacking = np.zeros(len(panel.y), dtype=bool) if panel.missing is None else panel.missing
    empty = int((np.isnan(panel.y) & ~lacking).sum())
    zeros = lacking.any() and not np.isnan(panel.y[lacking]).any()
    parts = [f"{int(lacking.sum()):,} missing rows are zeros"] if zeros else []
    gaps = 0 if zeros else int(lacking.sum())
    if gaps or empty:
        counted = [f"{gaps:,} of {len(panel.y):,} rows missing"] if gaps else []
        counted += [f"{empty:,} values empty"] if empty else []
        parts.append(f"{' and '.join(counted)}: filled with the value one period before")
    return "; ".join(parts) or "none"


def _first_rows(panel: Panel) -> Block:
    """The first rows as they were read."""
    table = panel.table
    assert table is not None
    block = Block(box=box.SIMPLE, title="The first rows as read", title_justify="left")
    for name in ("series", "time", "value"):
        block.add_column(name, justify="right" if name == "value" else "left", overflow="fold")
    times = format_times(table.ds[:FIRST_ROWS])
    for place, time in enumerate(times):
        value = table.y[place]
        number = "missing" if np.isnan(value) else f"{value:.15g}"
        block.add_row(_plain(table.names[table.codes[place]]), str(time), number)
    return block


def _plain(text: str) -> Text:
    """A text of a file as it stands: it must not control the terminal, nor be markup."""
    return Text("".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split())))
