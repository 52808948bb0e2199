"""Links, paths and commands in README and pages exist, and the README stays one page."""

import re
from collections.abc import Iterator

import pytest
from committed import COMMITTED
from helpers import ROOT, read_json
from shell import ASSIGNMENT, CHECKS, check, split, tracked, unknown_paths

MAX_LINES, MAX_WORDS = 150, 1100
PAGES = ["README.md", "CONTRIBUTING.md", "results/README.md", "results/gpu/README.md"]
PAGES += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
# what readers replace by a name of theirs, and files that they bring
PLACEHOLDERS = {"TASK": "airline", "STAGE": "train", "mine": "airline"}


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
    assert unknown_paths(text) == set()


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
        if code.split()[0] in CHECKS or ASSIGNMENT.match(code):
            yield from split(code)


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_known(page: str) -> None:
    check(commands_of(page))


@pytest.mark.parametrize(
    "line",
    [
        "make nonsense",
        "make lint nonsense=1",
        "make .venv/nonsense",
        "make $(nonsense)",
        "dvc nonsense",
        "dvc exp nonsense",
        "dvc exp show --nonsense",
        "MIRROR=/path make nonsense",
        "make test && dvc nonsense",
        "python -m benchmarks.nonsense",
        "python -m benchmarks.accuracy.study --nonsense",
        "git show HEAD:benchmarks/nonsense.py",
        "python stages/nonsense.py",
        "python -m nonsense",
        "python -m venv --nonsense",
        ".venv/bin/nonsense",
        ".venv/bin/ruff nonsense",
        "ruff check --nonsense",
        "if [ -e dvc.yaml ]; then make nonsense; fi",
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
