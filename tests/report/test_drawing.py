"""The part "Draw" of the report page: JavaScript computes what torch does."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from browser import CHROMIUM, faults, look_at
from helpers import ROOT, Done, edit_params, run_stage_here
from PIL import Image

from rnnlab.images.idx import as_sequences
from rnnlab.images.photos import read_photo
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.storage import write_models
from rnnlab.report import drawing
from rnnlab.report.drawing import drawing_of, network_content

DRAW = ROOT / "rnnlab/report/draw.js"
NODE = shutil.which("node")
SHAPE = (6, 5)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, *SHAPE)).astype(np.uint8)
NETWORKS = {
    f"{cell}-{'both' if both else 'one'}-{layers}": {
        "model": {"cell": cell, "bidirectional": both, "num_layers": layers}
    }
    for cell in ("rnn", "lstm", "gru")
    for both in (False, True)
    for layers in (1, 2)
}
NETWORKS |= {
    "mean": {"model": {"cell": "gru", "pooling": "mean", "bidirectional": True}},
    "max-by-pixels": {"model": {"pooling": "max"}, "sequence": "pixels"},
    "relu-without-bias": {"model": {"cell": "rnn", "nonlinearity": "relu", "bias": False}},
    "permuted-ensemble": {"model": {"cell": "gru"}, "sequence": "permuted", "members": 3},
    "flat": {"sequence": "flat"},
}
# what draw.js finds in each image, after each of some numbers of steps
ANSWERS = """networks.map(({ network, images, counts }) => {
  const members = unpacked(network);
  return images.map((image) => network.orders.map((order) => {
    const look = reader(network, members, sequenceOf(network, bytesOf(image), order));
    return counts.map((count) => {
      const { states, logits, chances } = look(count);
      const list = (numbers) => [...numbers];
      return { states: states.map((layer) => layer.map(list)), logits: logits.map(list),
        chances: list(chances) };
    });
  }));
})"""


def made(
    model: dict[str, Any] | None = None, sequence: str = "rows", members: int = 1
) -> tuple[list[RecurrentNetwork], dict, dict]:
    """Random networks with 16-bit weights, their tensors and their card."""
    model = {"cell": "lstm", "num_layers": 1, "nonlinearity": "tanh", "bidirectional": False} | {
        "pooling": "last",
        "hidden_size": 7,
        **(model or {}),
    }
    steps, features = as_sequences(IMAGES, sequence).shape[1:]
    torch.manual_seed(0)
    networks = [
        RecurrentNetwork(features, 4, **model, shift=33.3, scale=78.6).eval()
        for _ in range(members)
    ]
    for network in networks:
        for parameter in network.parameters():
            # large ones, so that states saturate and differ
            parameter.data = (2 * parameter.data).half().float()
    windows = {"features": features, "outputs": 4, "sequence": sequence, "steps": steps}
    windows |= {"image_shape": [*SHAPE], "input": {"shift": 33.3, "scale": 78.6}}
    card = {"model": model, "windows": windows, "parameters": 100, "fits": {"main": [{}] * members}}
    tensors = {
        f"main.{number}.{name}": value.numpy()
        for number, network in enumerate(networks)
        for name, value in network.state_dict().items()
    }
    return networks, tensors, card


@pytest.fixture(scope="module")
def asked() -> list[dict]:
    """What is asked about each network of NETWORKS."""
    found = []
    for settings in NETWORKS.values():
        _, tensors, card = made(**settings)
        steps = card["windows"]["steps"]
        found.append(
            {
                "network": network_content(tensors, card),
                "images": [base64.b64encode(image.tobytes()).decode() for image in IMAGES],
                "counts": sorted({1, (steps + 1) // 2, steps}),
            }
        )
    return found


def in_browser(expression: str, folder: Path) -> Any:
    """The value of ``expression`` beside draw.js, as Chromium computes it."""
    page = folder / "page.html"
    page.write_text(f"<body><script>{DRAW.read_text()}</script>")
    wait = "new Promise((done) => setTimeout(done, 200))"
    value, events = look_at(page, 390, "light", f"{wait}.then(() => {expression})", folder / "p")
    assert faults(events) == []
    return value


def in_node(expression: str, folder: Path) -> Any:
    script = folder / "script.js"
    script.write_text(f"{DRAW.read_text()}\nconsole.log(JSON.stringify({expression}))")
    done = subprocess.run([str(NODE), script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(in_browser, marks=pytest.mark.skipif(not CHROMIUM, reason="no Chromium")),
        pytest.param(in_node, marks=pytest.mark.skipif(not NODE, reason="no node")),
    ],
)
def test_the_page_computes_what_torch_does(program: Any, asked: list[dict], tmp_path: Path) -> None:
    """Logits, probabilities and all states of twenty images, in every order the page shows."""
    expression = f"((networks) => JSON.stringify({ANSWERS}))({json.dumps(asked)})"
    answers = json.loads(program(expression, tmp_path))
    assert len(answers) == len(NETWORKS)
    for settings, question, found in zip(NETWORKS.values(), asked, answers, strict=True):
        networks, _, card = made(**settings)
        own = torch.from_numpy(as_sequences(IMAGES, card["windows"]["sequence"]).copy())
        compared = {
            "rows": own.flip(1),
            "pixels": own.flip(1),
            "permuted": torch.from_numpy(as_sequences(IMAGES, "pixels").copy()),
        }
        orders = [own, *[compared[key] for key in [card["windows"]["sequence"]] if key in compared]]
        for number, x in enumerate(orders):
            for place, count in enumerate(question["counts"]):
                here = [image[number][place] for image in found]
                compare(networks, x[:, :count], here)


@torch.inference_mode()
def compare(networks: list[RecurrentNetwork], x: torch.Tensor, found: list[dict]) -> None:
    logits = torch.stack([network(x) for network in networks])
    tolerance = {"rtol": 0, "atol": 1e-4}
    ours = np.array([each["logits"] for each in found]).swapaxes(0, 1)
    np.testing.assert_allclose(ours, logits, **tolerance)
    chances = [each["chances"] for each in found]
    np.testing.assert_allclose(chances, logits.softmax(2).mean(0), **tolerance)
    # torch returns the states of the last layer alone: of fewer layers, those below it
    recurrent = networks[0].recurrent
    layers = np.array([each["states"] for each in found]).swapaxes(0, 1)
    for layer in range(recurrent.num_layers):
        states = outputs_of_layer(networks[0], x, layer)
        np.testing.assert_allclose(layers[layer], states, **tolerance)
    assert np.ptp(np.array(chances), axis=0).max() > 0.01


def outputs_of_layer(network: RecurrentNetwork, x: torch.Tensor, layer: int) -> torch.Tensor:
    full = network.recurrent
    part = type(full)(
        full.input_size,
        full.hidden_size,
        layer + 1,
        bias=full.bias,
        batch_first=True,
        bidirectional=full.bidirectional,
        **({"nonlinearity": full.nonlinearity} if full.mode.startswith("RNN") else {}),
    )
    weights = {
        name: value for name, value in full.state_dict().items() if name in part.state_dict()
    }
    part.load_state_dict(weights)
    return part((x - network.shift) / network.scale)[0]


def test_a_drawing_is_prepared_as_a_photo_is(tmp_path: Path) -> None:
    """A digit anywhere on the paper is boxed and centred as ``rnnlab predict`` does it."""
    if not (CHROMIUM or NODE):
        pytest.skip("neither Chromium nor node")
    ink = np.zeros((280, 280), dtype=np.uint8)
    ink[30:50, 20:120] = ink[30:190, 100:125] = ink[180:195, 60:110] = 255
    program = in_node if NODE else in_browser
    expression = f"[...prepared({json.dumps((ink / 255).ravel().tolist())}, 280, [28, 28])]"
    image = np.array(program(expression, tmp_path)).reshape(28, 28)
    Image.fromarray(ink).save(tmp_path / "ink.png")
    [digit] = read_photo(tmp_path / "ink.png", [28, 28]).digits
    photo = digit.astype(int)
    # the edges are smoothed in another way
    assert np.abs(image - photo).mean() < 4
    assert np.array_equal(image > 200, photo > 200)
    assert program("prepared(new Float32Array(9), 3, [28, 28])", tmp_path) is None


@pytest.fixture
def project_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that stores a network of ``made`` as a trained one of task mnist."""
    monkeypatch.chdir(tmp_path)

    def store(**settings: Any) -> None:
        networks, _, card = made(**settings)
        folder = tmp_path / "data/models/mnist"
        folder.mkdir(parents=True, exist_ok=True)
        write_models(folder, {"main": [network.state_dict() for network in networks]}, card)

    return store


