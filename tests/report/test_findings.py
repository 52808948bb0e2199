"""The printed report: its tables, and findings on validation, paired tests and intervals."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from helpers import (
    on_a_terminal,
    read_json,
    read_yaml,
    run_stage_here,
    write_yaml,
)

from rnnlab.backtesting.labels import fallback_lines
from rnnlab.core.files import write_checksums, write_json
from rnnlab.report.findings import (
    coverage_findings,
    findings,
    left_out_lines,
    paired_test_finding,
    validation_finding,
)


def fit(weights: dict[str, float] | None = None, **errors: float | None) -> pd.DataFrame:
    weights = weights or {}
    rows = [(m, e, weights.get(m, 0.0)) for m, e in errors.items()]
    return pd.DataFrame(rows, columns=["method", "mase", "weight"])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            fit({"model": 1.0}, model=0.2464, sarima=0.3044, naive=1.2),
            "On validation the network is best: MASE 0.246, sarima 0.304. "
            "The combination is model alone.",
        ),
        (
            fit({"theta": 0.75, "model": 0.25}, model=0.71, naive=0.9, theta=0.65),
            "On validation the network does not beat theta: MASE 0.710, theta 0.650. "
            "The combination is 75 % theta and 25 % model.",
        ),
        (
            fit({"seasonal_naive": 1.0}, model=0.8, seasonal_naive=0.5),
            "On validation the network does not beat seasonal naive: MASE 0.800, seasonal naive "
            "0.500. The combination is seasonal naive alone.",
        ),
        (
            fit({"model": 1.0}, model=0.5, naive=0.5),
            "On validation the network and naive have MASE 0.500. The combination is model alone.",
        ),
        (
            fit({"model": 1.0}, model=0.5),
            "On validation the network has MASE 0.500; there are no baselines. "
            "The combination is model alone.",
        ),
        (
            fit({"naive": 1.0}, model=None, naive=0.7),
            "On validation the network has no MASE. The combination is naive alone.",
        ),
    ],
)
def test_on_validation(table: pd.DataFrame, words: str) -> None:
    assert validation_finding(table) == words


def paired(protocol: str, **found: tuple[float, float | None]) -> pd.DataFrame:
    rows = [(protocol, m, d, "Diebold-Mariano", p) for m, (d, p) in found.items()]
    return pd.DataFrame(rows, columns=["protocol", "method", "difference", "test", "p_value"])


def test_paired_tests() -> None:
    one_step = paired(
        "one_step",
        control=(-0.01, 0.8),
        naive=(-1.0, 0.001),
        seasonal_naive=(-0.9, 0.049),
        theta=(0.3, 0.02),
        ets=(-0.2, 0.05),
    )
    assert paired_test_finding(one_step) == (
        "Paired tests of the model at 5 % (Diebold-Mariano): one step: better than naive and "
        "seasonal naive, worse than theta, no significant difference to the other 2 methods, "
        "including control."
    )
    # no p-value: the test was not possible
    rolling = paired("rolling", naive=(-1.0, 0.2), theta=(0.1, None))
    assert paired_test_finding(pd.concat([one_step, rolling])).endswith(
        "; rolling: no significant difference to 1 method."
    )
    assert "too few" in paired_test_finding(paired("one_step", naive=(-1.0, None)))


def test_interval_coverage() -> None:
    known, unknown = (
        {"coverage_80": 88.6, "coverage_95": 97.7},
        dict.fromkeys(("coverage_80", "coverage_95")),
    )
    scores = {
        "model": {"one_step": known, "rolling": unknown},
        "combination": {"one_step": unknown, "rolling": unknown},
    }
    assert coverage_findings(scores) == [
        "Coverage of the model's 80 / 95 % intervals, in %: one step 89 / 98."
    ]


def test_series_left_out() -> None:
    assert left_out_lines({}) == []
    assert left_out_lines({"a": "is constant (5)"}) == ["Skipped: series 'a' is constant (5)"]
    lines = left_out_lines({f"s{number}": "has 3 values" for number in range(14)})
    assert len(lines) == 11
    assert lines[9] == "Skipped: series 's9' has 3 values"
    assert lines[10].startswith("Skipped: 4 more")


def test_fallback_lines() -> None:
    assert fallback_lines({}) == fallback_lines({"theta": 0}) == []
    [line] = fallback_lines({"theta": 1, "naive": 0, "last_growth": 2})
    assert line.endswith(
        "the seasonal naive forecast was used: theta for 1 and last growth for 2 series."
    )


def test_findings_of_a_task(finished: tuple[Path, dict]) -> None:
    folder = finished[0] / "metrics/airline"
    tables = (pd.read_csv(folder / f"tables/{name}.csv") for name in ("validation", "comparison"))
    fallbacks = pd.DataFrame({"method": ["sarima"], "series": [2]})
    lines = findings(
        read_json(folder / "scores.json"), *tables, fallbacks, {"x": "is constant (1)"}
    )
    assert "validation" in lines[0]
    assert lines[1].startswith("In fit year: ")
    assert "tests of the model at 5 % (Diebold-Mariano)" in lines[2]
    assert lines[3].startswith("Coverage of the model's 80 / 95 % intervals")
    assert lines[-2] == "Skipped: series 'x' is constant (1)"
    assert "sarima for 2 series" in lines[-1]
    assert all("\n" not in line and "nan" not in line for line in lines)


@pytest.fixture
def airline_alone(finished: tuple[Path, dict], tmp_path: Path) -> Path:
    """A project with the scores of task airline and nothing else."""
    folder = tmp_path / "project"
    shutil.copytree(finished[0] / "metrics/airline", folder / "metrics/airline")
    shutil.copytree(finished[0] / "data/normalized/airline", folder / "data/normalized/airline")
    params = read_yaml(finished[0] / "params.yaml")
    del params["tasks"]["mnist"]
    write_yaml(params, folder / "params.yaml")
    return folder


def report_of(project: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run_stage_here(project, "report") == 0
    return capsys.readouterr().out


def test_report_fits_into_100_columns(
    airline_alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = airline_alone / "data/normalized/airline/card.json"
    write_json(path, read_json(path) | {"left_out": {"[b] " + "x" * 90: "is constant (1)"}})
    write_checksums(path.parent)
    lines = report_of(airline_alone, capsys).splitlines()
    # the name of a series may be longer
    assert max(len(line) for line in lines if "xxx" not in line) <= 100
    assert any(line.endswith("series '[b]") for line in lines)
    assert any("x" * 90 in line for line in lines)
    assert any("2.78 / 0.402" in line for line in lines)


def test_a_star_marks_the_lowest_mase(
    airline_alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = airline_alone / "metrics/airline/scores.json"
    scores = read_json(path)
    for method, by_protocol in scores.items():
        for row in by_protocol.values():
            row["mase"] = 0.25 if method == "theta" else 0.5
    write_json(path, scores)
    starred = [line for line in report_of(airline_alone, capsys).splitlines() if "*" in line]
    assert ["lowest" in line or line.count("0.250*") == 4 for line in starred] == [True, True]


def test_smape_if_every_truth_contains_a_zero(
    airline_alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = airline_alone / "metrics/airline/scores.json"
    scores = read_json(path)
    for by_protocol in scores.values():
        for row in by_protocol.values():
            row |= {"mape": None, "smape": 12.34}
    write_json(path, scores)
    text = report_of(airline_alone, capsys)
    assert "airline: sMAPE in % and MASE" in text
    assert "12.34 / " in text


def test_a_fresh_clone_without_data_has_a_report(
    airline_alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(airline_alone / "data")
    assert "validation" in report_of(airline_alone, capsys)


def test_no_color_turns_colours_off(airline_alone: Path) -> None:
    text = on_a_terminal(airline_alone, "stdout", "-m", "rnnlab", "report", NO_COLOR="1")
    assert "theta" in text
    assert re.findall(r"\x1b\[[\d;]*(?:3\d|4\d|9\d|10\d)[\d;]*m", text) == []
