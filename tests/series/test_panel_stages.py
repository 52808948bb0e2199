"""A user's task with several series: from a table to scores, and what is left out."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import (
    BASELINES,
    CHAIN,
    edit_params,
    one_error_line,
    read_csv,
    read_json,
    read_yaml,
    run_stage_here,
    write_yaml,
)
from oracles import wave
from safetensors.numpy import load_file

CSV = "data/raw/shops.csv"
LENGTHS = {"a": 60, "b": 44, "c": 52, "d": 60}
BROKEN = {
    "constant": [7.0] * 50,
    "few": [1.0, 2.0],
    "short": list(wave(17, 4)),
    "zero": [0.0, *wave(49, 4)],
    "twice": list(wave(50, 4)),
    "uneven": list(wave(50, 4)),
    "late": [5.0] * 40 + [6.0] * 10,
}
REASONS = {
    "constant": "is constant (7); there is nothing to forecast",
    "few": "has 2 values; it needs many more",
    "short": "has 17 values, 9 of them for training; normalize.method "
    "log_exponential_smoothing with period 4 takes 10 or more",
    "zero": "holds 0, which has no logarithm; write exponential_smoothing as normalize.method in "
    "params.yaml",
    "twice": "has 2014-01-01 twice (row 354); keep one row",
    "uneven": "is not evenly spaced, first at 2014-01-02 (row 404); correct that time, or add "
    "the missing rows (y may be empty)",
    "late": "is constant (5) in its training part",
}
SMALL = {
    "data.csv": CSV,
    "data.period": 4,
    "normalize.method": "log_exponential_smoothing",
    "windows.look_back": 4,
    "windows.horizon": 4,
    "windows.center": "none",
    "train.epochs": 2,
    "evaluate.baselines": ["seasonal_naive", "naive2", "drift"],
}


def quarter(number: int) -> str:
    return f"{2010 + number // 4}-{3 * (number % 4) + 1:02}-01"


def rows_of(name: str, values: list | np.ndarray) -> list[str]:
    return [f"{name},{quarter(n)},{value}" for n, value in enumerate(values)]


def add_task(project: Path, changes: dict) -> None:
    params = read_yaml(project / "params.yaml")
    params["tasks"]["shops"] = params["tasks"]["airline"]
    write_yaml(params, project / "params.yaml")
    edit_params(project, {f"tasks.shops.{key}": value for key, value in changes.items()})


def write_panel(project: Path, broken: tuple[str, ...] = tuple(BROKEN)) -> None:
    rows = []
    for number, (name, length) in enumerate(LENGTHS.items()):
        rows += rows_of(name, wave(length, 4, number))
    for name in broken:
        lines = rows_of(name, BROKEN[name])
        if name == "twice":
            lines.insert(17, lines[16])
        elif name == "uneven":
            lines[16] = lines[16].replace("2014-01-01", "2014-01-02")
        rows += lines
    (project / CSV).write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def panel_project(blank_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four usable series and seven unusable ones, through all stages."""
    project = tmp_path_factory.mktemp("panel") / "project"
    shutil.copytree(blank_project, project)
    add_task(project, SMALL)
    write_panel(project)
    for stage in CHAIN:
        assert run_stage_here(project, stage, "shops") == 0, stage
    return project


def test_what_is_broken_is_left_out_with_its_reason(panel_project: Path) -> None:
    card = read_json(panel_project / "data/normalized/shops/card.json")
    assert card["ids"] == list(LENGTHS)
    assert card["left_out"] == REASONS
    tensors = load_file(panel_project / "data/normalized/shops/series.safetensors")
    np.testing.assert_array_equal(np.diff(tensors["offsets"]), list(LENGTHS.values()))
    expected = np.concatenate([wave(n, 4, k) for k, n in enumerate(LENGTHS.values())])
    np.testing.assert_allclose(tensors["y"], expected)


def test_stderr_names_each_in_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_task(project, SMALL)
    write_panel(project)
    capsys.readouterr()
    assert run_stage_here(project, "normalize", "shops") == 0
    lines = capsys.readouterr().err.splitlines()
    assert sorted(lines) == sorted(
        f"{CSV}: left out: series {name!r} {reason}" for name, reason in REASONS.items()
    )


