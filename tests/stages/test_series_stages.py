"""The stages of a series task as a user runs them, on small settings: what they leave."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import BASELINES, Done, edit_params, read_csv, read_json, run_stage_here
from safetensors.numpy import load_file

from rnnlab.networks.samples import make_samples

METHODS = ["model", "combination", "control", *BASELINES]
MEASURES = [
    *["mae", "rmse", "mape", "smape", "mase"],
    *["coverage_80", "coverage_95", "msis", "owa"],
]
# steps of the test part by protocol
PROTOCOLS = {"one_step": 44, "year": 12, "long": 44}
KNOWN = {
    "naive": ["9.92/1.422", "14.25/2.496", "16.91/2.721", "16.95/2.457"],
    "seasonal_naive": ["8.65/1.275", "9.99/1.571", "18.16/2.769", "8.19/1.198"],
    "last_growth": ["2.78/0.402", "8.18/1.268", "5.19/0.719", "5.33/0.748"],
    "drift": ["9.89/1.413", "12.42/2.178", "12.15/1.838", "17.35/2.461"],
}


def tables(project: Path, name: str, task: str = "airline") -> pd.DataFrame:
    return pd.read_csv(project / "metrics" / task / "tables" / f"{name}.csv")


def test_normalized_series(finished: tuple[Path, Done], airline: np.ndarray) -> None:
    folder = finished[0] / "data/normalized/airline"
    card, tensors = read_json(folder / "card.json"), load_file(folder / "series.safetensors")
    assert list(card["fits"]) == ["main", "year"]
    assert (card["ids"], card["left_out"], card["time"]) == (["airline"], {}, "dates")
    np.testing.assert_array_equal(tensors["y"], airline)
    np.testing.assert_array_equal(tensors["offsets"], [0, 144])
    for fit, cuts in {"main": (85, 100, 144), "year": (112, 132, 144)}.items():
        parts = ("train", "validation", "test")
        assert tuple(tensors[f"{fit}.{part}"].tolist() for part in parts) == tuple(
            [cut] for cut in cuts
        )
        # refit is for networks trained on training and validation together
        for fitted, end in (("normalization", cuts[0]), ("refit", cuts[1])):
            growth = np.log(airline[12:end]) - np.log(airline[: end - 12])
            assert tensors[f"{fit}.{fitted}.shift"] == pytest.approx([growth.mean()])
            assert tensors[f"{fit}.{fitted}.scale"] == pytest.approx([growth.std()])


@pytest.mark.parametrize(
    ("fit", "counts"),
    [
        ("main", {"train": 50, "validation": 15, "refit": 65, "test": 44}),
        ("year", {"train": 77, "validation": 20, "refit": 97, "test": 12}),
    ],
)
def test_windows_of_series(finished: tuple[Path, Done], fit: str, counts: dict[str, int]) -> None:
    folder = finished[0] / "data/windows/airline"
    card = read_json(folder / "card.json")
    assert (card["steps"], card["features"], card["outputs"]) == (12, 1, 12)
    assert {path.stem for path in (folder / fit).glob("*.safetensors")} == set(counts)
    for part, count in counts.items():
        samples = make_samples(
            load_file(folder / fit / f"{part}.safetensors"), card, torch.device("cpu")
        )
        x, y = samples.draw(torch.arange(samples.count))
        assert x.shape == (count, 12, 1)
        assert y.shape == (count, 12)
        assert x.dtype == y.dtype == torch.float32
        assert torch.isfinite(x).all()
        # beyond the end of the part; what is fitted to has all of its targets
        beyond = 0 if part in ("train", "refit") else 12 * 11 // 2
        assert torch.isnan(y).sum() == beyond


def test_scores(finished: tuple[Path, Done]) -> None:
    scores = read_json(finished[0] / "metrics/airline/scores.json")
    assert list(scores) == METHODS
    for by_protocol in scores.values():
        assert list(by_protocol) == [*PROTOCOLS, "rolling"]
        for measures in by_protocol.values():
            assert list(measures) == MEASURES
            assert all(np.isfinite(value) for value in measures.values())
            assert all(measures[key] > 0 for key in MEASURES if "coverage" not in key)
            assert 0 <= measures["coverage_80"] <= measures["coverage_95"] <= 100
    assert {row["owa"] for row in scores["naive2"].values()} == {1.0}
    smape, mase = (scores["theta"]["long"][k] / scores["naive2"]["long"][k]
                   for k in ("smape", "mase"))  # fmt: skip
    assert scores["theta"]["long"]["owa"] == pytest.approx((smape + mase) / 2)


@pytest.mark.parametrize("method", KNOWN)
def test_known_scores(finished: tuple[Path, Done], method: str) -> None:
    found = read_json(finished[0] / "metrics/airline/scores.json")[method]
    shown = [f"{row['mape']:.2f}/{row['mase']:.3f}" for row in found.values()]
    assert shown == KNOWN[method]


def test_the_table_of_series_is_what_the_scores_are_means_of(finished: tuple[Path, Done]) -> None:
    scores = read_json(finished[0] / "metrics/airline/scores.json")
    table = tables(finished[0], "series")
    assert list(table) == ["unique_id", "protocol", "method", *MEASURES[:-1]]
    assert len(table) == 4 * len(METHODS)
    for row in table.to_dict("records"):
        for key in MEASURES[:-1]:
            expected = scores[row["method"]][row["protocol"]][key]
            assert row[key] == pytest.approx(expected, rel=1e-5)


def test_predictions(finished: tuple[Path, Done], airline: np.ndarray) -> None:
    folder = finished[0] / "metrics/airline"
    rows = read_csv(folder / "predictions.csv")
    assert list(rows[0]) == ["unique_id", "ds", "y", *PROTOCOLS]
    assert [float(row["y"]) for row in rows] == airline[100:].tolist()
    assert (rows[0]["ds"], rows[-1]["ds"]) == ("1957-05-01", "1960-12-01")
    scores = read_json(folder / "scores.json")["model"]
    for protocol, count in PROTOCOLS.items():
        known = [(float(row["y"]), float(row[protocol])) for row in rows if row[protocol]]
        assert len(known) == count
        y, forecast = np.array(known).T
        mape = (100 * np.abs(y - forecast) / y).mean()
        assert scores[protocol]["mape"] == pytest.approx(mape, rel=1e-4)


def test_forecasts_and_intervals_of_every_method(finished: tuple[Path, Done]) -> None:
    scores = read_json(finished[0] / "metrics/airline/scores.json")
    table = tables(finished[0], "forecasts")
    bounds = ["low_95", "low_80", "forecast", "high_80", "high_95"]
    assert set(table) == {"method", "unique_id", "protocol", "ds", "y", *bounds}
    assert list(table["method"].unique()) == METHODS
    for lower, upper in pairwise(bounds):
        assert (table[lower] < table[upper]).all()
    assert (table[bounds] > 0).all(axis=None)
    for (method, protocol), rows in table.groupby(["method", "protocol"]):
        assert len(rows) == PROTOCOLS[protocol]
        found = scores[method][protocol]
        error = (100 * (rows["y"] - rows["forecast"]).abs() / rows["y"]).mean()
        assert found["mape"] == pytest.approx(error, rel=1e-4)
        for level in ("80", "95"):
            inside = rows["y"].between(rows[f"low_{level}"], rows[f"high_{level}"])
            assert found[f"coverage_{level}"] == pytest.approx(100 * inside.mean())
        # intervals of steps further ahead are no narrower, by ratio since logs are taken
        ratio = (rows["high_95"] / rows["low_95"]).to_numpy()
        if protocol == "one_step":
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
        else:
            assert (np.diff(ratio) > -1e-4 * ratio[1:]).all()
        if protocol == "long":
            assert ratio[-1] > 1.1 * ratio[0]


def test_the_combination_is_the_mean_that_validation_prefers(finished: tuple[Path, Done]) -> None:
    validation, forecasts = tables(finished[0], "validation"), tables(finished[0], "forecasts")
    for fit, protocol in (("main", "one_step"), ("main", "long"), ("year", "year")):
        rows = validation[validation["fit"] == fit].set_index("method")
        assert list(rows.index) == ["model", *BASELINES]
        assert rows["weight"].sum() == pytest.approx(1, abs=1e-5)
        assert rows.loc[rows["mase"].idxmin(), "weight"] > 0
        of = forecasts[forecasts["protocol"] == protocol].pivot(
            index="ds", columns="method", values="forecast"
        )
        mean = (of[rows.index] * rows["weight"]).sum(axis=1)
        np.testing.assert_allclose(of["combination"], mean, rtol=1e-4)


def test_tables_of_steps_and_of_comparisons(finished: tuple[Path, Done]) -> None:
    scores = read_json(finished[0] / "metrics/airline/scores.json")
    steps = tables(finished[0], "by_step")
    assert len(steps) == 12 * len(METHODS)
    for method, rows in steps.groupby("method"):
        assert rows["step"].tolist() == list(range(1, 13))
        assert rows["mase"].mean() == pytest.approx(scores[method]["rolling"]["mase"], rel=1e-4)
    compared = tables(finished[0], "comparison")
    assert list(compared) == ["protocol", "method", "difference", "test", "p_value"]
    expected = [(p, m) for p in ("one_step", "rolling") for m in METHODS if m != "model"]
    assert list(zip(compared["protocol"], compared["method"], strict=True)) == expected
    assert set(compared["test"]) == {"Diebold-Mariano"}
    for row in compared.to_dict("records"):
        ours, theirs = (scores[m][row["protocol"]]["mase"] for m in ("model", row["method"]))
        assert row["difference"] == pytest.approx(ours - theirs, rel=1e-3, abs=1e-5)
    naive = compared.set_index(["protocol", "method"])["p_value"]["one_step"]["naive"]
    assert naive < 0.01


def test_a_test_part_shorter_than_a_period_has_no_rolling_scores(project: Path) -> None:
    """With refits too, which there are no origins for."""
    changes = {"data.test_steps": 6, "evaluate.refit_every": 1, "evaluate.baselines": ["naive"]}
    edit_params(project, {f"tasks.airline.{key}": value for key, value in changes.items()})
    for stage in ("normalize", "windows", "train", "evaluate"):
        assert run_stage_here(project, stage, "airline") == 0
    for by_protocol in read_json(project / "metrics/airline/scores.json").values():
        assert set(by_protocol["rolling"].values()) == {None}
        assert by_protocol["long"]["mase"] > 0


def test_refits_change_the_rolling_forecasts_and_no_others(
    finished: tuple[Path, Done], copy: Path
) -> None:
    kept = ["seasonal_naive", "holt_winters"]
    changes = {"evaluate.baselines": kept, "evaluate.refit_every": 12}
    edit_params(copy, {f"tasks.airline.{key}": value for key, value in changes.items()})
    assert run_stage_here(copy, "evaluate", "airline") == 0
    once, often = (read_json(p / "metrics/airline/scores.json") for p in (finished[0], copy))
    assert list(often) == ["model", "combination", "control", *kept]
    for method in ("model", "control", *kept):
        for protocol in PROTOCOLS:
            found = often[method][protocol]
            assert "owa" not in found  # there is no Naive2 to measure it by
            assert found == {k: v for k, v in once[method][protocol].items() if k != "owa"}
    for method, same in (("model", False), ("holt_winters", False), ("seasonal_naive", True)):
        found = [scores[method]["rolling"]["mae"] for scores in (once, often)]
        assert (found[0] == found[1]) == same
