"""Draw the plots of a task, or of zero_shot; each title states the result.

Reads:   params.yaml (tasks.TASK.plot), data/normalized/TASK/, metrics/TASK/: scores.json,
         predictions.csv and tables/
         zero_shot: params.yaml (zero_shot.plot), models/zero_shot/curves.csv, and
         metrics/zero_shot/tables/
Writes:  metrics/TASK/plots/:
         images: curves.png (loss by epoch), digits.png, confusion.png, mistakes.png, early.png
         series: curves.png, series.png, test.png, errors_by_step.png, residuals.png, scores.png,
         intervals.png, and with covariates effects.png
         zero_shot: loss.png (by step), forecasts.png, guess.png (synthetic series and real
         ones) and guess.csv (which is which)
Needs:   the outputs of `dvc repro evaluate@TASK`; for zero_shot, of `dvc repro evaluate_zero_shot`
"""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.colors import is_color_like, to_rgba
from matplotlib.figure import Figure

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_folder, read_json, read_table, read_tensors, write_table
from rnnlab.core.param_types import ZERO_SHOT
from rnnlab.core.params import ImagesPlot, Params, SeriesPlot
from rnnlab.core.stage import run_task_stage
from rnnlab.plots.effects import effects_figure
from rnnlab.plots.images import (
    confusion_figure,
    digits_figure,
    early_figure,
    mistakes_figure,
)
from rnnlab.plots.residuals import residuals_figure
from rnnlab.plots.scores import curves_figure, intervals_figure, scores_figure, steps_figure
from rnnlab.plots.series import closeup_figure, load_series, overview_figure
from rnnlab.plots.style import STYLE
from rnnlab.plots.zero_shot import (
    forecasts_figure,
    guess_figure,
    panels_to_guess,
    pretraining_figure,
    solution,
)
from rnnlab.series.examples import load_examples


def main(name: str, params: Params) -> None:
    pretrained = name == ZERO_SHOT
    plot = params.zero_shot.plot if pretrained else params.task(name).plot
    check_color("zero_shot" if pretrained else f"tasks.{name}", plot.color)
    with output_folder(Path("metrics") / name / "plots") as folder, matplotlib.rc_context():
        # a user's matplotlibrc must not change the bytes
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE | {"figure.dpi": plot.dpi})
        figures = draw_zero_shot(folder, plot.color) if pretrained else draw_task(name, params)
        for stem, figure in figures.items():
            # without the version of matplotlib; the report reads the title
            metadata = {"Software": None, "Title": figure.get_suptitle()}
            figure.savefig(folder / f"{stem}.png", metadata=metadata)


def draw_task(name: str, params: Params) -> dict[str, Figure]:
    normalized = Path("data/normalized") / name
    card = read_json(normalized / "card.json", f"normalize@{name}")
    if card["kind"] == "images":
        figures = draw_images(name, normalized, card, params.images(name).plot)
    else:
        figures = draw_series(name, normalized, card, params.series(name).plot)
    color = params.task(name).plot.color
    figures["curves"] = curves_figure(read_evaluated(name, "tables/curves.csv"), color)
    return figures


def check_color(block: str, color: str) -> None:
    # matplotlib accepts "none", which is invisible
    if not is_color_like(color) or to_rgba(color)[3] == 0:
        raise InputError(
            f"params.yaml: {block}.plot.color: {color!r} is not a matplotlib color; "
            "write one such as '#1f6fb4' or navy"
        )


def read_evaluated(name: str, file: str) -> pd.DataFrame:
    return read_table(Path("metrics") / name / file, f"evaluate@{name}")


def draw_zero_shot(folder: Path, color: str) -> dict[str, Figure]:
    """Draw the figures, and write the solution of the one to guess from."""
    forecasts = read_table(Path("metrics/zero_shot/tables/forecasts.csv"), "evaluate_zero_shot")
    curve = read_table(Path("models/zero_shot/curves.csv"), "pretrain")
    examples = load_examples()
    panels = panels_to_guess(examples)
    write_table(folder / "guess.csv", solution(panels))
    return {
        "loss": pretraining_figure(curve, color),
        "forecasts": forecasts_figure(examples, forecasts, color),
        "guess": guess_figure(panels),
    }


def draw_images(name: str, normalized: Path, card: dict, plot: ImagesPlot) -> dict[str, Figure]:
    scores = read_json(Path("metrics") / name / "scores.json", f"evaluate@{name}")
    images = read_tensors(normalized / "images.safetensors", f"normalize@{name}")["test_images"]
    predictions = read_evaluated(name, "predictions.csv")
    figures = {
        "digits": digits_figure(images, predictions, plot.sheet),
        "confusion": confusion_figure(predictions, card["classes"]),
        "mistakes": mistakes_figure(images, predictions),
    }
    # evaluate writes it only if early_reading is true
    if (Path("metrics") / name / "tables/early.csv").exists():
        early = read_evaluated(name, "tables/early.csv")
        sequence = scores["sequence"]
        figures["early"] = early_figure(early, images[0], card["classes"], sequence, plot.color)
    return figures


def draw_series(name: str, normalized: Path, card: dict, plot: SeriesPlot) -> dict[str, Figure]:
    scores = read_json(Path("metrics") / name / "scores.json", f"evaluate@{name}")
    tensors = read_tensors(normalized / "series.safetensors", f"normalize@{name}")
    panel = load_series(tensors, card, read_evaluated(name, "tables/forecasts.csv"))
    total, by_step = len(card["ids"]), read_evaluated(name, "tables/by_step.csv")
    figures = {
        "series": overview_figure(panel, total, scores, plot.unit, plot.color),
        "test": closeup_figure(panel, total, scores, plot.unit, plot.color),
        "errors_by_step": steps_figure(by_step, plot.color),
        "residuals": residuals_figure(panel, total, card["period"], plot.unit, plot.color),
        "scores": scores_figure(scores, plot.color),
        "intervals": intervals_figure(scores, plot.color),
    }
    # evaluate writes it only for a task with covariates
    if (Path("metrics") / name / "tables/effects.csv").exists():
        effects = read_evaluated(name, "tables/effects.csv")
        figures["effects"] = effects_figure(effects, plot.unit, plot.color)
    return figures


if __name__ == "__main__":
    run_task_stage(__doc__, main, also=(ZERO_SHOT,))
