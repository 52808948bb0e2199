"""The benchmark of many forecasts: a small run of all its parts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import read_json

from benchmarks.panels import forecast_many
from rnnlab.core.errors import InputError


def test_generated_series_differ_and_repeat() -> None:
    table = forecast_many.generate(3, 24)
    assert table.groupby("unique_id").size().tolist() == [24, 24, 24]
    assert (table["y"] > 0).all()
    values = table["y"].to_numpy().reshape(3, 24)
    assert len(np.unique(values, axis=0)) == 3
    pd.testing.assert_frame_equal(table, forecast_many.generate(3, 24))


def test_a_small_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_many.importlib.util, "find_spec", lambda name: None)
    forecast_many.run([12], 1, tmp_path / "out")
    rows = read_json(tmp_path / "out/table.json")
    assert [row["what"] for row in rows] == [
        "one file, .csv",
        "one file, .parquet",
        "10 Parquet files",
    ]
    assert all(row["seconds"] > 0 and row["memory_mb"] > row["data_mb"] > 0 for row in rows)
    assert (tmp_path / "out/table.md").read_text() in capsys.readouterr().out


def test_other_bytes_are_an_error(tmp_path: Path) -> None:
    for name in ("alone", "ray"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.parquet").write_bytes(name.encode())
    with pytest.raises(InputError, match=r"Ray gives other forecasts: \['a.parquet'\]"):
        forecast_many.require_same(tmp_path / "alone", tmp_path / "ray")
