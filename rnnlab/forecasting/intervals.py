"""Prediction intervals about the forecast that is used, from its own errors on validation.

Errors are taken on the scale of the normalization (logarithms, if it uses them), then divided by
the scale of their series and by the mean size of errors at the same step ahead. The quantiles of
these scaled errors give the widths of the intervals (split conformal; Vovk, Gammerman & Shafer
2005). This assumes no distribution of the errors; coverage is as stated if the future resembles the
validation part.

Few errors say little of their quantiles. Where the zero-shot network is at hand, its widths count
the more the fewer errors there are, and the more of the forecast is the network's own: those know
each series and step.

What surprises one series of a panel surprises others at the same time. So how far the network's
widths are stretched is not a matter of how many series there are, but of how many horizons: where
few were validated, the panel's past before them is forecast too.
"""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.forecasting.methods import median
from rnnlab.forecasting.selection import COMBINATION, Selection, independent_forecasts
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.forecaster import at_levels, steps_at_once

LEVELS = (0.80, 0.95)
# independent errors at which the width of the network's intervals follows the data half as far as
# with very many, and at which a forecast's own errors count as much as the network's widths. Chosen
# on training parts: python -m benchmarks.panels.defaults --choices
SHRINKAGE_COUNT, OWN_COUNT = 300, 500
# horizons of a panel's past at which half of the stretch that they show is believed, likewise
ORIGINS = 1
# of fewer validated horizons, so many before them are forecast, in all so many forecasts at most,
# each of a history longer by so much than a season
FEW_ORIGINS, MORE_ORIGINS, MAX_EARLIER, SHORTEST = 3, 8, 1000, 4
# a factor up to this is what data differ by, believed by the number of origins, as a logarithm.
# What is beyond is believed in full, up to the largest factor.
USUAL_SCALE, MAX_SCALE = 2.0, 50.0


@dataclass(frozen=True)
class Calibration:
    """Scaled errors of a forecast: ``size`` [H] by step ahead, never decreasing, and ``scores``.

    ``scores`` [E] are errors in units of the scale of their series and the size of their step, from
    small to large; none where nothing could be compared.
    """

    size: np.ndarray
    scores: np.ndarray

    def half_width(self, level: float, steps: int) -> np.ndarray:
        """Half of the width of intervals by step ahead, in scales of the series, [steps].

        Beyond the H calibrated steps it grows with the square root of time, as the errors of a
        random walk do.
        """
        # count + 1, since a new error is as likely to be the largest as any of the known ones
        rank = int(np.ceil((len(self.scores) + 1) * level))
        if not len(self.scores) or not rank:
            return np.zeros(steps)
        ahead, known = np.arange(1, steps + 1), len(self.size)
        size = self.size[np.minimum(ahead, known) - 1] * np.sqrt(np.maximum(ahead / known, 1))
        return size * self.scores[min(rank, len(self.scores)) - 1]


