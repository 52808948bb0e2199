"""The M4 benchmark: reading, measures, a network that sees the training part alone, intervals."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import ROOT, one_error_line, read_csv, read_json

from benchmarks import m4_hourly
from benchmarks.day_by_day import (
    HORIZON,
    PERIOD,
    WINDOW,
    DayByDay,
    Settings,
    control,
    draw,
    fit,
    forecast,
    make_panel,
    owa_loss,
)
from benchmarks.intervals import around, coverage, half_widths, scaled_interval_score, spreads
from benchmarks.m4_data import (
    TEST_FILE,
    TRAIN_FILE,
    Figures,
    check_measures,
    read_train,
    read_truth,
    read_wide,
    score,
)
from stages.common.baselines import seasonal_naive
from stages.common.devices import sow
from stages.common.errors import InputError

M4 = ROOT.parent / "shared/data/m4"
TINY = Settings(hidden_size=8, steps=25, batch_size=16)
FAST_LEARNER = Settings(hidden_size=8, steps=80, batch_size=32, learning_rate=0.01, average=0.9)


def made_up(hours: int, count: int = 6) -> list[np.ndarray]:
    """Days that differ by series, weeks with a weekend, noise; lengths differ by a day each."""
    noise, series = np.random.default_rng(3), []
    for number in range(count):
        t = np.arange(hours + PERIOD * number)
        day = np.sin(2 * np.pi * t / PERIOD + number) + 0.5 * (t // PERIOD % 7 > 4)
        series.append(np.exp(3 + number + 0.4 * day + 0.05 * noise.normal(size=len(t))))
    return series


def write_wide(path: Path, series: dict[str, np.ndarray]) -> None:
    """The published form: every cell quoted, short rows filled up with bare commas."""
    width = max(map(len, series.values()))
    lines = [",".join(f'"V{column}"' for column in range(1, width + 2))]
    for name, values in series.items():
        cells = [f'"{name}"', *(f'"{float(value)!r}"' for value in values)]
        lines.append(",".join(cells) + "," * (width - len(values)))
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of the two files, six series in them."""
    parts = {TRAIN_FILE: {}, TEST_FILE: {}}
    for number, y in enumerate(made_up(500), start=1):
        parts[TRAIN_FILE][f"H{number}"] = y[:-HORIZON]
        parts[TEST_FILE][f"H{number}"] = y[-HORIZON:]
    folder = tmp_path / "m4"
    folder.mkdir()
    for name, series in parts.items():
        write_wide(folder / name, series)
    return folder


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run the command line inside this process; its exit status."""
    monkeypatch.setattr(sys, "argv", ["m4_hourly", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        m4_hourly.main()
    return int(stop.value.code)


# reading


def test_the_wide_form_is_read_to_the_bit(data: Path) -> None:
    train = read_train(data / TRAIN_FILE, WINDOW + 2 * HORIZON)
    truth = read_truth(data / TEST_FILE, list(train))
    assert list(train) == [f"H{number}" for number in range(1, 7)]
    for y, past, future in zip(made_up(500), train.values(), truth, strict=True):
        np.testing.assert_array_equal(np.concatenate([past, future]), y)


def test_the_truth_comes_in_the_order_of_the_training_file(tmp_path: Path) -> None:
    path = tmp_path / TEST_FILE
    write_wide(path, {"H2": np.full(HORIZON, 2.0), "H1": np.full(HORIZON, 1.0)})
    assert read_truth(path, ["H1", "H2"])[:, 0].tolist() == [1, 2]
    with pytest.raises(InputError, match=r"Hourly-test.csv: has other series.*'H3'"):
        read_truth(path, ["H1", "H2", "H3"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds no series"),
        ("name,V2\n", "holds no series"),
        ("name,V2,V3\nH1,5,six\n", "'H1' holds 'six'; write a number above 0"),
        ("name,V2,V3,V4\nH1,5,,7\n", "'H1' holds ''"),
        ("name,V2,V3\nH1,5,0\n", "'H1' holds '0'"),
        ("name,V2,V3\nH1,5,nan\n", "'H1' holds 'nan'"),
        ("name,V2,V3\nH1,5,inf\n", "'H1' holds 'inf'"),
        ("name,V2,V3\nH1,5,6\nH1,7,8\n", "'H1' twice"),
        ("name,V2,V3\nH1,5,\n", "'H1' has 1 values where 2 are needed"),
        ("name,V2,V3\nH\udcff,5,6\n", "no CSV in UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_the_mend(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / TRAIN_FILE
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError) as error:
        read_wide(path, 2)
    assert str(path) in str(error.value)
    assert fault in str(error.value)


def test_a_series_that_repeats_exactly_cannot_be_scaled(tmp_path: Path) -> None:
    write_wide(tmp_path / TRAIN_FILE, {"H1": np.tile(np.arange(1.0, 25.0), 15)})
    with pytest.raises(InputError, match="'H1' repeats every 24 hours exactly"):
        read_train(tmp_path / TRAIN_FILE, WINDOW + 2 * HORIZON)


# measures


def test_score_by_hand() -> None:
    """Training parts whose seasonal naive errors are 1 and 2 an hour."""
    series = [np.repeat([1.0, 2.0, 3.0], PERIOD), np.repeat([2.0, 4.0, 6.0], PERIOD)]
    truth = np.stack([np.full(HORIZON, 100.0), np.full(HORIZON, 50.0)])
    found = score(series, truth, truth + np.array([[2.0], [-6.0]]))
    smape, mase = (200 * 2 / 202 + 200 * 6 / 94) / 2, (2 / 1 + 6 / 2) / 2
    assert found == pytest.approx((smape, mase, (smape / 18.383 + mase / 2.395) / 2))


def test_interval_score_and_coverage_by_hand() -> None:
    truth = np.array([[1.0, 5.0, 9.0], [4.0, 4.0, 4.0]])
    bounds = np.array([np.full((2, 3), 2.0), np.full((2, 3), 6.0)])
    # widths 4; 1 lies 1 below, 9 lies 3 above, each costing 40 times that
    expected = ((4 * 3 + 40 * (1 + 3)) / 3 / 2 + 4 / 8) / 2
    assert scaled_interval_score(truth, bounds, np.array([2.0, 8.0])) == pytest.approx(expected)
    assert coverage(truth, bounds) == pytest.approx(4 / 6)


def test_the_loss_is_the_measure() -> None:
    series = made_up(400)
    truth = np.array([y[-HORIZON:] for y in series])
    past = [y[:-HORIZON] for y in series]
    said = truth * np.exp(0.1 * np.random.default_rng(0).normal(size=truth.shape))
    logs = [torch.from_numpy(np.log(values)) for values in (said, truth)]
    loss = owa_loss(*logs, make_panel(past).scales[:, None].double())
    assert loss.item() == pytest.approx(score(past, truth, said).owa, rel=1e-5)


@pytest.mark.parametrize("row", [(13.9126, 1.193, 0.627), (13.912, 1.1924, 0.627)])
def test_a_wrong_row_of_seasonal_naive_stops_the_benchmark(row: tuple) -> None:
    check_measures(Figures(13.9124, 1.1931, 0.62755), Path("x.csv"))
    with pytest.raises(InputError, match=r"x.csv: .* published is 13.912 / 1.193 / 0.627"):
        check_measures(Figures(*row), Path("x.csv"))


@pytest.mark.skipif(not M4.is_dir(), reason="the M4 files are not here")
def test_seasonal_naive_meets_its_published_row() -> None:
    train = read_train(M4 / TRAIN_FILE, WINDOW + 2 * HORIZON)
    truth = read_truth(M4 / TEST_FILE, list(train))
    series = list(train.values())
    assert truth.shape == (414, HORIZON)
    naive = np.array([seasonal_naive(y, PERIOD)(y, HORIZON) for y in series])
    found = score(series, truth, naive)
    assert (round(found.smape, 3), round(found.mase, 3)) == (13.912, 1.193)
    # Naive2's figures are known to three digits, which leaves OWA's last one open
    assert found.owa == pytest.approx(0.627, abs=0.0006)
    check_measures(found, M4 / TEST_FILE)


# the network


def test_control_by_hand() -> None:
    y = made_up(400, count=1)[0]
    x = np.log(y[-WINDOW:]).reshape(8, PERIOD)
    last_week = np.concatenate([x[1], x[2]]) - x[0].mean() + x[7].mean()
    expected = np.exp((np.tile(x[7], 2) + last_week) / 2)
    np.testing.assert_allclose(forecast(control, [y])[0], expected, rtol=1e-5)


def test_a_network_whose_output_is_zero_is_the_control() -> None:
    torch.manual_seed(0)
    series = made_up(400)
    network = DayByDay(hidden_size=8)
    np.testing.assert_array_equal(forecast(network, series), forecast(control, series))
    torch.nn.init.normal_(network.head.weight)
    assert not np.allclose(forecast(network, series), forecast(control, series))


def test_forecasts_follow_the_unit_of_a_flat_or_wild_series() -> None:
    jump = np.where(np.arange(WINDOW) == WINDOW - 40, 1e6, 1.0)
    for y in (np.full(WINDOW, 7.0), jump):
        said = forecast(DayByDay(hidden_size=8), [y])
        assert np.isfinite(said).all()
    np.testing.assert_allclose(forecast(control, [np.full(WINDOW, 7.0)]), 7.0, rtol=1e-5)


def test_windows_stay_within_their_series_and_reach_its_last_hour() -> None:
    """Values tell series and hour: exp(series + hour / 1000), so that logarithms do."""
    lengths = [WINDOW + HORIZON, WINDOW + HORIZON + 1, WINDOW + HORIZON + 5]
    series = [np.exp(number + np.arange(n) / 1000) for number, n in enumerate(lengths)]
    past, future, scales = draw(make_panel(series), 2000, torch.Generator().manual_seed(0))
    windows = torch.cat([past, future], dim=1).double()
    chosen = windows[:, 0].floor()
    hours = ((windows - chosen[:, None]) * 1000).round()
    np.testing.assert_array_equal(hours.diff(dim=1), 1)
    for number, n in enumerate(lengths):
        ours = hours[chosen == number]
        assert 500 < len(ours) < 850
        assert (ours[:, 0].min(), ours[:, -1].max()) == (0, n - 1)
    assert scales.shape == (2000, 1)


def test_held_out_hours_change_no_bit_of_the_weights() -> None:
    series = made_up(400)
    changed = [y.copy() for y in series]
    for y in changed:
        y[-HORIZON:] *= 1000
    weights = []
    for version in (series, changed):
        before, held_out = m4_hourly.hold_out(version)
        assert held_out.shape == (6, HORIZON)
        weights.append(fit(before, TINY, sow(0)).state_dict())
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name
    whole = fit(changed, TINY, sow(0)).state_dict()
    assert not torch.equal(whole["direct.weight"], weights[0]["direct.weight"])


def test_training_beats_the_control() -> None:
    series = made_up(600)
    before, held_out = m4_hourly.hold_out(series)
    steps = []
    network = fit(before, FAST_LEARNER, sow(0), lambda step, loss: steps.append(loss))
    learned = score(before, held_out, forecast(network, before)).owa
    assert len(steps) == FAST_LEARNER.steps
    assert learned < score(before, held_out, forecast(control, before)).owa


# intervals


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_hold_as_often_as_they_say(level: float) -> None:
    """Errors that grow with the hour, skewed, on series of very different spread."""
    draws = np.random.default_rng(1)
    spread = np.exp(draws.normal(size=(400, 1))) / 20
    grow = np.linspace(1, 3, HORIZON)

    def truths() -> np.ndarray:
        return 10 * np.exp(spread * grow * draws.gumbel(size=(400, HORIZON)))

    said = np.full((400, HORIZON), 10.0)
    bounds = around(said, half_widths(truths(), said, spread, level), spread)
    truth = truths()
    assert coverage(truth, bounds) == pytest.approx(level, abs=0.015)
    for hours in (slice(0, 12), slice(-12, None)):
        assert coverage(truth[:, hours], bounds[:, :, hours]) == pytest.approx(level, abs=0.03)


def test_spread_by_hand() -> None:
    rise = np.exp(0.01 * np.arange(700))
    np.testing.assert_allclose(spreads([rise, np.full(700, 5.0)]), [[0.24], [0.002]])


# end to end


def test_a_tiny_run_writes_forecasts_and_figures(data: Path, tmp_path: Path) -> None:
    figures = m4_hourly.benchmark(data, tmp_path / "out", 2, TINY, prove=False)
    assert read_json(tmp_path / "out/m4_hourly.json") == figures
    assert len(figures["members"]) == 2
    table = read_csv(tmp_path / "out/m4_hourly.csv")
    assert len(table) == 6 * HORIZON
    assert (table[HORIZON]["unique_id"], table[HORIZON]["hour"]) == ("H2", "1")
    for row in table:
        bounds = [row[name] for name in ("low_95", "low_80", "forecast", "high_80", "high_95")]
        assert sorted(bounds, key=float) == bounds
    text = m4_hourly.markdown(figures)
    for part in ("| Smyl, ES-RNN", "ensemble of 2", f"{figures['ensemble']['owa']:.3f}", "MSIS"):
        assert part in text


def test_forecasts_are_written_before_the_test_file_is_read(data: Path, tmp_path: Path) -> None:
    m4_hourly.benchmark(data, tmp_path / "whole", 1, TINY, prove=False)
    (data / TEST_FILE).write_text("name,V2\nH1,broken\n")
    with pytest.raises(InputError, match=r"Hourly-test.csv: series 'H1' holds 'broken'"):
        m4_hourly.benchmark(data, tmp_path / "broken", 1, TINY, prove=False)
    whole, broken = (tmp_path / name / "m4_hourly.csv" for name in ("whole", "broken"))
    assert whole.read_bytes() == broken.read_bytes()
    assert not (tmp_path / "broken/m4_hourly.json").exists()


def test_one_member_has_no_deviation() -> None:
    one = {"smape": 1.0, "mase": 2.0, "owa": 3.0}
    assert m4_hourly.mean_and_deviation([one]) == ["1.000", "2.000", "3.000"]
    two = m4_hourly.mean_and_deviation([one, {"smape": 3.0, "mase": 2.0, "owa": 3.0}])
    assert two[0] == "2.000 ± 1.414"


@pytest.mark.parametrize("missing", [TRAIN_FILE, TEST_FILE, None])
def test_what_is_missing_is_said_before_the_training(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str | None,
) -> None:
    monkeypatch.setattr(m4_hourly, "fit", None)
    folder = data if missing else tmp_path / "nowhere"
    if missing:
        (data / missing).unlink()
    assert command(monkeypatch, "--data", folder, "--threads", 1, "--out", tmp_path / "out") == 1
    one_error_line(capsys.readouterr().err, str(folder), missing or TRAIN_FILE, "download it")


def test_other_series_than_those_of_m4_are_refused(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--data", data, "--seeds", 1, "--steps", 20, "--threads", 1, "--out", tmp_path]
    assert command(monkeypatch, *words) == 1
    one_error_line(capsys.readouterr().err, TEST_FILE, "published is 13.912", "download")


def test_too_few_steps(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "--data", data, "--steps", 10) == 1
    one_error_line(capsys.readouterr().err, "--steps: write 20 or more")
