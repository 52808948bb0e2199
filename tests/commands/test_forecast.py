"""rnnlab forecast: what comes after the data, for files the project has never seen."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import (
    DEFAULT_AIRLINE_SETTINGS,
    edit_params,
    one_error_line,
    partial_leftovers,
    run_stage_here,
    small_environment,
)
from matplotlib.figure import Figure
from toys import zero_shot_network

from rnnlab.commands import forecast as command
from rnnlab.core.params import SeriesNormalize
from rnnlab.forecasting import selection
from rnnlab.forecasting.networks import mean_predictor, network_forecaster
from rnnlab.networks.storage import read_models
from rnnlab.plots import forecast as plots
from rnnlab.plots.forecast import chosen_series
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.finetuning import FineTuned
from rnnlab.zero_shot.pretrained import ZeroShot

COLUMNS = ["unique_id", "ds", "forecast", "low_80", "high_80", "low_95", "high_95"]
BOUNDS = ["low_95", "low_80", "forecast", "high_80", "high_95"]


@pytest.fixture
def small(project: Path) -> Path:
    """A project that has trained nothing."""
    edit_params(project, DEFAULT_AIRLINE_SETTINGS)
    return project


def write_series(path: Path, times: pd.DatetimeIndex, period: int, least: float = 1.0) -> None:
    step = np.arange(len(times))
    season = np.sin(2 * np.pi * step / period) if period > 1 else 0
    noise = np.random.default_rng(0).normal(0, 0.2, len(times))
    y = least + np.abs(20 + 0.1 * step + 5 * season + noise)
    pd.DataFrame({"when": times.strftime("%Y-%m-%d"), "sold": y.round(3)}).to_csv(path, index=False)


def forecast_of(project: Path, *args: str) -> pd.DataFrame:
    assert run_stage_here(project, "forecast", *args) == 0
    tables = (project / "forecasts").glob("*.csv")
    (table,) = (path for path in tables if not path.stem.endswith("_left_out"))
    assert table.with_suffix(".png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert partial_leftovers(project) == []
    return pd.read_csv(table)


@pytest.mark.parametrize(
    ("frequency", "count", "period", "first"),
    [
        ("MS", 60, 12, "2015-01-01"),
        ("ME", 60, 12, "2015-01-31"),
        ("W", 160, 52, "2013-01-27"),
        ("YS", 40, 1, "2050-01-01"),
        ("QS", 48, 4, "2022-01-01"),
        ("B", 90, 5, "2010-05-07"),
    ],
)
def test_other_series_go_through_unchanged(
    small: Path, tmp_path: Path, frequency: str, count: int, period: int, first: str
) -> None:
    """Monthly, weekly, yearly, quarterly and by working day, from a folder outside the project."""
    path = tmp_path / "mine.csv"
    times = pd.date_range("2010-01-01", periods=count, freq=frequency)
    write_series(path, times, period)
    table = forecast_of(
        small, str(path), "--period", str(period), "--horizon", "7", "--task", "airline"
    )
    assert list(table) == COLUMNS
    expected = pd.date_range("2010-01-01", periods=count + 7, freq=frequency)[count:]
    assert list(table["ds"]) == list(expected.strftime("%Y-%m-%d"))
    assert table["ds"][0] == first
    bounds = table[BOUNDS].to_numpy()
    assert np.isfinite(bounds).all()
    assert (np.diff(bounds, axis=1) > 0).all()
    # a smooth series that grows slowly: what is to come is not far from what was
    last = pd.read_csv(path)["sold"][-max(period, 3) :]
    assert (table["forecast"] > 0.6 * last.min()).all()
    assert (table["forecast"] < 1.5 * last.max()).all()


def test_the_same_bytes_again_and_a_word_on_what_was_chosen(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forecast_of(small, "--horizon", "5")
    said = capsys.readouterr().out
    assert (
        "Error of 24 forecasts of the last values, relative to seasonal naive: zero shot 0." in said
    )
    assert "The forecast uses zero shot alone." in said
    assert "forecasts/airline.csv and airline.png" in said
    before = (small / "forecasts/airline.csv").read_bytes()
    table = forecast_of(small, "--horizon", "5")
    assert (small / "forecasts/airline.csv").read_bytes() == before
    assert list(table["ds"]) == [f"1961-0{month}-01" for month in range(1, 6)]


@pytest.mark.parametrize(
    ("count", "period", "horizon"), [(2, 1, 3), (6, 1, 3), (13, 12, 6), (36, 12, 24), (30, 400, 8)]
)
def test_short_series_are_forecast(
    small: Path, tmp_path: Path, count: int, period: int, horizon: int
) -> None:
    """Down to two values, and with a period longer than the network knows."""
    path = tmp_path / "short.csv"
    times = pd.date_range("2010-01-01", periods=count, freq="MS" if period == 12 else "YS")
    write_series(path, times, period)
    table = forecast_of(small, str(path), "--period", str(period), "--horizon", str(horizon))
    assert len(table) == horizon
    assert np.isfinite(table[COLUMNS[2:]].to_numpy()).all()


def test_a_single_value_shows_no_spacing(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.csv"
    path.write_text("ds,y\n2020-01-01,5\n")
    assert run_stage_here(small, "forecast", str(path)) == 1
    one_error_line(capsys.readouterr().err, "one.csv", "has one value, which shows no spacing")


def test_a_late_change_leaves_all_intervals_finite(small: Path, tmp_path: Path) -> None:
    """Products that began to sell in the last year, among others."""
    ds = pd.date_range("2015-01-01", periods=60, freq="MS").strftime("%Y-%m-%d")
    rng = np.random.default_rng(0)
    tables = []
    for number in range(20):
        y = rng.normal(50, 5, 60) if number > 2 else np.r_[np.zeros(48), rng.normal(50, 5, 12)]
        tables.append(pd.DataFrame({"unique_id": f"p{number}", "ds": ds, "y": y.round(2)}))
    path = tmp_path / "shops.csv"
    pd.concat(tables).to_csv(path, index=False)
    table = forecast_of(small, str(path))
    assert np.isfinite(table[COLUMNS[2:]].to_numpy()).all()


@pytest.mark.parametrize("out", [".", "data/raw", "forecasts/../data/raw"])
def test_the_data_are_never_written_over(
    small: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    source = small / "data/raw/airline.csv"
    before = source.read_bytes()
    (small / "airline.csv").write_bytes(before)
    csv = "airline.csv" if out == "." else "data/raw/airline.csv"
    assert run_stage_here(small, "forecast", csv, "--period", "12", "--out", out) == 1
    one_error_line(capsys.readouterr().err, f"--out {out}", "is the data itself")
    assert source.read_bytes() == (small / "airline.csv").read_bytes() == before


# one value of each month from 2010 on, where nothing else is said
ODD = {
    "constant": np.full(60, 7.0),
    "zeros": np.zeros(40),
    "intermittent": np.where(np.arange(60) % 7 == 3, 4.0, 0.0),
    "negative": -50 + np.cos(np.arange(60.0)),
    "one": np.array([3.0]),
    "two": np.array([3.0, 4.0]),
    "gap_at_the_end": np.r_[np.arange(50.0), np.full(10, np.nan)],
    "gap_inside": np.r_[np.arange(20.0), np.full(10, np.nan), np.arange(30.0, 60.0)],
    "offset": 1e12 + np.cos(np.arange(60.0)),
    "tiny": 1e-200 * (2 + np.cos(np.arange(60.0))),
    "step": np.r_[np.zeros(59), 1e9],
}


def write_odd(path: Path) -> None:
    parts = []
    for name, y in ODD.items():
        ds = pd.date_range("2010-01-01", periods=len(y), freq="MS")
        parts.append(pd.DataFrame({"unique_id": name, "ds": ds.strftime("%Y-%m-%d"), "y": y}))
    pd.concat(parts).to_csv(path, index=False)


@pytest.mark.parametrize("more", [[], ["--fit"]])
def test_no_series_is_left_without_a_forecast(small: Path, tmp_path: Path, more: list[str]) -> None:
    path = tmp_path / "odd.csv"
    write_odd(path)
    table = forecast_of(small, str(path), "--horizon", "3", *more)
    assert sorted(table["unique_id"].unique()) == sorted(ODD)
    bounds = table[BOUNDS].to_numpy()
    assert np.isfinite(bounds).all()
    assert (np.diff(bounds, axis=1) >= 0).all()
    by_name = table.set_index("unique_id")
    for name, y in ODD.items():
        # below 0 where the series was, and nowhere else
        assert (by_name.loc[name, "low_95"] >= (0 if np.nanmin(y) >= 0 else -np.inf)).all()
    # what never changed goes on
    for name in ("constant", "zeros", "one"):
        expected = np.full((3, 5), ODD[name][0])
        np.testing.assert_array_equal(by_name.loc[name, COLUMNS[2:]], expected)
    first = table.groupby("unique_id")["ds"].first()
    assert (first["one"], first["two"]) == ("2010-02-01", "2010-03-01")
    assert (first["gap_at_the_end"], first["gap_inside"]) == ("2014-03-01", "2015-01-01")


def test_what_cannot_be_read_as_a_series_is_left_out(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_odd(tmp_path / "odd.csv")
    good = (tmp_path / "odd.csv").read_text()
    path = tmp_path / "shops.csv"
    path.write_text(good + "twice,2010-01-01,1\ntwice,2010-01-01,2\nempty,2010-01-01,\n")
    table = forecast_of(small, str(path), "--horizon", "2")
    assert sorted(table["unique_id"].unique()) == sorted(ODD)
    said = capsys.readouterr().err
    assert "left out: series 'twice' has 2010-01-01 twice (row" in said
    assert "left out: series 'empty' has no value" in said
    listed = pd.read_csv(small / "forecasts/shops_left_out.csv")
    assert listed["unique_id"].tolist() == ["empty", "twice"]
    # of mended data no list is left
    path.write_text(good)
    forecast_of(small, str(path), "--horizon", "2")
    assert not (small / "forecasts/shops_left_out.csv").exists()


def test_days_without_a_sale_may_be_zeros(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two products, which end on different days; one sells on a fifth of the days."""
    days = pd.date_range("2023-01-01", periods=120).strftime("%Y-%m-%d")
    rows = [f"often,{day},4" for day in days]
    sales = np.flatnonzero(np.random.default_rng(0).random(100) < 0.2)
    rows += [f"rarely,{days[n]},10" for n in sales]
    after = str(np.datetime64("2023-01-02") + sales[-1])
    path = tmp_path / "shop.csv"
    path.write_text("product,day,sold\n" + "\n".join(rows) + "\n")
    args = [str(path), "--horizon", "7"]
    table = forecast_of(small, *args).set_index("unique_id")
    said = capsys.readouterr().err
    assert "1 of 2 series end before 2023-04-30: each goes on from its own end" in said
    assert table.loc["rarely", "ds"].iloc[0] == after
    assert table.loc["rarely", "forecast"].mean() == pytest.approx(10)
    table = forecast_of(small, *args, "--read", "missing=zero").set_index("unique_id")
    said = capsys.readouterr().err
    assert "rows missing: zeros, the first of 'rarely' at 2023-01-" in said
    assert table.loc["rarely", "ds"].iloc[0] == table.loc["often", "ds"].iloc[0] == "2023-05-01"
    assert table.loc["rarely", "forecast"].mean() < 5


