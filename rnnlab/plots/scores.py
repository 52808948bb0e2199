"""Pictures that need only a table: loss by epoch, errors by step ahead, scores and intervals."""

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

from rnnlab.core.text import percent, spoken
from rnnlab.forecasting.labels import (
    MEASURES,
    NOT_BASELINES,
    PROTOCOL_LABELS,
    best_baseline,
    format_measure,
    usable_measure,
)
from rnnlab.plots.style import BASELINE, COMBINATION, FILLS, WIDTH, label_ends, title

# above this ratio of the highest to the lowest loss, the end of a linear curve looks flat
LOG_RATIO = 10


def curves_figure(curves: pd.DataFrame, color: str) -> Figure:
    """Training and validation loss by epoch and, for classes, validation accuracy."""
    has_accuracy = "validation_accuracy" in curves
    figure = Figure(figsize=(WIDTH, 3.6))
    figure.suptitle(_best_epoch(curves, has_accuracy), x=0.005, ha="left")
    panels = figure.subplots(1, 1 + has_accuracy, squeeze=False)[0]
    _draw_curve(panels[0], curves, "train_loss", "0.55", "training")
    _draw_curve(panels[0], curves, "validation_loss", color, "validation")
    panels[0].set_ylabel("mean loss")
    panels[0].legend(frameon=False)
    losses = curves[["train_loss", "validation_loss"]].to_numpy()
    if losses.min() > 0 and losses.max() > LOG_RATIO * losses.min():
        panels[0].set_yscale("log")
        panels[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        panels[0].yaxis.set_major_formatter("{x:g}")
        panels[0].yaxis.set_minor_formatter(NullFormatter())
    if has_accuracy:
        _draw_curve(panels[1], curves, "validation_accuracy", color, "validation")
        panels[1].set_ylabel("validation accuracy")
        panels[1].yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    return figure


def _draw_curve(ax: Axes, curves: pd.DataFrame, key: str, color: str, label: str) -> None:
    # a line through one epoch is no line, so few epochs show as points too
    marker = "o" if len(curves) <= 30 else None
    ax.plot(curves["epoch"], curves[key], color=color, marker=marker, markersize=3.5, label=label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlabel("epoch")
    ax.grid(axis="y")


def _best_epoch(curves: pd.DataFrame, has_accuracy: bool) -> str:
    known = curves.dropna(subset="validation_loss")
    if known.empty:
        return "Training diverged: the validation loss is no number"
    last = int(curves["epoch"].max())
    if has_accuracy:
        best = known.loc[known["validation_accuracy"].idxmax()]
        figure = f"accuracy is highest, {percent(best['validation_accuracy'])}"
    else:
        best = known.loc[known["validation_loss"].idxmin()]
        figure = f"loss is lowest, {best['validation_loss']:.4g}"
    return f"Validation {figure}, at epoch {int(best['epoch'])} of {last}"


def steps_figure(by_step: pd.DataFrame, color: str) -> Figure:
    """MASE by step ahead: the model, the best baseline, and the rest in grey."""
    table = by_step.pivot(index="step", columns="method", values="mase")
    table = table.replace([np.inf, -np.inf], np.nan).dropna(axis="columns")
    means = table.mean().sort_values()
    figure = Figure(figsize=(WIDTH, 0.6 if means.empty else 4.8))
    if means.empty:
        reason = "the test part is shorter than a period, or no forecast is a number"
        figure.suptitle(f"No errors by step: {reason}", x=0.005, ha="left")
        return figure
    best = means.drop([*NOT_BASELINES], errors="ignore").index[:1]
    ours = [method for method in ("combination", "model") if method in means]
    named = [*best, *ours]
    roles = dict.fromkeys(best, "best baseline ")
    words = ", ".join(f"{roles.get(m, '')}{spoken(m)} {means[m]:.3f}" for m in reversed(named))
    last = table.index[-1]
    span = "MASE one step ahead" if last == 1 else f"MASE over {last} steps"
    title(figure, f"{span}: {words}")
    colors = dict.fromkeys(means.index, "0.65") | dict.fromkeys(best, BASELINE)
    colors |= {"combination": COMBINATION, "model": color}
    ax = figure.subplots()
    # the rest first, so that they lie below
    for method in [*means.index.difference(named), *named]:
        width = 2.2 if method in named else 1
        ax.plot(table[method], "o-", color=colors[method], linewidth=width, markersize=3)
    # a baseline that fails by far must not press the others flat
    ax.set_ylim(0, min(1.05 * table.max().max(), max(4 * table[named].max().max(), 1.1)))
    ax.margins(x=0.01)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=14, integer=True, min_n_ticks=1))
    ax.set(xlabel="steps ahead", ylabel="MASE (1: seasonal naive inside the training part)")
    ax.grid(axis="y")
    label_ends(ax, [(table[m].iloc[-1], colors[m], spoken(m)) for m in means.index], 4)
    return figure


