"""The public functions: a table in, a table out."""

import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rnnlab.backtesting.labels import fallback_lines
from rnnlab.backtesting.windows import Backtest, backtest_panel
from rnnlab.core.errors import InputError, for_python
from rnnlab.core.notes import note
from rnnlab.core.process import available_cpus
from rnnlab.effects.columns import rows_ahead, with_covariates
from rnnlab.forecasting.forecast import LEVELS, checked_shares, forecast_panel
from rnnlab.forecasting.task_settings import check_seasons, check_steps
from rnnlab.formats.options import ReadOptions, reading_options
from rnnlab.frames.reading import Data, read_data
from rnnlab.frames.shape import Frame, Shape
from rnnlab.series.loading import panel_of
from rnnlab.series.panel import Panel, warn_left_out
from rnnlab.series.seasons import note_guesses, settle
from rnnlab.zero_shot.storage import packaged_network

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@for_python
def forecast(
    data: Data,
    horizon: int | None = None,
    *,
    period: int | Sequence[int] | None = None,
    id: str | Sequence[str] | None = None,
    time: str | None = None,
    value: str | None = None,
    levels: Sequence[float] = LEVELS,
    quantiles: Sequence[float] | None = None,
    mean: bool = False,
    fit: bool = False,
    known: Sequence[str] = (),
    future: Data | None = None,
    holidays: str | None = None,
    read: Mapping[str, str] | None = None,
) -> Frame:
    """Forecast the next steps of every series, in the units of its values.

    The pretrained network forecasts each series from its past; where simple methods do better on
    the last stretch of the data, they take part. Nothing is trained or downloaded.

    Args:
        data: a path or address of a table; a frame of pandas, polars or pyarrow, long (a row a
            value) or wide (a column a series), with times in a column or the index; a pandas Series
            with times as its index; an array [T], a list of arrays, an array [S, T] or a dict of
            arrays. NaN and missing rows are gaps.
        horizon: steps to forecast; where it is None that of a file .tsf, one season, or six steps
            without one.
        period: steps in a season, 1 for none, or two of them such as ``[7, 365]``; by the spacing
            of the times where it is None. A year is looked for beside a week, and a week beside a
            day, where one is known.
        id, time, value: the columns of names, times and values, if not unique_id, ds and y; id is a
            list of columns where they name the series together.
        levels: of the intervals in per cent, above 0 to 95: columns low_80, high_80 and so on.
        quantiles: 0.025 to 0.975; columns q0.1 and so on in the place of intervals.
        mean: whether there is a column ``mean``; ``forecast`` is the median.
        fit: whether Theta, ETS and SARIMA are fitted to each series and compared, which is slow.
        known: columns that are known of the steps ahead, too, such as promotions, prices or
            weather: numbers, booleans or texts. Rows of these steps follow the last value, with no
            value; their number is the horizon where that is None.
        future: these rows, if they are not in ``data``: a frame of the same library, or a path.
        holidays: of a country, or of a part of it: ``"AT"``, ``"US-CA"``, ``"DE,FR"``.
        read: how to read an ambiguous table, such as ``{"dates": "day-first"}``.

    Returns:
        A long table, ``horizon`` rows for each series: unique_id and ds, called as in ``data``,
        forecast and its bounds; columns that name a series together follow unique_id. It is a frame
        of the library that ``data`` came in (else pandas), and its names and times have the types
        and the zone of those of ``data``. Series come in the order of ``data``.

    Raises:
        InputError: data or an argument cannot be used; the message is one line.

    Warns:
        InputWarning: something was guessed, or series were left out.

    Example:
        >>> import pandas as pd, rnnlab
        >>> months = pd.period_range("2020-01", periods=48, freq="M")
        >>> sales = pd.Series([10 + month.month for month in months], months, name="sales")
        >>> rnnlab.forecast(sales, horizon=3)[["unique_id", "ds", "forecast"]]
          unique_id       ds  forecast
        0     sales  2024-01      11.0
        1     sales  2024-02      12.0
        2     sales  2024-03      13.0
    """
    shares = checked_shares(levels, quantiles)
    options = _options(id, time, value, read, known)
    shape, panel, horizon = _understood(
        data, period, horizon, options, future=future, holidays=holidays
    )
    found = forecast_panel(panel, packaged_network(), horizon, fit, available_cpus())
    for line in fallback_lines(found.fallbacks):
        note(line)
    wanted = {"levels": shares} if quantiles is None else {"quantiles": shares}
    return shape.result(found.table(**wanted, mean=mean))


@for_python
def backtest(
    data: Data,
    horizon: int | None = None,
    windows: int = 1,
    *,
    period: int | Sequence[int] | None = None,
    id: str | Sequence[str] | None = None,
    time: str | None = None,
    value: str | None = None,
    fit: bool = False,
    known: Sequence[str] = (),
    holidays: str | None = None,
    read: Mapping[str, str] | None = None,
) -> Backtest:
    """Forecast the last ``windows`` horizons of each series, each from what came before it.

    Args:
        windows: they lie end to end; the last one ends with the series.
        data, horizon, period, id, time, value, fit, known, holidays, read: as in ``forecast``.

    Returns:
        ``errors`` and ``forecasts``, tables as ``forecast`` returns them.

    Raises:
        InputError: data or an argument cannot be used, or no series is long enough.

    Example:
        >>> import numpy as np, rnnlab
        >>> y = 10 + np.sin(np.arange(120) * np.pi / 6)
        >>> tested = rnnlab.backtest([y], horizon=12, windows=2, period=12)
        >>> tested.forecasts.shape[0], sorted(tested.errors["method"])[:2]
        (24, ['combination', 'drift'])
    """
    if not _is_count(windows):
        raise InputError(f"windows={windows!r}: write 1 or more")
    options = _options(id, time, value, read, known)
    shape, panel, horizon = _understood(
        data, period, horizon, options, ahead=False, holidays=holidays
    )
    found = backtest_panel(panel, packaged_network(), horizon, windows, fit, available_cpus())
    return Backtest(shape.result(found.errors), shape.result(found.forecasts))


