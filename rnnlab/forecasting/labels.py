"""What methods, measures and protocols are called, in plots, tables and sentences."""

from collections.abc import Mapping

from rnnlab.core.text import join_names

# the network, the mean that validation prefers, and the normalization alone: no baselines
OURS = ("model", "combination", "control")
MEASURES = {
    "mape": ("MAPE", "{:.1f} %"),
    "smape": ("sMAPE", "{:.1f} %"),
    "mase": ("MASE", "{:.3f}"),
    "mae": ("MAE", "{:.4g}"),
    "msis": ("MSIS", "{:.2f}"),
}
PROTOCOL_WORDS = {
    "one_step": "one step ahead",
    "year": "last period at once",
    "long": "whole test at once",
    "rolling": "a period ahead from each origin",
}
# those that a line can show: rolling forecasts overlap
DRAWN = ("one_step", "year", "long")


def usable_measure(scores: dict, protocol: str, wanted: tuple[str, ...]) -> str:
    """The first of ``wanted`` that the model has: MAPE lacks where y is 0, MASE where y repeats."""
    known = [measure for measure in wanted if scores["model"][protocol][measure] is not None]
    return known[0] if known else wanted[-1]


def best_baseline(scores: dict, protocol: str, measure: str) -> str | None:
    known = {
        method: by_protocol[protocol][measure]
        for method, by_protocol in scores.items()
        if method not in OURS and by_protocol[protocol][measure] is not None
    }
    return min(known, key=lambda method: known[method]) if known else None


def in_figures(value: float | None, measure: str) -> str:
    return "no number" if value is None else MEASURES[measure][1].format(value)


def in_words(scores: dict, protocol: str, measure: str, others: dict[str, str]) -> str:
    """The measure of the model and of ``others``, whose words in the sentence are the values."""
    words = [f"{MEASURES[measure][0]} {in_figures(scores['model'][protocol][measure], measure)}"]
    for method, name in others.items():
        words.append(f"{name} {in_figures(scores[method][protocol][measure], measure)}")
    return ", ".join(words)


def stood_in(counts: Mapping[str, int]) -> list[str]:
    """For how many series the seasonal naive forecast stands in for a method: a line, or none."""
    failed = [f"{name} for {count}" for name, count in counts.items() if count]
    said = "The seasonal naive forecast stands in where a method fails"
    return [f"{said}: {join_names(failed)} series."] if failed else []
