"""Commands of the project, as pages and other tools write them, and whether all in them exists."""

import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dvc.cli.parser import get_main_parser
from helpers import ROOT
from typer.main import get_command

from rnnlab.commands.app import app

DIRECTORIES = (
    r"(?:benchmarks|data|docs|experiments|metrics|report|results|rnnlab|stages|tests|\.github)"
)
PATH = re.compile(rf"(?<![\w./:-])(?:\.\./)?({DIRECTORIES}/[\w./-]*)")
ASSIGNMENT = re.compile(r"\w+=")
# words of the shell before a command
KEYWORDS = {"do", "if", "then", "elif", "else", "while", "{", "(", "!"}


@cache
def tracked() -> set[str]:
    """All files that git tracks, and the folders that hold them."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    files = listed.stdout.decode().splitlines()
    return {*files, *(str(folder) for file in files for folder in Path(file).parents)}


def paths_of(text: str) -> set[str]:
    return {path.rstrip("./") for path in PATH.findall(text)}


def unknown_paths(text: str) -> set[str]:
    """Paths in ``text`` that neither git tracks nor the pipeline writes."""
    unknown = sorted(paths_of(text) - tracked())
    command = ["git", "check-ignore", "--stdin"]
    # a rule such as /data/models/ is for a folder
    asked = "\n".join(f"{path}/" for path in unknown)
    ignored = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True)
    return set(unknown) - {path.rstrip("/") for path in ignored.stdout.splitlines()}


def split(line: str) -> Iterator[list[str]]:
    """The commands of a line of shell; one that another takes as an argument is among them."""
    shell = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    shell.whitespace_split = True
    words: list[str] = []
    for word in [*shell, ";"]:
        if set(word) <= set(";&|"):
            while words and (ASSIGNMENT.match(words[0]) or words[0] in KEYWORDS):
                words.pop(0)
            if words:
                yield words
            words = []
        else:
            # what echo says is prose
            if " " in word and "echo" not in words:
                yield from split(word)
            words.append(word)


@cache
def makefile() -> str:
    text = re.sub(r"\\\n", " ", (ROOT / "Makefile").read_text(encoding="utf-8"))
    return re.sub(r"^\$\(INSTALLED\):", ".venv/installed:", text, flags=re.MULTILINE)


@cache
def targets() -> set[str]:
    rules = re.findall(r"^([a-z.][\w /-]*):(?!=)", makefile(), re.MULTILINE)
    return {name for rule in rules for name in rule.split()}


@cache
def variables() -> set[str]:
    """Variables that the Makefile sets or reads."""
    found = re.findall(r"^(\w+) *[:?]?=|\$\((\w+)\)|\$\$(\w+)", makefile(), re.MULTILINE)
    return {name for names in found for name in names if name}


def check_make(words: list[str]) -> None:
    asked = {word for word in words if not ASSIGNMENT.match(word) and word[0] != "-"}
    assert asked <= targets()
    assert {word.partition("=")[0] for word in words if ASSIGNMENT.match(word)} <= variables()


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
        check_module(words[1], words[2:])
    elif words and words[0][0] != "-":
        assert words[0] in tracked()


def check_module(name: str, words: list[str]) -> None:
    if name == "rnnlab":
        check_rnnlab(words)
        return
    options = options_of(words) - {"--help"}
    if name.split(".")[0] not in ("stages", "benchmarks", "experiments"):
        assert find_spec(name)
        assert not options or options <= known_options(sys.executable, "-m", name)
        return
    module = ROOT / name.replace(".", "/")
    # a package runs its __main__
    files = (module.with_suffix(".py"), module / "__main__.py")
    source = next(path for path in files if path.is_file()).read_text(encoding="utf-8")
    assert all(f'"{option}"' in source for option in options)


def options_of(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def check_rnnlab(words: list[str]) -> None:
    command = get_command(app)
    if words and not words[0].startswith("-"):
        assert words[0] in command.commands
        command = command.commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert options_of(words) <= known | {"--help"}


@cache
def known_options(*command: str) -> set[str]:
    """The options in the help of a program of the environment."""
    # elsewhere, so that pytest does not read the settings of the project
    place = Path(sys.executable).parent
    shown = subprocess.run([*command, "--help"], cwd=place, capture_output=True, text=True)
    assert shown.returncode == 0, command
    return set(re.findall(r"--[\w-]+", shown.stdout))


def check_program(program: str, words: list[str]) -> None:
    """A program of the environment, such as ruff, and perhaps a command of it."""
    installed = str(Path(sys.executable).parent / program)
    command = words[:1] if program in ("pip", "ruff") else []
    assert options_of(words) <= known_options(installed, *command)


def check_git(words: list[str]) -> None:
    """What a page says to show exists, unless the clone is a shallow one."""
    if words[0] == "show" and len(words) > 1:
        git = ["git", "-C", str(ROOT)]
        shallow = subprocess.run(
            [*git, "rev-parse", "--is-shallow-repository"], capture_output=True
        )
        found = subprocess.run([*git, "cat-file", "-e", words[1]], capture_output=True)
        assert found.returncode == 0 or shallow.stdout.strip() == b"true"


CHECKS = {
    "make": check_make,
    "dvc": check_dvc,
    "python": check_python,
    "rnnlab": check_rnnlab,
    "git": check_git,
}
PROGRAMS = ("mypy", "pip", "pip-audit", "ruff")


def check(commands: Iterable[list[str]]) -> int:
    """Raise AssertionError if something in ``commands`` is unknown; return how many were known."""
    count = 0
    for program, *words in commands:
        name = program.removeprefix(".venv/bin/")
        if name not in CHECKS and name not in PROGRAMS and name == program:
            continue
        count += 1
        try:
            CHECKS[name](words) if name in CHECKS else check_program(name, words)
        except (AssertionError, OSError, StopIteration) as fault:
            raise AssertionError(f"unknown: {program} {' '.join(words)}") from fault
    return count
