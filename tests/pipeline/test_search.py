"""rnnlab search with DVC's own experiments, killed and started again."""

import subprocess
import time
from pathlib import Path

from clones import another, environment_of, succeed

SPACE = """\
tasks.airline.train.learning_rate: {float: [0.001, 0.1], log: true}
tasks.airline.model.cell: [rnn, gru, lstm]
"""
SEARCH = ("rnnlab", "search", "airline", "--trials", "2")


def test_a_killed_search_goes_on_and_its_best_can_be_applied(
    finished_clone: Path, tmp_path: Path
) -> None:
    folder = another(finished_clone, tmp_path / "clone")
    (folder / "experiments/search/airline.yaml").write_text(SPACE)
    with subprocess.Popen(
        SEARCH, cwd=folder, env=environment_of(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any(line.startswith("airline-search-01: mase_val ") for line in lines)
        log = folder / "data/search/airline/airline-search-02.log"
        while not log.exists():
            time.sleep(0.1)
        process.kill()
    said = succeed(folder, *SEARCH)
    assert "airline-search-02: was interrupted; it is tried again" in said
    assert "3 trials: 2 done, 1 failed" in said
    [apply] = [line for line in said.splitlines() if line.startswith("Use it:")]
    best = apply.split()[-1]
    assert best in ("airline-search-01", "airline-search-03")
    succeed(folder, "dvc", "exp", "apply", best)
    assert "up to date" in succeed(folder, "dvc", "status", "evaluate@airline")
