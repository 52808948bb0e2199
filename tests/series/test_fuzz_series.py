"""Random tables of series, valid and damaged: read exactly, or rejected."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from committed import COMMITTED
from fuzzing import examples
from hypothesis import assume, event, given
from hypothesis import strategies as st
from tables import NOTES_ALONE, data_of

from rnnlab.core.errors import InputError
from rnnlab.core.files import read_json, read_tensors
from rnnlab.core.params import load_params
from rnnlab.series.loading import read_panel
from rnnlab.series.panel import Panel
from stages import normalize

UNKNOWN = ("", "nan", "na", "null", "none")
NAMES = st.text("abcÄ é0159,\"'/.-_\\", min_size=1, max_size=6).map(str.strip).filter(bool)
VALUES = st.one_of(
    st.integers(-5, 5).map(float),
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=False, allow_infinity=False),
)
FORMS = {
    "months": ("MS", "%Y-%m"),
    "month ends": ("ME", "%Y-%m-%d"),
    "days": ("D", "%Y-%m-%d"),
    "days in digits": ("D", "%Y%m%d"),
    "working days": ("B", "%d %b %Y"),
    "hours": ("h", "%Y-%m-%d %H:%M"),
    "days first": ("D", "%d.%m.%Y"),
    "years": ("YS", "%Y"),
}


@dataclass(frozen=True)
class Table:
    """What a file is made from: the values of each series by time, and how it is written."""

    series: dict[str, dict[str, float | None]]
    text: str


@st.composite
def tables(draw: st.DrawFn, values: st.SearchStrategy[float] = VALUES, most: int = 14) -> Table:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    form = draw(st.sampled_from([*FORMS, "numbers"]))
    series = {}
    for name in names:
        cells = draw(st.lists(st.none() | values, min_size=1, max_size=most))
        series[name] = dict(zip(times(form, len(cells)), cells, strict=True))
    rows = [(name, ds, y) for name, each in series.items() for ds, y in each.items()]
    if draw(st.booleans()):
        rows = draw(st.permutations(rows))
    return Table(series, written(draw, rows))


def times(form: str, number: int) -> list[str]:
    if form == "numbers":
        return [str(7 + 3 * step) for step in range(number)]
    frequency, style = FORMS[form]
    return list(pd.date_range("2019-12-28", periods=number, freq=frequency).strftime(style))


def written(draw: st.DrawFn, rows: list[tuple[str, str, float | None]]) -> str:
    header = draw(st.permutations(["unique_id", "ds", "y", "note"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    file = io.StringIO()
    writer = csv.writer(file, quoting=quoting, lineterminator=end)
    writer.writerow(header)
    pad = draw(st.sampled_from(["", " "]))
    for name, ds, y in rows:
        cells = {"unique_id": name, "ds": ds, "note": "x, y"}
        cells["y"] = draw(st.sampled_from(UNKNOWN)) if y is None else repr(y)
        writer.writerow([f"{pad}{cells[key]}{pad}" for key in header])
    mark = draw(st.sampled_from(["", "\ufeff"]))
    # under the values it would be a value that is no number
    ends = ["", end, f"{end}{end}", *([] if header[0] == "y" else [f'"Source: a, b"{end}'])]
    footer = draw(st.sampled_from(ends))
    return mark + file.getvalue() + footer


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "series.csv"


def panel_of(file: Path, text: str) -> Panel | None:
    """The panel of a file; None where it is refused in one line that names the file."""
    file.write_bytes(text.encode("utf-8", errors="replace"))
    return read_or_refused(file, lambda: read_panel(data_of(file)))


def read_or_refused(file: Path, work: Callable[[], Any]) -> Any:
    """What ``work`` returns; None where it refuses in one line that names the file."""
    try:
        return work()
    except InputError as error:
        message = str(error)
    assert message.startswith(f"{file}: ")
    assert len(message.splitlines()) == 1
    return None


def truth_of(panel: Panel) -> dict[str, list[float]]:
    """The values of each series, without those that stand in for gaps."""
    found = {}
    for number, name in enumerate(panel.ids):
        span = panel.span(number)
        found[name] = panel.y[span][~np.isnan(panel.y[span])].tolist()
    return found


def is_learnable(cells: list[float | None]) -> bool:
    known = [number for number, cell in enumerate(cells) if cell is not None]
    inner = cells[known[0] : known[-1] + 1] if known else []
    values = [cells[number] for number in known]
    return len(inner) >= 3 and max(values) - min(values) > 1e-8 and max(map(abs, values)) < 1e29


@examples(250)
@given(table=tables())
def test_a_table_is_read_exactly(file: Path, table: Table) -> None:
    learnable = {n for n, each in table.series.items() if is_learnable([*each.values()])}
    panel = panel_of(file, table.text)
    if panel is None:
        # none of it can be used, or one has other steps than another, as month ends after 3 days
        assert not learnable or len(table.series) > 1 or has_few(table)
        return
    assert {*panel.ids, *panel.left_out} <= {*table.series}
    for name, values in truth_of(panel).items():
        assert values == [y for y in table.series[name].values() if y is not None]


def has_few(table: Table) -> bool:
    return min(len(each) for each in table.series.values()) < 4


@examples(300)
@given(
    table=tables(),
    splices=st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 6), st.text(max_size=6)
                  | st.sampled_from(['"', ",", "\n", "1_0", "e", "-", ".", "\x00", "now", "٣"])),
        min_size=1, max_size=3,
    ),
)  # fmt: skip
def test_a_damaged_table_is_read_exactly_or_refused(
    file: Path, table: Table, splices: list[tuple[int, int, str]]
) -> None:
    text = table.text
    for place, cut, new in splices:
        at = place % (len(text) + 1)
        text = text[:at] + new + text[at + cut :]
    panel = panel_of(file, text)
    event("refused" if panel is None else "read")
    if panel is None:
        return
    numbers = numbers_in(file)
    assert sum(map(len, numbers.values())) == sum(
        len(numbers[name]) for name in {*panel.ids, *panel.left_out}
    )
    for name, values in truth_of(panel).items():
        assert sorted(values) == sorted(numbers[name])


def numbers_in(file: Path) -> dict[str, list[float]]:
    """All numbers of the column of values by series, with nothing of the project's own."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        header, *rows = [row for row in csv.reader(opened) if any(cell.strip() for cell in row)]
    header = [name.strip() for name in header]
    # without its name, the values are whatever else holds numbers, which is for other tests
    assume("y" in header)
    y = header.index("y")
    found = defaultdict(list)
    for row in rows:
        cells = dict(zip(header, row, strict=False))
        name = cells.get("unique_id", "").strip() if "unique_id" in header else file.stem
        alone = sum(bool(cell.strip()) for cell in row) == 1
        # a word or a sign alone is a footer
        if alone and not re.search(r"\d", row[y] if len(row) > y else ""):
            continue
        if len(row) > y and row[y].strip().lower() not in UNKNOWN:
            found[name].append(float(row[y]))
    return found


