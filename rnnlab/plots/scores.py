"""Plots of tables: loss by epoch, errors by step ahead, scores, interval coverage."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    LogLocator,
    MaxNLocator,
    MultipleLocator,
    NullFormatter,
    PercentFormatter,
)

from rnnlab.backtesting.labels import (
    MEASURES,
    NOT_BASELINES,
    PROTOCOL_LABELS,
    best_baseline,
    format_measure,
    usable_measure,
)
from rnnlab.core.text import percent, readable
from rnnlab.plots.style import (
    BAND_ALPHA,
    BASELINE_COLOR,
    COMBINATION_COLOR,
    FINE_TUNED_COLOR,
    WIDTH,
    ZERO_SHOT_COLOR,
    label_line_ends,
    set_title,
)

# with a higher ratio of the largest to the smallest loss, the axis is logarithmic
MIN_RATIO_FOR_LOG = 10


def curves_figure(curves: pd.DataFrame, color: str) -> Figure:
    """Training and validation loss by epoch and, for classes, validation accuracy."""
    has_accuracy = "validation_accuracy" in curves
    figure = Figure(figsize=(WIDTH, 3.6))
    figure.suptitle(_best_epoch_title(curves, has_accuracy), x=0.005, ha="left")
    axes = figure.subplots(1, 1 + has_accuracy, squeeze=False)[0]
    _draw_curve(axes[0], curves, "train_loss", "0.55", "training")
    _draw_curve(axes[0], curves, "validation_loss", color, "validation")
    axes[0].set_ylabel("mean loss")
    axes[0].legend(frameon=False)
    losses = curves[["train_loss", "validation_loss"]].to_numpy()
    if losses.min() > 0 and losses.max() > MIN_RATIO_FOR_LOG * losses.min():
        axes[0].set_yscale("log")
        axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes[0].yaxis.set_major_formatter("{x:g}")
        axes[0].yaxis.set_minor_formatter(NullFormatter())
    if has_accuracy:
        _draw_curve(axes[1], curves, "validation_accuracy", color, "validation")
        axes[1].set_ylabel("validation accuracy")
        axes[1].yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    return figure


def _draw_curve(ax: Axes, curves: pd.DataFrame, key: str, color: str, label: str) -> None:
    # mark the points of short curves, since a single point makes no line
    marker = "o" if len(curves) <= 30 else None
    ax.plot(curves["epoch"], curves[key], color=color, marker=marker, markersize=3.5, label=label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlabel("epoch")
    ax.grid(axis="y")


def _best_epoch_title(curves: pd.DataFrame, has_accuracy: bool) -> str:
    known = curves.dropna(subset="validation_loss")
    if known.empty:
        return "Training diverged: the validation loss is not a number"
    last = int(curves["epoch"].max())
    if has_accuracy:
        best = known.loc[known["validation_accuracy"].idxmax()]
        score = f"accuracy is highest, {percent(best['validation_accuracy'])}"
    else:
        best = known.loc[known["validation_loss"].idxmin()]
        score = f"loss is lowest, {best['validation_loss']:.4g}"
    return f"Validation {score}, at epoch {int(best['epoch'])} of {last}"


def steps_figure(by_step: pd.DataFrame, color: str) -> Figure:
    """MASE by step ahead: our networks, the best baseline, and the rest in grey."""
    table = by_step.pivot(index="step", columns="method", values="mase")
    table = table.replace([np.inf, -np.inf], np.nan).dropna(axis="columns")
    means = table.mean().sort_values()
    figure = Figure(figsize=(WIDTH, 0.6 if means.empty else 4.8))
    if means.empty:
        reason = "the test part is shorter than a period, or no forecast is finite"
        figure.suptitle(f"No errors by step: {reason}", x=0.005, ha="left")
        return figure
    best = means.drop([*NOT_BASELINES], errors="ignore").index[:1]
    ours = [method for method in reversed(own_colors(color)) if method in means]
    named = [*best, *ours]
    roles = dict.fromkeys(best, "best baseline ")
    words = ", ".join(f"{roles.get(m, '')}{readable(m)} {means[m]:.3f}" for m in reversed(named))
    last = table.index[-1]
    span = "MASE one step ahead" if last == 1 else f"MASE over {last} steps"
    set_title(figure, f"{span}: {words}")
    colors = dict.fromkeys(means.index, "0.65") | dict.fromkeys(best, BASELINE_COLOR)
    colors |= own_colors(color)
    ax = figure.subplots()
    # draw the grey lines first, below the others
    for method in [*means.index.difference(named), *named]:
        width = 2.2 if method in named else 1
        ax.plot(table[method], "o-", color=colors[method], linewidth=width, markersize=3)
    # a very bad baseline must not flatten the other lines
    ax.set_ylim(0, min(1.05 * table.max().max(), max(4 * table[named].max().max(), 1.1)))
    ax.margins(x=0.01)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=14, integer=True, min_n_ticks=1))
    ax.set(xlabel="steps ahead", ylabel="MASE (1: seasonal naive within the training part)")
    ax.grid(axis="y")
    label_line_ends(ax, [(table[m].iloc[-1], colors[m], readable(m)) for m in means.index], 4)
    return figure


def own_colors(color: str) -> dict[str, str]:
    """Colours of the methods that are no baselines, the model's first."""
    return {
        "model": color,
        "combination": COMBINATION_COLOR,
        "zero_shot": ZERO_SHOT_COLOR,
        "fine_tuned": FINE_TUNED_COLOR,
    }


