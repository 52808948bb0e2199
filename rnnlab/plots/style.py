"""The style of all plots, and what plots of series share: labelled lines, bands, time ticks."""

from dataclasses import dataclass, field
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

# matplotlib's rcParams
STYLE = {
    "figure.constrained_layout.use": True,
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlecolor": "0.25",
    "axes.titlelocation": "left",
    "axes.labelcolor": "0.25",
    "axes.edgecolor": "0.5",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "0.92",
    "xtick.color": "0.5",
    "xtick.labelcolor": "0.25",
    "ytick.color": "0.5",
    "ytick.labelcolor": "0.25",
    "lines.linewidth": 1.5,
    # longer numbers get a power of ten above the axis
    "axes.formatter.limits": (-4, 7),
    # names of series may contain a $
    "text.parse_math": False,
}

WIDTH = 8.5  # inches
# with the model's blue, these are distinct to colour-blind readers (Okabe & Ito 2008, Tol 2021)
BASELINE_COLOR = "#D55E00"
LONG_COLOR = "#009E73"
COMBINATION_COLOR = "#AA4499"
FINE_TUNED_COLOR = "#999933"
ZERO_SHOT_COLOR = "#009E73"  # in plots that have no forecasts of the whole test part
TRUTH_COLOR = "0.2"
# opacity of the intervals, by level in per cent
BAND_ALPHA = {95: 0.15, 80: 0.2}
# how far beyond the truth the axes show forecasts, in spans of the truth; bands get one span
MAX_SPANS = 3


@dataclass(frozen=True)
class Forecast:
    """A forecast [n] of the last n values of a series.

    Attributes:
        bands: lower and upper bounds, [n] each, by level in per cent.
    """

    values: np.ndarray
    bands: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A line with its colour and the label at its end; ``banded`` draws its intervals too."""

    forecast: Forecast
    color: str
    label: str
    banded: bool = False


def set_title(figure: Figure, text: str) -> None:
    """Set the title at the left, wrapped to the width of the figure."""
    # about ten bold characters per inch
    figure.suptitle(fill(text, int(9.7 * figure.get_figwidth())), x=0.005, ha="left")


def draw_lines(ax: Axes, ds: np.ndarray, lines: list[Line], height: float, ticks: int = 10) -> None:
    """Draw lines that end at the last time of ``ds``; the first line is the truth.

    Args:
        height: of the axes, in inches.
        ticks: maximum number of time ticks.
    """
    ax.set_ylim(*y_limits(lines))
    for line in lines:
        values = line.forecast.values
        if line.banded:
            _draw_bands(ax, ds[-len(values) :], line)
        # mark the points of short lines, since a single point makes no line
        marker = "o" if len(values) <= 24 else None
        ax.plot(ds[-len(values) :], values, color=line.color, marker=marker, markersize=3)
    tick_times(ax, ds, ticks)
    ax.margins(x=0)
    ax.grid(axis="y")
    label_line_ends(ax, [(x.forecast.values[-1], x.color, x.label) for x in lines], height)


def y_limits(lines: list[Line]) -> tuple[float, float]:
    """Limits of the y axis: all of the truth, and the rest unless it would flatten the truth."""
    low, high = _clipped_range(lines[0].forecast.values, -np.inf, np.inf)
    others = [line.forecast.values for line in lines[1:]]
    bands = [band for line in lines if line.banded for band in line.forecast.bands.values()]
    bounds = [bound for band in bands for bound in band]
    for arrays, spans in ((others, MAX_SPANS), (bounds, 1)):
        span = high - low or abs(high) or 1.0
        lowest, highest = low - spans * span, high + spans * span
        ranges = [_clipped_range(values, lowest, highest) for values in arrays]
        low = min([low, *(a for a, _ in ranges)])
        high = max([high, *(b for _, b in ranges)])
    margin = 0.04 * (high - low or abs(high) or 1.0)
    return low - margin, high + margin


def _clipped_range(values: np.ndarray, lowest: float, highest: float) -> tuple[float, float]:
    """The minimum and maximum after clipping to ``lowest`` and ``highest``; NaN is ignored."""
    known = values[~np.isnan(values)].clip(lowest, highest)
    return (known.min(), known.max()) if len(known) else (np.inf, -np.inf)


def _draw_bands(ax: Axes, ds: np.ndarray, line: Line) -> None:
    low, high = ax.get_ylim()
    for level, (lower, upper) in line.forecast.bands.items():
        # matplotlib cannot fill up to infinity
        ends = lower.clip(low, high), upper.clip(low, high)
        color, alpha = line.color, BAND_ALPHA[level]
        if len(ds) == 1:
            # an area needs two points
            ax.vlines(ds, *ends, linewidth=8, color=color, alpha=alpha)
        else:
            ax.fill_between(ds, *ends, linewidth=0, color=color, alpha=alpha)


def band_patches(color: str, labels: dict[int, str]) -> list[Patch]:
    """Legend entries of the bands; the narrower band lies over the wider."""
    both = 1 - (1 - BAND_ALPHA[95]) * (1 - BAND_ALPHA[80])
    shades = {80: both, 95: BAND_ALPHA[95]}
    return [
        Patch(color=color, alpha=shades[level], linewidth=0, label=text)
        for level, text in labels.items()
    ]


def tick_times(ax: Axes, ds: np.ndarray, max_ticks: int = 10) -> None:
    """Ticks at dates or, if times are numbers, at whole numbers."""
    if ds.dtype.kind == "i":
        ax.xaxis.set_major_locator(MaxNLocator(nbins=max_ticks, integer=True, min_n_ticks=1))
    else:
        locator = AutoDateLocator(minticks=max_ticks // 3, maxticks=max_ticks)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def label_line_ends(ax: Axes, ends: list[tuple[float, str, str]], height: float) -> None:
    """Write each (end value, colour, label) right of the axes, near the end of its line."""
    known = [end for end in ends if np.isfinite(end[0])]
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    places = np.array([(value - low) / (high - low) for value, *_ in known]).clip(0, 1)
    gap = 0.17 / height
    for (_, color, label), place, free in zip(known, places, space_out(places, gap), strict=True):
        ax.annotate(
            label,
            (1, place),
            xytext=(1.03, free),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            color=color,
            # point to the left edge of the text, so that arrows cross no other label
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.6, "relpos": (0, 0.5)},
        )


def space_out(places: np.ndarray, gap: float) -> np.ndarray:
    """Move ``places`` as little as possible so that they are ``gap`` apart, between 0 and 1."""
    order = np.argsort(places, kind="stable")
    steps = np.arange(len(places)) * gap
    # push up as far as needed, and down; the mean of both keeps the gap and the middle
    up = np.maximum.accumulate(places[order] - steps)
    down = np.minimum.accumulate((places[order] - steps)[::-1])[::-1]
    free = np.empty(len(places))
    free[order] = ((up + down) / 2).clip(0, np.maximum(1 - steps[-1:], 0)) + steps
    return free
