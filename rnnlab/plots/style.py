"""What the pictures of series share: lines with their names at the end, bands, ticks of time."""

from dataclasses import dataclass, field
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

WIDTH = 8.5  # inches
# beside the model's blue these differ to colour-blind eyes too (Okabe & Ito 2008, Tol 2021)
BASELINE = "#D55E00"
LONG = "#009E73"
COMBINATION = "#AA4499"
TRUTH = "0.2"
# how strongly the intervals are filled, by the share in per cent that they are to hold
FILLS = {95: 0.15, 80: 0.2}
# spans of the truth that a line may leave it by before the axes cut it off; bands have one of all
MOST_SPANS = 3


@dataclass(frozen=True)
class Forecast:
    """A forecast [n] of the last n values of a series.

    Attributes:
        bands: lower and upper bounds, [n] each, by the share in per cent that they are to hold.
    """

    values: np.ndarray
    bands: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """What is drawn: its colour, and the label that stands where it ends."""

    forecast: Forecast
    color: str
    label: str
    banded: bool = False


def title(figure: Figure, text: str) -> None:
    """Write a title at the left, on more lines if it is longer than the figure is wide."""
    # ten signs an inch, bold
    figure.suptitle(fill(text, int(9.7 * figure.get_figwidth())), x=0.005, ha="left")


def draw_lines(ax: Axes, ds: np.ndarray, lines: list[Line], height: float, ticks: int = 10) -> None:
    """Draw lines that end with ``ds``, the first of them the truth.

    Args:
        height: of the axes, in inches.
        ticks: of time, at most.
    """
    ax.set_ylim(*limits(lines))
    for line in lines:
        values = line.forecast.values
        if line.banded:
            _draw_bands(ax, ds[-len(values) :], line)
        # few points are marked, since a line through one alone is no line
        marker = "o" if len(values) <= 24 else None
        ax.plot(ds[-len(values) :], values, color=line.color, marker=marker, markersize=3)
    tick_times(ax, ds, ticks)
    ax.margins(x=0)
    ax.grid(axis="y")
    label_ends(ax, [(x.forecast.values[-1], x.color, x.label) for x in lines], height)


def limits(lines: list[Line]) -> tuple[float, float]:
    """Limits of an axis: all of the truth, and of the rest what does not press it flat."""
    low, high = _reach(lines[0].forecast.values, -np.inf, np.inf)
    others = [line.forecast.values for line in lines[1:]]
    bands = [band for line in lines if line.banded for band in line.forecast.bands.values()]
    bounds = [bound for band in bands for bound in band]
    for arrays, spans in ((others, MOST_SPANS), (bounds, 1)):
        span = high - low or abs(high) or 1.0
        least, most = low - spans * span, high + spans * span
        reached = [_reach(values, least, most) for values in arrays]
        low = min([low, *(a for a, _ in reached)])
        high = max([high, *(b for _, b in reached)])
    margin = 0.04 * (high - low or abs(high) or 1.0)
    return low - margin, high + margin


def _reach(values: np.ndarray, least: float, most: float) -> tuple[float, float]:
    """The lowest and highest value, cut to ``least`` and ``most``; NaN counts for nothing."""
    known = values[~np.isnan(values)].clip(least, most)
    return (known.min(), known.max()) if len(known) else (np.inf, -np.inf)


def _draw_bands(ax: Axes, ds: np.ndarray, line: Line) -> None:
    low, high = ax.get_ylim()
    for level, (lower, upper) in line.forecast.bands.items():
        # matplotlib fills nothing up to infinity
        ends = lower.clip(low, high), upper.clip(low, high)
        look: dict[str, Any] = {"color": line.color, "alpha": FILLS[level]}
        if len(ds) == 1:
            # between two points there is an area, of one alone none
            ax.vlines(ds, *ends, linewidth=8, **look)
        else:
            ax.fill_between(ds, *ends, linewidth=0, **look)


def band_patches(color: str, labels: dict[int, str]) -> list[Patch]:
    """What a legend shows for the bands; the narrower lies over the wider."""
    both = 1 - (1 - FILLS[95]) * (1 - FILLS[80])
    shades = {80: both, 95: FILLS[95]}
    return [
        Patch(color=color, alpha=shades[level], linewidth=0, label=text)
        for level, text in labels.items()
    ]


def tick_times(ax: Axes, ds: np.ndarray, most: int = 10) -> None:
    """Ticks of dates or, where times are numbers, whole ones."""
    if ds.dtype.kind == "i":
        ax.xaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))
    else:
        locator = AutoDateLocator(minticks=most // 3, maxticks=most)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


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
