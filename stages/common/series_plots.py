"""Pictures of forecasts beside the truth and beside the baselines."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.common.measures import seasonal_naive_error

WIDTH = 8.5  # inches
# beside the model's blue these differ to colour-blind eyes too (Okabe & Ito 2008)
BASELINE = "#D55E00"
LONG = "#009E73"
TRUTH = "0.2"
MOST_SERIES = 6
# the network, and its normalization alone: no baselines
OURS = ("model", "control")
PART_SHADES = {"training": "white", "validation": "0.95", "test": "0.9"}
MEASURES = {"mape": ("MAPE", "{:.1f} %"), "mase": ("MASE", "{:.3f}"), "mae": ("MAE", "{:.4g}")}
PROTOCOLS = {
    "one_step": "one step ahead",
    "year": "last period at once",
    "long": "whole test at once",
}


@dataclass(frozen=True)
class Series:
    """One series and all forecasts of it.

    Attributes:
        ds, y: times (datetime64[s] or int64) and values (float64), [n] each.
        train, validation: positions where these parts end; the rest is the test part.
        forecasts: by (method, protocol), each of as many of the last values as it forecasts.
    """

    unique_id: str
    ds: np.ndarray
    y: np.ndarray
    train: int
    validation: int
    forecasts: dict[tuple[str, str], np.ndarray]


def gather(tensors: dict[str, np.ndarray], card: dict, forecasts: pd.DataFrame) -> list[Series]:
    """The series that normalize wrote, with their rows of evaluate's forecasts.csv."""
    groups = forecasts.groupby(["unique_id", "method", "protocol"], sort=False)["forecast"]
    by_id: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    for (unique_id, method, protocol), values in groups:
        by_id.setdefault(unique_id, {})[method, protocol] = values.to_numpy(dtype=float)
    panel = []
    for number, unique_id in enumerate(card["ids"]):
        span = slice(*tensors["offsets"][number : number + 2])
        ds, cut = tensors["ds"][span], card["fits"]["main"][number]
        if card["time"] == "dates":
            ds = ds.astype("datetime64[s]")
        y, ends = tensors["y"][span], (cut["train"], cut["validation"])
        panel.append(Series(unique_id, ds, y, *ends, by_id[unique_id]))
    return panel


def usable_measure(scores: dict, protocol: str, wanted: tuple[str, ...]) -> str:
    """The first of ``wanted`` that the model has: MAPE lacks where y is 0, MASE where y repeats."""
    known = [measure for measure in wanted if scores["model"][protocol][measure] is not None]
    return known[0] if known else wanted[-1]


def best_baseline(scores: dict, protocol: str, measure: str) -> str | None:
    known = {
        method: by_protocol[protocol][measure]
        for method, by_protocol in scores.items()
        if method not in OURS and by_protocol[protocol][measure] is not None
    }
    return min(known, key=known.get) if known else None


def in_words(scores: dict, protocol: str, measure: str, joint: str) -> str:
    """The measure of the model and, after ``joint``, of the best baseline."""
    name, form = MEASURES[measure]
    ours, best = scores["model"][protocol][measure], best_baseline(scores, protocol, measure)
    words = f"{name} {'no number' if ours is None else form.format(ours)}"
    if best is None:
        return words
    return f"{words}, {joint}{spoken(best)} {form.format(scores[best][protocol][measure])}"


def spoken(name: str) -> str:
    return name.replace("_", " ")


def shortened(unique_id: str) -> str:
    """The name of a series, cut to what fits beside a small Axes."""
    return unique_id if len(unique_id) <= 20 else f"{unique_id[:19]}…"


def shown_of(panel: list[Series]) -> str:
    return f"; first {MOST_SERIES} of {len(panel)} series drawn" if len(panel) > MOST_SERIES else ""


def overview_figure(panel: list[Series], scores: dict, unit: str, color: str) -> Figure:
    """Whole series with their parts, and the model's forecasts over them."""
    shown = panel[:MOST_SERIES]
    height = 4 if len(shown) == 1 else 2
    figure = Figure(figsize=(WIDTH, height * len(shown) + 0.8))
    measure = usable_measure(scores, "one_step", ("mape", "mase", "mae"))
    words = in_words(scores, "one_step", measure, "best baseline ")
    figure.suptitle(f"One step ahead: {words}{shown_of(panel)}", x=0.005, ha="left")
    colors = {"long": LONG, "year": BASELINE, "one_step": color}
    for ax, series in zip(figure.subplots(len(shown), squeeze=False)[:, 0], shown, strict=True):
        lines = [(series.y, TRUTH, "truth")]
        for protocol, shade in colors.items():
            lines.append((series.forecasts["model", protocol], shade, PROTOCOLS[protocol]))
        _draw_lines(ax, series.ds, lines, height - 0.5)
        _shade_parts(ax, series)
        ax.set_ylabel(unit if len(shown) == 1 else shortened(series.unique_id))
    ax.set_xlabel("time")
    return figure


