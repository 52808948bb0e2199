"""What the network is told of a history, each part against a plain computation."""

import subprocess
import sys

import numpy as np
import pytest

from rnnlab.features import masked
from rnnlab.features.context import PATCH, context_length, max_horizon, patch_count, patch_size
from rnnlab.features.extraction import VIEWS, cut_patches, extract_features
from rnnlab.features.histories import prepare
from rnnlab.features.seasons import a_period_ago, long_season_ago, seasonal_part
from rnnlab.features.smoothing import GRID, PLAIN, smooth_all

AHEAD = np.arange(1, 25)
YEAR = np.array([3.0, -1, 2, 0, 1, -2, -3, 0, 1, 1, -1, -1])


def late(values: np.ndarray, start: int) -> np.ndarray:
    """The series with nothing known before ``start``."""
    result = values.astype(float).copy()
    result[:start] = np.nan
    return result


def test_masked_statistics_are_those_of_the_part_that_is_present() -> None:
    y = np.random.default_rng(0).standard_normal((3, 40)).cumsum(axis=1)
    present = np.arange(40) >= np.array([0, 10, 35])[:, None]
    ends, slopes = masked.line(y, present, 40)
    for row, start in enumerate((0, 10, 35)):
        own = y[row, start:]
        slope, at_end = np.polyfit(np.arange(1 - len(own), 1), own, 1)
        assert (slopes[row], ends[row]) == pytest.approx((slope, at_end))
        assert masked.mean(y, present)[row] == pytest.approx(own.mean())
        weights = 0.8 ** np.arange(len(own) - 1, -1, -1)
        mean = (weights * own).sum() / weights.sum()
        assert masked.exponential_mean(y, present, 0.2)[row] == pytest.approx(mean)
        difference = np.abs(own[4:] - own[:-4]).mean()
        assert masked.mean_difference(y, present, 4)[row] == pytest.approx(difference)
    assert np.isnan(masked.mean_difference(y, present, 12)[2])
    trend = np.arange(40.0)[None] * np.array([[2.0]])
    assert masked.mean_change(trend, np.ones((1, 40), bool), 5)[0] == pytest.approx(10)


def test_gaps_take_the_value_a_period_before_else_the_last_one() -> None:
    nan = np.nan
    history = np.array([[nan, 1, 2, 3, nan, 5, nan, nan, 8, nan]])
    past = prepare(history, 3)
    assert (past.y[0] * past.size[0]).tolist() == [1, 1, 2, 3, 1, 5, 3, 1, 8, 3]
    assert past.present[0].tolist() == [False] + [True] * 9
    assert past.count[0] == 9


def test_a_season_that_repeats_is_found_and_noise_is_not() -> None:
    y = np.tile(YEAR, 6)[None] + 0.1 * np.arange(72)
    found = seasonal_part(y, np.array([72]), 12)
    assert np.allclose(found.profile[0], YEAR - YEAR.mean(), atol=1e-9)
    assert found.kept[0] == pytest.approx(1)
    assert np.allclose(np.diff(found.adjusted), 0.1)
    assert np.allclose(found.at(np.array([1, 12, 13])), found.profile[:, [0, 11, 0]])
    noise = np.random.default_rng(0).standard_normal((200, 72))
    assert np.mean(seasonal_part(noise, np.full(200, 72), 12).kept) < 0.2
    one_cycle = seasonal_part(y[:, -12:], np.array([12]), 12)
    assert one_cycle.kept[0] == 0.5
    assert not seasonal_part(y[:, -11:], np.array([11]), 12).profile.any()


