"""The plot of a forecast."""

import re
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateFormatter, AutoDateLocator
from matplotlib.figure import Figure

from rnnlab.core.notes import note
from rnnlab.core.text import join_names, wrapped
from rnnlab.series.panel import Panel

MAX_SERIES = 6
# the past is shown for this many times the length of the forecast, and at least so many steps
PAST_RATIO, MIN_PAST = 4, 12
# characters of a name beside an axis, for each inch of it
NAME_PER_INCH = 11
COLOR, DPI = "#1f6fb4", 120
# covariates are drawn where there are no more, each so high as a share of the values
MAX_COVARIATES, COVARIATE_HEIGHT = 3, 0.28
# of each interval; those within another add up
BAND_ALPHA = 0.18
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


class ForecastFigure(Figure):
    """A figure that a notebook shows, though it is none of pyplot's."""

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        save_figure(self, content)
        return content.getvalue()


def forecast_figure(
    panel: Panel,
    table: pd.DataFrame,
    unit: str,
    shown: list[tuple[int, str]],
    total: int | None = None,
) -> Figure:
    """The recent past and the forecast with its intervals; below, up to three covariates.

    Args:
        table: H rows for each series of the panel: ds, forecast, and bounds low_80, high_80 and so
            on, of as many intervals as there are.
        unit: of the values, for the axis of a single series.
        shown: the series, with what each is an example of.
        total: how many series there are; those of the panel where it is None.
    """
    total = len(panel.ids) if total is None else total
    height = 2.4 if len(shown) > 1 else 3.6
    names = panel.covariates.names if panel.covariates is not None else []
    below = len(names) if len(names) <= MAX_COVARIATES else 0
    ratios = [1.0, *[COVARIATE_HEIGHT] * below]
    size = 8.5, height * sum(ratios) * len(shown) + 1.2
    figure = ForecastFigure(figsize=size, layout="constrained")
    steps = len(table) // len(panel.ids)
    few = f"; {len(shown)} of {total:,} series" if total > len(shown) else ""
    levels = levels_of(table)
    named = f", with intervals of {join_names(f'{each} %' for each in levels)}" if levels else ""
    title = f"The next {steps} steps{named}{few}"
    figure.suptitle(title, x=0.005, ha="left", weight="bold")
    rows = len(shown) * len(ratios)
    axes = figure.subplots(rows, squeeze=False, height_ratios=ratios * len(shown))[:, 0]
    for (number, example), (ax, *others) in zip(shown, axes.reshape(len(shown), -1), strict=True):
        ahead = table[number * steps : (number + 1) * steps]
        drawn = can_be_drawn(ahead["ds"].to_numpy())
        if not drawn.all():
            example = f"{example}, " * bool(example) + f"drawn to the year {LAST_YEAR}"
            note(f"the picture ends with the year {LAST_YEAR}")
        draw_series(ax, panel, number, ahead[drawn])
        name = unit if total == 1 else panel.ids[number]
        ax.set_ylabel(wrapped(name, round(NAME_PER_INCH * height)), parse_math=False)
        ax.set_title(example, loc="left", fontsize="small")
        for column, other in enumerate(others):
            other.sharex(ax)
            ax.tick_params(labelbottom=False)
            other.tick_params(labelbottom=other is others[-1])
            draw_covariate(other, panel, number, column, ahead["ds"].to_numpy()[drawn])
    axes[-1].set_xlabel("time")
    # below all axes, where it covers no values
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4, frameon=False)
    return figure


def with_bounds(table: pd.DataFrame) -> pd.DataFrame:
    """A forecast whose quantiles, of which two leave the same share outside, are intervals."""
    names = [str(name) for name in table if re.fullmatch(r"q0\.\d+", str(name))]
    bounds: dict[str, pd.Series] = {}
    for name in names:
        share = float(name[1:])
        other = f"q{1 - share:g}"
        if share < 0.5 and other in names:
            level = f"{100 * (1 - 2 * share):g}"
            bounds |= {f"low_{level}": table[name], f"high_{level}": table[other]}
    return table.assign(**bounds)


