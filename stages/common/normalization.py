"""The choice of a series' normalization: the one place that knows all methods."""

import numpy as np

from stages.common.params import SeriesNormalize
from stages.common.scalers import Scaler, fit_scaler
from stages.common.smoothing import Smoother, fit_smoother

Normalization = Scaler | Smoother


def fit_normalization(y: np.ndarray, settings: SeriesNormalize, period: int) -> Normalization:
    """Fit ``settings.method`` on the training part y [n]; InputError if y does not allow it."""
    if not settings.method.endswith("exponential_smoothing"):
        return fit_scaler(y, settings.method, period)
    smoothing = (settings.level, settings.season, settings.damping)
    return fit_smoother(y, period, settings.method.startswith("log"), smoothing)


def normalization_from_json(content: dict) -> Normalization:
    """The normalization that the normalize stage wrote to its card."""
    return Smoother.from_json(content) if "alpha" in content else Scaler.from_json(content)
