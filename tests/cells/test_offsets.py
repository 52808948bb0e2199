"""Times that say how far they are ahead of UTC, and dates of any year."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import NOTES_ALONE, read

from rnnlab.core.errors import InputError
from rnnlab.forecasting.output import with_offsets, with_texts
from rnnlab.formats.options import ReadOptions
from rnnlab.series.loading import panel_of
from rnnlab.series.times import future_times
from rnnlab.tables.reading import Table, read_table

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


def hours_in(zone: str, first: str, count: int) -> list[str]:
    times = pd.date_range(first, periods=count, freq="h", tz=zone)
    return [time.isoformat() for time in times]


@pytest.mark.parametrize(
    ("zone", "first", "found"),
    [
        ("Europe/Vienna", "2021-03-27", "Europe/Berlin"),
        ("Europe/Vienna", "2021-10-30", "Europe/Berlin"),
        ("America/Toronto", "2021-03-13", "America/New_York"),
        ("Australia/Lord_Howe", "2021-04-03", "Australia/Lord_Howe"),
    ],
)
def test_forecasts_have_the_offsets_of_the_zone(
    tmp_path: Path, zone: str, first: str, found: str
) -> None:
    times = hours_in(zone, first, 62)
    table, written = table_and_next(tmp_path, times[:60])
    assert table.zone == found
    assert f"a forecast has the offsets of {found} (guessed)" in table.notes[0]
    assert written == times[60:]


def test_forecasts_of_clocks_that_no_zone_has_are_in_utc(tmp_path: Path) -> None:
    times = [f"2021-03-27T{hour:02}:00:00+03:00" for hour in range(23)]
    times += [f"2021-03-27T{hour:02}:00:00+02:00" for hour in (22, 23)]
    times += [f"2021-03-28T{hour:02}:00:00+02:00" for hour in range(24)]
    table, written = table_and_next(tmp_path, times)
    assert table.zone == "UTC"
    assert written == ["2021-03-28T22:00:00+00:00", "2021-03-28T23:00:00+00:00"]


def table_and_next(folder: Path, times: list[str]) -> tuple[Table, list[str]]:
    """The table of times, and its next two times as a forecast writes them."""
    path = folder / "x.csv"
    path.write_text(rows(times))
    table = read_table(str(path))
    panel = panel_of(table, ReadOptions())
    ahead = pd.DataFrame({"ds": panel.future(2)})
    return table, with_texts(with_offsets(ahead, panel))["ds"].tolist()


def test_sums_of_days_are_those_of_the_local_calendar(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(rows(hours_in("Europe/Vienna", "2021-03-26", 24 * 5 - 1)))
    options = ReadOptions(every="day", total="count")
    panel = panel_of(read_table(str(path)), options)
    np.testing.assert_array_equal(panel.y, [24, 24, 23, 24, 24])
    assert "the count by day in Europe/Berlin" in panel.notes[-1]
    assert panel.table is not None
    assert panel.table.zone == ""


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