@dataclass(frozen=True)
class IntervalWidths:
    """The widths of intervals around a method's forecasts.

    Attributes:
        log: whether the widths are on the logarithmic scale.
        scale: of each series, [S].
        parts: calibrations; the widest of them counts.
        lower_limit: [S], the lowest possible value of each series: 0 or minus infinity; None for
            no limit.
    """

    log: bool
    scale: np.ndarray
    parts: tuple[Calibration, ...]
    lower_limit: np.ndarray | None = None

    def half_widths(self, series: np.ndarray, level: float, steps: int) -> np.ndarray:
        """Half of the width of intervals, on the scale of the errors, [N, steps]."""
        widest = np.max([part.half_width(level, steps) for part in self.parts], axis=0)
        return self.scale[series, None] * widest

    def bounds(
        self, forecast: np.ndarray, series: np.ndarray, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds, [N, K] each, of forecast [N, K] of series [N], for any K."""
        half_width = self.half_widths(series, level, forecast.shape[1])
        middle = transformed(forecast, self.log)
        with np.errstate(over="ignore"):
            low, high = middle - half_width, middle + half_width
            if self.log:
                return np.exp(low), np.exp(high)
        return self.limited(low, forecast, series), high

    def limited(self, low: np.ndarray, forecast: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Lower bounds [N, K] that are not below the lowest possible value of series [N]."""
        if self.lower_limit is None:
            return low
        # an interval always contains its forecast, even one below the limit
        return np.minimum(np.maximum(low, self.lower_limit[series, None]), forecast)

    def widened_to(self, other: "IntervalWidths") -> "IntervalWidths":
        """These widths, but at each step at least those of ``other``."""
        return replace(self, parts=self.parts + other.parts)


def transformed(values: np.ndarray, log: bool) -> np.ndarray:
    """Values on the scale of the errors: their logarithms if ``log``, clipped to a positive one."""
    return np.log(np.maximum(values, 1e-12)) if log else values


def series_scales(panel: Panel, ends: np.ndarray, log: bool) -> np.ndarray:
    """The seasonal naive error of each training part on the scale of the errors, [S]."""
    parts = panel.parts(transformed(panel.filled, log), ends)
    scales = seasonal_naive_errors(parts, panel.period)
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
    mean = np.where(known, errors, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    size = np.maximum(np.maximum.accumulate(mean), 1e-9)
    return IntervalWidths(log, scale, (Calibration(size, np.sort((errors / size)[known])),))


@dataclass(frozen=True)
class EarlierForecasts:
    """What the network says of values that are known: ``truth`` [N, H], ``quantiles`` [N, H, 11].

    Attributes:
        origins: how many there are of a series, a horizon apart.
    """

    truth: np.ndarray
    quantiles: np.ndarray
    origins: float

    def stretch(self, level: float) -> float:
        return needed_stretch(self.truth, median(self.quantiles), self.quantiles, level)


@dataclass(frozen=True)
class ForecastIntervals:
    """The intervals of a combination of methods.

    Attributes:
        own: widths from the combination's errors on validation.
        own_share: 0 to 1, how far they count, beside those of the network.
        selection: what the widths of the network are compared with.
        count: ``independent_errors`` of the selection.
        earlier: forecasts of the past before what was validated; None where that is enough.
    """

    own: IntervalWidths
    own_share: float
    selection: Selection
    count: float
    earlier: EarlierForecasts | None = None

    def half_widths(
        self, quantiles: np.ndarray | None, series: np.ndarray, level: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Below and above the forecast, [N, steps] each.

        Args:
            quantiles: of the network for these forecasts, [N, steps, 11]; None without it.
        """
        own = self.own.half_widths(series, level, steps)
        if quantiles is None:
            return own, own
        rest = (1 - self.own_share) * self.interval_scale(level)
        below, above = network_half_widths(quantiles, level)
        return self.own_share * own + rest * below, self.own_share * own + rest * above

    def interval_scale(self, level: float) -> float:
        """The factor by which the network's interval is stretched about the forecast.

        That with which it would have held ``level`` of the panel's past, as far as it can be
        believed: the less, the fewer errors there are, the more these are alike, and the fewer
        horizons they come from.
        """
        selection = self.selection
        if selection.quantiles is None or not len(selection.request.end):
            return 1.0
        truth, quantiles = selection.truth, selection.quantiles
        used = needed_stretch(truth, selection.forecasts[COMBINATION], quantiles, level)
        alone = needed_stretch(truth, median(quantiles), quantiles, level)
        origins, needed = origins_of(selection), alone
        if self.earlier is not None:
            before, more = self.earlier.stretch(level), self.earlier.origins
            needed = (origins * needed + more * before) / (origins + more)
            origins += more
        needed += used - alone
        usual = np.log(USUAL_SCALE)
        believed = needed - ORIGINS / (ORIGINS + origins) * np.clip(needed, -usual, usual)
        return float(np.exp(believed * self.count / (self.count + SHRINKAGE_COUNT)))


def needed_stretch(
    truth: np.ndarray, point: np.ndarray, quantiles: np.ndarray, level: float
) -> float:
    """The logarithm of the factor with which intervals about ``point`` hold ``level`` of truth."""
    below, above = network_half_widths(quantiles, level)
    error = truth - point
    width = np.where(error < 0, below, above)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.where(error == 0, 0.0, np.abs(error) / width)
    # no error of a series without width may decide over the others
    sizes = np.clip(sizes[~np.isnan(sizes)], 1 / MAX_SCALE, MAX_SCALE)
    return float(np.log(np.quantile(sizes, level))) if len(sizes) else 0.0


def forecast_intervals(
    panel: Panel, selection: Selection, earlier: EarlierForecasts | None = None
) -> ForecastIntervals:
    """The intervals of the combination that ``selection`` chose."""
    forecast, series = selection.forecasts[COMBINATION], selection.request.series
    scale = np.nan_to_num(selection.scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = calibrate(selection.truth, forecast, series, scale, log=False)
    count = independent_errors(selection.truth - forecast)
    # steps beyond the network's reach repeat its last season: their widths are a guess
    reached = min(1.0, steps_at_once(panel.period) / selection.request.steps)
    others = 1 - reached * selection.weights.get(ZERO_SHOT, 0.0)
    share = others * count / (count + OWN_COUNT) if len(own.parts[0].scores) else 0.0
    return ForecastIntervals(own, share, selection, count, earlier)


def independent_errors(errors: np.ndarray) -> float:
    """How many independent errors say as much as errors [N, H], NaN where there is none.

    Errors of one forecast are alike: by their correlation r from step to step, n of them count as
    n (1 - r) / (1 + r) (Bartlett 1946).
    """
    before, after = errors[:, :-1], errors[:, 1:]
    both = ~np.isnan(before) & ~np.isnan(after)
    energy = float((before[both] ** 2).sum() + (after[both] ** 2).sum()) / 2
    alike = float((before[both] * after[both]).sum()) / energy if energy > 0 else 0.0
    alike = min(max(alike, 0.0), 0.99)
    return float((~np.isnan(errors)).sum()) * (1 - alike) / (1 + alike)


def network_half_widths(quantiles: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """From the median down to the lower bound and up to the upper one, [N, H] each."""
    low, median, high = np.moveaxis(
        at_levels(quantiles, [(1 - level) / 2, 0.5, (1 + level) / 2]), 2, 0
    )
    return median - low, high - median


def origins_of(selection: Selection) -> float:
    """How many horizons of a series were validated, in the mean."""
    series = len(np.unique(selection.request.series))
    return independent_forecasts(selection.request, selection.truth) / max(1, series)


def earlier_request(panel: Panel, selection: Selection) -> Request | None:
    """Forecasts of the panel's past, each a horizon before the next; None if more say no more."""
    request = selection.request
    if not len(request.end) or origins_of(selection) >= FEW_ORIGINS:
        return None
    series, first = np.unique(request.series, return_index=True)
    rooms = (request.end[first] - panel.period - SHORTEST) // request.steps
    usable = np.flatnonzero(rooms > 0)
    most = MAX_EARLIER // MORE_ORIGINS
    if len(usable) > most:
        usable = usable[np.linspace(0, len(usable) - 1, most).astype(np.int64)]
    if not len(usable):
        return None
    counts = np.minimum(rooms[usable], MORE_ORIGINS)
    back = np.concatenate([np.arange(count, 0, -1) for count in counts])
    ends = np.repeat(request.end[first[usable]], counts) - back * request.steps
    return Request(np.repeat(series[usable], counts), ends, request.steps)