def test_a_period_ago_and_a_week_ago() -> None:
    hours = np.arange(24 * 30)
    week = 10 * (hours // 24 % 7 == 6) + np.sin(2 * np.pi * hours / 24)
    count = np.array([len(hours)])
    naive = a_period_ago(week[None], count, 24, AHEAD)
    assert np.array_equal(naive[0], week[-24:])
    ahead = np.arange(1, 169)
    truth = 10 * ((hours[-1] + ahead) // 24 % 7 == 6) + np.sin(2 * np.pi * (hours[-1] + ahead) / 24)
    otherwise = (np.zeros((1, 168)), np.ones((1, 168)))
    one, mean = long_season_ago(week[None], count, 24, 168, ahead, otherwise)
    assert np.allclose(one[0], truth)
    assert np.allclose(mean[0], truth)
    assert (
        long_season_ago(week[None, :100], np.array([100]), 24, 168, ahead, otherwise) is otherwise
    )
    # a period ago the history had not begun, for the first of these steps
    begun_late = a_period_ago(np.array([[5.0, 5, 5, 6, 7]]), np.array([3]), 4, np.arange(1, 5))
    assert begun_late[0].tolist() == [7, 5, 6, 7]
    just_one = a_period_ago(np.array([[5.0, 6, 7]]), np.array([3]), 3, np.arange(1, 5))
    assert just_one[0].tolist() == [5, 6, 7, 5]


def smooth_one(y: np.ndarray, alpha: float, beta: float, damping: float) -> tuple[float, float]:
    """One damped-trend smoothing (Gardner & McKenzie 1985), value by value."""
    level = y[0]
    later = min(max(len(y) // 3, 1), 8, len(y) - 1)
    slope = 0.7 * (y[later] - y[0]) / later if beta else 0.0
    for value in y[1:]:
        slope *= damping
        error = value - level - slope
        level += slope + alpha * error
        slope += alpha * beta * error
    return level, slope


def test_all_smoothings_run_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    y = 100 + rng.standard_normal((1, 60)).cumsum(axis=1)
    history = np.concatenate([np.full((1, 13), y[0, 0]), y], axis=1)
    present = np.arange(73) >= np.array([[13]])
    found = smooth_all(history[None], np.ones((1, 1, 73)), present, AHEAD)
    states = [smooth_one(y[0], *row) for row in GRID]
    levels, slopes = np.array(states).T
    plain, trended = levels[: len(PLAIN)], (levels + slopes)[len(PLAIN) :]
    assert plain.min() - 1e-3 <= found.level[0, 0] <= plain.max() + 1e-3
    assert trended.min() - 1 <= found.trended[0, 0, 0] <= trended.max() + 1
    line = 5 + 0.5 * np.arange(40.0)[None]
    straight = smooth_all(line[None], np.ones((1, 1, 40)), np.ones((1, 40), bool), AHEAD)
    assert np.allclose(straight.trended[0, 0, :3], line[0, -1] + 0.5 * AHEAD[:3], atol=0.2)


def test_values_before_the_beginning_change_no_statistic() -> None:
    y = np.random.default_rng(0).standard_normal((1, 150)).cumsum(axis=1) + 50
    short, long = y[:, -60:], late(y[0], 90)[None]
    one, two = extract_features(short, 12, AHEAD), extract_features(long, 12, AHEAD)
    for name in ("scalars", "simple", "past", "base", "unit"):
        assert np.allclose(getattr(one, name), getattr(two, name), atol=1e-4), name
    assert np.allclose(one.patches, two.patches[:, -5:], atol=1e-5)
    assert not two.patches[:, :-5].any()


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_units_do_not_matter(factor: float) -> None:
    y = np.random.default_rng(0).standard_normal((4, 80)).cumsum(axis=1) + 30
    one, two = extract_features(y, 12, AHEAD), extract_features(factor * y, 12, AHEAD)
    assert np.allclose(one.patches, two.patches, atol=1e-4)
    assert np.allclose(one.simple, two.simple, atol=1e-3)
    assert np.allclose(two.unit, factor * one.unit)
    assert np.allclose(two.base, factor * one.base, rtol=1e-5)


@pytest.mark.parametrize("period", [1, 2, 3, 4, 7, 12, 16, 17, 24, 48, 52, 168, 365, 366])
def test_patches_hold_the_end_of_the_history(period: int) -> None:
    size, number = patch_size(period), patch_count(period)
    assert 1 <= size <= PATCH
    assert number * size <= context_length(period)
    assert max_horizon(period) >= 64
    if 5 <= period <= PATCH:
        assert size % period == 0
    length = context_length(period)
    views = np.arange(length, dtype=float) + np.zeros((1, VIEWS, length))
    patches = cut_patches(views, period).reshape(1, -1, VIEWS, PATCH)
    assert patches.shape[1] == number
    assert patches[0, -1, 0, -size:].tolist() == list(range(length - size, length))
    assert not patches[..., : PATCH - size].any()
    assert patches[0, 0, 0, -size] == length - number * size


@pytest.mark.parametrize("history", [[5.0], [5.0, 5.0], [0.0] * 30, [1e12, 1e-3], [-3.0, 2, -7]])
@pytest.mark.parametrize("period", [1, 12, 366])
def test_any_history_has_a_finite_description(history: list[float], period: int) -> None:
    features = extract_features(np.array([[np.nan, *history]]), period, AHEAD)
    for name, values in vars(features).items():
        if name != "lowest":
            assert np.isfinite(values).all(), name
    assert features.unit[0] > 0
    assert features.lowest[0] == (0 if min(history) >= 0 else -np.inf)


def test_no_torch_is_needed() -> None:
    """The statistics stand beside the exported network, where there may be none."""
    code = (
        "import sys, rnnlab.features.extraction; "
        "sys.exit(bool({'torch', 'pandas'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