def stdout_of(project: Path, capsys: pytest.CaptureFixture[str], *args: str) -> str:
    capsys.readouterr()
    assert run_stage_here(project, "forecast", *args) == 0
    return capsys.readouterr().out


def test_the_same_table_on_standard_output_and_in_other_formats(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = forecast_of(small, "--horizon", "4")
    shutil.rmtree(small / "forecasts")
    text = stdout_of(small, capsys, "--horizon", "4", "--out", "-", "--backtest")
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(text)), expected)
    found = json.loads(stdout_of(small, capsys, "--horizon", "4", "--json", "--backtest"))
    assert not (small / "forecasts").exists()
    assert (found["period"], found["horizon"]) == (12, 4)
    assert found["validation"]["weights"] == {"zero_shot": 1.0}
    errors = found["validation"]["relative_error"]
    assert errors.keys() >= {"zero_shot", "naive", "seasonal_naive", "drift"}
    methods = [row["method"] for row in found["backtest"]["errors"]]
    assert {*methods} == {*errors, "combination"}
    (series,) = found["series"]
    assert series["ds"] == expected["ds"].tolist()
    np.testing.assert_allclose(series["forecast"], expected["forecast"])
    for name in ("other.csv", "deep/down.parquet", "a.json"):
        assert run_stage_here(small, "forecast", "--horizon", "4", "--out", name) == 0
        assert (small / name).with_suffix(".png").is_file()
    pd.testing.assert_frame_equal(pd.read_csv(small / "other.csv"), expected)
    parquet = pd.read_parquet(small / "deep/down.parquet")
    assert parquet["ds"].dtype.kind == "M"
    np.testing.assert_allclose(parquet["forecast"], expected["forecast"], rtol=1e-9)
    assert json.loads((small / "a.json").read_text())["series"] == found["series"]


