"""The report page: one file that asks no other, for a browser on a desk or on a phone."""

import json
import subprocess
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rnnlab.core.files import output_files
from rnnlab.core.git import under_git
from rnnlab.report.sections import Section

REPORT = Path("report")
TEMPLATE = Path(__file__).with_name("template.html")


def write_page(sections: list[Section]) -> Path:
    """Write the page of all tasks, and return its path."""
    # names of series come from users: nothing of theirs is taken for markup
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(TEMPLATE.name).render(
        sections=sections, commit=last_commit(), differences=differences(), vega=vega()
    )
    with output_files(REPORT) as folder:
        (folder / "index.html").write_text(html, encoding="utf-8")
    return REPORT / "index.html"


def vega() -> str:
    """JavaScript of Vega, Vega-Lite and Vega-Embed in one piece; it sets window.vegaEmbed."""
    # a second to load
    from vl_convert import javascript_bundle

    return javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")


def last_commit() -> str | None:
    """Hash and subject of the last commit; None where git tracks no project or has none yet."""
    return answer_of("git", "log", "-1", "--format=%h (%s)") if under_git() else None


def differences() -> list[list[str]] | None:
    """Metrics that differ from the last commit's, as ``dvc metrics diff`` has them.

    These are the few of metrics.json: with all of scores.json the list would be hundreds long.

    Returns:
        Rows of task, score, old and new value and change; None where DVC cannot tell.
    """
    # outside a project of DVC and git, the answer is known without a second of waiting for DVC
    diff = (sys.executable, "-m", "dvc", "metrics", "diff", "--json")
    answer = answer_of(*diff) if Path(".dvc").is_dir() and under_git() else None
    if answer is None:
        return None
    return [
        [
            Path(path).parent.name,
            score,
            *(figure(values.get(key)) for key in ("old", "new", "diff")),
        ]
        for path, scores in json.loads(answer).items()
        for score, values in scores.items()
    ]


def figure(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def answer_of(*command: str) -> str | None:
    """Standard output of a command; None where it fails or is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
