"""What a synthetic series is made of: levels, trends, seasons, noise.

Each function draws for all series of a batch at once and returns [S, T]. Amplitudes are relative:
0.1 is a tenth of the level, once the prior has exponentiated a series or added it to a base.
"""

import numpy as np
from numpy.random import Generator


def log_uniform(rng: Generator, low: float, high: float, size: int | tuple) -> np.ndarray:
    """Numbers whose logarithm is uniform: any order of size is as likely as another."""
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def chance(rng: Generator, probability: float, series: int) -> np.ndarray:
    """True with this probability, [S, 1]."""
    return rng.random((series, 1)) < probability


def shocks(rng: Generator, series: int, steps: int) -> np.ndarray:
    """Independent shocks of unit scale; three in ten series have Student's t with heavy tails."""
    result = rng.standard_normal((series, steps))
    heavy = np.flatnonzero(rng.random(series) < 0.3)
    degrees = rng.uniform(2.2, 6, (len(heavy), 1))
    result[heavy] /= np.sqrt(rng.chisquare(degrees, (len(heavy), steps)) / degrees)
    return result


def autoregressive(rng: Generator, series: int, steps: int) -> np.ndarray:
    """Noise with a memory of one step, in six of ten series without.

    In two of ten its size wanders (stochastic volatility; Taylor 1986). In 15 % it swings instead,
    with a memory of two steps (Yule 1927): a stochastic cycle of 3 to 12 steps.
    """
    memory = np.where(chance(rng, 0.4, series), rng.uniform(-0.4, 0.95, (series, 1)), 0.0)
    noise = shocks(rng, series, steps)
    size = np.cumsum(0.15 * rng.standard_normal((series, steps)), axis=1)
    size = np.clip(size - size.mean(axis=1, keepdims=True), -2, 2)
    noise *= np.exp(np.where(chance(rng, 0.2, series), size, 0))
    result = first_order(noise, memory) * np.sqrt(1 - memory**2)
    swings = np.flatnonzero(rng.random(series) < 0.15)
    result[swings] = cycle(rng, len(swings), steps, np.ones((len(swings), 1)))
    return result


