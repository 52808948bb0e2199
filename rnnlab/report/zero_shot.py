"""The section of the pretrained network on the report page, and its scores as a table."""

from pathlib import Path

from rnnlab.core.files import read_json, read_table
from rnnlab.core.params import Params
from rnnlab.report import charts
from rnnlab.report.sections import Plot, Section, read_picture
from rnnlab.report.tables import ScoreTable, format_number

SCORES = Path("metrics/zero_shot/scores.json")
MODEL = Path("models/zero_shot")
STAGE = "evaluate_zero_shot"
CAPTIONS = {
    "forecasts": "The last season of each series was held out; the outer band should contain 95 % "
    "of the true values, the inner band 80 %.",
    "guess": "The synthetic series are of the kind that the network learns from. The better they "
    "are, the harder it is to tell which are real. The answer: metrics/zero_shot/plots/guess.csv.",
    "loss": "Every batch is new: the loss is on series that the network has not seen before.",
}


def zero_shot_table(scores: dict) -> ScoreTable:
    """Errors relative to the seasonal naive forecast, and coverage of the intervals."""
    groups = {"real series": scores["real"], "synthetic series": scores["synthetic"]}
    groups |= {
        f"- period {period}": found for period, found in scores["synthetic_by_period"].items()
    }
    rows = [
        [
            name,
            f"{found['series']:,}",
            format_number(found["relative_mase"], 3),
            format_number(found["relative_quantile_loss"], 3),
            f"{format_number(found['coverage_80'], 0)} / {format_number(found['coverage_95'], 0)}",
        ]
        for name, found in groups.items()
    ]
    return ScoreTable(
        "errors by those of seasonal naive; coverage",
        ["scored on", "series", "MASE", "quantile loss", "in 80 / 95 % intervals (%)"],
        rows,
        [
            "Below 1 the network is better than the value one period earlier. The synthetic series "
            "come from the generators that it learned from, but training drew none of them; the "
            "real ones are those of statsmodels, their last season held out.",
        ],
    )


def section_of_zero_shot(params: Params, scores: dict) -> Section:
    """The section; files that are missing are skipped.

    Args:
        scores: metrics/zero_shot/scores.json.
    """
    settings = params.zero_shot.model_dump()
    blocks = {name: settings.pop(name) for name in ("evaluate", "plot")}
    return Section(
        "zero_shot",
        _facts(params, scores),
        {"pretrain": settings, **blocks},
        zero_shot_table(scores),
        _stale_finding(settings),
        _plots(),
    )


def _facts(params: Params, scores: dict) -> dict[str, str]:
    settings = params.zero_shot
    series = settings.steps * settings.batch_size
    facts = {
        "Data": f"{series:,} synthetic series, drawn as the network trains",
        "Network": f"GRU of {settings.hidden_size}, decoder of {settings.decoder_size}; "
        f"{scores['parameters']:,} weights",
        "Training": f"{settings.steps:,} steps of {settings.batch_size:,} series, adamw, learning "
        f"rate {settings.learning_rate:g}, seed {settings.seed}",
    }
    speed_file = SCORES.with_name("speed.json")
    if speed_file.is_file():
        speed = read_json(speed_file, "pretrain")
        facts["Last training"] = (
            f"{speed['train_seconds']:,.0f} s on {speed['device']}; making series took "
            f"{speed['making_series']:.0%} of that, in {speed['workers']} workers beside it"
        )
    return facts


def _stale_finding(settings: dict) -> list[str]:
    """A sentence if block zero_shot differs from what the network was trained with."""
    card = MODEL / "card.json"
    if not card.is_file():
        return []
    trained = read_json(card, "pretrain")
    if all(trained[key] == value for key, value in settings.items() if key in trained):
        return []
    return ["params.yaml has changed since this network was trained: run `dvc repro pretrain`."]


def _plots() -> list[Plot]:
    plots = []
    for name, caption in CAPTIONS.items():
        path = SCORES.with_name("plots") / f"{name}.png"
        if not path.is_file():
            continue
        title, png = read_picture(path, "plot_zero_shot")
        drawn = []
        if name == "loss" and (MODEL / "curves.csv").is_file():
            curve = read_table(MODEL / "curves.csv", "pretrain")
            # the first losses would flatten the rest
            curve = curve.iloc[len(curve) // 20 :]
            lines = ["loss", "smoothed"]
            drawn = [charts.line_chart(curve, "step", lines, lines, "mean loss", ".4~g")]
        plots.append(Plot(name, caption, title, png, drawn))
    return plots
