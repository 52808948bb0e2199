"""Plots of image classification: predictions, mistakes, confusion, early reading."""

import math

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from rnnlab.core.text import percent
from rnnlab.images.idx import pixel_order
from rnnlab.plots.style import BASELINE_COLOR as MISTAKE_COLOR
from rnnlab.plots.style import WIDTH

MAX_MISTAKES = 24
CAPTION_HEIGHT = 0.22  # height of a caption line, in widths of the image
GAP = 0.15  # between images, in widths of the image
THUMBNAILS = 7
UNITS = {"rows": "rows", "pixels": "pixels", "permuted": "pixels"}
ACCURACY = "accuracy on {:,} test images"
KNOWN_F1 = 0.9  # a class with this F1 or more counts as recognized


def digits_figure(images: np.ndarray, predictions: pd.DataFrame, count: int) -> Figure:
    """The first ``count`` test images: an unselected sample shows typical results."""
    shown = predictions.head(count)
    wrong = (shown["label"] != shown["predicted"]).to_numpy()
    right = (predictions["label"] == predictions["predicted"]).mean()
    title = (
        f"{len(shown) - wrong.sum()} of the first {len(shown)} test images correct; "
        f"{percent(right)} of all {len(predictions):,}"
    )
    return _sheet(
        images[shown["image"]],
        [f"{row.label} → {row.predicted}" for row in shown.itertuples()],
        wrong,
        columns=max(10, math.ceil(math.sqrt(1.6 * len(shown)))),
        title=title,
        note="below each image: true class → predicted class; mistakes have a frame",
    )


def mistakes_figure(images: np.ndarray, predictions: pd.DataFrame) -> Figure:
    """The mistakes with the highest confidence."""
    mistakes = predictions[predictions["label"] != predictions["predicted"]]
    total = f"{len(predictions):,} test images"
    if mistakes.empty:
        figure = Figure(figsize=(WIDTH, 0.6))
        figure.suptitle(f"No mistakes in {total}", x=0.005, ha="left")
        return figure
    shown = mistakes.sort_values("confidence", ascending=False, kind="stable").head(MAX_MISTAKES)
    rows = list(shown.itertuples())
    noun, first = ("mistake", "") if len(mistakes) == 1 else ("mistakes", "most confident: ")
    title = (
        f"{len(mistakes):,} {noun} in {total}; {first}"
        f"{rows[0].label} → {rows[0].predicted} at {percent(rows[0].confidence)}"
    )
    return _sheet(
        images[shown["image"]],
        [f"{row.label} → {row.predicted}\n{percent(row.confidence)}" for row in rows],
        np.zeros(len(rows), dtype=bool),
        columns=8,
        title=title,
        note="below each image: true class → predicted class, and the network's confidence",
    )


def _sheet(
    images: np.ndarray, captions: list[str], wrong: np.ndarray, columns: int, title: str, note: str
) -> Figure:
    """Draw images [n, rows, columns] in one Axes, which is much faster than one Axes for each.

    The unit of the axes is the width of an image.
    """
    height = images.shape[1] / images.shape[2]
    down = height + CAPTION_HEIGHT * (1 + captions[0].count("\n")) + GAP
    across = 1 + GAP
    rows = math.ceil(len(images) / columns)
    inch = WIDTH / (columns * across)
    figure = Figure(figsize=(WIDTH, inch * down * rows + 0.55))
    figure.suptitle(title, x=0.005, ha="left")
    ax = figure.subplots()
    ax.set_title(note)
    for number, (image, caption, mark) in enumerate(zip(images, captions, wrong, strict=True)):
        left, top = across * (number % columns), down * (number // columns)
        extent = (left, left + 1, top + height, top)
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=255, extent=extent)
        frame = Rectangle((left, top), 1, height, fill=False, edgecolor="0.85")
        ax.add_patch(frame)
        # with very many images, captions shrink with the images
        size = min(9, 14 * inch)
        where = left + 0.5, top + height + 0.06
        text = ax.text(*where, caption, ha="center", va="top", size=size, color="0.25")
        if mark:
            frame.set(edgecolor=MISTAKE_COLOR, linewidth=2)
            text.set(color=MISTAKE_COLOR, weight="bold")
    ax.set(xlim=(-0.03, columns * across), ylim=(rows * down, -0.03), aspect="equal")
    ax.axis("off")
    return figure


