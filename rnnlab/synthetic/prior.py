"""The prior: how series come about, in the view of the zero-shot network.

A series has a level that wanders, a trend, a season, cycles, jumps and noise. Their sizes differ by
orders of magnitude between series. In most series they multiply, as in sales; in others they add.
Some series are processes known from textbooks: airline models, Gaussian processes, counts of rare
events, random walks. Some are mixtures of two others. Then the world of record keeping follows:
outliers, rounding, gaps, and histories that began only recently.

To make the network know your own kind of series, change ``SHARES`` and ``PERIODS``, or add a
function to ``KINDS``; then `dvc repro pretrain`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from rnnlab.features.context import context_length, long_period, max_horizon
from rnnlab.synthetic import components as c
from rnnlab.synthetic.components import chance, log_uniform

# share of each kind of series; they need not sum to 1
SHARES = {
    "structural": 0.58,
    "walk": 0.14,
    "airline": 0.06,
    "spectral": 0.09,
    "counts": 0.09,
    "bounded": 0.04,
}
# share of each period; ANY stands for any period from 2 to 366
ANY = 0
PERIODS = {1: 0.21, 4: 0.15, 12: 0.26, 7: 0.09, 52: 0.07, 24: 0.10, 5: 0.03, 48: 0.03, ANY: 0.06}
# the longest history of a batch, as a part of what the network reads: short ones cost less
LENGTHS = {0.25: 0.2, 0.5: 0.35, 1.0: 0.45}
# steps ahead that are usual for a period
HORIZONS = {1: 8, 4: 10, 12: 24}
# steps in which levels and trends change by about their size
YEARS = {1: 1, 5: 60, 7: 60, 24: 120, 48: 240}
# periods of months and longer steps, whose trends are steady; and the share of their series whose
# trend is tied to how much the level wanders
SLOW = (1, 2, 3, 4, 6, 12)
TIED = 0.8
# logarithm of the most that a series may grow by, and be multiplied: real ones seldom grow by more
MOST_GROWTH = 3.0


@dataclass(frozen=True)
class Batch:
    """Series of one period.

    Attributes:
        histories: [S, T], right-aligned: NaN before a series begins and where a value is missing.
        futures: [S, H], the values at the steps ``ahead``.
        ahead: [H], steps after the end of the history, from 1.
        period: steps in a season.
    """

    histories: np.ndarray
    futures: np.ndarray
    ahead: np.ndarray
    period: int


def draw_batch(rng: Generator, series: int, steps_ahead: int) -> Batch:
    """Draw ``series`` series of a random period, and ``steps_ahead`` of their future steps."""
    period = draw_period(rng)
    length = draw_length(rng, period)
    ahead = draw_steps(rng, period, steps_ahead)
    horizon = int(ahead[-1])
    values = draw_series(rng, series, length + horizon, period)
    histories, futures = values[:, :length].copy(), values[:, length + ahead - 1]
    shorten(rng, histories)
    lose_values(rng, histories)
    return Batch(histories, futures, ahead, period)


def draw_period(rng: Generator) -> int:
    period = _choose(rng, PERIODS)
    return int(np.exp(rng.uniform(np.log(2), np.log(366.99)))) if period == ANY else int(period)


def draw_length(rng: Generator, period: int) -> int:
    return int(context_length(period) * _choose(rng, LENGTHS))


def _choose(rng: Generator, shares: dict[int, float] | dict[float, float]) -> float:
    weights = np.array(list(shares.values()))
    return list(shares)[rng.choice(len(shares), p=weights / weights.sum())]


def draw_steps(rng: Generator, period: int, count: int) -> np.ndarray:
    """Distinct future steps, ascending: most of them within the usual horizon of the period."""
    usual = HORIZONS.get(period, max(12, min(2 * period, 60)))
    near = rng.choice(usual, min(count - 1, usual), replace=False) + 1
    steps = np.unique(near)
    while len(steps) < count:
        steps = np.unique(np.append(steps, rng.integers(1, max_horizon(period) + 1)))
    return steps


def draw_series(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Draw whole series of all kinds, [S, T], in random order and units."""
    shares = np.array([SHARES[kind] for kind in KINDS])
    counts = rng.multinomial(series, shares / shares.sum())
    parts = [
        draw(rng, count, steps, period)
        for draw, count in zip(KINDS.values(), counts, strict=True)
        if count
    ]
    values = np.concatenate(parts)[rng.permutation(series)]
    values = mix(rng, values)
    values = outliers(rng, values)
    values = np.clip(values, -1e9, 1e9)
    return in_units(rng, values)


