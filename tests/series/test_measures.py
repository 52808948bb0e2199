"""Measures of forecasts: by hand, and against utilsforecast."""

import numpy as np
import pandas as pd
import pytest
from utilsforecast import losses

from rnnlab.series.measures import (
    coverage,
    interval_score,
    measure,
    overall_weighted_average,
    seasonal_naive_error,
)


def with_bounds(seed: int) -> pd.DataFrame:
    """A series of 40 steps in the format of utilsforecast; a few values lie outside the bounds."""
    random = np.random.default_rng(seed)
    y = 50 + np.arange(40) + random.normal(0, 5, 40)
    forecast = y + random.normal(0, 3, 40)
    columns = {"unique_id": "a", "ds": np.arange(40), "y": y, "model": forecast}
    return pd.DataFrame(columns | {"model-lo-95": forecast - 3, "model-hi-95": forecast + 4})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("period", [1, 7])
def test_measures_agree_with_utilsforecast(seed: int, period: int) -> None:
    table = with_bounds(seed)
    train, test = table.head(28), table.tail(12)
    models = ["model"]
    expected = {
        "mae": losses.mae(test, models),
        "rmse": losses.rmse(test, models),
        # there mape and smape are shares, and smape lacks the factor 2
        "mape": 100 * losses.mape(test, models)[models],
        "smape": 200 * losses.smape(test, models)[models],
        "mase": losses.mase(test, models, period, train),
    }
    scale = seasonal_naive_error(train["y"].to_numpy(), period)
    found = measure(test["y"].to_numpy(), test["model"].to_numpy(), scale)
    assert found == pytest.approx({name: each["model"].item() for name, each in expected.items()})


@pytest.mark.parametrize("seed", range(3))
def test_interval_measures_agree_with_utilsforecast(seed: int) -> None:
    table = with_bounds(seed)
    y, low, high = (table[key].to_numpy() for key in ("y", "model-lo-95", "model-hi-95"))
    share = losses.coverage(table, ["model"], 95)["model"].item()
    assert 0 < share < 1
    assert coverage(y, low, high) == pytest.approx(100 * share)
    score = losses.winkler_score(table, ["model"], 95)["model"].item()
    assert interval_score(y, low, high, 2.5, 0.95) == pytest.approx(score / 2.5)


def test_signs_do_not_cancel() -> None:
    assert measure(np.array([-10.0, 10.0]), np.array([-5.0, 5.0]), 1.0)["mape"] == 50


def test_zeros_make_only_mape_undefined() -> None:
    found = measure(np.array([0.0, 2.0]), np.array([0.0, 1.0]), 1.0)
    assert np.isnan(found["mape"])
    assert found["smape"] == pytest.approx(200 / 3 / 2)
    assert found["mae"] == 0.5


@pytest.mark.filterwarnings("error")
def test_an_infinite_forecast_is_measured_without_a_warning() -> None:
    """last_growth is infinite after a zero; numpy must not warn on the user's stderr."""
    found = measure(np.array([1.0, 2.0]), np.array([np.inf, 2.0]), 1.0)
    assert found["mae"] == np.inf
    bounds = np.array([np.inf, 2.0])
    assert np.isnan(interval_score(np.array([1.0, 2.0]), bounds, bounds, 1.0, 0.95))


def test_scale_of_a_part_shorter_than_the_period_uses_the_naive_forecast() -> None:
    training = np.array([1.0, 5.0, 2.0])
    assert seasonal_naive_error(training, 12) == seasonal_naive_error(training, 1)


def test_scale_of_a_series_that_repeats_exactly_is_undefined() -> None:
    assert np.isnan(seasonal_naive_error(np.tile([1.0, 2.0], 5), 2))


def test_measures_of_empty_arrays_are_undefined() -> None:
    none = np.zeros(0)
    assert set(measure(none, none, 1.0)) == {"mae", "rmse", "mape", "smape", "mase"}
    assert all(np.isnan(value) for value in measure(none, none, 1.0).values())
    assert np.isnan(coverage(none, none, none))
    assert np.isnan(interval_score(none, none, none, 1.0, 0.95))


def test_coverage_by_hand() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0])
    low, high = np.array([1.0, 2.5, 0.0, 0.0]), np.array([2.0, 3.0, 3.0, 3.9])
    assert coverage(y, low, high) == 50  # bounds are inside the interval


def test_the_interval_score_by_hand() -> None:
    """M4's formula: the width plus 2 / 0.05 times the distance outside, over the scale of MASE."""
    y = np.array([10.0, 4.0, 25.0])
    low, high = np.array([8.0, 5.0, 20.0]), np.array([12.0, 9.0, 22.0])
    expected = (4 + (4 + 40 * 1) + (2 + 40 * 3)) / 3 / 5
    assert interval_score(y, low, high, 5.0, 0.95) == pytest.approx(expected)
    at_80 = (4 + (4 + 10 * 1) + (2 + 10 * 3)) / 3 / 5
    assert interval_score(y, low, high, 5.0, 0.80) == pytest.approx(at_80)


def test_overall_weighted_average_by_hand() -> None:
    # published in M4 for ES-RNN and Naive2 on the hourly series
    reference = {"smape": 18.383, "mase": 2.395}
    assert overall_weighted_average(9.328, 0.893, reference) == pytest.approx(0.440, abs=5e-4)
    assert overall_weighted_average(18.383, 2.395, reference) == 1
