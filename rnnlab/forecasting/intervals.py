"""Prediction intervals from validation errors (split conformal; Vovk, Gammerman & Shafer 2005).

Errors are taken on the scale of the normalization (logarithms, if it uses them), then divided by
the scale of their series and by the mean size of errors at the same step ahead. The quantiles of
these scaled errors give the widths of the intervals. This assumes no distribution of the errors;
coverage is as stated if the future resembles the validation part.

The validation part of a single short series may be easier than average by chance. Intervals are
therefore at least as wide as those computed in the same way from the training part. This also
compensates for choosing the networks' epoch on the validation part.
"""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.forecasting.measures import seasonal_naive_errors

LEVELS = (0.80, 0.95)


@dataclass(frozen=True)
class IntervalWidths:
    """The widths of intervals around a method's forecasts.

    Attributes:
        log: whether the widths are on the logarithmic scale.
        scale: of each series, [S].
        half_widths: by level, half of the width by step ahead, in scales, [H]; never decreasing.
        lower_limit: [S], the lowest possible value of each series: 0 or minus infinity; None for
            no limit.
    """

    log: bool
    scale: np.ndarray
    half_widths: dict[float, np.ndarray]
    lower_limit: np.ndarray | None = None

    def bounds(
        self, forecast: np.ndarray, series: np.ndarray, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds, [N, K] each, of forecast [N, K] of series [N], for any K.

        Beyond the H calibrated steps the widths grow with the square root of time, as the errors
        of a random walk do.
        """
        steps = np.arange(1, forecast.shape[1] + 1)
        known = len(self.half_widths[level])
        growth = np.sqrt(np.maximum(steps / known, 1))
        half_width = self.half_widths[level][np.minimum(steps, known) - 1]
        half_width = self.scale[series, None] * half_width * growth
        middle = transformed(forecast, self.log)
        with np.errstate(over="ignore"):
            low, high = middle - half_width, middle + half_width
            if self.log:
                return np.exp(low), np.exp(high)
        if self.lower_limit is not None:
            # an interval always contains its forecast, even one below the limit
            low = np.minimum(np.maximum(low, self.lower_limit[series, None]), forecast)
        return low, high

    def widened_to(self, other: "IntervalWidths") -> "IntervalWidths":
        """These widths, but at each step at least those of ``other``."""
        wider = {
            level: np.maximum(half_width, other.half_widths[level])
            for level, half_width in self.half_widths.items()
        }
        return replace(self, half_widths=wider)


def transformed(values: np.ndarray, log: bool) -> np.ndarray:
    """Values on the scale of the errors: their logarithms if ``log``, clipped to a positive one."""
    return np.log(np.maximum(values, 1e-12)) if log else values


def series_scales(
    y: np.ndarray, offsets: np.ndarray, ends: np.ndarray, period: int, log: bool
) -> np.ndarray:
    """The seasonal naive error of each training part on the scale of the errors, [S]."""
    scales = seasonal_naive_errors(transformed(y, log), offsets, ends, period)
    return np.where(np.isnan(scales), 1.0, scales)


def calibrate(
    truth: np.ndarray, forecast: np.ndarray, series: np.ndarray, scale: np.ndarray, log: bool
) -> IntervalWidths:
    """The widths with which intervals have the stated coverage of ``truth``.

    Args:
        truth: [N, H] in the units of the series, NaN for steps that do not count.
        forecast: [N, H].
        series: [N]; scale: [S], ``series_scales`` of the training parts.
    """
    errors = np.abs(transformed(truth, log) - transformed(forecast, log)) / scale[series, None]
    # a forecast that diverged to infinity has infinite bounds, whatever the width
    known = np.isfinite(errors)
    if not known.any():
        return IntervalWidths(log, scale, {level: np.zeros(truth.shape[1]) for level in LEVELS})
    mean = np.where(known, errors, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    size = np.maximum(np.maximum.accumulate(mean), 1e-9)
    scores = np.sort((errors / size)[known])
    # count + 1, since a new error is as likely to be the largest as any of the known ones
    rank = {level: int(np.ceil((len(scores) + 1) * level)) for level in LEVELS}
    half_widths = {level: size * scores[min(r, len(scores)) - 1] for level, r in rank.items()}
    return IntervalWidths(log, scale, half_widths)
