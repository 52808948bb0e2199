"""Vega-Lite charts of the report page, with tooltips.

They refer to styles instead of colours; the page defines these for light and dark mode.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rnnlab.backtesting.labels import NOT_BASELINES, PROTOCOL_LABELS, best_baseline
from rnnlab.core.files import Json
from rnnlab.core.text import readable

Spec = Json
# with more classes, counts do not fit into the squares of a confusion matrix
MAX_CLASSES = 15
COUNT_LABEL: Spec = {"text": {"field": "size", "type": "quantitative", "format": "d"}}
BOUND_LABELS = {"low": "from", "high": "to"}


def loss_chart(curves: pd.DataFrame) -> Spec:
    """Mean loss by epoch. curves: epoch, train_loss, validation_loss."""
    lines = ["train_loss", "validation_loss"]
    chart = line_chart(curves, "epoch", lines, lines, "mean loss", ".4~g")
    if curves[lines].min().min() > 0:
        # on a linear axis the curves would look flat at the end
        y = chart["layer"][0]["encoding"]["y"]
        y["scale"], y["axis"]["grid"] = {"type": "log", "nice": False}, False
    return chart


def accuracy_chart(curves: pd.DataFrame) -> Spec:
    """Validation accuracy by epoch. curves: epoch, validation_accuracy."""
    lines = ["validation_accuracy"]
    return line_chart(curves, "epoch", lines, lines, "validation accuracy", ".2%")


def early_chart(early: pd.DataFrame) -> Spec:
    """Accuracy after each step, with F1 by class in the tooltip.

    Args:
        early: step, images, accuracy, f1_K.
    """
    table = early.rename(columns=lambda column: column.replace("f1_", "F1 of class "))
    in_tooltip = table.columns.drop(["step", "images"])
    axis = f"accuracy on {early['images'].iloc[0]:,} test images"
    return line_chart(table, "step", ["accuracy"], in_tooltip, axis, ".1%")


def steps_chart(by_step: pd.DataFrame) -> Spec:
    """MASE by step ahead of our networks and the best baseline; all methods in the tooltip.

    Args:
        by_step: method, step, mase.
    """
    table = by_step.pivot(index="step", columns="method", values="mase")
    methods = table.mean().sort_values().index
    best = methods.drop([*NOT_BASELINES], errors="ignore")[:1]
    # in the order of the page's colours
    wanted = ("model", "combination", *best, "zero_shot", "fine_tuned")
    lines = [method for method in wanted if method in methods]
    return line_chart(table.reset_index(), "step", lines, methods, "MASE", ".3f")


def line_chart(
    table: pd.DataFrame, x: str, lines: list[str], in_tooltip: Iterable[str], title: str, form: str
) -> Spec:
    """Columns ``lines`` over column ``x``; the tooltip shows the columns ``in_tooltip``."""
    y: Spec = {"field": "value", "type": "quantitative", "title": title, "scale": {"zero": False}}
    y["axis"] = {"format": "~%" if "%" in form else "~g", "tickCount": 6}
    color = {"field": "line", "type": "nominal", "scale": {"domain": [*map(readable, lines)]}}
    legend = None if len(lines) == 1 else {"orient": "top", "title": None}
    along = {"field": x, "type": "quantitative", "axis": {"tickMinStep": 1}}
    tooltips = [tooltip(readable(column), readable(column), form) for column in in_tooltip]
    return {
        "data": embedded(table.rename(columns=readable)),
        "encoding": {"x": {**along, "title": x, "scale": {"zero": False, "nice": False}}},
        "layer": [
            {
                "transform": [{"fold": [*map(readable, lines)], "as": ["line", "value"]}],
                # mark the points of short lines, since a single point makes no line
                "mark": {"type": "line", "point": len(table) <= 30},
                "encoding": {"y": y, "color": {**color, "legend": legend}},
            },
            hover_line(x, [tooltip(x, x, "d"), *tooltips]),
        ],
    }


def confusion_chart(predictions: pd.DataFrame) -> Spec:
    """Counts by true and predicted class; the shade is the share of the true class.

    Args:
        predictions: label, predicted and confidence, a row for each image.
    """
    pairs = predictions.groupby(["label", "predicted"])["confidence"].agg(["size", "mean"])
    table = pairs.reset_index()
    table["share"] = table["size"] / table.groupby("label")["size"].transform("sum")
    table["mistakes"] = table["share"].where(table["label"] != table["predicted"], 0)
    # the rare mistakes of a good network stay pale
    shades = {"domain": [0, max(table["mistakes"].max(), 0.01)], "interpolate": "rgb"}
    color = {"field": "mistakes", "type": "quantitative", "scale": shades, "legend": None}
    layers = [{"mark": {"type": "rect", "style": "square"}, "encoding": {"color": color}}]
    if predictions["label"].nunique() <= MAX_CLASSES:
        layers.append({"mark": {"type": "text", "style": "count"}, "encoding": COUNT_LABEL})
    tooltips = [
        *[tooltip("label", "truth", "d"), tooltip("predicted", "prediction", "d")],
        *[tooltip("size", "images", ",d"), tooltip("share", "share of the class", ".2%")],
        tooltip("mean", "mean confidence", ".1%"),
    ]
    axis = {"type": "ordinal", "axis": {"labelAngle": 0}}
    x = {"field": "predicted", "title": "prediction", **axis}
    y = {"field": "label", "title": "truth", **axis}
    return {
        "data": embedded(table),
        "height": 340,
        "encoding": {"x": x, "y": y, "tooltip": tooltips},
        "layer": layers,
    }


def forecast_chart(forecasts: pd.DataFrame, scores: dict, unit: str) -> Spec:
    """Truth and a forecast with its intervals; menus select method, protocol and series.

    Args:
        forecasts: method, unique_id, protocol, ds, y, forecast, and low and high for 80 and 95 %.
        scores: scores.json, used to find the best baselines.
    """
    protocols = forecasts["protocol"].unique()
    best = [best_baseline(scores, protocol, "mase") for protocol in protocols]
    own = ("model", "combination", "zero_shot", "fine_tuned")
    wanted = dict.fromkeys([*own, *filter(None, best)])
    methods = [method for method in wanted if method in scores]
    table = forecasts[forecasts["method"].isin(methods)].copy()
    x, when = _times(table)
    menus = [
        menu("method", methods, [*map(readable, methods)]),
        menu("protocol", protocols, [PROTOCOL_LABELS[protocol] for protocol in protocols]),
        menu("unique_id", ids := table["unique_id"].unique(), ids, "series"),
    ]
    menus = [entry for entry in menus if len(entry["bind"]["options"]) > 1]
    tooltips = [tooltip("y", "truth", ",.5~g"), *_tooltips()]
    return {
        "data": embedded(table.drop(columns="ds")),
        "params": menus,
        "transform": [{"filter": f"datum.{m['name']} === {m['name']}"} for m in menus],
        "encoding": {"x": x},
        "layer": [*_forecast_layers("point", unit), hover_line("at", [when, *tooltips])],
    }


def series_chart(dates: bool, days: bool, unit: str) -> Spec:
    """The past of a series and its forecast with intervals; forecast.js adds the rows.

    Args:
        dates: whether times are dates, else whole numbers.
        days: whether dates have no hours.
    """
    form = "%Y-%m-%d" if days else "%Y-%m-%d %H:%M"
    x, when = _dates(form) if dates else _whole_numbers()
    # of columns of their own: at the last value, forecast and bounds begin with that value
    tooltips = [tooltip("y", "truth", ",.5~g"), *_tooltips("said_")]
    return {
        "height": 380,
        "encoding": {"x": x},
        "layer": [*_forecast_layers("line", unit), hover_line("at", [when, *tooltips])],
    }


def _forecast_layers(truth: str, unit: str) -> list[Spec]:
    """Bands of 95 and 80 %, the forecast, and the truth as a mark of the kind ``truth``."""
    value: Spec = {"type": "quantitative", "scale": {"zero": False}, "title": unit}
    bands: list[Spec] = [
        {
            "mark": {"type": "area", "style": f"interval_{level}"},
            "encoding": {"y": {"field": f"low_{level}", **value}, "y2": {"field": f"high_{level}"}},
        }
        for level in (95, 80)
    ]
    style = "truth" if truth == "point" else "history"
    marks = (("line", "forecast", "forecast"), (truth, style, "y"))
    lines = [
        {"mark": {"type": kind, "style": style}, "encoding": {"y": {"field": column, **value}}}
        for kind, style, column in marks
    ]
    return [*bands, *lines]


def _tooltips(prefix: str = "") -> list[Spec]:
    """Tooltips of a forecast and its intervals, from columns whose names begin with ``prefix``."""
    columns = {"forecast": "forecast"}
    for level in (80, 95):
        columns |= {f"{side}_{level}": f"{level} % {label}" for side, label in BOUND_LABELS.items()}
    return [tooltip(prefix + column, title, ",.5~g") for column, title in columns.items()]


def _times(table: pd.DataFrame) -> tuple[Spec, Spec]:
    """Add column ``at`` to the table, the times of the chart; return its axis and its tooltip."""
    if pd.api.types.is_numeric_dtype(table["ds"]):
        table["at"] = table["ds"]
        return _whole_numbers()
    # in UTC, so that dates do not depend on the time zone; pandas ends with the year 2262
    times = np.datetime_as_string(table["ds"].to_numpy(str).astype("datetime64[s]"))
    table["at"] = np.char.add(times, "Z")
    days = table["at"].str.endswith("T00:00:00Z").all()
    return _dates("%Y-%m-%d" if days else "%Y-%m-%d %H:%M")


def _whole_numbers() -> tuple[Spec, Spec]:
    axis: Spec = {"field": "at", "title": None, "type": "quantitative"}
    return axis | {"scale": {"zero": False, "nice": False}}, tooltip("at", "time", "d")


def _dates(form: str) -> tuple[Spec, Spec]:
    axis: Spec = {"field": "at", "title": None, "type": "temporal", "scale": {"type": "utc"}}
    when = tooltip("at", "time", form) | {"type": "temporal"}
    return axis, when | {"timeUnit": "utcyearmonthdatehoursminutes"}


def menu(column: str, options: Iterable[str], labels: Iterable[str], name: str = "") -> Spec:
    """A menu below the chart that selects a value of a column; the first option is the default."""
    bind = {"input": "select", "name": name or column, "options": [*options], "labels": [*labels]}
    return {"name": column, "value": bind["options"][0], "bind": bind}


def hover_line(x: str, tooltips: list[Spec]) -> Spec:
    """A vertical line at the ``x`` nearest to the pointer, with tooltips."""
    nearest = {"type": "point", "fields": [x], "nearest": True}
    hover = {"name": "hover", "select": {**nearest, "on": "pointerover", "clear": "pointerout"}}
    here = {"condition": {"param": "hover", "empty": False, "value": 0.6}, "value": 0}
    mark = {"type": "rule", "style": "pointer"}
    return {"params": [hover], "mark": mark, "encoding": {"opacity": here, "tooltip": tooltips}}


def tooltip(column: str, title: str, form: str) -> Spec:
    return {"field": column, "type": "quantitative", "title": title, "format": form}


def embedded(table: pd.DataFrame) -> Spec:
    """A table as data of Vega-Lite, in CSV, which is a third of the size of JSON."""
    numeric = pd.api.types.is_numeric_dtype
    kinds = {column: "number" if numeric(table[column]) else "string" for column in table}
    if kinds.get("at") == "string":
        kinds["at"] = "date"
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    return {"values": text, "format": {"type": "csv", "parse": kinds}}