def scores_figure(scores: dict, color: str) -> Figure:
    """All methods by protocol, the best first."""
    figure = Figure(figsize=(9.5, 2 * (0.23 * len(scores) + 0.9) + 0.4))
    colors = {method: shade for method, shade in own_colors(color).items() if method in scores}
    ranks: dict[str, list[str]] = {method: [] for method in colors}
    for ax, protocol in zip(figure.subplots(2, 2).flat, PROTOCOL_LABELS, strict=True):
        measure = usable_measure(scores, protocol, ("mase", "mae"))
        values = pd.Series({m: by_protocol[protocol][measure] for m, by_protocol in scores.items()})
        values = values.astype(float).sort_values(na_position="last", kind="stable")
        _draw_bars(ax, values, measure, colors)
        ax.set_title(PROTOCOL_LABELS[protocol])
        for method in colors:
            place = values.index.get_loc(method)
            ranks[method].append("–" if np.isnan(values[method]) else str(place + 1))
            ax.get_yticklabels()[place].set(weight="bold", color=colors[method])
    words = "; ".join(f"{readable(m)} {', '.join(places)}" for m, places in ranks.items())
    set_title(figure, f"Ranks among {len(scores)} methods by the four protocols: {words}")
    return figure


def _draw_bars(ax: Axes, values: pd.Series, measure: str, colors: dict[str, str]) -> None:
    # cut the bar of a very bad method, so that the others stay visible
    longest = 5 * values.dropna().median()
    bars = ax.barh(
        [readable(method) for method in values.index],
        values.clip(upper=longest).fillna(0),
        color=[colors.get(method, "0.75") for method in values.index],
    )
    texts = [format_measure(None if np.isnan(value) else value, measure) for value in values]
    cut = ["  (bar cut)" if value > longest else "" for value in values]
    ax.bar_label(bars, [text + mark for text, mark in zip(texts, cut, strict=True)], padding=3)
    ax.invert_yaxis()
    ax.set(xlabel=f"{MEASURES[measure][0]}, lower is better")
    ax.set_xlim(0, 1.25 * min(longest, values.max()) if values.max() > 0 else 1)
    ax.tick_params(axis="y", length=0)


def intervals_figure(scores: dict, color: str) -> Figure:
    """Coverage and interval score by protocol: our networks and the best baseline.

    A wide interval covers every value, so coverage alone would mislead. The best baseline is the
    one with the best interval score.
    """
    figure = Figure(figsize=(WIDTH, 6.2))
    axes = figure.subplots(len(PROTOCOL_LABELS), 2, sharex="col", width_ratios=(3, 2))
    for row, protocol in zip(axes, PROTOCOL_LABELS, strict=True):
        best = best_baseline(scores, protocol, "msis")
        colors = {method: shade for method, shade in own_colors(color).items() if method in scores}
        colors |= {} if best is None else {best: BASELINE_COLOR}
        table = pd.DataFrame({method: scores[method][protocol] for method in colors}).T
        table = table.astype(float)
        _draw_coverage(row[0], table, colors)
        row[0].set_title(PROTOCOL_LABELS[protocol])
        _draw_interval_scores(row[1], table["msis"], colors)
    lowest = min([70, *(x for ax in axes[:, 0] for x in ax.dataLim.intervalx if np.isfinite(x))])
    axes[0, 0].set_xlim(max(lowest - 5, -2), 102)
    axes[0, 0].xaxis.set_major_locator(MultipleLocator(10))
    axes[0, 0].xaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
    axes[-1, 0].set_xlabel("coverage of the 80 % interval (open) and the 95 % interval (filled)")
    axes[-1, 1].set_xlabel("MSIS of the 95 % interval, lower is better")
    set_title(figure, f"The model's {_coverage_ranges(scores['model'])}")
    return figure


def _coverage_ranges(by_protocol: dict) -> str:
    """The lowest and highest coverage at each level, over the protocols."""
    words = []
    for level in BAND_ALPHA:
        covered = [row[f"coverage_{level}"] for row in by_protocol.values()]
        known = [f"{share:.0f}" for share in sorted(x for x in covered if x is not None)]
        span = " to ".join(dict.fromkeys([known[0], known[-1]])) if known else "–"
        words.append(f"{level} % interval covers {span} %")
    return ", its ".join(words)


def _draw_coverage(ax: Axes, table: pd.DataFrame, colors: dict[str, str]) -> None:
    """Draw a point for each coverage, with a line from the nominal level."""
    places = np.arange(len(table))
    for level, aside in zip(BAND_ALPHA, (0.15, -0.15), strict=True):
        ax.axvline(level, color="0.4", linewidth=0.8, linestyle=(0, (4, 3)))
        # a little apart, since both intervals may have the same coverage
        for place, method in zip(places + aside, table.index, strict=True):
            covered, shade = table.loc[method, f"coverage_{level}"], colors[method]
            ax.plot([level, covered], [place, place], color=shade, linewidth=1)
            face = shade if level == max(BAND_ALPHA) else "white"
            ax.plot(covered, place, "o", color=shade, markerfacecolor=face, markersize=6)
    ax.set_yticks(places, [readable(method) for method in table.index])
    for label, shade in zip(ax.get_yticklabels(), colors.values(), strict=True):
        label.set_color(shade)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def _draw_interval_scores(ax: Axes, values: pd.Series, colors: dict[str, str]) -> None:
    bars = ax.barh(np.arange(len(values)), values.fillna(0), 0.6, color=list(colors.values()))
    texts = [format_measure(None if np.isnan(value) else value, "msis") for value in values]
    ax.bar_label(bars, texts, padding=3)
    ax.set_yticks([])
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.margins(x=0.2)
