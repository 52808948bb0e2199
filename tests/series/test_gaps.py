"""Missing rows: the spacing that explains the times of a series, and mixed ones."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from fuzzing import examples
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.series.gaps import find_step, first_uneven, times_between, with_missing_rows
from rnnlab.series.times import MONTH, NUMBER, WORKDAY, Step, step_of

FREQUENCIES = ["MS", "ME", "QS", "YS", "7D", "D", "B", "h", "30min"]


def times_of(frequency: str, count: int) -> np.ndarray:
    return pd.date_range("2020-01-31", periods=count, freq=frequency, unit="s").to_numpy()


def some(times: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """A random share of the times, the first and the last among them."""
    kept = np.random.default_rng(seed).random(len(times)) < share
    kept[[0, -1]] = True
    return times[kept]


@pytest.mark.parametrize("share", [0.95, 0.7, 0.4, 0.2])
@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_missing_times_are_found_whatever_their_share(frequency: str, share: float) -> None:
    times = times_of(frequency, 200)
    (found,) = with_missing_rows([some(times, share)])
    np.testing.assert_array_equal(found, times)
    assert find_step(some(times, share)) == step_of(times)


@pytest.mark.parametrize("share", [0.95, 0.4])
def test_missing_numbers_are_found(share: float) -> None:
    numbers = np.arange(-50, 450, 5)
    np.testing.assert_array_equal(with_missing_rows([some(numbers, share)])[0], numbers)


@examples(300)
@given(
    frequency=st.sampled_from([*FREQUENCIES, "BME", "W-WED", "15min", "2MS"]),
    first=st.dates(date(1949, 1, 1), date(2030, 1, 1)),
    kept=st.lists(st.booleans(), min_size=3, max_size=120),
)
def test_no_time_is_lost_or_moved(frequency: str, first: date, kept: list[bool]) -> None:
    """With any rows missing: the result is even and holds all of them, or it is what was there."""
    times = pd.date_range(first, periods=len(kept), freq=frequency, unit="s").to_numpy()
    ds = times[np.array(kept)]
    (found,) = with_missing_rows([ds])
    assert np.isin(ds, found).all()
    if len(found) > len(ds):
        assert step_of(found) is not None
        assert (found[0], found[-1]) == (ds[0], ds[-1])


def test_seasons_of_a_business_that_skips_months() -> None:
    times = times_of("MS", 60)
    summers = times[np.isin(np.arange(60) % 12, [4, 5, 6])]
    assert find_step(summers) == Step(1, MONTH)
    np.testing.assert_array_equal(with_missing_rows([summers])[0], times[4:55])


def test_weekends_are_no_gaps_of_working_days() -> None:
    """Holidays are."""
    for count in (12, 60):
        days = times_of("B", count)
        np.testing.assert_array_equal(with_missing_rows([np.delete(days, [3, 7])])[0], days)


def test_weeks_are_not_working_days() -> None:
    mondays = times_of("W-MON", 30)
    np.testing.assert_array_equal(with_missing_rows([np.delete(mondays, 7)])[0], mondays)


def days(*numbers: int) -> np.ndarray:
    return np.datetime64("2024-01-06", "s") + np.array(numbers) * np.timedelta64(1, "D")


@pytest.mark.parametrize("frequency", ["MS", "QS", "D", "h", "7D", "15min"])
def test_a_table_of_the_few_times_that_are_not_zero(frequency: str) -> None:
    """A tenth of the rows: few are a single step apart."""
    times = times_of(frequency, 144)
    found = [find_step(some(times, 0.1, seed)) for seed in range(50)]
    assert found.count(step_of(times)) >= 45
    assert {*found} <= {step_of(times), None}


MIXED = {
    "a row off the grid": (np.array([0, 5, 10, 12, 15, 20]), 3),
    "two distances": (np.array([1, 2, 4]), 2),
    "a day late": (days(0, 7, 14, 22, 28, 35, 42), 3),
    "another century": (days(*range(20), 365_000), 20),
    "two spacings": (np.array([*range(0, 300, 3), *range(298, 338)]), 100),
    "seconds": (days(0) + np.cumsum([3, 8, 1, 9, 20, 5, 11, 30, 2]) * np.timedelta64(1, "s"), 2),
    "meter readings": (days(0, 29, 61, 90, 123, 153, 181, 214, 243, 275), 2),
    "months and days": (days(0, 31, 75, 76), 2),
    "another day of the month": (
        pd.DatetimeIndex(["2020-01-01", "2020-02-01", "2020-03-01", "2020-04-02", "2020-05-01"])
        .to_numpy().astype("datetime64[s]"), 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mixed", MIXED)
def test_mixed_spacings_are_none(mixed: str) -> None:
    ds, row = MIXED[mixed]
    assert find_step(ds) is None
    np.testing.assert_array_equal(with_missing_rows([ds])[0], ds)
    assert first_uneven(ds) == row


@pytest.mark.parametrize(
    ("gaps", "step"), [([2, 1, 2, 9, 2, 3], Step(1, NUMBER)), ([2, 1, 2, 9, 2, 3, 2], None)]
)
def test_a_gap_that_is_more_than_half_of_all_is_no_chance(
    gaps: list[int], step: Step | None
) -> None:
    assert find_step(np.cumsum([0, *gaps])) == step


@pytest.mark.parametrize(
    ("month_days", "row"), [((1, 1, 1, 1, 7, 9, 20), 4), ((1, 1, 1, 8, 9, 20), 2)]
)
def test_more_than_half_of_all_months_say_the_day(month_days: tuple[int, ...], row: int) -> None:
    """The row off that day; where they are just half, the one off the usual distance."""
    times = [f"2021-{month:02}-{day:02}" for month, day in enumerate(month_days, 1)]
    assert first_uneven(np.array(times, "datetime64[s]")) == row


def test_a_time_that_stands_twice_is_left_to_the_caller() -> None:
    ds = np.array([1, 2, 2, 3, 4, 5])
    assert with_missing_rows([ds, np.arange(9)])[0] is ds


def test_few_rows_have_the_spacing_of_the_other_series() -> None:
    """Of a shop that sells a thing now and then, only the days with a sale are there."""
    others = [some(times_of("D", 100), 0.8, seed) for seed in range(3)]
    few = [days(3, 5, 9), days(2, 4, 6, 8), days(0, 17, 40)]
    found = with_missing_rows([*others, *few])
    for ds in found:
        assert (np.diff(ds) == np.timedelta64(1, "D")).all()
    assert [len(ds) for ds in found[3:]] == [7, 7, 41]


def test_a_series_of_another_spacing_keeps_it() -> None:
    """Months are no days, and weeks that stand in many rows are weeks."""
    others, weeks = [times_of("D", 100)] * 3, times_of("7D", 20)
    months = times_of("MS", 4)
    found = with_missing_rows([*others, np.delete(weeks, 3), months])
    np.testing.assert_array_equal(found[3], weeks)
    np.testing.assert_array_equal(found[4], months)


def test_times_between_need_their_unit() -> None:
    assert times_between(times_of("D", 20), Step(1, MONTH)) is None
    assert times_between(times_of("MS", 20), Step(1, WORKDAY)) is None
    assert times_between(np.arange(5), Step(1, "WOM-1MON")) is None
    assert times_between(times_of("MS", 5), Step(1, "WOM-1MON")) is None
