"""Scaling of series: fitted on their training parts, exactly invertible.

A method is a chain: an optional logarithm, an optional seasonal difference, an optional first
difference, then (z - shift) / scale, with a shift and a scale for each series. Differences need
past values for their inverse, so ``inverse`` reads the series up to each forecast's origin.
"""

from dataclasses import dataclass

import numpy as np

LAGS = {
    "log_difference": (1,),
    "log_seasonal_difference": (0,),
    "log_seasonal_and_first_difference": (0, 1),
}


@dataclass(frozen=True)
class Scaler:
    """The fitted scaling of S concatenated series.

    Attributes:
        log: whether to take the natural logarithm first.
        lags: lags of the differences in their order: 1 for a first, the period for a seasonal one.
        shift, scale: [S], for the differenced values; z = (value - shift) / scale.
    """

    log: bool
    lags: tuple[int, ...]
    shift: np.ndarray
    scale: np.ndarray

    @property
    def burn_in(self) -> int:
        """Number of leading values without z, since their differences reach before the start."""
        return sum(self.lags)

    def transform(self, y: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Normalize y [M], series s of which is ``y[offsets[s]:offsets[s + 1]]``.

        Returns:
            z [M], NaN for the first ``burn_in`` values of each series.
        """
        z = difference(y, offsets, self.log, self.lags)
        series = series_numbers(offsets)
        return (z - self.shift[series]) / self.scale[series]

    def inverse(
        self, z: np.ndarray, y: np.ndarray, origin: np.ndarray, series: np.ndarray
    ) -> np.ndarray:
        """Invert ``transform`` for H steps from each origin.

        Args:
            z: normalized values of the next H steps, [N, H].
            y: all series, concatenated, [M]; values at or after an origin are not read.
            origin: position in y of the first of the H steps, [N]; ``burn_in`` values of the same
                series must lie before it.
            series: number of the series, [N].

        Returns:
            Values in the units of the series, [N, H].
        """
        ahead = z.astype(np.float64) * self.scale[series, None] + self.shift[series, None]
        if self.lags:
            past = y[origin[:, None] + np.arange(-self.burn_in, 0)]
            levels = [np.log(past) if self.log else past]
            for lag in self.lags[:-1]:
                levels.append(levels[-1][:, lag:] - levels[-1][:, :-lag])
            for lag, level in zip(reversed(self.lags), reversed(levels), strict=True):
                ahead = _integrate(ahead, level, lag)
        # a diverged forecast is infinite, which its scores show
        with np.errstate(over="ignore"):
            return np.exp(ahead) if self.log else ahead


def series_numbers(offsets: np.ndarray) -> np.ndarray:
    """The index of its series for each of M concatenated values, [M]."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def positions_in_series(offsets: np.ndarray) -> np.ndarray:
    """The position in its series for each of M concatenated values, [M]."""
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))


def rows_of(offsets: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Where the values of the series with these numbers, [K], are among concatenated ones."""
    spans = [np.arange(*offsets[number : number + 2]) for number in series]
    return np.concatenate([np.empty(0, dtype=np.int64), *spans])


def difference(y: np.ndarray, offsets: np.ndarray, log: bool, lags: tuple[int, ...]) -> np.ndarray:
    """y [M], in logs if ``log``, differenced at ``lags``; NaN where a lag precedes the start."""
    z = np.log(y) if log else y.astype(np.float64)
    place = positions_in_series(offsets)
    for number, lag in enumerate(lags):
        z = np.concatenate([np.full(min(lag, len(z)), np.nan), z[lag:] - z[:-lag]])
        z[place < sum(lags[: number + 1])] = np.nan
    return z


def _integrate(differences: np.ndarray, past: np.ndarray, lag: int) -> np.ndarray:
    values = np.concatenate([past[:, -lag:], differences], axis=1)
    for step in range(lag, values.shape[1]):
        values[:, step] += values[:, step - lag]
    return values[:, lag:]


def fit_scaler(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray, method: str, period: int
) -> Scaler:
    """Fit ``method`` (a choice of normalize.method) on the first ``ends`` [S] values of each.

    Each needs ``min_training_values`` values; with a logarithm all must be above 0.
    """
    log = method.startswith("log")
    lags = tuple(lag or period for lag in LAGS.get(method, ()))
    z = difference(y, offsets, log, lags)
    if method in ("none", "log"):
        shift, scale = np.zeros(len(ends)), np.ones(len(ends))
    else:
        parts = [
            z[start + sum(lags) : start + end] for start, end in zip(offsets, ends, strict=False)
        ]
        center = np.min if method == "minmax" else np.mean
        width = np.ptp if method == "minmax" else np.std
        shift = np.array([center(part) for part in parts])
        scale = np.array([width(part) for part in parts])
    return Scaler(log, lags, shift, np.where(scale > 1e-12, scale, 1.0))
