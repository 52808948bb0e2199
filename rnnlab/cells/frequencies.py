"""Years, quarters and months below each other in one column, as offices write them."""

import re

import numpy as np

from rnnlab.cells.dates import YEAR
from rnnlab.cells.periods import read_periods
from rnnlab.core.errors import InputError

WORD = r"[^\W\d_]{3,10}\.?"
# the finest first, and how many months each has
FREQUENCIES = {
    "month": (re.compile(rf"\d{{4}}[- ]?(M?\d\d|{WORD})|{WORD}[- ]\d{{4}}"), 1),
    "quarter": (re.compile(r"\d{4}[- ]?Q[1-4]|Q[1-4][- ]?\d{4}"), 3),
    "year": (YEAR, 12),
}
FEW = 3


def of_one_frequency(
    texts: list[str], wanted: str | None, source: str
) -> tuple[np.ndarray, list[str]]:
    """Which times are kept where there are years, quarters and months, [N], and what was guessed.

    Those are the finest without a gap, or what a person wants.

    Raises:
        InputError: all have gaps, or none is what a person wants.
    """
    of: dict[str, list[str]] = {}
    kinds = []
    for text in texts:
        kind = next((each for each, (form, _) in FREQUENCIES.items() if form.fullmatch(text)), "")
        if not kind:
            # most times are dates, and many
            break
        kinds.append(kind)
        of.setdefault(kind, []).append(text)
    if wanted and wanted not in of:
        raise InputError(
            f"{source}: no time names a {wanted}; leave --read frequency out",
            ["--read frequency="],
        )
    # fewer may be mistyped
    if len(kinds) < len(texts) or len(of) < 2 or (min(map(len, of.values())) < FEW and not wanted):
        return np.ones(len(texts), dtype=bool), []
    found = [kind for kind in FREQUENCIES if kind in of]
    whole = [kind for kind in found if _is_whole(of[kind], FREQUENCIES[kind][1])]
    if not whole and not wanted:
        raise InputError(
            f"{source}: has times of several frequencies, each with gaps; "
            f"add --read frequency={' or '.join(found)}",
            [f"--read frequency={found[0]}"],
        )
    chosen = wanted or whole[0]
    others = [kind for kind in reversed(found) if kind != chosen]
    left = " and ".join(f"{len(of[kind])} {kind}ly" for kind in others)
    guess = "" if wanted else f" (guessed; else --read frequency={others[-1]})"
    return np.array(kinds) == chosen, [f"{chosen}ly rows; without {left} ones{guess}"]


def _is_whole(texts: list[str], months: int) -> bool:
    found = read_periods(texts, None) if months < 12 else (np.array(texts, "datetime64[Y]"), [])
    if found is None:
        return False
    places = np.unique(found[0].astype("datetime64[M]").astype(np.int64))
    return bool((np.diff(places) == months).all())
