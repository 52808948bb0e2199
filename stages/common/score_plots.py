"""Pictures that need only a table: loss by epoch, errors by step ahead, scores by method."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from stages.common.series_plots import (
    BASELINE,
    MEASURES,
    OURS,
    PROTOCOLS,
    label_ends,
    spoken,
    usable_measure,
)

# above this ratio of the highest to the lowest loss, the end of a linear curve looks flat
LOG_RATIO = 10


def curves_figure(curves: pd.DataFrame, color: str) -> Figure:
    """Training and validation loss by epoch and, for classes, validation accuracy."""
    has_accuracy = "validation_accuracy" in curves
    figure = Figure(figsize=(8.5, 3.6))
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
        figure = f"accuracy is highest, {100 * best['validation_accuracy']:.2f} %"
    else:
        best = known.loc[known["validation_loss"].idxmin()]
        figure = f"loss is lowest, {best['validation_loss']:.4g}"
    return f"Validation {figure}, at epoch {int(best['epoch'])} of {last}"


def steps_figure(by_step: pd.DataFrame, color: str) -> Figure:
    """MASE by step ahead: the model, the best baseline, and the rest in grey."""
    table = by_step.pivot(index="step", columns="method", values="mase")
    table = table.replace([np.inf, -np.inf], np.nan).dropna(axis="columns")
    means = table.mean().sort_values()
    figure = Figure(figsize=(8.5, 0.6 if means.empty else 4.8))
    if means.empty:
        reason = "the test part is shorter than a period, or no forecast is a number"
        figure.suptitle(f"No errors by step: {reason}", x=0.005, ha="left")
        return figure
    best = means.drop([*OURS], errors="ignore").index[:1]
    named = [*best, *means.index.intersection(["model"])]
    roles = dict.fromkeys(best, "best baseline ")
    words = ", ".join(f"{roles.get(m, '')}{spoken(m)} {means[m]:.3f}" for m in reversed(named))
    last = table.index[-1]
    span = "MASE one step ahead" if last == 1 else f"Mean MASE 1 to {last} steps ahead"
    figure.suptitle(f"{span}: {words}", x=0.005, ha="left")
    colors = dict.fromkeys(means.index, "0.65") | dict.fromkeys(best, BASELINE) | {"model": color}
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
    figure = Figure(figsize=(10, 0.27 * len(scores) + 1.4))
    ranks = []
    for ax, protocol in zip(figure.subplots(1, len(PROTOCOLS)), PROTOCOLS, strict=True):
        measure = usable_measure(scores, protocol, ("mase", "mae"))
        values = pd.Series({m: by_protocol[protocol][measure] for m, by_protocol in scores.items()})
        values = values.astype(float).sort_values(na_position="last")
        place = values.index.get_loc("model")
        rank = "–" if np.isnan(values["model"]) else place + 1
        ranks.append(f"{PROTOCOLS[protocol]} {rank}")
        _draw_bars(ax, values, measure, color)
        ax.set_title(PROTOCOLS[protocol])
        ax.get_yticklabels()[place].set(weight="bold", color=color)
    title = f"Rank of the model among {len(scores)} methods: {', '.join(ranks)}"
    figure.suptitle(title, x=0.005, ha="left")
    return figure


def _draw_bars(ax: Axes, values: pd.Series, measure: str, color: str) -> None:
    unit, form = MEASURES[measure]
    # the bar of a method that fails by far is cut, so that the others stay visible
    longest = 5 * values.dropna().median()
    bars = ax.barh(
        [spoken(method) for method in values.index],
        values.clip(upper=longest).fillna(0),
        color=[color if method == "model" else "0.75" for method in values.index],
    )
    texts = ["no number" if np.isnan(value) else form.format(value) for value in values]
    cut = ["  (bar cut)" if value > longest else "" for value in values]
    ax.bar_label(bars, [text + mark for text, mark in zip(texts, cut, strict=True)], padding=3)
    ax.invert_yaxis()
    ax.set(xlabel=f"{unit}, less is better")
    ax.set_xlim(0, 1.25 * min(longest, values.max()) if values.max() > 0 else 1)
    ax.tick_params(axis="y", length=0)
