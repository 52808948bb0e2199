"""rnnlab new-series: a file of one's own becomes a task, and nothing else changes."""

import difflib
import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from committed import COMMITTED
from helpers import (
    CHAIN,
    DEFAULT_AIRLINE_SETTINGS,
    edit_params,
    partial_leftovers,
    read_json,
    read_yaml,
    run_stage_here,
)
from safetensors.numpy import load_file

from rnnlab.commands.yaml_entry import with_artifact, with_plots
from rnnlab.core.params import SeriesTask, load_params

FILES = ("params.yaml", "dvc.yaml")


@pytest.fixture
def small(project: Path) -> Path:
    """A project whose params.yaml is laid out as the real one, and quick to run."""
    edit_params(project, DEFAULT_AIRLINE_SETTINGS | {"tasks.airline.train.epochs": 1})
    return project


def sales(count: int = 60, period: int = 12, frequency: str = "MS") -> pd.DataFrame:
    step = np.arange(count)
    season = np.sin(2 * np.pi * step / period) if period > 1 else 0
    noise = np.random.default_rng(0).normal(0, 0.2, count)
    day = pd.date_range("2015-01-01", periods=count, freq=frequency)
    return pd.DataFrame({"day": day, "sold": (30 + 0.1 * step + 5 * season + noise).round(3)})


def write(path: Path, table: pd.DataFrame, dates: str = "%Y-%m-%d") -> Path:
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        separator = "\t" if path.suffix == ".tsv" else ","
        table.to_csv(path, index=False, sep=separator, date_format=dates)
    return path


def texts(project: Path) -> dict[str, str]:
    return {name: (project / name).read_text() for name in FILES}


def added_to(project: Path, before: dict[str, str]) -> dict[str, list[str]]:
    """The lines that each file has more than before; the others must be the same."""
    added = {}
    for name, text in before.items():
        now = (project / name).read_text().splitlines()
        lines = [line for line in difflib.ndiff(text.splitlines(), now) if line[0] in "+-"]
        assert all(line.startswith("+ ") for line in lines), lines
        added[name] = [line[2:] for line in lines]
    return added


def make(project: Path, *words: object) -> None:
    assert run_stage_here(project, "new_series", *map(str, words)) == 0
    assert partial_leftovers(project) == []


def task_of(project: Path, name: str) -> SeriesTask:
    task = load_params(project / "params.yaml").task(name)
    assert task.kind == "series"
    return task


def test_the_real_files_only_grow_by_a_commented_entry(tmp_path: Path) -> None:
    for name in FILES:
        shutil.copy(COMMITTED / name, tmp_path)
    (tmp_path / "data/raw").mkdir(parents=True)
    before = texts(tmp_path)
    csv = write(tmp_path / "mine.csv", sales())
    make(tmp_path, csv, "--period", 12, "--unit", "pieces")
    added = added_to(tmp_path, before)
    airline = before["params.yaml"].split("  airline:\n")[1].splitlines()
    assert added["params.yaml"][0] == "  mine:"
    assert len(added["params.yaml"]) == len(airline) + 1
    changed = [
        (old.split("#")[0].strip(), new.split("#")[0].strip())
        for old, new in zip(airline, added["params.yaml"][1:], strict=True)
        if old != new
    ]
    assert dict(changed) == {
        "csv: data/raw/airline.csv": "csv: data/raw/mine.csv",
        "horizon: 24": f"horizon: {task_of(tmp_path, 'mine').windows.horizon}",
        "unit: thousand passengers": "unit: pieces",
    }
    comments = [line.partition("#")[2] for line in airline]
    assert [line.partition("#")[2] for line in added["params.yaml"][1:]] == comments
    assert (tmp_path / "data/raw/mine.csv").read_bytes() == csv.read_bytes()


@pytest.mark.parametrize(
    "block",
    [
        *["", "artifacts:\n  mine:\n    path: data/models/mine\n"],
        "plots:\n- metrics/airline/tables/curves.csv\n",
    ],
)
def test_a_dvc_yaml_without_an_entry_to_follow(block: str) -> None:
    text = f"stages: {{}}\n{block}"
    assert with_artifact(text, "mine", "airline") == text
    assert with_plots(text, "mine", "airline", "things", None) == text


