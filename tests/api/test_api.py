"""The public functions: arguments, notes, errors, and what they leave alone."""

import doctest
import re
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import ROOT, small_environment

import rnnlab
from rnnlab import api
from rnnlab.zero_shot import pretrained

MONTHS = pd.date_range("2015-01-01", periods=72, freq="MS")
NOISE = np.random.default_rng(0).normal(size=72)
SERIES = pd.Series(50 + 10 * np.sin(np.arange(72) * np.pi / 6) + NOISE, MONTHS, name="sold")
ARRAYS = [SERIES.to_numpy()[:n] for n in (30, 72)] * 20


def forecast_arrays(_: int) -> pd.DataFrame:
    return rnnlab.forecast(ARRAYS, 12, period=12)


def test_levels_quantiles_and_a_mean() -> None:
    found = rnnlab.forecast(SERIES, 5, levels=[50, 95.0], mean=True)
    assert found.columns[2:].tolist() == [
        *["forecast", "mean", "low_50", "high_50", "low_95", "high_95"]
    ]
    other = rnnlab.forecast(SERIES, 5, quantiles=(0.025, 0.25, 0.5, 0.975))
    assert other.columns[2:].tolist() == ["forecast", "q0.025", "q0.25", "q0.5", "q0.975"]
    same = {"q0.025": "low_95", "q0.25": "low_50", "q0.5": "forecast", "q0.975": "high_95"}
    for quantile, bound in same.items():
        np.testing.assert_allclose(other[quantile], found[bound])
    assert rnnlab.forecast(SERIES, 5, levels=[]).columns.tolist() == ["unique_id", "ds", "forecast"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": [99]}, "levels: 99 is out of range; write above 0 to 95, in per cent"),
        ({"levels": [0]}, "levels: 0 is out of range"),
        ({"levels": [0.8]}, "levels: 0.8 is a share; write per cent, 80"),
        ({"levels": 80}, "levels=80: write a sequence"),
        ({"quantiles": [0.01]}, "quantiles: 0.01 is out of range; write 0.025 to 0.975"),
        ({"quantiles": ["a"]}, "quantiles: 'a' is not a number"),
        ({"quantiles": [0.5], "levels": [80]}, "levels and quantiles are both given"),
        ({"horizon": 0}, "horizon=0: write a whole number, 1 or more"),
        ({"horizon": 1.5}, "horizon=1.5: write a whole number"),
        ({"horizon": 10**6}, "horizon=1000000: write 1 to 10000"),
        ({"period": -1}, "period=-1: write a whole number"),
        ({"time": "x"}, "has no column 'x'"),
        ({"read": {"dates": "x"}}, 'read={"dates": "x"}: write'),
    ],
    ids=str,
)
def test_bad_arguments_are_said_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(rnnlab.InputError) as caught:
        rnnlab.forecast(SERIES.rename_axis("ds").reset_index(), **arguments)
    assert message in str(caught.value)
    assert "--" not in str(caught.value)


def test_guesses_are_warnings_at_the_line_that_asked() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rnnlab.forecast(SERIES.to_numpy())
    [warning] = caught
    assert warning.category is rnnlab.InputWarning
    assert warning.filename == __file__
    message = str(warning.message)
    assert re.fullmatch(r"arrays: period \d+ from the values \(guessed; else period=\)", message)
    with warnings.catch_warnings():
        warnings.simplefilter("error", rnnlab.InputWarning)
        rnnlab.forecast(SERIES)


def test_series_without_a_forecast_are_named() -> None:
    uneven = [*MONTHS[:71], MONTHS[0]]
    table = pd.concat(
        [
            pd.DataFrame({"unique_id": "good", "ds": MONTHS, "y": SERIES.to_numpy()}),
            pd.DataFrame({"unique_id": "bad", "ds": uneven, "y": SERIES.to_numpy()}),
        ]
    )
    with pytest.warns(rnnlab.InputWarning, match="left out: series 'bad' has 2015-01-01 twice"):
        found = rnnlab.forecast(table, 2)
    assert set(found["unique_id"]) == {"good"}


def test_a_backtest_has_errors_and_forecasts_of_known_values() -> None:
    table = pd.DataFrame({"shop": [7] * 72, "day": MONTHS.tz_localize("UTC"), "y": SERIES.values})
    found = rnnlab.backtest(table, horizon=6, windows=2, id="shop")
    assert found.forecasts["day"].tolist() == table["day"].iloc[-12:].tolist()
    assert found.forecasts["cutoff"].tolist() == [
        *[table["day"].iloc[59]] * 6,
        *[table["day"].iloc[65]] * 6,
    ]
    np.testing.assert_array_equal(found.forecasts["y"], SERIES.iloc[-12:])
    earlier = rnnlab.forecast(table.iloc[:66], 6, id="shop")
    np.testing.assert_allclose(found.forecasts["forecast"].iloc[6:], earlier["forecast"])
    assert found.errors["shop"].dtype == np.int64
    errors = found.errors.set_index("method")
    difference = (found.forecasts["forecast"] - found.forecasts["y"]).abs().mean()
    scale = SERIES.iloc[:60].diff(12).abs().mean()
    assert errors.loc["combination", "mase"] == pytest.approx(difference / scale)
    with pytest.raises(rnnlab.InputError, match="needs 102 or more"):
        rnnlab.backtest(SERIES, horizon=99)
    with pytest.raises(rnnlab.InputError, match="windows=0"):
        rnnlab.backtest(SERIES, windows=0)