def structural(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Level, trend, season, cycle, jumps and noise (Harvey 1989), multiplied or added."""
    year = _year(rng, series, period)

    def size(low: float, high: float, probability: float = 1.0) -> np.ndarray:
        """Amplitudes of a component that this share of the series has, [S, 1]."""
        return log_uniform(rng, low, high, (series, 1)) * chance(rng, probability, series)

    x = size(0.003, 0.4) * c.autoregressive(rng, series, steps)
    wander = size(0.005, 0.5, 0.85)
    x += wander * c.random_walk(rng, series, steps) / np.sqrt(year)
    # most slow trends are about as large as the level wanders, so many show only over years
    tied = np.maximum(wander, 0.005) * log_uniform(rng, 0.3, 4, (series, 1))
    slow = period in SLOW
    growth = np.where(chance(rng, TIED * slow, series), tied, size(0.005, 0.3, 0.85))
    x += growth * c.trend(rng, series, steps, year, c.STEADY if slow else c.CHANGING)
    x += size(0.01, 0.3, 0.25) * c.cycle(rng, series, steps, year)
    x += size(0.03, 0.6, 0.25) * c.jumps(rng, series, steps)
    amplitude = size(0.01, 0.8, 0.85)
    x += amplitude * c.season(rng, series, steps, period)
    long = long_period(period)
    if long > period:
        x += size(0.02, 0.6, 0.6) * c.long_season(rng, series, steps, period, long)
        share = rng.uniform(0, 1, (series, 1)) * chance(rng, 0.5, series)
        x += amplitude * share * c.other_days(rng, series, steps, period, long)
    return positive_or_not(rng, x, period)


def _year(rng: Generator, series: int, period: int) -> np.ndarray:
    """Steps in which trends and levels change by about their size, [S, 1]."""
    typical = YEARS.get(period, max(1, min(period, 52)))
    return typical * log_uniform(rng, 0.6, 2.5, (series, 1))


def positive_or_not(rng: Generator, x: np.ndarray, period: int) -> np.ndarray:
    """Relative changes x to values: 60 % exponentiated, the rest added to a base.

    What would grow or shrink by more than a factor of exp(``MOST_GROWTH``) is added: nothing
    multiplies for ever.
    """
    series = len(x)
    centred = x - x[:, -1:] * rng.uniform(0, 1, (series, 1))
    multiplied = np.exp(np.clip(centred, -12, 8))
    base = log_uniform(rng, 0.1, 10, (series, 1)) * (x.std(axis=1, keepdims=True) + 1e-6)
    added = centred + base * np.where(chance(rng, 0.8, series), 1, 0)
    added = np.where(chance(rng, 0.4, series), np.maximum(added, 0), added)
    bounded_growth = _range_of_level(x, period) < MOST_GROWTH
    return np.where(chance(rng, 0.6, series) & bounded_growth, multiplied, added)


def _range_of_level(x: np.ndarray, period: int) -> np.ndarray:
    """The range of the moving average over a period, three values at least, [S, 1]."""
    width = min(max(period, 3), x.shape[1] // 2)
    sums = np.cumsum(x, axis=1)
    level = (sums[:, width:] - sums[:, :-width]) / width
    return np.ptp(level, axis=1, keepdims=True)


def walk(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Random walks, as of prices: a little drift, noise or season at most (Bachelier 1900)."""
    x = c.random_walk(rng, series, steps)
    x *= log_uniform(rng, 0.003, 0.1, (series, 1))
    spread = np.abs(np.diff(x, axis=1)).mean(axis=1, keepdims=True)
    half = spread * chance(rng, 0.5, series)
    x += half * log_uniform(rng, 0.02, 0.7, (series, 1)) * c.shocks(rng, series, steps)
    x += half * rng.uniform(-0.15, 0.25, (series, 1)) * np.arange(steps)
    amplitude = spread * chance(rng, 0.2, series) * rng.uniform(0, 1, (series, 1))
    x += amplitude * c.season(rng, series, steps, period)
    return positive_or_not(rng, x, period)


def airline(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Airline models, whose trend and season both wander."""
    x = c.airline_model(rng, series, steps, period)
    # a short history of a long period has no seasonal difference
    lag = period if steps > period else steps // 2
    spread = np.abs(x[:, lag:] - x[:, :-lag]).mean(axis=1, keepdims=True)
    x = x / (spread + 1e-9) * log_uniform(rng, 0.01, 0.3, (series, 1))
    x += log_uniform(rng, 0.005, 0.5, (series, 1)) * c.season(rng, series, steps, period)
    return positive_or_not(rng, x, period)


def spectral(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Gaussian processes with any memory, some with a trend."""
    x = c.spectral(rng, series, steps, period)
    year = _year(rng, series, period)
    slope = 0.3 * chance(rng, 0.4, series) * rng.standard_normal((series, 1))
    x += slope * c.trend(rng, series, steps, year)
    return positive_or_not(rng, log_uniform(rng, 0.02, 1, (series, 1)) * x, period)


def counts(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Counts of events at a rate that varies, and demand for rare items (Croston 1972)."""
    year = _year(rng, series, period)
    x = log_uniform(rng, 0.01, 0.4, (series, 1)) * c.random_walk(rng, series, steps) / np.sqrt(year)
    slope = 0.3 * chance(rng, 0.5, series) * rng.random((series, 1))
    x += slope * c.trend(rng, series, steps, year)
    x += rng.uniform(0, 0.7, (series, 1)) * c.season(rng, series, steps, period)
    x = np.clip(x - x.mean(axis=1, keepdims=True), -4, 2.5)
    rate = log_uniform(rng, 0.05, 80, (series, 1)) * np.exp(x)
    dispersion = log_uniform(rng, 0.3, 30, (series, 1))
    gamma = rng.gamma(dispersion, 1 / dispersion, (series, steps))
    rate = rate * np.where(chance(rng, 0.5, series), gamma, 1)
    events = rng.poisson(np.minimum(rate, 1e6)).astype(float)
    amounts = np.exp(rng.uniform(0, 1, (series, 1)) * rng.standard_normal((series, steps)))
    return np.where(chance(rng, 0.3, series), events * np.round(10 * amounts), events)


def bounded(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """Shares between 0 and 1, which saturate."""
    year = _year(rng, series, period)
    x = c.trend(rng, series, steps, year) * log_uniform(rng, 0.05, 1, (series, 1))
    x += log_uniform(rng, 0.02, 1, (series, 1)) * c.random_walk(rng, series, steps) / np.sqrt(year)
    x += log_uniform(rng, 0.02, 1, (series, 1)) * c.season(rng, series, steps, period)
    x += log_uniform(rng, 0.01, 0.5, (series, 1)) * c.autoregressive(rng, series, steps)
    return 1 / (1 + np.exp(-np.clip(x + rng.standard_normal((series, 1)), -30, 30)))


KINDS: dict[str, Callable[[Generator, int, int, int], np.ndarray]] = {
    "structural": structural,
    "walk": walk,
    "airline": airline,
    "spectral": spectral,
    "counts": counts,
    "bounded": bounded,
}


def mix(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Replace a tenth of the series by weighted means of two (Ansari et al. 2024, TSMixup)."""
    count = len(values) // 10
    if count:
        scaled = values / (np.abs(values).mean(axis=1, keepdims=True) + 1e-9)
        one, two = rng.integers(0, len(values), (2, count))
        share = rng.uniform(0.1, 0.9, (count, 1))
        values = values.copy()
        values[:count] = share * scaled[one] + (1 - share) * scaled[two]
    return values


def outliers(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Rare values that are far off, in a fifth of the series."""
    series, steps = values.shape
    spread = np.abs(np.diff(values, axis=1)).mean(axis=1, keepdims=True)
    rate = log_uniform(rng, 0.003, 0.05, (series, 1)) * chance(rng, 0.2, series)
    row, step = np.nonzero(rng.random((series, steps)) < rate)
    changed = values.copy()
    changed[row, step] += 3 * spread[row, 0] * rng.standard_t(3, len(row))
    return np.where((values.min(axis=1, keepdims=True) >= 0) & (changed < 0), values, changed)


def in_units(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Any unit; a tenth of the series is rounded to a coarse grid."""
    spread = np.abs(np.diff(values, axis=1)).mean(axis=1, keepdims=True) + 1e-9
    grid = spread * log_uniform(rng, 0.1, 2, (len(values), 1))
    rounded = np.round(values / grid) * grid
    values = np.where(chance(rng, 0.1, len(values)), rounded, values)
    return values * log_uniform(rng, 1e-3, 1e5, (len(values), 1))


def shorten(rng: Generator, histories: np.ndarray) -> None:
    """Let histories begin late: their lengths are log-uniform, from 3 values on."""
    series, length = histories.shape
    lengths = log_uniform(rng, 3, 1.5 * length, series).astype(int)
    histories[np.arange(length) < (length - lengths)[:, None]] = np.nan


def lose_values(rng: Generator, histories: np.ndarray) -> None:
    """Remove 1 to 25 % of values from an eighth of the histories, some in one stretch."""
    series, length = histories.shape
    rate = rng.uniform(0.01, 0.25, (series, 1)) * chance(rng, 0.12, series)
    lost = rng.random((series, length)) < rate
    begin = rng.integers(0, length, (series, 1))
    stretch = (np.arange(length) - begin) % length < rate * length
    lost = np.where(chance(rng, 0.3, series), stretch, lost)
    known = np.isfinite(histories) & ~lost
    enough = known.sum(axis=1, keepdims=True) >= 2
    histories[lost & enough] = np.nan
