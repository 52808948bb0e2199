"""What synthetic series are made of: each component as its docstring describes it."""

import numpy as np
import pytest

from rnnlab.synthetic import components as c

YEAR = np.full((400, 1), 12.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_first_order_is_the_recursion() -> None:
    shock, memory = rng().standard_normal((3, 50)), np.array([[0.0], [0.5], [0.9]])
    x = np.zeros(3)
    expected = []
    for step in shock.T:
        x = memory[:, 0] * x + step
        expected.append(x)
    assert np.allclose(c.first_order(shock, memory), np.array(expected).T)


def test_log_uniform_is_uniform_in_its_logarithm() -> None:
    values = c.log_uniform(rng(), 0.01, 100, 20_000)
    assert values.min() >= 0.01
    assert values.max() <= 100
    assert np.allclose(np.quantile(np.log10(values), [0.25, 0.5, 0.75]), [-1, 0, 1], atol=0.05)


def test_shocks_are_of_unit_scale_and_some_have_heavy_tails() -> None:
    values = c.shocks(rng(), 2000, 100)
    assert np.median(np.abs(values)) == pytest.approx(0.6745, abs=0.05)
    assert (np.abs(values) > 6).any(axis=1).mean() > 0.1


def test_random_walk_moves_by_about_one_and_sometimes_rarely() -> None:
    moves = np.diff(c.random_walk(rng(), 2000, 60), axis=1)
    assert np.median(moves.std(axis=1)) == pytest.approx(1, abs=0.2)
    assert 0.15 < ((moves == 0).mean(axis=1) > 0.5).mean() < 0.3


def test_steady_trends_are_steadier_than_changing_ones() -> None:
    def bend(shares: tuple[float, ...]) -> float:
        trend = c.trend(rng(), 400, 120, YEAR, shares)
        first, last = trend[:, 59] - trend[:, 0], trend[:, 119] - trend[:, 60]
        return float(np.median(np.abs(last - first) / (np.abs(first) + np.abs(last))))

    assert bend(c.STEADY) < 0.01 < 0.1 < bend(c.CHANGING)


def test_more_trends_go_up_than_down() -> None:
    trend = c.trend(rng(), 400, 120, YEAR)
    assert 0.55 < (trend[:, -1] > trend[:, 0]).mean() < 0.8


@pytest.mark.parametrize("period", [2, 3, 4, 7, 12, 24, 52, 366])
def test_profiles_have_zero_mean_and_unit_size(period: int) -> None:
    profiles = c.profiles(rng(), 200, period)
    assert profiles.shape == (200, period)
    assert np.allclose(profiles.mean(axis=1), 0)
    size = np.sqrt((profiles**2).mean(axis=1))
    # a peak that is narrower than a step may miss all of them
    assert size.max() < 1.0001
    assert np.isclose(size, 1, atol=1e-4).mean() > 0.8


@pytest.mark.parametrize("period", [4, 12, 52])
def test_some_seasons_repeat_exactly_and_others_change(period: int) -> None:
    season = c.season(rng(), 300, 3 * period, period)
    change = np.abs(season[:, period:] - season[:, :-period]).max(axis=1)
    assert 0.2 < (change < 1e-9).mean() < 0.5
    assert (change > 0.05).any()


def test_a_period_of_one_has_no_season() -> None:
    assert not c.season(rng(), 5, 20, 1).any()


def test_a_cycle_returns_after_2_to_12_years() -> None:
    cycle = c.cycle(rng(), 400, 1200, YEAR)
    spectrum = np.abs(np.fft.rfft(cycle)) ** 2
    length = 1200 / np.maximum(spectrum[:, 1:].argmax(axis=1) + 1, 1)
    assert np.quantile(length, 0.1) > 20
    assert np.quantile(length, 0.9) < 170


def test_a_week_beside_a_day_repeats_after_seven_days() -> None:
    week = c.long_season(rng(), 20, 24 * 21, 24, 168)
    assert np.allclose(week[:, 168:], week[:, :-168])
    assert not np.allclose(week[:, 24:], week[:, :-24])
    other = c.other_days(rng(), 20, 24 * 21, 24, 168)
    whole_days = np.abs(other[0]).reshape(-1, 24).sum(axis=1) > 0
    assert whole_days.mean() < 0.5


def test_spectral_series_have_unit_size_and_any_memory() -> None:
    x = c.spectral(rng(), 400, 200, 12)
    assert np.allclose(x.std(axis=1), 1)
    memory = np.array([np.corrcoef(row[1:], row[:-1])[0, 1] for row in x])
    assert np.quantile(memory, 0.1) < 0.5
    assert np.quantile(memory, 0.9) > 0.95


def test_the_airline_model_is_white_after_its_differences_without_moving_averages() -> None:
    """With theta from -0.3 to 0.98 the first autocorrelation of differences lies in -0.5 to 0.3."""
    x = c.airline_model(rng(), 300, 400, 12)
    differences = np.diff(x[:, 12:] - x[:, :-12], axis=1)
    memory = np.array([np.corrcoef(row[1:], row[:-1])[0, 1] for row in differences])
    assert np.quantile(memory, 0.02) > -0.7
    assert np.quantile(memory, 0.98) < 0.5
    assert np.median(memory) < -0.1
