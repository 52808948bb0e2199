"""Months by name, in the one language that knows all of a column."""

from pathlib import Path

import numpy as np
import pytest
from tables import NOTES_ALONE, read

from rnnlab.cells import months
from rnnlab.core.errors import InputError
from rnnlab.tables.reading import Table, read_table

pytestmark = NOTES_ALONE


def table(times: list[str], header: str = "ds;y") -> str:
    return header + "\n" + "".join(f"{each};{n + 10}\n" for n, each in enumerate(times))


@pytest.mark.parametrize(
    "times",
    [
        ["leden 2000", "únor 2000", "březen 2000"],
        ["LEDEN 2000", "ÚNOR 2000", "BŘEZEN 2000"],
        ["1. ledna 2000", "1. února 2000", "1. března 2000"],
        ["sty 2000", "lut 2000", "mar 2000"],
        ["янв. 2000", "февр. 2000", "мар. 2000"],
        ["Январь 2000 г.", "Февраль 2000 г.", "Март 2000 г."],
        ["ม.ค. 2000", "ก.พ. 2000", "มี.ค. 2000"],
        ["जनवरी २०००", "फ़रवरी २०००", "मार्च २०००"],
        ["كانون الثاني ٢٠٠٠", "شباط ٢٠٠٠", "آذار ٢٠٠٠"],
        ["Tháng 1 2000", "Tháng 2 2000", "Tháng 3 2000"],
        ["thg 1/2000", "thg 2/2000", "thg 3/2000"],
        ["2000年一月", "2000年二月", "2000年三月"],
        ["2000. január", "2000. február", "2000. március"],
        ["2000. január 1.", "2000. február 1.", "2000. március 1."],
        ["1 de enero de 2000", "1 de febrero de 2000", "1 de marzo de 2000"],
        ["fevrier 2000", "mars 2000", "avril 2000"],
        ["Jän 00", "Feb 00", "Mär 00"],
        ["Mrz 2000", "Apr 2000", "Mai 2000"],
        ["Ionawr 2000", "Chwefror 2000", "Mawrth 2000"],
    ],
)
def test_months_of_any_language(tmp_path: Path, times: list[str]) -> None:
    panel = read(tmp_path, table(times))
    found = panel.ds.astype("datetime64[M]")
    assert (np.diff(found).astype(int) == 1).all()
    assert str(found[0])[:4] == "2000"


def test_days_of_one_month_of_any_year(tmp_path: Path) -> None:
    panel = read(tmp_path, table([f"{day}. agosto 1600" for day in range(2, 8)]))
    assert (str(panel.ds[0])[:10], len(panel.ds)) == ("1600-08-02", 6)


CZECH = "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec"


def test_a_row_a_year_and_a_row_a_month(tmp_path: Path) -> None:
    years = [[str(year), *(str(year * 100 + n) for n in range(12))] for year in (2000, 2001, 2002)]
    rows = [["rok", *CZECH.split()], *years]
    for lines in (rows, list(zip(*rows, strict=True))):
        panel = read(tmp_path, "\n".join(";".join(row) for row in lines) + "\n")
        assert len(panel.y) == 36
        assert panel.ds[35] == np.datetime64("2002-12-01")
        assert panel.y[35] == 200211


@pytest.mark.parametrize("count", [5, 24])
def test_year_and_month_beside_each_other(tmp_path: Path, count: int) -> None:
    times = [f"{2000 + n // 12};{CZECH.split()[n % 12]}" for n in range(count)]
    panel = read(tmp_path, table(times, "year;month;y"))
    assert len(panel.y) == count
    assert panel.ds[4] == np.datetime64("2000-05-01")


def test_dates_as_columns(tmp_path: Path) -> None:
    header = ";".join(["kraj", *(f"{name} 2000" for name in CZECH.split())])
    rows = [";".join([name, *map(str, range(n, n + 12))]) for n, name in enumerate("abc")]
    panel = read(tmp_path, "\n".join([header, *rows, ""]))
    assert panel.ids == ["a", "b", "c"]
    assert panel.ds[11] == np.datetime64("2000-12-01")


def test_months_that_differ_by_language_are_refused(tmp_path: Path) -> None:
    times = [f"{name} {year}" for year in range(2000, 2005) for name in ("srp", "lis")]
    with pytest.raises(InputError, match="'srp' is month 7 or 8, by the language") as error:
        read(tmp_path, table(times))
    assert "write dates as 1949-01-31" in str(error.value)


@pytest.mark.parametrize(
    "names",
    [
        ["may", "mar", "set"],
        ["set 10", "set 11", "set 12"],
        ["see 1999", "see 2000", "see 2001"],
        ["sun 10", "mon 10", "tue 10", "wed 10"],
        ["shop 12", "room 13", "lip 14", "man 15"],
        ["Kia 2019", "Audi 2018", "Mar 2017", "Set 2010"],
    ],
)
def test_names_stay_names(tmp_path: Path, names: list[str]) -> None:
    rows = [f"2020-0{n}-01;{name};{n}" for name in names for n in range(1, 8)]
    panel = read(tmp_path, "\n".join(["date;shop;sold", *rows, ""]))
    assert panel.ids == sorted(names)


@pytest.mark.parametrize("count", [3, 100_000])
def test_words_and_english_months_load_no_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Which takes longer than to read 100,000 rows."""
    monkeypatch.setattr(months, "_languages", lambda official: pytest.fail("loads languages"))
    dates = ["January 2000", "Feb 2000", "Sept 2000"]
    words = [f"{chr(97 + n % 26)}{np.base_repr(n, 26)}x {n % 90 + 10}" for n in range(count // 3)]
    rows = [f"{date};{word};{n}" for n, word in enumerate(words) for date in dates]
    table = read_table_of(tmp_path, "\n".join(["month;word;sold", *rows, ""]))
    assert len(table.names) == len(words)
    assert str(table.ds.max())[:7] == "2000-09"


def read_table_of(folder: Path, text: str) -> Table:
    path = folder / "series.csv"
    path.write_text(text)
    return read_table(str(path))
