"""What is said of a table that is read for a forecast."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from committed import COMMITTED

from rnnlab.core.notes import InputWarning
from rnnlab.core.params import load_params
from rnnlab.forecasting.task_settings import SeriesOptions, read_series, task_for

MONTHS = [f"{2010 + n // 12}-{n % 12 + 1:02}-01" for n in range(60)]


def test_what_was_understood_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output may be the forecast itself."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{month},{n % 12 + n / 7:.2f}\n" for n, month in enumerate(MONTHS)]
    Path("mine.csv").write_text("ds,y\n" + "".join(rows[:20] + rows[31:]))
    shutil.copy(COMMITTED / "params.yaml", "params.yaml")
    options = SeriesOptions("airline", "mine.csv", None, None, None, None)
    with pytest.warns(InputWarning) as notes:
        task, panel = read_series(options, task_for(options, load_params()))
    assert (task.data.csv, panel.period, len(panel.y)) == ("mine.csv", 12, 60)
    assert np.isnan(panel.y).sum() == 11
    assert not np.isnan(panel.filled).any()
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("mine.csv: one series, monthly, 2010-01 to 2014-12, values 'y'")
    (missing,) = [str(note.message) for note in notes]
    assert missing == "mine.csv: 11 of 60 rows missing: gaps, the first at 2011-09-01"
