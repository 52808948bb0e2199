"""The shipped weights forecast what they did, on any processor: they fit these features alone."""

import numpy as np
import pytest
from committed import COMMITTED

from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.storage import read_zero_shot

NAN = float("nan")
MEDIAN = 5
# steps ahead; two go beyond what the network forecasts at once
STEPS = {365: 5, 30: 95, 2: 70}
USUAL_STEPS = 15


def noise(count: int, seed: int) -> np.ndarray:
    """Numbers between -1 and 1 in no order, by whole numbers alone: the same everywhere."""
    place = np.arange(1, count + 1) * (2 * seed + 7919) + 12_345 * seed
    return (place * place % 10_007 - 5003) / 5003


def wave(count: int, period: int) -> np.ndarray:
    return np.sin(2 * np.pi * np.arange(count) / period)


def walk(count: int, seed: int) -> np.ndarray:
    return noise(count, seed).cumsum()


def missing(y: np.ndarray, *places: int) -> np.ndarray:
    y[list(places)] = NAN
    return y


def weeks(count: int, day: int, seed: int) -> np.ndarray:
    """A season of a day, with a Sunday of its own."""
    sunday = np.arange(count) // day % 7 == 6
    return 5 + wave(count, day) + 2 * sunday + 0.3 * noise(count, seed)


