"""Plots of series: loaded tables, places of labels, and unusual data."""

import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from rnnlab.plots.residuals import autocorrelation, residuals_figure
from rnnlab.plots.scores import intervals_figure, scores_figure, steps_figure
from rnnlab.plots.series import closeup_figure, load_series, overview_figure
from rnnlab.plots.style import STYLE, Forecast, Line, space_out, y_limits

METHODS = ("model", "combination", "control", "naive", "seasonal_naive", "theta")
PROTOCOLS = ("one_step", "year", "long")
PERIOD = 4


def scores_of(**changes: float | None) -> dict:
    """Scores in which theta is best; ``changes`` are the model's, by measure."""
    tree = {}
    for number, method in enumerate(reversed(METHODS), start=1):
        row = dict.fromkeys(("mae", "rmse", "mape", "smape", "mase", "msis"), float(number))
        row |= {"coverage_80": 75.0 + number, "coverage_95": 90.0 + number}
        tree[method] = {protocol: dict(row) for protocol in (*PROTOCOLS, "rolling")}
    for row in tree["model"].values():
        row |= changes
    return {method: tree[method] for method in METHODS}


def written(
    lengths: list[int], drawn: int = 6, test: int = 8, numbers: bool = False
) -> tuple[dict, dict, pd.DataFrame]:
    """Outputs of normalize and evaluate for series with a trend and a season."""
    offsets = np.cumsum([0, *lengths])
    cut = np.array(lengths) - test
    months = np.datetime64("2000-01", "M") + np.arange(max(lengths))
    times = np.arange(max(lengths)) if numbers else months.astype("datetime64[s]").astype(np.int64)
    y = np.concatenate([10.0 + np.arange(n) + 3 * np.sin(np.arange(n)) for n in lengths])
    tensors = {
        "offsets": offsets,
        "ds": np.concatenate([times[:n] for n in lengths]),
        "y": y,
        "filled": np.zeros(len(y), dtype=bool),
        "main.train": cut - 4,
        "main.validation": cut,
    }
    ids = [f"series {number}" for number in range(len(lengths))]
    card = {"ids": ids, "time": "numbers" if numbers else "dates"}
    tables = []
    for number in range(min(drawn, len(lengths))):
        mine = y[offsets[number] : offsets[number + 1]]
        for bias, method in enumerate(METHODS):
            for protocol in PROTOCOLS:
                truth = mine[-PERIOD if protocol == "year" else -test :]
                f = truth + bias - 1.5
                columns = {"method": method, "unique_id": ids[number], "protocol": protocol}
                columns |= {"ds": np.arange(len(f)), "y": truth, "forecast": f}
                columns |= {"low_80": f - 2, "high_80": f + 2, "low_95": f - 4, "high_95": f + 4}
                tables.append(pd.DataFrame(columns))
    return tensors, card, pd.concat(tables)


def texts(figure: Figure) -> list[str]:
    """All texts of a figure: title, axes and legends."""
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def drawn(figure: Figure) -> None:
    """Draw as the stage does; a warning, such as a layout that does not fit, is an error."""
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("error")
        matplotlib.rcParams.update(STYLE)
        figure.draw_without_rendering()


def test_gather_takes_the_series_that_have_forecasts() -> None:
    tensors, card, forecasts = written([30, 40, 35], drawn=2)
    panel = load_series(tensors, card, forecasts)
    assert [series.unique_id for series in panel] == ["series 0", "series 1"]
    second = panel[1]
    assert (len(second.ds), second.train, second.validation) == (40, 28, 32)
    assert second.ds.dtype == "datetime64[s]"
    np.testing.assert_array_equal(second.y, tensors["y"][30:70])
    model = second.forecasts["model", "year"]
    np.testing.assert_allclose(model.values, second.y[-4:] - 1.5)
    low, high = model.bands[95]
    np.testing.assert_allclose(high - low, 8)


@pytest.mark.parametrize(
    ("lengths", "changes"),
    [
        ([40], {}),
        ([30, 40, 35], {}),
        ([40], {"numbers": True}),
        # a test part of one value, too short for a filled area
        ([40], {"test": 1}),
        ([25] * 8, {}),
    ],
)
def test_plots_of_one_and_of_several_series(lengths: list[int], changes: dict) -> None:
    tensors, card, forecasts = written(lengths, **changes)
    panel, scores, total = load_series(tensors, card, forecasts), scores_of(), len(lengths)
    with matplotlib.rc_context(STYLE):
        overview = overview_figure(panel, total, scores, "units", "navy")
        closeup = closeup_figure(panel, total, scores, "units", "navy")
        residuals = residuals_figure(panel, total, PERIOD, "units", "navy")
    shown = "first 6 of 8 series"
    for figure in (overview, closeup, residuals):
        drawn(figure)
        title = figure.get_suptitle().replace("\n", " ")
        assert title.endswith(shown) == (total > 6)
    assert len(overview.axes) == min(total, 6)
    assert len(closeup.axes) == 3 * min(total, 6)
    words = texts(overview)
    assert "95 % interval one step ahead, covers 96 % of values" in words
    assert {"training", "validation", "test", "truth", "one step ahead"} <= set(words)
    words = texts(closeup)
    assert {"model", "combination", "theta", "80 % interval of the model"} <= set(words)
    assert any("96 % inside the 95 % band" in text for text in words)
    assert closeup.get_suptitle().startswith("Neither the model nor")