def test_a_network_that_does_not_fit_is_missing_with_a_reason(
    project_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "run `dvc repro train@mnist`" in drawing_of("mnist", None).missing
    project_of()
    monkeypatch.setattr(drawing, "MAX_BYTES", 100)
    assert "100 weights would take 0.0 MB" in drawing_of("mnist", None).missing
    _, tensors, card = made()
    tensors["main.0.head.bias"] = np.full(4, 1e6, dtype=np.float32)
    assert network_content(tensors, card) == {}


def test_half_of_the_examples_are_mistakes(
    finished: tuple[Path, Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished[0])
    predictions = pd.DataFrame({"image": np.arange(60), "label": np.arange(60) % 10})
    answers = predictions["label"].where(predictions["image"] % 7 > 0, 11)
    content = drawing_of("mnist", predictions.assign(predicted=answers)).content
    examples = content["examples"]
    assert [each["answer"] == each["truth"] for each in examples] == [True] * 5 + [False] * 5
    # every class once
    assert {each["truth"] for each in examples} == {*range(10)}
    images = as_sequences(np.zeros((1, *content["shape"]), dtype=np.uint8), "rows")
    assert len(base64.b64decode(examples[0]["pixels"])) == images.size


# choose the last image, wait for the end, and move the slider back
USE = """(async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  while (document.readyState !== "complete") await wait(50);
  const find = (name) => document.querySelector(".draw " + name);
  const grid = (name) => [find(name).width, find(name).height];
  document.querySelector(".draw .examples button:last-child").click();
  const began = find(".now").textContent;
  while (!/reads \\d/.test(find(".said").textContent)) await wait(50);
  const said = find(".said").textContent, ended = find(".now").textContent;
  find(".moment").value = 2;
  find(".moment").dispatchEvent(new Event("input"));
  const back = find(".now").textContent, shown = find(".moment").getAttribute("aria-valuetext");
  find(".wipe").click();
  find(".read").click();
  const nameless = [...document.querySelectorAll(".draw :is(button, input)")].filter((each) =>
    !(each.ariaLabel || each.innerText.trim() || each.labels?.length));
  return { began, said, ended, back, shown, nothing: find(".said").textContent,
    nameless: nameless.length, live: find(".said").ariaLive,
    grids: [".chances", ".state"].map(grid), touch: getComputedStyle(find(".paper")).touchAction,
    overflow: document.documentElement.scrollWidth - innerWidth };
})()"""


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium")
def test_the_part_can_be_used_without_a_mouse(finished: tuple[Path, Done], tmp_path: Path) -> None:
    folder = shutil.copytree(finished[0], tmp_path / "project")
    assert run_stage_here(folder, "report") == 0
    page = folder / "report/index.html"
    seen, events = look_at(page, 360, "light", USE, tmp_path / "profile")
    assert faults(events) == []
    assert seen["began"].startswith("After 1 of 8 rows: ")
    assert seen["ended"].startswith("After 8 of 8 rows: ")
    assert seen["back"].startswith("After 2 of 8 rows: ")
    assert seen["shown"].startswith("2 rows read: ")
    # the answer is text, with that of the other order
    assert "Rows from the bottom: " in seen["said"]
    assert seen["said"].split()[3] == seen["ended"].split()[5]
    assert seen["nothing"].startswith("There is nothing to read")
    assert (seen["nameless"], seen["live"], seen["touch"]) == (0, "polite", "none")
    assert seen["grids"] == [[4, 8], [16, 8]]
    assert seen["overflow"] <= 0


def test_a_project_without_networks_says_why_nothing_can_be_drawn(
    finished: tuple[Path, Done], tmp_path: Path
) -> None:
    folder = shutil.copytree(finished[0], tmp_path / "project")
    shutil.rmtree(folder / "data/models")
    edit_params(folder, {"tasks.mnist.plot.dpi": 60})
    assert run_stage_here(folder, "report") == 0
    html = (folder / "report/index.html").read_text()
    assert "Nothing to draw on here. The trained network is not here" in html
    assert 'class="panel draw"' not in html
