"""The scores of a task as a table of strings, for the terminal and the report page."""

from dataclasses import dataclass

import pandas as pd

from rnnlab.backtesting.labels import MEASURES, PROTOCOL_LABELS
from rnnlab.core.text import percent
from rnnlab.report.uncertainty import accuracy_interval, standard_errors

METHODS = {
    "model": "the networks on normalized series",
    "control": "the same with network outputs of zero",
    "combination": "the best weighted mean of methods on validation",
    "zero_shot": "the pretrained network, which no series of the task has trained",
    "fine_tuned": "the same after it has learned from them",
}


@dataclass(frozen=True)
class ScoreTable:
    """A table whose first column has the names of its rows.

    Attributes:
        notes: how to read the table, one or two sentences each.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str]


def images_table(scores: dict, predictions: pd.DataFrame | None = None) -> ScoreTable:
    """Scores of an images task; predictions.csv adds a confidence interval and a baseline."""
    rows = [["accuracy", percent(scores["accuracy"])]]
    notes = []
    if predictions is not None:
        low, high = accuracy_interval(predictions)
        rows.append(["its 95 % interval", f"{100 * low:.2f} to {100 * high:.2f} %"])
        majority = predictions["label"].value_counts(normalize=True).iloc[0]
        rows.append(["most common class", percent(majority)])
        notes.append(
            f"The confidence interval (Wilson 1927) is over the {len(predictions):,} test images. "
            "It does not cover other seeds: their networks may lie outside it."
        )
    rows += [
        ["validation accuracy", percent(scores["validation_accuracy"])],
        ["macro F1", percent(scores["macro_f1"])],
        ["loss", f"{scores['loss']:.4f}"],
        ["parameters", f"{scores['parameters']:,}"],
    ]
    title = f"{scores['dataset']} by {scores['sequence']}"
    return ScoreTable(title, ["score", "value"], rows, notes)


def series_table(
    scores: dict, by_series: pd.DataFrame | None = None, forecasts: pd.DataFrame | None = None
) -> ScoreTable:
    """Relative error and MASE of each method by protocol; a star marks the lowest MASE.

    series.csv and forecasts.csv add the standard error of MASE.
    """
    protocols = list(scores["model"])
    # if the truth of every protocol contains a zero, no method has a MAPE
    has_mape = any(row["mape"] is not None for row in scores["model"].values())
    relative = "mape" if has_mape else "smape"
    errors = {}
    if by_series is not None and forecasts is not None:
        errors = standard_errors(by_series, forecasts).dropna().to_dict()
    lowest = {}
    for protocol in protocols:
        known = [by_protocol[protocol]["mase"] for by_protocol in scores.values()]
        lowest[protocol] = min((mase for mase in known if mase is not None), default=None)
    rows = []
    for method, by_protocol in scores.items():
        cells = [method]
        for protocol in protocols:
            row = by_protocol[protocol]
            star = "*" if row["mase"] is not None and row["mase"] == lowest[protocol] else " "
            margin = f" ± {errors[protocol, method]:.3f}" if (protocol, method) in errors else ""
            cells.append(
                f"{format_number(row[relative], 2)} / {format_number(row['mase'], 3)}{margin}{star}"
            )
        rows.append(cells)
    title = f"{MEASURES[relative][0]} in % and MASE, by protocol (* lowest MASE)"
    protocol_notes = [f"{protocol}: {PROTOCOL_LABELS[protocol]}" for protocol in protocols]
    methods = [f"{name}: {text}" for name, text in METHODS.items() if name in scores]
    notes = [
        f"{'; '.join(protocol_notes)}.",
        f"{'; '.join(methods)}; all others are baselines.",
        *([_error_note(by_series)] if errors else []),
    ]
    return ScoreTable(title, ["method", *protocols], rows, notes)


def _error_note(by_series: pd.DataFrame) -> str:
    count = by_series["unique_id"].nunique()
    if count > 1:
        return f"± is the standard error of MASE over the {count:,} series."
    return (
        "± is the standard error of MASE over the steps of the test part, as if their errors were "
        "independent. It does not cover forecasts from a single origin or other seeds."
    )


def format_number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
