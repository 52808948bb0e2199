"""A series task with covariates: their effect is taken off, the rest is learned, all is scored."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import CHAIN, edit_params, one_error_line, read_json, run_captured, run_stage_here
from safetensors.numpy import load_file

COUNT, GAIN = 120, 20.0
BASELINES = ["naive", "seasonal_naive", "drift"]
# test part of 36 months, validation of 13; the year's training part is longer
TRAINING = 71
FORMS = ["ridge", "curved_ridge", "ridge_by_phase", "curved_ridge_by_phase"]


def shop() -> pd.DataFrame:
    """Sales by month, with a promotion now and then."""
    draw = np.random.default_rng(0)
    step = np.arange(COUNT)
    promo, price = (draw.random(COUNT) < 0.3).astype(int), draw.normal(5, 1, COUNT).round(2)
    y = 100 + 10 * np.sin(step / 12 * 2 * np.pi) + GAIN * promo + draw.normal(0, 1, COUNT)
    ds = pd.date_range("2010-01-01", periods=COUNT, freq="MS")
    return pd.DataFrame({"ds": ds, "promo": promo, "price": price, "y": y.round(2)})


def broken(table: pd.DataFrame) -> pd.DataFrame:
    """Promotions that do much up to month 100, and nothing later."""
    y = 1 + 500.0 * table["promo"] * (table.index < 100) + table.index % 3
    return table.assign(y=y)


def put(project: Path, table: pd.DataFrame, **changes: object) -> None:
    """Make ``table`` the series of task airline, with its promotions as covariates."""
    table.to_csv(project / "data/raw/shop.csv", index=False)
    settings: dict[str, object] = {
        "data.csv": "data/raw/shop.csv",
        "data.known": ["promo", "price"],
        "normalize.covariates": "ridge",
        "evaluate.baselines": BASELINES,
    }
    settings |= {key.replace("__", "."): value for key, value in changes.items()}
    edit_params(project, {f"tasks.airline.{key}": value for key, value in settings.items()})


def normalized(project: Path) -> dict[str, np.ndarray]:
    assert run_stage_here(project, "normalize", "airline") == 0
    return load_file(project / "data/normalized/airline/series.safetensors")


@pytest.fixture(scope="module")
def both(blank_project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The project after all stages, with the effect and without; do not write to them."""
    projects = []
    for form in ("ridge", "none"):
        project = tmp_path_factory.mktemp(form) / "project"
        shutil.copytree(blank_project, project)
        put(project, shop(), normalize__covariates=form)
        for stage in CHAIN:
            assert run_stage_here(project, stage, "airline") == 0, stage
        projects.append(project)
    return projects[0], projects[1]


def test_the_rest_and_the_effect_are_the_values(both: tuple[Path, Path]) -> None:
    table = shop()
    tensors = load_file(both[0] / "data/normalized/airline/series.safetensors")
    np.testing.assert_allclose(tensors["y"] + tensors["effect"], table["y"])
    assert tensors["main.train"] == [TRAINING]
    assert tensors["effect"][:TRAINING].mean() == pytest.approx(0, abs=1e-9)
    gain = [tensors["effect"][table["promo"] == each].mean() for each in (1, 0)]
    assert gain[0] - gain[1] == pytest.approx(GAIN, abs=2)
    card = read_json(both[0] / "data/normalized/airline/card.json")["covariates"]
    assert (card["form"], card["known"], card["holidays"]) == ("ridge", ["promo", "price"], None)


def test_without_an_effect_nothing_says_so(both: tuple[Path, Path], project: Path) -> None:
    """Known columns alone change no byte of what a task without them has."""
    put(project, shop().drop(columns=["promo", "price"]), data__known=[])
    edit_params(project, {"tasks.airline.normalize.covariates": "none"})
    normalized(project)
    for name in ("card.json", "series.safetensors"):
        path = f"data/normalized/airline/{name}"
        assert (project / path).read_bytes() == (both[1] / path).read_bytes()
    assert not (both[1] / "metrics/airline/tables/effects.csv").exists()
    assert not (both[1] / "metrics/airline/plots/effects.png").exists()


def test_scores_are_in_the_units_of_the_series(both: tuple[Path, Path]) -> None:
    table, tables = shop(), both[0] / "metrics/airline/tables"
    predictions = pd.read_csv(both[0] / "metrics/airline/predictions.csv")
    np.testing.assert_allclose(predictions["y"], table["y"][84:])
    effect = load_file(both[0] / "data/normalized/airline/series.safetensors")["effect"]
    forecasts = pd.read_csv(tables / "forecasts.csv")
    naive = forecasts[(forecasts["method"] == "naive") & (forecasts["protocol"] == "one_step")]
    rest = table["y"].to_numpy() - effect
    np.testing.assert_allclose(naive["forecast"], rest[83:-1] + effect[84:], rtol=1e-8)
    bounds = ["low_95", "low_80", "forecast", "high_80", "high_95"]
    assert (np.diff(forecasts[bounds], axis=1) > 0).all()
    # their widths are those of the rest, by ratio since its logarithm is taken
    low, high = (naive[name] - effect[84:] for name in ("low_95", "high_95"))
    np.testing.assert_allclose(high / low, (high / low).iloc[0], rtol=1e-6)


