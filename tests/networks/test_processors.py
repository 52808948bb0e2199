"""Every cell trains, is scored and answers on processors without the newest instructions."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from committed import with_pretrained
from helpers import ROOT, Done, edit_params, read_json, small_environment
from PIL import Image

PROCESSORS = [
    {},
    {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    {"ATEN_CPU_CAPABILITY": "default"},
]
# oneDNN's LSTM in bfloat16 needs AVX-512
WITHOUT_BFLOAT16_LSTM = ("SSE41", "AVX2")


@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda each: "-".join(each.values()) or "own")
def test_all_cells(processor: dict[str, str], finished: tuple[Path, Done], tmp_path: Path) -> None:
    project = shutil.copytree(finished[0], tmp_path / "project")
    with_pretrained(project)
    epochs = {f"tasks.{task}.train.epochs": 1 for task in ("mnist", "airline")}
    edit_params(project, {**epochs, "tasks.airline.evaluate.baselines": ["seasonal_naive"]})
    picture = tmp_path / "digit.png"
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(picture)
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/all_cells.py"), str(project), str(picture)],
        env=small_environment(**processor),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for cell, ended in json.loads(done.stdout).items():
        code, stderr = ended.pop("by name")
        assert {name: code for name, (code, _) in ended.items()} == dict.fromkeys(ended, 0), ended
        refuses = processor.get("ONEDNN_MAX_CPU_ISA") in WITHOUT_BFLOAT16_LSTM
        if cell == "lstm" and refuses and platform.machine() in ("x86_64", "AMD64"):
            assert code == 1
            (line,) = stderr.splitlines()
            assert "cannot train cell lstm in bfloat16" in line
        else:
            assert code == 0, stderr
    speed = read_json(project / "metrics/airline/speed.json")
    assert speed["precision"] in ("float32", "bfloat16")
