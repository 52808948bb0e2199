"""rnnlab report: the scores of every task as tables, and the page."""

import sys
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.table import Table

from rnnlab.core.files import read_json, read_table
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import Params
from rnnlab.report.findings import findings
from rnnlab.report.page import write_page
from rnnlab.report.sections import section_of
from rnnlab.report.tables import ScoreTable, images_table, series_table
from rnnlab.report.zero_shot import SCORES, STAGE, section_of_zero_shot, zero_shot_table


def report(params: Params) -> None:
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
    if SCORES.is_file():
        scores = read_json(SCORES, STAGE)
        print_table(console, ZERO_SHOT, zero_shot_table(scores))
        sections.append(section_of_zero_shot(params, scores))
    console.print(f"Report: {write_page(sections)}   Pictures: metrics/TASK/plots/")


def said_of(name: str, scores: dict) -> list[str]:
    """Sentences on a series task; see ``findings``."""
    tables, stage = Path("metrics") / name / "tables", f"evaluate@{name}"
    validation, comparison, fallbacks = (
        read_table(tables / f"{table}.csv", stage)
        for table in ("validation", "comparison", "fallbacks")
    )
    # a fresh clone has the scores, which git holds, but not what DVC's cache does
    card = Path("data/normalized") / name / "card.json"
    left_out = read_json(card, f"normalize@{name}")["left_out"] if card.is_file() else {}
    return findings(scores, validation, comparison, fallbacks, left_out)


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
