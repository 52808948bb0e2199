"""The series of a table with what is known beside them, in the order that messages come in."""

from collections.abc import Callable, Sequence

from rnnlab.effects.columns import rows_ahead, with_covariates
from rnnlab.formats.options import ReadOptions
from rnnlab.series.loading import panel_of
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import Season, settle
from rnnlab.tables.reading import Table


def settled_series(
    table: Table,
    options: ReadOptions,
    seasons: Sequence[int],
    horizon: int | None,
    holidays: str | None,
    say: Callable[[Panel, Season], None],
    ahead: bool = True,
) -> tuple[Panel, Season, int]:
    """The series of a table with their covariates, their season and the horizon.

    Args:
        seasons, horizon, say: see ``settled``.
        holidays: codes of countries, with commas; None for no holidays.
        ahead: whether covariates are needed at the steps after the last value, too.

    Raises:
        InputError: see ``settled`` and ``with_covariates``.
    """
    panel, season, horizon = settled(table, options, seasons, horizon, say, ahead)
    return with_covariates(panel, table, horizon if ahead else 0, holidays), season, horizon


def settled(
    table: Table,
    options: ReadOptions,
    seasons: Sequence[int],
    horizon: int | None,
    say: Callable[[Panel, Season], None],
    ahead: bool = True,
) -> tuple[Panel, Season, int]:
    """The series of a table without covariates, their season and the horizon.

    Args:
        seasons: one or two periods that a person says; empty to find them.
        horizon: that a person says; else the rows of known columns ahead, or that of the season.
        say: takes what was understood, before covariates are looked at.
        ahead: whether rows of known columns must follow the last value.

    Raises:
        InputError: see ``panel_of``, ``settle`` and ``rows_ahead``.
    """
    panel, season = settle(panel_of(table, options, any_series=True), seasons)
    say(panel, season)
    rows = rows_ahead(panel, table) if ahead else None
    return panel, season, horizon or rows or season.horizon
