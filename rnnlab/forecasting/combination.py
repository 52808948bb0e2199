"""Model selection: the best method on validation, or a weighted mean that is better still."""

import numpy as np

# another pick must lower the error by this share; a smaller gain is noise
MIN_GAIN = 0.01
MAX_PICKS = 5


def absolute_scaled_errors(
    truth: np.ndarray, forecast: np.ndarray, series: np.ndarray, scale: np.ndarray
) -> float:
    """MASE: the mean over series of each series' mean absolute scaled error.

    Args:
        truth, forecast: [N, H]; truth is NaN for steps that do not count.
        series: [N]; scale: [S], ``seasonal_naive_error`` of each training part.
    """
    known = ~np.isnan(truth)
    errors = np.where(known, np.abs(truth - forecast), 0).sum(axis=1)
    size = len(scale)
    total = np.bincount(series, errors, minlength=size)
    count = np.bincount(series, known.sum(axis=1), minlength=size)
    used = (count > 0) & ~np.isnan(scale)
    return float((total[used] / count[used] / scale[used]).mean()) if used.any() else float("nan")


def choose_weights(
    truth: np.ndarray,
    forecasts: dict[str, np.ndarray],
    series: np.ndarray,
    scale: np.ndarray,
    preferred: str | None = None,
    min_gain: float = MIN_GAIN,
) -> tuple[dict[str, float], dict[str, float]]:
    """Weights of a mean of methods, by greedy ensemble selection (Caruana et al. 2004).

    The best method is picked first. Then the method that most improves the mean of all picks is
    added, possibly a second time, until none lowers its error by the share ``min_gain``.

    Args:
        truth, series, scale: as in ``absolute_scaled_errors``.
        forecasts: [N, H] by method.
        preferred: the first pick, unless the best lowers its error by ``min_gain``; None for the
            best.

    Returns:
        The error of each method, and the weights of the picked methods, which sum to 1.
    """
    errors = {m: absolute_scaled_errors(truth, f, series, scale) for m, f in forecasts.items()}
    known = {method: error for method, error in errors.items() if np.isfinite(error)}
    if np.isnan(scale).all():
        # series that repeat exactly have no MASE; unscaled errors select the methods
        ones = np.ones_like(scale)
        return errors, choose_weights(truth, forecasts, series, ones, preferred, min_gain)[1]
    if not known:
        return errors, {preferred or next(iter(forecasts)): 1.0}
    first = min(known, key=lambda method: known[method])
    if preferred in known and known[first] >= (1 - min_gain) * known[preferred]:
        first = preferred
    picks, error = [first], known[first]
    while len(picks) < MAX_PICKS:
        mean = sum(forecasts[method] for method in picks)
        error_with = {
            method: absolute_scaled_errors(
                truth, (mean + forecasts[method]) / (len(picks) + 1), series, scale
            )
            for method in known
        }
        best = min(error_with, key=lambda method: error_with[method])
        if error_with[best] >= (1 - min_gain) * error:
            break
        picks.append(best)
        error = error_with[best]
    return errors, {method: picks.count(method) / len(picks) for method in dict.fromkeys(picks)}


def combine(forecasts: dict[str, np.ndarray], weights: dict[str, float]) -> np.ndarray:
    """The weighted mean of forecasts, which are given by method."""
    return np.sum([weight * forecasts[method] for method, weight in weights.items()], axis=0)
