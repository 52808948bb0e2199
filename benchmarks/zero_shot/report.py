"""The page of tables, in Markdown."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.scratch import markdown
from benchmarks.zero_shot.methods import LABELS
from benchmarks.zero_shot.published import AUTOMATIC
from benchmarks.zero_shot.results import HERE, PUBLISHED, REFERENCE
from benchmarks.zero_shot.scores import geometric_mean
from benchmarks.zero_shot.sets import EIGHT_NAMES, M4_HOURLY, SeriesSet

Key = tuple[str, str]  # method, where its scores are from
COLUMNS: list[Key] = [
    ("zero_shot", HERE),
    ("seasonal_naive", HERE),
    ("auto_ets", HERE),
    ("auto_ets", PUBLISHED),
    ("auto_theta", HERE),
    ("auto_theta", PUBLISHED),
    ("auto_arima", PUBLISHED),
    ("tirex", PUBLISHED),
    ("chronos_bolt_base", PUBLISHED),
    ("timesfm_2.0", PUBLISHED),
]
NOTES = """\
MASE is scaled by the seasonal naive error of the training part and averaged over series. WQL is
twice the pinball loss at .1 to .9 over the sum of absolute values, pooled over series and steps.
Relative: divided by the score of the seasonal naive forecast, whose published WQL is that of the
point forecast at every quantile; with intervals its WQL is lower (last column).
Published scores are those of autogluon/fev (benchmarks/chronos_zeroshot) on the same sets, with the
same steps and periods; `published.csv` beside the benchmark names the file of each. Sizes are in
weights."""


def page(
    scores: pd.DataFrame, tests: pd.DataFrame, sets: list[SeriesSet], speed: dict[str, dict]
) -> str:
    """All tables: a summary, each measure by set, other series, paired tests, speed."""
    by_name = {series.name: series for series in sets}
    eight = [name for name in EIGHT_NAMES if name in by_name]
    others = [name for name in by_name if name not in EIGHT_NAMES]
    seeds = scores.loc[scores["method"] == "zero_shot", "seed"].nunique()
    parts = ["# The zero-shot network against others", _sentence(seeds)]
    if eight:
        public = scores[scores["set"].isin(eight)]
        parts += ["## Summary", summary(public), NOTES]
        parts += ["## MASE", by_set(public, by_name, "mase", "{:.3f}")]
        parts += ["## Weighted quantile loss", by_set(public, by_name, "wql", "{:.4f}")]
        parts += ["## The seasonal naive forecast, here and published", proof(public)]
    if scores["coverage_80"].notna().any():
        parts += ["## Coverage of intervals, in per cent", coverages(scores, by_name)]
    if others:
        parts += ["## Other series", other_series(scores, by_name)]
    if len(tests):
        parts += ["## Do the differences exceed chance?", paired_tests(tests)]
    if speed:
        parts += ["## Speed", speeds(speed)]
    return "\n\n".join(parts) + "\n"


def _sentence(seeds: int) -> str:
    if not seeds:
        return "Statistical methods alone: the run had no weights."
    if seeds == 1:
        return "One network."
    return f"Mean of {seeds} networks (seeds); the lowest and the highest in brackets."


def spread(values: pd.Series, form: str) -> str:
    """The mean, and with several seeds the lowest and highest; empty if there are none."""
    known = values.dropna()
    if known.empty:
        return ""
    text = form.format(known.mean())
    if len(known) > 1:
        text += f" ({form.format(known.min())}–{form.format(known.max())})"
    return text


def columns_of(table: pd.DataFrame) -> list[Key]:
    known = set(zip(table["method"], table["where"], strict=True))
    return [key for key in COLUMNS if key in known]


def label(key: Key) -> str:
    """The name of a method, and whether its scores are quoted."""
    method, where = key
    return LABELS[method] + (", published" if where == PUBLISHED else "")


def of(table: pd.DataFrame, key: Key) -> pd.DataFrame:
    return table[(table["method"] == key[0]) & (table["where"] == key[1])]


def summary(table: pd.DataFrame) -> str:
    """Geometric means over the sets, and on how many sets the network has the lower MASE."""
    ours = of(table, ("zero_shot", HERE)).groupby("set")["mase"].mean()
    rows = []
    for key in columns_of(table):
        found = of(table, key)
        means = {
            measure: found.groupby("seed")[f"relative_{measure}"].agg(geometric_mean)
            for measure in ("mase", "wql")
        }
        theirs = found.groupby("set")["mase"].mean()
        wins = "" if key[0] == "zero_shot" or ours.empty else _count(ours, theirs)
        cells = [spread(means[measure], "{:.3f}") for measure in ("mase", "wql")]
        rows.append([label(key), *cells, wins])
    if not ours.empty:
        best = table[(table["where"] == PUBLISHED) & table["method"].isin(AUTOMATIC)]
        wins = _count(ours, best.groupby("set")["mase"].min())
        rows.append(
            ["best of AutoETS, AutoARIMA and AutoTheta, published, on each set", "", "", wins]
        )
    sets = table["set"].nunique()
    header = [
        "method",
        f"relative MASE, geometric mean of {sets} sets",
        "relative WQL, likewise",
        "sets with lower or equal MASE of the network",
    ]
    return markdown(header, rows)


def _count(ours: pd.Series, theirs: pd.Series) -> str:
    # equal to three decimals counts, as in the tables
    return f"{(ours.round(3) <= theirs.reindex(ours.index).round(3)).sum()} of {len(ours)}"


def by_set(table: pd.DataFrame, sets: dict[str, SeriesSet], measure: str, form: str) -> str:
    """A row for each set and one of geometric means; the lowest of a row in bold."""
    keys = columns_of(table)
    if measure == "wql":
        keys.append(("seasonal_naive_intervals", HERE))
    rows = []
    for name, found in table.groupby("set", sort=False):
        values = [of(found, key)[measure] for key in keys]
        rows.append([described(sets[str(name)]), *in_bold(values, form)])
    relative = [
        of(table, key).groupby("seed")[f"relative_{measure}"].agg(geometric_mean) for key in keys
    ]
    rows.append(["relative, geometric mean", *in_bold(relative, "{:.3f}")])
    return markdown(["set (series, steps, period)", *map(label, keys)], rows)


def in_bold(values: list[pd.Series], form: str) -> list[str]:
    """Cells of a row; those that are lowest as written are bold."""
    means = [form.format(each.mean()) if each.notna().any() else "" for each in values]
    lowest = min(filter(None, means), key=float, default="")
    cells = [spread(each, form) for each in values]
    return [
        f"**{cell}**" if mean and mean == lowest else cell
        for cell, mean in zip(cells, means, strict=True)
    ]


def described(series: SeriesSet) -> str:
    periods = ", ".join(str(period) for period in np.unique(series.periods))
    return f"{series.name} ({len(series.names):,}, {series.horizon}, {periods})"


def proof(table: pd.DataFrame) -> str:
    rows = []
    for name, found in table.groupby("set", sort=False):
        cells = [
            f"{of(found, ('seasonal_naive', where))[measure].iloc[0]:.4f}"
            for measure in ("mase", "wql")
            for where in (HERE, PUBLISHED)
        ]
        rows.append([str(name), *cells])
    header = ["set", "MASE here", "MASE published", "WQL here", "WQL published"]
    return markdown(header, rows)


def coverages(scores: pd.DataFrame, sets: dict[str, SeriesSet]) -> str:
    """Coverage of 80 and 95 % intervals over all series and steps of a set."""
    known = scores[(scores["where"] == HERE) & ~scores["method"].isin(["naive", "seasonal_naive"])]
    methods = list(dict.fromkeys(known["method"]))
    methods.sort(key=lambda method: method != "zero_shot")
    header = ["set"] + [f"{LABELS[method]}, {level} %" for method in methods for level in (80, 95)]
    rows = []
    for name in sets:
        found = known[known["set"] == name]
        cells = [
            spread(found.loc[found["method"] == method, f"coverage_{level}"], "{:.1f}")
            for method in methods
            for level in (80, 95)
        ]
        if any(cells):
            rows.append([name, *cells])
    return markdown(header, rows)


def other_series(scores: pd.DataFrame, sets: dict[str, SeriesSet]) -> str:
    """MASE on series outside the eight sets, and relative to the reference of each."""
    rows = []
    for name, series in sets.items():
        if name in EIGHT_NAMES:
            continue
        reference = LABELS[REFERENCE.get(name, "seasonal_naive")]
        found = scores[(scores["set"] == name) & (scores["method"] != "seasonal_naive_intervals")]
        for (where, method), each in found.groupby(["where", "method"], sort=False):
            text = label((str(method), str(where)))
            cells = [spread(each[c], "{:.3f}") for c in ("mase", "relative_mase")]
            rows.append([described(series), text, *cells, reference])
    header = ["set (series, steps, periods told)", "method", "MASE", "relative MASE", "to"]
    notes = "The MASE of random walks and daily series is scaled by the naive error of the history."
    source = f" Published scores of {M4_HOURLY} are those of the competition and of GIFT-Eval."
    return markdown(header, rows) + "\n\n" + notes + (source if M4_HOURLY in sets else "")


def paired_tests(tests: pd.DataFrame) -> str:
    """A row for each set and computed method."""
    rows = [
        [
            row.set,
            LABELS[row.method],
            f"{row.difference:+.3f}",
            f"{100 * row.wins:.0f} %",
            "" if np.isnan(row.p) else f"{row.p:.2g}",
            row.verdict,
        ]
        for row in tests.itertuples(index=False)
    ]
    header = ["set", "against", "difference of MASE", "lower on", "p", ""]
    note = (
        "Wilcoxon's signed-rank test of the MASE of each series (the mean over seeds), two-sided, "
        "at 5 %, with Holm's correction for the number of sets. A negative difference means that "
        "the network's mean is lower; `lower on` is the share of series on which it is."
    )
    return markdown(header, rows) + "\n\n" + note


def speeds(speed: dict[str, dict]) -> str:
    rows = []
    forms: list[tuple[str, str, Callable[[float], str]]] = [
        ("series_per_second", "series a second, in batches", lambda x: f"{x:,.0f}"),
        (
            "ms_one_series",
            "milliseconds for one series, in a running process",
            lambda x: f"{x:.1f}",
        ),
    ]
    for key, text, form in forms:
        found = [each[key] for each in speed.values()]
        low, high = form(min(found)), form(max(found))
        rows.append([text, low if low == high else f"{low}–{high}"])
    note = "One thread, 120 values, period 12, 24 ahead; the statistics of the history included."
    return markdown(["", ""], rows) + "\n\n" + note
