"""The spread of a series task's scores over seeds, as a Markdown table.

    python -m benchmarks.seeds airline --seeds 5

Runs the stages from normalize to evaluate for each seed in a folder of its own, with the parameters
and data of this one, and writes mean ± standard deviation of MAPE (%) and MASE by protocol. Methods
without chance in them have no spread.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(ROOT / "data/raw", project / "data/raw")
        for stage in ("normalize", "windows"):
            write_params(project, seed=1)
            run(project, stage, arguments.task)
        scores = []
        for seed in range(1, arguments.seeds + 1):
            write_params(project, seed)
            for stage in ("train", "evaluate"):
                run(project, stage, arguments.task)
            path = project / "metrics" / arguments.task / "scores.json"
            scores.append(json.loads(path.read_text()))
    print(markdown(scores))


def write_params(project: Path, seed: int) -> None:
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["seed"] = seed
    yaml.dump(params, project / "params.yaml")


def run(project: Path, stage: str, task: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", f"stages.{stage}", task]
    subprocess.run(command, cwd=project, env=environment, check=True)


def markdown(scores: list[dict]) -> str:
    protocols = list(scores[0]["model"])
    lines = [
        f"MAPE (%) / MASE, mean ± standard deviation over {len(scores)} seeds",
        "",
        "| method | " + " | ".join(protocols) + " |",
        "|---|" + "---|" * len(protocols),
    ]
    for method in scores[0]:
        cells = [cell([run[method][protocol] for run in scores]) for protocol in protocols]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(measures: list[dict]) -> str:
    mape, mase = (np.array([m[key] for m in measures], dtype=float) for key in ("mape", "mase"))
    if np.ptp(mase) == 0:
        return f"{mape[0]:.2f} / {mase[0]:.3f}"
    spread = mape.std(ddof=1), mase.std(ddof=1)
    return f"{mape.mean():.2f} ± {spread[0]:.2f} / {mase.mean():.3f} ± {spread[1]:.3f}"


if __name__ == "__main__":
    main()
