"""Intervals that fit a panel's past."""

import numpy as np
import pytest

from rnnlab.zero_shot import calibration
from rnnlab.zero_shot.calibration import forecast_panel, panel_stretch, stretch, stretch_factors
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import NORMAL, QUANTILES, ZeroShotNetwork


@pytest.fixture(scope="module")
def network() -> ZeroShotNetwork:
    return ZeroShotNetwork(8, 8).eval()


def normal_quantiles(series: int, steps: int, scale: float) -> np.ndarray:
    return np.broadcast_to(scale * np.array(NORMAL), (series, steps, len(QUANTILES))).copy()


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_stretched_intervals_hold_what_they_say(scale: float) -> None:
    truth = np.random.default_rng(0).standard_normal((2000, 6))
    quantiles = normal_quantiles(2000, 6, scale)
    factors = stretch_factors(quantiles, truth)
    assert factors == pytest.approx(1 / scale, rel=0.08)
    new = np.random.default_rng(1).standard_normal((2000, 6))
    stretched = stretch(quantiles, factors)
    inside = (new >= stretched[..., 1]) & (new <= stretched[..., -2])
    assert inside.mean() == pytest.approx(0.8, abs=0.02)
    assert (np.diff(stretched, axis=2) >= 0).all()
    assert np.array_equal(stretched[..., 5], quantiles[..., 5])


def test_few_series_move_intervals_little() -> None:
    truth = np.random.default_rng(0).standard_normal((2000, 6))
    quantiles = normal_quantiles(2000, 6, 0.25)
    one, many = (stretch_factors(quantiles[:n], truth[:n])[1] for n in (1, 2000))
    assert 1 < one < 1.15
    assert many == pytest.approx(calibration.LARGEST, rel=0.02)


def test_missing_values_and_exact_repeats_do_not_count() -> None:
    quantiles, truth = normal_quantiles(50, 4, 1.0), np.full((50, 4), np.nan)
    assert stretch_factors(quantiles, truth) == pytest.approx(1)
    quantiles[:], truth[:] = 3.0, 3.0
    factors = stretch_factors(quantiles, truth)
    assert np.isfinite(stretch(quantiles, factors)).all()


def test_a_panel_is_judged_by_its_last_horizon_alone(
    network: ZeroShotNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def record(network: ZeroShotNetwork, histories: list, period: int, horizon: int) -> np.ndarray:
        seen.append([len(history) for history in histories])
        return forecast_quantiles(network, histories, period, horizon)

    monkeypatch.setattr(calibration, "forecast_quantiles", record)
    rng = np.random.default_rng(0)
    histories = [rng.standard_normal(length).cumsum() for length in (40, 30, 12)]
    factors = panel_stretch(network, histories, 4, 8)
    # 12 values less 8 are too few for a period of 4
    assert seen == [[32, 22]]
    assert factors.shape == (5,)
    assert (panel_stretch(network, histories[2:], 4, 8) == 1).all()


def test_the_median_stays_and_nothing_falls_below_zero(network: ZeroShotNetwork) -> None:
    rng = np.random.default_rng(0)
    histories = [np.abs(rng.standard_normal(60)) for _ in range(30)]
    alone = forecast_quantiles(network, histories, 12, 12)
    panel = forecast_panel(network, histories, 12, 12)
    assert np.allclose(panel[..., 5], alone[..., 5])
    assert panel.min() >= 0
    assert not np.allclose(panel, alone)
