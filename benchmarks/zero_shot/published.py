"""Published scores (published.csv has their sources), and whether ours are comparable."""

from math import floor, log10
from pathlib import Path

import pandas as pd

from rnnlab.core.errors import InputError

PATH = Path(__file__).with_name("published.csv")
# statistical methods that choose their own model
AUTOMATIC = ("auto_ets", "auto_arima", "auto_theta")


def published_scores() -> pd.DataFrame:
    """The columns method, set, mase, wql (NaN: not published) and source."""
    return pd.read_csv(PATH)


def agree(ours: float, theirs: float) -> bool:
    """Whether two numbers differ by less than half a unit of the third significant digit."""
    return abs(ours - theirs) < 0.5 * 10.0 ** (floor(log10(abs(theirs))) - 2)


def check_seasonal_naive(ours: dict[str, float]) -> None:
    """Raise InputError unless the seasonal naive MASE of each set is as published.

    The data, the split, the period and the scale are then those of the published tables.
    """
    table = published_scores()
    table = table[table["method"] == "seasonal_naive"].set_index("set")["mase"]
    for name, found in ours.items():
        if name in table and not agree(found, table[name]):
            raise InputError(
                f"{name}: the seasonal naive forecast has a MASE of {found:.3f}, published is "
                f"{table[name]:.3f}: these are not the published series"
            )
