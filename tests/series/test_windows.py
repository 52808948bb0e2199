"""Windows over series: inputs, targets, ends of parts; and no copies."""

import itertools

import numpy as np
import pytest
import torch
from oracles import SmoothedSeries, joined, normalized, ragged, wave

from rnnlab.core.params import SeriesNormalize
from rnnlab.core.window_spec import Layout
from rnnlab.networks.cutting import MIN_DEVIATION, cut
from rnnlab.networks.samples import make_samples
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.windows import window_arrays, windows_in_part

PERIOD = 4
LENGTHS, TRAIN = [40, 57, 30], np.array([30, 41, 22])
END = np.array([36, 50, 26])
PLAIN = {
    "look_back": 8,
    "horizon": 5,
    "step": 1,
    "center": "none",
    "scale": "none",
    "residual": "none",
    "period": PERIOD,
    "damping": 0.9,
}
Drawn = tuple[np.ndarray, np.ndarray]


def layout_of(**changes) -> Layout:
    return Layout(**{**PLAIN, **changes})


def fitted(y: np.ndarray, offsets: np.ndarray, method: str, ends: np.ndarray) -> Normalization:
    settings = SeriesNormalize(method=method, level=0.3, season=0.6, damping=0.9)
    return fit_normalization(y, offsets, ends, settings, PERIOD)


def part(
    method: str, y: np.ndarray, offsets: np.ndarray, layout: Layout, whole: bool = False, **cuts
) -> dict[str, np.ndarray]:
    start, end = cuts.get("start", np.zeros_like(TRAIN)), cuts.get("end", END)
    normalization = fitted(y, offsets, method, TRAIN)
    return windows_in_part(y, offsets, normalization, start, end, layout, whole)


def drawn(found: dict[str, np.ndarray], layout: Layout) -> Drawn:
    """x and y of all windows of a part, as training draws them."""
    card = {"kind": "series", "layout": vars(layout)}
    samples = make_samples(found, card, torch.device("cpu"))
    assert samples.count == len(found["origin"])
    x, y = samples.draw(torch.arange(samples.count))
    assert x.dtype == y.dtype == torch.float32
    return x.numpy(), y.numpy()