@for_python
def plot(
    data: Data,
    forecast: Frame,
    *,
    ids: Iterable[Hashable] | None = None,
    id: str | Sequence[str] | None = None,
    time: str | None = None,
    value: str | None = None,
    known: Sequence[str] = (),
    future: Data | None = None,
    read: Mapping[str, str] | None = None,
) -> "Figure":
    """The recent past of up to six series, and their forecast with its intervals.

    Args:
        data, id, time, value, known, future, read: as in ``forecast``; data may hold later values,
            too. Up to three known columns are drawn below the values.
        forecast: what ``forecast`` returned.
        ids: the series to show; the first six where it is None.

    Returns:
        A figure of matplotlib that is none of pyplot's: ``figure.savefig(path)``; a notebook shows
        it as the last line of a cell.

    Raises:
        InputError: data cannot be used, or the forecast is of other series.

    Example:
        >>> import numpy as np, rnnlab
        >>> y = np.arange(40) % 4
        >>> figure = rnnlab.plot([y], rnnlab.forecast([y], period=4))
        >>> len(figure.axes)
        1
    """
    from rnnlab.plots.forecast import MAX_SERIES, forecast_figure, with_bounds

    options = _options(id, time, value, read, known)
    shape, panel, _ = _understood(data, None, None, options, said=False, future=future)
    table = with_bounds(shape.as_came(forecast, panel.ds.dtype))
    named = list(map(str, shape.names if ids is None else ids))
    both = {*panel.ids} & {*table["unique_id"]}
    if unknown := [name for name in named if name not in both] if ids is not None else []:
        raise InputError(f"ids: data and forecast have no series {unknown[0]!r} in common")
    shown = [name for name in named if name in both][: None if ids else MAX_SERIES]
    if not shown:
        raise InputError("data and forecast have no series in common")
    numbers = {name: number for number, name in enumerate(panel.ids)}
    part = panel.subset(np.array([numbers[name] for name in shown]))
    rows = [table[table["unique_id"] == name].sort_values("ds") for name in shown]
    if len({len(each) for each in rows}) > 1:
        raise InputError("the forecast has not as many rows for each series; give all of it")
    unit = panel.table.value if panel.table else "y"
    places = [(number, "") for number in range(len(shown))]
    return forecast_figure(part, pd.concat(rows), unit, places, len(panel.ids))


@for_python
def read_table(
    path: str | os.PathLike[str],
    *,
    id: str | Sequence[str] | None = None,
    time: str | None = None,
    value: str | None = None,
    read: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read any table that the command reads as a long table.

    Args:
        path: of text, a spreadsheet, Parquet or a folder of it, SQLite, JSON and others; or an
            address.
        id, time, value, read: as in ``forecast``.

    Returns:
        unique_id, ds and y, a row a value, sorted by name and time; y is NaN where a row or a value
        is missing between others.

    Raises:
        InputError: it is missing, unreadable or ambiguous; the message is one line.

    Example:
        >>> import pathlib, tempfile, rnnlab
        >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.csv")
        >>> _ = path.write_text("month,sold\\n2020-01,3\\n2020-02,4\\n2020-03,6\\n")
        >>> rnnlab.read_table(path)["y"].tolist()
        [3.0, 4.0, 6.0]
    """
    shape, panel, _ = _understood(path, None, None, _options(id, time, value, read))
    names = np.repeat(np.array(panel.ids, dtype=object), panel.lengths)
    return shape.result(pd.DataFrame({"unique_id": names, "ds": panel.ds, "y": panel.y}))


def _options(
    id: str | Sequence[str] | None,
    time: str | None,
    value: str | None,
    read: Mapping[str, str] | None,
    known: Sequence[str] = (),
) -> ReadOptions:
    if isinstance(id, list | tuple):
        id = ",".join(map(str, id))
    id, time, value = (None if name is None else str(name) for name in (id, time, value))
    pairs = [f"{key}={choice}" for key, choice in (read or {}).items()]
    names = [known] if isinstance(known, str) else known
    return reading_options(pairs, id, time, value, map(str, names))


def _understood(
    data: Data,
    period: int | Sequence[int] | None,
    horizon: int | None,
    options: ReadOptions,
    said: bool = True,
    ahead: bool = True,
    future: Data | None = None,
    holidays: str | None = None,
) -> tuple[Shape, Panel, int]:
    """The series of what a person hands over, and the horizon.

    Args:
        said: whether what was guessed is noted.
        ahead: whether covariates are needed at the steps after the last value, too.
    """
    seasons: list = [] if period is None else [period]
    if isinstance(period, Sequence) and not isinstance(period, str):
        seasons = [*period]
    for name, steps in (*(("period", each) for each in seasons), ("horizon", horizon)):
        if steps is not None and not _is_count(steps):
            raise InputError(f"{name}={steps!r}: write a whole number, 1 or more")
        check_steps(name, steps)
    check_seasons(seasons)
    table, shape = read_data(data, options, future)
    panel, season = settle(panel_of(table, options, any_series=True), seasons)
    if said:
        note_guesses(panel, season)
        warn_left_out(panel, table.name)
    rows = rows_ahead(panel, table) if ahead else None
    horizon = horizon or rows or season.horizon
    panel = with_covariates(panel, table, horizon if ahead else 0, holidays)
    return shape, panel.without_rows(), horizon


def _is_count(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) >= 1
