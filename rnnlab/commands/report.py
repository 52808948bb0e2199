"""Print the scores of every task as tables, and write a page with all that there is to see.

Reads:   params.yaml, and metrics/TASK/ for each of its tasks: scores.json, predictions.csv,
         tables/, plots/ and speed.json; data/normalized/TASK/card.json, data/models/TASK/card.json
         and, through DVC, the scores of the last commit, where they are at hand
Writes:  report/index.html, a page in one file, with every picture and with curves to hover over;
         the tables go to standard output
Needs:   what `dvc repro` leaves
"""

import sys
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.table import Table

from rnnlab.core.files import read_json, read_table
from rnnlab.core.params import Params
from rnnlab.core.stage import run_stage
from rnnlab.report.findings import findings
from rnnlab.report.page import write_page
from rnnlab.report.sections import section_of
from rnnlab.report.tables import ScoreTable, images_table, series_table


def main(params: Params) -> None:
    # in a pipe rich takes 80 columns, too few for the methods' names
    console = Console() if sys.stdout.isatty() else Console(width=100)
    sections = []
    for name, task in params.tasks.items():
        scores = read_json(Path("metrics") / name / "scores.json", f"evaluate@{name}")
        images = task.kind == "images"
        print_table(console, name, images_table(scores) if images else series_table(scores))
        said = [] if images else said_of(name, scores)
        print_lines(console, said)
        sections.append(section_of(name, params, scores, said))
    console.print(f"Report: {write_page(sections)}   Pictures: metrics/TASK/plots/")


def said_of(name: str, scores: dict) -> list[str]:
    """Sentences on a series task; see ``findings``."""
    tables, stage = Path("metrics") / name / "tables", f"evaluate@{name}"
    validation, comparison, stand_ins = (
        read_table(tables / f"{table}.csv", stage)
        for table in ("validation", "comparison", "stand_ins")
    )
    # a fresh clone has the scores, which git holds, but not what DVC's cache does
    card = Path("data/normalized") / name / "card.json"
    left_out = read_json(card, f"normalize@{name}")["left_out"] if card.is_file() else {}
    return findings(scores, validation, comparison, stand_ins, left_out)


def print_table(console: Console, name: str, scores: ScoreTable) -> None:
    table = Table(title=f"{name}: {scores.title}", title_justify="left")
    for column in scores.columns:
        table.add_column(column, justify="left" if column == scores.columns[0] else "right")
    for row in scores.rows:
        table.add_row(*row, style="bold" if row[0] == "model" else None)
    console.print(table)


def print_lines(console: Console, lines: list[str]) -> None:
    for line in lines:
        wrapped = fill(f"- {line}", console.width, subsequent_indent="  ", break_long_words=False)
        # names of series are printed as they are, even with brackets in them
        console.print(wrapped, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    run_stage(__doc__, main)
