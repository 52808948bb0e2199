"""What a run finds: scores of methods by set and seed, MASE by series."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.zero_shot.methods import (
    LABELS,
    Forecasts,
    naive,
    seasonal_naive,
    statistical,
    zero_shot,
)
from benchmarks.zero_shot.published import published_scores
from benchmarks.zero_shot.scores import mase_by_series, score
from benchmarks.zero_shot.sets import DAILY, M4_HOURLY, WALKS, SeriesSet
from rnnlab.zero_shot.network import ZeroShotNetwork

HERE, PUBLISHED = "here", "published"
# AutoETS and AutoTheta take hours on the long hourly series
STATISTICAL = {
    M4_HOURLY: ("seasonal_naive_intervals",),
    WALKS: ("auto_ets",),
    DAILY: (),
}
OF_PUBLIC_SETS = ("seasonal_naive_intervals", "auto_ets", "auto_theta")
# the method whose scores others are divided by, where it is not the seasonal naive one
REFERENCE = {WALKS: "naive", DAILY: "naive"}


@dataclass
class Results:
    """Scores and MASE by series, set by set.

    Attributes:
        rows: of the table of scores.
        by_series: MASE, [S], by set and by method; a network's are ``zero_shot-SEED``.
        sets: those that were scored.
    """

    rows: list[dict] = field(default_factory=list)
    by_series: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    sets: list[SeriesSet] = field(default_factory=list)

    def add(self, series: SeriesSet, method: str, forecasts: Forecasts, seed: str = "") -> None:
        found = score(series, forecasts)
        row = {"set": series.name, "method": method, "where": HERE, "seed": seed, **found}
        self.rows.append(row)
        name = f"{method}-{seed}" if seed else method
        self.by_series.setdefault(series.name, {})[name] = mase_by_series(series, forecasts)

    def scores(self) -> pd.DataFrame:
        """All scores, with published ones, and each divided by the reference's of its table."""
        published = published_scores()
        published = published[published["set"].isin([series.name for series in self.sets])]
        table = pd.concat(
            [pd.DataFrame(self.rows), published.assign(where=PUBLISHED, seed="")], ignore_index=True
        )
        wanted = table["set"].map(REFERENCE).fillna("seasonal_naive")
        reference = table[table["method"] == wanted].set_index(["set", "where"])[["mase", "wql"]]
        keys = pd.MultiIndex.from_frame(table[["set", "where"]])
        for measure in ("mase", "wql"):
            table[f"relative_{measure}"] = (
                table[measure].to_numpy() / reference[measure].reindex(keys).to_numpy()
            )
        order = {series.name: number for number, series in enumerate(self.sets)}
        columns = [name for name in table if name != "source"] + ["source"]
        return table[columns].sort_values("set", key=lambda s: s.map(order), kind="stable")

    def paired(self) -> dict[str, dict[str, np.ndarray]]:
        """MASE by series; that of the networks is the mean over the seeds."""
        result = {}
        for name, methods in self.by_series.items():
            seeds = [mase for key, mase in methods.items() if key.startswith("zero_shot-")]
            if seeds:
                others = {k: mase for k, mase in methods.items() if not k.startswith("zero_shot-")}
                others.pop("seasonal_naive_intervals", None)
                result[name] = {"zero_shot": np.mean(seeds, axis=0), **others}
        return result

    def series_table(self) -> pd.DataFrame:
        """A row for each series, a column for each method, four significant digits."""
        parts = []
        for series in self.sets:
            methods = dict(self.by_series[series.name])
            methods.pop("seasonal_naive_intervals", None)
            parts.append(pd.DataFrame({"set": series.name, "series": series.names, **methods}))
        table = pd.concat(parts, ignore_index=True)
        numbers = table.columns[2:]
        table[numbers] = table[numbers].map(lambda mase: float(f"{mase:.4g}"))
        return table


def collect(
    sets: list[SeriesSet],
    networks: Mapping[str, ZeroShotNetwork],
    cache: Path,
    say: Callable[[str], None] = print,
) -> Results:
    """Forecast and score all sets; a line on each as soon as it is known."""
    results = Results(sets=sets)
    for series in sets:
        for method, simple in (("naive", naive), ("seasonal_naive", seasonal_naive)):
            if method == "seasonal_naive" or REFERENCE.get(series.name) == method:
                results.add(series, method, simple(series))
        for method in STATISTICAL.get(series.name, OF_PUBLIC_SETS):
            results.add(series, method, statistical(method, series, cache))
        for seed, network in networks.items():
            results.add(series, "zero_shot", zero_shot(network, series), seed)
        say(line(series, results.rows))
    return results


def line(series: SeriesSet, rows: list[dict]) -> str:
    """The MASE of all methods on a set."""
    found = [
        f"{LABELS[row['method']]} {row['seed']} {row['mase']:.3f}".replace("  ", " ")
        for row in rows
        if row["set"] == series.name and row["method"] != "seasonal_naive_intervals"
    ]
    return f"{series.name} ({len(series.names):,} series), MASE: {', '.join(found)}"
