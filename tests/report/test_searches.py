"""The part of the report on a search over parameters."""

from pathlib import Path

import pandas as pd
import pytest

from rnnlab.report.searches import search_of

RATE, CELL = "tasks.airline.train.learning_rate", "tasks.airline.model.cell"


def test_the_best_trials_and_what_matters_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert search_of("airline") is None
    folder = tmp_path / "data/search/airline/tables"
    folder.mkdir(parents=True)
    trials = pd.DataFrame(
        {
            "trial": [f"airline-search-{n:02}" for n in (3, 1, 2, 4)],
            "state": ["done", "done", "pruned", "failed"],
            "mase_val": [0.2, 0.3, None, None],
            "seconds": 1.0,
            "reason": ["", "", "", "no memory"],
            RATE: [0.01, 0.001, 0.1, 0.2],
            CELL: "gru",
        }
    )
    trials.to_csv(folder / "trials.csv", index=False)
    importance = pd.DataFrame({"parameter": [RATE, CELL], "importance": [0.9, 0.1]})
    importance.to_csv(folder / "importance.csv", index=False)
    part = search_of("airline")
    assert part is not None
    assert part.table.title == "Search: the best of 4 trials (2 done, 1 pruned, 1 failed)"
    assert part.table.rows == [
        ["airline-search-03", "0.2", "0.01", "gru"],
        ["airline-search-01", "0.3", "0.001", "gru"],
    ]
    drawn, bars = part.charts.values()
    assert drawn["data"]["values"].splitlines() == ["number,score", "1,0.3", "3,0.2"]
    assert bars["data"]["values"].splitlines()[1] == "learning rate,0.9"
