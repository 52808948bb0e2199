"""How far a time is ahead of UTC, by what follows its hour: +01:00, +01, Z, UTC, CEST."""

import re
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from rnnlab.core.errors import InputError

# behind digits or PM; a number alone is an offset only behind an hour
OFFSET = re.compile(
    r"(?<=[\dMm])(?: ?(?:UTC|GMT)?(?P<hours>[+-]\d\d)(?::?(?P<minutes>\d\d))?|"
    r" ?(?P<zero>Z|UTC|GMT)| (?P<zone>(?![AP]M$)[A-Z]{2,5}))$"
)
YEARS_AHEAD = 5
WITHOUT_HOUR = re.compile(r"(?<=\d) (?:UTC|GMT)$")


def without_offsets(times: pd.Series) -> pd.Series:
    """Texts of local times without what says how far they are ahead of UTC."""
    hours = times.str.contains(":")
    if hours.any():
        times = times.where(~hours, times.str.replace(OFFSET, "", regex=True))
    return times.where(hours, times.str.replace(WITHOUT_HOUR, "", regex=True))


def check_zones(texts: list[str], name: str, source: str) -> None:
    """Raise InputError if a name of a zone is unknown, or means several and is not the only one."""
    found: dict[str, str] = {}
    for text in texts:
        if ":" in text and (match := OFFSET.search(text)):
            found.setdefault(match["zone"] or "", text)
    for zone, text in found.items():
        if not zone:
            continue
        known = _zones().get(zone, set())
        # of one zone alone, the hours are those of its clocks
        if not known or (len(known) > 1 and len(found) > 1):
            what = "is the name of several zones" if known else "is no zone that is known"
            raise InputError(
                f"{source}: column {name!r} holds {text!r}: {zone} {what}; write the offset from "
                "UTC, such as -06:00, in its place"
            )


def _offsets_from_utc(texts: list[str]) -> np.ndarray | None:
    """How far each time is ahead of UTC, timedelta64[s] [N]; None where one does not say."""
    minutes = []
    for text in texts:
        match = OFFSET.search(text) if ":" in text else None
        ahead = None if match is None else _minutes(match)
        if ahead is None:
            return None
        minutes.append(ahead)
    return np.array(minutes, dtype="timedelta64[m]").astype("timedelta64[s]")


def _zone_of(instants: np.ndarray, ahead: np.ndarray) -> str:
    """The zone whose clocks were ``ahead`` of UTC at the instants, [N]; UTC where none is sure.

    Of several, all must have the same clocks in the years to come.
    """
    from babel.core import get_global

    order = np.argsort(instants, kind="stable")
    at, ahead = instants[order].astype(np.int64), ahead[order].astype(np.int64)
    changes = np.flatnonzero(np.diff(ahead))
    told = np.unique([0, *changes, *(changes + 1), len(at) - 1])
    later = at[-1] + np.arange(0, YEARS_AHEAD * 366, 7) * 86_400

    def clocks(zone: str, moments: np.ndarray) -> np.ndarray:
        utc = moments.astype("datetime64[s]")
        return (local_times(utc, zone) - utc).astype(np.int64)

    zones = dict.fromkeys(get_global("windows_zone_mapping").values())
    zones_here = available_timezones()
    found = [zone for zone in zones if zone in zones_here]
    # the changes tell most zones apart
    for moments in (told, np.arange(len(at))):
        found = [z for z in found if (clocks(z, at[moments]) == ahead[moments]).all()]
    same = len({clocks(zone, later).tobytes() for zone in found}) == 1
    return found[0] if same else "UTC"


def local_times(ds: np.ndarray, zone: str) -> np.ndarray:
    """What the clocks of a zone show at times in UTC, datetime64[s] [N]."""
    times = pd.DatetimeIndex(ds, tz="UTC").tz_convert(zone).tz_localize(None)
    return times.to_numpy().astype("datetime64[s]")


def in_utc_if_shifted(
    ds: np.ndarray, texts: list[str], series: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, str, list[str]]:
    """Times ds [N] of texts, in UTC where changes of clocks part or repeat local ones, and why.

    Between them the zone of these clocks, or UTC; empty for local times.
    """
    ahead = _offsets_from_utc(texts)
    if ahead is None or (ahead == ahead[:1]).all():
        return ds, "", []
    rows = np.unique(np.column_stack([series, place]), axis=0)
    local, repeated = _uneven(rows[:, 0], ds[rows[:, 1]])
    instants, _ = _uneven(rows[:, 0], (ds - ahead)[rows[:, 1]])
    # days stay those of the local calendar
    if instants >= local and not repeated:
        return ds, "", []
    zone = _zone_of(ds - ahead, ahead)
    why = (
        "local ones repeat when summer time ends" if repeated else "the clocks change between them"
    )
    written = f"; a forecast has the offsets of {zone} (guessed)" if zone != "UTC" else ""
    return ds - ahead, zone, [f"times in UTC, since {why}{written}"]


def _uneven(series: np.ndarray, ds: np.ndarray) -> tuple[int, bool]:
    """How many times do not follow the one before at the usual distance, and whether one repeats.

    ``series`` may share times, since each has its own clocks.
    """
    order = np.lexsort((ds, series))
    apart = np.diff(ds[order].astype(np.int64))[np.diff(series[order]) == 0]
    if not len(apart):
        return 0, False
    _, counts = np.unique(apart, return_counts=True)
    return len(apart) - int(counts.max()), bool((apart == 0).any())


def _minutes(match: re.Match) -> int | None:
    if match["hours"]:
        sign = -1 if match["hours"][0] == "-" else 1
        return int(match["hours"]) * 60 + sign * int(match["minutes"] or 0)
    if match["zero"]:
        return 0
    known = _zones().get(match["zone"], set())
    return next(iter(known)) if len(known) == 1 else None


@cache
def _zones() -> dict[str, set[int]]:
    """What names such as CEST mean on maps of today: minutes ahead of UTC."""
    found: dict[str, set[int]] = {}
    for each in available_timezones():
        zone = ZoneInfo(each)
        for month in (1, 7):
            time = datetime(2024, month, 15, tzinfo=zone)
            name, ahead = time.tzname(), time.utcoffset()
            if name and ahead is not None:
                found.setdefault(name, set()).add(int(ahead.total_seconds()) // 60)
    return found
