"""Names of months: in English, or in the one language that knows those of a whole column."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import cache

ENGLISH = "january february march april may june july august september october november december"
MONTHS = 12
# more words than a year has, whole and short, are no months
MOST_WORDS = 30
# of people who speak the language, in a country where it is official
COMMON = 40
# accents, and what Arabic writes above letters
ACCENTS = re.compile("[\u0300-\u036f\u0653-\u0655]")
NO_LETTER = re.compile(r"[\s.'’׳॰\u200b-\u200f-]|^d[ei]? |^d['’]")


def month_number(name: str) -> int | None:
    """1 to 12 for 1月, or a month in English by its name or 3 or 4 letters of it."""
    name = name.strip().strip(".")
    if match := re.fullmatch(r"(0?[1-9]|1[0-2])[月월]", name):
        return int(match[1])
    return _english().get(name.lower())


def month_readings(words: Collection[str], rare: bool) -> list[dict[str, int]]:
    """The numbers of the words that are months, in the language that knows most of them.

    Several where languages differ; none where none knows any. English comes first, for speed, then
    languages that are official somewhere, then, if ``rare``, all others of CLDR.
    """
    found = {word: number for word in words if (number := month_number(word))}
    best = [found] if found else []
    if len(found) == len(words) or len(words) > MOST_WORDS:
        return best
    plain = {word: _plain(word) for word in words}
    for official in (True, False)[: 1 + rare]:
        for names in _languages(official):
            known = {word: names[name] for word, name in plain.items() if name in names}
            if known and known not in best and len(known) >= (len(best[0]) if best else 0):
                best = [*(best if best and len(best[0]) == len(known) else []), known]
        if best and len(best[0]) == len(words):
            break
    return best


def season_labels(names: Sequence[str]) -> list[tuple[str, int] | None]:
    """The label of each name, where months may be those of another language."""
    labels = [season_label(name) for name in names]
    words = {n for n, label in zip(names, labels, strict=True) if not label or label[0] == "M"}
    words = {name for name in words if name.strip() and not re.search(r"\d", name)}
    if all(labels) or not words:
        return labels
    found = month_readings(words, rare=True)
    if len(found) != 1 or len(found[0]) not in (MONTHS, len(words)):
        return labels
    months = [found[0].get(name) for name in names]
    return [("M", m) if m else label for m, label in zip(months, labels, strict=True)]


def season_label(name: str) -> tuple[str, int] | None:
    """("M", 3) for Mar, March, M3 or M03; ("Q", 2) for Q2; ("N", 7) for 7."""
    name = name.strip()
    if number := month_number(name):
        return "M", number
    if match := re.fullmatch(r"([MQW])[ -]?(\d{1,2})", name, re.IGNORECASE):
        return match[1].upper(), int(match[2])
    if match := re.fullmatch(r"(\d)\.? ?Q(?:uart\w*)?", name, re.IGNORECASE):
        return "Q", int(match[1])
    return ("N", int(name)) if re.fullmatch(r"\d{1,2}", name) else None


@cache
def _english() -> dict[str, int]:
    return _by_name({number: [name] for number, name in enumerate(ENGLISH.split(), 1)})


def _by_name(months: dict[int, list[str]]) -> dict[str, int]:
    """The number of each name, and of 3 or 4 letters where they are of one month alone."""
    whole = {name: number for number, names in months.items() for name in names}
    short: dict[str, set[int]] = {}
    for name, number in whole.items():
        for size in (3, 4):
            short.setdefault(name[:size], set()).add(number)
    return {name: next(iter(of)) for name, of in short.items() if len(of) == 1} | whole


def _plain(name: str) -> str:
    """Small letters without accents and dots, as février and fevrier are one."""
    name = unicodedata.normalize("NFKD", name.strip().casefold())
    return NO_LETTER.sub("", ACCENTS.sub("", name))


@cache
def _languages(official: bool) -> list[dict[str, int]]:
    """The names of months of the languages that are official somewhere, or of the others."""
    from babel.core import get_global

    common = {
        language
        for languages in get_global("territory_languages").values()
        for language, facts in languages.items()
        if facts["official_status"] == "official" and facts["population_percent"] > COMMON
    }
    found = []
    for months in _of_locales(common, official):
        names = _by_name(months)
        # as Excel writes March in German
        if names.get("marz") == 3 and "mai" in names:
            names["mrz"] = 3
        if names not in found:
            found.append(names)
    return found


def _of_locales(common: set[str], official: bool) -> Iterator[dict[int, list[str]]]:
    from babel import Locale, localedata

    for name in localedata.locale_identifiers():
        if (name.partition("_")[0] in common) != official:
            continue
        kinds = Locale.parse(name).months
        months: dict[int, list[str]] = {number: [] for number in range(1, MONTHS + 1)}
        for kind in ("format", "stand-alone"):
            for size in ("wide", "abbreviated"):
                for number, month in kinds[kind][size].items():
                    months[number].append(_plain(month))
        yield months
