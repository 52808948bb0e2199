"""The search itself: which trials run, and what is kept of them.

Akiba et al. 2019, "Optuna: A next-generation hyperparameter optimization framework"; its sampler
is the tree-structured Parzen estimator of Bergstra et al. 2011.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params
from rnnlab.report.searches import FOLDER
from rnnlab.search.changes import Changes
from rnnlab.search.space import Space
from rnnlab.search.trial import Failed, Place, Pruned, run_trial, stop

# until so many trials have a curve, none is compared with them
STARTUP_TRIALS = 5
# trials may have different numbers of epochs, so they are compared after each twentieth of them
SHARES = 20
# so many twentieths pass before a curve is compared
WARM_UP = 6
STOPPED = "stopped"

optuna.logging.set_verbosity(logging.WARNING)


@dataclass(frozen=True)
class Goal:
    """What is searched for: a figure of metrics.json, low or high.

    Attributes:
        curve: the figure of an epoch that is compared between trials, None for no pruning.
    """

    metric: str
    direction: Literal["minimize", "maximize"]
    curve: str | None


@dataclass
class Search:
    """A study that lies in a file, and how it is run.

    Attributes:
        epochs: of a trial whose parameters do not say them.
        jobs: trials side by side.
    """

    task: str
    space: Space
    goal: Goal
    study: optuna.Study
    epochs: int
    jobs: int
    say: Callable[[str], None]
    stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def folder(self) -> Path:
        return FOLDER / self.task


def open_search(
    task: str,
    space: Space,
    goal: Goal,
    params: Params,
    sampler: str,
    jobs: int,
    say: Callable[[str], None],
) -> Search:
    """The search of a task, as it was left.

    Raises:
        InputError: the earlier trials were made with another space, goal or other parameters.
    """
    folder = FOLDER / task
    folder.mkdir(parents=True, exist_ok=True)
    samplers = {
        # trials that run side by side are told from each other by a guess of their scores
        "tpe": lambda: optuna.samplers.TPESampler(
            seed=params.seed, multivariate=True, constant_liar=jobs > 1
        ),
        "random": lambda: optuna.samplers.RandomSampler(seed=params.seed),
    }
    study = optuna.create_study(
        storage=f"sqlite:///{folder}/study.db",
        study_name=task,
        load_if_exists=True,
        direction=goal.direction,
        sampler=samplers[sampler](),
        pruner=optuna.pruners.MedianPruner(STARTUP_TRIALS, WARM_UP),
    )
    given = _given(task, space, goal, params)
    if study.user_attrs.get("given", given) != given:
        raise InputError(
            f"{folder}/study.db: its trials had another space, another metric or other parameters "
            f"than now, and cannot be compared; move {folder} away to begin anew"
        )
    study.set_user_attr("given", given)
    if not study.trials:
        # so that the best can be compared with params.yaml as it is
        defaults = _defaults(space, params)
        if outside := space.keys() - defaults:
            say(f"params.yaml as it is lies outside the space: {', '.join(sorted(outside))}")
        study.set_user_attr("defaults", {} if outside else defaults)
        study.enqueue_trial(defaults)
    train = params.tasks[task].train
    # train.steps are ten epochs (EPOCHS_OF_STEPS, whose module needs torch); of few windows they
    # are more, and a curve is compared sooner
    epochs = train.epochs if train.steps is None else 10
    search = Search(task, space, goal, study, epochs, jobs, say)
    _end_what_was_interrupted(search)
    return search


def _given(task: str, space: Space, goal: Goal, params: Params) -> str:
    """What must be the same for trials to be compared, as text."""
    settings = params.model_dump(mode="json", include={"seed", "device"})
    settings["task"] = params.tasks[task].model_dump(mode="json", exclude={"plot"})
    shown = {key: repr(each) for key, each in space.items()}
    return json.dumps([shown, goal.metric, goal.direction, settings], sort_keys=True)


def _defaults(space: Space, params: Params) -> Changes:
    """The values of params.yaml that the space holds: they are the first trial."""
    tree = params.model_dump(mode="json")
    found: Changes = {}
    for key, distribution in space.items():
        value: Any = tree
        for word in key.split("."):
            value = value.get(word) if isinstance(value, dict) else None
        try:
            inside = distribution._contains(distribution.to_internal_repr(value))
        except (ValueError, TypeError):
            inside = False
        if inside:
            found[key] = value
    return found


def _end_what_was_interrupted(search: Search) -> None:
    """Fail the trials that a killed search left, and stop what still runs of them."""
    for trial in search.study.get_trials(states=[TrialState.RUNNING]):
        process = trial.user_attrs.get("process")
        if process and _is_of(process, name_of(search.task, trial.number)):
            stop(process)
        search.study.tell(trial.number, state=TrialState.FAIL)
        search.study.enqueue_trial(trial.params)
        search.say(f"{name_of(search.task, trial.number)}: was interrupted; it is tried again")


def _is_of(process: int, name: str) -> bool:
    """Whether a process is that of a trial, and not another one by the same number."""
    try:
        return name.encode() in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def name_of(task: str, number: int) -> str:
    return f"{task}-search-{number + 1:02}"


def counted(search: Search) -> list[FrozenTrial]:
    """The trials that have ended by themselves."""
    return [each for each in search.study.trials if _counts(each)]


def _counts(trial: FrozenTrial) -> bool:
    if trial.state == TrialState.FAIL:
        return trial.user_attrs.get("reason", STOPPED) != STOPPED
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


def run_search(search: Search, trials: int, minutes: float | None) -> None:
    """Run until ``trials`` have ended, earlier ones included, or the time is over.

    Trials that run when the time is over come to their end.

    Raises:
        KeyboardInterrupt: it was stopped; the running trials are lost, the others kept.
    """
    end = None if minutes is None else time.monotonic() + 60 * minutes
    left = trials - len(counted(search))
    if left <= 0:
        return

    def worker() -> None:
        nonlocal left
        while True:
            with search.lock:
                over = end is not None and time.monotonic() > end
                if left <= 0 or over or search.stopped:
                    return
                left -= 1
                trial = search.study.ask(search.space)
            _run(search, trial)

    with ThreadPoolExecutor(search.jobs) as pool:
        workers = [pool.submit(worker) for _ in range(search.jobs)]
        try:
            for each in workers:
                each.result()
        except BaseException:
            search.stopped = True
            raise


def _run(search: Search, trial: Trial) -> None:
    """Run one trial and tell the study."""
    name, began = name_of(search.task, trial.number), time.monotonic()
    place = Place(name, search.task, search.folder, 1 if search.jobs > 1 else None)
    reason, value, state = "", None, TrialState.COMPLETE
    try:
        found = run_trial(
            place,
            dict(trial.params),
            lambda figures: _is_hopeless(search, trial, figures),
            lambda: search.stopped,
            lambda process: trial.set_user_attr("process", process),
        )
        value = found.get(search.goal.metric)
        if value is None:
            raise Failed(f"metrics.json has no {search.goal.metric}")
    except Pruned:
        state = TrialState.PRUNED
    except Failed as error:
        state, reason = TrialState.FAIL, str(error)
    except BaseException:
        search.stopped = True
        raise
    with search.lock:
        trial.set_user_attr("seconds", round(time.monotonic() - began, 1))
        trial.set_user_attr("reason", reason)
        search.study.tell(trial, value, state)
    what = {
        TrialState.COMPLETE: f"{search.goal.metric} {value}",
        TrialState.PRUNED: "pruned: its curve was worse than most",
        TrialState.FAIL: f"failed: {reason}",
    }[state]
    search.say(f"{name}: {what} ({time.monotonic() - began:.0f} s)")


def _is_hopeless(search: Search, trial: Trial, figures: dict) -> bool:
    """Whether the curve of the first network is worse than most at the same share of its epochs."""
    if search.goal.curve is None or figures.get("fit") != "main":
        return False
    epochs = trial.params.get(f"tasks.{search.task}.train.epochs", search.epochs)
    # in twentieths, from 0 to SHARES
    share, value = SHARES * figures["epoch"] / epochs, figures.get(search.goal.curve)
    earlier, last = trial.user_attrs.get("told", (0.0, value))
    # further networks of an ensemble begin at epoch 1 again
    if value is None or value != value or share <= earlier:
        return False
    with search.lock:
        trial.set_user_attr("told", (share, value))
        # twentieths between two epochs lie on the line that joins them
        for each in range(int(earlier) + 1, int(share) + 1):
            trial.report(last + (value - last) * (each - earlier) / (share - earlier), each)
        return trial.should_prune()
