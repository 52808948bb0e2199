"""Real series that come with statsmodels: no download, and no task trains on them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Example:
    """A real series.

    Attributes:
        unique_id: the data set of statsmodels and the column.
        unit: what a value counts.
        period: steps in a season.
        year: times in decimal years, [T].
        y: values, [T]; NaN where one is missing.
    """

    unique_id: str
    unit: str
    period: int
    year: np.ndarray
    y: np.ndarray


# data set: first time in decimal years, period, and the unit of each column
TABLES: dict[str, tuple[float, int, dict[str, str]]] = {
    "nile": (1871, 1, {"volume": "10⁸ m³ a year"}),
    "sunspots": (1700, 1, {"SUNACTIVITY": "sunspots"}),
    "copper": (
        1951,
        1,
        {
            "WORLDCONSUMPTION": "1,000 metric tons",
            "COPPERPRICE": "deflated US dollars",
            "INCOMEINDEX": "index, 1970 = 1",
            "ALUMPRICE": "deflated US dollars",
            "INVENTORYINDEX": "index",
        },
    ),
    "longley": (
        1947,
        1,
        {
            "TOTEMP": "employed, thousands",
            "GNPDEFL": "deflator, 1954 = 100",
            "GNP": "million US dollars",
            "UNEMP": "unemployed, thousands",
            "ARMED": "armed forces, thousands",
        },
    ),
    "macrodata": (
        1959,
        4,
        {
            "realgdp": "billion 2005 US dollars",
            "realcons": "billion 2005 US dollars",
            "realinv": "billion 2005 US dollars",
            "realgovt": "billion 2005 US dollars",
            "realdpi": "billion 2005 US dollars",
            "cpi": "price index",
            "m1": "billion US dollars",
            "tbilrate": "% a year",
            "unemp": "% unemployed",
            "pop": "million people",
            "infl": "% a year",
            "realint": "% a year",
        },
    ),
    "danish_data": (
        1974,
        4,
        {
            "lrm": "logarithm of real money",
            "lry": "logarithm of real income",
            "lpy": "logarithm of a deflator",
            "ibo": "bond rate, share a year",
            "ide": "deposit rate, share a year",
        },
    ),
    "interest_inflation": (
        1972.25,
        4,
        {"Dp": "inflation, share a quarter", "R": "interest, share a year"},
    ),
}
COUNTRIES = ("Brazil", "India", "Japan", "Kenya", "Poland", "Sweden")
FIRMS = ("General Motors", "US Steel", "General Electric", "IBM")
STEPS_IN_YEAR = {52: 365.25 / 7}
ELNINO_FIRST, CO2_FIRST_MONTH = 1950, 1958 + 2 / 12


def load_examples() -> list[Example]:
    """All 44 series: 22 yearly, 19 quarterly, 2 monthly and 1 weekly one."""
    return [*_columns(), *_fertility(), *_investments(), *_elnino(), *_carbon_dioxide()]


def _load(name: str) -> pd.DataFrame:
    # statsmodels takes half a second to import
    from statsmodels import datasets

    return getattr(datasets, name).load_pandas().data


def _example(name: str, unit: str, period: int, first: float, y: np.ndarray) -> Example:
    y = np.asarray(y, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(y))
    year = first + np.arange(len(y)) / STEPS_IN_YEAR.get(period, period)
    # from the first known value to the last
    span = slice(known[0], known[-1] + 1)
    return Example(name, unit, period, year[span], y[span])


def _columns() -> Iterator[Example]:
    for name, (first, period, units) in TABLES.items():
        table = _load(name)
        for column, unit in units.items():
            yield _example(f"{name} {column}", unit, period, first, table[column])


def _fertility() -> Iterator[Example]:
    table = _load("fertility").set_index("Country Name")
    years = [column for column in table if column.isdigit()]
    for country in COUNTRIES:
        name = f"fertility {country}"
        yield _example(name, "children per woman", 1, int(years[0]), table.loc[country, years])


def _investments() -> Iterator[Example]:
    table = _load("grunfeld")
    for firm in FIRMS:
        y = table.loc[table["firm"] == firm, "invest"]
        yield _example(f"grunfeld {firm}", "million 1947 US dollars", 1, 1935, y)


def _elnino() -> Iterator[Example]:
    months = _load("elnino").drop(columns="YEAR").to_numpy()
    yield _example("elnino sea surface", "°C", 12, ELNINO_FIRST, months.ravel())


def _carbon_dioxide() -> Iterator[Example]:
    weekly = _load("co2")["co2"]
    first = weekly.index[0].year + weekly.index[0].dayofyear / 365.25
    yield _example("co2 weekly", "ppm", 52, first, weekly)
    monthly = weekly.resample("MS").mean()
    yield _example("co2 monthly", "ppm", 12, CO2_FIRST_MONTH, monthly)