def test_artifact_and_plots_are_those_of_the_airline(small: Path, tmp_path: Path) -> None:
    make(small, write(tmp_path / "mine.csv", sales()), "--period", 12, "--unit", "pieces")
    artifacts = read_yaml(small / "dvc.yaml")["artifacts"]
    assert artifacts["mine"] == artifacts["airline"] | {"path": "data/models/mine"}
    plots = {title: plot for each in read_yaml(small / "dvc.yaml")["plots"]
             for title, plot in each.items()}  # fmt: skip
    theirs = [title for title in plots if title.startswith("airline ")]
    assert theirs
    for title in theirs:
        ours, like = plots[title.replace("airline", "mine")], plots[title]
        assert ours["title"].startswith("mine: ")
        assert list(ours["y"].values()) == list(like["y"].values())
        assert all(path.startswith("metrics/mine/") for path in ours["y"])
        if like["x"] == "ds":
            assert (ours["x_label"], ours["y_label"]) == ("time", "pieces")


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("mine.csv", "%Y-%m-%d"),
        ("mine.csv", "%Y%m%d"),
        ("mine.csv", "%d/%m/%Y"),
        ("mine.csv", "%d.%m.%Y"),
        ("mine.csv", "%b %Y"),
        ("mine.tsv", "%Y-%m"),
        ("mine.tsv", "%m/%d/%Y %H:%M"),
        ("mine.parquet", ""),
    ],
)
def test_forms_of_files_and_dates(small: Path, tmp_path: Path, name: str, dates: str) -> None:
    make(small, write(tmp_path / name, sales(), dates), "--period", 12)
    task = task_of(small, "mine")
    # where day and month had to be told apart, the pipeline gets the long table
    assert task.data.csv == f"data/raw/{'mine.csv' if '/' in dates else name}"
    assert task.plot.unit == "sold"
    assert run_stage_here(small, "normalize", "mine") == 0
    assert read_json(small / "data/normalized/mine/card.json")["time"] == "dates"


def test_of_another_layout_the_pipeline_gets_the_long_table(small: Path, tmp_path: Path) -> None:
    """A row a year, with semicolons and decimal commas; the period is found."""
    table = sales()
    years = table["sold"].to_numpy().reshape(5, 12)
    lines = ["Year;Jan;Feb;Mar;Apr;May;Jun;Jul;Aug;Sep;Oct;Nov;Dec"]
    lines += [f"{2015 + n};" + ";".join(f"{v:.3f}0" for v in year) for n, year in enumerate(years)]
    (tmp_path / "mine.csv").write_text("\n".join(lines).replace(".", ",") + "\n")
    make(small, tmp_path / "mine.csv")
    long = pd.read_csv(small / "data/raw/mine.csv", parse_dates=["ds"])
    assert list(long) == ["unique_id", "ds", "y"]
    np.testing.assert_array_equal(long["y"], table["sold"])
    np.testing.assert_array_equal(long["ds"], table["day"])
    task = task_of(small, "mine")
    assert (task.data.period, task.data.time_column, task.plot.unit) == (12, None, "mine")
    assert run_stage_here(small, "normalize", "mine") == 0


def parquet_folder(folder: Path, table: pd.DataFrame) -> str:
    (folder / "mine").mkdir()
    table[:30].to_parquet(folder / "mine/1.parquet")
    table[30:].to_parquet(folder / "mine/2.parquet")
    return str(folder / "mine")


def saved(path: Path, table: pd.DataFrame, **options) -> str:
    table.to_csv(path, index=False, **options)
    return str(path)


