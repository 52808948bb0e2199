"""Print the scores of every task as tables, and where the pictures are.

Reads:   metrics/TASK/scores.json for each task of params.yaml
Writes:  nothing; the tables go to standard output
"""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stages.common.files import read_json
from stages.common.params import Params
from stages.common.stage import run_stage


def main(params: Params) -> None:
    # in a pipe rich takes 80 columns, too few for the methods' names
    console = Console() if sys.stdout.isatty() else Console(width=100)
    for name, task in params.tasks.items():
        scores = read_json(Path("metrics") / name / "scores.json", f"evaluate@{name}")
        console.print(
            images_table(name, scores) if task.kind == "images" else series_table(name, scores)
        )
    console.print("Pictures: metrics/TASK/plots/   Interactive plots: report/index.html")


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
    protocols = list(scores["model"])
    table = Table(title=f"{name}: MAPE in % and MASE, by protocol", title_justify="left")
    table.add_column("method")
    for protocol in protocols:
        table.add_column(protocol, justify="right")
    for method, by_protocol in scores.items():
        cells = [
            f"{number(by_protocol[p]['mape'], 2)} / {number(by_protocol[p]['mase'], 3)}"
            for p in protocols
        ]
        table.add_row(method, *cells, style="bold" if method == "model" else None)
    return table


def number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    run_stage(__doc__, main)
