"""The hourly part of the M4 competition: its two files, its measures and its published results."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.day_by_day import HORIZON, NAIVE2_MASE, NAIVE2_SMAPE, PERIOD
from stages.common.errors import InputError, require
from stages.common.measures import measure, seasonal_naive_error

TRAIN_FILE, TEST_FILE = "Hourly-train.csv", "Hourly-test.csv"
SOURCE = "https://github.com/Mcompetitions/M4-methods (Dataset/Train, Dataset/Test)"


class Figures(NamedTuple):
    """Means over all series: sMAPE in per cent, MASE and OWA without unit."""

    smape: float
    mase: float
    owa: float


# the hourly column of Makridakis, Spiliotis & Assimakopoulos 2020 and of the M4 repository
SEASONAL_NAIVE = Figures(13.912, 1.193, 0.627)
PUBLISHED = {
    "Smyl, ES-RNN (winner overall)": Figures(9.328, 0.893, 0.440),
    "Doornik et al. (best on hourly)": Figures(8.913, 0.801, 0.410),
    "Montero-Manso et al., FFORMA": Figures(11.506, 0.819, 0.484),
    "the competition's RNN benchmark": Figures(14.698, 3.048, 1.036),
    "seasonal naive": SEASONAL_NAIVE,
    "Theta": Figures(18.138, 2.455, 1.006),
}


def find(folder: Path, name: str) -> Path:
    """The path of a file that is not to be opened yet; InputError if it is missing."""
    return require(folder / name, f"download it from {SOURCE}, or name its folder with --data")


def read_wide(path: Path, least: int) -> dict[str, np.ndarray]:
    """Read the competition's wide form: a header, then for each series its name and its values.

    Args:
        least: how many values a series must have.

    Returns:
        Series by name, in the order of the file, float64 [n] each, without the empty cells that
        fill up the shorter rows.

    Raises:
        InputError: the file is missing or no such table, or a series is doubled or too short or
            holds what has no logarithm.
    """
    require(path, f"download it from {SOURCE}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row][1:]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{path}: is no CSV in UTF-8; download it again from {SOURCE}") from None
    if not rows:
        raise InputError(f"{path}: holds no series; download it again from {SOURCE}")
    series: dict[str, np.ndarray] = {}
    for name, *cells in rows:
        if name in series:
            raise InputError(f"{path}: has the series {name!r} twice; keep one row")
        series[name] = _values(path, name, cells)
        if len(series[name]) < least:
            length = len(series[name])
            raise InputError(
                f"{path}: series {name!r} has {length} values where {least} are needed; "
                "leave it out or download the file again"
            )
    return series


def _values(path: Path, name: str, cells: list[str]) -> np.ndarray:
    while cells and not cells[-1].strip():
        cells.pop()
    for cell in cells:
        try:
            usable = 0 < float(cell) < float("inf")
        except ValueError:
            usable = False
        if not usable:
            raise InputError(f"{path}: series {name!r} holds {cell!r}; write a number above 0")
    return np.array(cells, dtype=np.float64)


def read_train(path: Path, least: int) -> dict[str, np.ndarray]:
    """Likewise, for series that are to be fitted: their last days must not repeat for ever."""
    train = read_wide(path, least)
    for name, y in train.items():
        if np.isnan(seasonal_naive_error(y[:-HORIZON], PERIOD)):
            raise InputError(
                f"{path}: series {name!r} repeats every {PERIOD} hours exactly, "
                "so that MASE has no scale; leave it out"
            )
    return train


def read_truth(path: Path, names: list[str]) -> np.ndarray:
    """The values to be forecast, [S, 48], of the series ``names`` in their order."""
    test = read_wide(path, HORIZON)
    odd = sorted(set(names) ^ set(test))
    if odd:
        raise InputError(
            f"{path}: has other series than the training file, such as {odd[0]!r}; "
            f"download both again from {SOURCE}"
        )
    long = [name for name in names if len(test[name]) > HORIZON]
    if long:
        raise InputError(f"{path}: series {long[0]!r} has more than {HORIZON} values; cut it")
    return np.array([test[name] for name in names])


def score(series: list[np.ndarray], truth: np.ndarray, forecast: np.ndarray) -> Figures:
    """The competition's measures of forecast [S, 48], each the mean over series.

    OWA is the mean of sMAPE and MASE, each over that of Naive2.

    Args:
        series: the training parts, which give MASE its scales.
        truth: [S, 48], likewise in the units of the series.
    """
    found = [
        measure(y, f, seasonal_naive_error(past, PERIOD))
        for past, y, f in zip(series, truth, forecast, strict=True)
    ]
    smape, mase = (float(np.mean([each[key] for each in found])) for key in ("smape", "mase"))
    return Figures(smape, mase, (smape / NAIVE2_SMAPE + mase / NAIVE2_MASE) / 2)


def check_measures(found: Figures, path: Path) -> None:
    """InputError where seasonal naive does not meet its published row to the third digit.

    OWA has a little more room: the figures of Naive2 that it divides by are themselves published
    with three digits, which moves ours by up to 0.00006 (it is 0.6275, published as 0.627).
    """
    rooms = Figures(0.0005, 0.0005, 0.00056)
    gaps = np.abs(np.subtract(found, SEASONAL_NAIVE))
    if not np.all(gaps <= rooms):
        ours, published = (
            " / ".join(f"{figure:.3f}" for figure in row) for row in (found, SEASONAL_NAIVE)
        )
        raise InputError(
            f"{path}: seasonal naive scores {ours}, published is {published}: these are not M4's "
            f"hourly series, so nothing can be compared; download both files from {SOURCE}"
        )
