"""Times that say how far they are ahead of UTC, and dates of any year."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from tables import NOTES_ALONE, read

from rnnlab.core.errors import InputError
from rnnlab.series.times import future_times

pytestmark = NOTES_ALONE


def rows(times: list[str]) -> str:
    return "ds,y\n" + "".join(f"{each},{n}\n" for n, each in enumerate(times))


@pytest.mark.parametrize(
    "ending",
    [" UTC", " GMT", "+00", "+01", "-05", " +0100", "+00:00", "Z", " CEST", " EST", " MSK", " IST"],
)
def test_an_offset_or_zone_leaves_local_times_without_a_warning(
    tmp_path: Path, ending: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel = read(tmp_path, rows([f"2024-05-0{day} 00:00:00{ending}" for day in range(1, 8)]))
    assert str(panel.ds[0]) == "2024-05-01T00:00:00"
    assert (np.diff(panel.ds) == np.timedelta64(1, "D")).all()


def test_dates_in_utc_without_an_hour(tmp_path: Path) -> None:
    panel = read(tmp_path, rows([f"2024-05-0{day} UTC" for day in range(1, 8)]))
    assert str(panel.ds[-1]) == "2024-05-07T00:00:00"


@pytest.mark.parametrize(
    ("zones", "words"),
    [
        (("CST", "CDT"), "CST is the name of several zones; write the offset from UTC"),
        (("XYZ", "XYZ"), "XYZ is no zone that is known; write the offset from UTC, such as -06:00"),
    ],
)
def test_other_zones_are_refused(tmp_path: Path, zones: tuple[str, str], words: str) -> None:
    times = [f"2024-05-0{day} 00:00 {zones[day > 3]}" for day in range(1, 8)]
    with pytest.raises(InputError, match=words):
        read(tmp_path, rows(times))


@pytest.mark.parametrize(("winter", "summer"), [("+01:00", "+02:00"), (" CET", " CEST")])
def test_hours_with_two_offsets_are_instants(tmp_path: Path, winter: str, summer: str) -> None:
    times = [f"2021-03-28 0{hour}:00{winter}" for hour in (0, 1)]
    times += [f"2021-03-28 {hour:02}:00{summer}" for hour in range(3, 20)]
    with pytest.warns(UserWarning, match="times in UTC, since the clocks change between them"):
        panel = read(tmp_path, rows(times))
    assert len(panel.y) == len(times)
    assert str(panel.ds[0]) == "2021-03-27T23:00:00"


def test_days_with_two_offsets_are_those_of_the_calendar(tmp_path: Path) -> None:
    times = [f"2021-03-{day}T00:00:00+0{1 + (day > 28)}:00" for day in range(20, 31)]
    panel = read(tmp_path, rows(times))
    assert str(panel.ds[-1]) == "2021-03-30T00:00:00"


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        ([f"1659-{month:02}-01" for month in range(1, 9)], "M"),
        ([f"2300-{month:02}-15" for month in range(1, 9)], "M"),
        ([str(year) for year in range(1600, 1612)], "Y"),
        ([str(year) for year in range(2255, 2268)], "Y"),
        ([f"{day}/01/1600" for day in range(10, 32)], "D"),
        ([f"1659-01-01T{hour:02}:00:00" for hour in range(10)], "h"),
    ],
)
def test_years_beyond_those_of_pandas(tmp_path: Path, times: list[str], unit: str) -> None:
    panel = read(tmp_path, rows(times))
    assert panel.ds.dtype == "datetime64[s]"
    assert (np.diff(panel.ds.astype(f"datetime64[{unit}]")).astype(int) == 1).all()
    assert len(panel.y) == len(times)


def test_no_day_of_an_old_calendar(tmp_path: Path) -> None:
    times = [f"1659-02-{day}" for day in (26, 27, 28, 30)]
    with pytest.raises(InputError, match="holds '1659-02-30'; write dates"):
        read(tmp_path, rows(times))


def test_months_on_the_30th(tmp_path: Path) -> None:
    days = [30, 28, 30, 30, 30]
    panel = read(tmp_path, rows([f"2023-{n + 1:02}-{day}" for n, day in enumerate(days)]))
    ahead = future_times(panel.ds, 10)
    assert [str(time)[5:10] for time in ahead[[0, 8, 9]]] == ["06-30", "02-29", "03-30"]


def test_months_on_the_30th_with_a_gap_that_begin_in_february(tmp_path: Path) -> None:
    times = ["2023-02-28", "2023-03-30", "2023-04-30", "2023-06-30", "2023-07-30", "2023-08-30"]
    panel = read(tmp_path, rows(times))
    assert [str(time)[5:10] for time in panel.ds[2:5]] == ["04-30", "05-30", "06-30"]
    assert str(future_times(panel.ds, 1)[0])[:10] == "2023-09-30"
