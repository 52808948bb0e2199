"""rnnlab forecast: what comes after the data, for files the project has never seen."""

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
)

from rnnlab.core.params import SeriesNormalize
from rnnlab.forecasting.forecaster import mean_predictor, network_forecaster
from rnnlab.networks.storage import read_models
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.origins import Request

COLUMNS = ["unique_id", "ds", "forecast", "low_80", "high_80", "low_95", "high_95"]


@pytest.fixture
def small(project: Path) -> Path:
    """A project whose forecasts take a second."""
    edit_params(project, DEFAULT_AIRLINE_SETTINGS | {"tasks.airline.train.epochs": 2})
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
        small, "--csv", str(path), "--period", str(period), "--horizon", "7", "--task", "airline"
    )
    assert list(table) == COLUMNS
    expected = pd.date_range("2010-01-01", periods=count + 7, freq=frequency)[count:]
    assert list(table["ds"]) == list(expected.strftime("%Y-%m-%d"))
    assert table["ds"][0] == first
    bounds = table[["low_95", "low_80", "forecast", "high_80", "high_95"]].to_numpy()
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
    assert "On validation " in said
    assert "orecasts use " in said
    assert "forecasts/airline.csv" in said
    before = (small / "forecasts/airline.csv").read_bytes()
    table = forecast_of(small, "--horizon", "5")
    assert (small / "forecasts/airline.csv").read_bytes() == before
    assert list(table["ds"]) == [f"1961-0{month}-01" for month in range(1, 6)]


def test_columns_may_be_named(small: Path, tmp_path: Path) -> None:
    """A table of a shop system: the store first, then more columns than are wanted."""
    times = pd.date_range("2010-01-01", periods=60, freq="MS").strftime("%Y-%m-%d")
    season = 20 + 5 * np.sin(np.pi * np.arange(60) / 6)
    rows = [f"{s},{t},{y + s:.3f},9" for s in (7, 8) for t, y in zip(times, season, strict=True)]
    path = tmp_path / "sales.csv"
    path.write_text("store,date,sales,price\n" + "\n".join(rows) + "\n")
    columns = ["--id", "store", "--time", "date", "--value", "sales"]
    args = ["--csv", str(path), "--period", "12", "--horizon", "3", *columns]
    table = forecast_of(small, *args)
    assert table["unique_id"].tolist() == [7, 7, 7, 8, 8, 8]
    assert ((table["forecast"] > 20) & (table["forecast"] < 40)).all()


def test_a_horizon_longer_than_training_allows_goes_on(small: Path) -> None:
    table = forecast_of(small, "--horizon", "100")
    assert len(table) == 100
    assert np.isfinite(table[COLUMNS[2:]].to_numpy()).all()
    widths = np.log(table["high_95"] / table["low_95"])
    assert widths.iloc[-1] > widths.iloc[0]


@pytest.mark.parametrize(
    ("count", "period", "horizon"), [(6, 1, 3), (13, 1, 6), (36, 12, 24), (20, 4, 8)]
)
def test_short_series_get_shorter_windows(
    small: Path, tmp_path: Path, count: int, period: int, horizon: int
) -> None:
    """Yearly series have few values: the windows of months would leave none to learn from."""
    path = tmp_path / "short.csv"
    times = pd.date_range("2010-01-01", periods=count, freq="MS" if period == 12 else "YS")
    write_series(path, times, period)
    table = forecast_of(
        small, "--csv", str(path), "--period", str(period), "--horizon", str(horizon)
    )
    assert len(table) == horizon
    assert np.isfinite(table[COLUMNS[2:]].to_numpy()).all()


@pytest.mark.parametrize(("count", "words"), [(24, "takes 26 or more"), (32, "needs 31 or more")])
def test_a_series_too_short_for_its_period_says_how_many_values_it_takes(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int, words: str
) -> None:
    path = tmp_path / "short.csv"
    write_series(path, pd.date_range("2010-01-01", periods=count, freq="MS"), 12)
    assert run_stage_here(small, "forecast", "--csv", str(path), "--period", "12") == 1
    one_error_line(capsys.readouterr().err, "short.csv", words)


