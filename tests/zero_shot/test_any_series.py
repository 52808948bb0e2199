"""Series that the network alone does not know: long seasons and horizons, odd kinds of values."""

import numpy as np
import pytest

from rnnlab.core.errors import InputError
from rnnlab.zero_shot.extension import MEDIAN
from rnnlab.zero_shot.forecaster import (
    MAX_PERIOD,
    at_levels,
    forecast_quantiles,
    mean_cycle,
    steps_at_once,
)
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.pretrained import ZeroShot
from rnnlab.zero_shot.storage import read_zero_shot


@pytest.fixture(scope="module")
def network() -> ZeroShotNetwork:
    return read_zero_shot()


def waves(length: int, period: int, noise: float = 1.0) -> np.ndarray:
    errors = np.random.default_rng(0).normal(size=length)
    return 50 + 10 * np.sin(2 * np.pi * np.arange(length) / period) + noise * errors


@pytest.mark.parametrize(("period", "length"), [(1440, 4 * 1440), (400, 3 * 400 + 37)])
def test_a_season_longer_than_the_network_knows_is_forecast(
    network: ZeroShotNetwork, period: int, length: int
) -> None:
    """A whole period ahead: the season does not stop with the steps of the network."""
    y = waves(length + period, period, 0.5)
    median = forecast_quantiles(network, [y[:length]], period, period)[0, :, MEDIAN]
    assert np.abs(median - waves(length + period, period, 0)[length:]).mean() < 1


@pytest.mark.parametrize("period", [1, 12, MAX_PERIOD + 34])
def test_beyond_the_networks_reach_intervals_widen(network: ZeroShotNetwork, period: int) -> None:
    """Also where the season is longer than any that the network knows."""
    found = forecast_quantiles(network, [1000 + waves(130, 12)], period, 300)[0]
    reach = steps_at_once(period)
    assert reach == 64
    assert found[:, MEDIAN].min() > 1000
    assert found[:, MEDIAN].max() < 1100
    for bound in (0, 1, 9, 10):
        width = np.abs(found[:, bound] - found[:, MEDIAN])
        assert width[reach:].min() >= width[reach - 1] > 0
        assert width[299] > 1.5 * width[reach]
    if period == 12:
        np.testing.assert_array_equal(found[64:, MEDIAN], found[52:-12, MEDIAN])


def test_a_cycle_begins_with_the_first_value() -> None:
    y = np.resize([1.0, 2.0, 6.0], 11)
    np.testing.assert_allclose(mean_cycle(y, 3), [-2, -1, 3])
    y[4] = np.nan
    np.testing.assert_allclose(mean_cycle(y, 3), [-2, -1, 3])
    np.testing.assert_array_equal(mean_cycle(y[:5], 3), np.zeros(3))


@pytest.mark.parametrize(
    ("level", "slope"), [(1e6, -10.0), (1e6, 10.0), (-1e9, 100.0), (1e13, 2.0)]
)
def test_a_series_that_changes_little_goes_on(
    network: ZeroShotNetwork, level: float, slope: float
) -> None:
    """Its trend, inside of its intervals, and no bound is held at a value of the past."""
    step = np.arange(160)
    y = level + slope * step
    found = forecast_quantiles(network, [y[:60]], 12, 100)[0]
    low, high = found[:, 0], found[:, -1]
    reach = steps_at_once(12)
    assert ((low <= y[60:]) & (y[60:] <= high))[:reach].all()
    behind = low if slope < 0 else high
    # ever further, one bound a season after the other
    assert (slope * (behind[12:] - behind[:-12]) > 0).all()


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_whole_numbers_have_whole_quantiles(network: ZeroShotNetwork, dtype: type) -> None:
    rare = np.random.default_rng(0).poisson(0.4, 60).astype(dtype)
    found = ZeroShot().quantiles([rare, rare + 0.5, np.where(rare > 2, np.nan, rare)], 12, 14)
    for whole in (found[0], found[2]):
        np.testing.assert_array_equal(whole, np.rint(whole))
        assert whole.min() >= 0
        assert len(np.unique(whole)) > 1
    assert (found[1] != np.rint(found[1])).any()


@pytest.mark.parametrize(("period", "count"), [(12, 90), (7, 800)])
def test_rare_sales_are_forecast_in_packs(period: int, count: int) -> None:
    """A pack of 12 that sells as one piece does is forecast as that is; the longer have a year."""
    pieces = np.random.default_rng(4).poisson(0.4, (6, count))
    expected = ZeroShot().quantiles([*pieces], period, 14)
    found = ZeroShot().quantiles([*(12 * pieces)], period, 14)
    np.testing.assert_array_equal(found % 12, 0)
    # a number on the edge may go to either side
    assert (found == 12 * expected).mean() > 0.999
    assert len(np.unique(found)) > 2


def test_quantiles_at_any_level() -> None:
    quantiles = np.random.default_rng(0).random((3, 4, len(QUANTILES))).cumsum(axis=2)
    np.testing.assert_allclose(at_levels(quantiles, QUANTILES), quantiles)
    between = at_levels(quantiles, [0.85, 0.5])
    assert between.shape == (3, 4, 2)
    assert (quantiles[:, :, 8] < between[:, :, 0]).all()
    assert (between[:, :, 0] < quantiles[:, :, 9]).all()
    np.testing.assert_allclose(between[:, :, 1], quantiles[:, :, MEDIAN])


@pytest.mark.parametrize(
    ("histories", "period", "horizon", "levels", "words"),
    [
        ([[1.0, 2.0]], 0, 3, [0.5], "period 0, horizon 3: write 1 or more"),
        ([[1.0, 2.0]], 1, 0, [0.5], "period 1, horizon 0: write 1 or more"),
        ([[1.0, 2.0]], 1, 3, [0.99], "quantile 0.99: write 0.025 to 0.975"),
        ([[1.0], [np.nan]], 1, 3, [0.5], "history 1: write an array"),
        ([[[1.0]]], 1, 3, [0.5], "history 0: write an array"),
    ],
)
def test_bad_arrays_are_named(
    histories: list, period: int, horizon: int, levels: list[float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        ZeroShot().quantiles(histories, period, horizon, levels)