def test_a_reader_may_stop_early(small: Path, tmp_path: Path) -> None:
    """As head does: no error, though most of the table is not wanted."""
    path = tmp_path / "many.csv"
    names = [f"series number {number}" for number in range(3_000)]
    rows = [f"{name},{2010 + n},{n % 3}" for name in names for n in range(3)]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "rnnlab", "forecast", str(path), "--out", "-"],
        cwd=small,
        env=small_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("unique_id,ds,")
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait(60)
    assert "error" not in said
    assert "Traceback" not in said
    assert "Exception" not in said


def test_a_backtest_shows_the_last_horizon_by_method(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = stdout_of(small, capsys, "--horizon", "6", "--backtest").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("The last steps"))
    names = [line.split()[0] for line in lines[start + 2 : start + 7]]
    assert {*names} == {"zero_shot", "naive", "seasonal_naive", "drift", "combination"}
    errors = [float(line.split()[1]) for line in lines[start + 2 : start + 7]]
    assert errors == sorted(errors)
    y = pd.read_csv(small / "data/raw/airline.csv")["y"].to_numpy(dtype=float)
    scale = np.abs(y[12:-6] - y[:-18]).mean()
    naive = next(line for line in lines if line.split()[:1] == ["naive"])
    error = np.abs(y[-6:] - y[-7]).mean() / scale
    assert float(naive.split()[1]) == pytest.approx(error, abs=6e-4)
    columns = next(line for line in lines if line.strip().startswith("unique_id")).split()
    rows = [line.split() for line in lines if line.strip().startswith("airline 1960-")]
    steps = pd.DataFrame(rows, columns=columns)
    assert steps["y"].astype(float).tolist() == y[-6:].tolist()
    assert steps["naive"].astype(float).tolist() == [y[-7]] * 6


