"""Tables whose header holds times: a row a year, a row a month, a row a series."""

from pathlib import Path

import numpy as np
import pytest
from layouts import NAMES, by_year, load, rows, said

from rnnlab.core.errors import InputError
from rnnlab.series.seasons import find_season


def test_a_row_a_series(tmp_path: Path) -> None:
    text = "Country,Code,2019,2020,2021,2022\nAland,AL,1,2,3,\nBland,BL,5,4,,9\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Aland", "Bland"]
    np.testing.assert_array_equal(panel.y, [1, 2, 3, 5, 4, np.nan, 9])
    assert find_season(panel, None).spacing == "yearly"


def test_a_row_a_series_with_numbered_steps(tmp_path: Path) -> None:
    """As the M4 competition has them."""
    header = ",".join(f'"V{n}"' for n in range(1, 20))
    rows = "".join(f"H{n}," + ",".join(str(n * 10 + k) for k in range(17)) + ",\n" for n in (1, 2))
    panel = load(tmp_path / "mine.csv", header + "\n" + rows)
    assert panel.ids == ["H1", "H2"]
    np.testing.assert_array_equal(panel.y, [*range(10, 27), *range(20, 37)])
    np.testing.assert_array_equal(panel.ds[:17], range(2, 19))
    (note,) = panel.table.notes
    assert note == "a series a row, 'V2' its step 2 (guessed; else --time COLUMN)"


def test_numbered_steps_behind_several_labels(tmp_path: Path) -> None:
    """As the M5 competition has them."""
    header = ",".join(["id", "item_id", "store_id", *(f"d_{n}" for n in range(1, 15))])
    lines = "".join(
        f"i{n}_s1,i{n},s1,{','.join(str(n + k) for k in range(14))}\n" for n in (1, 2, 3)
    )
    panel = load(tmp_path / "mine.csv", f"{header}\n{lines}")
    assert panel.ids == ["i1_s1", "i2_s1", "i3_s1"]
    np.testing.assert_array_equal(panel.y[:14], range(1, 15))
    np.testing.assert_array_equal(panel.ds[:14], range(1, 15))
    assert panel.table.notes == [
        "'d_1' its step 1 (guessed; else --time COLUMN)",
        "a series a row by 'id' (guessed; else --id COLUMN)",
    ]


GAPS = "Province/State,Country/Region,Lat,Long,1/30/20,1/31/20,2/1/20,2/2/20\n"


def test_short_american_dates_as_headers_behind_labels_with_gaps(tmp_path: Path) -> None:
    """As Johns Hopkins University counted cases: a number above 12 can only be a day."""
    text = f"{GAPS},Austria,47.5,14.5,0,1,4,9\n,Italy,41.5,12.5,0,2,3,5\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Austria", "Italy"]
    assert str(panel.ds[0]) == "2020-01-30T00:00:00"
    assert find_season(panel, None).spacing == "daily"
    assert "year 20 as 2020 (guessed; else --read century=1900)" in panel.table.notes
    text = f"{GAPS}Hubei,China,30.9,112.2,1,2,3,4\nHunan,China,27,111,0,1,4,9\n,Italy,4,1,0,2,3,5\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Hubei/China", "Hunan/China", "Italy"]
    names = "a series a row by 'Province/State,Country/Region' (guessed; else --id COLUMN)"
    assert names in panel.table.notes
    assert load(tmp_path / "mine.csv", text, id="Country/Region,Province/State").ids[0] == (
        "China/Hubei"
    )


def test_a_header_of_unclear_dates_is_called_so(tmp_path: Path) -> None:
    header = "name,1/2/20,1/3/20,1/4/20,1/5/20"
    with pytest.raises(InputError, match=r"mine\.csv: the header holds '1/2/20'; write dates"):
        load(tmp_path / "mine.csv", f"{header}\na,1,2,3,4\nb,2,3,4,5\n")


def test_whole_latitudes_name_no_rows(tmp_path: Path) -> None:
    text = f"{GAPS}Hubei,China,31.0,112.2,1,2,3,4\nHunan,China,27.0,111,0,1,4,9\n"
    text += ",Italy,4.0,1,0,2,3,5\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["Hubei/China", "Hunan/China", "Italy"]


