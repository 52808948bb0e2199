"""The options of the command that would work, where columns of a table have several readings."""

from itertools import combinations

from rnnlab.tables.columns import (
    MOST_CANDIDATES,
    MOST_TOGETHER,
    Column,
    called_value,
    first_twice,
)


def naming(column: Column, numbers: list[Column], time: str) -> list[str]:
    """Those for a text that may name series: by it if its cells repeat, else without it."""
    value = [f"--value {numbers[0].name}"] if len(numbers) > 1 else []
    if 2 * len({*column.cells}) <= len(column.cells):
        return [f"--id {column.name}", *value]
    return [f"--time {time}", f"--value {numbers[0].name}"]


def unique(candidates: list[Column], times: list[tuple[str, ...]]) -> tuple[Column, ...]:
    """The fewest columns that tell apart rows of one time; empty where none do."""
    whole = [each for each in candidates if not each.blanks][:MOST_CANDIDATES]
    for size in range(1, MOST_TOGETHER + 1):
        for chosen in combinations(whole, size):
            rows = list(zip(*(each.cells for each in chosen), times, strict=False))
            if len({*rows}) == len(rows):
                return chosen
    return ()


def by_unique(columns: list[Column], times: list[tuple[str, ...]]) -> list[str]:
    """Those that name series by the fewest columns that tell apart rows of one time."""
    found = unique([each for each in columns if not each.is_number or each.is_whole], times)
    return [f"--id {','.join(each.name for each in found)}"] if found else []


def of_long(numbers: list[Column], names: list[Column], times: list[tuple[str, ...]]) -> list[str]:
    """Those for a row a value: names that make times unique, else totals, and the first value.

    Args:
        names: texts that may name series.
        times: of the first rows; none where they may repeat.
    """
    twice = bool(first_twice(times))
    whole = [each for each in numbers[:-1] if each.is_whole]
    chosen = unique([*names, *whole], times) if twice else ()
    found = [f"--id {','.join(each.name for each in chosen)}"] if chosen else []
    if not found and names:
        found = [f"--id {names[0].name}"]
    left = [each for each in numbers if each not in chosen]
    if len(numbers) > 1:
        found.append(f"--value {left[0].name}")
    return found + (totals(times) if twice and not chosen else [])


def of_time(found: list[Column], columns: list[Column]) -> list[str]:
    """Those for the first of several columns of times: the others are no names of series."""
    rest = [each for each in columns if each not in found and not each.counts_rows]
    numbers = [each for each in rest if each.is_number]
    value = called_value(numbers) or next(iter(numbers), None)
    options = [f"--time {found[0].name}", *([f"--value {value.name}"] if value else [])]
    names = [each for each in rest if not each.is_number]
    times: list[tuple[str, ...]] = [(cell,) for cell in found[0].cells]
    chosen = unique(names, times) if value and first_twice(times) else ()
    return options + ([f"--id {','.join(each.name for each in chosen)}"] if chosen else [])


def totals(times: list[tuple[str, ...]]) -> list[str]:
    """Those that make one value of the rows of a day, or of an hour where times have one."""
    return ["--read every=" + ("hour" if any(":" in time[-1] for time in times) else "day")]
