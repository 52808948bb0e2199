"""Normalization by exponential smoothing: level and season are taken off as the series goes.

The recurrence is that of damped additive-trend, seasonal exponential smoothing in error-correction
form (Hyndman et al. 2008, ch. 2), on logarithms if ``log``, so that the season is multiplicative.
Its one departure: the slope is a constant of the training part, as short series pin it down no
better. With x the (log) series, l the level, s the season, d the slope and m the period::

    e_t = x_t - l_{t-1} - d - s_{t-m}
    l_t = l_{t-1} + d + alpha e_t
    s_t = s_{t-m} + gamma (1 - alpha) e_t

From origin t the forecast of the smoothing alone is l_t + d (phi + … + phi^h) + s_{t+h-m'}, m' the
least multiple of m that reaches back to a known season. The network reads the last values less
their season and the last level, and answers with what is to be added to that forecast (the hybrid
of Smyl 2020, with the smoothing fitted first).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from stages.common.errors import InputError

Answer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Smoother:
    """A fitted smoothing.

    Attributes:
        log: whether it works on natural logarithms.
        alpha, gamma, phi: smoothing of level and season, damping of the slope; 0 to 1.
        slope: mean growth a step inside the training part.
        level: before the first value.
        season: the first period's, [period].
        input_scale, target_scale: deviations over the training part's windows, so that the network
            reads and answers numbers of size one.
    """

    log: bool
    alpha: float
    gamma: float
    phi: float
    slope: float
    level: float
    season: tuple[float, ...]
    input_scale: float = 1.0
    target_scale: float = 1.0

    @property
    def lost(self) -> int:
        """Leading values that give no windows: two periods set the start, half a one settles it."""
        return 2 * len(self.season) + len(self.season) // 2

    def states(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smooth y [n].

        Returns:
            The level after each value, [n], and the season, [n + period]: of value t as it was
            known one period before, so that the last period is of the future.
        """
        x = np.log(y) if self.log else y
        level, levels, season = self.level, np.empty(len(x)), list(self.season)
        for step, value in enumerate(x):
            error = value - level - self.slope - season[step]
            level += self.slope + self.alpha * error
            levels[step] = level
            season.append(season[step] + self.gamma * (1 - self.alpha) * error)
        return levels, np.array(season)

    def transform(self, y: np.ndarray) -> np.ndarray:
        """y [n] less its season as it was known one period before, in logs if ``log``."""
        _, season = self.states(y)
        return (np.log(y) if self.log else y) - season[: len(y)]

    def base(
        self, levels: np.ndarray, season: np.ndarray, origin: np.ndarray, steps: int
    ) -> np.ndarray:
        """The smoothing's own forecasts from ``origin`` [N]: [N, steps], in logs if ``log``."""
        ahead = np.arange(steps)
        damped = self.slope * np.cumsum(self.phi ** (ahead + 1))
        known = origin[:, None] + ahead % len(self.season)
        return levels[origin - 1][:, None] + damped + season[known]

    def windows(
        self, y: np.ndarray, origin: np.ndarray, look_back: int, horizon: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs [N, look_back] and targets [N, horizon]; NaN beyond the end of y [n]."""
        x = np.log(y) if self.log else y
        levels, season = self.states(y)
        inputs = self._inputs(x, levels, season, origin, look_back)
        ahead = origin[:, None] + np.arange(horizon)
        future = np.where(ahead < len(x), x[np.minimum(ahead, len(x) - 1)], np.nan)
        targets = future - self.base(levels, season, origin, horizon)
        return inputs, targets / self.target_scale

    def _inputs(
        self,
        x: np.ndarray,
        levels: np.ndarray,
        season: np.ndarray,
        origin: np.ndarray,
        look_back: int,
    ) -> np.ndarray:
        past = origin[:, None] + np.arange(-look_back, 0)
        return (x[past] - season[past] - levels[origin - 1][:, None]) / self.input_scale

    def forecast(
        self, answer: Answer, history: np.ndarray, look_back: int, steps: int
    ) -> np.ndarray:
        """Forecast the ``steps`` after ``history`` in one pass, in the units of the series.

        Beyond the network's horizon its mean answer over the last period that it reaches goes on.
        """
        origin = np.array([len(history)])
        x = np.log(history) if self.log else history
        levels, season = self.states(history)
        added = answer(self._inputs(x, levels, season, origin, look_back))[0]
        rest = added[-len(self.season) :].mean()
        added = np.concatenate([added, np.full(max(0, steps - len(added)), rest)])[:steps]
        ahead = self.base(levels, season, origin, steps)[0] + self.target_scale * added
        return np.exp(ahead) if self.log else ahead

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Smoother":
        return cls(**{**content, "season": tuple(content["season"])})


def fit_smoother(
    y: np.ndarray, period: int, log: bool, smoothing: tuple[float, float, float]
) -> Smoother:
    """Fit start, slope and scales on the training part y [n].

    The start is the least-squares line with a season over the first two periods. The scales are
    the deviations of windows that look one period back and one ahead.

    Args:
        smoothing: alpha, gamma and phi.

    Raises:
        InputError: y is too short, or has zeros or negatives under the logarithm.
    """
    if log and y.min() <= 0:
        raise InputError(
            f"value {y.min():g} has no logarithm; "
            "write exponential_smoothing as normalize.method in params.yaml"
        )
    if len(y) < 2 * period + 2:
        raise InputError(
            f"{len(y)} training values are too few to smooth with period {period}; "
            f"it takes {2 * period + 2} or more"
        )
    x = np.log(y) if log else y.astype(np.float64)
    # one step more than two periods, so that a period of 1 has a line to fit
    first = np.arange(2 * period + 1)
    seasons = (first[:, None] % period == np.arange(period)).astype(float)
    fitted = np.linalg.lstsq(np.column_stack([first, seasons]), x[first], rcond=None)[0]
    level = fitted[1:].mean()
    alpha, gamma, phi = smoothing
    smoother = Smoother(
        log=log,
        alpha=alpha,
        gamma=gamma,
        phi=phi,
        slope=float((x[period:] - x[:-period]).mean() / period),
        level=float(level - fitted[0]),
        season=tuple(float(value) for value in fitted[1:] - level),
    )
    origin = np.arange(min(smoother.lost, len(y) - 1), len(y))
    inputs, targets = smoother.windows(y, origin, period, period)
    return replace(smoother, input_scale=_deviation(inputs), target_scale=_deviation(targets))


def _deviation(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    deviation = float(known.std()) if len(known) else 0.0
    return deviation if deviation > 1e-12 else 1.0
