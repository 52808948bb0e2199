"""The ONNX file with the statistics beside it gives what the forecaster gives."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from helpers import ROOT, one_error_line, run_stage_here
from toys import zero_shot_network

from rnnlab.features.extraction import extract_features
from rnnlab.zero_shot.answers import in_units
from rnnlab.zero_shot.forecaster import forecast_quantiles
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.onnx_export import write_zero_shot_onnx
from rnnlab.zero_shot.storage import write_zero_shot


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> onnxruntime.InferenceSession:
    path = tmp_path_factory.mktemp("onnx") / "network.onnx"
    write_zero_shot_onnx(zero_shot_network(2), path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("period", "length", "series", "steps"),
    [(12, 126, 4, 18), (12, 168, 1, 1), (4, 56, 9, 8), (1, 14, 2, 64), (52, 320, 3, 60)],
)
def test_the_forecaster_s_quantiles(
    session: onnxruntime.InferenceSession, period: int, length: int, series: int, steps: int
) -> None:
    """Lengths are widths of the forecaster's blocks."""
    rng = np.random.default_rng(period)
    histories = 50 + rng.standard_normal((series, length)).cumsum(axis=1)
    histories[:, 5:7] = np.nan
    features = extract_features(histories, period, np.arange(1, steps + 1))
    inputs = {node.name: getattr(features, node.name) for node in session.get_inputs()}
    [output] = session.run(["quantiles"], inputs)
    found = in_units(features, output, period)
    expected = forecast_quantiles(zero_shot_network(2), list(histories), period, steps)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_file_says_what_it_takes_and_gives(session: onnxruntime.InferenceSession) -> None:
    assert session.get_outputs()[0].shape == ["series", "steps", len(QUANTILES)]
    levels = session.get_modelmeta().custom_metadata_map["quantiles"].split()
    assert tuple(map(float, levels)) == QUANTILES


def test_the_statistics_need_no_torch() -> None:
    code = "import sys, rnnlab.zero_shot.answers; print({'torch', 'onnx'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "set()\n", done.stderr


def test_predict_writes_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--task", "zero_shot", "--onnx", "network.onnx"]
    assert run_stage_here(project, "predict", *words) == 1
    one_error_line(capsys.readouterr().err, "models/zero_shot/card.json is missing")
    weights = {name: value.detach() for name, value in zero_shot_network().named_parameters()}
    (project / "models/zero_shot").mkdir(parents=True)
    write_zero_shot(project / "models/zero_shot", weights, {"hidden_size": 8, "decoder_size": 8})
    assert run_stage_here(project, "predict", *words) == 0
    onnxruntime.InferenceSession(project / "network.onnx", providers=["CPUExecutionProvider"])
    assert run_stage_here(project, "predict", "--task", "zero_shot", "photo.png") == 1
    one_error_line(capsys.readouterr().err, "--task zero_shot", "--onnx")
