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
    "trend": (11.16677, 14.04581, -4.409805, 4.524404),
    "negative": (0.7122635, 1.266597, -3.259459, 3.204304),
    "falls fast": (0.2517272, 0.1630402, -0.1630402, 10.31075),
    "rises fast": (17019.44, 24580.95, -24488.42, 139036.4),
    "two values": (0.38264, 0.4340667, -0.415712, 1.057753),
    "halves of a year": (8.851197, 9.037857, -2.707324, 3.547557),
    "thirds of a year": (7.85009, 8.951558, -1.425025, 1.534037),
    "quarterly": (13.3199, 13.8525, -4.291917, 4.561),
    "working days": (5.816597, 5.663704, -1.33322, 1.294123),
    "daily, years": (6.890722, 6.09202, -1.100637, 1.102865),
    "season": (3.047728, 3.070686, -0.3790719, 0.3455987),
    "growing season": (2.460992, 2.616614, -0.2790311, 0.3034353),
    "both signs": (-1.0716, -0.4070014, -2.016903, 2.137105),
    "huge": (3.849751e12, 3.054325e12, -1.712525e12, 2.194135e12),
    "tiny": (3.072052e-20, 2.989103e-20, -1.706461e-20, 2.157481e-20),
    "constant": (7.5, 7.5, 0.0, 0.0),
    "constant below zero": (-7.5, -7.5, 0.0, 0.0),
    "the same each year": (0.1865504, 0.3279897, -0.02851702, 0.03459103),
    "straight line": (88.96277, 92.36169, -0.7632412, 0.799916),
    "mostly zeros": (0.0, 0.001075804, -0.001075804, 0.3629555),
    "one value": (5.0, 5.0, 0.0, 0.0),
    "three values": (0.2391131, 0.2527945, -0.2382398, 0.5366314),
    "a year and a half": (3.019182, 2.985014, -0.4903748, 0.4620251),
    "two years": (2.534237, 2.694148, -1.489436, 1.940335),
    "three years and a half": (9.487394, 9.045799, -1.840366, 2.005956),
    "still at the end": (9.013749, 9.007124, -0.127869, 0.2292139),
    "a spike at the end": (5.899581, 2.932911, -2.932911, 103.8065),
    "gaps": (5.109663, 4.176056, -0.471707, 0.5048291),
    "a long gap at the end": (4.957046, 4.016888, -1.640825, 2.035002),
    "a period as long as a patch": (6.4285, 6.94458, -1.453783, 1.505979),
    "hourly": (4.83527, 5.495772, -0.8534805, 1.02732),
    "hourly, two weeks": (4.651755, 4.715607, -0.6940087, 0.9264836),
    "hourly, eight days": (4.754406, 5.36561, -1.118985, 1.680222),
    "hourly, a week": (5.207754, 4.849799, -1.162722, 1.675534),
    "thirty steps": (5.12962, 5.929759, -0.5712016, 0.6301684),
    "half hours": (5.752781, 5.775846, -0.8414703, 1.000036),
    "weekly": (5.598265, 5.963814, -0.8828064, 0.9521978),
    "quarter hours": (4.601158, 4.316716, -0.874099, 0.8518493),
    "a hundred steps": (6.046641, 6.385131, -0.4291762, 0.4893095),
    "days of years": (7.487145, 7.584527, -0.2770523, 0.3307319),
    "days of one season": (7.953643, 7.971999, -0.7379354, 0.6219851),
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
