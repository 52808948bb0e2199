"""A refusal of a table ends with the command that would work, as it would be typed."""

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import one_error_line, run_stage_here

import rnnlab
from rnnlab.commands.retry import add_command
from rnnlab.core.errors import InputError

DAYS = [f"2024-01-{day:02}" for day in range(1, 25)]
MONTHS = [f"{year}-{month:02}-01" for year in (2020, 2021) for month in range(1, 13)]


def rows(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


def of_days(header: str, cells: Callable[[int], str]) -> str:
    return rows(header, *(f"{day},{cells(n)}" for n, day in enumerate(DAYS)))


def of_two(header: str, cells: Callable[[int, str], str], sign: str = ",") -> str:
    """Two series, one below the other."""
    lines = [f"{day}{sign}{cells(n, s)}" for s in ("north", "south") for n, day in enumerate(DAYS)]
    return rows(header, *lines)


def log(count: int) -> str:
    """Sales at any second."""
    seconds = np.sort(np.random.default_rng(0).choice(86_400 * 20, count, replace=False))
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s")
    return rows("time,sold", *(f"{time},{n % 5}" for n, time in enumerate(times)))


LONG = of_two("date,store,sold", lambda n, s: f"{s},{n % 7}")
PLAIN = of_days("date,sold", lambda n: f"{n % 7}")
MONTHLY = rows("month,sold", *(f"{time},{n}" for n, time in enumerate(MONTHS)))
# the file, what is typed, and the options of the command that works
REFUSALS = {
    "column of names": (LONG, "--id stroe", "--id store"),
    "no such name": (LONG, "--id zzz", ""),
    "one of two names": (LONG, "--id store,zzz", "--id store"),
    "column of times": (LONG, "--time Dat", "--time date"),
    "column of values": (LONG, "--horizon 3 --value sale", "--horizon 3"),
    "known": (LONG, "--known promo", ""),
    "known is the value": (LONG, "--value sold --known sold", "--value sold"),
    "key of read": (PLAIN, "--read decimals=point", "--read decimal=point"),
    "no key of read": (PLAIN, "--read point", ""),
    "value of read": (PLAIN, "--read decimal=dot", "--read decimal=point"),
    "lines above": (PLAIN, "--read skip=two", ""),
    "encoding": (PLAIN, "--read encoding=utf-99", ""),
    "text in another encoding": (PLAIN.replace("sold", "gr\u00fcn"), "--read encoding=ascii", ""),
    "separator": (
        rows("date,x;y;z,sold", *(f"{day},1;x;2,{n}" for n, day in enumerate(DAYS))),
        "",
        "--read separator=comma",
    ),
    "matrix": (PLAIN, "--read layout=matrix", ""),
    "one column twice": (PLAIN, "--time date --value date", "--time date"),
    "text among unique times": (
        of_days("date,shop,a1,a2", lambda n: f"{'ab'[n // 12]},{n},{n + 1}"),
        "",
        "--id shop --value a1",
    ),
    "notes among unique times": (
        of_days("date,remark,a1,a2", lambda n: f"r{n},{n},{n + 1}"),
        "",
        "--time date --value a1",
    ),
    "values of several series": (
        of_two("date,store,a1,a2", lambda n, s: f"{s},{n},{n + 0.5}"),
        "--id store",
        "--id store --value a1",
    ),
    "numbers and names": (
        of_two("date,store,a1,a2", lambda n, s: f"{s},{n},{n + 0.5}"),
        "",
        "--id store --value a1",
    ),
    "numbers that name": (
        of_two("date,shop_nr,a1,a2", lambda n, s: f"{len(s) + (s == 'south')},{n},{n + 0.5}"),
        "",
        "--id shop_nr --value a1",
    ),
    "names in one of two": (
        of_two("date,code,store,sold", lambda n, s: f"{s[0]},{s},{n}"),
        "",
        "--id code",
    ),
    "many rows a day": (
        rows("date,item,sold", *(f"{day},x,{n}" for day in DAYS for n in range(5))),
        "",
        "--every day",
    ),
    "many rows an hour, of texts": (
        rows(
            "time,item,who,sold",
            *(f"2024-01-01 {n // 20:02}:00,{'ab'[n % 2]},{'cde'[n % 3]},{n}" for n in range(400)),
        ),
        "",
        "--id item --every hour",
    ),
    "a row twice": (
        MONTHLY + "2020-02-01,7\n",
        "--period 12",
        "--period 12 --every month --total last",
    ),
    "days with many rows": (
        rows("date,sold", *(f"{day},{n}" for day in DAYS for n in range(3))),
        "",
        "--every day --total sum",
    ),
    "a log": (log(700), "", "--every hour --total mean"),
    "no step of totals": (PLAIN, "--total sum", "--total sum --every day"),
    "step of totals": (PLAIN, "--every dayly", "--every day"),
    "totals of numbers": (
        rows("step,sold", *(f"{n},{n % 5}" for n in range(40))),
        "--every day --total sum",
        "",
    ),
    "totals of what is known": (
        of_days("date,promo,sold", lambda n: f"{n % 2},{n}"),
        "--every day --known promo --value sold",
        "--every day --value sold",
    ),
    "times in one of two": (
        rows("begin,end,n", *(f"{day},{day},{n}" for n, day in enumerate(DAYS))),
        "",
        "--time begin --value n",
    ),
    "years beside years": (
        rows("left,right", *(f"{1980 + n},{1950 + n}" for n in range(20))),
        "",
        "--time left",
    ),
    "day or month": (
        rows("date,n", *(f"0{n + 1}/0{n * n % 7 + 1}/2020,{n}" for n in range(5))),
        "--every month",
        "--every month --read dates=day-first",
    ),
    "years of two digits": (
        rows("date,n", *(f"01/02/{n:02},{n}" for n in range(90))),
        "",
        "--read dates=day-first --read century=1900",
    ),
    "century": (
        rows("date,n", *(f"Jan-{n:02},{n}" for n in range(100))),
        "",
        "--read century=1900",
    ),
    "thousands": (
        rows("date;n", *(f"{day};1.{100 + n}" for n, day in enumerate(DAYS))),
        "",
        "--read decimal=point",
    ),
    "the other decimal sign": (
        of_days("date,n", lambda n: f"{n}.25"),
        "--read decimal=comma",
        "",
    ),
    "one row a year, two names": (
        rows(
            "year,shop," + ",".join(f"M{n}" for n in range(1, 13)),
            *(f"{2000 + n},{'ab'[n % 2]}," + ",".join("5" * 12) for n in range(6)),
        ),
        "",
        "--id shop",
    ),
    "years twice": (
        rows(
            "year,a1,a2," + ",".join(f"M{n}" for n in range(1, 13)),
            *(
                f"{2000 + n},{a},{b}," + ",".join(str(n + m) for m in range(12))
                for n in range(3)
                for a in "xy"
                for b in "uv"
            ),
        ),
        "",
        "--id a1,a2",
    ),
    "quarters": (
        rows("year,1,2,3,4", *(f"{2000 + n},1,2,3,4" for n in range(9))),
        "",
        "--read layout=matrix",
    ),
    "a month is missing": (
        rows(
            "year," + ",".join(f"M{n}" for n in range(1, 12)),
            *(f"{2000 + n}," + ",".join("5" * 11) for n in range(6)),
        ),
        "",
        "--read layout=wide",
    ),
    "a row a series": (
        rows(
            "a1,a2," + ",".join(MONTHS),
            *(f"{a},{b}," + ",".join("7" * 24) for a in "12" for b in "34"),
        ),
        "",
        "--id a1,a2",
    ),
}  # fmt: skip


def asked(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The words of the command that a refusal prints."""
    capsys.readouterr()
    assert run_stage_here(folder, "forecast", *words) == 1
    line = one_error_line(capsys.readouterr().err)
    _, found, command = line.rpartition("; type: ")
    assert found, line
    return shlex.split(command)


@pytest.mark.parametrize("name", REFUSALS)
def test_the_command_that_is_printed_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text, typed, options = REFUSALS[name]
    (tmp_path / "my sales.csv").write_text(text, encoding="utf-8")
    words = asked(tmp_path, capsys, "my sales.csv", "--check", *shlex.split(typed))
    assert words[:4] == ["rnnlab", "forecast", "my sales.csv", "--check"]
    assert shlex.join(words[4:]) == options
    assert run_stage_here(tmp_path, *words[1:]) == 0


def test_sheets_and_a_folder_with_a_year_a_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        pd.DataFrame({"read me": ["nothing"]}).to_excel(book, sheet_name="About", index=False)
        frame = pd.DataFrame({"day": DAYS, "sold": range(24)})
        frame.to_excel(book, sheet_name="All sales", index=False)
    words = asked(tmp_path, capsys, "book.xlsx", "--check")
    assert words[4:] == ["--read", "sheet=All sales"]
    assert run_stage_here(tmp_path, *words[1:]) == 0
    words = asked(tmp_path, capsys, "book.xlsx", "--check", "--read=sheet=Al sales")
    assert words[4:] == ["--read", "sheet=All sales"]


@pytest.mark.parametrize(
    ("typed", "options", "expected"),
    [
        ("a.csv --id=x --fit", ["--id y"], "rnnlab forecast a.csv --id y --fit"),
        ("--id x a.csv", ["--id "], "rnnlab forecast a.csv"),
        ("a.csv --id x", ["--id two words"], "rnnlab forecast a.csv --id 'two words'"),
        (
            "a.csv --read dates=numbers --read decimal=comma",
            ["--read dates=day-first"],
            "rnnlab forecast a.csv --read dates=day-first --read decimal=comma",
        ),
        ("a.csv --read every=day", ["--read every=hour"], "rnnlab forecast a.csv --every hour"),
        ("--out x -- -a.csv", ["--id y"], "rnnlab forecast --out x --id y -- -a.csv"),
        ("a.csv --known b --known c", ["--known b"], "rnnlab forecast a.csv --known b"),
    ],
)
def test_other_options_stay_and_the_same_is_replaced(
    typed: str, options: list[str], expected: str
) -> None:
    error = InputError("a.csv: no", options)
    add_command(error, ["forecast", *shlex.split(typed)])
    assert error.command == expected


def test_only_the_file_can_be_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The row and what to write in it, and no command; a name with a line end is not typed."""
    (tmp_path / "a.csv").write_text(PLAIN.replace("2024-01-07,6", "2024-01-07,x6"))
    assert run_stage_here(tmp_path, "forecast", "a.csv") == 1
    line = one_error_line(capsys.readouterr().err, "row 8", "write a number or leave it empty")
    assert "type:" not in line
    two = of_two('date,"st\nore",a1,a2', lambda n, s: f"{s},{n},{n}")
    (tmp_path / "b.csv").write_text(two)
    assert run_stage_here(tmp_path, "forecast", "b.csv") == 1
    assert "type:" not in one_error_line(capsys.readouterr().err)


def test_in_python_the_argument_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(LONG)
    with pytest.raises(InputError, match=r'it has date, store, sold; write id="store"$'):
        rnnlab.forecast(path, id="stroe")
    path.write_text(log(700))
    wanted = r'write read=\{"every": "hour", "total": "mean"\}$'
    with pytest.raises(InputError, match=wanted) as error:
        rnnlab.forecast(path)
    assert error.value.options == ("--read every=hour", "--read total=mean")
