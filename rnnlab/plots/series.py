"""Plots of forecasts and their intervals with the truth and the baselines."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.backtesting.labels import (
    PLOTTED_PROTOCOLS,
    PROTOCOL_LABELS,
    best_baseline,
    describe_scores,
    format_measure,
    usable_measure,
)
from rnnlab.core.text import readable, shorten_name
from rnnlab.plots.style import (
    BAND_ALPHA,
    BASELINE_COLOR,
    COMBINATION_COLOR,
    LONG_COLOR,
    TRUTH_COLOR,
    WIDTH,
    Forecast,
    Line,
    band_patches,
    draw_lines,
    set_title,
)

PART_SHADES = {"training": "white", "validation": "0.96", "test": "0.92"}
# the truth has at least so many values beside a short forecast
MIN_SHOWN = 12


@dataclass(frozen=True)
class Series:
    """One series and all forecasts of it.

    Attributes:
        ds, y: times (datetime64[s] or int64) and values (float64), [n] each.
        filled: bool [n], which values were filled in for gaps.
        train, validation: positions where these parts end; the rest is the test part.
        forecasts: of the last values, by (method, protocol).
    """

    unique_id: str
    ds: np.ndarray
    y: np.ndarray
    filled: np.ndarray
    train: int
    validation: int
    forecasts: dict[tuple[str, str], Forecast]

    @property
    def truth(self) -> np.ndarray:
        """y, but NaN where a gap was filled."""
        return np.where(self.filled, np.nan, self.y)


def load_series(
    tensors: dict[str, np.ndarray], card: dict, forecasts: pd.DataFrame
) -> list[Series]:
    """The series in evaluate's forecasts.csv, with the values and parts that normalize wrote."""
    by_id: dict[str, dict[tuple[str, str], Forecast]] = {}
    for (unique_id, *key), rows in forecasts.groupby(["unique_id", "method", "protocol"]):
        bands = {
            level: tuple(rows[f"{side}_{level}"].to_numpy(dtype=float) for side in ("low", "high"))
            for level in BAND_ALPHA
        }
        forecast = Forecast(rows["forecast"].to_numpy(dtype=float), bands)
        by_id.setdefault(unique_id, {})[tuple(key)] = forecast
    ds, values = tensors["ds"], tensors["y"]
    if "effect" in tensors:
        values = values + tensors["effect"]
    if card["time"] == "dates":
        ds = ds.astype("datetime64[s]")
    panel = []
    for number, unique_id in enumerate(card["ids"]):
        if unique_id in by_id:
            span = slice(*tensors["offsets"][number : number + 2])
            train, validation = (
                int(tensors[f"main.{part}"][number]) for part in ("train", "validation")
            )
            y, filled = values[span], tensors["filled"][span]
            forecasts_of = by_id[unique_id]
            panel.append(Series(unique_id, ds[span], y, filled, train, validation, forecasts_of))
    return panel


def series_note(shown: int, total: int) -> str:
    """The end of a title if only some of the series are shown."""
    return f"; first {shown} of {total} series" if shown < total else ""


def overview_figure(panel: list[Series], total: int, scores: dict, unit: str, color: str) -> Figure:
    """Whole series with their parts, and the model's forecasts and intervals."""
    height = 4 if len(panel) == 1 else 2
    figure = Figure(figsize=(WIDTH, height * len(panel) + 1))
    measure = usable_measure(scores, "one_step", ("mape", "mase", "mae"))
    best = best_baseline(scores, "one_step", measure)
    others = {} if best is None else {best: f"best baseline {readable(best)}"}
    words = describe_scores(scores, "one_step", measure, others)
    set_title(figure, f"One step ahead: {words}{series_note(len(panel), total)}")
    colors = {"long": LONG_COLOR, "year": BASELINE_COLOR, "one_step": color}
    for ax, series in zip(figure.subplots(len(panel), squeeze=False)[:, 0], panel, strict=True):
        lines = [Line(Forecast(series.y), TRUTH_COLOR, "truth")]
        for protocol, shade in colors.items():
            forecast = series.forecasts["model", protocol]
            lines.append(Line(forecast, shade, PROTOCOL_LABELS[protocol], protocol == "one_step"))
        draw_lines(ax, series.ds, lines, height - 0.5)
        _shade_parts(ax, series)
        ax.set_ylabel(unit if len(panel) == 1 else shorten_name(series.unique_id))
    ax.set_xlabel("time")
    row = scores["model"]["one_step"]
    labels = {
        level: f"{level} % interval one step ahead{_coverage_note(row[f'coverage_{level}'])}"
        for level in sorted(BAND_ALPHA)
    }
    _legend(figure, band_patches(color, labels))
    return figure