def test_all_broken_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_task(project, SMALL)
    write_panel(project)
    kept = [
        line
        for line in (project / CSV).read_text().splitlines()
        if line.split(",")[0] not in LENGTHS
    ]
    (project / CSV).write_text("\n".join(kept) + "\n")
    capsys.readouterr()
    assert run_stage_here(project, "normalize", "shops") == 1
    # which of them is named does not matter, but that there are more does
    one_error_line(capsys.readouterr().err, CSV, "series '", "more series)")


def test_a_row_for_each_series_protocol_and_method(panel_project: Path) -> None:
    table = pd.read_csv(panel_project / "metrics/shops/tables/series.csv")
    methods = ["model", "combination", "control", *SMALL["evaluate.baselines"]]
    expected = [
        (name, protocol, method)
        for protocol in ("one_step", "year", "long", "rolling")
        for method in methods
        for name in LENGTHS
    ]
    keys = zip(table["unique_id"], table["protocol"], table["method"], strict=True)
    assert list(keys) == expected
    assert np.isfinite(table.drop(columns=["unique_id", "protocol", "method"])).all(axis=None)


def test_scores_are_means_over_the_series(panel_project: Path) -> None:
    table = pd.read_csv(panel_project / "metrics/shops/tables/series.csv")
    scores = read_json(panel_project / "metrics/shops/scores.json")
    for (method, protocol), rows in table.groupby(["method", "protocol"]):
        found = scores[method][protocol]
        for key in ("mae", "mape", "smape", "mase", "coverage_95", "msis"):
            assert found[key] == pytest.approx(rows[key].mean(), rel=1e-4)
        naive2 = scores["naive2"][protocol]
        owa = (found["smape"] / naive2["smape"] + found["mase"] / naive2["mase"]) / 2
        assert found["owa"] == pytest.approx(owa)


def test_measures_of_one_series_by_hand(panel_project: Path) -> None:
    """The seasonal naive method on series b, from the values as they are in the file."""
    y = wave(LENGTHS["b"], 4, 1)
    cut = int(44 * 0.7)
    scale = np.abs(y[4:cut] - y[: cut - 4]).mean()
    table = pd.read_csv(panel_project / "metrics/shops/tables/series.csv")
    rows = table[(table["unique_id"] == "b") & (table["method"] == "seasonal_naive")]
    found = rows.set_index("protocol")["mase"]
    one_step = np.abs(y[cut:] - y[cut - 4 : -4]).mean()
    long = np.abs(y[cut:] - np.resize(y[cut - 4 : cut], 44 - cut)).mean()
    rolling = np.mean(
        [np.abs(y[o : o + 4] - y[o - 4 : o]).mean() for o in range(cut, 44 - 3)]
    )  # fmt: skip
    for protocol, error in (("one_step", one_step), ("long", long), ("rolling", rolling)):
        assert found[protocol] == pytest.approx(error / scale, rel=1e-5)
    year_scale = np.abs(y[4:40] - y[:36]).mean()
    assert found["year"] == pytest.approx(np.abs(y[40:] - y[36:40]).mean() / year_scale, rel=1e-5)


def test_predictions_and_forecasts_of_each_series(panel_project: Path) -> None:
    rows = read_csv(panel_project / "metrics/shops/predictions.csv")
    for number, (name, length) in enumerate(LENGTHS.items()):
        own = [row for row in rows if row["unique_id"] == name]
        y = wave(length, 4, number)
        cut = int(length * 0.7 + 1e-9)
        np.testing.assert_allclose([float(row["y"]) for row in own], y[cut:], rtol=1e-5)
        assert [row["ds"] for row in own] == [quarter(n) for n in range(cut, length)]
        assert sum(bool(row["year"]) for row in own) == 4
        assert all(row["one_step"] and row["long"] for row in own)
    table = pd.read_csv(panel_project / "metrics/shops/tables/forecasts.csv")
    for (name, protocol, _), own in table.groupby(["unique_id", "protocol", "method"]):
        length, number = LENGTHS[name], list(LENGTHS).index(name)
        first = length - 4 if protocol == "year" else int(length * 0.7 + 1e-9)
        np.testing.assert_allclose(own["y"], wave(length, 4, number)[first:], rtol=1e-5)
        assert own["ds"].tolist() == [quarter(n) for n in range(first, length)]


