"""Table and plot of the study: accuracy, parameters, steps and time of each network."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.scratch import markdown
from rnnlab.networks.network import CELLS


def in_markdown(table: pd.DataFrame) -> str:
    header = [
        *["network", "sequence", "steps", "parameters", "test accuracy (%)", "ms an image, alone"],
        *["ms an image, of 256", "training images", "epochs"],
    ]
    rows = [
        [
            *[row.network, row.sequence, f"{row.steps}", f"{row.parameters:,}"],
            *[f"{100 * row.accuracy:.2f}", f"{row.ms_alone:.2f}", f"{row.ms_in_batch:.3f}"],
            *[f"{row.training_images:,}", f"{row.epochs}"],
        ]
        for row in table.itertuples()
    ]
    return f"Measured on: {', '.join(sorted(set(table['device'])))}.\n\n{markdown(header, rows)}"


COLORS = {"rnn": "#E69F00", "lstm": "#1f6fb4", "gru": "#009E73"}
PANELS = {
    "accuracy": "test accuracy (%)",
    "parameters": "parameters (log)",
    "steps": "steps an image (log)",
    "ms_alone": "ms an image, alone (log)",
}


def draw(table: pd.DataFrame) -> Figure:
    """A row for each network and a panel for each value; all axes but accuracy are logarithmic."""
    figure = Figure(figsize=(11, 1.2 + 0.3 * len(table)), layout="constrained")
    figure.suptitle(finding(table), x=0.005, ha="left", weight="bold")
    places = np.arange(len(table)) + 0.6 * (table["sequence"] != table["sequence"].shift()).cumsum()
    colors = [COLORS.get(network, "0.55") for network in table["network"]]
    largest = table["training_images"].max()
    labels = [
        f"{row.network}, {row.sequence}"
        + (f" ({row.training_images:,} images)" if row.training_images < largest else "")
        for row in table.itertuples()
    ]
    for number, (ax, (key, title)) in enumerate(
        zip(figure.subplots(1, len(PANELS), sharey=True), PANELS.items(), strict=True)
    ):
        numbers = table[key] * (100 if key == "accuracy" else 1)
        ax.barh(places, numbers, color=colors, log=key != "accuracy")
        texts = [f"{n:,.2f}" if key in ("accuracy", "ms_alone") else f"{n:,}" for n in numbers]
        for place, value, text in zip(places, numbers, texts, strict=True):
            ax.annotate(
                text, (value, place), xytext=(3, 0), textcoords="offset points", va="center", size=8
            )
        ax.set_title(title, loc="left", size=9.5)
        ax.spines[["right", "bottom"]].set_visible(False)
        ax.set_xticks([])
        ax.minorticks_off()
        ax.margins(x=0.3)
        if number == 0:
            ax.set_yticks(places, labels)
            ax.invert_yaxis()
        ax.tick_params(length=0)
    return figure


def finding(table: pd.DataFrame) -> str:
    """The best recurrent network by rows, compared with the CNN, and with itself by pixels."""
    recurrent = table[table["network"].isin(CELLS)]
    rows, pixels = (recurrent[recurrent["sequence"] == s] for s in ("rows", "pixels"))
    best = rows.loc[rows["accuracy"].idxmax()]
    longer = pixels[pixels["network"] == best["network"]].iloc[0]
    whole = table[table["network"] == "convolutional"].sort_values("training_images").iloc[-1]
    ratio = longer["ms_alone"] / best["ms_alone"]
    return (
        f"By rows the {best['network']} has a test accuracy of {100 * best['accuracy']:.2f} %, a "
        f"convolutional network {100 * whole['accuracy']:.2f} %;\n"
        f"by pixels the {best['network']} takes {ratio:.0f} times as long for an image"
    )
