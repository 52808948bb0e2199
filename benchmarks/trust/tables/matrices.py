"""Tables whose header holds times: a row a year, a row a month, a row a series."""

from datetime import datetime, timedelta
from random import Random

from benchmarks.trust.tables.numbers import Value
from benchmarks.trust.tables.story import Laid, Story, stamp
from benchmarks.trust.tables.times import month_name

COUNTRIES = [("Aruba", "ABW"), ("Chad", "TCD"), ("Côte d'Ivoire", "CIV"), ("Korea, Rep.", "KOR")]


def matrix(random: Random, story: Story) -> Laid:
    """A row a year, perhaps with its total behind the months."""
    size = 12 if story.spacing == "months" else 4
    names = [f"Q{n}" for n in range(1, 5)]
    if size == 12:
        names = [month_name(datetime(2000, m, 1), "en", "abbreviated") for m in range(1, 13)]
        names = random.choice([names, [*map(str, range(1, 13))], [n.upper() for n in names]])
    total = random.random() < 0.5
    rows = [["Year", *names, *["Total"] * total]]
    cells = story.cells()
    for start in range(0, len(cells), size):
        year = story.moments[start]
        assert not isinstance(year, int)
        whole = sum(v or 0 for v in story.first[start : start + size])
        row = [str(year.year), *cells[start : start + size]]
        rows.append([*row, *[story.number.text(whole)] * total])
    return Laid(rows, story.found(True))


def row_a_day(random: Random, story: Story) -> Laid:
    """A row a day and a column a time of day, named by its beginning, its end or its number."""
    step = 60 if story.spacing == "hours" else 30
    late = random.random() < 0.5
    minutes = range(step * late, 1440 + step * late, step)
    names = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    if step == 60 and random.random() < 0.5:
        names, late = [f"{random.choice('hH')}{n}" for n in range(1, 25)], False
    moments = [moment for moment in story.moments if not isinstance(moment, int)]
    cells, size = story.cells(), len(names)
    rows = [[story.times[n], *cells[n : n + size]] for n in range(0, len(cells), size)]
    times = [moment + timedelta(minutes=step * late) for moment in moments]
    return Laid([["date", *names], *rows], story.found(True, times))


def transposed(random: Random, story: Story) -> Laid:
    """A row a month, and a column a year."""
    laid = matrix(random, story)
    rows = [row[:-1] for row in laid.rows] if "Total" in laid.rows[0] else laid.rows
    rows[0][0] = "Month" if story.spacing == "months" else "Quarter"
    return Laid([list(row) for row in zip(*rows, strict=True)], laid.found)


