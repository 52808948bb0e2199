"""Findings of a series task as sentences: validation, paired tests, coverage, skipped series."""

import pandas as pd

from rnnlab.backtesting.labels import NOT_BASELINES, OWN_METHODS, fallback_lines
from rnnlab.core.text import join_names, readable

# p-values below this are called significant
SIGNIFICANCE_LEVEL = 0.05
MAX_LEFT_OUT = 10


def findings(
    scores: dict,
    validation: pd.DataFrame,
    comparison: pd.DataFrame,
    fallbacks: pd.DataFrame,
    left_out: dict[str, str],
) -> list[str]:
    """The findings of a series task: plain text, one or two sentences each.

    Args:
        scores: scores.json.
        validation, comparison, fallbacks: evaluate's tables of these names.
        left_out: why series of the file were skipped, by id.
    """
    main, year = (
        validation_finding(validation[validation["fit"] == fit]) for fit in ("main", "year")
    )
    return [
        main,
        f"In fit year: {year[0].lower()}{year[1:]}",
        paired_test_finding(comparison),
        *coverage_findings(scores),
        *left_out_lines(left_out),
        *fallback_lines(dict(fallbacks.itertuples(index=False))),
    ]


def validation_finding(fit: pd.DataFrame) -> str:
    """How the network compares with the best other method on validation, and which are used.

    The other methods are the baselines and the pretrained network.

    Args:
        fit: the rows of one fit of validation.csv: method, mase, weight.
    """
    errors = fit.set_index("method")["mase"].dropna()
    others = errors.drop([*OWN_METHODS], errors="ignore")
    used = _describe_weights(fit)
    if "model" not in errors:
        return f"On validation the network has no MASE. The combination is {used}."
    ours = f"{errors['model']:.3f}"
    if others.empty:
        return (
            f"On validation the network has MASE {ours}; there are no baselines. "
            f"The combination is {used}."
        )
    best = others.idxmin()
    theirs = f"{others[best]:.3f}"
    if errors["model"] < others[best]:
        return (
            f"On validation the network is best: MASE {ours}, {readable(best)} {theirs}. "
            f"The combination is {used}."
        )
    if errors["model"] == others[best]:
        return (
            f"On validation the network and {readable(best)} have MASE {ours}. "
            f"The combination is {used}."
        )
    return (
        f"On validation the network does not beat {readable(best)}: MASE {ours}, {readable(best)} "
        f"{theirs}. The combination is {used}."
    )


def _describe_weights(fit: pd.DataFrame) -> str:
    weights = fit.set_index("method")["weight"]
    weights = weights[weights > 0].sort_values(ascending=False, kind="stable")
    if len(weights) == 1:
        return f"{readable(weights.index[0])} alone"
    shares = [f"{100 * weight:.0f} % {readable(method)}" for method, weight in weights.items()]
    return join_names(shares)


def paired_test_finding(comparison: pd.DataFrame) -> str:
    """Which methods differ significantly from the model, by protocol.

    Args:
        comparison: protocol, method, difference (below 0 where the model is better), test, p_value.
    """
    known = comparison.dropna(subset=["p_value"])
    if known.empty:
        return "Paired tests: none was possible, since forecasts are too few or too similar."
    by_protocol = [
        f"{readable(protocol)}: {_describe_differences(rows)}"
        for protocol, rows in known.groupby("protocol", sort=False)
    ]
    return f"Paired tests of the model at 5 % ({known['test'].iloc[0]}): {'; '.join(by_protocol)}."


def _describe_differences(rows: pd.DataFrame) -> str:
    significant = rows["p_value"] < SIGNIFICANCE_LEVEL
    better = rows.loc[significant & (rows["difference"] < 0), "method"]
    worse = rows.loc[significant & (rows["difference"] > 0), "method"]
    undecided = rows.loc[~significant, "method"]
    parts = [f"better than {join_names(better)}"] if len(better) else []
    parts += [f"worse than {join_names(worse)}"] if len(worse) else []
    if len(undecided):
        # readers look for the control, the combination and the pretrained network
        own = undecided[undecided.isin(NOT_BASELINES)]
        including = f", including {join_names(own)}" if len(own) else ""
        other, plural = "the other " if parts else "", "s" if len(undecided) > 1 else ""
        parts.append(
            f"no significant difference to {other}{len(undecided)} method{plural}{including}"
        )
    return ", ".join(parts)


def coverage_findings(scores: dict) -> list[str]:
    """Coverage of the intervals of the model and of the combination, a line each."""
    lines = []
    for method in ("model", "combination"):
        coverage = [
            f"{readable(protocol)} {row['coverage_80']:.0f} / {row['coverage_95']:.0f}"
            for protocol, row in scores[method].items()
            if row["coverage_80"] is not None and row["coverage_95"] is not None
        ]
        if coverage:
            lines.append(
                f"Coverage of the {method}'s 80 / 95 % intervals, in %: {', '.join(coverage)}."
            )
    return lines


def left_out_lines(left_out: dict[str, str]) -> list[str]:
    """A line for each skipped series, for the first few of many."""
    first = list(left_out.items())[:MAX_LEFT_OUT]
    lines = [f"Skipped: series {unique_id!r} {reason}" for unique_id, reason in first]
    if len(left_out) > len(first):
        lines.append(f"Skipped: {len(left_out) - len(first)} more; the task's card.json lists all")
    return lines
