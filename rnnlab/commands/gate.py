"""rnnlab gate: the scores beside another revision's."""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from math import inf, isclose
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rnnlab.core.errors import InputError
from rnnlab.core.files import read_json, write_atomically
from rnnlab.core.params import PARAMS_FILE, Params
from rnnlab.report.git import REFUSAL, why_not_under_git

MAIN_BRANCH = ("origin/main", "main")
HIGH = ("accuracy", "macro_f1")
# baselines, and the normalization alone, are what the network is compared with
JUDGED = ("model", "combination")
FAILS = ("worse", "gone")
VERDICTS = (*FAILS, "slightly worse", "better", "new", "unchanged")
# {TASK: {dotted name: number}}
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Score:
    """A score at two revisions.

    Attributes:
        name: its keys in scores.json, such as accuracy or model.one_step.mase.
        before, here: None where the revision has no such number.
        allowed: how much worse it may be, in the units of ``worsening``.
    """

    task: str
    name: str
    before: float | None
    here: float | None
    allowed: float

    @property
    def verdict(self) -> str:
        if self.before is None:
            return "new"
        if self.here is None:
            return "gone"
        # other processors and numbers of threads round otherwise
        if isclose(self.before, self.here, rel_tol=1e-5):
            return "unchanged"
        worse = worsening(measure_of(self.name), self.before, self.here)
        # 0.995 - 0.993 is a little more than 0.002 to a computer
        if round(worse - self.allowed, 12) > 0:
            return "worse"
        # a coverage may change and be as near to its level as before
        return "better" if worse <= 0 else "slightly worse"


def gate(against: str | None, out: Path | None, params: Params) -> None:
    """Print the difference from ``against``.

    Raises:
        InputError: a score is worse by more than is allowed, or there is no such revision.
    """
    revision = known_revision(against)
    tolerances: dict[str, float] = dict(params.gate.items())
    scores = compared(scores_at(revision), scores_here(params), tolerances)
    text = as_markdown(scores, revision)
    print(text)
    if out is not None:
        write_atomically(out, (text + "\n").encode())
    failed = [score for score in scores if score.verdict in FAILS]
    if failed:
        others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise InputError(f"{in_words(failed[0], revision)}{others}")


def known_revision(against: str | None) -> str:
    """``against`` or the main branch; InputError where git knows no such commit."""
    reason = why_not_under_git()
    if reason and REFUSAL in reason:
        raise InputError(f"git refuses this folder: {reason}")
    if reason:
        raise InputError(
            "git does not track this folder, as in a ZIP of the project: the gate compares with "
            "another commit; run it in a clone (git clone)"
        )
    for name in [against] if against else MAIN_BRANCH:
        found = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        if subprocess.run(found, capture_output=True).returncode == 0:
            return name
    raise InputError(
        f"--against {against or MAIN_BRANCH[0]}: git knows no such commit; "
        f"{fetch_of(against)}, or name another"
    )


def fetch_of(against: str | None) -> str:
    """The command that brings a missing commit, and what it brings.

    Where a clone has one branch only, as with --depth, `git fetch origin main` leaves no
    origin/main behind; nor does `git fetch --unshallow` fetch other branches.
    """
    if against is None:
        return "`git fetch origin main:refs/remotes/origin/main` brings the main branch"
    shallow = ["git", "rev-parse", "--is-shallow-repository"]
    if subprocess.run(shallow, capture_output=True, text=True).stdout.strip() == "true":
        return (
            "`git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'` brings what "
            "this shallow clone lacks"
        )
    return "`git fetch origin` brings new commits"


def scores_here(params: Params) -> Scores:
    """The scores of the tasks here; a task that has none is left out."""
    paths = {task: scores_file(task) for task in params.tasks}
    return {
        task: flat(read_json(path, f"evaluate@{task}"))
        for task, path in paths.items()
        if path.is_file()
    }


def scores_at(revision: str) -> Scores:
    """The scores of the tasks that git holds at ``revision``: no cache of DVC is needed."""
    try:
        params = YAML(typ="safe").load(file_at(revision, Path(PARAMS_FILE)) or "tasks: {}")
        texts = {task: file_at(revision, scores_file(task)) for task in params["tasks"]}
    except (YAMLError, KeyError, TypeError):
        raise unreadable(revision, Path(PARAMS_FILE)) from None
    scores = {}
    for task, text in texts.items():
        try:
            if text is not None:
                scores[task] = flat(json.loads(text))
        except (ValueError, AttributeError):
            raise unreadable(revision, scores_file(task)) from None
    return scores


