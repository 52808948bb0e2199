"""Columns of a table as covariates: numbers, yes or no, and one column for each text."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.core.notes import note
from rnnlab.core.text import join_names
from rnnlab.effects.holidays import holiday_columns
from rnnlab.series.loading import MAX_ABS_VALUE
from rnnlab.series.panel import Covariates, Panel
from rnnlab.series.scalers import positions_in_series
from rnnlab.series.times import format_times, usual_step
from rnnlab.tables.reading import Table

MAX_TEXTS = 50


def times_of(panel: Panel, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """All times of each series and its next ones, [R], and where each series begins, [S + 1]."""
    ahead = panel.future(horizon).reshape(len(panel.ids), horizon)
    parts = [
        part
        for ds, next_ones in zip(panel.parts(panel.ds), ahead, strict=True)
        for part in (ds, next_ones)
    ]
    return np.concatenate(parts), panel.offsets + horizon * np.arange(len(panel.ids) + 1)


def known_columns(
    panel: Panel, table: Table, ds: np.ndarray, offsets: np.ndarray
) -> dict[str, np.ndarray]:
    """The table's known columns as numbers at the times ds [R] of each series, by name.

    A missing cell of the past is filled with the one before, which is noted; so is each column that
    is known in the past alone.

    Raises:
        InputError: a later value is missing, or a column has too many texts or too large numbers.
    """
    rows, beyond = _rows_at(panel, table, ds, offsets), _rows_beyond(panel, table)[0]
    found: dict[str, np.ndarray] = {}
    for name, cells in table.known.items():
        values = np.where(rows >= 0, cells[rows], np.nan if cells.dtype.kind == "f" else "")
        missing = ~_are_known(values)
        if _after(panel, offsets).any() and not _are_known(cells[beyond]).any():
            note(f"{table.name}: {name!r} is known only in the past: not used")
            continue
        _check_later(panel, table, name, missing, ds, offsets)
        _check_some(panel, table, name, missing, offsets)
        values = _filled(panel, table, name, values, missing, ds, offsets)
        numbers = _numbers(name, values, table.name)
        for column, each in numbers.items():
            _note_if_beyond(table.name, column, each, _after(panel, offsets))
        found |= numbers
    return found


def _note_if_beyond(source: str, name: str, values: np.ndarray, after: np.ndarray) -> None:
    """Note a covariate whose values ahead say little, since the past has none like them."""
    past, ahead = values[~after], values[after]
    if not len(ahead):
        return
    low, high = past.min(), past.max()
    width = high - low
    far = ahead[(ahead < low - width) | (ahead > high + width)]
    if len(far) and not width:
        note(f"{source}: {name!r} never changed before: what it does is not known")
    elif len(far):
        note(
            f"{source}: {name!r} is {far[0]:g} ahead, far beyond its past ({low:g} to {high:g}): "
            "its effect is a guess"
        )


def as_covariates(
    offsets: np.ndarray, columns: Mapping[str, np.ndarray], source: str
) -> Covariates:
    """Columns [R] by name, but for those that are constant or equal to another, which is noted."""
    kept: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        same = [other for other, known in kept.items() if np.array_equal(known, values)]
        if np.ptp(values) == 0:
            note(f"{source}: {name!r} is constant: not used")
        elif same:
            note(f"{source}: {name!r} is the same as {same[0]!r}: not used")
        else:
            kept[name] = values
    rows = np.column_stack([*kept.values()]) if kept else np.empty((int(offsets[-1]), 0))
    return Covariates(list(kept), offsets, rows)


def _are_known(cells: np.ndarray) -> np.ndarray:
    return ~np.isnan(cells) if cells.dtype.kind == "f" else cells != ""


def _rows_beyond(panel: Panel, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the table after the last value of their series, and the numbers of these."""
    last = panel.ds[panel.offsets[1:] - 1]
    places = {name: place for place, name in enumerate(panel.ids)}
    number = np.array([places.get(name, -1) for name in table.names])[table.codes]
    rows = np.flatnonzero((number >= 0) & (table.ds > last[number]))
    return rows, number[rows]


def _after(panel: Panel, offsets: np.ndarray) -> np.ndarray:
    """Which rows of covariates come after the last value, bool [R]."""
    return positions_in_series(offsets) >= np.repeat(panel.lengths, np.diff(offsets))