def world_bank(random: Random, story: Story) -> Laid:
    """Countries and indicators, years as columns, the first ones empty, under a preamble."""
    header = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", *story.times]
    empty = random.randint(0, len(story.times) // 3)
    rows, found = [], {}
    times = story.time.truth(story.moments)
    for (name, code), values in zip(COUNTRIES, some_series(random, story), strict=False):
        values = [None if n < empty else value for n, value in enumerate(values)]
        found[name] = story.by_time(times, values)
        cells = [story.number.text(value) if value is not None else "" for value in values]
        rows.append([name, code, "Population, total", "SP.POP.TOTL", *cells])
    lines = [["Data Source", "World Development Indicators"], ["Last Updated Date", "2024-05-30"]]
    lines = lines if random.random() < 0.7 else []
    end = [""] * (random.random() < 0.7)
    return Laid(
        [row + end for row in [*lines, header, *rows]],
        {name: cells for name, cells in found.items() if cells},
        stands_alone=True,
    )


def johns_hopkins(random: Random, story: Story) -> Laid:
    """Provinces, of which most countries have none, and months first in short dates."""
    labels = [["Hubei", "China"], ["Hunan", "China"], ["", "Italy"], ["", "Austria"]]
    some = some_series(random, story)
    # of two provinces alone the country would not be a part of the name
    labels = labels if len(some) > 2 else labels[2:]
    header = ["Province/State", "Country/Region", "Lat", "Long", *story.times]
    rows, found = [], {}
    times = story.time.truth(story.moments)
    for (province, country), values in zip(labels, some, strict=False):
        place = [f"{random.randint(-60, 60) / 10}", f"{random.randint(-90, 90) / 10}"]
        rows.append([province, country, *place, *map(story.number.text, values)])
        name = f"{province}/{country}".strip("/")
        found[name] = story.by_time(times, values)
    return Laid([header, *rows], found, stands_alone=True)


def competition(random: Random, story: Story) -> Laid:
    """Steps as numbered columns behind labels, as in the competitions M4 and M5."""
    m5 = random.random() < 0.6
    first = 1 if m5 else 2
    steps = [first + n for n in range(max(14, len(story.moments)))]
    header = (
        ["id", "item_id", "dept_id", "store_id", *(f"d_{n}" for n in steps)]
        if m5
        else ["V1", *(f"V{n}" for n in steps)]
    )
    rows, found = [], {}
    for n in range(1, random.randint(2, 5)):
        values = [random.randint(0, 50) / 1.0 for _ in steps]
        name = f"FOODS_1_{n:03}_CA_1" if m5 else f"H{n}"
        labels = [name, name[:11], "FOODS_1", "CA_1"] if m5 else [name]
        rows.append([*labels, *(f"{value:.0f}" for value in values)])
        found[name] = dict(zip(map(stamp, steps), values, strict=True))
    return Laid([header, *rows], found, stands_alone=True)


def eurostat(random: Random, story: Story) -> Laid:
    """Dimensions joined by commas, and letters behind the values."""
    header = ["freq,unit,geo\\TIME_PERIOD", *(f"{time} " for time in story.times)]
    rows, found = [], {}
    times = story.time.truth(story.moments)
    countries = ["AT", "BE", "DE", "EA20"]
    for country, values in zip(countries, some_series(random, story), strict=False):
        name = f"M,NR,{country}"
        cells = []
        for value in values:
            flag = random.choice(["", "", "", "p", "e", "bp", "b"])
            text = ":" if value is None else plain(value)
            cells.append(f"{text} {flag}")
        rows.append([name, *cells])
        found[name] = {
            stamp(time): value
            for time, value in zip(times, values, strict=True)
            if value is not None
        }
    return Laid([header, *rows], found, stands_alone=True)


def national_office(random: Random, story: Story) -> Laid:
    """Lines that describe the column above the first time, as the British office writes.

    Years, and quarters, may stand above the months or quarters that are to be found.
    """
    lines = [
        ["Title", "Air passengers: total"],
        ["CDID", "ABCD"],
        ["Source dataset ID", "XYZ"],
        ["PreUnit", ""],
        ["Unit", "thousands"],
        ["Release date", "16-02-2020"],
        ["Next release", "20 March 2020"],
        ["Important notes", ""],
    ]
    lines = [lines[0], *sorted(random.sample(lines[1:], random.randint(2, 7)), key=lines.index)]
    rows = [[t, v] for t, v in zip(story.times, story.cells(), strict=True)]
    years = sorted({time[:4] for time in story.times})
    if len(years) >= 3 and story.spacing != "years" and random.random() < 0.5:
        coarse = years
        if story.spacing == "months":
            coarse = [*years, *(f"{year} Q{n}" for year in years for n in range(1, 5))]
        numbers = story.cells() * 9
        rows = [*([t, v] for t, v in zip(coarse, numbers, strict=False)), *rows]
    return Laid([*lines, *rows], story.found(True), stands_alone=True)


def plain(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value}"


def some_series(random: Random, story: Story) -> list[list[Value]]:
    """Two to four series, each the first one and some more."""
    step = max((abs(v) for v in story.first if v is not None), default=0) // 10 + 1
    return [
        [v if v is None else round(v + n * step, 4) for v in story.first]
        for n in range(random.randint(2, 4))
    ]