@pytest.mark.parametrize("out", [".", "data/raw", "forecasts/../data/raw"])
def test_the_data_are_never_written_over(
    small: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    source = small / "data/raw/airline.csv"
    before = source.read_bytes()
    (small / "airline.csv").write_bytes(before)
    csv = "airline.csv" if out == "." else "data/raw/airline.csv"
    assert run_stage_here(small, "forecast", "--csv", csv, "--period", "12", "--out", out) == 1
    one_error_line(capsys.readouterr().err, f"--out {out}", "is the data itself")
    assert source.read_bytes() == (small / "airline.csv").read_bytes() == before


def test_of_a_panel_what_can_be_forecast_is(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for name, count, level in (("a", 60, 10), ("b", 80, 100), ("flat", 60, 0), ("short", 9, 5)):
        times = pd.date_range("2010-01-01", periods=count, freq="MS").strftime("%Y-%m-%d")
        season = 1 + 0.2 * np.sin(np.pi * np.arange(count) / 6)
        values = np.full(count, 3.0) if name == "flat" else level * season + np.arange(count) / 50
        rows += [f"{name},{time},{y}" for time, y in zip(times, values, strict=True)]
    path = tmp_path / "shops.csv"
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    table = forecast_of(small, "--csv", str(path), "--period", "12", "--horizon", "6")
    assert list(table["unique_id"].unique()) == ["a", "b"]
    # each series goes on from its own end
    assert table.groupby("unique_id")["ds"].first().to_dict() == {
        "a": "2015-01-01",
        "b": "2016-09-01",
    }
    said = capsys.readouterr().err
    assert "left out: series 'flat' is constant" in said
    assert "left out: series 'short' has 9 values" in said
    listed = pd.read_csv(small / "forecasts/shops_left_out.csv")
    assert listed["unique_id"].tolist() == ["flat", "short"]
    # of mended data no list is left
    path.write_text("unique_id,ds,y\n" + "\n".join(r for r in rows if r[0] in "ab") + "\n")
    forecast_of(small, "--csv", str(path), "--period", "12", "--horizon", "6")
    assert not (small / "forecasts/shops_left_out.csv").exists()


def test_zeros_have_no_logarithm_and_a_forecast_all_the_same(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = pd.date_range("2010-01-01", periods=60, freq="MS").strftime("%Y-%m-%d")
    y = np.maximum(5 * np.sin(np.pi * np.arange(60) / 6), 0).round(2)
    path = tmp_path / "ice.csv"
    pd.DataFrame({"ds": times, "y": y}).to_csv(path, index=False)
    table = forecast_of(small, "--csv", str(path), "--period", "12", "--horizon", "12")
    assert (table[["low_80", "low_95"]].to_numpy() >= 0).all()
    assert "values of 0 or below" in capsys.readouterr().err


def by_hand(project: Path, horizon: int) -> np.ndarray:
    """What the networks of the latest fit say after the whole airline series."""
    networks, card = read_models(project / "data/models/airline", "airline", torch.device("cpu"))
    y = pd.read_csv(project / "data/raw/airline.csv")["y"].to_numpy(dtype=float)
    offsets = np.array([0, len(y)])
    settings = SeriesNormalize(**card["windows"]["normalized"]["normalize"])
    normalization = fit_normalization(y, offsets, offsets[1:], settings, 12)
    request = Request(offsets[1:], np.array([0]), horizon)
    forecast = network_forecaster(normalization, card["windows"], y, offsets)
    return forecast(mean_predictor(networks["year"]), request)[0]


def test_trained_networks_forecast_as_they_are(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beyond their horizon too, and with what params.yaml said when they were trained."""
    # a baseline that takes its time does not stand beside them
    edit_params(copy, {"tasks.airline.evaluate.baselines": ["sarima"]})
    table = forecast_of(copy, "--trained", "--horizon", "30")
    assert "there are no baselines. Forecasts use model alone" in capsys.readouterr().out
    np.testing.assert_allclose(table["forecast"], by_hand(copy, 30), rtol=1e-5)
    bounds = table[["low_95", "low_80", "forecast", "high_80", "high_95"]].to_numpy()
    assert (np.diff(bounds, axis=1) > 0).all()
    before = (copy / "forecasts/airline.csv").read_bytes()
    changes = {"normalize.method": "minmax", "windows.look_back": 24, "model.hidden_size": 3}
    edit_params(copy, {f"tasks.airline.{key}": value for key, value in changes.items()})
    forecast_of(copy, "--trained", "--horizon", "30")
    assert (copy / "forecasts/airline.csv").read_bytes() == before


def test_trained_networks_forecast_series_they_have_never_seen(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All were learned as logarithms, so that a series which has none is left out."""
    path = tmp_path / "mine.csv"
    times = pd.date_range("2010-01-01", periods=70, freq="MS")
    write_series(path, times, 12)
    one = pd.read_csv(path)
    parts = [one.assign(unique_id=name, sold=one["sold"] * by) for name, by in (("a", 1), ("b", 9))]
    parts.append(one.assign(unique_id="zero", sold=one["sold"] - one["sold"].min()))
    pd.concat(parts).to_csv(path, index=False)
    models = {p.name: p.read_bytes() for p in (copy / "data/models/airline").iterdir()}
    columns = ["--time", "when", "--value", "sold"]
    table = forecast_of(copy, "--trained", "--csv", str(path), "--horizon", "6", *columns)
    printed = capsys.readouterr()
    assert "series 'zero' holds 0, which has no logarithm" in printed.err
    assert "On validation" in printed.out
    assert table["unique_id"].tolist() == ["a"] * 6 + ["b"] * 6
    assert table["ds"][0] == "2015-11-01"
    # the statistics are each series' own, so that nine times the sales are nine times the forecast
    numbers = table[COLUMNS[2:]].to_numpy()
    np.testing.assert_allclose(numbers[6:], 9 * numbers[:6], rtol=1e-4)
    assert {p.name: p.read_bytes() for p in (copy / "data/models/airline").iterdir()} == models


def test_trained_networks_know_one_period(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = ["--csv", "data/raw/airline.csv", "--period", "4"]
    assert run_stage_here(copy, "forecast", "--trained", *csv) == 1
    one_error_line(capsys.readouterr().err, "for period 12, not 4", "omit --trained")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--trained"], ["data/models/airline", "is missing", "dvc repro train@airline"]),
        (["--csv", "none.csv", "--period", "12"], ["none.csv is missing"]),
        (["--csv", "data/raw/airline.csv", "--read", "x=1"], ["--read x=1: write KEY=VALUE"]),
        (["--csv", "data/raw/airline.csv", "--period", "0"], ["--period 0: write 1 to 10000"]),
        (["--csv", "", "--period", "12"], ["name a file"]),
        (["--value", "price"], ["data/raw/airline.csv", "no column 'price'"]),
        (["--horizon", "-3"], ["--horizon -3: write 1 to 10000"]),
        (["--horizon", "1000000"], ["--horizon 1000000: write 1 to 10000"]),
        (["--csv", "data/raw/airline.csv", "--period", "70"], ["'airline' has 144 values"]),
        (["--task", "mnist"], ["--task mnist", "series"]),
        (["--task", "airlin"], ["tasks.airlin", "did you mean airline"]),
    ],
)
def test_faults_are_one_line(
    small: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: list[str]
) -> None:
    assert run_stage_here(small, "forecast", *args) == 1
    one_error_line(capsys.readouterr().err, *words)
    assert not (small / "forecasts").exists()
