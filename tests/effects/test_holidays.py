"""Holidays by the library, against a calendar and counts by hand."""

import numpy as np
import pandas as pd
import pytest

from rnnlab.core.errors import InputError
from rnnlab.effects.holidays import holiday_columns, holidays_of
from rnnlab.series.times import MONTH, NUMBER, SECOND, WORKDAY, Step

DAY = Step(24 * 3600, SECOND)
WEEK = Step(7 * 24 * 3600, SECOND)


def times(first: str, last: str, freq: str = "D") -> np.ndarray:
    return pd.date_range(first, last, freq=freq).to_numpy().astype("datetime64[s]")


def days_of(ds: np.ndarray, column: np.ndarray) -> list[str]:
    """The times at which a column is 1."""
    assert {*column} == {0.0, 1.0}
    return ds[column == 1].astype("datetime64[D]").astype(str).tolist()


def test_the_days_around_a_holiday_are_columns_of_their_own() -> None:
    ds = times("2023-01-01", "2024-12-31")
    found = holiday_columns("US", ds, DAY)
    assert days_of(ds, found["Thanksgiving Day"]) == ["2023-11-23", "2024-11-28"]
    assert days_of(ds, found["the day before Thanksgiving Day"]) == ["2023-11-22", "2024-11-27"]
    assert days_of(ds, found["the day after Thanksgiving Day"]) == ["2023-11-24", "2024-11-29"]
    # those of the years around: 2025-01-01 is no time of the series
    assert days_of(ds, found["the day before New Year's Day"]) == ["2023-12-31", "2024-12-31"]


def test_names_are_in_english() -> None:
    ds = times("2024-01-01", "2024-12-31")
    assert days_of(ds, holiday_columns("AT", ds, DAY)["National Day"]) == ["2024-10-26"]


def test_each_of_several_countries_has_its_own() -> None:
    ds = times("2024-01-01", "2024-12-31")
    found = holiday_columns("AT, DE", ds, DAY)
    assert days_of(ds, found["Labor Day (AT)"]) == days_of(ds, found["Labor Day (DE)"])
    assert days_of(ds, found["National Day (AT)"]) == ["2024-10-26"]
    assert "National Day (DE)" not in found


def test_a_part_of_a_country_has_its_own() -> None:
    years = range(2024, 2025)
    cesar_chavez = np.datetime64("2024-03-31")
    assert cesar_chavez in holidays_of("US-CA", years)
    assert cesar_chavez not in holidays_of("US", years)


def test_two_holidays_on_one_day_are_both_there() -> None:
    """In 2008 Ascension Day was the first of May."""
    ds = times("2007-01-01", "2009-12-31")
    found = holiday_columns("AT", ds, DAY)
    assert days_of(ds, found["Labor Day"]) == ["2007-05-01", "2008-05-01", "2009-05-01"]
    assert days_of(ds, found["Ascension Day"]) == ["2007-05-17", "2008-05-01", "2009-05-21"]
    assert not [name for name in found if ";" in name]


def test_each_hour_of_a_holiday_is_one() -> None:
    ds = times("2024-12-20", "2024-12-31", "h")
    found = holiday_columns("US", ds, Step(3600, SECOND))
    assert found["Christmas Day"].sum() == 24
    assert ds[found["the day before Christmas Day"] == 1][0] == np.datetime64("2024-12-24T00")


def test_a_holiday_on_no_working_day_of_the_series_has_no_column() -> None:
    ds = times("2024-05-01", "2024-07-31", "B")
    found = holiday_columns("US", ds, Step(1, WORKDAY))
    assert days_of(ds, found["Memorial Day"]) == ["2024-05-27"]
    assert "the day before Memorial Day" not in found
    assert all(np.ptp(column) for column in found.values())


@pytest.mark.parametrize(
    ("freq", "first"), [("MS", "2024-01-01"), ("ME", "2024-01-31")], ids=["begin", "end"]
)
def test_a_month_counts_its_working_days_and_holidays(freq: str, first: str) -> None:
    """January 2024: 23 days from Monday to Friday, of which New Year and King's day are off."""
    ds = times(first, "2024-12-31", freq)
    found = holiday_columns("US", ds, Step(1, MONTH))
    working = [21, 20, 21, 22, 22, 19, 22, 22, 20, 22, 19, 21]
    holidays = [2, 1, 0, 0, 1, 1, 1, 0, 1, 1, 2, 1]
    assert [*found] == ["working days", "holidays on weekdays"]
    assert found["working days"].tolist() == working
    assert found["holidays on weekdays"].tolist() == holidays


@pytest.mark.parametrize("freq", ["QS", "QE"])
def test_a_quarter_is_the_sum_of_its_months(freq: str) -> None:
    ds = times("2024-01-01", "2024-12-31", freq)
    found = holiday_columns("US", ds, Step(3, MONTH))
    assert found["working days"].tolist() == [62, 63, 64, 62]
    assert found["holidays on weekdays"].tolist() == [3, 2, 2, 4]


@pytest.mark.parametrize("freq", ["YS", "YE"])
def test_a_year_is_the_sum_of_its_months(freq: str) -> None:
    ds = times("2023-01-01", "2025-12-31", freq)
    found = holiday_columns("US", ds, Step(12, MONTH))
    assert found["working days"].tolist()[:2] == [249, 251]


def test_months_from_the_15th_end_before_the_next_15th() -> None:
    ds = times("2024-01-01", "2024-12-31", "MS") + np.timedelta64(14, "D")
    found = holiday_columns("US", ds, Step(1, MONTH))
    # 15 January to 14 February, from King's day on
    assert found["working days"][0] == 22
    assert found["holidays on weekdays"][0] == 1
    # 15 December to 14 January
    assert found["holidays on weekdays"][-1] == 2


def test_a_week_begins_with_its_time() -> None:
    ds = times("2024-12-02", "2025-01-06", "W-MON")
    found = holiday_columns("US", ds, WEEK)
    assert found["working days"].tolist() == [5, 5, 5, 4, 4, 5]
    assert found["holidays on weekdays"].tolist() == [0, 0, 0, 1, 1, 0]


def test_times_that_repeat_are_counted_for_each() -> None:
    ds = np.tile(times("2024-01-01", "2024-12-31", "MS"), 2)
    found = holiday_columns("US", ds, Step(1, MONTH))["working days"]
    np.testing.assert_array_equal(found[:12], found[12:])


@pytest.mark.parametrize("code", ["XX", "US-XX", "Austria1", "AT-"])
def test_an_unknown_code_is_one_line(code: str) -> None:
    ds = times("2024-01-01", "2024-12-31")
    if code == "AT-":
        assert holiday_columns(code, ds, DAY).keys() == holiday_columns("AT", ds, DAY).keys()
        return
    with pytest.raises(InputError, match=rf"^--holidays {code}: is no country.*US-CA$") as error:
        holiday_columns(f"US,{code}", ds, DAY)
    assert "\n" not in str(error.value)


def test_numbers_have_no_holidays() -> None:
    with pytest.raises(InputError, match="--holidays AT: the times are no dates"):
        holiday_columns("AT", np.arange(9), Step(1, NUMBER))


def test_old_and_far_times_have_some() -> None:
    ds = times("1869-01-01", "1871-12-31")
    assert [*holiday_columns("US", ds, DAY)]