def _coverage_note(coverage: float | None) -> str:
    return "" if coverage is None else f", covers {coverage:.0f} % of values"


def _legend(figure: Figure, handles: list) -> None:
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False)


def _shade_parts(ax: Axes, series: Series) -> None:
    """Shade the parts and label them above the axes."""
    edges = [0, series.train, series.validation, len(series.ds) - 1]
    for (part, shade), start, end in zip(PART_SHADES.items(), edges, edges[1:], strict=False):
        left, right = series.ds[start], series.ds[end]
        ax.axvspan(left, right, color=shade, linewidth=0, zorder=0)
        narrow = (end - start) / len(series.ds) < 0.09
        middle = left + (right - left) / 2
        label = ax.text(middle, 1.02, part, ha="center", va="bottom", color="0.4")
        label.set(transform=ax.get_xaxis_transform(), rotation=90 if narrow else 0)


def closeup_figure(panel: list[Series], total: int, scores: dict, unit: str, color: str) -> Figure:
    """The test part by protocol: truth, model, combination and the protocol's best baseline."""
    one = len(panel) == 1
    # a single series has three rows; several series have a row each
    height = 2.2 if one else 1.8
    shape = (len(PLOTTED_PROTOCOLS), 1) if one else (len(panel), len(PLOTTED_PROTOCOLS))
    figure = Figure(figsize=(WIDTH if one else 14, height * shape[0] + 1.1))
    set_title(figure, _wins_title(scores) + series_note(len(panel), total))
    axes = figure.subplots(*shape, squeeze=False, sharex="col" if one else "none")
    for row, series in zip(axes.T if one else axes, panel, strict=True):
        for ax, protocol in zip(row, PLOTTED_PROTOCOLS, strict=True):
            lines = _test_lines(series, scores, protocol, color)
            draw_lines(ax, series.ds, lines, height - 0.5, ticks=12 if one else 6)
            if series is panel[0]:
                ax.set_title(_closeup_title(scores, protocol, ", " if one else "\n"))
        row[0].set_ylabel("" if one else shorten_name(series.unique_id))
    figure.supylabel(unit, size=9, color="0.25")
    for ax in axes[-1]:
        ax.set_xlabel("time")
    labels = {level: f"{level} % interval of the model" for level in sorted(BAND_ALPHA)}
    _legend(figure, band_patches(color, labels))
    return figure


def _closeup_title(scores: dict, protocol: str, joint: str) -> str:
    """Errors of model, best baseline and combination, and the coverage of the model's band."""
    measure = usable_measure(scores, protocol, ("mase", "mae"))
    best = best_baseline(scores, protocol, measure)
    others = {} if best is None else {best: readable(best)}
    combined = format_measure(scores["combination"][protocol][measure], measure)
    coverage = scores["model"][protocol]["coverage_95"]
    band = "" if coverage is None else f"; {coverage:.0f} % inside the 95 % band"
    words = describe_scores(scores, protocol, measure, others)
    return f"{PROTOCOL_LABELS[protocol]}: {words}{joint}combination {combined}{band}"


def _test_lines(series: Series, scores: dict, protocol: str, color: str) -> list[Line]:
    best = best_baseline(scores, protocol, usable_measure(scores, protocol, ("mase", "mae")))
    model = Line(series.forecasts["model", protocol], color, "model", banded=True)
    lines = [model]
    if best is not None:
        lines.insert(0, Line(series.forecasts[best, protocol], BASELINE_COLOR, readable(best)))
    combined = series.forecasts["combination", protocol].values
    if not any(np.array_equal(combined, line.forecast.values, equal_nan=True) for line in lines):
        lines.insert(0, Line(Forecast(combined), COMBINATION_COLOR, "combination"))
    # the forecasts of the last period may begin before a short test part
    length = max(len(series.y) - series.validation, len(combined), MIN_SHOWN)
    return [Line(Forecast(series.y[-length:]), TRUTH_COLOR, "truth"), *lines]


def _wins_title(scores: dict) -> str:
    """The number of plotted protocols in which the model and the combination beat all baselines."""
    won = {"model": 0, "combination": 0}
    for protocol in PLOTTED_PROTOCOLS:
        measure = usable_measure(scores, protocol, ("mase", "mae"))
        best = best_baseline(scores, protocol, measure)
        for method in won:
            ours = scores[method][protocol][measure]
            if ours is not None and (best is None or ours < scores[best][protocol][measure]):
                won[method] += 1
    if not any(won.values()):
        return "Neither the model nor the combination beats every baseline in any protocol"
    return (
        f"The model beats every baseline in {won['model']} of {len(PLOTTED_PROTOCOLS)} protocols, "
        f"the combination in {won['combination']}"
    )
