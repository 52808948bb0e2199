"""Plots of the zero-shot network: its loss, forecasts, and synthetic series beside real ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnnlab.plots.style import BAND_ALPHA, TRUTH_COLOR, WIDTH, band_patches, set_title
from rnnlab.series.examples import Example
from rnnlab.synthetic.prior import draw_batch

# series of each kind in the plot to guess from, and its columns
GUESSED, COLUMNS = 40, 8
# numpy takes training's [seed, k] for [seed, k, 0], and evaluation has 1: these are other series
PLOT_STREAM = 2
# the longest window of a series by its period: the network reads about as much
LONGEST = {1: 56, 4: 100, 12: 144, 52: 260}
SHORTEST = 20
# of the series to draw forecasts of: the values before the forecast that are shown
SHOWN = {
    "nile volume": 60,
    "sunspots SUNACTIVITY": 60,
    "macrodata unemp": 60,
    "elnino sea surface": 72,
    "co2 weekly": 156,
}
STEP_NAMES = {1: "yearly", 4: "quarterly", 12: "monthly", 52: "weekly"}


@dataclass(frozen=True)
class Panel:
    """A series to guess: real or synthetic.

    Attributes:
        kind: real or synthetic.
        name: of a real series; empty for a synthetic one.
        period: steps in a season.
        year: decimal years of the first and last value of a real series.
        y: values; NaN where one is missing.
    """

    kind: str
    name: str
    period: int
    year: tuple[float, float] | None
    y: np.ndarray


def panels_to_guess(examples: list[Example]) -> list[Panel]:
    """Real windows and as many synthetic series of the same periods and lengths, shuffled."""
    rng = np.random.default_rng([0, 0, PLOT_STREAM])
    real = _real_windows(examples, rng)
    panels = [*real, *_synthetic_like(real, rng)]
    return [panels[number] for number in rng.permutation(len(panels))]


def _real_windows(examples: list[Example], rng: np.random.Generator) -> list[Panel]:
    """Windows that do not overlap, more of a long series than of a short one."""
    windows = []
    for example in examples:
        for part in np.array_split(np.arange(len(example.y)), min(5, 1 + len(example.y) // 150)):
            longest = min(LONGEST[example.period], len(part))
            if longest < SHORTEST:
                continue
            length = int(rng.integers(max(SHORTEST, longest // 2), longest + 1))
            begin = part[0] + int(rng.integers(0, len(part) - length + 1))
            year = float(example.year[begin]), float(example.year[begin + length - 1])
            y = example.y[begin : begin + length]
            windows.append(Panel("real", example.unique_id, example.period, year, y))
    return [windows[number] for number in rng.permutation(len(windows))[:GUESSED]]


def _synthetic_like(real: list[Panel], rng: np.random.Generator) -> list[Panel]:
    """The first synthetic series that are long enough, at most two from a batch."""
    panels, wanted = [], list(real)
    while wanted:
        batch = draw_batch(rng, 16, 2)
        begun = np.isfinite(batch.histories).argmax(axis=1)
        lengths = iter(batch.histories.shape[1] - begun)
        rows = iter(batch.histories)
        for like in [panel for panel in wanted if panel.period == batch.period][:2]:
            for row, length in zip(rows, lengths, strict=True):
                if length >= len(like.y):
                    panels.append(Panel("synthetic", "", batch.period, None, row[-len(like.y) :]))
                    wanted.remove(like)
                    break
    return panels


def guess_figure(panels: list[Panel]) -> Figure:
    """All panels without labels, for a reader to tell real from synthetic."""
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(WIDTH, 0.95 * rows + 0.5))
    axes = figure.subplots(rows, COLUMNS).flat
    for number, (ax, panel) in enumerate(zip(axes, panels, strict=False), 1):
        ax.plot(panel.y, color=TRUTH_COLOR, linewidth=0.8)
        ax.set_title(str(number), fontsize=6.5, pad=1, color="0.45")
        ax.set(xticks=[], yticks=[])
        ax.margins(x=0.02, y=0.12)
        ax.spines[:].set(visible=True, color="0.85")
    real = sum(panel.kind == "real" for panel in panels)
    set_title(figure, f"{real} of these {len(panels)} series are real. Which? guess.csv tells")
    return figure


def solution(panels: list[Panel]) -> pd.DataFrame:
    """A row for each panel: its number, kind, name, period, first and last year, values."""
    rows = []
    for number, panel in enumerate(panels, 1):
        first, last = panel.year or (np.nan, np.nan)
        row = {"panel": number, "kind": panel.kind, "series": panel.name, "period": panel.period}
        rows.append(
            {**row, "first": round(first, 2), "last": round(last, 2), "values": len(panel.y)}
        )
    return pd.DataFrame(rows)


def forecasts_figure(examples: list[Example], forecasts: pd.DataFrame, color: str) -> Figure:
    """Forecasts with their intervals, and what came, of real series of several kinds."""
    figure = Figure(figsize=(WIDTH, 1.9 * len(SHOWN) + 0.6))
    axes = figure.subplots(len(SHOWN), 1)
    by_name = {example.unique_id: example for example in examples}
    inside = known = 0
    for ax, (name, shown) in zip(axes, SHOWN.items(), strict=True):
        rows = forecasts[forecasts["unique_id"] == name]
        _draw_forecast(ax, by_name[name], rows, shown, color)
        inside += int(((rows["y"] >= rows["q10"]) & (rows["y"] <= rows["q90"])).sum())
        known += int(rows["y"].notna().sum())
    handles = [*axes[0].get_lines(), *band_patches(color, {80: "80 %", 95: "95 %"})]
    axes[0].legend(handles=handles, frameon=False, ncols=4, loc="upper left", fontsize=8)
    set_title(
        figure,
        f"Five series never seen before: {inside} of {known} values lie in the 80 % intervals",
    )
    return figure


def _draw_forecast(ax: Axes, example: Example, rows: pd.DataFrame, shown: int, color: str) -> None:
    span = slice(-shown - len(rows), None)
    year, y = example.year[span], example.y[span]
    ax.plot(year, y, color=TRUTH_COLOR, linewidth=1, label="true values")
    ax.plot(rows["year"], rows["q50"], color=color, label="median forecast")
    for level, (low, high) in {95: ("q2.5", "q97.5"), 80: ("q10", "q90")}.items():
        alpha = BAND_ALPHA[level]
        ax.fill_between(rows["year"], rows[low], rows[high], color=color, alpha=alpha, linewidth=0)
    read = len(example.y) - len(rows)
    about = f"{name_of(example)}: {STEP_NAMES[example.period]}, {read:,} values before"
    ax.set_title(f"{about}, {len(rows)} forecast")
    ax.set_ylabel(example.unit)
    ax.margins(x=0.01)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    # room for the legend
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top + 0.2 * (top - bottom))
    ax.grid(axis="y")


def name_of(example: Example) -> str:
    """The name of a series for people."""
    names = {
        "nile volume": "Flow of the Nile",
        "sunspots SUNACTIVITY": "Sunspots",
        "macrodata unemp": "Unemployment in the United States",
        "elnino sea surface": "Sea surface temperature of El Niño",
        "co2 weekly": "Carbon dioxide in the air at Mauna Loa",
    }
    return names.get(example.unique_id, example.unique_id)


def pretraining_figure(curve: pd.DataFrame, color: str) -> Figure:
    """The loss by step: as it was, and smoothed."""
    figure = Figure(figsize=(WIDTH, 3.6))
    ax = figure.subplots()
    marker = "o" if len(curve) <= 30 else None
    ax.plot(curve["step"], curve["loss"], color="0.7", linewidth=0.8, marker=marker, markersize=3)
    ax.plot(curve["step"], curve["smoothed"], color=color)
    ax.legend(["mean of 50 steps", "smoothed"], frameon=False)
    # the first losses would flatten the rest
    top = curve["loss"].iloc[len(curve) // 20 :].max()
    ax.set_ylim(top=1.05 * top)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlabel="step", ylabel="loss on synthetic series")
    ax.grid(axis="y")
    first, last = curve["loss"].iloc[0], curve["smoothed"].iloc[-1]
    steps = int(curve["step"].iloc[-1])
    set_title(figure, f"The loss falls from {first:.3f} to {last:.3f} in {steps:,} steps")
    return figure
