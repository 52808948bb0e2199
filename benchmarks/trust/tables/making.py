"""Make a random table: a story, its layout, how it is written, and its file."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.trust.tables import layouts, logs, matrices
from benchmarks.trust.tables.formats import OF_CELLS, OF_FRAMES, RECENT, frame_of, typed_numbers
from benchmarks.trust.tables.numbers import some_numbers, some_values
from benchmarks.trust.tables.story import ONLY, Found, Laid, Story
from benchmarks.trust.tables.surroundings import encoded, packed, text_of, with_lines
from benchmarks.trust.tables.times import DAYS, MONTHS, TimeStyle, some_moments, some_style

NAMES = ["shop", "Fluggäste", "Österreich", "a b", "Wert", "Total", "sales (EUR)", "Zürich", "x1"]
NAMES += ["a,b", "東京", "Ωmega", 'the "best"', "a-1"]
DAILY = ["months", "quarters", "weeks", "days", "years", "hours", "half hours"]
MANY = ("long", "wide")


@dataclass(frozen=True)
class Kind:
    """A layout, the spacings that it takes, and how many moments it wants at least and at most."""

    lay: layouts.Layout
    spacings: list[str]
    counts: tuple[int, int] = (4, 40)
    # a multiple of it, from January or midnight on
    whole: int = 0


KINDS = {
    "one": Kind(layouts.one, [*DAILY, "steps"]),
    "value first": Kind(layouts.value_first, ["years", *DAILY]),
    "long": Kind(layouts.long, [*DAILY, "steps"]),
    "several ids": Kind(layouts.several_ids, DAILY, (8, 40)),
    "wide": Kind(layouts.wide, DAILY),
    "R": Kind(layouts.from_r, ["months", "quarters"]),
    "parts": Kind(layouts.parts, ["months", "quarters"]),
    "date and hour": Kind(layouts.date_and_hour, ["hours"], (72, 120), 24),
    "date and half hour": Kind(layouts.date_and_half_hour, ["half hours"], (144, 240), 48),
    "row a day": Kind(matrices.row_a_day, ["hours", "half hours"], (192, 480), 48),
    "matrix": Kind(matrices.matrix, ["months", "quarters"], (24, 60), 12),
    "transposed": Kind(matrices.transposed, ["months", "quarters"], (24, 60), 12),
    "world bank": Kind(matrices.world_bank, ["years"], (12, 40)),
    "johns hopkins": Kind(matrices.johns_hopkins, ["days"], (20, 60)),
    "competition": Kind(matrices.competition, ["steps"], (14, 40)),
    "eurostat": Kind(matrices.eurostat, ["months", "quarters", "years"], (12, 40)),
    "national office": Kind(matrices.national_office, ["months", "quarters", "years"], (8, 40)),
}
BY_NAME = {style.name: style for style in [*DAYS, *MONTHS]}
YEAR = TimeStyle("year", lambda m: f"{m.year}", "year")
# how a publisher writes times, where it is known
OWN_STYLES = {
    "world bank": {"years": YEAR},
    "johns hopkins": {"days": BY_NAME["american, short"]},
    "eurostat": {
        "months": BY_NAME["month"],
        "quarters": TimeStyle("quarter", lambda m: f"{m.year}-Q{(m.month + 2) // 3}", "quarter"),
        "years": YEAR,
    },
    "national office": {
        "months": BY_NAME["ons"],
        "quarters": TimeStyle("quarter", lambda m: f"{m.year} Q{(m.month + 2) // 3}", "quarter"),
        "years": YEAR,
    },
    "R": {
        "months": BY_NAME["R"],
        "quarters": TimeStyle("R", lambda m: f"{m.year + (m.month - 1) // 3 / 4:g}", "quarter"),
    },
    "parts": {
        "months": BY_NAME["month"],
        "quarters": TimeStyle("quarter", lambda m: f"{m.year}", "quarter"),
    },
    "matrix": {
        "months": BY_NAME["month"],
        "quarters": TimeStyle("quarter", lambda m: f"{m.year}", "quarter"),
    },
}
# whose numbers seldom have more than digits
PUBLISHED = ("world bank", "johns hopkins", "national office")
# whose times are those of days
BY_DAY = ("date and hour", "date and half hour", "row a day")
OWN_STYLES["transposed"] = OWN_STYLES["matrix"]


@dataclass(frozen=True)
class Made:
    """A random table.

    Attributes:
        kind: its layout, times, numbers and file, in words.
        path: where it lies.
        found: what is to be found in it.
        laid: with what a person says of it.
    """

    kind: str
    path: Path
    found: Found
    laid: Laid


def make_table(random: Random, folder: Path, kinds: dict[str, Kind] | None = None) -> Made:
    """Write a random table into ``folder``."""
    kinds = kinds or KINDS
    name = random.choice([*kinds, *(["log"] if kinds is KINDS else [])])
    if name == "log":
        laid, words = logs.log(random), "log"
        path = _write_text(random, laid, ",", folder)
        return _made(f"{words}, {path.name}", path, laid)
    if random.random() < 0.08 and name in MANY:
        return _typed(random, name, folder)
    separator = random.choice([",", ",", ";", "\t", "|"])
    story = some_story(random, name, separator)
    laid = kinds[name].lay(random, story)
    words = f"{name}, {story.spacing}, times {story.time.name}, numbers {story.number.name}"
    if name == "eurostat":
        return _made(words, _write_text(random, laid, "\t", folder, "tsv"), laid)
    cells_alone = len({*map(len, laid.rows)}) == 1 and all(laid.rows[0])
    cells_alone = cells_alone and name != "national office"
    if cells_alone and random.random() < 0.15:
        ending = random.choice([*OF_CELLS])
        cells: list = laid.rows
        if ending != "xlsx":
            # names in records are those of columns with types, spaces and all
            cells = [[cell.strip() for cell in row] for row in laid.rows]
        if random.random() < 0.5:
            cells = typed_numbers(cells, story)
        path = folder / f"mine.{ending}"
        OF_CELLS[ending](path, cells)
        return _made(f"{words}, {ending}", path, laid)
    path = _write_text(random, laid, separator, folder)
    return _made(f"{words}, {path.name} with {separator!r}", path, laid)


def some_story(random: Random, name: str, separator: str) -> Story:
    kind = KINDS[name]
    spacing = random.choice(kind.spacings)
    count = random.randint(*kind.counts)
    count = count // kind.whole * kind.whole if kind.whole else count
    moments = some_moments(random, spacing, count, bool(kind.whole))
    if name in OWN_STYLES:
        style = OWN_STYLES[name][spacing]
        years = [m.year for m in moments if not isinstance(m, int)]
        if min(years) < style.years[0] or max(years) > style.years[1]:
            return some_story(random, name, separator)
    elif name in BY_DAY:
        style = BY_NAME[random.choice(["iso", "german"])]
    else:
        style = some_style(random, spacing, moments)
    decimals = random.choice([0, 0, 0, 1, 2, 3, 4])
    positive = random.random() < 0.7
    least = 2 if name in MANY else 1
    names = random.sample(NAMES, random.randint(least, 3)) if name in MANY else ["first"]
    series = {each: some_values(random, len(moments), decimals, positive) for each in names}
    plain = name in PUBLISHED and random.random() < 0.9
    number = some_numbers(random, separator, decimals, positive, plain)
    return Story(spacing, moments, series, style, number)


def _made(kind: str, path: Path, laid: Laid) -> Made:
    stem = path.name.split(".")[0]
    found = {stem if name == ONLY else name: cells for name, cells in laid.found.items()}
    return Made(kind, path, {name: cells for name, cells in found.items() if cells}, laid)


def _write_text(random: Random, laid: Laid, separator: str, folder: Path, ending: str = "") -> Path:
    rows = laid.rows if laid.stands_alone else with_lines(random, laid.rows)
    content, _ = encoded(random, text_of(random, rows, separator))
    ending = ending or random.choice(["csv", "csv", "csv", "txt", "csv.gz", "zip"])
    path = folder / f"mine.{ending}"
    path.write_bytes(packed(content, ending))
    return path


def _typed(random: Random, name: str, folder: Path) -> Made:
    """A file whose columns have types."""
    story = some_story(random, name, ",")
    while story.spacing == "steps" or story.time.zone != "UTC":
        story = some_story(random, name, ",")
    laid = Laid([], {each: cells for each, cells in story.found().items() if cells})
    far = any(not 1901 <= m.year <= 2200 for m in story.moments if not isinstance(m, int))
    ending = random.choice([each for each in OF_FRAMES if not (far and each in RECENT)])
    # Stata has no names of columns with spaces
    wide = name == "wide" and ending != "dta"
    path = folder / f"typed.{ending}"
    OF_FRAMES[ending](path, frame_of(laid, wide))
    return _made(f"{name}, {story.spacing}, typed in {ending}", path, laid)