def test_closeup_of_a_combination_that_is_one_method() -> None:
    """A second, equal line would hide the first."""
    tensors, card, forecasts = written([40])
    theta = forecasts["method"] == "theta"
    alike = forecasts["method"] == "combination"
    forecasts.loc[alike, "forecast"] = forecasts.loc[theta, "forecast"].to_numpy()
    figure = closeup_figure(load_series(tensors, card, forecasts), 1, scores_of(), "units", "navy")
    assert "combination" not in texts(figure)


def test_closeup_title_counts_wins() -> None:
    tensors, card, forecasts = written([40])
    figure = closeup_figure(
        load_series(tensors, card, forecasts), 1, scores_of(mase=0.5), "units", "navy"
    )
    assert figure.get_suptitle() == (
        "The model beats every baseline in 3 of 3 protocols, the combination in 0"
    )


def test_truth_with_zeros_uses_other_measures() -> None:
    tensors, card, forecasts = written([40])
    panel = load_series(tensors, card, forecasts)
    figure = overview_figure(panel, 1, scores_of(mape=None), "units", "navy")
    assert "MASE 6.000" in figure.get_suptitle()
    figure = overview_figure(panel, 1, scores_of(mape=None, mase=None), "units", "navy")
    assert "MAE 6" in figure.get_suptitle()


def test_scores_that_are_undefined() -> None:
    """As in the rolling protocol when the test part is shorter than a period."""
    scores = scores_of()
    for by_protocol in scores.values():
        by_protocol["rolling"] = dict.fromkeys(by_protocol["rolling"])
    with matplotlib.rc_context(STYLE):
        for figure in (scores_figure(scores, "navy"), intervals_figure(scores, "navy")):
            drawn(figure)
            assert "undefined" in texts(figure)


def test_scores_and_intervals_name_methods() -> None:
    figure = scores_figure(scores_of(), "navy")
    assert figure.get_suptitle() == (
        "Ranks among 6 methods by the four protocols: model 6, 6, 6, 6; combination 5, 5, 5, 5"
    )
    figure = intervals_figure(scores_of(), "navy")
    assert figure.get_suptitle() == (
        "The model's 95 % interval covers 96 %, its 80 % interval covers 81 %"
    )
    assert {"model", "combination", "theta"} <= set(texts(figure))
    assert "naive" not in texts(figure)


def test_errors_by_step() -> None:
    steps = pd.DataFrame(
        [(m, step, number + step) for number, m in enumerate(METHODS) for step in (1, 2)],
        columns=["method", "step", "mase"],
    )
    figure = steps_figure(steps, "navy")
    assert figure.get_suptitle() == (
        "MASE over 2 steps: model 1.500, combination 2.500, best baseline naive 4.500"
    )
    unknown = steps_figure(steps.assign(mase=np.nan), "navy")
    assert unknown.get_suptitle().startswith("No errors by step")


def lines_of(truth: list[float], forecast: list[float], half_width: float) -> list[Line]:
    middle = np.array(forecast)
    banded = Forecast(middle, {95: (middle - half_width, middle + half_width)})
    return [Line(Forecast(np.array(truth)), "k", "truth"), Line(banded, "b", "model", banded=True)]


def test_limits_contain_truth_forecast_and_band() -> None:
    low, high = y_limits(lines_of([0, 10], [2, 12], half_width=3))
    assert -2 < low < -1
    assert 15 < high < 16


@pytest.mark.parametrize("half_width", [1e6, np.inf])
def test_a_very_wide_band_does_not_flatten_the_lines(half_width: float) -> None:
    low, high = y_limits(lines_of([0, 10], [2, 12], half_width))
    assert high - low < 40


def test_limits_of_forecasts_that_are_huge_or_nan() -> None:
    low, high = y_limits(lines_of([0, 10], [1e12, np.nan], half_width=np.nan))
    assert high - low < 60
    low, high = y_limits(lines_of([5, 5], [5, 5], half_width=0))
    assert low < 5 < high


@pytest.mark.parametrize("places", [[], [0.5], [0.5, 0.5, 0.5], [0.0, 0.01, 0.99, 1.0], [1.0, 1.0]])
def test_labels_are_spaced_out(places: list[float]) -> None:
    free = space_out(np.array(places), 0.1)
    assert ((free >= -1e-9) & (free <= 1 + 1e-9)).all()
    assert (np.diff(np.sort(free)) >= 0.1 - 1e-9).all()
    order = np.argsort(places, kind="stable")
    assert (np.diff(free[order]) > 0).all()


def test_autocorrelation() -> None:
    swing = np.array([1.0, -1.0] * 50)
    assert autocorrelation(swing, 1) == pytest.approx(-0.99)
    assert autocorrelation(swing, 2) == pytest.approx(0.98)
    assert np.isnan(autocorrelation(np.full(9, 3.0), 1))
    assert np.isnan(autocorrelation(np.array([1.0, np.inf, 1.0]), 1))
    swing[30:40] = np.nan
    # 11 of 99 pairs are skipped; the variance is of 90 values
    assert autocorrelation(swing, 1) == pytest.approx(-88 / 90)


def test_a_filled_gap_is_not_truth() -> None:
    tensors, card, forecasts = written([40], drawn=1)
    whole = residuals_figure(load_series(tensors, card, forecasts), 1, 4, "things", "navy")
    tensors["filled"][35] = True
    tensors["y"] = tensors["y"].copy()
    tensors["y"][35] = 1e6
    gappy = residuals_figure(load_series(tensors, card, forecasts), 1, 4, "things", "navy")
    assert whole.get_suptitle().startswith("One step ahead: mean residual 1.5;")
    assert gappy.get_suptitle().startswith("One step ahead: mean residual 1.5;")
