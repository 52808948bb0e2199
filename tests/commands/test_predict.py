"""rnnlab predict: pictures named by a finished project, and its network as ONNX."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from helpers import CLASSES, Done, edit_params, one_error_line, run_stage, run_stage_here
from PIL import Image
from safetensors.numpy import load_file

from rnnlab.commands.predict import SURE, report_doubts, table
from rnnlab.core.errors import InputError
from rnnlab.core.notes import InputWarning
from rnnlab.images.photos import Reading, read_photo
from rnnlab.networks.storage import read_models


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    draw = np.random.default_rng(0)
    paths = [tmp_path / "one.png", tmp_path / "zwei und drei.jpg"]
    for path in paths:
        picture = np.full((61, 47), 240, np.uint8)
        picture[10:40, 12:30] = draw.integers(0, 120, (30, 18))
        picture[16:34, 18:24] = 240
        Image.fromarray(picture).save(path)
    return paths


def rows_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_a_row_for_each_picture(
    finished: tuple[Path, Done], pictures: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project = finished[0]
    assert run_stage_here(project, "predict", "--accept", *map(str, pictures)) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["photo", "answer", "0", "(%)", "1", "(%)", "2", "(%)", "3", "(%)"]
    assert len(lines) == 2
    networks, _ = read_models(project / "data/models/mnist", "mnist", torch.device("cpu"))
    for line, path in zip(lines, pictures, strict=True):
        assert line.startswith(str(path))
        answer, *shown = line.removeprefix(str(path)).split()
        x = torch.from_numpy(read_photo(path, [8, 8]).digits)
        with torch.inference_mode():
            chances = networks["main"][0](x).softmax(1)[0].numpy()
        assert int(answer.rstrip("?")) == chances.argmax()
        assert answer.endswith("?") == (chances.max() < SURE)
        np.testing.assert_allclose(np.array(shown, float), 100 * chances, atol=0.0501)


def test_onnx_answers_as_torch_from_grey_levels(copy: Path) -> None:
    assert run_stage_here(copy, "predict", "--onnx", "digits.onnx") == 0
    x = load_file(copy / "data/windows/mnist/main/test.safetensors")["x"]
    networks, _ = read_models(copy / "data/models/mnist", "mnist", torch.device("cpu"))
    with torch.inference_mode():
        expected = networks["main"][0](torch.from_numpy(x)).numpy()
    session = onnxruntime.InferenceSession(copy / "digits.onnx", providers=["CPUExecutionProvider"])
    found = session.run(["logits"], {"x": x.astype(np.float32)})[0]
    assert found.shape == (len(x), CLASSES)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("sequence", ["pixels", "permuted", "flat"])
def test_other_sequences_and_an_ensemble(
    copy: Path, pictures: list[Path], sequence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"windows.sequence": sequence, "train.epochs": 1, "train.ensemble": 2}
    edit_params(copy, {f"tasks.mnist.{key}": value for key, value in changes.items()})
    for stage in ("windows", "train"):
        assert run_stage_here(copy, stage, "mnist") == 0
    assert (
        run_stage_here(copy, "predict", "--accept", str(pictures[0]), "--onnx", "digits.onnx") == 0
    )
    shown = np.array(rows_of(capsys.readouterr().out)[-1][2:], float)
    assert shown.sum() == pytest.approx(100, abs=0.3)
    flat = read_photo(pictures[0], [8, 8]).digits.reshape(64).astype(np.float32)
    order = np.random.RandomState(92916).permutation(64) if sequence == "permuted" else range(64)
    x = flat[list(order)].reshape((1, 1, 64) if sequence == "flat" else (1, 64, 1))
    session = onnxruntime.InferenceSession(copy / "digits.onnx", providers=["CPUExecutionProvider"])
    logarithms = session.run(None, {"x": x})[0][0]
    np.testing.assert_allclose(100 * np.exp(logarithms), shown, atol=0.051)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["nothing to do"]),
        (["none.png"], ["none.png"]),
        (["data"], ["data"]),
        (["params.yaml"], ["params.yaml is not a PNG or JPEG"]),
        (["--task", "airline", "params.yaml"], ["airline", "task of images"]),
        (["--task", "mnits", "params.yaml"], ["mnits", "did you mean mnist?"]),
        (["--onnx", "nowhere/digits.onnx"], ["nowhere/digits.onnx"]),
        (["--onnx", "data"], ["--onnx data: is a folder"]),
    ],
)
def test_faults_are_one_line(
    finished: tuple[Path, Done],
    words: list[str],
    expected: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_stage_here(finished[0], "predict", *words) == 1
    printed = capsys.readouterr()
    one_error_line(printed.err, *expected)
    assert printed.out == ""


def test_a_bad_picture_among_good_ones(finished: tuple[Path, Done], pictures: list[Path]) -> None:
    """As a process of its own: no traceback, no row, exit code 1."""
    pictures[1].write_bytes(pictures[1].read_bytes()[:400])
    done = run_stage(finished[0], "predict", *map(str, pictures))
    assert done.returncode == 1
    assert done.stdout == ""
    one_error_line(done.stderr, "zwei und drei.jpg", "damaged")


def test_before_training_it_names_the_stage(
    copy: Path, pictures: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(copy / "data/models")
    assert run_stage_here(copy, "predict", str(pictures[0])) == 1
    one_error_line(capsys.readouterr().err, "dvc repro train@mnist")


def test_networks_of_another_version(
    copy: Path, pictures: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy / "data/models/mnist/card.json"
    card = json.loads(path.read_text())
    card["model"]["gates"] = 5
    path.write_text(json.dumps(card))
    (path.parent / "SHA256SUMS").unlink()
    assert run_stage_here(copy, "predict", str(pictures[0])) == 1
    one_error_line(capsys.readouterr().err, "card.json", "another version", "dvc repro train@mnist")


def test_a_photo_without_a_digit_is_marked_and_the_others_are_read(
    finished: tuple[Path, Done], pictures: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (90, 60), 200).save(pictures[1])
    assert run_stage_here(finished[0], "predict", *map(str, pictures)) == 1
    printed = capsys.readouterr()
    one_error_line(printed.err, "zwei und drei.jpg (nothing is written)", "--accept")
    rows = printed.out.splitlines()
    assert rows[2].removeprefix(str(pictures[1])).split() == ["?", "-", "-", "-", "-"]
    assert rows[1].split()[1].rstrip("?").isdigit()
    assert run_stage_here(finished[0], "predict", "--accept", *map(str, pictures)) == 0
    assert "nothing is written" in capsys.readouterr().err


def test_two_digits_are_one_answer_of_two_rows() -> None:
    readings = [Reading(np.zeros((2, 8, 8), np.uint8), ""), Reading(np.zeros((1, 8, 8)), "blot")]
    answers = [np.array([[0, 0.1, 0.9], [0.95, 0.05, 0]]), np.array([[0.2, 0.7, 0.1]])]
    paths = [Path("a.png"), Path("b.png")]
    _, *rows = rows_of(table(paths, readings, answers))
    assert rows[0] == ["a.png", "20", "0.0", "10.0", "90.0"]
    assert rows[1] == ["95.0", "5.0", "0.0"]
    assert rows[2][:2] == ["b.png", "1?"]
    with pytest.raises(InputError, match=r"^in doubt: b\.png \(blot\); .*--accept$"):
        report_doubts(paths, readings, accept=False)
    with pytest.warns(InputWarning, match="b.png"):
        report_doubts(paths, readings, accept=True)
    report_doubts(paths[:1], readings[:1], accept=False)