def test_the_picture_shows_series_to_learn_from(small: Path, tmp_path: Path) -> None:
    panel = Panel([f"s{n}" for n in range(20)], np.arange(21), np.arange(20), np.zeros(20))
    errors = np.arange(20.0)[::-1].copy()
    errors[3] = np.nan
    shown = chosen_series(panel, errors, [])
    assert [number for number, _ in shown] == [19, 18, 11, 10, 1, 0]
    assert [words.split(",")[0] for _, words in shown] == ["best"] * 2 + ["typical"] * 2 + [
        "worst"
    ] * 2
    assert chosen_series(panel, errors, [4, 2]) == [(4, ""), (2, "")]
    # without errors, and of few series, the first
    assert chosen_series(panel, np.full(20, np.nan), [])[0] == (0, "")
    path = tmp_path / "odd.csv"
    write_odd(path)
    forecast_of(small, str(path), "--horizon", "2", "--plot-series", "two")


def test_a_long_name_stays_inside_the_picture(small: Path, tmp_path: Path) -> None:
    name = "International airline passengers: monthly totals in thousands. Jan 49 - Dec 60" * 2
    text = (small / "data/raw/airline.csv").read_text()
    path = tmp_path / "long.csv"
    path.write_text(text.replace("unique_id,ds,y", f'unique_id,ds,"{name}"'))
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "save_figure", lambda figure, path: figures.append(figure))
        assert run_stage_here(small, "forecast", str(path)) == 0
    (figure,) = figures
    figure.draw_without_rendering()
    label = figure.axes[0].yaxis.label
    assert label.get_text().startswith("International airline")
    box, page = label.get_window_extent(), figure.bbox
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert page.y0 <= box.y0 < box.y1 <= page.y1


