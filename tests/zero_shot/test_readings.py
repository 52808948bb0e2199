"""Two seasons at once: profiles, readings of a series, and their weights from its own past."""

import numpy as np
import pytest
from oracles import panel_of

import rnnlab
from rnnlab.forecasting.methods import zero_shot_method
from rnnlab.series.origins import Request
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.profiles import seasonal_profile
from rnnlab.zero_shot.readings import forecast_series, readings_of, weights_of
from rnnlab.zero_shot.storage import read_zero_shot

YEAR, AHEAD = 365.25, 30


@pytest.fixture(scope="module")
def network() -> ZeroShotNetwork:
    return read_zero_shot()


def yearly(days: np.ndarray) -> np.ndarray:
    """A hill in spring and a peak of three weeks in autumn."""
    day = days % YEAR
    return np.exp(-(((day - 110) / 40) ** 2)) + 2 * np.exp(-(((day - 280) / 10) ** 2))


def daily(count: int, seed: int = 0) -> np.ndarray:
    """Weeks and years, with noise."""
    days, rng = np.arange(count), np.random.default_rng(seed)
    weekly = np.where(days % 7 >= 5, -1.0, 0.0)
    return 20 + 3 * yearly(days) + weekly + 0.3 * rng.standard_normal(count)


def error(quantiles: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(quantiles[..., MEDIAN] - truth).mean())


def test_the_profile_is_the_season_and_goes_on() -> None:
    y, truth = daily(1700), 3 * yearly(np.arange(1800))
    y[500:540] = np.nan
    past, ahead = seasonal_profile(y, YEAR, 100)
    found = np.concatenate([past, ahead])
    wrong = np.abs(found - found.mean() - truth + truth.mean())
    assert (len(past), len(ahead)) == (1700, 100)
    assert wrong.mean() < 0.15
    assert wrong.max() < 1.0 < truth.max() / 5


def test_what_does_not_repeat_has_no_profile() -> None:
    """A drawn walk has a mean year like any series; it says nothing of the next one."""
    kept = []
    for seed in range(10):
        walk = np.random.default_rng(seed).standard_normal(1200).cumsum()
        past, _ = seasonal_profile(walk, YEAR, 1)
        kept.append(past.std() / walk.std())
    assert np.mean(kept) < 0.2
    nothing, ahead = seasonal_profile(daily(700), YEAR, 3)
    assert not nothing.any()
    assert not ahead.any()


def test_a_year_beside_a_week_is_found(network: ZeroShotNetwork) -> None:
    stops = np.arange(1250, 1450, 21)
    histories = [daily(1500)[:stop] for stop in stops]
    truth = np.array([daily(1500)[stop : stop + AHEAD] for stop in stops])
    one = error(forecast_quantiles(network, histories, 7, AHEAD), truth[:, :AHEAD])
    two = error(forecast_series(network, histories, 7, AHEAD), truth)
    assert two < 0.8 * one


def test_walks_are_forecast_as_without_a_second_season(network: ZeroShotNetwork) -> None:
    walks = np.random.default_rng(1).standard_normal((40, 1000 + AHEAD)).cumsum(axis=1)
    histories, truth = list(walks[:, :1000]), walks[:, 1000:]
    one = error(forecast_quantiles(network, histories, 7, AHEAD), truth)
    assert error(forecast_series(network, histories, 7, AHEAD), truth) < 1.03 * one


@pytest.mark.parametrize(("period", "count"), [(7, 790), (24, 400), (12, 900), (52, 900)])
def test_series_without_a_second_season_are_read_once(
    network: ZeroShotNetwork, period: int, count: int
) -> None:
    histories = [daily(count), daily(count, 1)[:-9]]
    found = forecast_series(network, histories, period, AHEAD)
    np.testing.assert_array_equal(found, forecast_quantiles(network, histories, period, AHEAD))


def test_readings_are_weighed_by_the_past_alone(network: ZeroShotNetwork) -> None:
    """Values after the end of the fit and of the history change nothing."""
    y = daily(1400)
    later = y.copy()
    later[1300:] = 1000 * np.random.default_rng(2).random(100)
    ends, request = np.array([1200]), Request(np.array([0, 0]), np.array([1200, 1300]), AHEAD)
    one, other = (
        zero_shot_method(network)(panel_of(each, period=7), ends, [request])[0]
        for each in (y, later)
    )
    np.testing.assert_array_equal(one, other)
    # and they would: the same check sees the values before
    later[1100:1200] = later[1300:]
    [changed] = zero_shot_method(network)(panel_of(later, period=7), ends, [request])
    assert (changed != one).all(axis=(1, 2)).all()


def test_a_series_weighs_its_readings_alone(network: ZeroShotNetwork) -> None:
    walk = np.random.default_rng(3).standard_normal(1300).cumsum()
    histories = [daily(1400), daily(500), walk]
    readings = readings_of(7, YEAR)
    weights = weights_of(network, histories, readings, AHEAD)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights[1].tolist() == [1, 0, 0, 0, 0]
    assert weights[0, 2:].sum() > 0.9 > weights[2, 2:].sum()
    alone = [weights_of(network, [each], readings, AHEAD)[0] for each in histories]
    np.testing.assert_allclose(weights, alone, atol=1e-3)


def test_odd_values_are_forecast_by_two_seasons_as_by_one(network: ZeroShotNetwork) -> None:
    whole = np.rint(daily(1300))
    rare = np.where(np.arange(1300) % 50 == 0, 3.0, 0.0)
    gaps = np.where(np.arange(1300) % 400 > 300, np.nan, daily(1300))
    late = np.where(np.arange(1300) < 1250, np.nan, daily(1300))
    histories = [whole, rare, gaps, late, np.full(1300, 4.5), whole - 21]
    found = forecast_series(network, histories, 7, AHEAD)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=2) >= 0).all()
    assert (found[[0, 5]] == np.rint(found[[0, 5]])).all()
    assert found[:5].min() >= 0
    assert (found[4] == 4.5).all()


def test_a_person_names_two_seasons(network: ZeroShotNetwork) -> None:
    y = daily(900)
    expected = forecast_series(network, [y], 7, AHEAD, 30)
    assert (expected != forecast_quantiles(network, [y], 7, AHEAD)).any()
    for period in ([7, 30], (30, 7)):
        found = rnnlab.ZeroShot().quantiles([y], period, AHEAD, QUANTILES)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    table = rnnlab.forecast([y], AHEAD, period=[7, 30])
    assert len(table) == AHEAD
    for faulty in ([7, 7], [7, 30, 365], [7, 0], [7.5], []):
        with pytest.raises(rnnlab.InputError, match="write"):
            rnnlab.ZeroShot().quantiles([y], faulty, 1)  # type: ignore[arg-type]
    for faulty in ([7, 7], [7, 30, 365], [7, 0], [7.5]):
        with pytest.raises(rnnlab.InputError, match="period"):
            rnnlab.forecast([y], 1, period=faulty)  # type: ignore[arg-type]
