"""Relative MASE by set: a row for each set, a mark for each method."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.zero_shot.methods import LABELS
from benchmarks.zero_shot.report import Key, label, of
from benchmarks.zero_shot.results import HERE, PUBLISHED
from benchmarks.zero_shot.scores import geometric_mean
from rnnlab.plots.style import STYLE, WIDTH, set_title

MEAN = "geometric mean"
# colours of Okabe & Ito 2008; the network's mark is the largest
LOOKS: dict[Key, tuple[str, str, int]] = {
    ("timesfm_2.0", PUBLISHED): ("#CC79A7", "v", 38),
    ("chronos_bolt_base", PUBLISHED): ("#E69F00", "^", 38),
    ("tirex", PUBLISHED): ("#D55E00", "D", 34),
    ("auto_arima", PUBLISHED): ("0.35", "x", 36),
    ("auto_theta", HERE): ("#009E73", "s", 34),
    ("auto_ets", HERE): ("#56B4E9", "P", 42),
    ("zero_shot", HERE): ("#1f6fb4", "o", 80),
}


def draw(scores: pd.DataFrame) -> Figure:
    """Marks left of the line at 1 are better than the seasonal naive forecast.

    With several seeds, a line through the network's mark leads from its lowest to its highest.
    """
    with rc_context(STYLE):
        names = [MEAN, *dict.fromkeys(scores["set"])]
        figure = Figure(figsize=(WIDTH, 1.8 + 0.46 * len(names)))
        ax = figure.subplots()
        means: dict[Key, float] = {}
        for number, (key, look) in enumerate(LOOKS.items()):
            by_seed = _by_seed(of(scores, key))
            if len(by_seed):
                means[key] = by_seed[MEAN].mean()
                # marks of equal scores stand one above the other
                shift = 0.09 * (len(LOOKS) / 2 - number)
                _draw_method(ax, by_seed.reindex(columns=names), look, shift, label(key))
        ax.axvline(1, color="0.3", linewidth=1)
        for row in range(len(names) - 1):
            ax.axhline(row + 0.5, color="0.88" if row else "0.5", linewidth=0.8)
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlabel("MASE divided by the seasonal naive forecast's (1: as good; lower is better)")
        ax.grid(axis="x")
        handles, labels = ax.get_legend_handles_labels()
        figure.legend(
            handles[::-1], labels[::-1], loc="outside lower center", ncols=3, frameon=False
        )
        set_title(figure, finding(means, len(names) - 1))
    return figure


def _by_seed(table: pd.DataFrame) -> pd.DataFrame:
    """Relative MASE: a row for each seed, a column for each set and one for their mean."""
    wide = table.pivot(index="seed", columns="set", values="relative_mase")
    return wide.assign(**{MEAN: wide.apply(geometric_mean, axis=1)}) if len(wide) else wide


def _draw_method(
    ax: Axes, by_seed: pd.DataFrame, look: tuple[str, str, int], shift: float, text: str
) -> None:
    color, marker, size = look
    rows = np.arange(by_seed.shape[1]) + shift
    if len(by_seed) > 1:
        ax.hlines(rows, by_seed.min(), by_seed.max(), color=color, linewidth=2.5, alpha=0.5)
    ax.scatter(by_seed.mean(), rows, size, color=color, marker=marker, label=text, zorder=3)


def finding(means: dict[Key, float], sets: int) -> str:
    """The title: the network's mean and the best other's."""
    others = {key: mean for key, mean in means.items() if key[0] != "zero_shot"}
    best = min(others, key=lambda key: others[key])
    text = f"{LABELS[best[0]]} {others[best]:.3f}"
    ours = means.get(("zero_shot", HERE))
    start = f"Relative MASE over {sets} sets:"
    return (
        f"{start} lowest {text}"
        if ours is None
        else f"{start} network {ours:.3f}, best other {text}"
    )
