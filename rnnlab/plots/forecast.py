"""The plot of a forecast."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.core.params import SeriesPlot
from rnnlab.series.panel import Panel

MAX_SERIES = 6
# the past is shown for this many times the length of the forecast
PAST_RATIO = 4


def forecast_figure(panel: Panel, table: pd.DataFrame, plot: SeriesPlot) -> Figure:
    """The recent past and the forecast with its intervals, for the first series of a panel."""
    shown = panel.ids[:MAX_SERIES]
    figure = Figure(figsize=(8.5, 2.4 * len(shown) + 1.6), layout="constrained")
    rest = f"; first {len(shown)} of {len(panel.ids)} series" if len(panel.ids) > len(shown) else ""
    steps = len(table) // len(panel.ids)
    title = f"The next {steps} steps, with intervals of 80 % and 95 %{rest}"
    figure.suptitle(title, x=0.005, ha="left", weight="bold")
    dates = panel.ds.dtype.kind == "M"
    for number, ax in enumerate(figure.subplots(len(shown), squeeze=False)[:, 0]):
        span, ahead = panel.span(number), table[number * steps : (number + 1) * steps]
        past = slice(max(span.start, span.stop - PAST_RATIO * steps), span.stop)
        times = ahead["ds"].to_numpy()
        times = times.astype("datetime64[s]") if dates else times
        ax.plot(panel.ds[past], panel.values[past], color="0.2", label="truth")
        # line and bands begin at the last value, so that there is no gap
        from_last = np.concatenate([panel.ds[past][-1:], times])
        last = panel.values[past][-1]
        for level, shade in ((95, 0.15), (80, 0.25)):
            low, high = (np.r_[last, ahead[f"{side}_{level}"]] for side in ("low", "high"))
            label = f"{level} % interval"
            ax.fill_between(from_last, low, high, color=plot.color, alpha=shade, lw=0, label=label)
        ax.plot(from_last, np.r_[last, ahead["forecast"]], color=plot.color, label="forecast")
        ax.set_ylabel(plot.unit if len(shown) == 1 else panel.ids[number], parse_math=False)
        ax.margins(x=0.01)
        ax.grid(axis="y", color="0.92")
        ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("time")
    # below all axes, where it covers no values
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4, frameon=False)
    return figure


def save_figure(figure: Figure, path: Path, dpi: int) -> None:
    """Write the plot without the version of matplotlib, so that the bytes repeat."""
    figure.savefig(path, dpi=dpi, metadata={"Software": None})
