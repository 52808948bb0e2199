"""The texts of params.yaml and dvc.yaml with one more task: lines are added, none is changed."""

import io
import re
from copy import deepcopy

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from rnnlab.core.params import SeriesTask
from rnnlab.series.panel import Panel


def with_task(text: str, name: str, like: str, task: SeriesTask) -> str:
    """params.yaml with ``task`` as tasks.NAME, under the comments of tasks.LIKE."""
    entry = deepcopy(YAML().load(text)["tasks"][like])
    for block in ("data", "normalize", "windows", "plot"):
        settings = getattr(task, block)
        defaults = {key: of.get_default(call_default_factory=True)
                    for key, of in type(settings).model_fields.items()}  # fmt: skip
        for key, value in settings.model_dump().items():
            # a key that the entry leaves to its default stays away
            if entry[block].get(key, defaults[key]) != value:
                entry[block][key] = in_a_line(value)
    return _with_lines(text, "tasks", {name: entry})


def in_a_line(value: object) -> object:
    """A list as [a, b], so that the comment of its key stays beside it."""
    if not isinstance(value, list):
        return value
    found = CommentedSeq(value)
    found.fa.set_flow_style()
    return found


def with_plots(text: str, name: str, like: str, unit: str, panel: Panel) -> str:
    """dvc.yaml with the plots of ``like`` for ``name`` too: of forecasts only for a single series.

    Plots that are there already stay as they are.
    """
    entries = [each for each in YAML().load(text).get("plots") or [] if isinstance(each, dict)]
    known = {title: plot for entry in entries for title, plot in entry.items()}
    plots = []
    for title, plot in known.items():
        ours = title.replace(like, name, 1)
        if not title.startswith(f"{like} ") or ours in known:
            continue
        is_forecast = plot["x"] == "ds"
        if is_forecast and len(panel.ids) > 1:
            continue
        entry = deepcopy(plot)
        entry["title"] = plot["title"].replace(like, name, 1)
        folder = f"metrics/{like}/"
        entry["y"] = {
            path.replace(folder, f"metrics/{name}/"): columns for path, columns in plot["y"].items()
        }
        if is_forecast:
            entry.update(x_label="time", y_label=unit)
            # the axis of its template is one of dates
            if panel.ds.dtype.kind != "M":
                entry.pop("template", None)
        plots.append({ours: entry})
    return _with_lines(text, "plots", plots) if plots else text


def with_artifact(text: str, name: str, like: str) -> str:
    """dvc.yaml with the model of ``name`` among its artifacts, described as that of ``like`` is."""
    known = YAML().load(text).get("artifacts") or {}
    if like not in known or name in known:
        return text
    entry = deepcopy(known[like])
    entry["path"] = f"data/models/{name}"
    return _with_lines(text, "artifacts", {name: entry})


def _with_lines(text: str, key: str, more: object) -> str:
    """``text`` with ``more`` at the end of what its top-level ``key`` holds."""
    lines, tree = list(io.StringIO(text)), YAML().load(text)
    places = [tree.lc.key(each)[0] for each in tree]
    end = min((place for place in places if place > tree.lc.key(key)[0]), default=len(lines))
    # what stands right above the next key belongs to that
    while re.match(r"#|\s*$", lines[end - 1]):
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    dumped = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump({key: more}, dumped)
    added = dumped.getvalue().split("\n", 1)[1]
    # ruamel keeps the columns of comments, whatever the length of the value before them
    added = re.sub(r"(?<=\S) +# ", "  # ", added)
    return "".join([*lines[:end], added, *lines[end:]])
