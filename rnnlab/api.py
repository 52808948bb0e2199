"""The public functions: a table in, a table out."""

import os
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from rnnlab.arguments import is_count, options_of, understood_forecast, understood_series
from rnnlab.backtesting.labels import fallback_lines
from rnnlab.backtesting.windows import Backtest, backtest_panel
from rnnlab.core.errors import InputError, for_python
from rnnlab.core.notes import note
from rnnlab.core.process import available_cpus
from rnnlab.forecasting.forecast import LEVELS, checked_shares, forecast_panel
from rnnlab.forecasting.trained import fine_tuned
from rnnlab.frames.reading import Data
from rnnlab.frames.shape import Frame
from rnnlab.zero_shot.finetuning import RECIPE
from rnnlab.zero_shot.pretrained import Network, ZeroShot, network_of

# a figure of matplotlib, or a page
Picture: TypeAlias = Any


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
    network: Network = None,
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
        network: of ``finetune``, or a folder that its ``save`` wrote; None for the pretrained one.

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
    options = options_of(id, time, value, read, known)
    shape, panel, horizon = understood_series(
        data, period, horizon, options, future=future, holidays=holidays
    )
    found = forecast_panel(panel, network_of(network), horizon, fit, available_cpus())
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
    network: Network = None,
) -> Backtest:
    """Forecast the last ``windows`` horizons of each series, each from what came before it.

    Args:
        windows: they lie end to end; the last one ends with the series.
        data, horizon, period, id, time, value, fit, known, holidays, read: as in ``forecast``.
        network: likewise; it must not have learned from the values of these windows.

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
    if not is_count(windows):
        raise InputError(f"windows={windows!r}: write 1 or more")
    options = options_of(id, time, value, read, known)
    shape, panel, horizon = understood_series(
        data, period, horizon, options, ahead=False, holidays=holidays
    )
    found = backtest_panel(panel, network_of(network), horizon, windows, fit, available_cpus())
    return Backtest(shape.result(found.errors), shape.result(found.forecasts))


@for_python
def finetune(
    data: Data,
    horizon: int | None = None,
    *,
    period: int | Sequence[int] | None = None,
    id: str | Sequence[str] | None = None,
    time: str | None = None,
    value: str | None = None,
    read: Mapping[str, str] | None = None,
    network: Network = None,
    seed: int = 0,
) -> ZeroShot:
    """Let the pretrained network go on learning, from the past of your own series.

    The last fifth of each series is not learned from: it chooses the best step, or the network as
    it was if none is better by more than chance. It takes a few minutes at most, and says on
    standard error how long. The same data, seed and number of threads give the same weights.

    Args:
        data, horizon, period, id, time, value, read: as in ``forecast``.
        network: that goes on learning; None for the pretrained one.
        seed: of the windows that it learns from.

    Returns:
        The network, for ``forecast(data, network=...)``. ``save`` writes it to a folder.
        ``errors`` are those on the last fifth by step, and ``step`` is the best one, 0 where the
        network stays as it was.

    Raises:
        InputError: data or an argument cannot be used.

    Example:
        >>> import numpy as np, rnnlab
        >>> rnnlab.finetune([np.arange(30) % 4], horizon=8, period=4).step
        0
    """
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed={seed!r}: write a whole number, 0 or more")
    options = options_of(id, time, value, read)
    _, panel, horizon = understood_series(data, period, horizon, options, ahead=False)
    recipe = replace(RECIPE, seed=seed)
    found = fine_tuned(
        panel, network_of(network), horizon, recipe, lambda line: print(line, file=sys.stderr)
    )
    return ZeroShot.of(found.network, found.step, found.errors)


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
    interactive: bool = False,
) -> Picture:
    """The recent past of up to six series, and their forecast with its intervals.

    Args:
        data, id, time, value, known, future, read: as in ``forecast``; data may hold later values,
            too. Up to three known columns are drawn below the values.
        forecast: what ``forecast`` returned.
        ids: the series to show; the first six, or all of a page, where it is None.
        interactive: whether it is a page, as ``rnnlab forecast --html`` writes it: up to 1,000
            series, with a search box. It shows no later values and no known columns, and needs
            levels 80 and 95.

    Returns:
        A figure of matplotlib that is none of pyplot's, or the page: ``figure.savefig(path)``; a
        notebook shows both as the last line of a cell.

    Raises:
        InputError: data cannot be used, the forecast is of other series, or it lacks an interval
            that the page shows.

    Example:
        >>> import numpy as np, rnnlab
        >>> y = np.arange(40) % 4
        >>> figure = rnnlab.plot([y], rnnlab.forecast([y], period=4))
        >>> len(figure.axes)
        1
    """
    from rnnlab.plots.forecast import MAX_SERIES, forecast_figure

    options = options_of(id, time, value, read, known)
    panel, table, total = understood_forecast(
        data, forecast, ids, options, future, None if interactive else MAX_SERIES
    )
    if interactive:
        from rnnlab.commands.project import command_module

        return command_module("forecast_page").page_of(panel, table)
    unit = panel.table.value if panel.table else "y"
    places = [(number, "") for number in range(len(panel.ids))]
    return forecast_figure(panel, table, unit, places, total)


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
    shape, panel, _ = understood_series(path, None, None, options_of(id, time, value, read))
    names = np.repeat(np.array(panel.ids, dtype=object), panel.lengths)
    return shape.result(pd.DataFrame({"unique_id": names, "ds": panel.ds, "y": panel.y}))
