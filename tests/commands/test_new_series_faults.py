"""rnnlab new-series: what won't do is told in one line, and nothing is written."""

from pathlib import Path

import pandas as pd
import pytest
from helpers import edit_params, one_error_line, run_stage_here
from test_new_series import sales, texts, write


@pytest.fixture
def small(project: Path) -> Path:
    method = {"normalize.method": "log_exponential_smoothing", "windows.center": "none"}
    edit_params(project, {f"tasks.airline.{key}": value for key, value in method.items()})
    return project


SHOPS = pd.concat([sales().assign(shop=1, price=2.0), sales().assign(shop=2, price=2.0)])


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (sales(), ["--period", "12", "--name", "airline"], ["tasks.airline is there already"]),
        (sales(), ["--period", "12", "--name", "a b"], ["'a b' is no name of a task"]),
        (sales(), ["--period", "12", "--name", "a_"], ["'a_' is no name of a task"]),
        (sales(), ["--period", "0"], ["--period 0"]),
        (sales(), ["--period", "-3"], ["--period -3"]),
        (sales(), ["--period", "7,365"], ["--period 7,365: a task has one season"]),
        (sales(), ["--read", "decimal=,"], ["--read decimal=,: write decimal=point or comma"]),
        (sales(), ["--period", "40"], ["has 60 values", "period 40"]),
        (sales(9), ["--period", "4"], ["has 9 values", "takes 10 or more"]),
        (sales(), ["--period", "12", "--value", "price"], ["no column 'price'", "day, sold"]),
        (sales(), ["--period", "12", "--task", "mnist"], ["is not a series task"]),
        (sales(), ["--period", "12", "--task", "airlin"], ["did you mean airline?"]),
        (
            sales().assign(shop=["a", "b"] * 30),
            ["--period", "12"],
            ["column 'shop' may name the series: add --id shop, or --time day and --value COLUMN"],
        ),
        (
            SHOPS.rename(columns={"sold": "litres", "price": "size"}),
            ["--period", "12"],
            ["twice, and values are in one of litres, shop, size: add --value", "--id COLUMN"],
        ),
        (SHOPS, ["--period", "12"], ["twice, and no column names series", "--id COLUMN"]),
        (sales().assign(sold="many"), ["--period", "12"], ["holds 'many'"]),
        (sales().assign(day="some day"), ["--period", "12"], ["holds 'some day'", "1949-01-31"]),
        (sales().assign(sold=3.0), ["--period", "12"], ["is constant"]),
        (
            # one on the second of its month
            sales().assign(day=lambda t: t["day"].where(t.index != 9, "2015-10-02")),
            ["--period", "12"],
            ["not evenly spaced, first at 2015-10-02"],
        ),
        (sales(0), ["--period", "12"], ["header but no rows"]),
        (sales(), ["--known", "promo"], ["no column 'promo' (--known); it has day, sold"]),
        (
            sales(),
            ["--known", "sold", "--value", "sold"],
            ["--known sold: is the column of --value"],
        ),
        (sales(), ["--holidays", "Mars"], ["--holidays Mars: is no country"]),
        (
            sales().assign(promo=1),
            ["--value", "sold", "--known", "promo"],
            ["no column of --known or --holidays says anything"],
        ),
        (
            sales().assign(y=range(60)),
            ["--value", "sold", "--known", "y", "--read", "decimal=point"],
            ["--known y: the pipeline's table has such a column itself"],
        ),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    small: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    table: pd.DataFrame,
    options: list[str],
    words: list[str],
) -> None:
    path = write(tmp_path / "mine.csv", table)
    refused(small, capsys, [str(path), *options], words)


def refused(
    project: Path, capsys: pytest.CaptureFixture[str], command: list[str], words: list[str]
) -> None:
    before, files = texts(project), sorted(project.rglob("*"))
    capsys.readouterr()
    assert run_stage_here(project, "new_series", *command) == 1
    one_error_line(capsys.readouterr().err, *words)
    assert texts(project) == before
    assert sorted(project.rglob("*")) == files


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "is missing"),
        ("mine.csv", b"\xff\xfe\x00,\x00", "is not a valid table in utf-16; save it as CSV"),
        ("mine.parquet", b"no parquet at all", "is not a valid Parquet file"),
        ("my sales.csv", b"day,sold\n", "with _ or - between them, as --name"),
        ("mine.csv", b"", "is empty"),
    ],
)
def test_unreadable_files(
    small: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    words: str,
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    refused(small, capsys, [str(path), "--period", "12"], [words])


def test_other_data_under_the_name_are_kept(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(small / "data/raw/mine.csv", sales(70))
    path = write(tmp_path / "mine.csv", sales())
    refused(small, capsys, [str(path), "--period", "12"], ["holds other data", "--name"])
