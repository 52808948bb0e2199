"""Train the network that forecasts series it has never seen, on synthetic series alone.

Reads:   params.yaml (device, deterministic, zero_shot)
Writes:  data/checkpoints/zero_shot/ during training, so that an interrupted run resumes;
         models/zero_shot/ (in git): weights.safetensors (averaged over steps), card.json (sizes,
         quantiles, settings, final loss) and curves.csv (loss every 50 steps);
         metrics/zero_shot/speed.json: seconds, series per second, and the seconds that workers
         made series as a share of all (outside git and DVC)
Needs:   nothing: the series are drawn as it trains; a GPU is optional: see device
"""

# before torch, which reads the environment when it is loaded
import rnnlab  # noqa: F401

# isort: split
import shutil
from pathlib import Path

import pandas as pd
import torch

from rnnlab.core.files import output_folder, write_json, write_table
from rnnlab.core.params import Params
from rnnlab.core.stage import run_stage
from rnnlab.training.checkpoints import fingerprint, open_checkpoints
from rnnlab.training.device import prepare
from rnnlab.zero_shot.storage import FOLDER, write_zero_shot
from rnnlab.zero_shot.training import TRAINING_KEYS, Pretrained, pretrain

CHECKPOINTS = Path("data/checkpoints/zero_shot")
SPEED = Path("metrics/zero_shot/speed.json")


def main(params: Params) -> None:
    # beside a worker one thread is twice as fast as two on 2 cores; and experiments with another
    # number of threads do not train again
    device = prepare(params.model_copy(update={"threads": 1}))
    settings = params.zero_shot.model_dump(include={*TRAINING_KEYS})
    machine = params.model_dump(include={"device", "deterministic"})
    checkpoint = open_checkpoints(CHECKPOINTS, fingerprint(machine | settings, [], device))
    trained = pretrain(params.zero_shot, device, checkpoint("network"))
    series = params.zero_shot.steps * params.zero_shot.batch_size
    with output_folder(FOLDER) as folder:
        card = {
            **settings,
            "series": series,
            "loss": trained.curve[-1]["smoothed"],
        }
        write_zero_shot(folder, trained.weights, card)
        write_table(folder / "curves.csv", pd.DataFrame(trained.curve))
    write_speed(trained, params, device, series)
    shutil.rmtree(CHECKPOINTS, ignore_errors=True)


def write_speed(trained: Pretrained, params: Params, device: torch.device, series: int) -> None:
    figures = {
        "train_seconds": round(trained.seconds, 2),
        "series_per_second": round(series / trained.seconds, 1),
        "making_series": round(trained.making_seconds / trained.seconds, 4),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "workers": params.zero_shot.workers,
    }
    write_json(SPEED, figures)


if __name__ == "__main__":
    run_stage(__doc__, main)
