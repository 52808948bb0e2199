"""Print the scores of every task as tables, what they say of series, and where the pictures are.

Reads:   metrics/TASK/scores.json for each task of params.yaml; of series also the tables beside it
         and data/normalized/TASK/card.json, where it is at hand
Writes:  nothing; the report goes to standard output
"""

import sys
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.table import Table

from stages.common.files import read_json, read_table
from stages.common.findings import MEASURES, findings
from stages.common.params import Params
from stages.common.stage import run_stage


def main(params: Params) -> None:
    # in a pipe rich takes 80 columns, too few for the methods' names
    console = Console() if sys.stdout.isatty() else Console(width=100)
    for name, task in params.tasks.items():
        scores = read_json(Path("metrics") / name / "scores.json", f"evaluate@{name}")
        if task.kind == "images":
            console.print(images_table(name, scores))
            continue
        console.print(series_table(name, scores))
        for line in said_of(name, scores):
            wrapped = fill(
                f"- {line}", console.width, subsequent_indent="  ", break_long_words=False
            )
            # names of series are printed as they are, even with brackets in them
            console.print(wrapped, markup=False, highlight=False, soft_wrap=True)
    console.print("Pictures: metrics/TASK/plots/   Interactive plots: report/index.html")


def said_of(name: str, scores: dict) -> list[str]:
    """Sentences on a series task; see ``findings``."""
    tables, stage = Path("metrics") / name / "tables", f"evaluate@{name}"
    validation, comparison = (
        read_table(tables / f"{table}.csv", stage) for table in ("validation", "comparison")
    )
    # a fresh clone has the scores, which git holds, but not what DVC's cache does
    card = Path("data/normalized") / name / "card.json"
    left_out = read_json(card, f"normalize@{name}")["left_out"] if card.is_file() else {}
    return findings(scores, validation, comparison, left_out)


def images_table(name: str, scores: dict) -> Table:
    table = Table(
        title=f"{name}: {scores['dataset']} by {scores['sequence']}", title_justify="left"
    )
    table.add_column("score")
    table.add_column("value", justify="right")
    for key in ("accuracy", "validation_accuracy", "macro_f1"):
        table.add_row(key, f"{scores[key]:.2%}")
    table.add_row("loss", f"{scores['loss']:.4f}")
    table.add_row("parameters", f"{scores['parameters']:,}")
    return table


def series_table(name: str, scores: dict) -> Table:
    """Relative error and MASE of each method by protocol; a star marks the lowest MASE."""
    protocols = list(scores["model"])
    # where all truth holds a zero somewhere, no method has MAPE
    has_mape = any(row["mape"] is not None for row in scores["model"].values())
    relative = "mape" if has_mape else "smape"
    table = Table(
        title=f"{name}: {MEASURES[relative][0]} in % and MASE, by protocol (* lowest MASE)",
        title_justify="left",
    )
    table.add_column("method")
    least = {}
    for protocol in protocols:
        table.add_column(protocol, justify="right")
        known = [by_protocol[protocol]["mase"] for by_protocol in scores.values()]
        least[protocol] = min((mase for mase in known if mase is not None), default=None)
    for method, by_protocol in scores.items():
        cells = []
        for protocol in protocols:
            row = by_protocol[protocol]
            star = "*" if row["mase"] is not None and row["mase"] == least[protocol] else " "
            cells.append(f"{number(row[relative], 2)} / {number(row['mase'], 3)}{star}")
        table.add_row(method, *cells, style="bold" if method == "model" else None)
    return table


def number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    run_stage(__doc__, main)
