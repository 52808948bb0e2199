"""Plot of what covariates do to the values."""

import pandas as pd
from matplotlib.figure import Figure

from rnnlab.core.text import shorten_name, wrapped
from rnnlab.plots.style import WIDTH, set_title

# covariates in the picture: more bars are hard to read
MOST = 12


def effects_figure(effects: pd.DataFrame, unit: str, color: str) -> Figure:
    """What a usual change of each covariate adds to a value, the largest first.

    Args:
        effects: a row for each covariate: covariate, slope and change.
    """
    sizes = (effects["slope"] * effects["change"]).set_axis(effects["covariate"].astype(str))
    order = sizes.abs().sort_values(ascending=False, kind="stable").index[:MOST]
    shown = sizes[order]
    figure = Figure(figsize=(WIDTH, 0.38 * len(shown) + 1.2))
    texts = [f"{size:+,.0f}" if abs(size) >= 100 else f"{size:+.3g}" for size in shown]
    rest = f"; {len(shown)} of {len(sizes)} shown" if len(shown) < len(sizes) else ""
    name = shorten_name(shown.index[0])
    set_title(figure, f"A usual change of {name} moves the values by {texts[0]}{rest}")
    ax = figure.subplots()
    bars = ax.barh(range(len(shown)), shown, color=color)
    ax.set_yticks(range(len(shown)), [wrapped(name, 26) for name in shown.index])
    ax.bar_label(bars, texts, padding=3)
    ax.axvline(0, color="0.5", linewidth=0.8)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel(f"{unit}: slope times the usual change of the covariate")
    ax.tick_params(axis="y", length=0)
    return figure
