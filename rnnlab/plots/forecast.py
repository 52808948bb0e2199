"""The plot of a forecast."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure

from rnnlab.core.params import SeriesPlot
from rnnlab.core.text import wrapped
from rnnlab.series.panel import Panel

MAX_SERIES = 6
# the past is shown for this many times the length of the forecast, and at least so many steps
PAST_RATIO, MIN_PAST = 4, 12
# characters of a name beside an axis, for each inch of it
NAME_PER_INCH = 11
# matplotlib's dates end with the year 9999, and an axis goes a little beyond its last value
LAST_YEAR = 9900


def chosen_series(panel: Panel, errors: np.ndarray, wanted: list[int]) -> list[tuple[int, str]]:
    """The series to show, with what each is an example of.

    Args:
        errors: MASE of each series, [S]; NaN where it is not known.
        wanted: those that a person names; none for the best, the worst and typical ones.
    """
    if wanted:
        return [(number, "") for number in wanted]
    ranked = np.argsort(errors, kind="stable")[: np.isfinite(errors).sum()]
    if len(panel.ids) <= MAX_SERIES or len(ranked) < MAX_SERIES:
        return [(number, "") for number in range(min(len(panel.ids), MAX_SERIES))]
    middle = len(ranked) // 2
    groups = {"best": ranked[:2], "typical": ranked[middle - 1 : middle + 1], "worst": ranked[-2:]}
    return [
        (int(number), f"{word}, MASE {errors[number]:.2f}")
        for word, numbers in groups.items()
        for number in numbers
    ]


def forecast_figure(
    panel: Panel, table: pd.DataFrame, plot: SeriesPlot, shown: list[tuple[int, str]]
) -> Figure:
    """The recent past and the forecast with its intervals.

    Args:
        table: H rows for each series of the panel.
        shown: the series, with what each is an example of.
    """
    height = 2.4 if len(shown) > 1 else 3.6
    figure = Figure(figsize=(8.5, height * len(shown) + 1.2), layout="constrained")
    steps = len(table) // len(panel.ids)
    few = f"; {len(shown)} of {len(panel.ids):,} series" if len(panel.ids) > len(shown) else ""
    title = f"The next {steps} steps, with intervals of 80 % and 95 %{few}"
    figure.suptitle(title, x=0.005, ha="left", weight="bold")
    for (number, example), ax in zip(
        shown, figure.subplots(len(shown), squeeze=False)[:, 0], strict=True
    ):
        ahead = table[number * steps : (number + 1) * steps]
        drawn = np.array([can_be_drawn(ds) for ds in ahead["ds"]])
        if not drawn.all():
            example = f"{example}, " * bool(example) + f"drawn to the year {LAST_YEAR}"
            print(f"the picture ends with the year {LAST_YEAR}", file=sys.stderr)
        draw_series(ax, panel, number, ahead[drawn], plot.color)
        name = plot.unit if len(panel.ids) == 1 else panel.ids[number]
        ax.set_ylabel(wrapped(name, round(NAME_PER_INCH * height)), parse_math=False)
        ax.set_title(example, loc="left", fontsize="small")
    ax.set_xlabel("time")
    # below all axes, where it covers no values
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4, frameon=False)
    return figure


def can_be_drawn(ds: object) -> bool:
    """Whether a time of a table is a number, or a date that matplotlib knows."""
    return not isinstance(ds, str) or int(ds.split("-")[0]) <= LAST_YEAR


def draw_series(ax: Axes, panel: Panel, number: int, ahead: pd.DataFrame, color: str) -> None:
    """The last values of a series, then its forecast between the bounds of its intervals."""
    span = panel.span(number)
    past = slice(max(span.start, span.stop - max(PAST_RATIO * len(ahead), MIN_PAST)), span.stop)
    times = ahead["ds"].to_numpy()
    times = times.astype("datetime64[s]") if panel.ds.dtype.kind == "M" else times
    # a marker for values that no line reaches, beside a gap or alone
    known = np.where(panel.filled[past], np.nan, panel.values[past])
    alone = np.isnan(known).any() or len(known) < 3
    ax.plot(panel.ds[past], known, color="0.2", label="truth", marker="." if alone else "")
    # line and bands begin at the last value, so that there is no gap
    from_last = np.concatenate([panel.ds[past][-1:], times])
    last = panel.values[past][-1]
    for level, shade in ((95, 0.15), (80, 0.25)):
        low, high = (np.r_[last, ahead[f"{side}_{level}"]] for side in ("low", "high"))
        label = f"{level} % interval"
        ax.fill_between(from_last, low, high, color=color, alpha=shade, lw=0, label=label)
    ax.plot(from_last, np.r_[last, ahead["forecast"]], color=color, label="forecast")
    if panel.ds.dtype.kind == "M":
        # more dates would run into each other
        ax.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=7))
    ax.margins(x=0.01)
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)


def save_figure(figure: Figure, path: Path, dpi: int) -> None:
    """Write the plot without the version of matplotlib, so that the bytes repeat."""
    with warnings.catch_warnings():
        # a name may hold letters that no font here has; they are drawn as boxes
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(path, dpi=dpi, metadata={"Software": None})
