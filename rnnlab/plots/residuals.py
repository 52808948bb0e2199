"""Residuals of one-step forecasts."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnnlab.plots.series import Series, series_note
from rnnlab.plots.style import WIDTH, set_title, tick_times
from rnnlab.series.measures import seasonal_naive_error


def residuals_figure(panel: list[Series], total: int, period: int, unit: str, color: str) -> Figure:
    """Residuals over time, their distribution and their autocorrelation."""
    residuals = []
    for series in panel:
        missed = series.truth[series.validation :] - series.forecasts["model", "one_step"].values
        # several series are scaled by their seasonal naive errors
        scale = seasonal_naive_error(series.y[: series.validation], period)
        residuals.append(missed if len(panel) == 1 else missed / scale)
    unit = unit if len(panel) == 1 else "scaled as in MASE"
    pooled = np.concatenate(residuals)
    pooled = pooled[np.isfinite(pooled)]
    figure = Figure(figsize=(WIDTH, 5.4))
    axes: dict[str, Axes] = figure.subplot_mosaic([["time", "time"], ["histogram", "correlation"]])
    for series, missed in zip(panel, residuals, strict=True):
        # bars for a single series; points may overlap for many
        where = series.ds[series.validation :]
        if len(panel) == 1:
            axes["time"].vlines(where, 0, missed, color=color, alpha=0.5)
        axes["time"].plot(where, missed, "o", color=color, markersize=3.5, alpha=0.8)
    tick_times(axes["time"], panel[0].ds)
    axes["time"].axhline(0, color="0.4", linewidth=0.8)
    axes["time"].set(ylabel=f"truth − forecast\n{unit}", xlabel="time", title="over time")
    # without a margin, residuals that differ only by rounding leave bins of no width
    margin = 0.01 * np.abs(pooled).max(initial=0)
    edges = (pooled.min() - margin, pooled.max() + margin) if len(pooled) else None
    bins = min(30, max(5, len(pooled) // 4))
    axes["histogram"].hist(pooled, bins, range=edges, color=color, alpha=0.8)
    axes["histogram"].axvline(0, color="0.4", linewidth=0.8)
    axes["histogram"].yaxis.set_major_locator(MaxNLocator(integer=True))
    axes["histogram"].set(
        xlabel=f"truth − forecast, {unit}", ylabel="forecasts", title="distribution"
    )
    outside = _draw_autocorrelation(axes["correlation"], residuals, period, color)
    mean = f"{pooled.mean():.3g}".replace("-", "−") if len(pooled) else "undefined"
    set_title(
        figure, f"One step ahead: mean residual {mean}; {outside}" + series_note(len(panel), total)
    )
    return figure


def _draw_autocorrelation(ax: Axes, residuals: list[np.ndarray], period: int, color: str) -> str:
    """Draw the mean autocorrelation over series by lag; return a count outside the band as text."""
    shortest = min(map(len, residuals))
    lags = np.arange(1, min(max(2 * period, 10), 48, shortest - 1) + 1)
    found = np.array([[autocorrelation(missed, int(lag)) for lag in lags] for missed in residuals])
    found = found[np.isfinite(found).all(axis=1)]
    bound = 1.96 / np.sqrt(sum(map(len, residuals)))
    ax.set(ylim=(-1, 1), xlabel="lag (steps)", ylabel="autocorrelation")
    ax.set_title("autocorrelation; the band holds 95 % of white noise")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.axhspan(-bound, bound, color="0.93", linewidth=0)
    ax.axhline(0, color="0.4", linewidth=0.8)
    if not found.size:
        return "autocorrelation undefined"
    mean = found.mean(axis=0)
    ax.vlines(lags, 0, mean, color=color, linewidth=2.5)
    return f"{(np.abs(mean) > bound).sum()} of {len(lags)} autocorrelations outside the band"


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Sample autocorrelation; pairs with NaN are skipped.

    NaN for fewer than two values and for values that differ only by rounding.
    """
    known = values[np.isfinite(values)]
    if len(known) < 2 or np.ptp(known) <= 1e-9 * np.abs(known).max():
        return float("nan")
    centred = np.nan_to_num(values - known.mean(), posinf=0.0, neginf=0.0)
    return float((centred[lag:] * centred[:-lag]).sum() / (centred**2).sum())
