"""What `rnnlab search` has found for a task: the best trials, and what each parameter mattered."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rnnlab.core.files import read_table
from rnnlab.core.text import readable
from rnnlab.report.charts import Spec, embedded, tooltip
from rnnlab.report.tables import ScoreTable

FOLDER = Path("data/search")
BEST = 5
# of a table of trials, before the parameters
COLUMNS = ("trial", "state", "metric", "seconds", "reason")


@dataclass(frozen=True)
class SearchPart:
    """The part "Search" of a task's section.

    Attributes:
        table: the best trials.
        charts: each chart with its title.
    """

    table: ScoreTable
    charts: dict[str, Spec]


def search_of(task: str) -> SearchPart | None:
    """What the tables of a search show; None where there was none."""
    folder, stage = FOLDER / task / "tables", f"rnnlab search {task}"
    if not (folder / "trials.csv").is_file():
        return None
    trials = read_table(folder / "trials.csv", stage)
    importance = read_table(folder / "importance.csv", stage)
    metric = trials.columns[2]
    done = trials[trials["state"] == "done"]
    if done.empty:
        return None
    names = {key: readable(key.rpartition(".")[2]) for key in trials.columns[len(COLUMNS) :]}
    best = done.head(BEST)
    rows = [
        [row["trial"], *(text_of(row[column]) for column in (metric, *names))]
        for _, row in best.iterrows()
    ]
    counts = ", ".join(f"{n} {state}" for state, n in trials["state"].value_counts().items())
    title = f"Search: the best of {len(trials)} trials ({counts})"
    note = "Chosen on the validation part: the score of the best is better than it will be again."
    table = ScoreTable(title, ["trial", readable(metric), *names.values()], rows, [note])
    charts = {"Each trial, in the order in which they ran": _trials_chart(trials, metric)}
    if len(importance):
        shown = importance.assign(parameter=importance["parameter"].map(names))
        charts["What each parameter matters (share of the variance)"] = _importance_chart(shown)
    return SearchPart(table, charts)


def text_of(value: object) -> str:
    """A score or a parameter as a table has it."""
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:.4g}"
    return str(value)


def _importance_chart(importance: pd.DataFrame) -> Spec:
    """Bars, the longest at the top. importance: parameter, importance."""
    return {
        "data": embedded(importance),
        "mark": "bar",
        "height": {"step": 28},
        "encoding": {
            "y": {"field": "parameter", "type": "nominal", "sort": "-x", "title": None},
            "x": {
                "field": "importance",
                "type": "quantitative",
                "title": "share of the variance of scores",
                "axis": {"format": "%"},
            },
            "tooltip": [tooltip("importance", "share", ".1%")],
        },
    }


def _trials_chart(trials: pd.DataFrame, metric: str) -> Spec:
    """A point a trial that was not stopped, over its number."""
    done = trials[trials["state"] == "done"].sort_values("trial", kind="stable")
    number = done["trial"].str.extract(r"(\d+)$")[0].astype(int)
    table = pd.DataFrame({"number": number, "score": done[metric]})
    x = {"field": "number", "type": "quantitative", "title": "trial", "axis": {"tickMinStep": 1}}
    y = {
        "field": "score",
        "type": "quantitative",
        "title": readable(metric),
        "scale": {"zero": False},
    }
    shown = [tooltip("number", "trial", "d"), tooltip("score", readable(metric), ".4~g")]
    return {
        "data": embedded(table),
        "mark": {"type": "point", "filled": True, "size": 60},
        "encoding": {"x": x, "y": y, "tooltip": shown},
    }
