"""Read a table, and judge it by what is to be found."""

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.trust.tables.making import Made
from benchmarks.trust.tables.story import Found
from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions, reading_options
from rnnlab.series.loading import load_panel

VERDICTS = ("read", "said", "asked", "refused", "wrong")
# Feather and JSON hold floats as they are; sums of them differ in the last digit
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Judged:
    """What became of a table.

    Attributes:
        verdict: read rightly; said, a wrong guess that a note names, with the option that is
            right; asked, refused with an option that is right; refused; or wrong, in silence.
        why: the message, the notes, or what differs.
    """

    verdict: str
    why: str


def judge(made: Made) -> Judged:
    """Raise AssertionError where a refusal is not one line that names the file."""
    header = made.laid.rows[0] if made.laid.rows else []
    try:
        found, notes = _read(made, ())
    except InputError as error:
        message = str(error)
        assert message.startswith(f"{made.path}: "), message
        assert len(message.split("\n")) == 1, message
        asked = any(_is_right(made, options) for options in options_in(message, header, "add "))
        return Judged("asked" if asked else "refused", message)
    if same(found, made.found):
        return Judged("read", "; ".join(notes))
    guesses = [note for note in notes if "guessed" in note]
    right = any(_is_right(made, each) for note in guesses for each in options_in(note, header))
    return Judged("said" if right else "wrong", f"{difference(found, made.found)}; notes {notes}")


def _read(made: Made, more: tuple[str, ...]) -> tuple[Found, list[str]]:
    """What is found, and the notes; raise InputError also where a series is left out."""
    panel = load_panel(str(made.path), _options(made, more), any_series=True)
    if panel.left_out:
        name, reason = next(iter(panel.left_out.items()))
        raise InputError(f"{made.path}: series {name!r} {reason}")
    assert panel.table is not None
    found: Found = {name: {} for name in panel.ids}
    series = np.repeat(np.arange(len(panel.ids)), panel.lengths)
    for code, time, value in zip(series, panel.ds, panel.y, strict=True):
        if not np.isnan(value):
            found[panel.ids[code]][time] = float(value)
    return found, panel.table.notes


def _options(made: Made, more: tuple[str, ...]) -> ReadOptions:
    pairs, columns = list(made.laid.options), dict(made.laid.columns)
    for option in more:
        key, _, value = option.partition(" ")
        if key == "read":
            pairs.append(value)
        else:
            columns[key] = value
    return reading_options(pairs, **columns)  # type: ignore[arg-type]


def same(found: Found, truth: Found) -> bool:
    if found.keys() != truth.keys():
        return False
    return all(
        found[name].keys() == cells.keys()
        and all(abs(found[name][time] - y) <= TOLERANCE * abs(y) for time, y in cells.items())
        for name, cells in truth.items()
    )


def difference(found: Found, truth: Found) -> str:
    """The first thing that differs, in words."""
    if found.keys() != truth.keys():
        return f"series {list(found)[:5]} instead of {list(truth)[:5]}"
    for name, cells in truth.items():
        if found[name].keys() != cells.keys():
            more, fewer = (found[name].keys() - cells.keys(), cells.keys() - found[name].keys())
            times = [", ".join(sorted(map(str, each))[:3]) for each in (more, fewer)]
            return f"{name!r} has the times {times[0]}, and lacks {times[1]}"
        for time, y in cells.items():
            if abs(found[name][time] - y) > TOLERANCE * abs(y):
                return f"{name!r} at {time} is {found[name][time]} instead of {y}"
    return "nothing"


def options_in(message: str, header: list[str], before: str = "") -> list[tuple[str, ...]]:
    """The options that a message names, each as it would be added; of COLUMN any of the header."""
    found: list[tuple[str, ...]] = []
    message = message.partition(before)[2] if before else message
    for key, first, more in re.findall(r"--read (\w+)=([\w-]+)((?: or (?:\w+=)?[\w-]+)*)", message):
        values = [first, *re.split(r" or (?:\w+=)?", more)[1:]]
        found += [(f"read {key}={value}",) for value in values]
    columns = re.findall(r"--(id|time|value) ([^;]+?)(?=,? or |,? and |\)|; |$)", message)
    for key, name in columns:
        names = header if name.startswith("COLUMN") else [name]
        found += [(f"{key} {each}",) for each in names]
    if len(columns) > 1:
        found.append(tuple(f"{key} {name}" for key, name in columns))
    return found


def _is_right(made: Made, options: tuple[str, ...]) -> bool:
    try:
        return same(_read(made, options)[0], made.found)
    except (InputError, AssertionError):
        return False


def first_lines(path: Path, count: int = 4) -> str:
    if path.is_dir() or path.suffix not in (".csv", ".txt", ".tsv", ".json", ".jsonl"):
        return f"({path.name})"
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    if b"\x00" in content[:100] and encoding == "utf-8":
        encoding = "utf-16-le"
    lines = content.decode(encoding, errors="replace").splitlines()
    return "\n".join(line[:120] for line in islice(lines, count))
