"""Reference implementations for series: plain loops over one series at a time."""

from dataclasses import replace

import numpy as np

from rnnlab.series.panel import Covariates, Panel


def joined(*series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Concatenated series, and where each begins (and the last one ends)."""
    lengths = [len(each) for each in series]
    return np.concatenate(series).astype(np.float64), np.cumsum([0, *lengths])


def wave(length: int, period: int, seed: int = 3) -> np.ndarray:
    """A positive series that grows and has a season."""
    t = np.arange(length)
    noise = np.random.default_rng(seed).normal(size=length)
    return 1e3 * (1 + seed) * np.exp(0.02 * t + 0.3 * np.sin(2 * np.pi * t / period) + noise / 20)


def panel_of(*series: np.ndarray | list, period: int = 12) -> Panel:
    """A panel of series s0, s1 and so on, in numbered steps; NaN for gaps."""
    y, offsets = joined(*map(np.asarray, series))
    return Panel([f"s{n}" for n in range(len(series))], offsets, np.arange(len(y)), y, period)


def with_columns(panel: Panel, columns: dict[str, np.ndarray], ahead: int) -> Panel:
    """The panel with covariates, whose rows go on for ``ahead`` steps after each series."""
    offsets = panel.offsets + ahead * np.arange(len(panel.offsets))
    values = np.column_stack([*columns.values()])
    return replace(panel, covariates=Covariates(list(columns), offsets, values))


def ragged(lengths: list[int], period: int) -> tuple[np.ndarray, np.ndarray]:
    """Waves of unequal length and size, concatenated."""
    return joined(*(wave(length, period, seed) for seed, length in enumerate(lengths)))


def normalized(y: np.ndarray, end: int, method: str, period: int) -> np.ndarray:
    """One series normalized by a method without smoothing, fitted on its first ``end`` values."""
    values = [float(np.log(v)) if method.startswith("log") else float(v) for v in y]
    lags = {
        "log_difference": [1],
        "log_seasonal_difference": [period],
        "log_seasonal_and_first_difference": [period, 1],
    }.get(method, [])
    for lag in lags:
        values = [
            values[n] - values[n - lag] if n >= lag else float("nan") for n in range(len(values))
        ]
    part = np.array(values[sum(lags) : end])
    if method in ("none", "log"):
        shift, scale = 0.0, 1.0
    elif method == "minmax":
        shift, scale = part.min(), part.max() - part.min()
    else:
        shift = sum(part) / len(part)
        scale = (sum((part - shift) ** 2) / len(part)) ** 0.5
    return (np.array(values) - shift) / (scale if scale > 1e-12 else 1.0)


class SmoothedSeries:
    """One series smoothed value by value, with start, slope and scales of its first ``end``."""

    def __init__(
        self, x: np.ndarray, end: int, period: int, alpha: float, gamma: float, phi: float
    ) -> None:
        self.x, self.period, self.phi = x, period, phi
        pairs = [x[n + period] - x[n] for n in range(end - period)]
        self.slope = sum(pairs) / len(pairs) / period
        count = 2 * period + 1
        design = np.zeros((count, 1 + period))
        for n in range(count):
            design[n, 0] = n
            design[n, 1 + n % period] = 1
        growth, *crossings = np.linalg.solve(design.T @ design, design.T @ x[:count])
        middle = sum(crossings) / period
        level, self.first_level = middle - growth, middle - growth
        self.season = [crossing - middle for crossing in crossings]
        self.levels = []
        for n, value in enumerate(x):
            error = value - level - self.slope - self.season[n]
            level = level + self.slope + alpha * error
            self.levels.append(level)
            self.season.append(self.season[n] + gamma * (1 - alpha) * error)
        first = min(2 * period + period // 2, end - 1)
        inputs = [value for o in range(first, end) for value in self.inputs(o, period)]
        targets = [
            x[o + k] - self.base(o, k + 1)[k]
            for o in range(first, end)
            for k in range(period)
            if o + k < end
        ]
        self.input_scale, self.target_scale = np.std(inputs), np.std(targets)

    def inputs(self, origin: int, look_back: int) -> list[float]:
        """The last values minus their season and the last level, unscaled."""
        back = [max(n, 0) for n in range(origin - look_back, origin)]
        return [self.x[n] - self.season[n] - self.levels[origin - 1] for n in back]

    def base(self, origin: int, steps: int) -> list[float]:
        """The forecast of the smoothing alone."""
        found, drift = [], 0.0
        for k in range(steps):
            drift += self.slope * self.phi ** (k + 1)
            known = self.season[origin + k % self.period]
            found.append(self.levels[origin - 1] + drift + known)
        return found
