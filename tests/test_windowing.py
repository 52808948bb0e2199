"""Windows over a series: what is past, what is ahead, and where a part ends."""

import numpy as np
import pytest

from stages.common.windowing import center_of, windows_between

Z = np.concatenate([np.full(3, np.nan), np.arange(3, 30, dtype=np.float64) ** 1.5])


def test_center_of() -> None:
    past = np.array([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]])
    np.testing.assert_array_equal(center_of(past, "none"), [[0], [0]])
    np.testing.assert_array_equal(center_of(past, "mean"), [[3], [1]])
    np.testing.assert_array_equal(center_of(past, "last"), [[6], [3]])


@pytest.mark.parametrize("center", ["none", "mean", "last"])
@pytest.mark.parametrize("horizon", [1, 4])
def test_windows_by_hand(center: str, horizon: int) -> None:
    windows = windows_between(Z, 0, 20, 5, horizon, center)
    # the first origin has five numbers before it, and three have no value
    np.testing.assert_array_equal(windows["origin"], np.arange(8, 20))
    assert windows["x"].shape == (12, 5, 1)
    assert windows["y"].shape == (12, horizon)
    for row, origin in enumerate(windows["origin"]):
        past = Z[origin - 5 : origin]
        level = {"none": 0, "mean": past.mean(), "last": past[-1]}[center]
        ahead = Z[origin : origin + horizon].copy()
        ahead[np.arange(origin, origin + horizon) >= 20] = np.nan
        np.testing.assert_allclose(windows["center"][row], [level], rtol=1e-6)
        np.testing.assert_allclose(windows["x"][row, :, 0], past - level, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(windows["y"][row], ahead - level, rtol=1e-5, atol=1e-5)


def test_no_target_at_or_beyond_the_end_is_seen() -> None:
    before = windows_between(Z, 0, 20, 5, 4, "last")
    changed = Z.copy()
    changed[20:] = -1e6
    after = windows_between(changed, 0, 20, 5, 4, "last")
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value)
    assert np.isnan(before["y"]).sum() == 3 + 2 + 1


def test_parts_meet_without_gap_or_overlap() -> None:
    origins = [
        windows_between(Z, start, end, 5, 4, "none")["origin"]
        for start, end in ((0, 14), (14, 20), (20, 30))
    ]
    np.testing.assert_array_equal(np.concatenate(origins), np.arange(8, 30))


def test_the_last_windows_of_the_series() -> None:
    windows = windows_between(Z, 28, 30, 5, 4, "none")
    np.testing.assert_allclose(windows["y"][0, :2], Z[28:30], rtol=1e-6)
    assert np.isnan(windows["y"][0, 2:]).all()
    assert np.isnan(windows["y"][1, 1:]).all()


@pytest.mark.parametrize("look_back", [17, 20, 40])
def test_too_long_a_look_back_leaves_no_windows(look_back: int) -> None:
    windows = windows_between(Z, 0, 20, look_back, 4, "last")
    assert windows["x"].shape == (0, look_back, 1)
    assert windows["y"].shape == (0, 4)


def test_the_longest_look_back_leaves_one_window() -> None:
    assert len(windows_between(Z, 0, 20, 16, 4, "last")["x"]) == 1


def test_types() -> None:
    types = {key: value.dtype for key, value in windows_between(Z, 0, 20, 5, 4, "mean").items()}
    assert types == {"x": "f4", "y": "f4", "center": "f4", "origin": "i8"}
