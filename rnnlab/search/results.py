"""What a search has found, as tables."""

import warnings

import optuna
import pandas as pd
from optuna.trial import TrialState

from rnnlab.core.files import output_folder, write_table
from rnnlab.search.study import Search, name_of

STATES = {
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
# fewer trials say nothing of what a parameter matters
MIN_TRIALS = 5


def trials_table(search: Search) -> pd.DataFrame:
    """A row a trial, the best first: name, state, the metric, seconds, reason, its parameters."""
    rows = [
        {
            "trial": name_of(search.task, each.number),
            "state": STATES[each.state],
            search.goal.metric: each.value,
            "seconds": each.user_attrs.get("seconds"),
            "reason": each.user_attrs.get("reason", ""),
            **each.params,
        }
        for each in search.study.trials
        if each.state != TrialState.WAITING
    ]
    columns = ["trial", "state", search.goal.metric, "seconds", "reason", *search.space]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(
        search.goal.metric, ascending=search.goal.direction == "minimize", kind="stable"
    )


def importance_table(search: Search) -> pd.DataFrame:
    """What share of the scores' variance each parameter explains: fANOVA, Hutter et al. 2014.

    Returns:
        parameter, importance; empty with too few trials or equal scores.
    """
    done = search.study.get_trials(states=[TrialState.COMPLETE])
    found: dict[str, float] = {}
    if len(done) >= MIN_TRIALS and len({each.value for each in done}) > 1:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = optuna.importance.get_param_importances(search.study, evaluator=evaluator)
    return pd.DataFrame(found.items(), columns=["parameter", "importance"])


def write_results(search: Search) -> None:
    """Write trials.csv and importance.csv, which the report draws."""
    with output_folder(search.folder / "tables") as folder:
        write_table(folder / "trials.csv", trials_table(search))
        write_table(folder / "importance.csv", importance_table(search))