def test_several_series_are_compared_by_their_mean_losses(panel_project: Path) -> None:
    table = pd.read_csv(panel_project / "metrics/shops/tables/comparison.csv")
    assert set(table["test"]) == {"Wilcoxon"}
    # four pairs say nothing
    assert table["p_value"].isna().all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_task_of_ones_own_is_a_csv_and_an_entry(project: Path) -> None:
    """Two shops by quarters, one with zeros; an ensemble of a bidirectional GRU without refit."""
    t = np.arange(44)
    noise = np.random.default_rng(0).normal(size=(2, 44))
    south = 20 + 0.2 * t + 6 * np.sin(np.pi * t / 2) + noise[0]
    north = np.maximum(5 * np.sin(np.pi * t / 2) + noise[1], 0)
    rows = rows_of("south", south) + rows_of("north", north)
    (project / CSV).write_text("shop,quarter,sold\n" + "\n".join(rows) + "\n")
    changes = {
        "data.csv": CSV,
        "data.period": 4,
        "data.id_column": "shop",
        "data.time_column": "quarter",
        "normalize.method": "standard",
        "windows.look_back": 6,
        "windows.step": 2,
        "windows.horizon": 3,
        "windows.center": "mean",
        "windows.scale": "deviation",
        "windows.residual": "seasonal_naive",
        "model.cell": "gru",
        "model.bidirectional": True,
        "model.pooling": "mean",
        "train.loss": "pinball",
        "train.quantile": 0.4,
        "train.ensemble": 2,
        "train.refit": False,
        "train.epochs": 2,
    }
    add_task(project, changes)
    for stage in CHAIN:
        assert run_stage_here(project, stage, "shops") == 0, stage
    card = read_json(project / "data/models/shops/card.json")
    assert card["networks"] == {"main": 2, "year": 2}
    scores = read_json(project / "metrics/shops/scores.json")
    assert list(scores) == ["model", "combination", "control", *BASELINES]
    # zeros in the truth leave the mean of mape unknown or to the other series, and nothing else
    for method in ("model", "combination", "control", "naive", "seasonal_naive", "drift", "ets"):
        for measures in scores[method].values():
            known = {key: value for key, value in measures.items() if key != "mape"}
            assert all(np.isfinite(value) for value in known.values()), method
    ids = [row["unique_id"] for row in read_csv(project / "metrics/shops/predictions.csv")]
    assert set(ids) == {"north", "south"}


def test_no_forecast_is_scored_by_a_value_that_stands_in_for_a_gap(copy: Path) -> None:
    """Some months of the test part are empty: scores ignore them."""
    edit_params(copy, {"tasks.airline.evaluate.baselines": ["seasonal_naive", "holt_winters"]})
    path = copy / "data/raw/airline.csv"
    lines = path.read_text().splitlines()
    blanked = range(111, 131)
    for row in blanked:
        lines[row] = lines[row].rsplit(",", 1)[0] + ","
    path.write_text("\n".join(lines) + "\n")
    for stage in ("normalize", "windows", "train", "evaluate", "plot"):
        assert run_stage_here(copy, stage, "airline") == 0, stage
    rows = read_csv(copy / "metrics/airline/predictions.csv")
    assert len(rows) == 44
    assert sum(row["y"] == "" for row in rows) == len(blanked)
    known = [(float(r["y"]), float(r["one_step"])) for r in rows if r["y"]]
    y, forecast = np.array(known).T
    found = read_json(copy / "metrics/airline/scores.json")["model"]["one_step"]["mae"]
    assert found == pytest.approx(np.abs(y - forecast).mean(), rel=1e-4)