def levels_of(table: pd.DataFrame) -> list[str]:
    """The levels of the intervals of a forecast, in per cent, from narrow to wide."""
    names = [str(name).removeprefix("low_") for name in table if str(name).startswith("low_")]
    return sorted(names, key=float)


def can_be_drawn(ds: np.ndarray) -> np.ndarray:
    """Which times [H] are numbers, or dates that matplotlib knows."""
    if ds.dtype.kind != "M":
        return np.ones(len(ds), dtype=bool)
    return ds.astype("datetime64[Y]").astype(np.int64) + 1970 <= LAST_YEAR


def draw_series(ax: Axes, panel: Panel, number: int, ahead: pd.DataFrame) -> None:
    """The last values of a series, then its forecast between the bounds of its intervals."""
    span = panel.span(number)
    times = ahead["ds"].to_numpy()
    # more where the forecast is of times that are known
    beyond = int((panel.ds[span] >= times[0]).sum())
    count = max(PAST_RATIO * len(ahead), MIN_PAST) + beyond
    past = slice(max(span.start, span.stop - count), span.stop)
    # a marker for values that no line reaches, beside a gap or alone
    known = panel.y[past]
    alone = np.isnan(known).any() or len(known) < 3
    ax.plot(panel.ds[past], known, color="0.2", label="truth", marker="." if alone else "")
    # line and bands begin at the last value before them, so that there is no gap
    before = np.flatnonzero((panel.ds[past] < times[0]) & ~np.isnan(known))[-1:]
    from_last = np.concatenate([panel.ds[past][before], times])
    last = known[before]
    for level in reversed(levels_of(ahead)):
        low, high = (np.r_[last, ahead[f"{side}_{level}"]] for side in ("low", "high"))
        label = f"{level} % interval"
        ax.fill_between(from_last, low, high, color=COLOR, alpha=BAND_ALPHA, lw=0, label=label)
    ax.plot(from_last, np.r_[last, ahead["forecast"]], color=COLOR, label="forecast")
    if panel.ds.dtype.kind == "M":
        # more dates would run into each other
        locator = AutoDateLocator(minticks=3, maxticks=7)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(AutoDateFormatter(locator))
    ax.margins(x=0.01)
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)


def draw_covariate(ax: Axes, panel: Panel, number: int, column: int, ahead: np.ndarray) -> None:
    """A covariate of a series in the recent past, and at the times ``ahead`` [H]."""
    covariates = panel.covariates
    assert covariates is not None
    first, stop = covariates.offsets[number : number + 2]
    values = covariates.values[first:stop, column]
    ds = panel.ds[panel.span(number)]
    count = max(PAST_RATIO * len(ahead), MIN_PAST)
    past = ds[ds < ahead[0]][-count:] if len(ahead) else ds[-count:]
    start, length = int(np.searchsorted(ds, past[0])), len(past) + len(ahead)
    times = np.concatenate([past, ahead])[: len(values) - start]
    shown = values[start : start + length]
    ax.plot(times, shown, color="0.45", lw=1, drawstyle="steps-mid")
    if len(shown) > len(past):
        ax.axvspan(times[len(past) - 1], times[-1], color=COLOR, alpha=BAND_ALPHA / 2, lw=0)
    ax.set_ylabel(
        wrapped(covariates.names[column], NAME_PER_INCH), parse_math=False, fontsize="small"
    )
    ax.tick_params(labelsize="small")
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)


def save_figure(figure: Figure, path: Path | BytesIO) -> None:
    """Write the plot without the version of matplotlib, so that the bytes repeat."""
    with warnings.catch_warnings():
        # a name may hold letters that no font here has; they are drawn as boxes
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})
