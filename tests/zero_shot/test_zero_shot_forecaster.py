"""Forecasts of any series: finite, ascending, in the units of the series."""

import numpy as np
import pytest
from toys import zero_shot_network

from rnnlab.features.context import context_length, max_horizon
from rnnlab.features.extraction import extract_features
from rnnlab.zero_shot import answers
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES

NETWORK = zero_shot_network(1)
PERIODS = [1, 2, 4, 5, 7, 12, 17, 24, 48, 52, 96, 168, 260, 365, 366]


def season(period: int, length: int = 60, seed: int = 0) -> np.ndarray:
    rng, time = np.random.default_rng(seed), np.arange(length)
    wave = np.sin(2 * np.pi * time / max(period, 3))
    return 20 + 0.1 * time + 3 * wave + rng.standard_normal(length)


def forecast(y: np.ndarray, period: int = 12, horizon: int = 15) -> np.ndarray:
    [found] = forecast_quantiles(NETWORK, [y], period, horizon)
    return found


def check(found: np.ndarray, horizon: int) -> None:
    assert found.shape == (horizon, len(QUANTILES))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("length", [1, 2, 3, 60, 2000])
def test_any_period_and_length(period: int, length: int) -> None:
    check(forecast(season(period, length), period, 5), 5)


@pytest.mark.parametrize("horizon", [1, 64, 65, 200, 300])
@pytest.mark.parametrize("period", [1, 12, 100])
def test_any_horizon(period: int, horizon: int) -> None:
    y = season(period, 250)
    found = forecast(y, period, horizon)
    check(found, horizon)
    # steps within reach do not depend on how many more are asked for
    direct = min(horizon, max_horizon(period))
    np.testing.assert_allclose(found[:direct], forecast(y, period, direct), rtol=1e-5)


ODD = {
    "one value": [5.0],
    "two values": [5.0, 6.0],
    "zeros": [0.0] * 40,
    "one zero": [0.0],
    "constant": [7.5] * 40,
    "negative": -season(12),
    "both signs": season(12) - 22,
    "huge": 1e12 * season(12),
    "tiny": 1e-12 * season(12),
    "huge beside tiny": [1e-9] * 30 + [1e9] * 5,
    "one spike": [1.0] * 30 + [1e6] + [1.0] * 5,
    "rare counts": [0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0] * 3,
    "integers": range(50),
    "alternating": [0, 1] * 30,
    "gap": [*season(12)[:20], *[np.nan] * 15, *season(12)[35:]],
    "gaps": np.where(np.arange(60) % 3 == 0, season(12), np.nan),
    "leading gap": [*[np.nan] * 30, *season(12)[:20]],
    "trailing gap": [*season(12)[:40], *[np.nan] * 10],
    "trailing gap of a year": [*season(12)[:40], *[np.nan] * 14],
    "one value and a gap": [3.0, *[np.nan] * 10],
    "a gap longer than the context": [*season(12)[:40], *[np.nan] * 1500],
    "infinite value": [*season(12)[:30], np.inf, *season(12)[31:]],
}


@pytest.mark.parametrize("period", [1, 4, 12, 52])
@pytest.mark.parametrize("name", ODD)
def test_odd_histories(name: str, period: int) -> None:
    y = np.asarray(ODD[name], dtype=float)
    found = forecast(y, period, 15)
    check(found, 15)
    known = y[np.isfinite(y)]
    if known.min() >= 0:
        assert found.min() >= 0


@pytest.mark.parametrize("name", ["gap", "both signs", "rare counts", "constant", "trailing gap"])
@pytest.mark.parametrize("factor", [10.0, 1e-6, 1e8])
def test_another_unit_scales_the_forecast(name: str, factor: float) -> None:
    # thirds, since whole numbers have whole forecasts in one unit alone
    y = np.asarray(ODD[name], dtype=float) / 3
    a, b = forecast(y), forecast(factor * y)
    np.testing.assert_allclose(b, factor * a, rtol=1e-4, atol=1e-5 * factor * np.nanmax(np.abs(y)))


def test_series_do_not_depend_on_those_beside_them() -> None:
    """Of any length: batches are as wide as their longest."""
    many = [season(12, length, seed) for seed, length in enumerate([9, 200, 33, 2, 90])]
    together = forecast_quantiles(NETWORK, many, 12, 20)
    for y, found in zip(many, together, strict=True):
        np.testing.assert_allclose(found, forecast(y, 12, 20), rtol=1e-4, atol=1e-4)


def test_values_before_the_context_change_nothing() -> None:
    y = season(12, 900)
    changed = y.copy()
    changed[: -context_length(12)] = 1e6
    np.testing.assert_array_equal(forecast(y), forecast(changed))


def test_no_series_no_forecast() -> None:
    assert forecast_quantiles(NETWORK, [], 12, 4).shape == (0, 4, len(QUANTILES))


def test_histories_are_left_as_they_were() -> None:
    y = np.asarray(ODD["gaps"], dtype=float)
    kept = y.copy()
    forecast(y)
    np.testing.assert_array_equal(y, kept)


@pytest.mark.parametrize(
    ("period", "factor"), [(1, answers.STRETCH[1]), (12, answers.STRETCH_OTHERS)]
)
def test_intervals_are_stretched_about_the_median(period: int, factor: float) -> None:
    features = extract_features(season(period)[None] - 100, period, np.arange(1, 4))
    output = np.tile(np.linspace(-2, 3, len(QUANTILES)), (1, 3, 1))
    found = (answers.in_units(features, output, period) - features.base[..., None]) / (
        features.unit[0]
    )
    middle = output[0, 0, 5]
    assert np.allclose(found[..., 5], middle)
    assert np.allclose(found[..., 9] - middle, factor * (output[..., 9] - middle))
    assert np.allclose(middle - found[..., 1], factor * (middle - output[..., 1]))
