"""The forecasts of one protocol, with their intervals: what scores and tables are made of."""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.forecasting.intervals import IntervalWidths
from rnnlab.forecasting.selection import Selection
from rnnlab.series.origins import Request


@dataclass(frozen=True)
class ProtocolForecasts:
    """All forecasts by one protocol.

    Attributes:
        request: the origins and the number of steps.
        truth: the values that followed, [N, H]; NaN beyond the end of a series.
        by_method: forecasts, [N, H] each.
        selection: of the protocol's fit.
        widths: of the intervals, by method.
        scale: the scale of MASE, [S].
        effect: of the covariates, a part of truth and forecasts, [N, H]; None without them.
    """

    request: Request
    truth: np.ndarray
    by_method: dict[str, np.ndarray]
    selection: Selection
    widths: dict[str, IntervalWidths]
    scale: np.ndarray
    effect: np.ndarray | None = None

    def bounds(self, method: str, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of the interval, [N, H] each."""
        widths, forecast, series = self.widths[method], self.by_method[method], self.request.series
        if self.effect is None:
            return widths.bounds(forecast, series, level)
        # the widths are those of the rest, which alone may have a logarithm
        of_rest = replace(widths, lower_limit=None)
        low, high = of_rest.bounds(forecast - self.effect, series, level)
        return widths.limited(low + self.effect, forecast, series), high + self.effect
