"""A task's section of the report page: its settings, scores and plots."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from PIL import Image, UnidentifiedImageError

from rnnlab.core.errors import InputError
from rnnlab.core.files import read_json, read_table
from rnnlab.core.params import ImagesTask, Params, SeriesTask
from rnnlab.report import charts
from rnnlab.report.drawing import Drawing, drawing_of
from rnnlab.report.searches import SearchPart, search_of
from rnnlab.report.tables import ScoreTable, images_table, series_table
from rnnlab.report.uncertainty import ensemble_findings

# what to look for in each plot; the result is in its title
CAPTIONS = {
    "digits": "The first test images, with the network's predictions.",
    "confusion": "Rows are true classes, columns predicted classes. Mistakes are off the diagonal: "
    "a strong colour marks two classes that the network confuses.",
    "mistakes": "The mistakes with the highest confidence. Some of these digits are illegible.",
    "early": "The accuracy after each step of the sequence shows how much of an image the network "
    "needs, and when it recognizes each class.",
    "series": "The whole series and the forecasts, which should follow the truth.",
    "test": "The test part in detail. The inner band should contain 80 % of the true values, the "
    "outer band 95 %.",
    "errors_by_step": "How errors grow with the number of steps ahead; lower is better.",
    "residuals": "The residuals of a good forecast are noise: no drift over time, a peak around "
    "0, and no autocorrelation outside the band.",
    "scores": "All methods by protocol, the best at the top.",
    "intervals": "Points on their dashed line have the nominal coverage, points left of it less. "
    "Bars show the interval score, which also counts width: short is good.",
    "effects": "What a usual change of each covariate adds to a value. The forecasts hold it.",
    "curves": "Both losses fall while the network learns. If validation loss rises while training "
    "loss falls, the network overfits.",
}


@dataclass(frozen=True)
class Plot:
    """A plot, and interactive charts of the same data.

    Attributes:
        title: from the PNG; empty if it has none.
        png: the bytes of the PNG, in base64.
    """

    name: str
    caption: str
    title: str
    png: str
    charts: list[charts.Spec]


@dataclass(frozen=True)
class Section:
    """A task on the page.

    Attributes:
        facts: data, network and training, by heading.
        blocks: all parameters, by block.
        findings: sentences about the scores.
        drawing: the part "Draw" of an images task.
        search: what a search over parameters has found.
    """

    name: str
    facts: dict[str, str]
    blocks: dict[str, dict]
    table: ScoreTable
    findings: list[str]
    plots: list[Plot] = field(default_factory=list)
    drawing: Drawing | None = None
    search: SearchPart | None = None


def section_of(name: str, params: Params, scores: dict, findings: list[str]) -> Section:
    """The section of task ``name``; missing files are skipped.

    Args:
        scores: scores.json.
        findings: sentences about the scores.
    """
    task, tables = params.tasks[name], tables_of(name)
    drawing = None
    if isinstance(task, ImagesTask):
        table = images_table(scores, tables.get("predictions"))
        drawing = drawing_of(name, tables.get("predictions"))
    else:
        table = series_table(scores, tables.get("series"), tables.get("forecasts"))
    card = Path("data/models") / name / "card.json"
    trained = read_json(card, f"train@{name}") if card.is_file() else None
    more = []
    if trained is not None:
        more = [*ensemble_findings(trained), *_stale_finding(task, params, trained)]
    return Section(
        name,
        _facts(name, params, tables, trained),
        task.model_dump(exclude={"kind"}, exclude_none=True),
        table,
        findings + more,
        _plots(name, task, tables, scores),
        drawing,
        search_of(name),
    )


def _stale_finding(task: ImagesTask | SeriesTask, params: Params, trained: dict) -> list[str]:
    """A sentence if params.yaml differs from the parameters that the networks were trained with."""
    now = {"model": task.model, "train": task.train}
    shown = {block: settings.model_dump(mode="json") for block, settings in now.items()}
    if task.train.precision == "auto":
        # the card has the precision that was used
        shown["train"]["precision"] = trained["train"]["precision"]
    if {**shown, "seed": params.seed} == {key: trained[key] for key in (*shown, "seed")}:
        return []
    return ["params.yaml has changed since these networks were trained: run `dvc repro`."]


def tables_of(name: str) -> dict[str, pd.DataFrame]:
    """The tables that evaluate wrote for a task, by name; missing ones are skipped."""
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
    longest = f"{train.steps:,} steps" if train.steps else f"{train.epochs:,} epochs"
    precision = train.precision if trained is None else trained["train"]["precision"]
    facts = {
        "Data": what + size,
        "Network": f"{networks}{model.cell.upper()}, {layers} of {model.hidden_size}{both}",
        "Training": f"up to {longest}, {train.optimizer}, learning rate "
        f"{train.learning_rate:g}, batches of {train.batch_size:,}, seed {params.seed}, "
        f"computed in {precision}",
    }
    speed_file = Path("metrics") / name / "speed.json"
    if speed_file.is_file():
        speed = read_json(speed_file, f"train@{name}")
        facts["Last training"] = (
            f"{speed['train_seconds']:,.0f} s on {speed['device']}, {speed['threads']} threads, "
            f"peak memory {speed['peak_memory_mib']:,} MiB"
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
    known = list(CAPTIONS)
    paths = sorted(
        folder.glob("*.png"),
        key=lambda path: known.index(path.stem) if path.stem in known else len(known),
    )
    plots = []
    for path in paths:
        title, png = read_picture(path, f"plot@{name}")
        drawn = _charts(path.stem, task, tables, scores)
        plots.append(Plot(path.stem, CAPTIONS.get(path.stem, ""), title, png, drawn))
    return plots


def read_picture(path: Path, stage: str) -> tuple[str, str]:
    """The title of a PNG, empty if it has none, and its bytes in base64."""
    try:
        with Image.open(path) as image:
            title = image.info.get("Title", "")
    except UnidentifiedImageError:
        raise InputError(f"{path} is damaged: delete it and run `dvc repro {stage}`") from None
    return title, base64.b64encode(path.read_bytes()).decode()


def _charts(
    plot: str, task: ImagesTask | SeriesTask, tables: dict[str, pd.DataFrame], scores: dict
) -> list[charts.Spec]:
    """The interactive charts of a plot, if it has any."""
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
