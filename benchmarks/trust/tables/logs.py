"""Events at any time, of which a person wants a value a step."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from benchmarks.trust.tables.story import Found, Laid, stamp
from benchmarks.trust.tables.times import cut

TOTALS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "last": lambda values: values[-1],
    "count": len,
}
STEPS: dict[str, Callable[[datetime], datetime]] = {
    "hour": lambda time: time.replace(minute=0, second=0),
    "15 minutes": lambda time: time.replace(minute=time.minute // 15 * 15, second=0),
    "day": lambda time: cut(time, "day"),
    "week": lambda time: cut(time, "week"),
    "month": lambda time: cut(time, "month"),
}
SPAN = {"hour": 40 * 3600, "15 minutes": 12 * 3600, "day": 40 * 86400, "week": 200 * 86400}


def log(random: Random) -> Laid:
    """Rows at random seconds, perhaps of several shops."""
    every, total = random.choice([*STEPS]), random.choice([*TOTALS])
    start = datetime(2024, random.randint(1, 12), random.randint(1, 28))
    span = SPAN.get(every, 400 * 86400)
    names = random.choice([[""], ["north", "south"]])
    seconds = sorted(random.sample(range(span), 400))
    events = [
        (random.choice(names), start + timedelta(seconds=each), random.randint(0, 99) / 1.0)
        for each in seconds
    ]
    groups: dict[str, dict[datetime, list[float]]] = {name: {} for name in names}
    for name, time, value in events:
        groups[name].setdefault(STEPS[every](time), []).append(value)
    found: Found = {
        name: {stamp(time): float(TOTALS[total](values)) for time, values in times.items()}
        for name, times in groups.items()
    }
    header, columns = ["timestamp", "temp"], {}
    rows = [[f"{time:%Y-%m-%d %H:%M:%S}", f"{value:.0f}"] for _, time, value in events]
    if len(names) > 1:
        header = ["shop", *header]
        rows = [[name, *row] for (name, _, _), row in zip(events, rows, strict=True)]
        columns = {"id": "shop"}
    return Laid([header, *rows], found, (f"every={every}", f"total={total}"), columns)
