"""Times of series: even spacing, formatting, and future times."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import read

from rnnlab.core.errors import InputError
from rnnlab.series.times import format_times, future_times


@pytest.mark.parametrize(
    ("times", "even"),
    [
        (["2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11"], True),
        (["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"], True),
        (["2024-01-30", "2024-02-28", "2024-03-30", "2024-04-30", "2024-05-30"], False),
        (["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01", "2025-01-01"], True),
        (["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"], True),
        (["2024-01-01 00:15", "2024-01-01 00:30", "2024-01-01 00:46", "2024-01-01 01:15"], False),
        (["1", "3", "6", "8"], False),
    ],
    ids=["working days", "month ends", "uneven", "quarters", "leap years", "minutes", "numbers"],
)
def test_evenly_spaced_or_not(tmp_path: Path, times: list[str], even: bool) -> None:
    text = "ds,y\n" + "".join(f"{each},{n}\n" for n, each in enumerate(times))
    if even:
        assert len(read(tmp_path, text).y) == len(times)
    else:
        with pytest.raises(InputError, match="'series' is not evenly spaced"):
            read(tmp_path, text)


def test_times_as_they_are_written() -> None:
    days = np.array(["1949-01-31", "1949-02-28"], dtype="datetime64[s]")
    assert format_times(days).tolist() == ["1949-01-31", "1949-02-28"]
    hours = np.array(["2024-01-01T00", "2024-01-01T06"], dtype="datetime64[s]")
    assert format_times(hours).tolist() == ["2024-01-01T00:00:00", "2024-01-01T06:00:00"]
    np.testing.assert_array_equal(format_times(np.array([3, 4])), [3, 4])


def stamps(*times: str) -> np.ndarray:
    return pd.DatetimeIndex(times).to_numpy().astype("datetime64[s]")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (["2023-10-01", "2023-11-01", "2023-12-01"], ["2024-01-01", "2024-02-01", "2024-03-01"]),
        (["2023-10-31", "2023-11-30", "2023-12-31"], ["2024-01-31", "2024-02-29", "2024-03-31"]),
        (["2023-11-15", "2023-12-15", "2024-01-15"], ["2024-02-15", "2024-03-15", "2024-04-15"]),
        (["2023-04-01", "2023-07-01", "2023-10-01"], ["2024-01-01", "2024-04-01", "2024-07-01"]),
        (["2022-01-01", "2023-01-01", "2024-01-01"], ["2025-01-01", "2026-01-01", "2027-01-01"]),
        (["2024-02-12", "2024-02-19", "2024-02-26"], ["2024-03-04", "2024-03-11", "2024-03-18"]),
        (["2024-02-26", "2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01", "2024-03-02"]),
        (
            ["2024-03-01 21:00", "2024-03-01 22:00", "2024-03-01 23:00"],
            ["2024-03-02 00:00", "2024-03-02 01:00", "2024-03-02 02:00"],
        ),
        (
            [*["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"],
             *["2024-01-10", "2024-01-11", "2024-01-12"]],
            ["2024-01-15", "2024-01-16", "2024-01-17"],
        ),
        (["2023-10-31", "2023-12-31", "2024-02-29"], ["2024-04-30", "2024-06-30", "2024-08-31"]),
        (["2023-10-30", "2023-11-30", "2023-12-30"], ["2024-01-30", "2024-02-29", "2024-03-30"]),
        (
            ["2023-11-05 06:30", "2023-12-05 06:30", "2024-01-05 06:30"],
            ["2024-02-05 06:30", "2024-03-05 06:30", "2024-04-05 06:30"],
        ),
    ],
    ids=[
        *["months", "month ends", "mid-months", "quarters", "years", "weeks", "days", "hours"],
        *["working days", "every other month end", "the 30th", "months, with an hour"],
    ],
)  # fmt: skip
def test_times_that_come_next(known: list[str], expected: list[str]) -> None:
    found = future_times(stamps(*known), 3)
    assert found.dtype == "datetime64[s]"
    np.testing.assert_array_equal(found, stamps(*expected))


@pytest.mark.parametrize("frequency", ["YS", "ME", "B", "7D"])
def test_five_thousand_times_that_come_next(frequency: str) -> None:
    """Beyond the year 2262 too, where nanoseconds end."""
    known = pd.date_range("2023-12-20", periods=9, freq=frequency, unit="s")
    expected = pd.date_range(known[-1], periods=5001, freq=frequency, unit="s")[1:]
    np.testing.assert_array_equal(future_times(known.to_numpy(), 5000), expected.to_numpy())


def test_numbers_that_come_next() -> None:
    np.testing.assert_array_equal(future_times(np.array([-5, 0, 5]), 4), [10, 15, 20, 25])


@pytest.mark.parametrize("count", [0, 1, 30])
def test_as_many_times_as_are_asked_for(count: int) -> None:
    months = stamps(*(f"2024-{month:02}-01" for month in range(1, 13)))
    assert future_times(months, count).shape == (count,)