def test_the_picture_ends_where_dates_end(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    years = range(1990, 2026)
    pd.DataFrame({"ds": [*years], "y": [10 + year % 7 for year in years]}).to_csv(
        tmp_path / "mine.csv", index=False
    )
    table = forecast_of(small, str(tmp_path / "mine.csv"), "--horizon", "10000")
    assert len(table) == 10_000
    assert table["ds"].iloc[-1] == "12025-01-01"
    assert "the picture ends with the year 9900\n" in capsys.readouterr().err


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("a\nb")])
def test_no_fault_of_the_picture_loses_the_table(
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Exception,
) -> None:
    def savefig(figure: Figure, path: Path, **options: object) -> None:
        path.write_bytes(b"half")
        raise fault

    (small / "forecasts").mkdir()
    (small / "forecasts/airline.png").write_text("of another forecast")
    monkeypatch.setattr(Figure, "savefig", savefig)
    assert run_stage_here(small, "forecast", "--horizon", "5") == 0
    assert [path.name for path in (small / "forecasts").iterdir()] == ["airline.csv"]
    captured = capsys.readouterr()
    assert captured.err.count("its picture cannot be drawn: ") == 1
    assert captured.out.endswith("5 steps of 1 series: forecasts/airline.csv\n")


def by_hand(project: Path, horizon: int) -> np.ndarray:
    """What the networks of the latest fit say after the whole airline series."""
    networks, card = read_models(project / "data/models/airline", "airline", torch.device("cpu"))
    y = pd.read_csv(project / "data/raw/airline.csv")["y"].to_numpy(dtype=float)
    offsets = np.array([0, len(y)])
    settings = SeriesNormalize(**card["windows"]["normalized"]["normalize"])
    normalization = fit_normalization(y, offsets, offsets[1:], settings, 12)
    request = Request(np.array([0]), offsets[1:], horizon)
    forecast = network_forecaster(normalization, card["windows"], y, offsets)
    return forecast(mean_predictor(networks["year"]), request)[0]


