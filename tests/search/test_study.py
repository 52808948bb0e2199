"""A search over parameters: its space, its trials, and what an interruption leaves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from committed import COMMITTED
from helpers import edit_params, read_yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params
from rnnlab.search import command, study
from rnnlab.search.results import importance_table, trials_table, write_results
from rnnlab.search.space import read_space
from rnnlab.search.study import Search, open_search, run_search
from rnnlab.search.trial import Failed, Pruned, reason_in

RATE, CELL = "tasks.airline.train.learning_rate", "tasks.airline.model.cell"
SPACE = f"{RATE}: {{float: [0.0005, 0.05], log: true}}\n{CELL}: [rnn, gru, lstm]\n"


@pytest.fixture
def searched(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a space of two parameters."""
    monkeypatch.chdir(project)
    (project / "experiments/search").mkdir(parents=True, exist_ok=True)
    (project / "experiments/search/airline.yaml").write_text(SPACE)
    return project


def opened(said: list[str] | None = None, jobs: int = 1, curve: bool = True) -> Search:
    params, space = load_params(), read_space("airline")
    goal = command.goal_of("airline", space, None, None, params)
    assert goal.curve == "validation_loss"
    say = (said if said is not None else []).append
    return open_search("airline", space, goal, params, "tpe", jobs, say)


def distance(changes: dict) -> float:
    """A score that is lowest for a GRU that learns at 0.004."""
    return abs(changes[RATE] - 0.004) * 100 + (changes[CELL] != "gru")


@pytest.fixture
def dvc(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable], None]:
    """Put a function of parameters in the place of DVC's experiments."""

    def use(score: Callable) -> None:
        def run(place, changes, watch, stopped, begun):
            begun(0)
            return {"mase_val": score(changes, watch)}

        monkeypatch.setattr(study, "run_trial", run)

    return use


