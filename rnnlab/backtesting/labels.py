"""Labels and number formats of methods, measures and protocols, for plots, tables and text."""

from collections.abc import Mapping, Sequence

from rnnlab.core.text import join_names

# the network, the combination, and the normalization alone
OWN_METHODS = ("model", "combination", "control")
# and the pretrained network, which is no classical method either
NOT_BASELINES = (*OWN_METHODS, "zero_shot", "fine_tuned")
MEASURES = {
    "mape": ("MAPE", "{:.1f} %"),
    "smape": ("sMAPE", "{:.1f} %"),
    "mase": ("MASE", "{:.3f}"),
    "mae": ("MAE", "{:.4g}"),
    "msis": ("MSIS", "{:.2f}"),
}
PROTOCOL_LABELS = {
    "one_step": "one step ahead",
    "year": "last period at once",
    "long": "whole test at once",
    "rolling": "a period ahead from each origin",
}
# a line can show these; rolling forecasts overlap
PLOTTED_PROTOCOLS = ("one_step", "year", "long")


def usable_measure(scores: dict, protocol: str, wanted: tuple[str, ...]) -> str:
    """The first of ``wanted`` that the model has, or the last.

    MAPE is undefined where y is 0, MASE where y repeats exactly.
    """
    known = [measure for measure in wanted if scores["model"][protocol][measure] is not None]
    return known[0] if known else wanted[-1]


def best_baseline(scores: dict, protocol: str, measure: str) -> str | None:
    """The baseline with the lowest ``measure``; None if no baseline has it."""
    known = {
        method: by_protocol[protocol][measure]
        for method, by_protocol in scores.items()
        if method not in NOT_BASELINES and by_protocol[protocol][measure] is not None
    }
    return min(known, key=lambda method: known[method]) if known else None


def format_measure(value: float | None, measure: str) -> str:
    return "undefined" if value is None else MEASURES[measure][1].format(value)


def describe_scores(scores: dict, protocol: str, measure: str, others: dict[str, str]) -> str:
    """One measure of the model and of other methods, such as "MASE 0.39, best baseline ets 0.49".

    Args:
        others: labels by method.
    """
    texts = [
        f"{MEASURES[measure][0]} {format_measure(scores['model'][protocol][measure], measure)}"
    ]
    for method, label in others.items():
        texts.append(f"{label} {format_measure(scores[method][protocol][measure], measure)}")
    return ", ".join(texts)


def fallback_lines(counts: Mapping[str, int]) -> list[str]:
    """A line that counts the series for which a method failed; none if no method did."""
    failed = [f"{name} for {count}" for name, count in counts.items() if count]
    text = "Where a method failed, the seasonal naive forecast was used"
    return [f"{text}: {join_names(failed)} series."] if failed else []


def kept_lines(best_steps: Sequence[int]) -> list[str]:
    """A line that counts how often fine-tuning left the network as it was; none if it never did."""
    kept = sum(step == 0 for step in best_steps)
    why = "the series are too short, or the gain may be chance"
    line = f"fine_tuned: {kept} of {len(best_steps)} fits keep zero_shot's network, since {why}."
    return [line] if kept else []