def by_hand(
    z: np.ndarray, origin: int, end: int, first: int, layout: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """One window over one normalized series: its past and its targets."""
    past = [z[max(n, first)] for n in range(origin - layout.look_back, origin)]
    level = {
        "none": 0.0,
        "mean": sum(past) / len(past),
        "last": past[-1],
        "last_period": sum(past[-PERIOD:]) / PERIOD,
    }[layout.center]
    unit = 1.0
    if layout.scale == "deviation":
        unit = max(np.std(np.array(past) - level, ddof=1), MIN_DEVIATION)
    x, y = [(value - level) / unit for value in past], []
    for k in range(layout.horizon):
        base = level
        if layout.residual == "seasonal_naive":
            base = past[len(past) - PERIOD + k % PERIOD]
        y.append((z[origin + k] - base) / unit if origin + k < end else np.nan)
    return np.array(x).reshape(-1, layout.step), np.array(y)


def origins(first: int, end: int, horizon: int, whole: bool) -> list[int]:
    return list(range(first, end - (horizon - 1 if whole else 0)))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("residual", ["none", "seasonal_naive"])
@pytest.mark.parametrize("scale", ["none", "deviation"])
@pytest.mark.parametrize("center", ["none", "mean", "last", "last_period"])
@pytest.mark.parametrize(
    ("method", "step", "lost"),
    [("standard", 1, 0), ("log_difference", 2, 1), ("log_seasonal_and_first_difference", 4, 5)],
)
def test_windows_equal_a_plain_construction_of_each(
    method: str, step: int, lost: int, center: str, scale: str, residual: str, whole: bool
) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    layout = layout_of(step=step, center=center, scale=scale, residual=residual)
    found = part(method, y, offsets, layout, whole)
    x, targets = drawn(found, layout)
    assert x.shape[1:] == (8 // step, step)
    row = 0
    for number, (length, end) in enumerate(zip(LENGTHS, END, strict=True)):
        z = normalized(y[offsets[number] :][:length], TRAIN[number], method, PERIOD)
        for origin in origins(8 + lost, end, layout.horizon, whole):
            expected = by_hand(z, origin, end, lost, layout)
            np.testing.assert_allclose(x[row], expected[0], rtol=2e-4, atol=2e-5)
            np.testing.assert_allclose(targets[row], expected[1], rtol=2e-4, atol=2e-4)
            assert found["series"][row] == number
            row += 1
    assert row == len(x)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("step", [1, 4])
@pytest.mark.parametrize("look_back", [4, 8, 16])
@pytest.mark.parametrize("horizon", [3, 5, 9])
def test_windows_of_a_smoothing_equal_a_plain_construction_of_each(
    horizon: int, look_back: int, step: int, whole: bool
) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    layout = layout_of(step=step, look_back=look_back, horizon=horizon)
    x, targets = drawn(
        part("log_exponential_smoothing", y, offsets, layout, whole), layout
    )  # fmt: skip
    row = 0
    for number, (length, end) in enumerate(zip(LENGTHS, END, strict=True)):
        series = y[offsets[number] :][:length]
        z = normalized(series, TRAIN[number], "log_standard", PERIOD)
        oracle = SmoothedSeries(z, TRAIN[number], PERIOD, 0.3, 0.6, 0.9)
        for origin in origins(max(10, look_back), end, horizon, whole):
            past = np.array(oracle.inputs(origin, look_back)) / oracle.input_scale
            np.testing.assert_allclose(x[row].ravel(), past, rtol=1e-4, atol=1e-4)
            ahead = np.array([z[n] if n < end else np.nan for n in range(origin, origin + horizon)])
            expected = (ahead - oracle.base(origin, horizon)) / oracle.target_scale
            np.testing.assert_allclose(targets[row], expected, rtol=1e-4, atol=1e-4)
            row += 1
    assert row == len(x)


EVERY = ["none", "log_seasonal_difference", "exponential_smoothing", "log_exponential_smoothing"]


@pytest.mark.parametrize("method", EVERY)
def test_no_window_reads_another_series(method: str) -> None:
    """Neighbours of absurd size on either side change no bit of the windows between them."""
    layout, found = layout_of(look_back=16, horizon=9), []
    own = wave(57, PERIOD)
    for absurd in (1.0, 1e18):
        neighbours = absurd * wave(40, PERIOD, 1), absurd * wave(30, PERIOD, 2)[::-1]
        y, offsets = joined(neighbours[0], own, neighbours[1])
        of = part(method, y, offsets, layout)
        rows = of["series"] == 1
        found.append([each[rows] for each in drawn(of, layout)])
        assert rows.sum() > 20
    for before, after in zip(*found, strict=True):
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("method", EVERY)
def test_nothing_at_or_beyond_the_end_is_seen(method: str, whole: bool) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    later = np.concatenate([np.arange(n) >= end for n, end in zip(LENGTHS, END, strict=True)])
    changed = np.where(later, 1e6 * y, y)
    before = part(method, y, offsets, layout_of(), whole)
    after = part(method, changed, offsets, layout_of(), whole)
    assert before.keys() == after.keys()
    for key, values in before.items():
        assert values.tobytes() == after[key].tobytes(), key
    assert len(before["x"]) == END.sum()
    x, targets = drawn(before, layout_of())
    assert np.isfinite(x).all()
    assert np.isnan(targets).sum() == (0 if whole else 3 * (1 + 2 + 3 + 4))


def test_parts_meet_without_gap_or_overlap() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    bounds = [np.zeros(3, int), TRAIN, END, np.array(LENGTHS)]
    seen = [np.zeros(0, int)] * 3
    for start, end in itertools.pairwise(bounds):
        found = part("standard", y, offsets, layout_of(), start=start, end=end)
        places = found["origin"] - (np.concatenate([[0], np.cumsum(end)]))[found["series"]]
        for number in range(3):
            seen[number] = np.concatenate([seen[number], places[found["series"] == number]])
    for number, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(seen[number], np.arange(8, length))


@pytest.mark.parametrize("method", EVERY)
def test_a_window_that_begins_before_its_series_repeats_the_first_value(method: str) -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    layout = layout_of(look_back=24)
    normalization = fitted(y, offsets, method, TRAIN)
    arrays = {
        key: torch.from_numpy(v) for key, v in window_arrays(y, offsets, normalization).items()
    }  # fmt: skip
    origin, series = offsets[1:3] + 12, np.array([1, 2])
    x, base, unit = cut(
        arrays, layout, torch.from_numpy(origin), torch.from_numpy(series), layout.horizon
    )
    assert base.shape == (2, layout.horizon)
    assert unit.shape == (2, 1)
    for row, number in enumerate(series):
        values = y[slice(*offsets[number : number + 2])]
        if normalization.smoothing is None:
            z = normalized(values, TRAIN[number], method, PERIOD)
            expected = by_hand(z, 12, 12, normalization.scaler.burn_in, layout)[0].ravel()
        else:
            plain = method.replace("exponential_smoothing", "standard")
            z = normalized(values, TRAIN[number], plain, PERIOD)
            oracle = SmoothedSeries(z, TRAIN[number], PERIOD, 0.3, 0.6, 0.9)
            expected = np.array(oracle.inputs(12, 24)) / oracle.input_scale
        np.testing.assert_allclose(x[row].numpy().ravel(), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("look_back", [38, 60, 1000])
def test_too_long_a_look_back_leaves_no_windows(look_back: int) -> None:
    y, offsets = ragged([40], PERIOD)
    layout = layout_of(look_back=look_back)
    normalization = fitted(y, offsets, "standard", np.array([30]))
    found = windows_in_part(y, offsets, normalization, np.array([0]), np.array([38]), layout, False)
    assert found["origin"].shape == found["series"].shape == (0,)


def test_the_longest_look_back_leaves_one_window() -> None:
    y, offsets = ragged([40], PERIOD)
    normalization = fitted(y, offsets, "standard", np.array([30]))
    for look_back, whole in ((37, False), (33, True)):
        layout = layout_of(look_back=look_back)
        found = windows_in_part(
            y, offsets, normalization, np.array([0]), np.array([38]), layout, whole
        )
        assert found["origin"].tolist() == [look_back]


@pytest.mark.parametrize("method", EVERY)
def test_a_part_grows_with_its_series_and_not_with_its_windows(method: str) -> None:
    y, offsets = ragged([4000, 3000], PERIOD)
    normalization = fitted(y, offsets, method, np.array([4000, 3000]))
    sizes = []
    for look_back, horizon in ((8, 5), (512, 48)):
        layout = layout_of(look_back=look_back, horizon=horizon)
        start, end = 0 * offsets[1:], offsets[1:] - [0, 4000]
        found = windows_in_part(y, offsets, normalization, start, end, layout, whole=False)
        sizes.append(sum(values.nbytes for values in found.values()))
    assert sizes[1] <= sizes[0]
    # three numbers of 4 bytes at most and two of 8 for each value
    assert sizes[0] < (3 * 4 + 2 * 8) * len(y) + 1000


def test_types() -> None:
    y, offsets = ragged(LENGTHS, PERIOD)
    found = part("log_exponential_smoothing", y, offsets, layout_of())
    types = {key: value.dtype for key, value in found.items()}
    numbers = dict.fromkeys(("origin", "series", "end", "first"), "i8")
    arrays = ("x", "level", "season", "slope", "input_scale", "target_scale")
    assert types == {**numbers, **dict.fromkeys(arrays, "f4")}
