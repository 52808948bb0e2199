"""What rnnlab forecast says of a forecast and of a backtest."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.backtesting.labels import fallback_lines
from rnnlab.backtesting.windows import Backtest, errors_by_method
from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.core.text import join_names, readable
from rnnlab.forecasting.covariates import UsedEffect
from rnnlab.forecasting.folders import PartResult
from rnnlab.forecasting.output import with_texts
from rnnlab.forecasting.selection import COMBINATION, Selection
from rnnlab.series.panel import Panel
from rnnlab.zero_shot.finetuning import FineTuned

# series whose last steps are printed beside the truth
MAX_PRINTED = 6
# covariates whose effect is printed
MAX_EFFECTS = 10


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


def tuned_sentence(tuned: FineTuned, folder: Path | None) -> str:
    """What fine-tuning did, and where its network lies."""
    if not tuned.errors:
        return "Nothing was learned from the series."
    before, best = tuned.errors[0], min(tuned.errors.values())
    if not tuned.step:
        return (
            f"Error of the last values {before:.3f}, {best:.3f} after learning: no more than "
            "chance, so the network stays as it was."
        )
    line = f"Error of the last values {before:.3f}, {tuned.errors[tuned.step]:.3f} after learning."
    return line if folder is None else f"{line} Again without it: --network {folder}"


def covariates_lines(used: UsedEffect, panel: Panel) -> Iterator[str]:
    """The errors with and without covariates, and what each of these does to a value."""
    if np.isnan(used.error):
        yield "The series are too short to fit an effect of covariates: none is used."
        return
    errors = f"Relative error with covariates {used.error:.3f}, without {used.error_without:.3f}"
    if used.effect is None or panel.covariates is None:
        yield f"{errors}: they are not used."
        return
    weights = sorted(used.weights.items(), key=lambda item: -item[1])
    yield f"{errors}; effect: {join_names(f'{100 * w:.0f} % {form}' for form, w in weights)}."
    columns = dict(zip(panel.covariates.names, panel.covariates.values.T, strict=True))
    largest = sorted(columns, key=lambda name: -abs(used.slopes[name]) * columns[name].std())
    texts = []
    for name in largest[:MAX_EFFECTS]:
        slope, is_switch = used.slopes[name], np.isin(columns[name], (0, 1)).all()
        number = f"{slope:+,.0f}" if abs(slope) >= 100 else f"{slope:+.3g}"
        texts.append(f"{name}: {number}{'' if is_switch else ' for +1'}")
    more = f"; and {len(largest) - MAX_EFFECTS} more" if len(largest) > MAX_EFFECTS else ""
    yield f"{'; '.join(texts)}{more}"


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


def print_results(results: list[PartResult], parts: int, horizon: int, folder: Path) -> None:
    """Say what came of the parts that were not done before.

    Raises:
        InputError: some could not be read.
    """
    before = f"; {parts - len(results):,} were done before" if len(results) < parts else ""
    good = [each for each in results if not each.error]
    print(
        f"{horizon} steps of {sum(each.series for each in good):,} series in {len(good):,} of "
        f"{parts:,} parts{before}: {folder}/"
    )
    if left_out := sum(each.left_out for each in good):
        note(f"{left_out:,} series left out: {folder}/PART_left_out.csv says why")
    for line in fallback_lines(sum((each.fallbacks for each in good), Counter())):
        note(line)
    bad = [each for each in results if each.error]
    if bad:
        others = f" (and {len(bad) - 1:,} more parts)" if len(bad) > 1 else ""
        raise InputError(f"{bad[0].error}{others}; the other parts are done", bad[0].options)
