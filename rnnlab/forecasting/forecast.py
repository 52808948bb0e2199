"""The forecast of a panel: the methods that did best on its own past, with intervals."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.progress import format_duration, track_progress
from rnnlab.forecasting.covariates import UsedEffect, all_with_effect, compare_effect
from rnnlab.forecasting.intervals import (
    EarlierForecasts,
    ForecastIntervals,
    earlier_request,
    forecast_intervals,
)
from rnnlab.forecasting.methods import (
    FITTED,
    Method,
    forecast_all,
    make_methods,
    median,
    names_of,
    seconds_to_fit,
)
from rnnlab.forecasting.selection import (
    Selection,
    combine,
    compare,
    validation_request,
)
from rnnlab.forecasting.trained import TrainedMethods
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.forecaster import check_levels, interpolation, is_level
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork

# probabilities at which quantiles are averaged to a mean
GRID = [(place + 0.5) / 200 for place in range(200)]
LOWEST_LEVEL = QUANTILES[0]
# of intervals, in per cent
LEVELS = (80, 95)
RANGES = {
    "levels": f"above 0 to {100 - 200 * LOWEST_LEVEL:g}, in per cent",
    "quantiles": f"{LOWEST_LEVEL:g} to {1 - LOWEST_LEVEL:g}",
}


@dataclass(frozen=True)
class Forecast:
    """The next steps of every series.

    Attributes:
        panel: the S series.
        middle: [S, H], the median before it is rounded.
        quantiles: of the network, [S, H, 11], likewise.
        selection: the methods that were compared, and those that are used.
        intervals: about the point forecast.
        fallbacks: by method the number of series for which it failed.
        covariates: their part in it; None without covariates.
    """

    panel: Panel
    middle: np.ndarray
    quantiles: np.ndarray
    selection: Selection
    intervals: ForecastIntervals
    fallbacks: Counter[str]
    covariates: UsedEffect | None = None

    @cached_property
    def point(self) -> np.ndarray:
        """The median as the series can take it, [S, H]."""
        return self.panel.as_values(self.middle)

    @property
    def horizon(self) -> int:
        return self.middle.shape[1]

    def bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of the central interval that holds the share ``level``, [S, H]."""
        low, high = np.moveaxis(self.at([(1 - level) / 2, (1 + level) / 2]), 2, 0)
        return low, high

    def at(self, levels: Sequence[float]) -> np.ndarray:
        """Quantiles [S, H, L] at ``levels``, each from 0.025 to 0.975.

        Raises:
            InputError: a level lies outside.
        """
        check_levels(levels)
        return self.panel.as_values(self._at(levels))

    def _at(self, levels: Sequence[float]) -> np.ndarray:
        series, found = np.arange(len(self.panel.ids)), np.empty((*self.middle.shape, len(levels)))
        for place, level in enumerate(levels):
            below, above = self.intervals.half_widths(
                self.quantiles, series, abs(2 * level - 1), self.horizon
            )
            found[:, :, place] = self.middle + (above if level > 0.5 else -below)
        # a wider interval holds a narrower one, whatever their factors
        order = np.argsort(levels, kind="stable")
        found[:, :, order] = np.maximum.accumulate(found[:, :, order], axis=2)
        return found

    def mean(self) -> np.ndarray:
        """The mean of the distribution that the quantiles describe, [S, H]."""
        mean = self._at(QUANTILES) @ interpolation(GRID).mean(axis=0)
        return np.maximum(mean, self.panel.lowest[:, None])

    def table(
        self,
        levels: Sequence[float] = LEVELS,
        quantiles: Sequence[float] | None = None,
        mean: bool = False,
    ) -> pd.DataFrame:
        """unique_id, ds, forecast and the bounds of its intervals: H rows for each series.

        Columns that name the series together stand between unique_id and ds.

        Args:
            levels: of intervals in per cent: low_80 and high_80, and so on.
            quantiles: columns q0.1, q0.9 and so on in the place of intervals.
            mean: whether there is a column ``mean``.
        """
        columns = {
            "unique_id": np.repeat(np.array(self.panel.ids, dtype=object), self.horizon),
            "ds": self.panel.future(self.horizon),
            "forecast": self.point.ravel(),
        }
        if mean:
            columns["mean"] = self.mean().ravel()
        if quantiles is None:
            names = [f"{side}_{level:g}" for level in levels for side in ("low", "high")]
            shares = [(1 + sign * level / 100) / 2 for level in levels for sign in (-1, 1)]
        else:
            names, shares = [f"q{level:g}" for level in quantiles], list(quantiles)
        found = self.at(shares)
        columns |= {name: found[:, :, place].ravel() for place, name in enumerate(names)}
        table = pd.DataFrame(columns)
        parts = [each for each in self.panel.id_columns.items() if each[0] not in columns]
        for place, (name, cells) in enumerate(parts, 1):
            table.insert(place, name, np.repeat(cells, self.horizon))
        return table


