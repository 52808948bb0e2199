"""What a person hands over to a public function: series, their horizon, how a table is read."""

from collections.abc import Mapping, Sequence
from numbers import Integral

from rnnlab.core.errors import InputError
from rnnlab.effects.reading import settled_series
from rnnlab.forecasting.task_settings import check_seasons, check_steps
from rnnlab.formats.options import ReadOptions, reading_options
from rnnlab.frames.reading import Data, read_data
from rnnlab.frames.shape import Shape
from rnnlab.series.panel import Panel, warn_left_out
from rnnlab.series.seasons import Season, note_guesses


def options_of(
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


def understood_series(
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
        if steps is not None and not is_count(steps):
            raise InputError(f"{name}={steps!r}: write a whole number, 1 or more")
        check_steps(name, steps)
    check_seasons(seasons)
    table, shape = read_data(data, options, future)

    def say(panel: Panel, season: Season) -> None:
        if said:
            note_guesses(panel, season)
            warn_left_out(panel, table.name)

    panel, _, horizon = settled_series(table, options, seasons, horizon, holidays, say, ahead)
    return shape, panel.without_rows(), horizon


def is_count(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) >= 1
