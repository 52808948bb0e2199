"""Scores of the zero-shot network by hand, and the series that they are taken on."""

import numpy as np
import pytest
from toys import zero_shot_network

from rnnlab.plots.zero_shot import panels_to_guess, solution
from rnnlab.series.examples import load_examples
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.synthetic.prior import draw_batch
from rnnlab.zero_shot import scores
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.scores import mean_scores, score, seasonal_naive

NAN = np.nan


def test_seasonal_naive_by_hand() -> None:
    """A gap is filled first: with the value a period before, else with the last one."""
    histories = np.array(
        [[1.0, 2, 3, 4, 5, 6, 7], [NAN, NAN, NAN, 4, NAN, 6, NAN], [NAN] * 6 + [9.0]]
    )
    found = seasonal_naive(histories, 3, np.array([1, 2, 3, 4]))
    np.testing.assert_array_equal(found, [[5, 6, 7, 5], [4, 6, 4, 4], [9, 9, 9, 9]])
    np.testing.assert_array_equal(seasonal_naive(histories[:1], 9, np.array([1, 3])), [[7, 7]])


def test_scale_by_hand() -> None:
    histories = np.array(
        [[1.0, 2, 4, 8], [NAN, 2, 4, 8], [NAN, NAN, 4, 8], [NAN, NAN, NAN, 8], [3, 3, 3, 3]]
    )
    np.testing.assert_array_equal(seasonal_naive_errors(histories, 2), [4.5, 6, 4, NAN, NAN])


def test_scores_by_hand() -> None:
    """A forecast without spread has the quantile loss of its absolute error."""
    truth = np.array([[10.0, 12, NAN], [1, 1, 1]])
    flat = np.repeat(np.array([[11.0, 11, 11], [1, 1, 1]])[..., None], len(QUANTILES), axis=2)
    naive = np.array([[10.0, 10, 10], [2, 2, 2]])
    table = score(truth, flat, naive, np.array([0.5, NAN]))
    first = table.iloc[0]
    assert first["mase"] == pytest.approx(2)
    assert first["naive_mase"] == pytest.approx(2)
    assert first["quantile_loss"] == pytest.approx(2)
    assert first["coverage_80"] == 0
    assert table.iloc[1].isna().all()
    means = mean_scores(table)
    assert means["series"] == 1
    assert means["relative_mase"] == pytest.approx(1)


def test_coverage_of_wide_intervals() -> None:
    quantiles = np.array(QUANTILES)[None, None] * np.ones((1, 20, 1))
    truth = np.linspace(0.025, 0.975, 20)[None]
    found = score(truth, quantiles, truth, np.ones(1)).iloc[0]
    assert found["coverage_80"] == pytest.approx(80, abs=5)
    assert found["coverage_95"] == pytest.approx(95, abs=6)


def test_a_tiny_scale_does_not_outweigh_all_other_series() -> None:
    truth, naive = np.ones((2, 3)), np.zeros((2, 3))
    quantiles = np.zeros((2, 3, len(QUANTILES)))
    table = score(truth, quantiles, naive, np.array([1e-9, 1.0]))
    assert list(table["mase"]) == [scores.LARGEST_ERROR, 1.0]


def test_no_scored_series_is_one_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def watched(rng: np.random.Generator, series: int, steps: int):
        drawn.append(rng.bit_generator.state["state"]["state"])
        return draw_batch(rng, series, steps)

    monkeypatch.setattr(scores, "draw_batch", watched)
    monkeypatch.setattr(scores, "SERIES_IN_BATCH", 10)
    table = scores.score_synthetic(zero_shot_network(), 10)
    assert set(table["period"]) == set(scores.PERIODS)
    training = {
        np.random.default_rng([seed, k]).bit_generator.state["state"]["state"]
        for seed in range(3)
        for k in range(1000)
    }
    assert not training & set(drawn)


def test_examples_are_series_of_statsmodels() -> None:
    examples = load_examples()
    assert len({example.unique_id for example in examples}) == len(examples) == 44
    for example in examples:
        assert example.y.shape == example.year.shape
        assert np.isfinite(example.y[[0, -1]]).all()
        assert (np.diff(example.year) > 0).all()
        assert example.unit
    ends = {example.unique_id: (example.year[0], example.year[-1]) for example in examples}
    assert ends["nile volume"] == (1871, 1970)
    assert ends["macrodata realgdp"] == (1959, 2009.5)
    assert ends["elnino sea surface"] == pytest.approx((1950, 2010 + 11 / 12))
    # 29 March 1958 to 29 December 2001
    assert ends["co2 weekly"] == pytest.approx((1958.24, 2001.99), abs=0.01)
    assert ends["co2 monthly"] == pytest.approx((1958 + 2 / 12, 2001 + 11 / 12))


def test_real_series_to_guess_have_synthetic_partners() -> None:
    panels = panels_to_guess(load_examples())
    told = solution(panels)
    by_kind = {
        kind: sorted((panel.period, len(panel.y)) for panel in panels if panel.kind == kind)
        for kind in ("real", "synthetic")
    }
    assert by_kind["real"] == by_kind["synthetic"]
    # no two windows of a series overlap
    for _, windows in told[told["kind"] == "real"].sort_values("first").groupby("series"):
        assert (windows["first"].to_numpy()[1:] > windows["last"].to_numpy()[:-1]).all()