AIRLINE = load_params(COMMITTED / "params.yaml").tasks["airline"]
# fmt: off
METHODS = ["none", "minmax", "standard", "log", "log_standard", "log_difference",
           "log_seasonal_difference", "exponential_smoothing", "log_exponential_smoothing"]
# fmt: on
NUMBER = count()


@examples(60)
@given(
    table=tables(st.floats(allow_nan=False, allow_infinity=False) | st.floats(1, 1000), most=40),
    method=st.sampled_from(METHODS),
)
@NOTES_ALONE
def test_what_is_normalized_is_finite(file: Path, table: Table, method: str) -> None:
    file.write_text(table.text)
    folder = file.parent / str(next(NUMBER))
    folder.mkdir()
    changes = {"normalize": AIRLINE.normalize.model_copy(update={"method": method})}
    changes["data"] = data_of(file, period=3)
    task = AIRLINE.model_copy(update=changes)
    done = read_or_refused(file, lambda: normalize.normalize_series("fuzz", task, folder) or "done")
    assume(done)
    arrays = read_tensors(folder / "series.safetensors", "normalize")
    for key, array in arrays.items():
        assert np.isfinite(array).all(), key
    for number, name in enumerate(read_json(folder / "card.json", "normalize")["ids"]):
        span = slice(*arrays["offsets"][number : number + 2])
        values = arrays["y"][span][~arrays["filled"][span]].tolist()
        assert values == [y for y in table.series[name].values() if y is not None]
