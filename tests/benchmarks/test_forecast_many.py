"""The benchmark of many forecasts: a small run of all its parts."""

from pathlib import Path

import pytest
from helpers import read_json

from benchmarks.panels import forecast_many


def test_a_small_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forecast_many.run(4, 2, 1, tmp_path / "out")
    rows = read_json(tmp_path / "out/table.json")["rows"]
    assert [row["series"] for row in rows] == [4] * 3 + [2] * 7
    assert all(row["seconds"] > 0 for row in rows)
    lines = (tmp_path / "out/table.md").read_text().splitlines()
    assert "\n".join(lines) in capsys.readouterr().out
    # of the networks alone, what all series take is what was measured
    networks = next(line for line in lines if "networks" in line).split(" | ")
    assert float(networks[2]) == pytest.approx(float(networks[4].strip(" |")), abs=0.06)


def test_times_are_in_proportion_to_the_series() -> None:
    text = forecast_many.as_text([{"what": "ets", "series": 500, "seconds": 2.5}], 10_000)
    assert text.splitlines()[-1] == "| ets | 500 | 2.50 | 5.00 | 50.0 |"