def confusion_figure(predictions: pd.DataFrame, classes: int) -> Figure:
    """Counts by true and predicted class; the shade is the share of the true class."""
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (predictions["label"], predictions["predicted"]), 1)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    mistakes = np.where(np.eye(classes, dtype=bool), 0, shares)
    figure = Figure(figsize=(7, 6.3))
    figure.suptitle(_worst_confusion(counts), x=0.005, ha="left")
    ax = figure.subplots()
    shade = LinearSegmentedColormap.from_list("mistakes", ["white", MISTAKE_COLOR])
    # the rare mistakes of a good network stay pale
    ax.imshow(mistakes, cmap=shade, vmin=0, vmax=max(mistakes.max(), 0.01))
    for label in range(classes):
        ax.add_patch(Rectangle((label - 0.5, label - 0.5), 1, 1, facecolor="0.9"))
        recall = percent(shares[label, label]) if totals[label] else "–"
        ax.text(classes - 0.3, label, recall, va="center", color="0.25")
    size = min(9, 90 / classes)
    for label, answer in np.argwhere(counts):
        ax.text(answer, label, f"{counts[label, answer]:,}", ha="center", va="center", size=size)
    ax.text(classes - 0.3, -0.6, "recall", va="bottom", color="0.25")
    ax.set(
        xlabel="predicted class", ylabel="true class", xticks=range(classes), yticks=range(classes)
    )
    ax.set_title("number of test images; darker means a larger share of the row")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return figure


def _worst_confusion(counts: np.ndarray) -> str:
    wrong = counts - np.diag(np.diag(counts))
    if not wrong.any():
        return f"No mistakes in {counts.sum():,} test images"
    label, answer = np.unravel_index(wrong.argmax(), wrong.shape)
    return (
        f"The most common mistake: {label} predicted as {answer}, "
        f"{wrong[label, answer]:,} of {counts[label].sum():,} times"
    )


def early_figure(
    early: pd.DataFrame, image: np.ndarray, classes: int, sequence: str, color: str
) -> Figure:
    """Accuracy by the number of steps read, with thumbnails of an image read so far.

    Below, for each class, F1 by step and the step from which on the class is recognized.
    """
    steps, accuracy = early["step"].to_numpy(), early["accuracy"].to_numpy()
    last, final = int(steps[-1]), accuracy[-1]
    if sequence == "flat":
        figure = Figure(figsize=(WIDTH, 4.6))
        ax = figure.subplots()
    else:
        figure = Figure(figsize=(WIDTH, 5.4 + 0.18 * classes))
        ax, below = figure.subplots(2, sharex=True, height_ratios=(4, 0.25 * classes))
    ax.set(xlim=(0, last * 1.02), ylim=(0, 1.02), ylabel=ACCURACY.format(early["images"].iloc[0]))
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=14, integer=True))
    ax.grid(axis="y")
    ax.axhline(1 / classes, color="0.5", linewidth=1, linestyle=":")
    ax.text(last, 1 / classes + 0.01, "guessing", ha="right", va="bottom", color="0.4")
    ax.plot(steps, accuracy, color=color, linewidth=2)
    ax.plot(last, final, "o", color=color)
    words = f"{percent(final)}\nat the end"
    ax.annotate(words, (last, final), (14, 0), textcoords="offset points", va="center")
    if sequence == "flat":
        title = f"The network reads the whole image in one step; accuracy {percent(final)}"
        ax.set_xlabel("steps read (of 1)")
    else:
        passed = {share: int(steps[np.argmax(accuracy >= share * final)]) for share in (0.5, 0.9)}
        for share, step in passed.items():
            text = f"{100 * share:.0f} % of it after {step}"
            _mark(ax, step, accuracy[steps == step][0], text, color)
        unit = UNITS[sequence]
        title = (
            f"Half of the final accuracy after {passed[0.5]} of {last} {unit}, "
            f"90 % of it after {passed[0.9]}"
        )
        known = known_after(early, classes)
        _draw_classes(below, early, known, classes, color)
        if known:
            title += f"\n{_first_and_last_known(known)}"
        order = ", in permuted order" if sequence == "permuted" else ""
        label = f"{unit} read (of {last}){order}; at the top: the part of a test image read so far"
        below.set_xlabel(label)
        _draw_thumbnails(ax, image, sequence, last)
    figure.suptitle(title, x=0.005, ha="left")
    return figure