def _shade_parts(ax: Axes, series: Series) -> None:
    """Shade the parts and name them above the axes."""
    edges = [0, series.train, series.validation, len(series.ds) - 1]
    for (part, shade), start, end in zip(PART_SHADES.items(), edges, edges[1:], strict=False):
        left, right = series.ds[start], series.ds[end]
        ax.axvspan(left, right, color=shade, linewidth=0, zorder=0)
        narrow = (end - start) / len(series.ds) < 0.09
        where = {"transform": ax.get_xaxis_transform(), "rotation": 90 if narrow else 0}
        middle = left + (right - left) / 2
        ax.text(middle, 1.02, part, ha="center", va="bottom", color="0.4", **where)


def closeup_figure(panel: list[Series], scores: dict, unit: str, color: str) -> Figure:
    """The test part by protocol: truth, model, and the protocol's best baseline."""
    shown = panel[:MOST_SERIES]
    one = len(shown) == 1
    # one series in three rows; of several, a row each
    height = 2.2 if one else 1.8
    shape = (len(PROTOCOLS), 1) if one else (len(shown), len(PROTOCOLS))
    figure = Figure(figsize=(WIDTH if one else 14, height * shape[0] + 0.8))
    figure.suptitle(_wins(scores) + shown_of(panel), x=0.005, ha="left")
    axes = figure.subplots(*shape, squeeze=False, sharex="col" if one else "none")
    for row, series in zip(axes.T if one else axes, shown, strict=True):
        for ax, protocol in zip(row, PROTOCOLS, strict=True):
            _draw_test(ax, series, scores, protocol, color, height)
            if series is shown[0]:
                measure = usable_measure(scores, protocol, ("mase", "mae"))
                ax.set_title(f"{PROTOCOLS[protocol]}: {in_words(scores, protocol, measure, '')}")
        row[0].set_ylabel("" if one else shortened(series.unique_id))
    figure.supylabel(unit, size=9, color="0.25")
    figure.supxlabel("time", size=9, color="0.25")
    return figure


def _draw_test(
    ax: Axes, series: Series, scores: dict, protocol: str, color: str, height: float
) -> None:
    best = best_baseline(scores, protocol, usable_measure(scores, protocol, ("mase", "mae")))
    lines = []
    if best is not None:
        lines.append((series.forecasts[best, protocol], BASELINE, spoken(best)))
    lines.append((series.forecasts["model", protocol], color, "model"))
    # a test part shorter than a period begins after the forecasts of the last period
    length = max(len(series.y) - series.validation, *(len(values) for values, *_ in lines))
    lines.insert(0, (series.y[-length:], TRUTH, "truth"))
    _draw_lines(ax, series.ds, lines, height - 0.5)


def _wins(scores: dict) -> str:
    won = []
    for protocol in PROTOCOLS:
        measure = usable_measure(scores, protocol, ("mase", "mae"))
        ours, best = scores["model"][protocol][measure], best_baseline(scores, protocol, measure)
        if ours is not None and (best is None or ours < scores[best][protocol][measure]):
            won.append(PROTOCOLS[protocol])
    if not won:
        return "By no protocol does the model beat every baseline"
    count = f"{len(won)} of {len(PROTOCOLS)} protocols"
    return f"The model beats every baseline by {count}: {', '.join(won)}"


