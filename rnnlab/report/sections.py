"""A task's section of the report page: what was run, its scores, and every picture."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from PIL import Image, UnidentifiedImageError

from rnnlab.core.errors import InputError
from rnnlab.core.files import read_json, read_table
from rnnlab.core.params import ImagesTask, Params, SeriesTask
from rnnlab.report import charts
from rnnlab.report.tables import ScoreTable, images_table, series_table
from rnnlab.report.uncertainty import said_of_members

# what to look for in each picture; what is found there its own title says
GUIDES = {
    "digits": "What the network has to read, and how it did.",
    "confusion": "A row is a class, a column what the network took it for. Off the diagonal lie "
    "the mistakes: a strong colour is a pair of classes that it mixes up.",
    "mistakes": "The mistakes of which the network was most certain: some nobody could read.",
    "early": "The network answers after each step of the sequence: how much of an image it needs, "
    "and when it comes to know each class.",
    "series": "The whole series, and forecasts over the truth: both should rise and fall together.",
    "test": "The test part closely. Of the true values 80 % should lie within the inner band and "
    "95 % within the outer one.",
    "errors_by_step": "How errors grow the further a forecast looks ahead. The lowest line is best "
    "at that distance.",
    "residuals": "A good forecast leaves noise alone: no drift over time, a hill around 0, and no "
    "autocorrelation outside the band.",
    "scores": "Every method by every protocol, the best at the top.",
    "intervals": "A point on its dashed line: the interval holds as many values as it promises; to "
    "the left of it, fewer. The bars tell what width that took: short is good.",
    "curves": "Both losses fall while the network learns. Where validation rises and training goes "
    "on falling, it learns by heart.",
}


@dataclass(frozen=True)
class Plot:
    """A picture, and charts of the same figures to hover over.

    Attributes:
        title: what is to be seen, as the picture says it; empty where it does not.
        png: the picture's bytes, in base64.
    """

    name: str
    guide: str
    title: str
    png: str
    charts: list[charts.Spec]


@dataclass(frozen=True)
class Section:
    """What the page shows of a task.

    Attributes:
        facts: what was run, by heading.
        blocks: all parameters, by block.
        said: sentences on the scores.
    """

    name: str
    facts: dict[str, str]
    blocks: dict[str, dict]
    table: ScoreTable
    said: list[str]
    plots: list[Plot] = field(default_factory=list)


def section_of(name: str, params: Params, scores: dict, said: list[str]) -> Section:
    """The section of task ``name``; what is not on disk is left out.

    Args:
        scores: scores.json.
        said: sentences on the scores.
    """
    task, tables = params.tasks[name], tables_of(name)
    if isinstance(task, ImagesTask):
        table = images_table(scores, tables.get("predictions"))
    else:
        table = series_table(scores, tables.get("series"), tables.get("forecasts"))
    card = Path("data/models") / name / "card.json"
    trained = read_json(card, f"train@{name}") if card.is_file() else None
    more = [] if trained is None else [*said_of_members(trained), *_changed(task, params, trained)]
    return Section(
        name,
        _facts(name, params, tables, trained),
        task.model_dump(exclude={"kind"}, exclude_none=True),
        table,
        said + more,
        _plots(name, task, tables, scores),
    )


def _changed(task: ImagesTask | SeriesTask, params: Params, trained: dict) -> list[str]:
    """A sentence, if the networks were trained with other parameters than those shown."""
    now = {"model": task.model, "train": task.train}
    shown = {block: settings.model_dump(mode="json") for block, settings in now.items()}
    if task.train.precision == "auto":
        # the card holds what it became
        shown["train"]["precision"] = trained["train"]["precision"]
    if {**shown, "seed": params.seed} == {key: trained[key] for key in (*shown, "seed")}:
        return []
    return ["params.yaml has changed since these networks were trained: run `dvc repro`."]


def tables_of(name: str) -> dict[str, pd.DataFrame]:
    """The tables that evaluate wrote for a task, by name, as far as they are there."""
    folder = Path("metrics") / name
    paths = [folder / "predictions.csv", *sorted((folder / "tables").glob("*.csv"))]
    return {p.stem: read_table(p, f"evaluate@{name}") for p in paths if p.is_file()}


def _facts(
    name: str, params: Params, tables: dict[str, pd.DataFrame], trained: dict | None
) -> dict[str, str]:
    task = params.tasks[name]
    model, train = task.model, task.train
    tested = tables.get("predictions")
    if isinstance(task, ImagesTask):
        what = f"{task.data.dataset}, read by {task.windows.sequence}"
        size = "" if tested is None else f"; {len(tested):,} test images"
    else:
        what = f"{task.data.csv}, period {task.data.period}"
        size = "" if tested is None or tested.empty else _span(tested)
    networks = f"{train.ensemble} networks: " if train.ensemble > 1 else ""
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    both = ", bidirectional" if model.bidirectional else ""
    precision = train.precision if trained is None else trained["train"]["precision"]
    facts = {
        "Data": what + size,
        "Network": f"{networks}{model.cell.upper()}, {layers} of {model.hidden_size}{both}",
        "Training": f"{train.epochs:,} epochs at most, {train.optimizer}, learning rate "
        f"{train.learning_rate:g}, batches of {train.batch_size:,}, seed {params.seed}, "
        f"computed in {precision}",
    }
    speed = Path("metrics") / name / "speed.json"
    if speed.is_file():
        took = read_json(speed, f"train@{name}")
        facts["Last training"] = (
            f"{took['train_seconds']:,.0f} s on {took['device']} with {took['threads']} threads, "
            f"{took['peak_memory_mib']:,} MiB of memory at most"
        )
    return facts


def _span(tested: pd.DataFrame) -> str:
    count = tested["unique_id"].nunique()
    series = "1 series" if count == 1 else f"{count:,} series"
    return f"; {series}, tested from {tested['ds'].min()} to {tested['ds'].max()}"


def _plots(
    name: str, task: ImagesTask | SeriesTask, tables: dict[str, pd.DataFrame], scores: dict
) -> list[Plot]:
    folder = Path("metrics") / name / "plots"
    known = list(GUIDES)
    paths = sorted(
        folder.glob("*.png"),
        key=lambda path: known.index(path.stem) if path.stem in known else len(known),
    )
    plots = []
    for path in paths:
        try:
            with Image.open(path) as picture:
                title = picture.info.get("Title", "")
        except UnidentifiedImageError:
            raise InputError(
                f"{path} is damaged: delete it and run `dvc repro plot@{name}`"
            ) from None
        png = base64.b64encode(path.read_bytes()).decode()
        drawn = _charts(path.stem, task, tables, scores)
        plots.append(Plot(path.stem, GUIDES.get(path.stem, ""), title, png, drawn))
    return plots


def _charts(
    plot: str, task: ImagesTask | SeriesTask, tables: dict[str, pd.DataFrame], scores: dict
) -> list[charts.Spec]:
    """Charts of the figures of a picture, where there are any to hover over."""
    match plot:
        case "curves" if "curves" in tables:
            curves = tables["curves"]
            accuracy = "validation_accuracy" in curves
            return [charts.loss_chart(curves), *([charts.accuracy_chart(curves)] * accuracy)]
        case "confusion" if "predictions" in tables:
            return [charts.confusion_chart(tables["predictions"])]
        case "early" if "early" in tables:
            return [charts.early_chart(tables["early"])]
        case "test" if "forecasts" in tables and isinstance(task, SeriesTask):
            return [charts.forecast_chart(tables["forecasts"], scores, task.plot.unit)]
        case "errors_by_step" if "by_step" in tables and tables["by_step"]["mase"].notna().any():
            return [charts.steps_chart(tables["by_step"])]
    return []
