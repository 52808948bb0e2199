"""Which methods forecast best on validation, and the mean of some that does better still."""

import numpy as np

# a method joins only where it makes the error smaller by this share: less is noise
LEAST_GAIN = 0.01
MOST_PICKS = 5


def absolute_scaled_errors(
    truth: np.ndarray, forecast: np.ndarray, series: np.ndarray, scale: np.ndarray
) -> float:
    """The mean absolute scaled error over all series, each by its own mean.

    Args:
        truth, forecast: [N, H]; truth is NaN where a step does not count.
        series: [N]; scale: [S], ``seasonal_naive_error`` of each training part.
    """
    known = ~np.isnan(truth)
    errors = np.where(known, np.abs(truth - forecast), 0).sum(axis=1)
    size = len(scale)
    total = np.bincount(series, errors, minlength=size)
    count = np.bincount(series, known.sum(axis=1), minlength=size)
    seen = (count > 0) & ~np.isnan(scale)
    return float((total[seen] / count[seen] / scale[seen]).mean()) if seen.any() else float("nan")


def choose_weights(
    truth: np.ndarray, forecasts: dict[str, np.ndarray], series: np.ndarray, scale: np.ndarray
) -> tuple[dict[str, float], dict[str, float]]:
    """Weights of the mean that validation prefers, by greedy selection (Caruana et al. 2004).

    The best method is picked first; then, again and again, that whose addition makes the mean of
    all picks better, as long as one does.

    Args:
        truth, series, scale: as of ``absolute_scaled_errors``.
        forecasts: [N, H] by method.

    Returns:
        The error of each method, and weights that sum to 1, of the picked methods alone.
    """
    errors = {m: absolute_scaled_errors(truth, f, series, scale) for m, f in forecasts.items()}
    known = {method: error for method, error in errors.items() if np.isfinite(error)}
    if np.isnan(scale).all():
        # series that repeat exactly have no MASE, but errors of one size or another
        return errors, choose_weights(truth, forecasts, series, np.ones_like(scale))[1]
    if not known:
        return errors, {next(iter(forecasts)): 1.0}
    picks = [min(known, key=lambda method: known[method])]
    error = known[picks[0]]
    while len(picks) < MOST_PICKS:
        mean = sum(forecasts[method] for method in picks)
        tried = {
            method: absolute_scaled_errors(
                truth, (mean + forecasts[method]) / (len(picks) + 1), series, scale
            )
            for method in known
        }
        best = min(tried, key=lambda method: tried[method])
        if tried[best] >= (1 - LEAST_GAIN) * error:
            break
        picks.append(best)
        error = tried[best]
    return errors, {method: picks.count(method) / len(picks) for method in dict.fromkeys(picks)}


def combine(forecasts: dict[str, np.ndarray], weights: dict[str, float]) -> np.ndarray:
    """The weighted mean of forecasts by method."""
    return np.sum([weight * forecasts[method] for method, weight in weights.items()], axis=0)
