"""What the scores of series say, in sentences."""

import pandas as pd

from rnnlab.core.text import join_names, readable
from rnnlab.forecasting.labels import NOT_BASELINES, fallback_lines

# a difference that chance alone makes less often than this is called significant
SIGNIFICANT = 0.05
MOST_LEFT_OUT = 10


def findings(
    scores: dict,
    validation: pd.DataFrame,
    comparison: pd.DataFrame,
    stand_ins: pd.DataFrame,
    left_out: dict[str, str],
) -> list[str]:
    """What a user is to know of a series task: plain text, a sentence or two a line.

    Args:
        scores: scores.json.
        validation, comparison, stand_ins: the tables of these names that evaluate writes.
        left_out: why series of the file are not among those that were forecast, by id.
    """
    main, year = (on_validation(validation[validation["fit"] == fit]) for fit in ("main", "year"))
    return [
        main,
        f"For year: {year[0].lower()}{year[1:]}",
        paired_tests(comparison),
        *interval_coverage(scores),
        *series_left_out(left_out),
        *fallback_lines(dict(stand_ins.itertuples(index=False))),
    ]


def on_validation(fit: pd.DataFrame) -> str:
    """Whether the network is the best method on validation, and what forecasts use therefore.

    Args:
        fit: the rows of one fit of validation.csv: method, mase, weight.
    """
    errors = fit.set_index("method")["mase"].dropna()
    baselines = errors.drop([*NOT_BASELINES], errors="ignore")
    used = _weights_in_words(fit)
    if "model" not in errors:
        return f"On validation the network has no MASE; forecasts use {used}."
    ours = f"{errors['model']:.3f}"
    if baselines.empty:
        return (
            f"On validation the network has MASE {ours}, beside no baseline; forecasts use {used}."
        )
    best = baselines.idxmin()
    theirs = f"{baselines[best]:.3f}"
    if errors["model"] < baselines[best]:
        return (
            f"On validation the network is best: MASE {ours} against {readable(best)} {theirs}. "
            f"Forecasts use {used}."
        )
    if errors["model"] == baselines[best]:
        return (
            f"On validation the network and {readable(best)} have MASE {ours}; "
            f"forecasts use {used}."
        )
    return (
        f"Nothing learned beats {readable(best)} on validation (MASE {ours} against {theirs}): "
        f"forecasts use {used}."
    )


def _weights_in_words(fit: pd.DataFrame) -> str:
    weights = fit.set_index("method")["weight"]
    weights = weights[weights > 0].sort_values(ascending=False, kind="stable")
    if len(weights) == 1:
        return f"{readable(weights.index[0])} alone"
    shares = [f"{100 * weight:.0f} % {readable(method)}" for method, weight in weights.items()]
    return f"the combination that does best there: {join_names(shares)}"


def paired_tests(comparison: pd.DataFrame) -> str:
    """Which differences between the model and other methods are more than chance, by protocol.

    Args:
        comparison: protocol, method, difference (below 0 where the model is better), test, p_value.
    """
    known = comparison.dropna(subset=["p_value"])
    if known.empty:
        return "Paired tests: the forecasts are too few, or too alike, to tell methods apart."
    said = [
        f"{readable(protocol)}: {_differences(rows)}"
        for protocol, rows in known.groupby("protocol", sort=False)
    ]
    return f"The model in paired tests at 5 % ({known['test'].iloc[0]}): {'; '.join(said)}."


def _differences(rows: pd.DataFrame) -> str:
    certain = rows["p_value"] < SIGNIFICANT
    better = rows.loc[certain & (rows["difference"] < 0), "method"]
    worse = rows.loc[certain & (rows["difference"] > 0), "method"]
    undecided = rows.loc[~certain, "method"]
    words = [f"better than {join_names(better)}"] if len(better) else []
    words += [f"worse than {join_names(worse)}"] if len(worse) else []
    if len(undecided):
        # what the network adds to its own normalization is what readers look for
        own = undecided[undecided.isin(NOT_BASELINES)]
        among = f" ({join_names(own)} among them)" if len(own) else ""
        other, plural = "the other " if words else "", "s" if len(undecided) > 1 else ""
        words.append(f"no certain difference to {other}{len(undecided)} method{plural}{among}")
    return ", ".join(words)


def interval_coverage(scores: dict) -> list[str]:
    """How many values the intervals of the model and of what forecasts use hold, a line each."""
    lines = []
    for method in ("model", "combination"):
        held = [
            f"{readable(protocol)} {row['coverage_80']:.0f} / {row['coverage_95']:.0f}"
            for protocol, row in scores[method].items()
            if row["coverage_80"] is not None and row["coverage_95"] is not None
        ]
        if held:
            lines.append(f"80 / 95 % intervals of the {method} hold, in %: {', '.join(held)}.")
    return lines


def series_left_out(left_out: dict[str, str]) -> list[str]:
    """A line for each series that was not forecast, the first few of many."""
    first = list(left_out.items())[:MOST_LEFT_OUT]
    lines = [f"Left out: series {unique_id!r} {reason}" for unique_id, reason in first]
    if len(left_out) > len(first):
        lines.append(f"Left out: {len(left_out) - len(first)} more; the task's card.json lists all")
    return lines
