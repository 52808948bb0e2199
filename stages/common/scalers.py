"""Normalization of one series: fitted on its training part, exactly invertible.

A method is a chain: an optional logarithm, an optional seasonal difference, an optional first
difference, then (z - shift) / scale. Differences need past values to be undone, so ``inverse``
takes the history up to the forecast's origin.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stages.common.errors import InputError


@dataclass(frozen=True)
class Scaler:
    """A fitted normalization.

    Attributes:
        log: whether the natural logarithm is taken first.
        lags: differences taken in turn, in steps: 1 is a first, the period a seasonal one.
        shift, scale: of the differenced values; z = (value - shift) / scale.
    """

    log: bool
    lags: tuple[int, ...]
    shift: float
    scale: float

    @property
    def lost(self) -> int:
        """How many leading values have no z, since their differences reach before the start."""
        return sum(self.lags)

    def transform(self, y: np.ndarray) -> np.ndarray:
        """Normalize y [n]; the first ``lost`` values of z [n] are NaN."""
        z = np.log(y) if self.log else y.astype(np.float64)
        for lag in self.lags:
            z = np.concatenate([np.full(lag, np.nan), z[lag:] - z[:-lag]])
        return (z - self.shift) / self.scale

    def inverse(self, z: np.ndarray, history: np.ndarray) -> np.ndarray:
        """Undo ``transform`` for the steps after ``history``.

        Args:
            z: normalized values of the next H steps, [H].
            history: y up to the origin, at least ``lost`` values.

        Returns:
            y of the next H steps, [H], in the units of the series.
        """
        level = np.log(history[-self.lost :]) if self.log and self.lost else history
        stages = [level]
        for lag in self.lags[:-1]:
            level = level[lag:] - level[:-lag]
            stages.append(level)
        ahead = z.astype(np.float64) * self.scale + self.shift
        for lag, past in zip(reversed(self.lags), reversed(stages), strict=False):
            ahead = _integrate(ahead, past, lag)
        return np.exp(ahead) if self.log else ahead

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Scaler":
        return cls(**{**content, "lags": tuple(content["lags"])})


def _integrate(differences: np.ndarray, past: np.ndarray, lag: int) -> np.ndarray:
    values = np.concatenate([past[-lag:], differences])
    for step in range(lag, len(values)):
        values[step] += values[step - lag]
    return values[lag:]


def fit_scaler(y: np.ndarray, method: str, period: int) -> Scaler:
    """Fit ``method`` (a choice of normalize.method) on the training part y [n].

    Raises:
        InputError: y has zeros or negatives under a logarithm, or is too short for the method.
    """
    log = method.startswith("log")
    if log and y.min() <= 0:
        raise InputError(
            f"value {y.min():g} has no logarithm; "
            "write minmax or standard as normalize.method in params.yaml"
        )
    lags = {
        "log_difference": (1,),
        "log_seasonal_difference": (period,),
        "log_seasonal_and_first_difference": (period, 1),
    }.get(method, ())
    if len(y) < sum(lags) + 2:
        raise InputError(
            f"{len(y)} training values are too few for normalize.method {method} with period "
            f"{period}; it takes {sum(lags) + 2} or more"
        )
    z = Scaler(log, lags, 0.0, 1.0).transform(y)[sum(lags) :]
    if method == "none":
        shift, scale = 0.0, 1.0
    elif method == "minmax":
        shift, scale = float(z.min()), float(z.max() - z.min())
    else:
        shift, scale = float(z.mean()), float(z.std())
    return Scaler(log, lags, shift, scale if scale > 1e-12 else 1.0)