def test_spaces_in_git_are_valid(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    for task in ("airline", "mnist"):
        target = project / f"experiments/search/{task}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((COMMITTED / f"experiments/search/{task}.yaml").read_text())
        assert len(read_space(task)) > 5


def test_a_space_has_ranges_and_choices(searched: Path) -> None:
    assert read_space("airline") == {
        RATE: FloatDistribution(0.0005, 0.05, log=True),
        CELL: CategoricalDistribution(["rnn", "gru", "lstm"]),
    }
    text = "tasks.airline.model.hidden_size: {int: [4, 8], step: 2}"
    (searched / "experiments/search/airline.yaml").write_text(text)
    assert [*read_space("airline").values()] == [IntDistribution(4, 8, step=2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; write KEY: RANGE"),
        (f"{RATE}: 0.1", r"learning_rate: write \[a, b, c\], {int"),
        (f"{RATE}: {{float: [0.1, 0.01]}}", "two numbers .low, high., the lower one first"),
        (f"{RATE}: {{float: [0.1, 1], by: 2}}", r"write \[a, b, c\]"),
        (f"{RATE}: {{float: [0.0, 1], log: true}}", "learning_rate: .*low"),
        (f"{CELL}: [gru, tree]", "cell: tree: .*'rnn', 'lstm' or 'gru'"),
        ("tasks.airline.model.size: [1, 2]", "size: 1: "),
        ("[", "is no valid YAML"),
    ],
)
def test_a_space_that_will_not_do_is_one_line(searched: Path, text: str, message: str) -> None:
    (searched / "experiments/search/airline.yaml").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_space("airline")
    assert str(caught.value).startswith("experiments/search/airline.yaml")
    assert "\n" not in str(caught.value)


def test_the_first_trial_is_the_parameters_as_they_are_and_later_ones_learn(
    searched: Path, dvc: Callable
) -> None:
    dvc(lambda changes, watch: distance(changes))
    search = opened()
    run_search(search, 25, None)
    params = read_yaml(searched / "params.yaml")["tasks"]["airline"]
    first = search.study.trials[0].params
    assert first == {RATE: params["train"]["learning_rate"], CELL: params["model"]["cell"]}
    best = trials_table(search).iloc[0]
    assert best[CELL] == "gru"
    assert 0.002 < best[RATE] < 0.006
    assert sorted(importance_table(search)["parameter"]) == sorted([RATE, CELL])
    write_results(search)
    assert (searched / "data/search/airline/tables/importance.csv").is_file()


def test_a_failure_is_kept_with_its_reason_and_is_not_the_end(
    searched: Path, dvc: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    def score(changes: dict, watch: Callable) -> float:
        if changes[CELL] == "rnn":
            raise Failed("no memory left")
        return distance(changes)

    dvc(score)
    search = opened()
    run_search(search, 12, None)
    table = trials_table(search)
    assert len(table) == 12
    assert {*table[table["state"] == "failed"]["reason"]} == {"no memory left"}
    assert table.iloc[0]["state"] == "done"


def test_a_bad_curve_is_pruned(searched: Path, dvc: Callable) -> None:
    epochs = load_params().tasks["airline"].train.epochs
    runs = []

    def score(changes: dict, watch: Callable) -> float:
        # a trial in three learns nothing
        runs.append(changes)
        loss = 9.0 if len(runs) > 6 and len(runs) % 3 == 0 else 1.0
        for epoch in range(1, epochs + 1):
            if watch({"fit": "main", "epoch": epoch, "validation_loss": loss + 0.001 * len(runs)}):
                raise Pruned
        return distance(changes)

    dvc(score)
    search = opened()
    run_search(search, 12, None)
    states = [trial.state for trial in search.study.trials]
    assert states[8] == states[11] == TrialState.PRUNED
    assert states[0] == TrialState.COMPLETE


def test_trials_of_other_lengths_are_compared_after_the_same_share(
    searched: Path, dvc: Callable
) -> None:
    """A long training is no worse than a short one for being behind it after as many epochs."""
    epochs = "tasks.airline.train.epochs"
    (searched / "experiments/search/airline.yaml").write_text(f"{SPACE}{epochs}: [15, 30]\n")
    edit_params(searched, {epochs: 15})
    heard = []

    def score(changes: dict, watch: Callable) -> float:
        count = changes[epochs]
        # each ends a little better than the one before; the last one is bad
        steps = [1 - epoch / count - 0.001 * len(heard) for epoch in range(1, count + 1)]
        losses = [2.0] * count if len(heard) == 14 else steps
        heard.append(count)
        for epoch, loss in enumerate(losses, 1):
            if watch({"fit": "main", "epoch": epoch, "validation_loss": loss}):
                raise Pruned
        return distance(changes)

    dvc(score)
    search = opened()
    run_search(search, 15, None)
    assert {*heard} == {15, 30}
    states = [trial.state for trial in search.study.trials]
    assert states == [TrialState.COMPLETE] * 14 + [TrialState.PRUNED]


def test_an_interrupted_trial_is_tried_again(searched: Path, dvc: Callable) -> None:
    dvc(lambda changes, watch: distance(changes))
    search = opened()
    run_search(search, 2, None)
    lost = search.study.ask(search.space)  # killed while it ran
    said: list[str] = []
    again = opened(said)
    assert said == ["airline-search-03: was interrupted; it is tried again"]
    run_search(again, 4, None)
    assert again.study.trials[3].params == lost.params
    assert [trial.state.name for trial in again.study.trials] == [
        *["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    ]


def test_trials_of_other_parameters_are_not_compared(searched: Path, dvc: Callable) -> None:
    dvc(lambda changes, watch: distance(changes))
    run_search(opened(), 1, None)
    edit_params(searched, {"tasks.airline.plot.dpi": 99})
    opened()
    edit_params(searched, {"tasks.airline.train.batch_size": 7})
    with pytest.raises(InputError, match=r"its trials had another space.*move data/search"):
        opened()


def test_losses_of_other_windows_are_not_compared(
    searched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = {"tasks.airline.windows.look_back": CategoricalDistribution([12, 24])}
    params = load_params()
    assert command.goal_of("airline", space, None, None, params).curve is None
    assert "no trial is pruned" in capsys.readouterr().err
    with pytest.raises(InputError, match="--metric mase_roll: add --direction"):
        command.goal_of("airline", space, "mase_roll", None, params)
    command.goal_of("airline", space, "mase_roll", "minimize", params)
    assert "is of the test part" in capsys.readouterr().err


def test_the_reason_of_a_failure_is_the_first_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Running stage\nerror: too large\nERROR: failed to reproduce\n")
    assert reason_in(log) == "error: too large"
