"""The pipeline on the 414 hourly series of the M4 competition, 48 hours ahead.

    python -m benchmarks.panels.m4_hourly --data FOLDER

Makes a task (benchmarks/panels/m4_hourly.yaml) of the competition's two files in OUT, runs the
stages from normalize to plot, and prints a Markdown table of published scores and our own. The
test part is the test file; as in every task, no stage before evaluate reads it. This takes about
10 minutes on two cores.
"""

import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.panels.m4_data import (
    NAIVE2,
    PUBLISHED,
    SEASONAL_NAIVE,
    Figures,
    check_measures,
    long_table,
)
from benchmarks.scratch import RUNS, markdown, run_stages
from rnnlab.core.errors import exit_code
from rnnlab.core.files import read_json, write_json
from rnnlab.core.stage import make_parser

TASK = "m4_hourly"
PARAMS = Path(__file__).with_suffix(".yaml")
STAGES = ("normalize", "windows", "train", "evaluate", "plot")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of Hourly-train.csv and Hourly-test.csv"
    )
    parser.add_argument("--params", type=Path, default=PARAMS, help=f"parameters ({PARAMS.name})")
    parser.add_argument("--out", type=Path, default=RUNS / TASK, help="folder to work in")
    arguments = parser.parse_args()
    sys.exit(exit_code(lambda: run(arguments.data, arguments.params, arguments.out)))


def run(data: Path, params: Path, out: Path) -> None:
    started = time.perf_counter()
    table = long_table(data)
    folder = out / "data/raw"
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / f"{TASK}.parquet", index=False)
    shutil.copy(params, out / "params.yaml")
    run_stages(out, *STAGES, task=TASK)
    scores = read_json(out / "metrics" / TASK / "scores.json", "evaluate")
    check_measures(figures(scores, "seasonal_naive"), SEASONAL_NAIVE, "seasonal naive")
    check_measures(figures(scores, "naive2"), NAIVE2, "Naive2")
    seconds = time.perf_counter() - started
    write_json(out / "seconds.json", {"seconds": round(seconds, 1)})
    print(report(scores, seconds))


def figures(scores: dict, method: str) -> Figures:
    """Scores of forecasts of all 48 hours at once, as in the competition."""
    measures = scores[method]["long"]
    return Figures(measures["smape"], measures["mase"], measures["owa"])


def report(scores: dict, seconds: float) -> str:
    """The table of published scores and ours, with a line on intervals and one on time."""
    rows = {name: three_digits(row) for name, row in PUBLISHED.items()}
    ours = {
        "network": "model",
        "control: network outputs of zero": "control",
        "seasonal naive, computed here": "seasonal_naive",
        "Naive2, computed here": "naive2",
    }
    rows |= {f"**{name}**": three_digits(figures(scores, of)) for name, of in ours.items()}
    table = markdown(
        ["method", "sMAPE (%)", "MASE", "OWA"], [[name, *cells] for name, cells in rows.items()]
    )
    model = scores["model"]["long"]
    return "\n".join(
        [
            table,
            "",
            "Rows in bold were computed here.",
            f"Coverage is {model['coverage_80']:.1f} % for the 80 % intervals and "
            f"{model['coverage_95']:.1f} % for the 95 % intervals; MSIS {model['msis']:.3f}.",
            f"{seconds / 60:.1f} minutes.",
        ]
    )


def three_digits(row: Iterable[float]) -> list[str]:
    return [f"{figure:.3f}" for figure in row]


if __name__ == "__main__":
    main()
