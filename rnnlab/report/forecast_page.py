"""The page of a forecast: one file with every series, to search and to hover over."""

import json
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError, require
from rnnlab.core.files import Json, write_atomically
from rnnlab.core.notes import note
from rnnlab.forecasting.forecast import Forecast
from rnnlab.formats.sources import local_name
from rnnlab.plots.forecast import MIN_PAST, PAST_RATIO
from rnnlab.report.charts import series_chart
from rnnlab.report.page import rendered
from rnnlab.series.panel import Panel

MAX_SERIES = 1000
MAX_BYTES = 5_000_000  # of the page
FRAME_BYTES = 1_100_000  # of all in it that is no series: Vega is nearly a megabyte
MAX_PAST = 3000  # values of a series, more of which a browser draws slowly
COLUMNS = ("forecast", "low_80", "high_80", "low_95", "high_95")
DIGITS = 6


def check_page(html: str, file: str) -> Path:
    """The path of the page; raise InputError where it cannot be one."""
    path = Path(html)
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise InputError(f"--html {html}: write a name that ends with .html")
    if path.resolve() == Path(local_name(file)).resolve():
        raise InputError(f"--html {html}: {path} is the data itself; name another")
    require(path.parent, f"--html {html}: make this folder or name another")
    return path


def write_forecast_page(path: Path, found: Forecast, file: str) -> str:
    """Write the page; return what to say of it."""
    html, said = forecast_page(found.panel, found.table(), file)
    write_atomically(path, html.encode())
    return f"Page: {path} ({len(html.encode()) / 10**6:.1f} MB). {said}".rstrip()


def forecast_page(panel: Panel, table: pd.DataFrame, file: str) -> tuple[str, str]:
    """The page as HTML, and a sentence on the series and the values that it leaves out.

    Args:
        table: of the same series, H rows for each: ds, forecast, and bounds of 80 and 95 %.
        file: the name of the data.
    """
    horizon, total = len(table) // len(panel.ids), len(panel.ids)
    content, series, past = _fitted(panel, table, horizon)
    left_out = []
    if series < total:
        left_out.append(f"the first {series:,} of {total:,} series")
    if past < panel.lengths[:series].max():
        left_out.append(f"the last {past:,} values of each")
    said = f"The page holds {' and '.join(left_out)}." if left_out else ""
    dates = panel.ds.dtype.kind == "M"
    days = dates and bool((panel.ds.astype("datetime64[D]") == panel.ds).all())
    html = rendered(
        "forecast.html",
        file=file,
        horizon=horizon,
        series=series,
        period=panel.period,
        said=said,
        content=content,
        chart=series_chart(dates, days, panel.table.value if panel.table else "y"),
        recent=max(PAST_RATIO * horizon, MIN_PAST),
    )
    return html, said


@dataclass(frozen=True)
class ForecastPage:
    """A page that a notebook shows, and that is saved as a figure is.

    Attributes:
        html: all of it, with what it needs.
    """

    html: str

    def savefig(self, path: str | Path) -> None:
        """Write the page to a file, such as ``sales.html``."""
        write_atomically(Path(path), self.html.encode())

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" title="forecast" '
            'style="width: 100%; height: 50rem; border: 0"></iframe>'
        )


def page_of(panel: Panel, table: pd.DataFrame) -> ForecastPage:
    """The page of a forecast that a person hands over, without values that came later.

    What it leaves out is noted.

    Args:
        table: as ``forecast_page`` takes it.

    Raises:
        InputError: it has not the intervals that the page shows, or begins before the series do.
    """
    if missing := [name for name in COLUMNS if name not in table]:
        raise InputError(
            f"the page shows intervals of 80 and 95 %, and the forecast has no column "
            f"{missing[0]!r}; forecast with levels=(80, 95), or plot with interactive=False"
        )
    begin = table["ds"].to_numpy()[:: len(table) // len(panel.ids)]
    before = panel.ds < np.repeat(begin, panel.lengths)
    known = np.add.reduceat(before & ~np.isnan(panel.y), panel.offsets[:-1], dtype=np.int64)
    if not known.all():
        raise InputError(
            f"the forecast of {panel.ids[known.argmin()]!r} begins before its values; give the "
            "data that it was made from"
        )
    past = panel.until(np.add.reduceat(before, panel.offsets[:-1], dtype=np.int64))
    # the season that it was made with is not known here
    name = past.table.name if past.table else "forecast"
    html, said = forecast_page(replace(past, period=1), table, name)
    if said:
        note(said)
    return ForecastPage(html)


def _fitted(panel: Panel, table: pd.DataFrame, horizon: int) -> tuple[str, int, int]:
    """As many series and past values as the page has room for, as JSON; and how many these are."""
    series = min(len(panel.ids), MAX_SERIES)
    # a value takes three bytes at least
    most = min(MAX_PAST, max((MAX_BYTES - FRAME_BYTES) // (3 * series), MIN_PAST))
    past = min(int(panel.lengths[:series].max()), most)
    while True:
        # no sign of HTML, since names come from users
        text = json.dumps(_content(panel, table, horizon, series, past), separators=(",", ":"))
        text = text.replace("<", "\\u003c").replace("&", "\\u0026")
        room = (MAX_BYTES - FRAME_BYTES) / len(text.encode())
        if room >= 1 or (series == 1 and past == 1):
            return text, series, past
        # shorter pasts, and only where these are short already fewer series
        if past > MIN_PAST:
            past = max(int(past * min(room, 0.9)), MIN_PAST)
        else:
            series = max(int(series * min(room, 0.9)), 1)


def _content(panel: Panel, table: pd.DataFrame, horizon: int, series: int, past: int) -> Json:
    """The series for forecast.js: all times once, and each series by its places among them."""
    future = table["ds"].to_numpy()[: series * horizon].reshape(series, horizon)
    spans = [slice(max(b - past, a), b) for a, b in pairwise(panel.offsets[: series + 1].tolist())]
    own = [
        np.concatenate([panel.ds[span], ahead]) for span, ahead in zip(spans, future, strict=True)
    ]
    times = np.unique(np.concatenate(own))
    values = table[[*COLUMNS]].to_numpy()[: series * horizon].reshape(series, horizon, len(COLUMNS))
    return {
        "times": times.astype(np.int64).tolist(),
        "dates": panel.ds.dtype.kind == "M",
        "series": [
            {
                "id": name,
                "at": _places(times, ds),
                "y": _rounded(panel.y[span]),
                **{column: _rounded(ahead[:, k]) for k, column in enumerate(COLUMNS)},
            }
            for name, ds, span, ahead in zip(panel.ids, own, spans, values, strict=False)
        ],
    }


def _places(times: np.ndarray, ds: np.ndarray) -> int | list[int]:
    """Where ds [n] stand among all times: the first place if the others follow it, else all."""
    places = np.searchsorted(times, ds)
    return int(places[0]) if (np.diff(places) == 1).all() else places.tolist()


def _rounded(values: np.ndarray) -> list[float | int | None]:
    """Values of six digits, short as JSON; None for a gap."""
    found = []
    for value in values.tolist():
        short = float(f"{value:.{DIGITS}g}")
        found.append(None if value != value else int(short) if short == int(short) else short)
    return found
