"""How many steps a season has: by the spacing of the times, checked in the values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.core.notes import note
from rnnlab.series.panel import Panel
from rnnlab.series.times import (
    MONTH,
    NUMBER,
    SECOND,
    WORKDAY,
    Step,
    format_times,
    usual_step,
)

# steps of a season, and the word for the spacing
SPACINGS = {
    Step(1, MONTH): (12, "monthly"),
    Step(2, MONTH): (6, "every 2 months"),
    Step(3, MONTH): (4, "quarterly"),
    Step(6, MONTH): (2, "half-yearly"),
    Step(12, MONTH): (1, "yearly"),
    Step(7 * 24 * 3600, SECOND): (52, "weekly"),
    Step(24 * 3600, SECOND): (7, "daily"),
    Step(1, WORKDAY): (5, "by working day"),
    Step(3600, SECOND): (24, "hourly"),
    Step(1800, SECOND): (48, "half-hourly"),
}
# spacings that pandas names, such as the last working day or the first Monday of a month
BUSINESS = {
    **dict.fromkeys(("BM", "WOM", "LWOM"), (12, "monthly")),
    "BQ": (4, "quarterly"),
    "BY": (1, "yearly"),
}
DAY_S = 24 * 3600
# numbered steps say nothing of a season: the values may, at these lags
LAGS = (12, 4, 7, 24, 52)
# the next longer season of a spacing
LONGER = {7: 365, 24: 168, 48: 336}
# days, and working days, of a year
YEARS = {7: 365.25, 5: 260.9}
# parts of a day, in which weeks are looked for, too
PARTS_OF_DAY = (24, 48, 96, 144, 288)
YEARS_AHEAD = 6
# a weaker season is none; a guess by the values alone takes a stronger one
WEAK, STRONG = 0.1, 0.5
MAX_CHECKED = 200


@dataclass(frozen=True)
class Season:
    """The period of a panel.

    Attributes:
        period: steps of a season, 1 for none.
        horizon: steps to forecast where nothing is said: as the file says, or else one season, six
            without one.
        spacing: the times' spacing in words.
        correlation: of the changes with those one period before, median over series; None where
            there is no season or the series are too short.
        notes: what was guessed, with the option that says otherwise.
        longer: a second season that a person says; None where nothing is said.
    """

    period: int
    horizon: int
    spacing: str
    correlation: float | None
    notes: list[str]
    longer: float | None = None


def find_season(panel: Panel, period: int | None, longer: float | None = None) -> Season:
    """The season of a panel with NaN for gaps; ``period``, ``longer`` where a person says it."""
    usual, spacing = _by_spacing(usual_step(panel.ds, panel.offsets))
    notes = []
    found = period or usual
    if found is None:
        strength = {lag: correlation_at(panel, lag) or 0.0 for lag in LAGS}
        best = max(strength, key=lambda lag: strength[lag])
        found = best if strength[best] > STRONG else 1
        notes.append(f"period {found} from the values (guessed; else --period)")
    correlation = correlation_at(panel, found) if found > 1 else None
    if period is None and usual and correlation is not None and correlation < WEAK:
        notes.append(f"period {found}, though the values show no season (guessed; else --period 1)")
    horizon = found if found > 1 else YEARS_AHEAD
    if panel.table is not None and panel.table.horizon:
        horizon = panel.table.horizon
        notes.append(f"the file names a horizon of {horizon} (else --horizon)")
    return Season(found, horizon, spacing, correlation, notes, longer)


def settle(panel: Panel, seasons: Sequence[int]) -> tuple[Panel, Season]:
    """The panel with the one or two seasons that a person says, or else its own."""
    season = find_season(panel, *sorted(seasons)) if seasons else find_season(panel, None)
    return replace(panel, period=season.period, longer=season.longer), season


def longer_season(period: int) -> float | None:
    """The season that usually stands beside one of so many steps; None for others.

    A year beside the days of a week, a week beside the parts of a day.
    """
    return 7 * period if period in PARTS_OF_DAY else YEARS.get(period)


def _by_spacing(step: Step | None) -> tuple[int | None, str]:
    if step is None:
        return None, "unevenly"
    if step in SPACINGS:
        return SPACINGS[step]
    for start, season in BUSINESS.items():
        if step.unit.startswith(start):
            return season
    if step.unit == MONTH:
        return (1 if step.count % 12 == 0 else None), f"every {step}"
    if step.unit == NUMBER:
        return None, f"in steps of {step}"
    if step.unit != SECOND:
        return None, f"by {step.unit}"
    if step.count < DAY_S and DAY_S % step.count == 0:
        return DAY_S // step.count, f"every {step}"
    return None, f"every {step}"


def correlation_at(panel: Panel, lag: int) -> float | None:
    """Autocorrelation of the changes from step to step at ``lag``, median over the first series.

    None where no series has two seasons.
    """
    found = []
    for number in range(min(len(panel.ids), MAX_CHECKED)):
        change = np.diff(panel.y[panel.span(number)])
        a, b = change[lag:], change[:-lag]
        both = ~np.isnan(a) & ~np.isnan(b)
        if both.sum() < max(lag, 4):
            continue
        a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
        scale = np.sqrt((a * a).sum() * (b * b).sum())
        if scale > 0:
            found.append(float((a * b).sum() / scale))
    return float(np.median(found)) if found else None


def understood(panel: Panel, season: Season) -> str:
    """A line that says what was understood of a table."""
    table = panel.table
    assert table is not None
    ends = [_short(time, season.spacing) for time in (panel.ds.min(), panel.ds.max())]
    checked = "" if season.correlation is None else f" (autocorrelation {season.correlation:.2f})"
    beside = f" and {season.longer:g}" if season.longer else ""
    count = f"{len(panel.ids)} series" if len(panel.ids) > 1 else "one series"
    # in other layouts the columns are the series, or months
    values = f", values {table.value!r}" if table.value != table.stem else ""
    return (
        f"{table.name}: {count}, {season.spacing}, {ends[0]} to {ends[1]}{values}; "
        f"period {season.period}{beside}{checked}"
    )


def guesses(panel: Panel, season: Season) -> list[str]:
    """What was guessed of a table, and what was left out of it."""
    return [*panel.notes, *season.notes, *_early_ends(panel, season)]


def note_guesses(panel: Panel, season: Season) -> None:
    """Note what was guessed of a table, and what was left out of it, if anything was."""
    notes = guesses(panel, season)
    if notes and panel.table:
        note(f"{panel.table.name}: {'; '.join(notes)}")


def _early_ends(panel: Panel, season: Season) -> list[str]:
    last = panel.ds[panel.offsets[1:] - 1]
    early = int((last < last.max()).sum())
    if not early:
        return []
    text = _short(last.max(), season.spacing)
    return [f"{early:,} of {len(last):,} series end before {text}: each goes on from its own end"]


def _short(time: np.generic, spacing: str) -> str:
    if not isinstance(time, np.datetime64):
        return str(time)
    text = str(format_times(np.array([time]))[0])
    if spacing == "yearly":
        return text[:4]
    return text[:7] if "month" in spacing or spacing in ("quarterly", "half-yearly") else text
