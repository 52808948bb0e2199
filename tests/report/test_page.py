"""The report page: its content, and its display in a desktop and a mobile browser."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from browser import CHROMIUM, faults, look_at
from helpers import ROOT, Done, edit_params, read_json, run_stage_here

from rnnlab.core.files import write_json
from rnnlab.report.charts import embedded, forecast_chart, steps_chart
from rnnlab.report.tables import images_table, series_table

browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium, or the like"
)
HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7 * 7 }}, 'a' \"b\""
# wait until every chart is drawn, ten seconds at most
SEEN = """new Promise((resolve) => {
  const began = Date.now();
  const look = () => {
    const charts = [...document.querySelectorAll(".chart")];
    const drawn = charts.map((chart) => chart.querySelectorAll("svg path[d]").length);
    const ready = document.readyState === "complete" && drawn.every((paths) => paths > 0);
    if (!ready && Date.now() < began + 10000) return setTimeout(look, 50);
    const images = [...document.images];
    resolve({
      drawn,
      pictures: images.length,
      missing: images.filter((image) => image.complete && !image.naturalWidth).length,
      overflow: document.documentElement.scrollWidth - innerWidth,
      background: getComputedStyle(document.body).backgroundColor,
      text: document.body.innerText,
    });
  };
  look();
})"""


@pytest.fixture(scope="module")
def reported(finished: tuple[Path, Done], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished project with its report; one series has a hostile name."""
    folder = shutil.copytree(finished[0], tmp_path_factory.mktemp("reported") / "project")
    for table in ("series", "forecasts"):
        path = folder / f"metrics/airline/tables/{table}.csv"
        rows = pd.read_csv(path)
        pd.concat([rows, rows.assign(unique_id=HOSTILE)]).to_csv(path, index=False)
    edit_params(folder, {"tasks.airline.plot.unit": HOSTILE})
    assert run_stage_here(folder, "report") == 0
    return folder


@browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_a_browser_shows_everything(
    reported: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    seen, events = look_at(reported / "report/index.html", width, scheme, SEEN, tmp_path)
    assert faults(events) == []
    assert seen["pictures"] == len(list(reported.glob("metrics/*/plots/*.png")))
    assert seen["missing"] == 0
    # confusion, early reading, loss and accuracy; forecasts, errors by step and loss
    assert len(seen["drawn"]) == 7
    # the smallest is a curve with its axes
    assert min(seen["drawn"]) > 2
    assert seen["overflow"] <= 0
    dark = max(map(int, re.findall(r"\d+", seen["background"])[:3])) < 100
    assert dark == (scheme == "dark")
    assert "accuracy" in seen["text"]


@browser
def test_faults_of_a_page_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<div style='width: 2000px'>wide</div><img src='http://127.0.0.1:9/a.png'>"
        "<script>console.error('said'); nowhere()</script>"
    )
    seen, events = look_at(page, 390, "light", SEEN, tmp_path / "profile")
    found = "\n".join(faults(events))
    for word in ("said", "nowhere is not defined", "a request to http://127.0.0.1:9/a.png"):
        assert word in found
    assert seen["missing"] == 1
    assert seen["overflow"] > 0


def test_the_page_makes_no_requests(reported: Path) -> None:
    html = (reported / "report/index.html").read_text()
    assert "default-src 'none'" in html
    # the rest is Vega's code
    ours = html[: html.index("<script>")]
    assert set(re.findall(r"(?:src|href)=\"(data:|#|.)", ours)) == {"data:", "#"}
    assert HOSTILE not in html
    assert len(html) < 4 * 2**20


def test_settings_of_the_run(reported: Path) -> None:
    html = (reported / "report/index.html").read_text()
    for words in (
        "small, read by rows; 60 test images",
        "LSTM, 1 layer of 16",
        "up to 6 epochs, adam, learning rate 0.02, batches of 25, seed 1, computed in float32",
        "tested from 1957-05-01 to 1960-12-01",
        "hidden_size&nbsp;<b>16</b>",
        "DVC finds no commit to compare with",
    ):
        assert words in html


