"""rnnlab search: parameters that are better on validation, by trials that learn from each other."""

import sys
from typing import Literal

import pandas as pd
from rich.console import Console
from rich.table import Table

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params
from rnnlab.report.git import why_not_under_git
from rnnlab.report.searches import BEST, text_of
from rnnlab.search.results import trials_table, write_results
from rnnlab.search.space import Space, read_space
from rnnlab.search.study import Goal, Search, open_search, run_search
from rnnlab.search.trial import metrics_of

Direction = Literal["minimize", "maximize"] | None

# by kind of task: the score on validation, and the curve of each epoch that goes with it
SCORES = {
    "images": Goal("validation_accuracy", "maximize", "validation_accuracy"),
    "series": Goal("mase_val", "minimize", "validation_loss"),
}
# columns of a table in a pipe, where rich takes 80: too few for ten parameters
WIDTH = 120
# the score of the test part that is looked at once, when all is chosen
TEST_SCORES = {"images": "accuracy", "series": "mase_roll"}


def search(
    task: str,
    params: Params,
    *,
    trials: int,
    jobs: int,
    minutes: float | None,
    metric: str | None,
    direction: Direction,
    sampler: str,
) -> None:
    """Search, and print the best; what an earlier search of the task has found counts, too."""
    params.require_task(task)
    if reason := why_not_under_git():
        raise InputError(f"rnnlab search keeps its trials as experiments of DVC, in git: {reason}")
    space = read_space(task)
    goal = goal_of(task, space, metric, direction, params)
    found = open_search(task, space, goal, params, sampler, jobs, say)
    try:
        run_search(found, trials, minutes)
    finally:
        write_results(found)
    show(found, params.tasks[task].kind)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def goal_of(
    task: str, space: Space, metric: str | None, direction: Direction, params: Params
) -> Goal:
    """The goal of the task's kind, or the one that a person names.

    Raises:
        InputError: a metric without its direction.
    """
    usual = SCORES[params.tasks[task].kind]
    if metric is None or metric == usual.metric:
        if direction not in (None, usual.direction):
            raise InputError(f"--direction {direction}: {usual.metric} is to {usual.direction}")
        # losses are in units of the windows and of the loss: others cannot be compared
        comparable = f"tasks.{task}.model.", f"tasks.{task}.train."
        if usual.curve == "validation_loss" and not all(
            key.startswith(comparable) and not key.endswith((".loss", ".quantile")) for key in space
        ):
            say("no trial is pruned: with other windows or losses the curves cannot be compared")
            return Goal(usual.metric, usual.direction, None)
        return usual
    if direction is None:
        raise InputError(f"--metric {metric}: add --direction minimize or maximize")
    if "val" not in metric and metric not in ("parameters", "bits"):
        say(f"warning: {metric} is of the test part; chosen by it, it says nothing of new data")
    return Goal(metric, direction, None)


def show(found: Search, kind: str) -> None:
    """Print the best trials, and how the best is applied."""
    table, metric = trials_table(found), found.goal.metric
    done = table[table["state"] == "done"]
    if done.empty:
        raise InputError(f"no trial of {len(table)} gave a score; {found.folder} has their logs")
    best = done.head(BEST)
    changing = [key for key in found.space if best[key].astype(str).nunique() > 1]
    short = {key: key.rpartition(".")[2] for key in changing}
    shown = Table(box=None, pad_edge=False)
    shown.add_column("trial", no_wrap=True)
    for name in [metric, *short.values()]:
        shown.add_column(name.replace("_", " "), justify="right")
    for _, row in best.iterrows():
        shown.add_row(*(text_of(row[name]) for name in ["trial", metric, *changing]))
    (Console() if sys.stdout.isatty() else Console(width=WIDTH)).print(shown)
    first = best.iloc[0]
    counts = table["state"].value_counts()
    print(f"{len(table)} trials: " + ", ".join(f"{n} {state}" for state, n in counts.items()))
    score = TEST_SCORES[kind]
    test = metrics_of(first["trial"], found.task).get(score)
    print(
        f"Best: {first['trial']}, {metric} {text_of(first[metric])}{of_defaults(found, done)}. "
        f"Its test part, looked at now: {score} {text_of(test)}."
    )
    print(f"Use it:  dvc exp apply {first['trial']}")
    print("Picture: rnnlab report")


def of_defaults(found: Search, done: pd.DataFrame) -> str:
    """What params.yaml as it is has scored, as the end of a sentence; empty without it."""
    defaults = found.study.user_attrs["defaults"]
    same = [all(row[key] == value for key, value in defaults.items()) for _, row in done.iterrows()]
    scores = done[found.goal.metric][same]
    if not len(defaults) or scores.empty:
        return ""
    return f"; params.yaml as it is: {text_of(scores.iloc[0])}"