def scores_file(task: str) -> Path:
    return Path("metrics") / task / "scores.json"


def file_at(revision: str, path: Path) -> str | None:
    """The text of a file as git holds it at ``revision``; None where it is not there."""
    shown = ["git", "show", f"{revision}:./{path.as_posix()}"]
    done = subprocess.run(shown, capture_output=True, encoding="utf-8", errors="replace")
    return done.stdout if done.returncode == 0 else None


def unreadable(revision: str, path: Path) -> InputError:
    return InputError(f"--against {revision}: {path} is damaged there; name another revision")


def flat(scores: dict[str, object], above: str = "") -> dict[str, float]:
    """The numbers of a tree under dotted names, such as model.one_step.mase."""
    numbers: dict[str, float] = {}
    for key, value in scores.items():
        if isinstance(value, dict):
            numbers |= flat(value, f"{above}{key}.")
        elif isinstance(value, int | float):
            numbers[f"{above}{key}"] = value
    return numbers


def compared(before: Scores, here: Scores, tolerances: dict[str, float]) -> list[Score]:
    """The scores that are judged, in order of task and name."""
    scores = []
    for task in sorted(before | here):
        old, new = before.get(task, {}), here.get(task, {})
        for name in sorted(old | new):
            allowed = tolerances.get(tolerance_of(name))
            judged = "." not in name or name.startswith(JUDGED)
            if judged and allowed is not None:
                scores.append(Score(task, name, old.get(name), new.get(name), allowed))
    return scores


def measure_of(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def tolerance_of(name: str) -> str:
    """The key of block ``gate`` for a score: both coverages have the same."""
    measure = measure_of(name)
    return "coverage" if measure.startswith("coverage_") else measure


def worsening(measure: str, before: float, here: float) -> float:
    """How much worse ``here`` is than ``before``; below 0 where it is better.

    Returns:
        A difference for accuracy and macro_f1, points for a coverage, and for all else, which is
        an error, a share of ``before``.
    """
    if measure in HIGH:
        return before - here
    if measure.startswith("coverage_"):
        level = float(measure.removeprefix("coverage_"))
        return abs(here - level) - abs(before - level)
    if before == 0:
        # a perfect forecast, of which no share can be taken
        return inf
    return (here - before) / before


def as_markdown(scores: list[Score], revision: str) -> str:
    """A table of what changed, the worst first, and how much did not."""
    new_tasks = [
        task
        for task in sorted({score.task for score in scores})
        if all(score.verdict == "new" for score in scores if score.task == task)
    ]
    shown = [s for s in scores if s.verdict != "unchanged" and s.task not in new_tasks]
    shown.sort(key=lambda score: VERDICTS.index(score.verdict))
    lines = [f"### Scores against {revision}", ""]
    if shown:
        lines += [
            f"| task | score | better | {revision} | here | change | allowed | |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |",
            *map(as_row, shown),
            "",
        ]
    lines += [f"`{task}` is new: there is nothing to compare it with.\n" for task in new_tasks]
    counts = Counter(score.verdict for score in scores)
    said = [f"{counts[word]} {word}" for word in VERDICTS]
    return "\n".join([*lines, f"Scores: {', '.join(said)}."])


def as_row(score: Score) -> str:
    measure = measure_of(score.name)
    better, allowed = "low", f"+{100 * score.allowed:g} %"
    if measure in HIGH:
        better, allowed = "high", f"-{score.allowed:g}"
    elif measure.startswith("coverage_"):
        better, allowed = f"near {measure.removeprefix('coverage_')}", f"{score.allowed:g} off"
    change = "–"
    if score.before is not None and score.here is not None:
        change = f"{score.here - score.before:+.3g}"
    verdict = f"**{score.verdict}**" if score.verdict in FAILS else score.verdict
    values = f"{in_figures(score.before)} | {in_figures(score.here)}"
    return (
        f"| {score.task} | {score.name} | {better} | {values} | {change} | {allowed} | {verdict} |"
    )


def in_figures(value: float | None) -> str:
    return "–" if value is None else f"{value:.5g}"


def in_words(score: Score, revision: str) -> str:
    """One line on a score that fails."""
    subject = f"{score.task}: {score.name}"
    if score.verdict == "gone":
        return f"{subject} is gone; on {revision} it is {in_figures(score.before)}: run `dvc repro`"
    return (
        f"{subject} is {in_figures(score.here)}, worse than {in_figures(score.before)} on "
        f"{revision} by more than gate.{tolerance_of(score.name)} in params.yaml allows"
    )
