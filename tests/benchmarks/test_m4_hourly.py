"""The M4 benchmark: its two files, the proof of its measures, and a small run by the stages."""

from pathlib import Path

import numpy as np
import pytest
from helpers import edit_params, read_json, run_stage_here

from benchmarks.panels import m4_hourly
from benchmarks.panels.m4_data import (
    HORIZON,
    NAIVE2,
    SEASONAL_NAIVE,
    TEST_FILE,
    TRAIN_FILE,
    Figures,
    check_measures,
    long_table,
)
from rnnlab.core.errors import InputError
from rnnlab.forecasting.baselines import fit_with_fallback
from rnnlab.series.measures import measure, overall_weighted_average, seasonal_naive_error

REAL = Path(__file__).resolve().parents[3] / "shared/data/m4"


def write_wide(path: Path, series: dict[str, list]) -> None:
    width = 1 + max(len(values) for values in series.values())
    rows = [[f"V{number}" for number in range(1, width + 1)]]
    rows += [[name, *values, *[""] * (width - 1 - len(values))] for name, values in series.items()]
    path.write_text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows))


def hours(count: int, seed: int) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, 1, count)
    return (50 + 20 * np.sin(2 * np.pi * np.arange(count) / 24) + noise).round(2).tolist()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Four series as M4 has them, of unlike lengths."""
    folder = tmp_path / "m4"
    folder.mkdir()
    whole = {f"H{n}": hours(360 + 24 * n, n) for n in range(1, 5)}
    write_wide(folder / TRAIN_FILE, {name: y[:-HORIZON] for name, y in whole.items()})
    write_wide(folder / TEST_FILE, {name: y[-HORIZON:] for name, y in whole.items()})
    return folder


def test_both_files_become_one_long_table(files: Path) -> None:
    table = long_table(files)
    assert list(table) == ["unique_id", "ds", "y"]
    for n in range(1, 5):
        of = table[table["unique_id"] == f"H{n}"]
        assert of["ds"].tolist() == list(range(1, 361 + 24 * n))
        assert of["y"].tolist() == hours(360 + 24 * n, n)


@pytest.mark.parametrize(
    ("name", "series", "words"),
    [
        (TEST_FILE, {"H1": [1.0] * 48}, "different series, such as 'H2'"),
        (TEST_FILE, {f"H{n}": [1.0] * 47 for n in range(1, 5)}, "'H1' has 47 values, not 48"),
        (TRAIN_FILE, {"H1": [1.0, "x"]}, "series 'H1' has the value 'x'; write a number above 0"),
        (TRAIN_FILE, {"H1": [1.0, 0]}, "series 'H1' has the value '0'"),
        (TRAIN_FILE, {"H1": [1.0, "", 2.0]}, "series 'H1' has the value ''"),
    ],
)
def test_other_files_are_refused_in_words(files: Path, name: str, series: dict, words: str) -> None:
    write_wide(files / name, series)
    with pytest.raises(InputError, match=words):
        long_table(files)


def test_missing_doubled_and_empty_files(files: Path) -> None:
    lines = (files / TRAIN_FILE).read_text().splitlines()
    (files / TRAIN_FILE).write_text("\n".join([*lines, lines[1]]))
    with pytest.raises(InputError, match="'H1' twice"):
        long_table(files)
    (files / TRAIN_FILE).write_text(lines[0])
    with pytest.raises(InputError, match="has no series"):
        long_table(files)
    (files / TRAIN_FILE).unlink()
    with pytest.raises(InputError, match=f"{TRAIN_FILE} is missing: download it"):
        long_table(files)


@pytest.mark.parametrize("gap", [(0.0006, 0, 0), (0, -0.0006, 0), (0, 0, 0.001)])
def test_the_proof_of_the_measures_can_fail(gap: tuple[float, float, float]) -> None:
    check_measures(SEASONAL_NAIVE, SEASONAL_NAIVE, "seasonal naive")
    found = Figures(*np.add(SEASONAL_NAIVE, gap))
    with pytest.raises(InputError, match=r"seasonal naive scores .* not the hourly series of M4"):
        check_measures(found, SEASONAL_NAIVE, "seasonal naive")


@pytest.mark.skipif(not REAL.is_dir(), reason="M4's files are not at hand")
def test_the_published_rows_of_both_naive_methods() -> None:
    table = long_table(REAL)
    means = {}
    for method in ("seasonal_naive", "naive2"):
        rows = []
        for _, of in table.groupby("unique_id", sort=False):
            y, truth = np.split(of["y"].to_numpy(), [len(of) - HORIZON])
            forecast = fit_with_fallback(method, y, 24)(y, HORIZON)
            rows.append(measure(truth, forecast, seasonal_naive_error(y, 24)))
        assert len(rows) == 414
        means[method] = {key: float(np.mean([r[key] for r in rows])) for key in ("smape", "mase")}
    for method, published in (("seasonal_naive", SEASONAL_NAIVE), ("naive2", NAIVE2)):
        of = means[method]
        owa = overall_weighted_average(of["smape"], of["mase"], means["naive2"])
        check_measures(Figures(of["smape"], of["mase"], owa), published, method)


def test_a_small_run_through_the_stages(
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It ends in the refusal that these are not M4's series, with all scores written."""

    def run_here(folder: Path, *stages: str, task: str) -> None:
        for stage in stages:
            assert run_stage_here(folder, stage, task) == 0, stage

    monkeypatch.setattr(m4_hourly, "run_stages", run_here)
    (tmp_path / "params.yaml").write_text(m4_hourly.PARAMS.read_text())
    changes = {"model.hidden_size": 4, "train.epochs": 1, "train.ensemble": 1, "plot.dpi": 50}
    edit_params(tmp_path, {f"tasks.m4_hourly.{key}": value for key, value in changes.items()})
    out = tmp_path / "out"
    with pytest.raises(InputError, match="seasonal naive scores"):
        m4_hourly.run(files, tmp_path / "params.yaml", out)
    assert "Traceback" not in capsys.readouterr().err
    scores = read_json(out / "metrics/m4_hourly/scores.json")
    assert list(scores) == ["model", "combination", "control", "seasonal_naive", "naive2"]
    # of a window that is put on its own level the control repeats the last day
    assert scores["control"]["long"]["mase"] == pytest.approx(
        scores["seasonal_naive"]["long"]["mase"]
    )
    text = m4_hourly.report(scores, 90.0)
    assert "| Smyl, ES-RNN (winner overall) | 9.328 | 0.893 | 0.440 |" in text
    ours = scores["model"]["long"]
    assert f"| **network** | {ours['smape']:.3f} | {ours['mase']:.3f} | {ours['owa']:.3f} |" in text
    assert "1.5 minutes" in text
