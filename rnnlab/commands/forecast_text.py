"""What rnnlab forecast says of a forecast and of a backtest."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rnnlab.backtesting.windows import Backtest, errors_by_method
from rnnlab.core.text import join_names, readable
from rnnlab.forecasting.output import with_texts
from rnnlab.forecasting.selection import COMBINATION, Selection
from rnnlab.series.panel import Panel

# series whose last steps are printed beside the truth
MAX_PRINTED = 6


def selection_sentence(selection: Selection) -> str:
    """The errors of all methods on validation, and which of them the forecast uses."""
    weights = sorted(selection.weights.items(), key=lambda item: -item[1])
    used = (
        f"{readable(weights[0][0])} alone"
        if len(weights) == 1
        else join_names(f"{100 * share:.0f} % {method}" for method, share in weights)
    )
    errors = {method: e for method, e in selection.errors.items() if not np.isnan(e)}
    if not errors:
        return f"The series are too short to compare methods. The forecast uses {used}."
    count = len(selection.request.end)
    texts = [
        f"{method} {error:.3f}" for method, error in sorted(errors.items(), key=lambda e: e[1])
    ]
    return (
        f"Error of {count:,} forecasts of the last values, relative to seasonal naive: "
        f"{join_names(texts)}. The forecast uses {used}."
    )


def steps_to_print(tested: Backtest, shown: list[int], panel: Panel) -> pd.DataFrame:
    """The steps of the series in the picture that a person named, or of all if there are few."""
    every = range(len(panel.ids)) if len(panel.ids) <= MAX_PRINTED else ()
    names = {panel.ids[number] for number in shown or every}
    steps = tested.forecasts[tested.forecasts["unique_id"].isin(names)]
    return steps.drop(columns="cutoff").rename(columns={"forecast": COMBINATION})


def backtest_lines(tested: Backtest, steps: pd.DataFrame) -> Iterator[str]:
    """The last horizon by method: the errors, and for a few series each step."""
    yield "The last steps of each series, forecast from what came before them:"
    yield errors_by_method(tested.errors).to_string(
        index=False, float_format=lambda x: f"{x:.3f}", na_rep="-"
    )
    if len(steps):
        table = with_texts(steps)
        yield table.to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep="-")
