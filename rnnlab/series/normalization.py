"""Fitted normalization of many series: a scaler and, for some methods, exponential smoothing."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from rnnlab.core.params import SeriesNormalize
from rnnlab.series.panel import Panel
from rnnlab.series.scalers import LAGS, Scaler, fit_scaler
from rnnlab.series.smoothing import Smoothing, fit_smoothing

# number of values that are smoothed together, so that they share the cost of a Python step
CHUNK = 200_000
SMOOTHING_METHODS = ("exponential_smoothing", "log_exponential_smoothing")


@dataclass(frozen=True)
class Normalization:
    """A scaler and, if the method has one, the smoothing that is applied to the scaled values."""

    scaler: Scaler
    smoothing: Smoothing | None

    @property
    def burn_in(self) -> int:
        """Number of leading values of a series before the first possible window."""
        return self.scaler.burn_in + (self.smoothing.burn_in if self.smoothing else 0)

    def first_origin(self, look_back: int) -> int:
        """The position of the first origin that has a complete window before it."""
        return max(self.burn_in, look_back + self.scaler.burn_in)

    def transform(
        self, y: np.ndarray, offsets: np.ndarray, kind: type = np.float64
    ) -> dict[str, np.ndarray]:
        """Return the arrays from which windows are cut, with dtype ``kind``.

        Returns:
            x [M]: normalized y. With a smoothing also level [M] and season [M + S * period], as
            ``Smoothing.states`` gives them.
        """
        sizes = {"x": len(y)}
        if self.smoothing is not None:
            sizes |= {"level": len(y), "season": len(y) + self.smoothing.season.size}
        found: dict[str, np.ndarray] = {
            key: np.empty(size, dtype=kind) for key, size in sizes.items()
        }
        filled = dict.fromkeys(found, 0)
        for chunk in chunks(offsets):
            own = offsets[chunk.start : chunk.stop + 1]
            part = self.select(chunk)._transform(y[own[0] : own[-1]], own - own[0])
            for key, values in part.items():
                found[key][filled[key] : filled[key] + len(values)] = values
                filled[key] += len(values)
        return found

    def _transform(self, y: np.ndarray, offsets: np.ndarray) -> dict[str, np.ndarray]:
        x = self.scaler.transform(y, offsets)
        if self.smoothing is None:
            return {"x": x}
        level, season = self.smoothing.states(x, offsets)
        return {"x": x, "level": level, "season": season}

    def select(self, chunk: slice) -> "Normalization":
        """The normalization of the series in slice ``chunk``."""
        scaler = replace(
            self.scaler, shift=self.scaler.shift[chunk], scale=self.scaler.scale[chunk]
        )
        if self.smoothing is None:
            return Normalization(scaler, None)
        arrays = {key: getattr(self.smoothing, key)[chunk] for key in SMOOTHED}
        return Normalization(scaler, replace(self.smoothing, **arrays))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All fitted numbers by name: float64, [S] or [S, period]."""
        arrays = {"shift": self.scaler.shift, "scale": self.scaler.scale}
        if self.smoothing is not None:
            arrays |= {key: getattr(self.smoothing, key) for key in SMOOTHED}
        return arrays


# the fields of a smoothing that are fitted, not set by a parameter
SMOOTHED = [
    field.name for field in fields(Smoothing) if field.name not in ("alpha", "gamma", "phi")
]


def min_training_values(method: str, period: int) -> int:
    """The number of training values that ``fit_normalization`` needs."""
    if method in SMOOTHING_METHODS:
        return 2 * period + 2
    return sum(lag or period for lag in LAGS.get(method, ())) + 2


def fit_normalization(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray, settings: SeriesNormalize, period: int
) -> Normalization:
    """Fit ``settings.method`` on the first ``ends`` [S] values of each series in y [M].

    Args:
        ends: each at least ``min_training_values``.
    """
    parts = []
    for chunk in chunks(offsets):
        own = offsets[chunk.start : chunk.stop + 1]
        values = y[own[0] : own[-1]]
        parts.append(_fit(values, own - own[0], ends[chunk], settings, period).to_arrays())
    arrays = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return normalization_from(arrays, settings.model_dump(), period)


def _fit(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray, settings: SeriesNormalize, period: int
) -> Normalization:
    method = settings.method
    if method not in SMOOTHING_METHODS:
        return Normalization(fit_scaler(y, offsets, ends, method, period), None)
    plain = "log_standard" if method.startswith("log") else "standard"
    scaler = fit_scaler(y, offsets, ends, plain, period)
    constants = (settings.level, settings.season, settings.damping)
    x = scaler.transform(y, offsets)
    return Normalization(scaler, fit_smoothing(x, offsets, ends, period, constants))


def chunks(offsets: np.ndarray) -> Iterator[slice]:
    """Yield slices of series with about ``CHUNK`` values each.

    Intermediate results take several times the memory of the values.
    """
    edges = np.flatnonzero(np.diff(offsets[1:] // CHUNK)) + 1
    for start, stop in pairwise([0, *edges, len(offsets) - 1]):
        yield slice(int(start), int(stop))


def stored_normalization(
    tensors: dict[str, np.ndarray], fitted: str, settings: dict[str, Any], period: int
) -> Normalization:
    """Rebuild normalization ``fitted``, such as main.refit, from the arrays of stage normalize."""
    start = f"{fitted}."
    arrays = {key.removeprefix(start): v for key, v in tensors.items() if key.startswith(start)}
    return normalization_from(arrays, settings, period)


def normalization_from(
    arrays: dict[str, np.ndarray], settings: dict[str, Any], period: int
) -> Normalization:
    """Rebuild a normalization from ``to_arrays`` and the block ``normalize`` of its task."""
    method = settings["method"]
    lags = tuple(lag or period for lag in LAGS.get(method, ()))
    scaler = Scaler(method.startswith("log"), lags, arrays["shift"], arrays["scale"])
    if method not in SMOOTHING_METHODS:
        return Normalization(scaler, None)
    constants = settings["level"], settings["season"], settings["damping"]
    return Normalization(scaler, Smoothing(*constants, *(arrays[key] for key in SMOOTHED)))


def short_series(panel: Panel, training: np.ndarray, method: str) -> dict[int, str]:
    """Reasons why series are too short for a normalization, by their numbers.

    Args:
        training: number of training values of each series, [S].
        method: a choice of ``normalize.method``.
    """
    needed = min_training_values(method, panel.period)
    return {
        int(number): (
            f"has {panel.lengths[number]} values, {max(int(training[number]), 0)} of them for "
            f"training; normalize.method {method} with period {panel.period} takes {needed} or more"
        )
        for number in np.flatnonzero(training < needed)
    }


def unusable_series(panel: Panel, training: np.ndarray, method: str) -> dict[int, str]:
    """Reasons why a normalization cannot be fitted on series, by their numbers.

    Args:
        training, method: see ``short_series``.
    """
    problems = short_series(panel, training, method)
    rest = " without the effect of its covariates" if panel.covariates is not None else ""
    for number, (y, count) in enumerate(zip(panel.parts(panel.filled), training, strict=True)):
        if number in problems:
            continue
        # checked in the whole series, since test values need a logarithm too
        if method.startswith("log") and y.min() <= 0:
            other = "exponential_smoothing" if "smoothing" in method else "minmax or standard"
            problems[number] = (
                f"holds {y.min():g}{rest}, which has no logarithm; "
                f"write {other} as normalize.method in params.yaml"
            )
        elif np.ptp(y[:count]) == 0:
            problems[number] = f"is constant ({y[0]:g}{rest}) in its training part"
    return dict(sorted(problems.items()))
