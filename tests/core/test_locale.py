"""Names and text are UTF-8, whatever the locale says."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, one_error_line, partial_leftovers, run_captured, small_environment

from rnnlab.core.text import use_utf8

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def markets(project: Path) -> Path:
    """A project with a file and a series whose names are beyond ASCII and Latin-1."""
    shutil.copytree(ROOT / "models/zero_shot", project / "models/zero_shot")
    months = pd.date_range("2015-01-01", periods=60, freq="MS").strftime("%Y-%m-%d")
    values = 30 + 5 * np.sin(np.arange(60) / 2)
    table = pd.DataFrame({"unique_id": "Żółw→", "ds": months, "y": values})
    table.to_csv(project / "Märkte→.csv", index=False)
    return project


def run(project: Path, *words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rnnlab", *map(os.fsencode, words)],
        cwd=project,
        env=small_environment(**env),
        capture_output=True,
        timeout=120,
    )


def test_a_forecast_in_a_locale_of_ascii_without_a_plot(markets: Path) -> None:
    words = ("--csv", "Märkte→.csv", "--horizon", "2", "--out", "-")
    done = run(markets, "forecast", *words, **ASCII, PYTHONIOENCODING="iso-8859-1")
    errors = done.stderr.decode()
    assert done.returncode == 0, errors
    assert [line.split(",")[0] for line in done.stdout.decode().splitlines()] == [
        *("unique_id", "Żółw→", "Żółw→")
    ]
    assert "Märkte→.csv: one series" in errors
    # it wants a folder that it can write to
    assert "matplotlib" not in {line.rpartition("|")[2].strip() for line in errors.splitlines()}
    assert not (markets / "forecasts").exists()


def test_a_new_series_in_a_locale_of_ascii(markets: Path) -> None:
    words = ("Märkte→.csv", "--name", "mine", "--unit", "Stück→")
    done = run(markets, "new-series", *words, **ASCII)
    assert done.returncode == 0, done.stderr.decode()
    assert (markets / "params.yaml").read_text("utf-8").count("unit: Stück→") == 1
    assert (markets / "dvc.yaml").read_text("utf-8").count("y_label: Stück→") == 2


def test_a_word_that_is_not_utf8_is_refused_first(markets: Path) -> None:
    before = {path: path.read_bytes() for path in markets.rglob("*") if path.is_file()}
    unit = os.fsdecode(b"St\xfcck")
    done = run_captured(markets, "new_series", "Märkte→.csv", "--name", "mine", "--unit", unit)
    assert done.returncode == 1
    one_error_line(done.stderr, "St\ufffdck: is not UTF-8")
    assert {path: path.read_bytes() for path in markets.rglob("*") if path.is_file()} == before
    assert partial_leftovers(markets) == []


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_streams_are_utf8(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, name, io.TextIOWrapper(content, encoding="iso-8859-1"))
    monkeypatch.setattr(sys, "argv", ["rnnlab", "Märkte→.csv"])
    use_utf8()
    print("Märkte→", file=getattr(sys, name), flush=True)
    assert content.getvalue().decode("utf-8") == "Märkte→\n"
