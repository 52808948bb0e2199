"""Random tables in every layout a person may have: read as they are, or refused in a line.

``python -m benchmarks.trust.tables`` makes the same ones, and more. FUZZ_LAYOUTS=1000 tries as many
here.
"""

import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest
from fuzzing import examples
from hypothesis import event, given
from hypothesis import strategies as st

from benchmarks.trust.tables import logs
from benchmarks.trust.tables.making import KINDS, Made, make_table
from benchmarks.trust.tables.numbers import DRESSES
from benchmarks.trust.tables.oracle import judge, options_in
from benchmarks.trust.tables.story import Laid
from rnnlab.core.errors import InputError
from rnnlab.tables.reading import read_table

COUNT = int(os.environ.get("FUZZ_LAYOUTS", "150"))
# shares: two readings are asked for, and few tables have a form that is not known
MOST_ASKED, MOST_REFUSED = 0.1, 0.03


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts")


def made(number: int, folder: Path) -> Made:
    """The table that ``python -m benchmarks.trust.tables`` makes of this number."""
    return make_table(Random(f"1 {number}"), folder)


def test_tables_of_all_kinds_are_read_or_refused(folder: Path) -> None:
    counts: Counter[str] = Counter()
    for number in range(COUNT):
        table = made(number, folder)
        judged = judge(table)
        assert judged.verdict != "wrong", f"{number}: {table.kind}: {judged.why}"
        counts[judged.verdict] += 1
    assert counts["said"] + counts["refused"] <= MOST_REFUSED * COUNT, counts
    assert counts["asked"] <= MOST_ASKED * COUNT, counts


def test_each_kind_is_made(folder: Path) -> None:
    kinds = " ".join(made(number, folder).kind for number in range(600))
    assert [kind for kind in [*KINDS, "log"] if f"{kind}, " not in kinds] == []
    words = ["5 %", "<1", "wide", "brackets", "behind", "true", " Mio.", " kWh", "japanese", "unix"]
    words += ["fiscal", "month in de", "zone", "offsets", "postgres", "xlsx", "json", "typed in"]
    assert [each for each in words if each not in kinds] == []
    assert len(DRESSES) == 7


PIECES = st.sampled_from([b'"', b",", b";", b"\n", b"Jan", b"M13", b"1949/50", b"\xff\xfe"])


@examples(COUNT)
@given(
    number=st.integers(0, 10_000),
    splices=st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 9), st.binary(max_size=6) | PIECES),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_a_damaged_table_is_read_or_refused_in_a_line(
    folder: Path, number: int, splices: list[tuple[int, int, bytes]]
) -> None:
    table = made(number, folder)
    if table.path.is_dir():
        return
    content = table.path.read_bytes()
    for place, cut, new in splices:
        at = place % (len(content) + 1)
        content = content[:at] + new + content[at + cut :]
    path = folder / f"damaged.{table.path.name.partition('.')[2]}"
    path.write_bytes(content)
    try:
        read_table(str(path))
    except InputError as error:
        message = str(error)
        assert message.startswith(f"{path}: ")
        # a cell that is quoted may hold the end of a line, which repr writes as two signs
        assert len(message.split("\n")) == 1
        event("refused")


MONTHS = [np.datetime64(f"2020-{n:02}-01", "s") for n in range(1, 7)]


def written(path: Path, text: str, *values: float) -> Made:
    path.write_text(text)
    found = {"mine": dict(zip(MONTHS, values, strict=False))}
    return Made("mine", path, found, Laid([text.split("\n")[0].split(",")], found))


def test_the_judge_tells_what_is_said_from_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    plain = "d,n\n2020-01,1\n2020-02,5\n2020-03,3\n"
    assert judge(written(path, plain, 1, 5, 3)).verdict == "read"
    assert judge(written(path, plain, 1, 5, 4)).verdict == "wrong"
    assert judge(written(path, plain, 1, 5)).verdict == "wrong"
    groups = plain.replace("1\n", "1.234\n").replace("5\n", "5.678\n").replace("3\n", "3.456\n")
    assert judge(written(path, groups, 1234, 5678, 3456)).verdict == "said"
    assert judge(written(path, groups, 1234, 5678, 3)).verdict == "wrong"
    asked = groups.replace(",", ";")
    assert judge(written(path, asked, 1234, 5678, 3456)).verdict == "asked"
    assert judge(written(path, asked, 1, 5, 3)).verdict == "refused"
    bad = judge(written(path, plain.replace("5", "five"), 1, 5, 3))
    assert (bad.verdict, bad.why.split(": ")[1:]) == (
        "refused",
        ["row 3", "column 'n' holds 'five'; write a number or leave it empty"],
    )


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("add --read decimal=point or decimal=comma", ["read decimal=point", "read decimal=comma"]),
        ("add --read dates=day-first or month-first", ["read dates=day-first",
                                                       "read dates=month-first"]),
        ("times in 'b' (guessed; else --time a)", ["time a"]),
        ("a series a column (guessed; else --value COLUMN)", ["value a", "value b"]),
    ],
)  # fmt: skip
def test_options_of_a_message(message: str, options: list[str]) -> None:
    assert [" ".join(each) for each in options_in(message, ["a", "b"])] == options


def test_totals_of_a_log_are_those_of_its_rows() -> None:
    laid = logs.log(Random(3))
    rows = [(row[:-2], datetime.fromisoformat(row[-2]), float(row[-1])) for row in laid.rows[1:]]
    every, total = (option.partition("=")[2] for option in laid.options)
    starts = [logs.STEPS[every](time) for _, time, _ in rows]
    assert all(start <= time for start, (_, time, _) in zip(starts, rows, strict=True))
    counts = sum(len(cells) for cells in laid.found.values())
    assert counts == len({(*name, start) for (name, _, _), start in zip(rows, starts, strict=True)})
    assert total in logs.TOTALS