@pytest.mark.parametrize("kind", ["series", "periods", "arrays", "years", "zone", "quantiles"])
def test_a_plot_shows_the_forecast_after_the_past(kind: str) -> None:
    hours = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Berlin")
    data = {
        "periods": SERIES.to_period("M"),
        "arrays": [SERIES.to_numpy(), SERIES.to_numpy() * 2],
        "years": pd.DataFrame({"year": np.arange(1950, 2022), "y": SERIES.to_numpy()}),
        "zone": pd.Series(SERIES.to_numpy(), hours),
    }.get(kind, SERIES)
    more = {"quantiles": (0.1, 0.5, 0.9)} if kind == "quantiles" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rnnlab.InputWarning)
        found = rnnlab.forecast(data, 6, **more)
    figure = rnnlab.plot(data, found)
    assert len(figure.axes) == (2 if kind == "arrays" else 1)
    truth, ahead = figure.axes[0].get_lines()
    assert len(ahead.get_xdata()) == 7
    assert truth.get_xdata()[-1] == ahead.get_xdata()[0]
    np.testing.assert_array_equal(ahead.get_ydata()[1:], found["forecast"].iloc[:6])
    assert len(figure.axes[0].collections) == (1 if kind == "quantiles" else 2)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_plot_of_later_values_lays_the_forecast_over_them() -> None:
    figure = rnnlab.plot(SERIES, rnnlab.forecast(SERIES.iloc[:-6], 6))
    truth, ahead = figure.axes[0].get_lines()
    assert ahead.get_xdata()[-1] == truth.get_xdata()[-1]
    assert ahead.get_ydata()[0] == SERIES.iloc[-7]


def test_a_plot_shows_the_series_that_are_named() -> None:
    found = rnnlab.forecast(ARRAYS, 3, period=12)
    assert len(rnnlab.plot(ARRAYS, found).axes) == 6
    assert [ax.get_ylabel() for ax in rnnlab.plot(ARRAYS, found, ids=[9, 2]).axes] == ["9", "2"]
    with pytest.raises(rnnlab.InputError, match="no series '99' in common"):
        rnnlab.plot(ARRAYS, found, ids=[99])
    with pytest.raises(rnnlab.InputError, match="no column 'forecast'"):
        rnnlab.plot(ARRAYS, found.drop(columns="forecast"))


def test_the_network_alone_forecasts_arrays() -> None:
    found = rnnlab.ZeroShot().quantiles(ARRAYS[:2], period=12, horizon=24, levels=[0.1, 0.5, 0.9])
    assert found.shape == (2, 24, 3)
    assert (np.diff(found, axis=2) >= 0).all()
    assert rnnlab.ZeroShot().network is rnnlab.ZeroShot().network
    for arguments in ({"levels": [0.01]}, {"period": 0}, {"horizon": 0}):
        with pytest.raises(rnnlab.InputError, match="write"):
            rnnlab.ZeroShot().quantiles(
                **{"histories": ARRAYS, "period": 1, "horizon": 1} | arguments
            )


def test_an_import_changes_nothing_and_brings_nothing() -> None:
    code = """
import gc, os, sys, time
before = sys.excepthook, gc.get_threshold(), dict(os.environ)
begin = time.perf_counter()
import rnnlab
took = time.perf_counter() - begin
assert before == (sys.excepthook, gc.get_threshold(), dict(os.environ))
assert not {"torch", "numpy", "pandas", "pyarrow"} & set(sys.modules), sys.modules
assert set(rnnlab.__all__) <= set(dir(rnnlab))
before = sys.excepthook, gc.get_threshold(), dict(os.environ)
assert callable(rnnlab.forecast)
assert before == (sys.excepthook, gc.get_threshold(), dict(os.environ))
print(took)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=small_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.1
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rnnlab.nothing  # noqa: B018


def settings() -> tuple:
    return (
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        # a denormal number that would be flushed to zero
        float(torch.tensor([1e-40]) * 1),
    )


def test_a_forecast_prints_nothing_and_changes_no_setting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, state = settings(), torch.get_rng_state()
    forecast_arrays(0)
    rnnlab.backtest(SERIES, 6)
    assert settings() == before
    assert torch.equal(torch.get_rng_state(), state)
    assert capsys.readouterr() == ("", "")


def test_threads_and_processes_give_the_same_numbers() -> None:
    wanted = forecast_arrays(0)
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        for found in pool.map(forecast_arrays, range(2), timeout=60):
            pd.testing.assert_frame_equal(found, wanted)
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(forecast_arrays, range(6)):
            pd.testing.assert_frame_equal(found, wanted)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pd.testing.assert_frame_equal(pool.submit(forecast_arrays, 0).result(120), wanted)


@pytest.mark.parametrize("module", [api, pretrained])
def test_examples_run(module: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rnnlab.InputWarning)
        found = doctest.testmod(module)
    assert found.attempted >= 3
    assert found.failed == 0


def test_the_page_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    blocks = [part.split("```")[0] for part in text.split("```python\n")[1:]]
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rnnlab.InputWarning)
        for block in blocks:
            exec(compile(block, "docs/python.md", "exec"), names)
    assert len(blocks) >= 5
    assert (tmp_path / "sales.png").stat().st_size > 10_000