def residuals_figure(panel: list[Series], period: int, unit: str, color: str) -> Figure:
    """What one-step forecasts miss: over time, how it is spread, and whether it repeats."""
    residuals = []
    for series in panel:
        missed = series.y[series.validation :] - series.forecasts["model", "one_step"]
        # series of unlike sizes meet in units of their own seasonal naive error
        scale = seasonal_naive_error(series.y[: series.validation], period)
        residuals.append(missed if len(panel) == 1 else missed / scale)
    unit = unit if len(panel) == 1 else "scaled as in MASE"
    pooled = np.concatenate(residuals)
    pooled = pooled[np.isfinite(pooled)]
    figure = Figure(figsize=(WIDTH, 5.4))
    axes = figure.subplot_mosaic([["time", "time"], ["histogram", "correlation"]])
    for series, missed in zip(panel, residuals, strict=True):
        # bars for one series; of many, points that may lie over each other
        where = series.ds[series.validation :]
        if len(panel) == 1:
            axes["time"].vlines(where, 0, missed, color=color, alpha=0.5)
        axes["time"].plot(where, missed, "o", color=color, markersize=3.5, alpha=0.8)
    _tick_times(axes["time"], panel[0].ds)
    axes["time"].axhline(0, color="0.4", linewidth=0.8)
    axes["time"].set(ylabel=f"truth − forecast\n{unit}", xlabel="time", title="over time")
    # residuals that differ by rounding alone are too close for bins of their own
    margin = 0.01 * np.abs(pooled).max(initial=0)
    edges = (pooled.min() - margin, pooled.max() + margin) if len(pooled) else None
    bins = min(30, max(5, len(pooled) // 4))
    axes["histogram"].hist(pooled, bins, range=edges, color=color, alpha=0.8)
    axes["histogram"].axvline(0, color="0.4", linewidth=0.8)
    axes["histogram"].set(xlabel=f"truth − forecast, {unit}", ylabel="forecasts", title="spread")
    outside = _draw_autocorrelation(axes["correlation"], residuals, period, color)
    mean = f"{pooled.mean():.3g}".replace("-", "−") if len(pooled) else "no number"
    figure.suptitle(f"One step ahead: residuals average {mean}; {outside}", x=0.005, ha="left")
    return figure


def _draw_autocorrelation(ax: Axes, residuals: list[np.ndarray], period: int, color: str) -> str:
    """Autocorrelation by lag, mean over series, and in words how often it leaves the band."""
    shortest = min(map(len, residuals))
    lags = np.arange(1, min(max(2 * period, 10), 48, shortest - 1) + 1)
    found = np.array([[autocorrelation(missed, lag) for lag in lags] for missed in residuals])
    found = found[np.isfinite(found).all(axis=1)]
    bound = 1.96 / np.sqrt(sum(map(len, residuals)))
    ax.set(ylim=(-1, 1), xlabel="lag (steps)", ylabel="autocorrelation")
    ax.set_title("autocorrelation; the band holds 95 % of white noise")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.axhspan(-bound, bound, color="0.93", linewidth=0)
    ax.axhline(0, color="0.4", linewidth=0.8)
    if not found.size:
        return "autocorrelation unknown"
    mean = found.mean(axis=0)
    ax.vlines(lags, 0, mean, color=color, linewidth=2.5)
    return f"{(np.abs(mean) > bound).sum()} of {len(lags)} autocorrelations leave the band"


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Sample autocorrelation; NaN for values that differ by rounding alone, or are no numbers."""
    if not np.isfinite(values).all() or np.ptp(values) <= 1e-9 * np.abs(values).max():
        return float("nan")
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / (centred**2).sum())


def _draw_lines(
    ax: Axes, ds: np.ndarray, lines: list[tuple[np.ndarray, str, str]], height: float
) -> None:
    """Draw (values, colour, label), which end with ``ds``; ``height`` of the axes is in inches."""
    for values, color, _ in lines:
        # few points are marked, since a line through one alone is no line
        marker = "o" if len(values) <= 24 else None
        ax.plot(ds[-len(values) :], values, color=color, marker=marker, markersize=3)
    _tick_times(ax, ds)
    ax.margins(x=0)
    ax.grid(axis="y")
    label_ends(ax, [(values[-1], color, label) for values, color, label in lines], height)


def _tick_times(ax: Axes, ds: np.ndarray) -> None:
    """Let times that are numbers have whole ticks; dates have good ones of their own."""
    if ds.dtype.kind == "i":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def label_ends(ax: Axes, ends: list[tuple[float, str, str]], height: float) -> None:
    """Write each (end, colour, label) right of the axes, where its line ends or near there."""
    known = [end for end in ends if np.isfinite(end[0])]
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    places = np.array([(value - low) / (high - low) for value, *_ in known]).clip(0, 1)
    gap = 0.17 / height
    for (_, color, label), place, free in zip(known, places, spread(places, gap), strict=True):
        ax.annotate(
            label,
            (1, place),
            xytext=(1.03, free),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            color=color,
            # to the left edge of the text, not to its middle, so that lines cross no other text
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.6, "relpos": (0, 0.5)},
        )


def spread(places: np.ndarray, gap: float) -> np.ndarray:
    """Move ``places`` so that all lie between 0 and 1 and ``gap`` apart, each near its own."""
    order = np.argsort(places, kind="stable")
    steps = np.arange(len(places)) * gap
    # pushed up as far as needed, and down; the mean of both keeps the gap and the middle
    up = np.maximum.accumulate(places[order] - steps)
    down = np.minimum.accumulate((places[order] - steps)[::-1])[::-1]
    free = np.empty(len(places))
    free[order] = ((up + down) / 2).clip(0, np.maximum(1 - steps[-1:], 0)) + steps
    return free