def test_a_comma_in_names_below_a_preamble_is_no_separator(tmp_path: Path) -> None:
    lines = [
        "Data Source\tIndicators",
        "",
        "Name\tCode\tWhat\t" + "\t".join(map(str, range(1960, 1970))),
    ]
    lines += [f"{name}\t{name[:2]}\tPopulation, total" + "\t7\t5" * 5 for name in ("Aruba", "Chad")]
    assert load(tmp_path / "mine.csv", "\n".join(lines)).ids == ["Aruba", "Chad"]


def test_lines_of_another_width_above_the_header(tmp_path: Path) -> None:
    """As the World Bank has them, with a comma at the end of each line and early years empty."""
    years = ",".join(f'"{year}"' for year in range(1960, 1980))
    lines = [
        '"Data Source","World Development Indicators",',
        "",
        '"Last Updated Date","2024-05-30",',
        "",
        f'"Country Name","Country Code",{years},',
        f'"Aruba","ARU",,,{",".join(str(n * n) for n in range(18))},',
        f'"Chad","TCD",,,{",".join(str(n + 5) for n in range(18))},',
    ]
    panel = load(tmp_path / "mine.csv", "\n".join(lines))
    assert panel.ids == ["Aruba", "Chad"]
    np.testing.assert_array_equal(panel.y[~np.isnan(panel.y)][:18], np.arange(18) ** 2)
    assert find_season(panel, None).spacing == "yearly"
    guess = "without the 4 lines above the header (guessed; else --read skip=LINES)"
    assert guess in panel.table.notes


def test_flags_behind_the_values_of_eurostat(tmp_path: Path) -> None:
    text = "freq,geo\\TIME_PERIOD\t2020-01 \t2020-02 \t2020-03 \t2020-04 \n"
    text += "M,AT\t112.5 p\t118 \t132 bp\t1 \nM,DE\t4 \t: c\t5 \t6 e\n"
    panel = load(tmp_path / "mine.tsv", text)
    assert panel.ids == ["M,AT", "M,DE"]
    np.testing.assert_array_equal(panel.y[:4], [112.5, 118, 132, 1])
    np.testing.assert_array_equal(panel.y[-2:], [5, 6])
    assert "without the flags of 4 values" in panel.table.notes


def test_few_numbered_columns_are_measures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of which holds times"):
        load(tmp_path / "mine.csv", "name,x1,x2,x3\na,1,2,3\nb,2,5,7\n")


def test_matrices_of_several_series(tmp_path: Path) -> None:
    text = "shop,Year,Q1,Q2,Q3,Q4\na,2020,1,2,3,4\na,2021,5,6,7,8\nb,2020,9,8,7,\n"
    panel = load(tmp_path / "mine.csv", text)
    assert panel.ids == ["a", "b"]
    np.testing.assert_array_equal(panel.y, [*range(1, 9), 9, 8, 7])
    assert find_season(panel, None).period == 4


def test_a_row_a_month(tmp_path: Path) -> None:
    text = "Month," + ",".join(map(str, range(1958, 1961))) + "\n"
    text += "".join(f"{name.upper()},{n},{n + 12},{n + 24}\n" for n, name in enumerate(NAMES))
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.y, range(36))


def test_a_last_row_of_totals_below_years_or_months(tmp_path: Path, airline: np.ndarray) -> None:
    text = f"Year,{','.join(NAMES)}\n{by_year(airline)}Total,{','.join(['9'] * 12)}\n"
    panel = load(tmp_path / "mine.csv", text)
    np.testing.assert_array_equal(panel.y, airline)
    assert "without the last row 'Total'" in said(panel)[1]
    cells = "".join(f"{name},{n},{n * 2 + 1}\n" for n, name in enumerate(NAMES))
    panel = load(tmp_path / "season.csv", f"Month,2020,2021\n{cells}Mean,5,6\n")
    assert panel.lengths.tolist() == [24]
    assert panel.y[-1] == 23
    assert "without the last row 'Mean'" in said(panel)[1]
    text = "year,month,value\n" + rows(airline, lambda _, m: f"{m.year},{m.month},")
    panel = load(tmp_path / "parts.csv", f"{text}Total,,9999\n")
    np.testing.assert_array_equal(panel.y, airline)


def test_a_row_of_totals_in_a_table_of_rows_is_a_series(tmp_path: Path) -> None:
    text = "shop,2019,2020,2021\na,1,2,4\nb,2,3,5\nTotal,3,5,9\n"
    assert load(tmp_path / "mine.csv", text).ids == ["Total", "a", "b"]
