"""Prediction intervals from errors on validation (split conformal; Vovk, Gammerman & Shafer 2005).

An error is taken on the scale of the normalization (logarithms, if it takes them) and divided by
its series' own scale and by the mean size of errors so many steps ahead. Of what is left an
interval takes the quantile that held the asked share of the validation values. No shape of the
errors is assumed; intervals hold as often as they say where the time to come is like validation.

The validation part of one short series may have been a quiet time by chance, so intervals are
nowhere narrower than those that the errors inside the training part give in the same way. That also
makes up for the networks, whose epoch validation chose.
"""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.forecasting.measures import seasonal_naive_errors

LEVELS = (0.80, 0.95)


@dataclass(frozen=True)
class Widths:
    """How far intervals reach.

    Attributes:
        log: whether on logarithms.
        scale: [S], of each series.
        half: by level, [H]: how far to either side by step ahead, in scales; it never falls.
        least: [S], what no value of a series falls below: 0 or minus infinity; None for no bound.
    """

    log: bool
    scale: np.ndarray
    half: dict[float, np.ndarray]
    least: np.ndarray | None = None

    def around(
        self, forecast: np.ndarray, series: np.ndarray, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds about forecast [N, K] of series [N]; K may be any number.

        Beyond the steps that validation shows, errors grow by the root of time, as those of a
        random walk do.
        """
        steps = np.arange(1, forecast.shape[1] + 1)
        known = len(self.half[level])
        grown = np.sqrt(np.maximum(steps / known, 1))
        half = self.scale[series, None] * self.half[level][np.minimum(steps, known) - 1] * grown
        middle = on_scale(forecast, self.log)
        with np.errstate(over="ignore"):
            low, high = middle - half, middle + half
            if self.log:
                return np.exp(low), np.exp(high)
        if self.least is not None:
            # a forecast below it stays inside its own interval
            low = np.minimum(np.maximum(low, self.least[series, None]), forecast)
        return low, high

    def at_least(self, other: "Widths") -> "Widths":
        """Whichever is wider, step by step."""
        wider = {level: np.maximum(half, other.half[level]) for level, half in self.half.items()}
        return replace(self, half=wider)


def on_scale(values: np.ndarray, log: bool) -> np.ndarray:
    """Values as errors are taken of them; a forecast not above 0 has the least logarithm."""
    return np.log(np.maximum(values, 1e-12)) if log else values


def series_scales(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray, period: int, log: bool
) -> np.ndarray:
    """The seasonal naive error of each training part, [S], on the scale of intervals."""
    scales = seasonal_naive_errors(on_scale(y, log), offsets, ends, period)
    return np.where(np.isnan(scales), 1.0, scales)


def calibrate(
    truth: np.ndarray, forecast: np.ndarray, series: np.ndarray, scale: np.ndarray, log: bool
) -> Widths:
    """Widths that hold where ``truth`` is known.

    Args:
        truth: [N, H] in the units of the series, NaN where a step does not count.
        forecast: [N, H].
        series: [N]; scale: [S], ``series_scales`` of the training parts.
    """
    errors = np.abs(on_scale(truth, log) - on_scale(forecast, log)) / scale[series, None]
    # a forecast that ran away has bounds as far as itself, whatever its width
    known = np.isfinite(errors)
    if not known.any():
        return Widths(log, scale, {level: np.zeros(truth.shape[1]) for level in LEVELS})
    mean = np.where(known, errors, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    size = np.maximum(np.maximum.accumulate(mean), 1e-9)
    scores = np.sort((errors / size)[known])
    # one more than there are, so that a new value is as likely as each of them to be the largest
    rank = {level: int(np.ceil((len(scores) + 1) * level)) for level in LEVELS}
    half = {level: size * scores[min(r, len(scores)) - 1] for level, r in rank.items()}
    return Widths(log, scale, half)