def test_trained_networks_forecast_as_they_are(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond their horizon too, and with what params.yaml said when they were trained."""
    found = json.loads(stdout_of(copy, capsys, "--trained", "--horizon", "30", "--json"))
    assert "model" in found["validation"]["relative_error"]
    # the method itself, whatever its weight
    monkeypatch.setattr(selection, "choose_weights", lambda *args: {"model": 1.0})
    table = forecast_of(copy, "--trained", "--horizon", "30")
    # those of whole numbers are whole numbers
    np.testing.assert_array_equal(table["forecast"], np.rint(by_hand(copy, 30)))
    bounds = table[BOUNDS].to_numpy()
    assert (np.diff(bounds, axis=1) > 0).all()
    before = (copy / "forecasts/airline.csv").read_bytes()
    changes = {"normalize.method": "minmax", "windows.look_back": 24, "model.hidden_size": 3}
    edit_params(copy, {f"tasks.airline.{key}": value for key, value in changes.items()})
    forecast_of(copy, "--trained", "--horizon", "30")
    assert (copy / "forecasts/airline.csv").read_bytes() == before


def test_trained_networks_forecast_series_they_have_never_seen(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were learned as logarithms; a series that has none gets another method's forecast."""
    monkeypatch.setattr(selection, "choose_weights", lambda *args: {"model": 1.0})
    path = tmp_path / "mine.csv"
    times = pd.date_range("2010-01-01", periods=70, freq="MS")
    write_series(path, times, 12)
    one = pd.read_csv(path)
    # more columns than are wanted
    parts = [one.assign(shop=name, sold=one["sold"] * by, price=9)
             for name, by in (("a", 1), ("b", 9))]  # fmt: skip
    parts.append(one.assign(shop="zero", sold=one["sold"] - one["sold"].min(), price=9))
    pd.concat(parts).to_csv(path, index=False)
    models = {p.name: p.read_bytes() for p in (copy / "data/models/airline").iterdir()}
    columns = ["--id", "shop", "--time", "when", "--value", "sold"]
    table = forecast_of(copy, "--trained", str(path), "--horizon", "6", *columns)
    assert table["unique_id"].tolist() == ["a"] * 6 + ["b"] * 6 + ["zero"] * 6
    assert table["ds"][0] == "2015-11-01"
    # the statistics are each series' own, so that nine times the sales are nine times the forecast
    numbers = table[COLUMNS[2:]].to_numpy()
    np.testing.assert_allclose(numbers[6:12, 0], 9 * numbers[:6, 0], rtol=1e-4)
    assert np.isfinite(numbers[12:]).all()
    assert {p.name: p.read_bytes() for p in (copy / "data/models/airline").iterdir()} == models


def test_trained_networks_know_one_period(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = ["data/raw/airline.csv", "--period", "4"]
    assert run_stage_here(copy, "forecast", "--trained", *csv) == 1
    one_error_line(capsys.readouterr().err, "for period 12, not 4", "leave --trained out")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--trained"], ["data/models/airline", "is missing", "dvc repro train@airline"]),
        (["none.csv", "--period", "12"], ["none.csv is missing"]),
        (["data/raw/airline.csv", "--read", "x=1"], ["--read x=1: write KEY=VALUE"]),
        (["data/raw/airline.csv", "--period", "0"], ["--period 0: write 1 to 10000"]),
        (["data/raw/airline.csv", "--period", "7,x"], ["--period 7,x: write a whole number"]),
        (["data/raw/airline.csv", "--period", "3,6,12"], ["--period 3,6,12: write one season"]),
        (["", "--period", "12"], ["name a file"]),
        (["--value", "price"], ["data/raw/airline.csv", "no column 'price'"]),
        (["--horizon", "-3"], ["--horizon -3: write 1 to 10000"]),
        (["--horizon", "1000000"], ["--horizon 1000000: write 1 to 10000"]),
        (["a.csv", "--csv", "b.csv"], ["a.csv --csv b.csv: name one file"]),
        (["--json", "--out", "a.csv"], ["--json --out a.csv", "ends with .json"]),
        (["--plot-series", "sales"], ["--plot-series sales: data/raw/airline.csv has no such"]),
        (["--out", "a.xlsx"], ["--out a.xlsx: write a folder, -, or a name that ends with .csv"]),
        (["--html", "a.pdf"], ["--html a.pdf: write a name that ends with .html"]),
        (["--html", "a/b.html"], ["a is missing: --html a/b.html: make this folder"]),
        (["--ray", "local"], ["--ray local: data/raw/airline.csv is one table"]),
        (
            ["--network", "none"],
            ["none/card.json is missing: name a folder that fine-tun"],
        ),
        (["--task", "mnist"], ["tasks.mnist.kind", "name a series task"]),
        (["--task", "airlin"], ["tasks.airlin", "did you mean airline"]),
    ],
)
def test_faults_are_one_line(
    small: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: list[str]
) -> None:
    assert run_stage_here(small, "forecast", *args) == 1
    one_error_line(capsys.readouterr().err, *words)
    assert not (small / "forecasts").exists()


