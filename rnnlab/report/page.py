"""The report page: a self-contained HTML file for desktop and mobile browsers."""

import json
import subprocess
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from vl_convert import javascript_bundle

from rnnlab.core.files import output_files
from rnnlab.report.git import REFUSAL, under_git, why_not_under_git
from rnnlab.report.sections import Section

REPORT = Path("report")


def write_page(sections: list[Section]) -> Path:
    """Write the page of all tasks, and return its path."""
    html = rendered(
        "template.html",
        sections=sections,
        commit=last_commit(),
        differences=metric_differences(),
    )
    with output_files(REPORT) as folder:
        (folder / "index.html").write_text(html, encoding="utf-8")
    return REPORT / "index.html"


def rendered(template: str, **content: object) -> str:
    """The page that a template of this folder makes of its content, with Vega inside."""
    # names of series come from users, so everything is escaped
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(vega=vega_bundle(), **content)


def vega_bundle() -> str:
    """JavaScript bundle of Vega, Vega-Lite and Vega-Embed; it sets window.vegaEmbed."""
    return javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")


def last_commit() -> str | None:
    """Hash and subject of the last commit; None without git or without a commit."""
    reason = why_not_under_git()
    if reason and REFUSAL in reason:
        print(
            f"the report names no commit, since git refuses this folder: {reason}", file=sys.stderr
        )
    return None if reason else output_of("git", "log", "-1", "--format=%h (%s)")


def metric_differences() -> list[list[str]] | None:
    """Metrics that differ from the last commit, from ``dvc metrics diff``.

    It compares metrics.json only; scores.json would give hundreds of rows.

    Returns:
        Rows of task, score, old value, new value and change; None if DVC cannot compare.
    """
    # outside of a DVC project in git, skip the second that DVC takes to fail
    diff = (sys.executable, "-m", "dvc", "metrics", "diff", "--json")
    output = output_of(*diff) if Path(".dvc").is_dir() and under_git() else None
    if output is None:
        return None
    return [
        [
            Path(path).parent.name,
            score,
            *(format_value(values.get(key)) for key in ("old", "new", "diff")),
        ]
        for path, scores in json.loads(output).items()
        for score, values in scores.items()
    ]


def format_value(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def output_of(*command: str) -> str | None:
    """Standard output of a command; None if it fails or is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