def forecast_panel(
    panel: Panel,
    network: ZeroShotNetwork,
    horizon: int,
    fit: bool = False,
    processes: int = 1,
    trained: TrainedMethods | None = None,
    spans: np.ndarray | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Forecast:
    """Forecast every series by the methods that did best on the last stretch of the panel.

    Args:
        horizon: steps to forecast, 1 or more.
        fit: whether Theta, ETS and SARIMA are fitted, too.
        processes: that fit them side by side, at most.
        trained: networks of a task, which are asked, too.
        spans: see ``validation_request``.
        say: takes a line of how long fits will take.
    """
    fallbacks: Counter[str] = Counter()
    methods = make_methods(names_of(fit), network, processes, fallbacks, rounded=False)
    request, ends = validation_request(panel, horizon, spans)
    if fit and len(request.end):
        slow = {name: methods[name] for name in FITTED}
        say(estimated_time(slow, panel, ends, request, processes))
    compared, final = methods, methods
    if trained is not None:
        before, after = trained(ends)
        compared, final = methods | {"model": before}, methods | {"model": after}
    selection = compare(panel, compared, request, ends)
    if panel.covariates is None:
        return forecast_selected(panel, final, selection, horizon, fallbacks)
    used, selection = compare_effect(panel, compared, selection, ends)
    if used.effect is not None:
        final = all_with_effect(final, used.effect)
    found = forecast_selected(panel, final, selection, horizon, fallbacks)
    return replace(found, covariates=used)


def forecast_selected(
    panel: Panel,
    methods: Mapping[str, Method],
    selection: Selection,
    horizon: int,
    fallbacks: Counter[str],
) -> Forecast:
    """Forecast all series with the methods that ``selection`` prefers, fitted on everything."""
    series = np.arange(len(panel.ids))
    request = Request(series, panel.lengths, horizon)
    used = {name: methods[name] for name in {ZERO_SHOT: 1.0, **selection.weights}}
    with track_progress("the forecast itself"):
        found = forecast_all(used, panel, panel.lengths, [request])
    quantiles = {name: of_requests[0] for name, of_requests in found.items()}
    instead = median(quantiles[ZERO_SHOT])
    points = {}
    for name, values in quantiles.items():
        point = median(values)
        points[name] = np.where(np.isfinite(point), point, instead)
    return Forecast(
        panel,
        np.maximum(combine(points, selection.weights), panel.lowest[:, None]),
        quantiles[ZERO_SHOT],
        selection,
        forecast_intervals(panel, selection, earlier_forecasts(panel, methods, selection)),
        fallbacks,
    )


def earlier_forecasts(
    panel: Panel, methods: Mapping[str, Method], selection: Selection
) -> EarlierForecasts | None:
    """What the network says of the panel's past before the stretch that was validated."""
    # the effect of covariates is fitted on all of it
    request = earlier_request(panel, selection) if panel.covariates is None else None
    if request is None:
        return None
    [quantiles] = methods[ZERO_SHOT](panel, panel.lengths, [request])
    truth = request.truth(panel.y, panel.offsets)
    origins = len(request.end) / len(np.unique(request.series))
    return EarlierForecasts(truth, quantiles, origins)


def estimated_time(
    methods: Mapping[str, Method],
    panel: Panel,
    ends: np.ndarray,
    request: Request,
    processes: int,
) -> str:
    """A line that says how long the slow methods take."""
    seconds = seconds_to_fit(methods, panel, ends, request, processes)
    # once on what is validated, and once more on everything where a method is chosen
    validated, every = len(np.unique(request.series)), len(panel.ids)
    most = seconds * (1 + every / validated)
    return (
        f"--fit: {', '.join(methods)} on {every:,} series: about {format_duration(seconds)} to "
        f"compare them, at most {format_duration(most)} in all"
    )


def checked_shares(levels: Sequence[float], quantiles: Sequence[float] | None) -> list[float]:
    """The levels or quantiles of a forecast.

    Raises:
        InputError: both are given, or one is out of its range.
    """
    if quantiles is not None and levels is not LEVELS:
        raise InputError("levels and quantiles are both given; give one")
    name, wanted = ("levels", levels) if quantiles is None else ("quantiles", quantiles)
    if isinstance(wanted, Real):
        raise InputError(f"{name}={wanted}: write a sequence, such as [{wanted}]")
    found: list[float] = []
    for each in wanted:
        if not isinstance(each, Real) or not math.isfinite(each):
            raise InputError(f"{name}: {each!r} is not a number")
        lowest = (1 - float(each) / 100) / 2 if quantiles is None else float(each)
        if not is_level(lowest) or each == 0:
            raise InputError(f"{name}: {each:g} is out of range; write {RANGES[name]}")
        found.append(float(each))
    if quantiles is None and found and max(found) < 1:
        raise InputError(f"levels: {found[0]:g} is a share; write per cent, {100 * found[0]:g}")
    return list(dict.fromkeys(found))