def test_no_project_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "mine.csv", pd.date_range("2015-01-01", periods=60, freq="MS"), 12)
    table = forecast_of(tmp_path, "mine.csv", "--horizon", "3")
    assert table["ds"].tolist() == ["2020-01-01", "2020-02-01", "2020-03-01"]
    # an older name of the argument
    pd.testing.assert_frame_equal(
        forecast_of(tmp_path, "--csv", "mine.csv", "--horizon", "3"), table
    )
    for args, words in (([], "no file is named"), (["mine.csv", "--trained"], "needs a project")):
        capsys.readouterr()
        assert run_stage_here(tmp_path, "forecast", *args) == 1
        one_error_line(capsys.readouterr().err, words)


def test_a_page_shows_the_forecast_beside_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "mine.csv", pd.date_range("2015-01-01", periods=60, freq="MS"), 12)
    table = forecast_of(tmp_path, "mine.csv", "--horizon", "3", "--html", "mine.html")
    assert "Page: mine.html (0.9 MB).\n" in capsys.readouterr().out
    html = (tmp_path / "mine.html").read_text()
    found = re.search(r'id="content">(.*?)</script>', html, re.DOTALL)
    [series] = json.loads(found[1])["series"]
    assert series["forecast"] == [float(f"{value:.6g}") for value in table["forecast"]]
    # a plain installation lacks this library: said before the work
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for name in ("rnnlab.report.forecast_page", "rnnlab.report.page"):
        monkeypatch.delitem(sys.modules, name)
    shutil.rmtree(tmp_path / "forecasts")
    assert run_stage_here(tmp_path, "forecast", "mine.csv", "--html", "mine.html") == 1
    one_error_line(capsys.readouterr().err, "vl_convert is not installed", "[pipeline]")
    assert not (tmp_path / "forecasts").exists()


def test_values_that_repeat_exactly_are_not_too_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sixty days and an hour; the last value is not the best of methods without an error."""
    hours = pd.date_range("2024-01-01", periods=60 * 24 + 1, freq="h")
    y = 10 + np.arange(len(hours)) % 24
    pd.DataFrame({"ds": hours, "y": y}).to_csv(tmp_path / "mine.csv", index=False)
    table = forecast_of(tmp_path, "mine.csv")
    np.testing.assert_array_equal(table["forecast"], 10 + np.arange(len(y), len(y) + 24) % 24)
    said = capsys.readouterr().out
    assert "too short" not in said
    assert "relative to seasonal naive: " in said
    assert "seasonal naive 1.000" in said
    # of two values nothing can be compared
    pd.DataFrame({"ds": hours[:2], "y": [1.0, 2.0]}).to_csv(tmp_path / "mine.csv", index=False)
    forecast_of(tmp_path, "mine.csv")
    assert "The series are too short to compare methods." in capsys.readouterr().out


def test_a_network_that_has_learned_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What --backtest tests is another one, which has learned from what comes before."""
    write_series(tmp_path / "mine.csv", pd.date_range("2015-01-01", periods=60, freq="MS"), 12)
    y, seen = pd.read_csv(tmp_path / "mine.csv")["sold"].to_numpy(), []
    networks = [zero_shot_network(seed) for seed in (1, 2)]

    def learned(panel: Panel, *args: object, **options: object) -> FineTuned:
        seen.append(panel.y)
        return FineTuned(networks[len(seen) - 1], 5, {0: 0.9, 5: 0.6})

    monkeypatch.setattr(command, "fine_tuned", learned)
    mine = ["mine.csv", "--horizon", "3"]
    said = stdout_of(tmp_path, capsys, *mine, "--train", "--backtest")
    np.testing.assert_array_equal(np.concatenate(seen), [*y, *y[:-3]])
    table = pd.read_csv(tmp_path / "forecasts/mine.csv")
    assert "Error of the last values 0.900, 0.600 after learning" in said
    assert "--network forecasts/mine_network" in said
    again = forecast_of(tmp_path, *mine, "--network", "forecasts/mine_network")
    pd.testing.assert_frame_equal(again, table)
    ZeroShot.of(networks[1], 5, {}).save(tmp_path / "other")
    other = stdout_of(tmp_path, capsys, *mine, "--network", "other", "--backtest")
    assert said.split("The last steps")[1] == other.split("The last steps")[1]
