"""What a person says of a table: its columns, and ``--read KEY=VALUE``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from rnnlab.core.errors import InputError

# between the parts of a name that several columns give
SIGN = "/"
# of a wide table a line names the first
MOST_NAMES = 12
CHOICES = {
    "layout": ("long", "wide", "matrix"),
    "decimal": ("point", "comma"),
    "dates": ("day-first", "month-first", "numbers"),
    "century": ("1900", "2000"),
    "separator": ("comma", "semicolon", "tab", "bar"),
    "sheet": (),
    "table": (),
    "encoding": (),
    "skip": (),
    "missing": ("gap", "zero"),
    "below": ("half", "zero"),
    "every": (),
    "total": ("sum", "mean", "last", "count"),
    "frequency": ("month", "quarter", "year"),
}


@dataclass(frozen=True)
class ReadOptions:
    """None where nothing is said.

    Attributes:
        id, time, value: names of columns; of id also several, with commas.
        layout: long (a row a value), wide (a column a series) or matrix (a row a year).
        decimal: the sign before the fraction of a number; the other one groups its thousands.
        dates: what comes first in 01/02/2020; numbers where 1600000000 is no date.
        century: of years with two digits.
        separator: the sign between cells.
        sheet: name of the sheet of a spreadsheet.
        table: name of the table of a database, or of the list of records in JSON.
        encoding: of the text, by Python's name.
        skip: how many lines stand above the header, in digits.
        missing: what a missing row is: a gap, or a value of zero as on a day without a sale.
        below: what a value such as <1 is: half of it, or zero.
        every: minute, 15 minutes, hour, day, week or month: rows within one are one value.
        total: what that value is: their sum (None), mean, last one or number.
        frequency: of the rows to read, where years, quarters and months stand in one column.
        known: names of columns that are known of later times, too, such as promotions.
        future: file of rows that go on where the table ends, without values.
    """

    id: str | None = None
    time: str | None = None
    value: str | None = None
    layout: str | None = None
    decimal: str | None = None
    dates: str | None = None
    century: str | None = None
    separator: str | None = None
    sheet: str | None = None
    table: str | None = None
    encoding: str | None = None
    skip: str | None = None
    missing: str | None = None
    below: str | None = None
    every: str | None = None
    total: str | None = None
    frequency: str | None = None
    known: tuple[str, ...] = ()
    future: str | None = None


def reading_options(
    pairs: Iterable[str],
    id: str | None = None,
    time: str | None = None,
    value: str | None = None,
    known: Iterable[str] = (),
    future: str | None = None,
) -> ReadOptions:
    """What a person says of a table.

    Args:
        pairs: KEY=VALUE of ``--read``.
        id, time, value, known, future: see ``ReadOptions``.

    Raises:
        InputError: a key or a value is unknown.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, sign, choice = pair.partition("=")
        if key not in CHOICES or not sign or not choice:
            meant = similar(key, CHOICES)
            raise InputError(
                f"--read {pair}: write KEY=VALUE, KEY one of {', '.join(CHOICES)}",
                [f"--read {key}=", f"--read {meant}={choice}" if meant else "--read ="],
            )
        if CHOICES[key] and choice not in CHOICES[key]:
            raise InputError(
                f"--read {pair}: write {key}={' or '.join(CHOICES[key])}",
                [f"--read {key}={similar(choice, CHOICES[key]) or CHOICES[key][0]}"],
            )
        if key == "skip" and not re.fullmatch("[0-9]{1,6}", choice):
            raise InputError(
                f"--read {pair}: write the number of lines above the header, such as skip=3",
                ["--read skip="],
            )
        found[key] = choice
    return ReadOptions(id, time, value, **found, known=tuple(known), future=future)


def id_columns(names: list[str], options: ReadOptions, source: str) -> tuple[int, ...]:
    """The places of the columns that name a series together, where options or the table say so."""
    wanted = "unique_id" if options.id is None else options.id
    if wanted in names:
        return (names.index(wanted),)
    if options.id is None:
        return ()
    several = [name.strip() for name in wanted.split(",")]
    if missing := [name for name in several if name not in names]:
        bad = missing[0] if len(missing) < len(several) else wanted
        meant = [name if name in names else similar(name, names) for name in several]
        raise InputError(
            f"{source}: has no column {bad!r} (--id or data.id_column); it has {listed(names)}",
            [f"--id {','.join(filter(None, meant))}"],
        )
    return tuple(names.index(name) for name in several)


def known_columns(names: list[str], options: ReadOptions, source: str) -> dict[str, int]:
    """The places of ds and y, where options or the table name them."""
    found = {}
    for key, option in (("ds", "time"), ("y", "value")):
        wanted = getattr(options, option)
        if wanted is not None and wanted not in names:
            raise InputError(
                f"{source}: has no column {wanted!r} (--{option} or data.{option}_column); "
                f"it has {listed(names)}",
                [f"--{option} {similar(wanted, names)}"],
            )
        if (wanted or key) in names:
            found[key] = names.index(wanted or key)
    return found


def check_known(names: list[str], options: ReadOptions, source: str) -> None:
    """Raise InputError if a known column is not there, or is one of names, times or values."""
    for known in options.known:
        others = [each for each in options.known if each != known]
        if known not in names:
            meant = ",".join(filter(None, [*others, similar(known, names)]))
            raise InputError(
                f"{source}: has no column {known!r} (--known); it has {listed(names)}",
                [f"--known {meant}"],
            )
        for option, usual in (("id", "unique_id"), ("time", "ds"), ("value", "y")):
            named = getattr(options, option) or usual
            if known in (named, *(named.split(",") if option == "id" else ())):
                raise InputError(
                    f"--known {known}: is the column of --{option}, too; name it once",
                    [f"--known {','.join(others)}"],
                )


def similar(wanted: str, names: Iterable[str]) -> str:
    """The one of names that a person may have meant by another; empty where none is like it."""
    plain = {name.lower(): name for name in names}
    return next((plain[name] for name in get_close_matches(wanted.lower(), plain, 1)), "")


def listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def chosen(
    names: list[str], wanted: str | None, source: str, what: str, likely: str | None = None
) -> str:
    """The one of several sheets or tables that a person names, or the only one.

    Args:
        likely: the one that the refusal proposes, by default the first.

    Raises:
        InputError: it is not there, or there are several.
    """
    likely = likely or names[0]
    if wanted is not None and wanted not in names:
        raise InputError(
            f"{source}: has no {what} {wanted!r} with cells; it has {listed(names)}",
            [f"--read {what}={similar(wanted, names) or likely}"],
        )
    if wanted is None and len(names) > 1:
        raise InputError(
            f"{source}: has the {what}s {listed(names)}; add --read {what}=NAME",
            [f"--read {what}={likely}"],
        )
    return wanted or names[0]
