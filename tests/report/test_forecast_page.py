"""The page of a forecast: what it holds, and what a browser shows of it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import CHROMIUM, faults, look_at

import rnnlab
from rnnlab.report.forecast_page import COLUMNS, MAX_BYTES, forecast_page
from rnnlab.series.panel import Panel

HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7 * 7 }} & 'a' \"b\""


def panel_of(lengths: list[int], horizon: int) -> tuple[Panel, pd.DataFrame]:
    """Series of days that end together, the first one with a gap; and a forecast of them."""
    draw, last = np.random.default_rng(0), np.datetime64("2024-02-29", "s")
    day = np.timedelta64(1, "D")
    ids = [HOSTILE, *(f"item {number:04d}" for number in range(1, len(lengths)))]
    ds = np.concatenate([last - day * np.arange(n)[::-1] for n in lengths])
    y = draw.normal(1000, 300, len(ds))
    y[1] = np.nan
    panel = Panel(ids, np.cumsum([0, *lengths]), ds, y, period=7)
    values = np.sort(draw.normal(1000, 300, (len(lengths) * horizon, 5)), axis=1)
    table = pd.DataFrame(values, columns=["low_95", "low_80", "forecast", "high_80", "high_95"])
    table["unique_id"] = np.repeat(np.array(ids, dtype=object), horizon)
    return panel, table.assign(ds=panel.future(horizon))


def content_of(html: str) -> dict:
    return json.loads(re.search(r'id="content">(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("lengths", "horizon", "said"),
    [
        ([40, 30], 7, ""),
        ([600] * 1100, 14, "The page holds the first 1,000 of 1,100 series and the last "),
        # the forecasts alone are too much for so many
        ([60] * 700, 250, "The page holds the first "),
    ],
)
def test_the_page_holds_what_fits(lengths: list[int], horizon: int, said: str) -> None:
    panel, table = panel_of(lengths, horizon)
    html, found = forecast_page(panel, table, "mine.csv")
    assert len(html.encode()) < MAX_BYTES
    assert found.startswith(said)
    assert bool(found) == bool(said)
    # not far below what is allowed, if something was left out
    assert not said or len(html.encode()) > 0.75 * MAX_BYTES
    content = content_of(html)
    for number, each in list(enumerate(content["series"]))[::100]:
        assert each["id"] == panel.ids[number]
        past = panel.y[panel.span(number)][-len(each["y"]) :]
        np.testing.assert_allclose(np.array(each["y"], dtype=float), past, rtol=1e-5)
        rows = table[number * horizon : (number + 1) * horizon]
        for column in COLUMNS:
            np.testing.assert_allclose(each[column], rows[column], rtol=1e-5)
        times = np.array(content["times"])[each["at"] :][: len(past) + horizon]
        ds = panel.ds[panel.span(number)][-len(past) :]
        expected = np.concatenate([ds, rows["ds"].to_numpy()]).astype("datetime64[s]")
        assert np.array_equal(times.astype("datetime64[s]"), expected)


def test_series_of_different_times_name_their_places() -> None:
    ds = np.array([0, 2, 4, 1, 3, 5])
    panel = Panel(["a", "b"], np.array([0, 3, 6]), ds, np.arange(6.0))
    table = pd.DataFrame(np.ones((2, 5)), columns=COLUMNS).assign(ds=[6, 7])
    content = content_of(forecast_page(panel, table, "mine.csv")[0])
    assert not content["dates"]
    assert [each["at"] for each in content["series"]] == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_a_plot_that_is_interactive_is_this_page(tmp_path: Path) -> None:
    """Of all series, in the order of the data, without values after the forecast's beginning."""
    days = pd.date_range("2024-01-01", periods=50)
    names = [f"item {number}" for number in (9, 2, 10, 4, 5, 6, 7)]
    data = pd.DataFrame(
        {name: (number + 1.0) * (np.arange(50) % 7) for number, name in enumerate(names)}, days
    )
    found = rnnlab.forecast(data[:-5], horizon=7)
    page = rnnlab.plot(data, found, interactive=True)
    content = content_of(page.html)
    assert [each["id"] for each in content["series"]] == names
    for each in content["series"]:
        assert each["y"] == data[each["id"]][:-5].tolist()
        own = found[found["unique_id"] == each["id"]]
        np.testing.assert_allclose(each["low_95"], own["low_95"], rtol=1e-5)
    page.savefig(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page.html
    assert "<script" not in page._repr_html_()
    some = rnnlab.plot(data, found, ids=["item 4"], interactive=True)
    assert [each["id"] for each in content_of(some.html)["series"]] == ["item 4"]
    with pytest.raises(rnnlab.InputError, match=r"no column 'low_95'; .* levels=.80, 95."):
        rnnlab.plot(data, found.drop(columns="low_95"), interactive=True)
    with pytest.raises(rnnlab.InputError, match="'item 9' begins before its values"):
        rnnlab.plot(data[-5:], found, interactive=True)


# the first series as it is drawn; then what a search finds, and what a pointer is told
SEEN = """(async () => {
  const wait = async (ready) => { while (!ready()) await new Promise((r) => setTimeout(r, 50)); };
  const drawn = () => document.querySelectorAll("#chart svg path[d]").length > 4;
  const cells = () => [...document.querySelectorAll("#rows tr:first-child > *")];
  await wait(drawn);
  const first = { name: byId("name").textContent, cells: cells().map((each) => each.textContent) };
  byId("search").value = "ITEM 0017";
  byId("search").dispatchEvent(new Event("input"));
  await new Promise((r) => setTimeout(r, 500));
  const box = document.querySelector("#chart svg").getBoundingClientRect();
  const at = { clientX: box.right - 12, clientY: box.top + 100, bubbles: true };
  for (const type of ["pointerover", "pointermove", "mouseover", "mousemove"])
    document.elementFromPoint(at.clientX, at.clientY).dispatchEvent(
      new (type[0] === "p" ? PointerEvent : MouseEvent)(type, at));
  await wait(() => document.querySelector("#vg-tooltip-element.visible"));
  const rows = rowsOf(series[0]);
  return { first, found: byId("found").textContent, name: byId("name").textContent,
    cells: [...document.querySelectorAll("#rows tr:last-child > *")].map((c) => c.textContent),
    tooltip: document.querySelector("#vg-tooltip-element").innerText, rows: rows.length,
    joint: rows[rows.length - 8].forecast === rows[rows.length - 8].y,
    unlabelled: document.querySelectorAll("select:not([aria-label])").length,
    overflow: document.documentElement.scrollWidth - innerWidth };
})()"""


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium")
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_a_browser_finds_and_shows_a_series(width: int, scheme: str, tmp_path: Path) -> None:
    panel, table = panel_of([50] * 30, 7)
    html, _ = forecast_page(panel, table, HOSTILE)
    assert HOSTILE not in html
    page = tmp_path / "mine.html"
    page.write_text(html)
    seen, events = look_at(page, width, scheme, SEEN, tmp_path / "profile")
    assert faults(events) == []
    rows = table[["forecast", "low_80", "high_80", "low_95", "high_95"]]
    numbers = [f"{float(f'{value:.6g}'):,}" for value in rows.iloc[0]]
    assert seen["first"]["name"] == HOSTILE
    assert seen["first"]["cells"] == ["2024-03-01", *numbers]
    assert (seen["found"], seen["name"]) == ("1 of 30 series", "item 0017")
    assert seen["cells"][0] == "2024-03-07"
    # a tooltip of one of the last steps, and nothing of the truth, which it has not
    step = int(re.search(r"2024-03-0(\d)", seen["tooltip"])[1])
    assert step > 4
    assert f"{rows.iloc[17 * 7 + step - 1]['forecast']:,.5g}"[:5] in seen["tooltip"]
    assert not re.search("truth|NaN|undefined|null", seen["tooltip"])
    # four horizons of the past, and one ahead
    assert (seen["rows"], seen["joint"]) == (35, True)
    assert seen["unlabelled"] == 0
    assert seen["overflow"] <= 0
