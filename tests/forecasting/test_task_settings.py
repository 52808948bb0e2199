"""What is said of a table that is read for a forecast."""

from pathlib import Path

import numpy as np
import pytest
from committed import COMMITTED

from rnnlab.core.params import load_params
from rnnlab.forecasting.task_settings import SeriesOptions, read_series, task_for

MONTHS = [f"{2010 + n // 12}-{n % 12 + 1:02}-01" for n in range(60)]


@pytest.mark.parametrize("named", [True, False])
def test_what_was_understood_is_no_result(
    tmp_path: Path,
    named: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Standard output may be the forecast itself."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{month},{n % 12 + n / 7:.2f}\n" for n, month in enumerate(MONTHS)]
    Path("mine.csv").write_text("ds,y\n" + "".join(rows[:20] + rows[31:]))
    text = (COMMITTED / "params.yaml").read_text().replace("data/raw/airline.csv", "mine.csv")
    Path("params.yaml").write_text(text)
    csv = "mine.csv" if named else None
    options = SeriesOptions("airline", csv, None, None, None, None, None, False)
    _, panel = read_series(options, task_for(options, load_params()))
    assert len(panel.values) == 60
    assert panel.filled.sum() == 11
    assert not np.isnan(panel.values).any()
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    if named:
        assert lines[0].startswith("mine.csv: one series, monthly, 2010-01 to 2014-12, values 'y'")
    assert lines[-1] == "mine.csv: 11 of 60 rows missing: gaps, the first at 2011-09-01"
    assert len(lines) == 1 + named
