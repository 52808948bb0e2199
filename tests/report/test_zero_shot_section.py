"""The pretrained network in the report: a table, and a section of the page if it was evaluated."""

import shutil
from pathlib import Path

import pytest
from helpers import edit_params, run_stage_here

from rnnlab.core.params import load_params
from rnnlab.report.zero_shot import section_of_zero_shot, zero_shot_table

ROW = {"series": 1234, "relative_mase": 0.71234, "relative_quantile_loss": 0.6}
ROW |= {"coverage_80": 79.6, "coverage_95": 94.4}
SCORES = {
    "real": ROW,
    "synthetic": {**ROW, "relative_mase": None},
    "synthetic_by_period": {"12": ROW},
    "parameters": 1000,
}


def test_the_table() -> None:
    table = zero_shot_table(SCORES)
    assert table.rows == [
        ["real series", "1,234", "0.712", "0.600", "80 / 94"],
        ["synthetic series", "1,234", "–", "0.600", "80 / 94"],
        ["- period 12", "1,234", "0.712", "0.600", "80 / 94"],
    ]
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_section(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without plots and a network there is less to show; with changed parameters, a warning."""
    monkeypatch.chdir(project)
    section = section_of_zero_shot(load_params(), SCORES)
    assert (section.plots, section.findings) == ([], [])
    assert "1,000 weights" in section.facts["Network"]
    shutil.rmtree(project / "data")
    edit_params(project, {"tasks": {}})
    for words in (["pretrain"], ["evaluate", "zero_shot"], ["plot", "zero_shot"], ["report"]):
        assert run_stage_here(project, *words) == 0
    assert "zero_shot: errors by those of seasonal naive" in capsys.readouterr().out
    page = (project / "report/index.html").read_text()
    assert '<h2 id="zero_shot">' in page
    section = section_of_zero_shot(load_params(), SCORES)
    assert [plot.name for plot in section.plots] == ["forecasts", "guess", "loss"]
    assert all(plot.title for plot in section.plots)
    assert section.findings == []
    edit_params(project, {"zero_shot.steps": 9, "zero_shot.workers": 3})
    [line] = section_of_zero_shot(load_params(), SCORES).findings
    assert "dvc repro pretrain" in line
    edit_params(project, {"zero_shot.steps": 4})
    assert section_of_zero_shot(load_params(), SCORES).findings == []