def _rows_at(panel: Panel, table: Table, ds: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The row of the table at each time ds [R] of each series; -1 where it has none."""
    places = {name: place for place, name in enumerate(table.names)}
    code = np.repeat([places[name] for name in panel.ids], np.diff(offsets))
    times, wanted = table.ds.astype(np.int64), ds.astype(np.int64)
    first = min(times.min(), wanted.min())
    width = max(times.max(), wanted.max()) - first + 1
    keys, own = code * width + (wanted - first), table.codes * width + (times - first)
    order = np.argsort(own, kind="stable")
    at = np.minimum(np.searchsorted(own[order], keys), len(own) - 1)
    rows = order[at]
    return np.where(own[rows] == keys, rows, -1)


def _check_some(
    panel: Panel, table: Table, name: str, missing: np.ndarray, offsets: np.ndarray
) -> None:
    without = np.flatnonzero(np.logical_and.reduceat(missing, offsets[:-1]))
    if len(without):
        of = f" of series {panel.ids[int(without[0])]!r}" if len(panel.ids) > 1 else ""
        raise InputError(f"{table.name}: {name!r}{of} has no value; add some, or leave it out")


def _check_later(
    panel: Panel,
    table: Table,
    name: str,
    missing: np.ndarray,
    ds: np.ndarray,
    offsets: np.ndarray,
) -> None:
    lacking = np.flatnonzero(missing & _after(panel, offsets))
    if len(lacking):
        row = int(lacking[0])
        of = _of_series(panel, offsets, row)
        raise InputError(
            f"{table.name}: {name!r}{of} has no value at {format_times(ds[row : row + 1])[0]}, "
            "which is to be forecast; add that row, or choose a shorter --horizon"
        )


def _of_series(panel: Panel, offsets: np.ndarray, row: int) -> str:
    """Of which series the row is, for messages; nothing where there is one alone."""
    number = int(np.searchsorted(offsets, row, side="right")) - 1
    return f" of series {panel.ids[number]!r}" if len(panel.ids) > 1 else ""


def _filled(
    panel: Panel,
    table: Table,
    name: str,
    values: np.ndarray,
    missing: np.ndarray,
    ds: np.ndarray,
    offsets: np.ndarray,
) -> np.ndarray:
    """Values [R] where each missing one is the last known one of its series, or else the first."""
    if not missing.any():
        return values
    first, count = int(np.argmax(missing)), int(missing.sum())
    note(
        f"{table.name}: {name!r} has no value in {count:,} row{'s' * (count != 1)}, the first"
        f"{_of_series(panel, offsets, first)} at {format_times(ds[first : first + 1])[0]}: the one "
        "before is used"
    )
    place = np.arange(len(values))
    last = np.maximum.accumulate(np.where(missing, -1, place))
    start = np.repeat(offsets[:-1], np.diff(offsets))
    following = np.minimum.accumulate(np.where(missing, len(values), place)[::-1])[::-1]
    return values[np.where(last >= start, last, following)]


def _numbers(name: str, values: np.ndarray, source: str) -> dict[str, np.ndarray]:
    """A column as numbers, by name; one for each text but the most common one."""
    if values.dtype.kind == "f":
        if (largest := np.abs(values).max()) > MAX_ABS_VALUE:
            size = f"{largest:g} or its negative"
            raise InputError(f"{source}: {name!r} holds {size}; write it in a larger unit")
        return {name: values}
    texts, codes, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    if len(texts) > MAX_TEXTS:
        raise InputError(
            f"{source}: {name!r} has {len(texts)} different texts, such as "
            f"{join_names(map(repr, texts[:2].tolist()))}; up to {MAX_TEXTS} can be used"
        )
    usual = counts.argmax()
    if len(texts) == 1:
        return {name: codes.astype(float)}
    return {
        f"{name}={text}": (codes == number).astype(float)
        for number, text in enumerate(texts)
        if number != usual
    }


def rows_ahead(panel: Panel, table: Table) -> int | None:
    """How many rows with known columns follow the last value of each series; None without columns.

    Raises:
        InputError: no series has such rows.
    """
    if not table.known:
        return None
    rows, series = _rows_beyond(panel, table)
    pairs = np.unique(np.column_stack([series, table.ds[rows].astype(np.int64)]), axis=0)
    counts = np.bincount(pairs[:, 0], minlength=len(panel.ids))
    if not counts.any():
        raise InputError(
            f"{table.name}: has no rows after the last value, where --known columns are to be "
            f"known; add such rows with an empty {table.value!r}, or name their file by --future"
        )
    # a series without any is named when its first step is looked for
    return int(counts[counts > 0].min())


def with_covariates(panel: Panel, table: Table, horizon: int, holidays: str | None = None) -> Panel:
    """The panel with its known columns, and the holidays of countries, up to ``horizon`` ahead.

    Raises:
        InputError: see ``known_columns`` and ``holiday_columns``; or none of them is of use.
    """
    if not table.known and not holidays:
        return panel
    ds, offsets = times_of(panel, horizon)
    columns = known_columns(panel, table, ds, offsets)
    if holidays:
        columns |= holiday_columns(holidays, ds, usual_step(panel.ds, panel.offsets))
    found = as_covariates(offsets, columns, table.name)
    if not found.names:
        raise InputError(
            f"{table.name}: no column of --known or --holidays says anything; see above"
        )
    return replace(panel, covariates=found)