SOURCES = {
    "excel": lambda folder, table: table.to_excel(folder / "mine.xlsx", index=False)
    or str(folder / "mine.xlsx"),
    "packed": lambda folder, table: saved(folder / "mine.csv.gz", table),
    "folder": parquet_folder,
    "address of a file": lambda folder, table: f"file://{saved(folder / 'mine.csv', table)}",
    "standard input": lambda folder, table: saved(folder / "mine.csv", table),
    "a row a series": lambda folder, table: saved(
        folder / "mine.csv", table.assign(day=table["day"].astype(str)).set_index("day").T
        .rename_axis("name").reset_index(),
    ),
    "wide": lambda folder, table: saved(
        folder / "mine.csv", table.rename(columns={"sold": "west"}).assign(north=table["sold"] + 1)
    ),
    "R": lambda folder, table: saved(
        folder / "mine.csv", pd.DataFrame({"time": 2015 + np.arange(60) / 12, "n": table["sold"]}),
    ),
    "utf-16": lambda folder, table: saved(folder / "mine.csv", table, encoding="utf-16", sep="\t"),
    "year and month": lambda folder, table: saved(
        folder / "mine.csv",
        table.assign(y=table["day"].dt.year, m=table["day"].dt.month)
        .rename(columns={"y": "year", "m": "month"})[["year", "month", "sold"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", SOURCES)
def test_a_task_of_any_table(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """What the pipeline reads is what was there, to the bit."""
    table = sales()
    source = SOURCES[form](tmp_path, table)
    if form == "standard input":
        content = Path(source).read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        source = "-"
    make(small, source, "--name", "mine")
    assert run_stage_here(small, "normalize", "mine") == 0
    tensors = load_file(small / "data/normalized/mine/series.safetensors")
    y = table["sold"].to_numpy()
    y = np.concatenate([y + 1, y]) if form == "wide" else y
    np.testing.assert_array_equal(tensors["y"], y)
    days = table["day"].to_numpy().astype("datetime64[s]").astype(np.int64)
    np.testing.assert_array_equal(tensors["ds"][-60:], days)


def test_the_long_table_leaves_nothing_to_guess(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values that all have three decimals might be read as thousands."""
    y = [f"{30 + n}.{n + 101}" for n in range(60)]
    write(tmp_path / "mine.csv", sales().assign(sold=y))
    make(small, tmp_path / "mine.csv")
    assert run_stage_here(small, "normalize", "mine") == 0
    assert capsys.readouterr().err.count("guessed") == 1
    tensors = load_file(small / "data/normalized/mine/series.safetensors")
    np.testing.assert_array_equal(tensors["y"], [float(each) for each in y])


def test_the_pipeline_asks_for_the_command_that_takes_options(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(small, write(tmp_path / "mine.csv", sales()))
    y = [f"{30 + n},{n + 101}" for n in range(60)]
    write(small / "data/raw/mine.csv", sales().assign(sold=y))
    capsys.readouterr()
    assert run_stage_here(small, "normalize", "mine") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("add --read decimal=point or decimal=comma to `rnnlab new-series`")


def test_all_stages_run_on_it(small: Path, tmp_path: Path) -> None:
    table = sales().assign(shop="A", left=1.0)
    csv = write(tmp_path / "shop sales.tsv", table)
    named = ["--name", "shop", "--id", "shop", "--time", "day", "--value", "sold"]
    make(small, csv, "--period", 12, *named)
    assert (small / "data/raw/shop.tsv").is_file()
    for stage in CHAIN:
        assert run_stage_here(small, stage, "shop") == 0, stage
    scores = read_json(small / "metrics/shop/scores.json")
    assert scores["model"]["year"]["mase"] < 2
    assert list((small / "metrics/shop/plots").glob("*.png"))


@pytest.mark.parametrize(
    ("count", "period", "frequency"),
    [
        (36, 1, "YS"),
        (52, 12, "MS"),
        (48, 4, "QS"),
        (225, 52, "W"),
        (80, 5, "B"),
        (24 * 30, 168, "h"),
        (24 * 90, 168, "h"),
    ],
)
def test_windows_fit_the_period_and_the_length(
    small: Path, tmp_path: Path, count: int, period: int, frequency: str
) -> None:
    csv = write(tmp_path / "mine.csv", sales(count, period, frequency), "%Y-%m-%d %H:%M")
    make(small, csv, "--period", period)
    task = task_of(small, "mine")
    assert task.data.period == period
    assert task.windows.look_back >= min(12, period)
    if count > 2000:
        # a long series looks a period ahead
        assert task.windows.horizon == task.windows.look_back == 168
    for stage in ("normalize", "windows"):
        assert run_stage_here(small, stage, "mine") == 0, stage


def test_values_not_above_zero_are_smoothed_by_sums(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = sales()
    make(small, write(tmp_path / "m.csv", table.assign(sold=table["sold"] - 30)), "--period", 12)
    assert task_of(small, "m").normalize.method == "exponential_smoothing"
    assert "values of 0 or below" in capsys.readouterr().err


def promoted() -> pd.DataFrame:
    table = sales(84)
    promo = (np.random.default_rng(1).random(84) < 0.3).astype(int)
    weather = np.where(np.arange(84) % 5 == 0, "rain", "sun")
    return table.assign(promo=promo, weather=weather, sold=(table["sold"] + 9 * promo).round(3))


@pytest.mark.parametrize("name", ["mine.csv", "mine.csv.gz"])
def test_what_is_known_ahead(small: Path, tmp_path: Path, name: str) -> None:
    """Also of a file that becomes a long table; a row ahead is no value."""
    table, ahead = promoted(), {"day": "2022-01-01", "promo": 1, "weather": "sun"}
    known = ["--known", "promo, weather", "--known", "extra", "--holidays", "AT,DE"]
    table["extra"] = np.arange(84) % 7
    csv = saved(tmp_path / name, pd.concat([table, pd.DataFrame([ahead])]))
    make(small, csv, "--name", "mine", "--value", "sold", *known)
    task = task_of(small, "mine")
    assert (task.data.known, task.data.holidays) == (["promo", "weather", "extra"], "AT,DE")
    assert task.normalize.covariates == "ridge"
    assert "      known: [promo, weather, extra]  # " in (small / "params.yaml").read_text()
    for stage in ("normalize", "windows"):
        assert run_stage_here(small, stage, "mine") == 0
    tensors = load_file(small / "data/normalized/mine/series.safetensors")
    np.testing.assert_allclose(tensors["y"] + tensors["effect"], table["sold"])
    effects = read_json(small / "data/normalized/mine/card.json")["covariates"]["effects"]
    assert effects["promo"]["slope"] == pytest.approx(9, abs=1)
    assert {"weather=rain", "working days (DE)"} <= effects.keys()


def test_another_file_has_its_own_columns(small: Path, tmp_path: Path) -> None:
    make(small, write(tmp_path / "first.csv", promoted()), "--value", "sold", "--known", "promo")
    make(small, write(tmp_path / "second.csv", sales()), "--task", "first")
    task = task_of(small, "second")
    assert (task.data.known, task.normalize.covariates) == ([], "none")


def test_the_rest_of_values_above_zero_may_not_be(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = promoted()
    y = 1 + 500.0 * table["promo"] * (table.index < 70) + table.index % 3
    make(
        small,
        write(tmp_path / "m.csv", table.assign(sold=y)),
        "--value",
        "sold",
        "--known",
        "promo",
    )
    assert task_of(small, "m").normalize.method == "exponential_smoothing"
    assert "without the effect of its covariates, values of 0 or below" in capsys.readouterr().err


def test_a_panel_of_many(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Known by its names; series that are too short are named; lines of many would be a tangle."""
    table = sales().rename(columns={"day": "ds", "sold": "y"}).assign(price=1.0)
    parts = [table.assign(unique_id="a"), table[:5].assign(unique_id="b")]
    parts.append(table.assign(unique_id="c"))
    make(small, write(tmp_path / "m.csv", pd.concat(parts)), "--period", 12)
    printed = capsys.readouterr()
    assert "left out: series 'b' has 5 values" in printed.err
    assert "2 series of up to 60 values" in printed.out
    titles = [title for each in read_yaml(small / "dvc.yaml")["plots"] for title in each]
    assert "m loss" in titles
    assert "m forecast" not in titles


def test_numbered_steps_have_an_axis_of_numbers(small: Path, tmp_path: Path) -> None:
    make(small, write(tmp_path / "m.csv", sales().assign(day=np.arange(60))), "--period", 12)
    plots = [plot["m forecast"] for plot in read_yaml(small / "dvc.yaml")["plots"]
             if "m forecast" in plot]  # fmt: skip
    assert [plot.get("template") for plot in plots] == [None]


def test_a_file_in_data_raw_stays_where_it_is(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(small / "data/raw/Sold.csv", sales())
    make(small, "data/raw/Sold.csv", "--period", 12, "--name", "sold")
    assert task_of(small, "sold").data.csv == "data/raw/Sold.csv"
    assert not (small / "data/raw/sold.csv").exists()
    printed = capsys.readouterr().out
    assert "dvc repro plot@sold" in printed
    assert "git add data/raw/Sold.csv params.yaml dvc.yaml" in printed


def test_a_large_file_is_for_dvc(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(small, write(tmp_path / "m.csv", sales(60_000, 24, "D")), "--period", 24)
    assert "dvc add data/raw/m.csv" in capsys.readouterr().out


def test_a_run_that_was_stopped_before_the_last_file_may_be_repeated(
    small: Path, tmp_path: Path
) -> None:
    csv = write(tmp_path / "mine.csv", sales())
    before = texts(small)
    make(small, csv, "--period", 12)
    after = texts(small)
    (small / "params.yaml").write_text(before["params.yaml"])
    make(small, csv, "--period", 12)
    assert texts(small) == after


def test_a_second_one_comes_after_the_first(small: Path, tmp_path: Path) -> None:
    make(small, write(tmp_path / "a.csv", sales()), "--period", 12)
    before = texts(small)
    make(small, write(tmp_path / "b.csv", sales()), "--period", 6, "--task", "a")
    assert all(added_to(small, before).values())
    assert list(load_params(small / "params.yaml").tasks) == ["mnist", "airline", "a", "b"]


def test_a_task_may_stand_above_other_blocks(small: Path, tmp_path: Path) -> None:
    path = small / "params.yaml"
    path.write_text(path.read_text().replace("seed: 1", "spare: 1", 1) + "\n# the seed\nseed: 1\n")
    path.write_text("".join(line for line in path.open() if not line.startswith("spare")))
    before = texts(small)
    make(small, write(tmp_path / "mine.csv", sales()), "--period", 12)
    added_to(small, before)
    assert path.read_text().endswith("\n\n# the seed\nseed: 1\n")