# by period; those of one length are forecast together
HISTORIES = {
    1: {
        "trend": 2 + 0.4 * np.arange(22) + noise(22, 2),
        "negative": walk(50, 8) - 4,
        "falls fast": 100 * np.exp(-0.5 * np.arange(20) + 0.1 * noise(20, 3)),
        "rises fast": np.exp(0.5 * np.arange(20) + 0.1 * noise(20, 4)),
        "two values": np.array([5.0, 6.0]) / 16,
    },
    2: {"halves of a year": 9 + wave(80, 4) + noise(80, 12)},
    3: {"thirds of a year": 9 + wave(80, 3) + noise(80, 13)},
    4: {"quarterly": 8 + 2 * wave(30, 4) + walk(30, 4)},
    5: {"working days": 4 + wave(600, 5) + 2 * wave(600, 260) + 0.5 * noise(600, 14)},
    7: {"daily, years": 4 + wave(800, 7) + 2 * wave(800, 365) + 0.5 * noise(800, 6)},
    12: {
        "season": 3 + wave(60, 12) + 0.2 * noise(60, 1),
        "growing season": np.exp(0.01 * np.arange(90) + 0.3 * wave(90, 12)),
        "both signs": 2 * wave(60, 12) + 0.5 * walk(60, 9),
        "huge": 1e12 * (3 + wave(40, 12) + noise(40, 10)),
        "tiny": 1e-20 * (3 + wave(42, 12) + noise(42, 30)),
        "constant": np.full(40, 7.5),
        "constant below zero": np.full(40, -7.5),
        "the same each year": np.tile([3.0, 5, 4, 6, 9, 8, 7, 7, 6, 5, 4, 3], 5) / 16,
        "straight line": 5 + 0.5 * np.arange(168),
        "mostly zeros": np.maximum(noise(70, 3) - 0.6, 0) * 20 // 1 / 16,
        "one value": np.array([5.0]),
        "three values": np.array([3.0, 5, 4]) / 16,
        "a year and a half": 3 + wave(18, 3) + 0.01 * noise(18, 15),
        "two years": 3 + wave(24, 12) + 0.3 * walk(24, 16),
        "three years and a half": 9 + wave(42, 12) + noise(42, 17),
        "still at the end": np.append(9 + noise(60, 18), np.full(30, 9.0)),
        "a spike at the end": np.append(1 + 0.01 * noise(167, 19), 100),
        "gaps": missing(4 + wave(63, 12) + 0.3 * noise(63, 11), 5, 12, 20, 21, 22, 61, 62),
        "a long gap at the end": np.append(4 + wave(40, 12) + noise(40, 20), np.full(200, NAN)),
    },
    16: {"a period as long as a patch": 7 + wave(256, 16) + noise(256, 21)},
    24: {
        "hourly": weeks(960, 24, 5),
        "hourly, two weeks": weeks(350, 24, 22),
        "hourly, eight days": weeks(192, 24, 23),
        "hourly, a week": weeks(180, 24, 31),
    },
    30: {"thirty steps": 6 + wave(200, 30) + 0.3 * noise(200, 24)},
    48: {"half hours": weeks(1400, 48, 25)},
    52: {"weekly": 6 + 2 * wave(140, 52) + 0.2 * walk(140, 7)},
    96: {"quarter hours": weeks(1400, 96, 26)},
    100: {"a hundred steps": 6 + wave(700, 100) + 0.3 * noise(700, 27)},
    365: {
        "days of years": 6 + 2 * wave(1150, 365) + 0.3 * noise(1150, 28),
        "days of one season": 6 + 2 * wave(100, 365) + 0.3 * noise(100, 29),
    },
}
# median of the first step; means over all steps of the median, and of how far the outer quantiles
# lie from it; another training makes other figures, which a failure shows
EXPECTED = {
    "trend": (11.06709, 14.03739, -6.513403, 6.040989),
    "negative": (0.704658, 1.339841, -3.241492, 3.492672),
    "falls fast": (0.1280576, 0.08777813, -0.08485764, 6.245522),
    "rises fast": (15905.18, 19694.91, -19477.03, 176763.8),
    "two values": (0.3643143, 0.3825438, -0.3660449, 1.012884),
    "halves of a year": (8.906569, 9.05067, -2.871151, 3.877825),
    "thirds of a year": (7.831515, 8.938395, -1.503257, 1.57024),
    "quarterly": (13.1724, 13.38957, -4.032784, 4.586008),
    "working days": (5.816316, 5.606467, -1.259957, 1.351008),
    "daily, years": (6.863101, 6.041474, -0.8904928, 0.853077),
    "season": (3.040467, 3.059416, -0.4265568, 0.3652862),
    "growing season": (2.484109, 2.645308, -0.3798411, 0.3773705),
    "both signs": (-1.05857, -0.5193406, -2.177072, 2.394227),
    "huge": (3.832906e12, 3.022809e12, -1.755527e12, 2.230307e12),
    "tiny": (3.006173e-20, 2.90845e-20, -1.808617e-20, 2.391315e-20),
    "constant": (7.5, 7.5, 0.0, 0.0),
    "constant below zero": (-7.5, -7.5, 0.0, 0.0),
    "the same each year": (0.1882074, 0.3291121, -0.01868514, 0.02607404),
    "straight line": (88.84387, 92.16808, -1.062757, 0.9214057),
    "mostly zeros": (0.001529172, 0.0007786912, -0.0007786912, 0.3843187),
    "one value": (5.0, 5.0, 0.0, 0.0),
    "three values": (0.2393386, 0.2434838, -0.2294116, 0.4809949),
    "a year and a half": (3.022822, 2.98977, -0.6684492, 0.6685484),
    "two years": (2.536067, 2.675155, -1.335003, 1.804892),
    "three years and a half": (9.479867, 9.028043, -1.916507, 2.02202),
    "still at the end": (9.013015, 9.00206, -0.1263642, 0.1754472),
    "a spike at the end": (8.290689, 6.010659, -6.010659, 104.9279),
    "gaps": (5.113179, 4.173153, -0.5401643, 0.5810989),
    "a long gap at the end": (4.990347, 4.020743, -1.722539, 2.059181),
    "a period as long as a patch": (6.401565, 6.926967, -1.538287, 1.615831),
    "hourly": (4.787323, 5.436192, -0.9934727, 0.9413128),
    "hourly, two weeks": (4.55385, 4.754545, -0.7551674, 1.059444),
    "hourly, eight days": (4.868689, 5.550363, -1.07309, 1.188118),
    "hourly, a week": (5.155901, 4.895514, -0.9709446, 1.533822),
    "thirty steps": (5.157899, 5.941519, -0.5335594, 0.6196757),
    "half hours": (5.786565, 5.829536, -0.7307546, 0.8355943),
    "weekly": (5.60783, 5.97767, -0.8693946, 0.9266184),
    "quarter hours": (4.469293, 4.246127, -0.7859436, 0.8023478),
    "a hundred steps": (6.075951, 6.391352, -0.4009639, 0.4822446),
    "days of years": (7.52521, 7.617353, -0.2443932, 0.3010743),
    "days of one season": (7.896799, 7.91585, -0.7839195, 0.7547325),
}


@pytest.fixture(scope="module")
def shipped() -> ZeroShotNetwork:
    """The network of the last commit, whatever has been trained here since."""
    return read_zero_shot(COMMITTED / "models/zero_shot")


def figures(network: ZeroShotNetwork, period: int) -> dict[str, tuple[float, ...]]:
    histories = HISTORIES[period]
    steps = STEPS.get(period, USUAL_STEPS)
    found = forecast_quantiles(network, list(histories.values()), period, steps, rounded=False)
    first, (low, median, high) = found[:, 0, MEDIAN], found.mean(axis=1).T[[0, MEDIAN, -1]]
    rows = np.stack([first, median, low - median, high - median], axis=1).tolist()
    return dict(zip(histories, map(tuple, rows), strict=True))


@pytest.mark.parametrize("period", HISTORIES)
def test_forecasts_are_those_of_these_weights(period: int, shipped: ZeroShotNetwork) -> None:
    expected = {}
    for name in HISTORIES[period]:
        low, high = EXPECTED[name][2:]
        expected[name] = pytest.approx(EXPECTED[name], rel=1e-4, abs=1e-5 * (high - low))
    assert figures(shipped, period) == expected