def first_order(shock: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """x[t] = memory x[t - 1] + shock[t], for shock [S, T] and memory [S, 1]."""
    result = np.ascontiguousarray(shock.T)
    factor = memory[:, 0]
    for step in range(1, len(result)):
        result[step] += factor * result[step - 1]
    return np.ascontiguousarray(result.T)


def random_walk(rng: Generator, series: int, steps: int) -> np.ndarray:
    """A random walk that moves by 1 a step; in a quarter of series it moves rarely and far."""
    moves = shocks(rng, series, steps)
    rate = log_uniform(rng, 0.02, 0.3, (series, 1))
    rare = moves * (rng.random((series, steps)) < rate) / np.sqrt(rate)
    return np.cumsum(np.where(chance(rng, 0.25, series), rare, moves), axis=1)


# shares of the kinds of ``trend``: constant, damped, wandering, broken, S-shaped
STEADY = (0.72, 0.12, 0.06, 0.06, 0.04)
CHANGING = (0.30, 0.20, 0.25, 0.17, 0.08)


def trend(
    rng: Generator,
    series: int,
    steps: int,
    year: np.ndarray,
    shares: tuple[float, ...] = CHANGING,
) -> np.ndarray:
    """Growth by about 1 a year [S, 1], up more often than down, of five kinds.

    Constant; damped (Gardner & McKenzie 1985); with a slope that wanders (Harvey 1989); with a
    slope that changes at a few breaks; or S-shaped (logistic: Verhulst 1838).

    Args:
        shares: of these kinds; they sum to 1.
    """
    slope = (rng.standard_normal((series, 1)) + 0.7) / year
    constant = np.broadcast_to(slope, (series, steps))
    memory = 1 - 1 / (log_uniform(rng, 1, 15, (series, 1)) * year + 1)
    damped = slope * np.exp(np.log(memory) * np.arange(steps))
    wander = log_uniform(rng, 0.05, 1.0, (series, 1)) / year**1.5
    wandering = slope + np.cumsum(wander * rng.standard_normal((series, steps)), axis=1)
    wandering = first_order(wandering - slope, 1 - 0.1 / year) * 0.1 / year + wandering
    broken = rng.random((series, steps)) < rng.uniform(0.03, 0.25, (series, 1)) / year
    change = np.cumsum(broken * rng.standard_normal((series, steps)) / year, axis=1)
    kinds = np.stack([constant, damped, wandering, slope + change, _bell(rng, steps, year) * slope])
    pick = rng.choice(5, series, p=shares)
    return np.cumsum(kinds[pick, np.arange(series)], axis=1)


def _bell(rng: Generator, steps: int, year: np.ndarray) -> np.ndarray:
    """The slope of a logistic curve over time, at most 1, [S, T]."""
    series = len(year)
    width = log_uniform(rng, 0.5, 6, (series, 1))
    middle = rng.uniform(0, 1.2, (series, 1)) * steps / year
    fall = np.exp(-np.abs(np.arange(steps) / year - middle) / width)
    return 4 * fall / (1 + fall) ** 2


def cycle(rng: Generator, series: int, steps: int, year: np.ndarray) -> np.ndarray:
    """A stochastic cycle of unit size, [S, T] (Harvey 1989, 2.3).

    Args:
        year: in steps, [S, 1]; a cycle lasts 2 to 12 of them, and 3 steps at least.
    """
    length = np.maximum(log_uniform(rng, 2, 12, (series, 1)) * year, 3)
    memory = 1 - 1 / (log_uniform(rng, 0.7, 6, (series, 1)) * length + 1)
    turn = memory * np.exp(2j * np.pi / length)
    noise = rng.standard_normal((series, steps)) + 1j * rng.standard_normal((series, steps))
    start = rng.standard_normal((series, 1)) + 1j * rng.standard_normal((series, 1))
    noise = noise * np.sqrt(1 - memory**2)
    noise[:, :1] = start
    return first_order(noise, turn).real


def profiles(rng: Generator, series: int, period: int) -> np.ndarray:
    """Seasonal profiles of zero mean and unit size, [S, period], of four kinds.

    Sums of a few harmonics; independent values with heavy tails; smooth with one or two peaks, as
    of holidays; and two levels, as of working and other days.
    """
    kinds = np.stack(
        [
            _harmonics(rng, series, period),
            rng.standard_t(3, (series, period)),
            _peaks(rng, series, period),
            _two_levels(rng, series, period),
        ]
    )
    pick = rng.choice(4, series, p=[0.45, 0.25, 0.15, 0.15])
    profile = kinds[pick, np.arange(series)]
    profile = profile - profile.mean(axis=1, keepdims=True)
    return profile / (np.sqrt((profile**2).mean(axis=1, keepdims=True)) + 1e-9)


def _harmonics(rng: Generator, series: int, period: int) -> np.ndarray:
    decay = rng.uniform(0.3, 2.5, (series, 1))
    order = np.arange(1, min(max(1, period // 2), 10) + 1)
    size = rng.standard_normal((2, series, len(order))) * order**-decay
    angle = 2 * np.pi * order[:, None] * np.arange(period) / period
    return size[0] @ np.cos(angle) + size[1] @ np.sin(angle)


def _peaks(rng: Generator, series: int, period: int) -> np.ndarray:
    width = log_uniform(rng, 0.02, 0.3, (series, 2, 1))
    distance = np.abs(np.arange(period) / period - rng.random((series, 2, 1)))
    distance = np.minimum(distance, 1 - distance)
    height = rng.standard_normal((series, 2, 1)) * np.array([[1], [0.5]])
    return (height * np.exp(-0.5 * (distance / width) ** 2)).sum(axis=1)


def _two_levels(rng: Generator, series: int, period: int) -> np.ndarray:
    length = rng.integers(1, max(2, period // 2 + 1), (series, 1))
    begin = rng.integers(0, period, (series, 1))
    inside = (np.arange(period) - begin) % period < length
    levels = np.where(inside, rng.choice([-1, 1], (series, 1)), 0)
    return levels + 0.15 * rng.standard_normal((series, period))


def season(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """A season of unit size whose profile and size may change slowly.

    In a quarter of series a cycle of 2 to 12 seasons makes it larger and smaller again.
    """
    if period == 1:
        return np.zeros((series, steps))
    cycles = -(-steps // period) + 1
    pace = np.where(chance(rng, 0.6, series), log_uniform(rng, 0.01, 0.4, (series, 1)), 0)
    change = pace[:, :, None] * rng.standard_normal((series, cycles, period))
    if period > 30:  # neighbouring days change together
        change = _smooth(change)
    profile = profiles(rng, series, period)[:, None] + np.cumsum(change, axis=1)
    profile -= profile.mean(axis=2, keepdims=True)
    start = rng.integers(0, period)
    result = profile.reshape(series, -1)[:, start : start + steps]
    growth = np.where(chance(rng, 0.25, series), rng.uniform(-0.8, 0.8, (series, 1)), 0)
    size = np.where(chance(rng, 0.25, series), log_uniform(rng, 0.1, 0.6, (series, 1)), 0)
    waves = size * cycle(rng, series, steps, np.full((series, 1), max(period, 4)))
    return result * np.exp(growth * (np.arange(steps) / steps - 0.5) + np.clip(waves, -1.5, 1.5))


def _smooth(values: np.ndarray) -> np.ndarray:
    kernel = np.hanning(9) / np.sqrt((np.hanning(9) ** 2).sum())
    spectrum = np.fft.rfft(kernel, values.shape[-1])
    return np.fft.irfft(np.fft.rfft(values) * spectrum, values.shape[-1])


def long_season(rng: Generator, series: int, steps: int, period: int, long: int) -> np.ndarray:
    """A second season of ``long`` steps and about unit size: levels of days, or a smooth year."""
    at = np.arange(steps) + rng.integers(0, long)
    if long in (260, 365):
        phase = 2 * np.pi * at / (long + 0.25)
        order = np.arange(1, 4)[:, None]
        size = rng.standard_normal((2, series, 3)) / order[:, 0] ** 1.2
        return size[0] @ np.cos(order * phase) + size[1] @ np.sin(order * phase)
    days = profiles(rng, series, long // period)
    return days[:, (at // period) % (long // period)]


def other_days(rng: Generator, series: int, steps: int, period: int, long: int) -> np.ndarray:
    """A profile of its own for one or two days of the week, [S, T]; zeros without a long season."""
    if long // period != 7:
        return np.zeros((series, steps))
    at = np.arange(steps) + rng.integers(0, long)
    special = (at // period) % 7 < rng.integers(1, 3)
    return special * profiles(rng, series, period)[:, at % period]


def jumps(rng: Generator, series: int, steps: int) -> np.ndarray:
    """A step function that jumps by about 1 at one or two random times."""
    when = rng.random((series, steps)) < 1.5 / steps
    return np.cumsum(when * rng.standard_normal((series, steps)), axis=1)


def spectral(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """A stationary Gaussian process of unit size, drawn by its spectrum.

    The spectrum is a power law (Timmer & König 1995), from white noise to smooth wandering, with
    lines at the season and its harmonics in half of the series: a quasi-periodic process.
    """
    length = 2 * steps
    frequency = np.fft.rfftfreq(length)
    frequency[0] = frequency[1]
    power = rng.uniform(0, 3.5, (series, 1))
    density = frequency**-power
    density /= density.sum(axis=1, keepdims=True)
    if period > 1:
        width = log_uniform(rng, 0.002, 0.05, (series, 1)) / period
        harmonic = np.maximum(np.round(frequency * period), 1)
        gap = frequency - harmonic / period
        lines = np.exp(-0.5 * (gap / width) ** 2) * harmonic ** -rng.uniform(0, 3, (series, 1))
        lines /= lines.sum(axis=1, keepdims=True) + 1e-12
        share = np.where(chance(rng, 0.6, series), rng.uniform(0, 1, (series, 1)), 0)
        density = (1 - share) * density + share * lines
    phase = rng.standard_normal((series, len(frequency))) + 1j * rng.standard_normal(
        (series, len(frequency))
    )
    values = np.fft.irfft(np.sqrt(density) * phase, length)[:, :steps]
    return values / (values.std(axis=1, keepdims=True) + 1e-9)


def airline_model(rng: Generator, series: int, steps: int, period: int) -> np.ndarray:
    """ARIMA (0, 1, 1)(0, 1, 1) of unit shocks, after a random season (Box & Jenkins 1970)."""
    theta = rng.uniform(-0.3, 0.98, (series, 1))
    big_theta = rng.uniform(0, 0.98, (series, 1)) if period > 1 else 0.0
    start = period + 1
    e = shocks(rng, series, steps + start)
    w = e[:, start:] - theta * e[:, start - 1 : -1]
    if period > 1:
        w = w - big_theta * (e[:, 1 : steps + 1] - theta * e[:, :steps])
        cycles = -(-steps // period)
        padded = np.pad(w, ((0, 0), (0, cycles * period - steps)))
        w = np.cumsum(padded.reshape(series, cycles, period), axis=1).reshape(series, -1)[:, :steps]
        slope = rng.standard_normal((series, 1)) * log_uniform(rng, 0.01, 1, (series, 1))
        w = w + slope
    return np.cumsum(w, axis=1)
