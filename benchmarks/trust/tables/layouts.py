"""Tables with a column of times: one series, long, wide, and times in several columns."""

from collections.abc import Callable
from random import Random

from benchmarks.trust.tables.story import Found, Laid, Story
from benchmarks.trust.tables.times import month_name, quarter

Layout = Callable[[Random, Story], Laid]


def one(random: Random, story: Story) -> Laid:
    """A column of times and one of values."""
    if story.spacing == "steps":
        headers = [["t", "y"], ["step", "value"], ["ds", "y"]]
    else:
        headers = [
            ["Month", "Passengers"],
            ["ds", "y"],
            ["", "value"],
            ["Datum", "Wert"],
            ["年月", "売上"],
            ["date", "sales (EUR)"],
            ["timestamp", "temp"],
        ]
    rows = [[t, v] for t, v in zip(story.times, story.cells(), strict=True)]
    if random.random() < 0.2:
        # the newest first
        rows = rows[::-1]
    chance = random.random()
    if chance < 0.15:
        rows = [[*headers[0], "geo"], *([*row, "AT"] for row in rows)]
    elif chance < 0.3:
        words = ["", "", "", "estimated", "revised"]
        rows = [[*headers[0], "note"], *([*row, random.choice(words)] for row in rows)]
    elif chance < 0.4 and story.spacing != "steps":
        rows = [["Title", "Passengers"], ["Unit", "thousands"], [], ["Month", "n"], *rows]
        return Laid(rows, story.found(True), stands_alone=True)
    else:
        rows = [random.choice(headers), *rows]
    return Laid(rows, story.found(True))


def value_first(random: Random, story: Story) -> Laid:
    """The values before the times."""
    by_year = [["population", "year"], ["Anzahl", "Jahr"], ["value", "Year"]]
    by_date = [["sales", "date"], ["Erlös", "Monat"], ["y", "ds"], ["demand", "timestamp"]]
    header = random.choice(by_year if story.time.name == "year" else by_date)
    rows = [[v, t] for t, v in zip(story.times, story.cells(), strict=True)]
    return Laid([header, *rows], story.found(True))


def long(random: Random, story: Story) -> Laid:
    """A row a value; names may have spaces around them, rows may lack."""
    header = random.choice([["unique_id", "ds", "y"], ["country", "date", "gdp"]])
    spaces = random.random() < 0.15
    rows = []
    for name, values in story.series.items():
        for time, value in zip(story.times, values, strict=True):
            if value is None and random.random() < 0.5:
                continue
            padded = random.choice(["{}", "{} ", " {}"]).format(name) if spaces else name
            rows.append([padded, time, story.number.text(value)])
    if random.random() < 0.3:
        random.shuffle(rows)
    order = random.sample([0, 1, 2], 3)
    return Laid([[row[place] for place in order] for row in [header, *rows]], story.found())


def several_ids(random: Random, story: Story) -> Laid:
    """A row a value, of series that two columns name, as the sales of families of stores."""
    stores, families = random.choice([(["1", "2"], ["BREAD", "DAIRY"]), (["a", "b"], ["x", "y"])])
    found: Found = {}
    rows = []
    times, truths = story.times, story.time.truth(story.moments)
    for place, (store, family) in enumerate((s, f) for s in stores for f in families):
        values = [v if v is None else round(v + place, 4) for v in story.first]
        found[f"{store}/{family}"] = story.by_time(truths, values)
        rows += [
            (n, place, [time, store, family, story.number.text(value)])
            for n, (time, value) in enumerate(zip(times, values, strict=True))
        ]
    ordered = [row for _, _, row in sorted(rows, key=lambda row: row[:2])]
    header = ["date", random.choice(["store_nbr", "shop"]), "family", "sales"]
    if random.random() < 0.5:
        header, ordered = ["id", *header], [[str(n), *row] for n, row in enumerate(ordered)]
    if random.random() < 0.3:
        header = [*header, "onpromotion"]
        ordered = [[*row, str(random.randint(0, 3))] for row in ordered]
    if random.random() < 0.5:
        shop = header[header.index("family") - 1]
        return Laid([header, *ordered], found, (), {"id": f"{shop},family", "value": "sales"})
    return Laid([header, *ordered], found)


def wide(random: Random, story: Story) -> Laid:
    """A column a series."""
    header = [random.choice(["date", "Month", "Zeit"]), *story.series]
    columns = [story.cells(name) for name in story.series]
    rows = [[t, *y] for t, *y in zip(story.times, *columns, strict=True)]
    return Laid([header, *rows], story.found())


def from_r(random: Random, story: Story) -> Laid:
    """A number of the row, a time and a value."""
    rows = [
        [str(n), t, v] for n, (t, v) in enumerate(zip(story.times, story.cells(), strict=True), 1)
    ]
    return Laid([[random.choice(["rownames", ""]), "time", "value"], *rows], story.found(True))


def parts(random: Random, story: Story) -> Laid:
    """Year and month, or year and quarter, in columns of their own."""
    monthly = story.spacing == "months"
    words = random.random() < 0.5
    rows = []
    for moment, value in zip(story.moments, story.cells(), strict=True):
        assert not isinstance(moment, int)
        part = moment.month if monthly else quarter(moment)
        name = month_name(moment, "en") if monthly else f"Q{part}"
        rows.append([str(moment.year), name if words else str(part), value])
    header = ["Year", "Month" if monthly else "Quarter", "Value"]
    return Laid([header, *rows], story.found(True))


def date_and_half_hour(random: Random, story: Story) -> Laid:
    """A half-hour by its number beside the date, or by its hour and minute."""
    numbered = random.random() < 0.5
    header = ["SETTLEMENT_DATE", "SETTLEMENT_PERIOD"] if numbered else ["date", "hour", "minute"]
    rows = []
    for time, moment, value in zip(story.times, story.moments, story.cells(), strict=True):
        assert not isinstance(moment, int)
        hour, minute = moment.hour, moment.minute
        parts = [2 * hour + minute // 30 + 1] if numbered else [hour, minute]
        rows.append([time, *map(str, parts), value])
    return Laid([[*header, "load"], *rows], story.found(True, story.moments))


def date_and_hour(random: Random, story: Story) -> Laid:
    """The hour in a column beside the date, as a shop that lends bicycles counts; 24 is the last
    hour where the first one is 1.
    """
    form = random.choice(["{}", "{:02}:00", "{:02}:00:00"])
    first = random.randint(0, 1) if form == "{}" else 0
    header = random.choice([["dteday", "hr", "cnt"], ["Date", "Hour", "Load"]])
    rows = []
    for time, moment, value in zip(story.times, story.moments, story.cells(), strict=True):
        assert not isinstance(moment, int)
        rows.append([time, form.format(moment.hour + first), value])
    if random.random() < 0.5:
        header, rows = ["instant", *header], [[str(n), *row] for n, row in enumerate(rows, 1)]
    return Laid([header, *rows], story.found(True, story.moments))