def known_after(early: pd.DataFrame, classes: int) -> dict[int, int]:
    """The step from which on the F1 of each class stays at 0.9 or more, in ascending order.

    Classes that never stay there are missing. early: columns step and f1_K for each class K.
    """
    steps = early["step"].to_numpy()
    known = {}
    for label in range(classes):
        unknown = np.flatnonzero(early[f"f1_{label}"].to_numpy() < KNOWN_F1)
        first = unknown[-1] + 1 if len(unknown) else 0
        if first < len(steps):
            known[label] = int(steps[first])
    return dict(sorted(known.items(), key=lambda item: item[1]))


def _first_and_last_known(known: dict[int, int]) -> str:
    """The classes recognized first and last; ``known`` is the result of known_after, not empty."""
    ends = []
    for step in (min(known.values()), max(known.values())):
        labels = [str(label) for label, when in known.items() if when == step]
        ends.append(f"{' and '.join(labels)} (after {step})")
    return f"Recognized first: {ends[0]}; last: {ends[1]}"


def _draw_classes(
    ax: Axes, early: pd.DataFrame, known: dict[int, int], classes: int, color: str
) -> None:
    """A strip for each class: darker for a higher F1, with a mark where it is recognized."""
    unknown = [label for label in range(classes) if label not in known]
    order = [*known, *unknown]
    shares = early[[f"f1_{label}" for label in order]].to_numpy().T
    last = early["step"].iloc[-1]
    shade = LinearSegmentedColormap.from_list("known", ["white", color])
    extent = (0.5, last + 0.5, classes - 0.5, -0.5)
    ax.imshow(shares, shade, aspect="auto", extent=extent, vmin=0, vmax=1, interpolation="nearest")
    for place, label in enumerate(order):
        text = "never"
        if label in known:
            text = f"{known[label]}"
            ax.plot(known[label], place, "o", color="white", markeredgecolor="0.15", markersize=5)
        ax.text(1.01 * ax.get_xlim()[1], place, text, va="center", color="0.25")
    ax.set(yticks=range(classes), yticklabels=order, ylabel="class")
    ax.set_title(
        f"darker means a higher F1 of the class; ○ marks where it reaches {KNOWN_F1} for good"
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _mark(ax: Axes, step: int, accuracy: float, text: str, color: str) -> None:
    ax.plot(step, accuracy, "o", color=color)
    # the curve rises to the right, so its upper left and lower right are free
    late = step > 0.6 * ax.get_xlim()[1]
    ax.annotate(
        text,
        (step, accuracy),
        xytext=(-8, 4) if late else (8, -4),
        textcoords="offset points",
        ha="right" if late else "left",
        va="bottom" if late else "top",
        color="0.15",
    )


def _draw_thumbnails(ax: Axes, image: np.ndarray, sequence: str, last: int) -> None:
    """Draw the part of the image read so far, above its step on the x axis."""
    recorded = pixel_order(sequence, image.size)
    order = np.arange(image.size) if recorded is None else np.array(recorded)
    shade = matplotlib.colormaps["gray_r"].with_extremes(bad="#dde6ee")
    width = 0.1
    for step in np.unique(np.linspace(0, last, THUMBNAILS + 1).round().astype(int))[1:]:
        unread = np.ones(image.size, dtype=bool)
        unread[order[: image.size * step // last]] = False
        seen = np.ma.array(image, mask=unread.reshape(image.shape))
        inset = ax.inset_axes((step / ax.get_xlim()[1] - width / 2, 1.05, width, 0.2))
        inset.imshow(seen, cmap=shade, vmin=0, vmax=255)
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set(visible=True, color="0.85")
