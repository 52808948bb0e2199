"""Links, paths and commands in README and pages exist, and the README stays one page."""

import re
import shlex
import subprocess
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from committed import COMMITTED
from dvc.cli.parser import get_main_parser
from helpers import ROOT, read_json
from typer.main import get_command

from rnnlab.commands.app import app

MAX_LINES, MAX_WORDS = 150, 1100
PAGES = ["README.md", "CONTRIBUTING.md", "results/README.md", "results/gpu/README.md"]
PAGES += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
# what readers replace by a name of theirs, and files that they bring
PLACEHOLDERS = {"TASK": "airline", "STAGE": "train", "mine": "airline"}
DIRECTORIES = r"(?:benchmarks|data|docs|experiments|metrics|results|rnnlab|stages|tests|\.github)"
PATH = re.compile(rf"(?<![\w./:-])(?:\.\./)?({DIRECTORIES}/[\w./-]*)")
ASSIGNMENT = re.compile(r"\w+=")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def links_of(page: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", text_of(page))):
        if not target.startswith(("http://", "https://")):
            yield target


def anchors_of(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@cache
def tracked() -> set[str]:
    """All files that git tracks, and the folders that hold them."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    files = listed.stdout.decode().splitlines()
    return {*files, *(str(folder) for file in files for folder in Path(file).parents)}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_of_the_project(page: str) -> None:
    for target in links_of(page):
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert str(found.resolve().relative_to(ROOT)) in tracked(), target
        if anchor:
            assert anchor in anchors_of(found.read_text(encoding="utf-8")), target


def test_the_readme_leads_to_every_page() -> None:
    reached = {target.partition("#")[0] for target in links_of("README.md")}
    assert {page for page in PAGES if page.startswith("docs/")} <= reached


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist_or_are_what_the_pipeline_writes(page: str) -> None:
    # a benchmark makes the folder after --out
    text = re.sub(r"--out \S+", "", text_of(page))
    for word, name in PLACEHOLDERS.items():
        text = re.sub(rf"(?<=/){word}\b", name, text)
    named = {path.rstrip("./") for path in PATH.findall(text)}
    unknown = sorted(named - tracked())
    command = ["git", "check-ignore", "--stdin"]
    # a rule such as /data/models/ is for a folder
    asked = "\n".join(f"{path}/" for path in unknown)
    ignored = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True)
    written = {path.rstrip("/") for path in ignored.stdout.splitlines()}
    assert set(unknown) - written == set()


def test_the_tree_in_the_readme_is_that_of_the_project() -> None:
    block = next(code for *_, code in BLOCK.findall(text_of("README.md")) if "dvc.yaml " in code)
    parent, shown = "", set()
    for line in block.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        parent = "" if not indent else parent
        shown.add(f"{parent}{name}".rstrip("/"))
        parent = name if not indent else parent
    packages = {f"rnnlab/{path.parent.name}" for path in (ROOT / "rnnlab").glob("*/__init__.py")}
    folders = {path.split("/")[0] for path in tracked() if "/" in path and path[0] != "."}
    assert shown <= tracked()
    assert packages | folders - {"data"} <= shown


def test_the_readme_is_one_page() -> None:
    text = text_of("README.md")
    prose = re.sub(r"^\|.*$", "", BLOCK.sub("", text), flags=re.MULTILINE)
    assert len(text.splitlines()) <= MAX_LINES
    assert len(prose.split()) <= MAX_WORDS


def test_the_readme_has_the_accuracy_of_the_last_run() -> None:
    lines = (COMMITTED / "README.md").read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("| `fast`"))
    accuracy = read_json(COMMITTED / "metrics/mnist/scores.json")["accuracy"]
    assert f"{100 * accuracy:.2f} %" in row


def commands_of(page: str) -> Iterator[list[str]]:
    """The words of each command in code blocks and in `code` that begins like one."""
    text = text_of(page)
    for _, language, code in BLOCK.findall(text):
        lines = code.replace("\\\n", " ").splitlines()
        if language != "sh":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        for line in lines:
            yield from split(line)
    for code in SPAN.findall(BLOCK.sub("", text)):
        if code.split()[0] in {*CHECKS, "git"} or ASSIGNMENT.match(code):
            yield from split(code)


def split(line: str) -> Iterator[list[str]]:
    """The commands of a line of shell; one that another takes as an argument is among them."""
    shell = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    shell.whitespace_split = True
    words: list[str] = []
    for word in [*shell, ";"]:
        if set(word) <= set(";&|"):
            while words and (ASSIGNMENT.match(words[0]) or words[0] == "do"):
                words.pop(0)
            if words:
                yield words
            words = []
        else:
            if " " in word:
                yield from split(word)
            words.append(word)


@cache
def targets() -> set[str]:
    text = re.sub(r"\\\n", " ", (ROOT / "Makefile").read_text(encoding="utf-8"))
    rules = re.findall(r"^([a-z][\w -]*):(?!=)", text, re.MULTILINE)
    return {name for rule in rules for name in rule.split()}


def check_make(words: list[str]) -> None:
    asked = [word for word in words if not ASSIGNMENT.match(word) and word[0] not in "-."]
    assert set(asked) <= targets()


def check_dvc(words: list[str]) -> None:
    parser: ArgumentParser = get_main_parser()
    for word in words:
        inner = [each for each in parser._actions if isinstance(each, _SubParsersAction)]
        if inner and not word.startswith("-"):
            assert word in inner[0].choices
            parser = inner[0].choices[word]
        elif word.startswith("--"):
            assert word.split("=")[0] in parser._option_string_actions


def check_python(words: list[str]) -> None:
    if words and words[0] == "-m":
        module = words[1].replace(".", "/")
        if module == "rnnlab":
            check_rnnlab(words[2:])
            return
        # a package runs its __main__
        files = (ROOT / f"{module}.py", ROOT / module / "__main__.py")
        source = next(path for path in files if path.is_file()).read_text(encoding="utf-8")
        options = [word for word in words[2:] if word.startswith("--") and word != "--help"]
        assert all(f'"{option}"' in source for option in options)
    elif words and words[0][0] != "-":
        assert words[0] in tracked()


def check_rnnlab(words: list[str]) -> None:
    command = get_command(app)
    if words and not words[0].startswith("-"):
        assert words[0] in command.commands
        command = command.commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    options = {word for word in words if word.startswith("--")}
    assert options <= known | {"--help"}


CHECKS = {"make": check_make, "dvc": check_dvc, "python": check_python, "rnnlab": check_rnnlab}


def check(commands: Iterable[list[str]]) -> None:
    for program, *words in commands:
        if program in CHECKS:
            try:
                CHECKS[program](words)
            except (AssertionError, OSError, StopIteration) as fault:
                raise AssertionError(f"unknown: {program} {' '.join(words)}") from fault


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_known(page: str) -> None:
    check(commands_of(page))


@pytest.mark.parametrize(
    "line",
    [
        "make nonsense",
        "dvc nonsense",
        "dvc exp nonsense",
        "dvc exp show --nonsense",
        "MIRROR=/path make nonsense",
        "make test && dvc nonsense",
        "python -m benchmarks.nonsense",
        "python -m benchmarks.accuracy.study --nonsense",
        "python stages/nonsense.py",
        "python -m rnnlab nonsense",
        "rnnlab nonsense",
        "rnnlab --nonsense",
        "rnnlab predict --nonsense",
        "sbatch --wrap 'dvc exp nonsense'",
    ],
)
def test_unknown_commands_are_noticed(line: str) -> None:
    with pytest.raises(AssertionError, match="nonsense"):
        check(split(line))
