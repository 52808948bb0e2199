"""The prior as a whole: kinds, units, gaps, lengths, steps."""

import numpy as np
import pytest

from rnnlab.features.context import context_length, max_horizon
from rnnlab.synthetic import prior

PERIODS = [1, 2, 4, 5, 7, 12, 13, 24, 48, 52, 90, 365, 366]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("kind", prior.KINDS)
def test_every_kind_gives_finite_series_of_any_period(kind: str, period: int) -> None:
    """Of any length too: a batch of short histories may have less than a period."""
    for steps in (15, period, 2 * period + 30):
        values = prior.KINDS[kind](rng(), 20, max(steps, 8), period)
        assert values.shape == (20, max(steps, 8))
        assert np.isfinite(values).all()


def test_counts_are_whole_and_not_negative() -> None:
    values = prior.counts(rng(), 200, 60, 12)
    assert (values >= 0).all()
    assert (values == np.round(values)).all()
    assert ((values == 0).mean(axis=1) > 0.5).any()


def test_shares_stay_between_0_and_1() -> None:
    values = prior.bounded(rng(), 200, 60, 12)
    assert values.min() >= 0
    assert values.max() <= 1


def test_walks_are_forecast_best_by_their_last_value() -> None:
    values = prior.walk(rng(), 1000, 120, 12)
    scale = np.abs(np.diff(values[:, :112], axis=1)).mean(axis=1)
    values, scale = values[scale > 0], scale[scale > 0]
    error = np.abs(values[:, 112:] - values[:, 111:112]).mean(axis=1) / scale
    of_season = np.abs(values[:, 112:] - values[:, 100:108]).mean(axis=1) / scale
    of_mean = np.abs(values[:, 112:] - values[:, :112].mean(axis=1, keepdims=True)).mean(axis=1)
    assert np.median(error) < np.median(of_season)
    assert np.median(error) < np.median(of_mean / scale)


def test_series_come_in_any_unit_and_most_are_positive() -> None:
    values = prior.draw_series(rng(), 1000, 60, 12)
    size = np.abs(values).mean(axis=1)
    assert np.quantile(size[size > 0], 0.95) / np.quantile(size[size > 0], 0.05) > 1e4
    assert 0.5 < (values.min(axis=1) > 0).mean() < 0.9
    assert (values.min(axis=1) < 0).mean() > 0.03


def test_outliers_hit_a_fifth_of_the_series_and_leave_signs() -> None:
    values = np.abs(rng().standard_normal((2000, 100))) + 5
    changed = prior.outliers(rng(1), values)
    assert 0.1 < (changed != values).any(axis=1).mean() < 0.25
    assert changed.min() >= 0


def test_mixing_replaces_a_tenth_by_means_of_two() -> None:
    values = np.full((100, 10), 3.0)
    mixed = prior.mix(rng(), values)
    assert np.allclose(mixed[:10], 1)
    assert (mixed[10:] == 3).all()


def test_histories_have_three_values_or_more_and_gaps_leave_two() -> None:
    batches = [prior.draw_batch(rng(seed), 64, 8) for seed in range(30)]
    known = np.concatenate([np.isfinite(b.histories).sum(axis=1) for b in batches])
    assert known.min() >= 2
    assert known.max() > 100
    inside = 0
    for batch in batches:
        seen = np.isfinite(batch.histories)
        begun = np.maximum.accumulate(seen, axis=1)
        inside += (begun & ~seen).any(axis=1).sum()
    assert 0.05 < inside / (64 * 30) < 0.2


@pytest.mark.parametrize("period", PERIODS)
def test_steps_are_distinct_and_within_reach(period: int) -> None:
    for seed in range(20):
        steps = prior.draw_steps(rng(seed), period, 8)
        assert len(steps) == 8
        assert (np.diff(steps) > 0).all()
        assert steps[0] >= 1
        assert steps[-1] <= max_horizon(period)


def test_periods_and_lengths_follow_their_shares() -> None:
    drawn = [prior.draw_period(rng(seed)) for seed in range(2000)]
    assert np.mean([period == 12 for period in drawn]) == pytest.approx(
        prior.PERIODS[12] / sum(prior.PERIODS.values()), abs=0.03
    )
    assert min(drawn) >= 1
    assert max(drawn) <= 366
    assert prior.draw_length(rng(), 12) <= context_length(12)


def test_the_same_generator_draws_the_same_batch() -> None:
    one, two, other = (prior.draw_batch(rng(seed), 16, 8) for seed in (1, 1, 2))
    assert np.array_equal(one.histories, two.histories, equal_nan=True)
    assert np.array_equal(one.futures, two.futures)
    assert not np.array_equal(one.futures, other.futures)


def test_the_future_continues_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """Futures are the values at the drawn steps after the end: no step of the history."""

    def count_up(_: np.random.Generator, series: int, steps: int, period: int) -> np.ndarray:
        return np.tile(np.arange(steps, dtype=float), (series, 1))

    monkeypatch.setattr(prior, "draw_series", count_up)
    batch = prior.draw_batch(rng(), 4, 8)
    last = np.nanmax(batch.histories, axis=1)[:, None]
    complete = np.isfinite(batch.histories[:, -1])
    assert np.array_equal(
        batch.futures[complete] - last[complete], np.tile(batch.ahead, (complete.sum(), 1))
    )
