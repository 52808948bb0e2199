"""Files .tsf of the Monash archive."""

from pathlib import Path

import numpy as np
import pytest

from rnnlab.core.errors import InputError
from rnnlab.core.notes import InputWarning
from rnnlab.formats.options import ReadOptions
from rnnlab.series.loading import load_panel
from rnnlab.series.seasons import settle
from rnnlab.tables.reading import Table, read_table

HEADER = """# Sal\xe9s of shops
@relation Shops
@attribute series_name string
@attribute region string
@attribute start_timestamp date
"""


def read(folder: Path, frequency: str, *series: str, more: str = "") -> Table:
    path = folder / "mine.tsf"
    lines = [f"{HEADER}@frequency {frequency}\n{more}@missing true\n@data", *series]
    path.write_bytes("\n".join(lines).encode("latin-1"))
    return read_table(str(path))


TIMES = {
    "4_seconds": ("2020-02-28 23-59-58", "2020-02-29T00:00:02", "2020-02-29T00:00:06"),
    "minutely": ("2020-02-28 23-59-00", "2020-02-29T00:00", "2020-02-29T00:01"),
    "10_minutes": ("2020-02-28 23-50-00", "2020-02-29T00:00", "2020-02-29T00:10"),
    "half_hourly": ("2020-02-28 23-30-00", "2020-02-29T00:00", "2020-02-29T00:30"),
    "hourly": ("2020-02-28 23-00-00", "2020-02-29T00:00", "2020-02-29T01:00"),
    "daily": ("2020-02-28 00-00-00", "2020-02-29", "2020-03-01"),
    "weekly": ("2020-02-28 00-00-00", "2020-03-06", "2020-03-13"),
    "monthly": ("2020-01-31 00-00-00", "2020-02-29", "2020-03-31"),
    "quarterly": ("1659-09-30 12-00-00", "1659-12-31T12:00", "1660-03-31T12:00"),
    "yearly": ("2300-02-01 00-00-00", "2301-02-01", "2302-02-01"),
}


@pytest.mark.parametrize("frequency", TIMES)
def test_times_follow_the_frequency(tmp_path: Path, frequency: str) -> None:
    first, *later = TIMES[frequency]
    table = read(tmp_path, frequency, f"T1:caf\xe9:{first}:1.5,?,3")
    assert [str(each) for each in table.ds[1:]] == [str(np.datetime64(t, "s")) for t in later]
    np.testing.assert_array_equal(table.y, [1.5, np.nan, 3])
    assert table.names == ["T1"]


def test_days_that_some_months_lack(tmp_path: Path) -> None:
    table = read(tmp_path, "monthly", "T1:a:2021-01-30 00-00-00:1,2,3")
    assert [str(each)[:10] for each in table.ds] == ["2021-01-30", "2021-02-28", "2021-03-30"]


def test_series_of_other_starts_and_the_horizon(tmp_path: Path) -> None:
    starts = ("T1:a:2020-01-01 00-00-00:1,2,3,5", "T2:a:2020-03-01 00-00-00:4,5,7")
    table = read(tmp_path, "monthly", *starts, more="@horizon 8\n")
    assert (table.names, table.horizon) == (["T1", "T2"], 8)
    np.testing.assert_array_equal(table.codes, [0, 0, 0, 0, 1, 1, 1])
    assert str(table.ds[-1])[:10] == "2020-05-01"
    _, season = settle(load_panel(table.name, ReadOptions(), any_series=True), None)
    assert season.horizon == 8
    assert "the file names a horizon of 8 (else --horizon)" in season.notes


def test_without_starts_times_are_steps(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsf"
    path.write_text("@attribute series_name string\n@frequency daily\n@data\nT1:5,6,8\nT2:1,2\n")
    table = read_table(str(path))
    np.testing.assert_array_equal(table.ds, [1, 2, 3, 1, 2])
    assert table.horizon is None
    path.write_text(f"{HEADER}@data\nT1:a:2020-01-01 00-00-00:5,6,8\n")
    with pytest.warns(InputWarning, match="names no @frequency; times are steps from 1"):
        np.testing.assert_array_equal(read_table(str(path)).ds, [1, 2, 3])


@pytest.mark.parametrize(
    ("frequency", "series"),
    [
        ("monthly", "T1:a:1,2,3"),
        ("monthly", "T1:a:2020-01-01:1,2,3"),
        ("monthly", "T1:a:2020-01-01 00-00-00:1,b,3"),
        ("sometimes", "T1:a:2020-01-01 00-00-00:1,2,3"),
    ],
)
def test_a_line_that_is_no_series(tmp_path: Path, frequency: str, series: str) -> None:
    with pytest.raises(InputError, match=r"mine\.tsf: row 9: is not a series as the header"):
        read(tmp_path, frequency, series)


def test_a_file_without_series(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no series below @data"):
        read(tmp_path, "monthly")
