"""The benchmark of panels: what it generates, and that it measures what it says."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import run_stage_here

from benchmarks.panels import synthetic as panels


def test_generated_series_differ_and_repeat() -> None:
    table = panels.generate(3, 24)
    assert table.groupby("unique_id").size().tolist() == [24, 24, 24]
    assert (table["y"] > 0).all()
    values = table["y"].to_numpy().reshape(3, 24)
    assert len(np.unique(values, axis=0)) == 3
    pd.testing.assert_frame_equal(table, panels.generate(3, 24))


def test_a_small_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four series in processes of their own, as they are measured; the others in this one."""
    measured, real = [], panels.measure

    def measure(project: Path, repeats: int) -> dict[str, tuple[float, int]]:
        measured.append((project.name, repeats))
        if project.name == "4":
            return real(project, repeats)
        for stage in panels.STAGES:
            assert run_stage_here(project, stage, "panel") == 0
        return dict.fromkeys(panels.STAGES, (0.5, 2**24))

    monkeypatch.setattr(panels, "measure", measure)
    panels.run((2, 4), 1, tmp_path / "out")
    assert measured == [("1", 4), ("2", 2), ("4", 1)]
    table = pd.read_csv(tmp_path / "out/panels.csv")
    assert table["series"].tolist() == [2, 2, 2, 4, 4, 4]
    assert table["windows"].tolist()[3] == 2 * table["windows"].tolist()[0]
    # beyond the start of a stage so few series take no time that could be told from noise
    assert np.isfinite(table["microseconds_per_window"]).all()
    assert (table["memory_mib"] > 10).all()
    assert (tmp_path / "out/panels.png").read_bytes().startswith(b"\x89PNG")
    assert "| train |" in capsys.readouterr().out
