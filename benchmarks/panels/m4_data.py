"""The hourly series of the M4 competition: two files, and published results."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError, require

TRAIN_FILE, TEST_FILE = "Hourly-train.csv", "Hourly-test.csv"
SOURCE = "https://github.com/Mcompetitions/M4-methods (Dataset/Train, Dataset/Test)"
HORIZON = 48  # hours to forecast


class Figures(NamedTuple):
    """Means over all series: sMAPE in per cent, MASE and OWA without unit."""

    smape: float
    mase: float
    owa: float


# the hourly column of Makridakis, Spiliotis & Assimakopoulos 2020 and of the M4 repository
SEASONAL_NAIVE = Figures(13.912, 1.193, 0.627)
NAIVE2 = Figures(18.383, 2.395, 1.0)
PUBLISHED = {
    "Smyl, ES-RNN (winner overall)": Figures(9.328, 0.893, 0.440),
    "Doornik et al. (best on hourly)": Figures(8.913, 0.801, 0.410),
    "Montero-Manso et al., FFORMA": Figures(11.506, 0.819, 0.484),
    "the competition's RNN benchmark": Figures(14.698, 3.048, 1.036),
    "seasonal naive": SEASONAL_NAIVE,
    "Naive2": NAIVE2,
    "Theta": Figures(18.138, 2.455, 1.006),
}


def read_wide(path: Path) -> dict[str, list[float]]:
    """Read a file in the wide format of the competition: a header, then a row for each series.

    Returns:
        Values by series name, in the order of the file, without the empty cells at the end of
        short rows.

    Raises:
        InputError: the file is missing or not such a table, or a series occurs twice.
    """
    require(path, f"download it from {SOURCE}, or name its folder with --data")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row][1:]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            f"{path}: is not a CSV file in UTF-8; download it again from {SOURCE}"
        ) from None
    if not rows:
        raise InputError(f"{path}: has no series; download it again from {SOURCE}")
    series: dict[str, list[float]] = {}
    for name, *cells in rows:
        if name in series:
            raise InputError(f"{path}: has the series {name!r} twice; keep one row")
        while cells and not cells[-1].strip():
            cells.pop()
        series[name] = [_number(cell, name, path) for cell in cells]
    return series


def _number(cell: str, name: str, path: Path) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise InputError(f"{path}: series {name!r} has the value {cell!r}; write a number above 0")
    return number


def read_both(folder: Path) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Training and test values by series name.

    Raises:
        InputError: the files have different series, or the test file not 48 hours of each.
    """
    train, test = read_wide(folder / TRAIN_FILE), read_wide(folder / TEST_FILE)
    odd = sorted(set(train) ^ set(test))
    if odd:
        raise InputError(
            f"{folder}: {TRAIN_FILE} and {TEST_FILE} have different series, such as {odd[0]!r}; "
            f"download both again from {SOURCE}"
        )
    for name, values in test.items():
        if len(values) != HORIZON:
            raise InputError(
                f"{folder / TEST_FILE}: series {name!r} has {len(values)} values, not {HORIZON}; "
                f"download it again from {SOURCE}"
            )
    return train, test


def long_table(folder: Path) -> pd.DataFrame:
    """Both files as one long table: unique_id, ds (the hour, from 1) and y.

    The last 48 values of each series are those of the test file.

    Raises:
        InputError: as of ``read_both``.
    """
    train, test = read_both(folder)
    lengths = [len(values) + HORIZON for values in train.values()]
    return pd.DataFrame(
        {
            "unique_id": np.repeat(list(train), lengths),
            "ds": np.concatenate([np.arange(1, length + 1) for length in lengths]),
            "y": np.concatenate([[*values, *test[name]] for name, values in train.items()]),
        }
    )


def check_measures(found: Figures, published: Figures, name: str) -> None:
    """Raise InputError if a method does not have its published scores to three digits.

    OWA has a slightly larger tolerance: it divides by published scores of Naive2, which are rounded
    to three digits. This shifts it by up to 0.00006 (seasonal naive: 0.6275, published 0.627).
    """
    tolerances = Figures(0.0005, 0.0005, 0.00056)
    if not np.all(np.abs(np.subtract(found, published)) <= tolerances):
        ours, theirs = (" / ".join(f"{figure:.3f}" for figure in row) for row in (found, published))
        raise InputError(
            f"{name} scores {ours}, published is {theirs}: these are not the hourly series of "
            f"M4; download both files from {SOURCE}"
        )
