"""What GitHub, the container, the hooks and make run exists: paths, targets, options, modules."""

import json
import re
import subprocess
from collections.abc import Callable

import pytest
from helpers import ROOT, read_yaml
from shell import check, paths_of, split, targets, unknown_paths

WORKFLOW = read_yaml(ROOT / ".github/workflows/pipeline.yml")
# for a recipe that says nothing without one
VARIABLES = {"CSV": "mine.csv", "PERIOD": "12", "HORIZON": "3", "UNIT": "kg", "READ": "dates=iso"}
VARIABLES |= {"ID": "a", "TIME": "b", "VALUE": "c", "AGAINST": "HEAD", "JOBS": "2"}


def steps() -> list[dict]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def workflow() -> str:
    runs = "\n".join(step["run"] for step in steps() if "run" in step)
    # a value that GitHub fills in
    return re.sub(r"\$\{\{.*?\}\}", "value", runs)


def container() -> str:
    settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    return "\n".join(value for key, value in settings.items() if key.endswith("Command"))


def hooks() -> str:
    repositories = read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    return "\n".join(hook["entry"] for each in repositories for hook in each["hooks"])


def recipes() -> str:
    """All that make would run, with its variables filled in."""
    goals = sorted(targets() - {".venv/installed"})
    given = [f"{name}={value}" for name, value in VARIABLES.items()]
    command = ["make", "--dry-run", "--always-make", *goals, *given]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def script() -> str:
    return (ROOT / ".ci/run").read_text()


def commands_of(text: str) -> list[list[str]]:
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [words for line in lines if line.lstrip()[:1] != "#" for words in split(line)]


# how many commands and paths each has at least: fewer mean that they are no longer found
SOURCES = [
    (workflow, 2, 1),
    (container, 1, 0),
    (hooks, 2, 0),
    (recipes, 45, 10),
    (script, 1, 0),
]


@pytest.mark.parametrize(("source", "commands", "paths"), SOURCES)
def test_all_that_is_run_exists(source: Callable[[], str], commands: int, paths: int) -> None:
    text = source()
    assert unknown_paths(text) == set()
    assert len(paths_of(text)) >= paths
    assert check(commands_of(text)) >= commands


@pytest.mark.parametrize(
    "text",
    [
        "python -m pytest tests/networks/test_nonsense.py",
        "cat report/gate.md >> stages/nonsense.txt",
        "for each in 1 2; do \\\n  cat docs/nonsense.md; done",
    ],
)
def test_unknown_paths_are_noticed(text: str) -> None:
    assert {path.rpartition("/")[2].partition(".")[0] for path in unknown_paths(text)} & {
        "nonsense",
        "test_nonsense",
    }


@pytest.mark.parametrize("job", ["check", "elsewhere"])
def test_a_job_is_one_command_that_a_person_can_run(job: str) -> None:
    """Besides, the summary of a run is shown, which has an ``if``."""
    steps = WORKFLOW["jobs"][job]["steps"]
    [command] = [step["run"] for step in steps if "run" in step and "if" not in step]
    assert command.split()[:2] == ["make", job]


def test_the_workflow_refers_to_what_it_has() -> None:
    """Jobs, keys of a matrix and names of steps: GitHub finds a wrong one only when it runs."""
    jobs = WORKFLOW["jobs"]
    seen = 0
    for job in jobs.values():
        needs = job.get("needs", [])
        assert {needs} <= {*jobs} if isinstance(needs, str) else {*needs} <= {*jobs}
        matrix = job.get("strategy", {}).get("matrix", {})
        rows = matrix.get("include", [{}])
        keys = {*matrix, *(key for row in rows for key in row)} - {"include"}
        names = {step["id"] for step in job["steps"] if "id" in step}
        text = json.dumps(job)
        asked = {*re.findall(r"matrix\.(\w+)", text)}, {*re.findall(r"steps\.(\w+)", text)}
        assert asked[0] <= keys
        assert asked[1] <= names
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])
        seen += len(asked[0]) + len(asked[1])
    assert seen >= 4


def test_the_summary_is_the_file_that_the_gate_writes() -> None:
    [made] = {*re.findall(r"rnnlab gate .*--out (\S+)", recipes())}
    shown = [step for step in steps() if "gate.md" in json.dumps(step) and "if" in step]
    read = {*re.findall(r"report/[\w.]+", json.dumps(shown))}
    assert read == {made}
