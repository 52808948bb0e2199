"""Mean and standard deviation of a series task's scores over seeds, as a Markdown table.

    python -m benchmarks.accuracy.seeds airline --seeds 5

Runs the stages from normalize to evaluate for each seed in a temporary folder, with the parameters
and data of this project, and prints mean ± standard deviation of MAPE (%) and MASE by protocol.
Deterministic methods have no deviation, and the pretrained network is not trained again.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.scratch import ROOT, link_pretrained, markdown, run_stages, write_params
from rnnlab.core.errors import exit_code
from rnnlab.core.files import read_json
from rnnlab.core.stage import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("task")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    sys.exit(exit_code(lambda: print(report(scores_by_seed(arguments.task, arguments.seeds)))))


def scores_by_seed(task: str, seeds: int) -> list[dict]:
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(ROOT / "data/raw", project / "data/raw")
        link_pretrained(project)
        write_params(project, {"seed": 1})
        run_stages(project, "normalize", "windows", task=task)
        for seed in range(1, seeds + 1):
            write_params(project, {"seed": seed})
            run_stages(project, "train", "evaluate", task=task)
            scores.append(read_json(project / "metrics" / task / "scores.json", "evaluate"))
    return scores


def report(scores: list[dict]) -> str:
    protocols = list(scores[0]["model"])
    rows = [
        [method, *(cell([run[method][protocol] for run in scores]) for protocol in protocols)]
        for method in scores[0]
    ]
    title = f"MAPE (%) / MASE, mean ± standard deviation over {len(scores)} seeds"
    return f"{title}\n\n{markdown(['method', *protocols], rows)}"


def cell(measures: list[dict]) -> str:
    mape, mase = (np.array([m[key] for m in measures], dtype=float) for key in ("mape", "mase"))
    if np.ptp(mase) == 0:
        return f"{mape[0]:.2f} / {mase[0]:.3f}"
    mape_text = f"{mape.mean():.2f} ± {mape.std(ddof=1):.2f}"
    return f"{mape_text} / {mase.mean():.3f} ± {mase.std(ddof=1):.3f}"


if __name__ == "__main__":
    main()
