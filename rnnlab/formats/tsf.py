"""Files .tsf of the Monash archive: a header of @words, then a series a line."""

import io
import re
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.formats.sources import Source

if TYPE_CHECKING:
    import pyarrow

# the key of the horizon that the file names, in the schema's metadata
HORIZON = b"rnnlab horizon"
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "dai": 86400, "week": 604800}
FREQUENCY = re.compile(r"(?:(\d+|half)_)?([a-z]+?)(?:ly|s|)")
DAY = np.timedelta64(86400, "s")
TIME_FORM = "%Y-%m-%d %H-%M-%S"


def read_tsf(source: Source) -> "pyarrow.Table":
    """Columns unique_id, ds and y; the steps from 1 where no start is named.

    Raises:
        InputError: a line is not as the format says.
    """
    import pyarrow

    words: dict[str, str] = {}
    attributes: list[tuple[str, str]] = []
    names: list[str] = []
    times, values = [], []
    with source.open() as raw, io.TextIOWrapper(raw, "latin-1") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if line.startswith("@"):
                word, *rest = line[1:].split()
                if word.lower() == "attribute":
                    attributes.append((rest[0], rest[-1]))
                words[word.lower()] = " ".join(rest)
            elif line and not line.startswith("#") and "data" in words:
                try:
                    name, start, y = _series(line, attributes)
                    ds = _times(start, len(y), words.get("frequency"))
                except (ValueError, KeyError):
                    raise InputError(
                        f"{source.name}: row {number}: is not a series as the header of the .tsf "
                        f"file describes it; write its {len(attributes)} attributes and its "
                        "values, with : between them"
                    ) from None
                names.append(name or f"T{len(names) + 1}")
                times.append(ds)
                values.append(y)
    if not names:
        raise InputError(f"{source.name}: has no series below @data; it needs one a line")
    if "frequency" not in words and any(kind == "date" for _, kind in attributes):
        note(f"{source.name}: names no @frequency; times are steps from 1")
    codes = np.repeat(np.arange(len(names)), [len(each) for each in values])
    table = pyarrow.table(
        {
            "unique_id": pyarrow.DictionaryArray.from_arrays(codes, names),
            "ds": np.concatenate(times),
            "y": np.concatenate(values),
        }
    )
    horizon = words.get("horizon", "")
    return table.replace_schema_metadata({HORIZON: horizon} if horizon.isdigit() else None)


def _series(line: str, attributes: list[tuple[str, str]]) -> tuple[str, str | None, np.ndarray]:
    """The name of a series, the text of its start if it has one, and its values."""
    *cells, text = line.split(":", len(attributes))
    if len(cells) != len(attributes):
        raise ValueError(line)
    found = {name: cell.strip() for (name, _), cell in zip(attributes, cells, strict=True)}
    starts = [found.pop(name) for name, kind in attributes if kind == "date"]
    name = found.get("series_name") or "/".join(found.values())
    y = np.array(text.replace("?", "nan").split(","), dtype=np.float64)
    return name, starts[0] if starts else None, y


def _times(start: str | None, count: int, frequency: str | None) -> np.ndarray:
    """The times of a series: datetime64[s], or the steps from 1."""
    steps = np.arange(count)
    if start is None or frequency is None:
        return steps + 1
    first = np.datetime64(datetime.strptime(start, TIME_FORM), "s")
    if frequency in MONTHS:
        return _by_months(first, MONTHS[frequency] * steps)
    match = FREQUENCY.fullmatch(frequency)
    if match is None:
        raise ValueError(frequency)
    size = SECONDS[match[2]]
    return first + steps * (size // 2 if match[1] == "half" else size * int(match[1] or 1))


def _by_months(first: np.datetime64, steps: np.ndarray) -> np.ndarray:
    """The times these numbers of months later: the last day of a month stays one."""
    begin = first.astype("datetime64[M]")
    months = begin + steps
    last_days = (months + 1).astype("datetime64[s]") - DAY + (first - first.astype("datetime64[D]"))
    if (first + DAY).astype("datetime64[M]") != begin:
        return last_days
    return np.minimum(months.astype("datetime64[s]") + (first - begin), last_days)