def test_changed_parameters_are_reported(reported: Path, tmp_path: Path) -> None:
    words = "params.yaml has changed since these networks were trained"
    assert words not in (reported / "report/index.html").read_text()
    folder = shutil.copytree(reported, tmp_path / "project")
    edit_params(folder, {"tasks.airline.train.epochs": 7})
    assert run_stage_here(folder, "report") == 0
    assert (folder / "report/index.html").read_text().count(words) == 1


def test_every_plot_has_a_title_and_a_caption(reported: Path) -> None:
    html = (reported / "report/index.html").read_text()
    figures = re.findall(r"<figure.*?</figure>", html, re.DOTALL)
    assert len(figures) == len(list(reported.glob("metrics/*/plots/*.png")))
    for figure in figures:
        assert re.search(r"<h3>[^<]* [^<]*</h3>", figure)
        assert re.search(r"<figcaption[^>]*>[^<]* [^<]*\.</figcaption>", figure)
    assert "<h3>The most common mistake: " in html or "<h3>No mistakes in " in html


def test_missing_files_are_skipped(reported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(reported, tmp_path / "project")
    shutil.rmtree(folder / "data")
    shutil.rmtree(folder / "metrics/mnist/plots")
    for file in ("mnist/predictions.csv", "mnist/speed.json", "airline/tables/forecasts.csv"):
        (folder / "metrics" / file).unlink()
    assert run_stage_here(folder, "report") == 0
    html = (folder / "report/index.html").read_text()
    assert "run <code>dvc repro plot@mnist</code>" in html
    assert "test images" not in html
    assert "standard error" not in html


def test_a_damaged_plot_is_reported(
    reported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(reported, tmp_path / "project")
    before = (folder / "report/index.html").read_bytes()
    (folder / "metrics/mnist/plots/digits.png").write_bytes(b"not a PNG")
    assert run_stage_here(folder, "report") == 1
    assert "digits.png is damaged: delete it and run `dvc repro plot@mnist`" in (
        capsys.readouterr().err
    )
    assert (folder / "report/index.html").read_bytes() == before


def test_differences_from_the_last_commit(finished: tuple[Path, Done], tmp_path: Path) -> None:
    folder = shutil.copytree(finished[0], tmp_path / "project")
    for command in (
        ["git", "init", "--quiet"],
        [sys.executable, "-m", "dvc", "init", "--quiet"],
        ["git", "add", "metrics", "params.yaml", "dvc.yaml", ".dvc"],
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "First <run>"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    assert run_stage_here(folder, "report") == 0
    page = folder / "report/index.html"
    assert re.search(
        r"No score differs from commit [0-9a-f]+ \(First &lt;run&gt;\)", page.read_text()
    )
    scores = read_json(folder / "metrics/mnist/metrics.json")
    changed = scores | {"accuracy": scores["accuracy"] - 0.25}
    write_json(folder / "metrics/mnist/metrics.json", changed)
    assert run_stage_here(folder, "report") == 0
    row = f"{scores['accuracy']:.6g}</td><td>{changed['accuracy']:.6g}</td><td>-0.25</td>"
    assert f"mnist: accuracy</th><td>{row}" in page.read_text()


def test_the_confidence_interval_of_an_accuracy() -> None:
    predictions = pd.DataFrame({"label": [0] * 60 + [1] * 40, "predicted": [0] * 90 + [1] * 10})
    scores = dict.fromkeys(("validation_accuracy", "macro_f1", "loss", "parameters"), 0.5)
    scores |= {"dataset": "d", "sequence": "rows", "accuracy": 0.7}
    table = images_table(scores, predictions)
    # Wilson's interval for 70 of 100, by hand: (0.7192 ± 0.0914) / 1.0384
    assert table.rows[:3] == [
        ["accuracy", "70.00 %"],
        ["its 95 % interval", "60.42 to 78.11 %"],
        ["most common class", "60.00 %"],
    ]
    assert "100 test images" in table.notes[0]


def series_scores(mase: float) -> dict:
    return {"model": {"one_step": {"mape": 1.0, "smape": 1.0, "mase": mase}}}


def test_the_standard_error_over_the_series_of_a_panel() -> None:
    by_series = pd.DataFrame({"unique_id": ["a", "b"], "mae": [1.0, 2.0], "mase": [0.4, 0.8]})
    by_series = by_series.assign(protocol="one_step", method="model")
    # standard deviation 0.2828 over the root of 2
    table = series_table(series_scores(0.6), by_series, pd.DataFrame())
    assert table.rows == [["model", "1.00 / 0.600 ± 0.200*"]]
    assert "over the 2 series" in table.notes[-1]


def test_the_standard_error_over_the_steps_of_a_series() -> None:
    by_series = pd.DataFrame({"unique_id": ["a"], "mae": [2.0], "mase": [0.5]})
    by_series = by_series.assign(protocol="one_step", method="model")
    forecasts = pd.DataFrame({"y": [10.0, 10.0, 10.0, None], "forecast": [9.0, 12.0, 13.0, 1.0]})
    forecasts = forecasts.assign(protocol="one_step", method="model")
    # errors 1, 2 and 3: standard deviation 1 over the root of 3, in units of 2 / 0.5
    table = series_table(series_scores(0.5), by_series, forecasts)
    assert table.rows == [["model", "1.00 / 0.500 ± 0.144*"]]
    assert "over the steps" in table.notes[-1]


def test_times_of_a_chart() -> None:
    row = {"method": "model", "unique_id": "1", "protocol": "one_step", "y": 1.0, "forecast": 1.0}
    row |= dict.fromkeys(("low_80", "high_80", "low_95", "high_95"), 1.0)
    numbers, days, hours = (
        forecast_chart(pd.DataFrame([row | {"ds": ds}]), series_scores(1.0), "unit")
        for ds in (5, "2500-01-31", "2020-01-31T13:00:00")
    )
    assert numbers["encoding"]["x"]["type"] == "quantitative"
    assert days["encoding"]["x"]["type"] == hours["encoding"]["x"]["type"] == "temporal"
    assert "2500-01-31T00:00:00Z" in days["data"]["values"]
    forms = [spec["layer"][-1]["encoding"]["tooltip"][0]["format"] for spec in (days, hours)]
    assert forms == ["%Y-%m-%d", "%Y-%m-%d %H:%M"]


def test_names_that_look_like_numbers_stay_text() -> None:
    data = embedded(pd.DataFrame({"unique_id": ["007"], "y": [0.1]}))
    assert data["format"]["parse"] == {"unique_id": "string", "y": "number"}
    assert data["values"] == "unique_id,y\n007,0.1\n"


def test_every_line_of_a_chart_has_a_colour_of_its_own() -> None:
    methods = ("control", "fine_tuned", "zero_shot", "model", "ets", "combination", "naive")
    table = pd.DataFrame([(m, step, n) for n, m in enumerate(methods) for step in (1, 2)])
    chart = steps_chart(table.set_axis(["method", "step", "mase"], axis="columns"))
    lines = chart["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert lines == ["model", "combination", "ets", "zero shot", "fine tuned"]
    code, page = ((ROOT / "rnnlab/report" / name).read_text() for name in ("charts.js", "page.css"))
    colors = re.findall(r'color\("([\w-]+)"\)', re.search(r"category: \[(.*)\]", code)[1])
    assert colors == ["model", "combination", "baseline", "zero-shot", "fine-tuned"]
    for color in colors:
        # of light and of dark pages
        assert len(re.findall(rf"--{color}: #", page)) == 2