def scores_figure(scores: dict, color: str) -> Figure:
    """All methods by protocol, best first."""
    figure = Figure(figsize=(9.5, 2 * (0.23 * len(scores) + 0.9) + 0.4))
    colors = {"model": color, "combination": COMBINATION}
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
    words = "; ".join(f"{method} {', '.join(places)}" for method, places in ranks.items())
    title(figure, f"Ranks among {len(scores)} methods by the four protocols: {words}")
    return figure


def _draw_bars(ax: Axes, values: pd.Series, measure: str, colors: dict[str, str]) -> None:
    # the bar of a method that fails by far is cut, so that the others stay visible
    longest = 5 * values.dropna().median()
    bars = ax.barh(
        [spoken(method) for method in values.index],
        values.clip(upper=longest).fillna(0),
        color=[colors.get(method, "0.75") for method in values.index],
    )
    texts = [format_measure(None if np.isnan(value) else value, measure) for value in values]
    cut = ["  (bar cut)" if value > longest else "" for value in values]
    ax.bar_label(bars, [text + mark for text, mark in zip(texts, cut, strict=True)], padding=3)
    ax.invert_yaxis()
    ax.set(xlabel=f"{MEASURES[measure][0]}, less is better")
    ax.set_xlim(0, 1.25 * min(longest, values.max()) if values.max() > 0 else 1)
    ax.tick_params(axis="y", length=0)


def intervals_figure(scores: dict, color: str) -> Figure:
    """By protocol: what share of values the intervals hold, and their interval score.

    A wide interval holds everything, so neither tells without the other. Beside the model and the
    combination stands the baseline with the best intervals.
    """
    figure = Figure(figsize=(WIDTH, 6.2))
    axes = figure.subplots(len(PROTOCOL_LABELS), 2, sharex="col", width_ratios=(3, 2))
    for row, protocol in zip(axes, PROTOCOL_LABELS, strict=True):
        best = best_baseline(scores, protocol, "msis")
        colors = {"model": color, "combination": COMBINATION}
        colors |= {} if best is None else {best: BASELINE}
        table = pd.DataFrame({method: scores[method][protocol] for method in colors}).T
        table = table.astype(float)
        _draw_coverage(row[0], table, colors)
        row[0].set_title(PROTOCOL_LABELS[protocol])
        _draw_interval_scores(row[1], table["msis"], colors)
    least = min([70, *(x for ax in axes[:, 0] for x in ax.dataLim.intervalx if np.isfinite(x))])
    axes[0, 0].set_xlim(max(least - 5, -2), 102)
    axes[0, 0].xaxis.set_major_locator(MultipleLocator(10))
    axes[0, 0].xaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
    axes[-1, 0].set_xlabel("values inside the 80 % interval (open) and the 95 % interval (full)")
    axes[-1, 1].set_xlabel("MSIS of the 95 % interval, less is better")
    title(figure, f"The model's {_held_in_words(scores['model'])}")
    return figure


def _held_in_words(by_protocol: dict) -> str:
    """The least and the most that intervals of each level hold, over the protocols."""
    words = []
    for level in FILLS:
        held = [row[f"coverage_{level}"] for row in by_protocol.values()]
        known = [f"{share:.0f}" for share in sorted(x for x in held if x is not None)]
        span = " to ".join(dict.fromkeys([known[0], known[-1]])) if known else "–"
        words.append(f"{level} % interval holds {span} %")
    return ", its ".join(words)


def _draw_coverage(ax: Axes, table: pd.DataFrame, colors: dict[str, str]) -> None:
    """Points for the share that is held, each with a line from the share that is promised."""
    places = np.arange(len(table))
    for level, aside in zip(FILLS, (0.15, -0.15), strict=True):
        ax.axvline(level, color="0.4", linewidth=0.8, linestyle=(0, (4, 3)))
        # a little apart, since both intervals may hold the same share
        for place, method in zip(places + aside, table.index, strict=True):
            held, shade = table.loc[method, f"coverage_{level}"], colors[method]
            ax.plot([level, held], [place, place], color=shade, linewidth=1)
            face = shade if level == max(FILLS) else "white"
            ax.plot(held, place, "o", color=shade, markerfacecolor=face, markersize=6)
    ax.set_yticks(places, [spoken(method) for method in table.index])
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
