"""Files for other tools: the dev container, git hooks and the citation."""

from helpers import ROOT, read_yaml


def test_hooks_check_what_make_lint_checks() -> None:
    [own] = read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    commands = [hook["entry"].removesuffix(" --force-exclude") for hook in own["hooks"]]
    assert commands == [".venv/bin/ruff check", ".venv/bin/ruff format --check"]
    lint = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    assert all(command.removeprefix(".venv/bin/") in lint.replace(" .", "") for command in commands)


def test_the_citation_is_of_this_project() -> None:
    citation = read_yaml(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert f'version = "{citation["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert citation["license"] in (ROOT / "LICENSE").read_text()
    assert citation["authors"]