def test_the_effect_helps_every_method(both: tuple[Path, Path]) -> None:
    helped, alone = (read_json(p / "metrics/airline/scores.json") for p in both)
    assert list(helped) == list(alone) == ["model", "combination", "control", *BASELINES]
    for method in helped:
        for protocol in ("one_step", "long", "rolling"):
            with_it, without = (s[method][protocol]["mase"] for s in (helped, alone))
            assert with_it < 0.8 * without, (method, protocol)
            width = [s[method][protocol]["msis"] for s in (helped, alone)]
            assert width[0] < width[1]


def test_effects_are_written_and_drawn(both: tuple[Path, Path]) -> None:
    effects = pd.read_csv(both[0] / "metrics/airline/tables/effects.csv", index_col="covariate")
    assert list(effects) == ["slope", "change"]
    assert effects["slope"]["promo"] == pytest.approx(GAIN, abs=2)
    assert abs(effects["slope"]["price"]) < 2
    assert effects["change"]["promo"] == 1
    assert (both[0] / "metrics/airline/plots/effects.png").is_file()


def test_refits_keep_the_effect(both: tuple[Path, Path], tmp_path: Path) -> None:
    project = shutil.copytree(both[0], tmp_path / "project")
    edit_params(project, {"tasks.airline.evaluate.refit_every": 12})
    assert run_stage_here(project, "evaluate", "airline") == 0
    once, often = (read_json(p / "metrics/airline/scores.json") for p in (both[0], project))
    # these have nothing to fit
    for method in ("naive", "seasonal_naive"):
        assert often[method]["rolling"] == once[method]["rolling"]
    assert often["model"]["rolling"] != once["model"]["rolling"]


@pytest.mark.parametrize("form", FORMS)
def test_later_values_change_no_effect(project: Path, form: str) -> None:
    table = shop()
    put(project, table, normalize__covariates=form)
    before = normalized(project)["effect"]
    assert np.ptp(before) > GAIN / 2
    table.loc[TRAINING:, "y"] = 1e3 + table["y"] ** 2
    put(project, table, normalize__covariates=form)
    np.testing.assert_array_equal(normalized(project)["effect"], before)
    # and this check can fail
    table.loc[TRAINING - 1, "y"] *= 2
    put(project, table, normalize__covariates=form)
    assert (normalized(project)["effect"] != before).any()


def test_rows_after_the_last_value_are_ignored(project: Path) -> None:
    put(project, shop())
    before = normalized(project)
    ahead = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=3, freq="MS"), "promo": 1})
    put(project, pd.concat([shop(), ahead]))
    after = normalized(project)
    assert before.keys() == after.keys()
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)


def test_a_panel_loses_the_series_that_are_of_no_use(project: Path) -> None:
    """Too short ones, and those whose rest has no logarithm."""
    table = shop()
    parts = {
        "a": table,
        "b": table[:20],
        "c": broken(table),
        "d": table[10:].assign(y=2 * table["y"]),
    }
    panel = pd.concat([part.assign(unique_id=name) for name, part in parts.items()])
    put(project, panel, data__holidays="AT")
    tensors = normalized(project)
    card = read_json(project / "data/normalized/airline/card.json")
    assert card["ids"] == ["a", "d"]
    assert "20 values" in card["left_out"]["b"]
    assert "without the effect of its covariates, which has no logarithm" in card["left_out"]["c"]
    values = np.concatenate([table["y"], 2 * table["y"][10:]])
    np.testing.assert_allclose(tensors["y"] + tensors["effect"], values)
    assert "working days" in card["covariates"]["effects"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data__known": ["promos"]}, ["data/raw/shop.csv: has no column 'promos' (data.known)"]),
        (
            {"data__known": ["promo"], "data__value_column": "promo"},
            ["data.known promo: is the column of data.value_column, too"],
        ),
        ({"data__holidays": "XX"}, ["data.holidays XX: is no country"]),
        ({"data__known": []}, ["tasks.airline: normalize.covariates ridge needs data.known"]),
        ({"data__known": "promo"}, ["tasks.airline.data.known", "valid list"]),
        ({"normalize__covariates": "lasso"}, ["tasks.airline.normalize.covariates", "'ridge'"]),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    project: Path, changes: dict[str, object], words: list[str]
) -> None:
    put(project, shop(), **changes)
    done = run_captured(project, "normalize", "airline")
    assert done.returncode == 1
    one_error_line(done.stderr, *words)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("", ["'promo' has no value"]),
        ([f"t{n}" for n in range(COUNT)], ["120 different texts"]),
    ],
)
def test_columns_of_no_use(project: Path, column: object, words: list[str]) -> None:
    put(project, shop().assign(promo=column), data__known=["promo"])
    done = run_captured(project, "normalize", "airline")
    assert done.returncode == 1
    one_error_line(done.stderr, *words)


def test_a_rest_without_a_logarithm(project: Path) -> None:
    put(project, broken(shop()))
    done = run_captured(project, "normalize", "airline")
    assert done.returncode == 1
    words = ["without the effect of its covariates, which has no logarithm", "minmax or standard"]
    one_error_line(done.stderr, *words)
