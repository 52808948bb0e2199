"""Numbers with something around them: units, currencies, brackets, thousands as k, <1."""

from pathlib import Path

import numpy as np
import pytest
from tables import NOTES_ALONE, month, said

from rnnlab.core.errors import InputError
from rnnlab.formats.options import reading_options
from rnnlab.series.loading import load_panel
from rnnlab.series.panel import Panel

pytestmark = NOTES_ALONE


def read(
    folder: Path, cells: list[str], *pairs: str, header: str = "ds;y", more: str = ""
) -> Panel:
    path = folder / "x.csv"
    rows = [f"{month(n)};{cell}{more}" for n, cell in enumerate(cells)]
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return load_panel(str(path), reading_options(pairs))


@pytest.mark.parametrize(
    ("cells", "numbers", "notes"),
    [
        (["5.0%", "5.1%", "-5.25 %"], [5, 5.1, -5.25], ["values in %"]),
        (["(1000)", "1003", "(5.5)"], [-1000, 1003, -5.5], ["'(1000)' read as -1000"]),
        (["1,000-", "3,000.5", "4"], [-1000, 3000.5, 4], ["'1,000-' read as -1000"]),
        (["−5", "5", "–6"], [-5, 5, -6], []),
        (["1.2k", "900", "1.1M"], [1200, 900, 1.1e6], ["'1.2k' read as 1200"]),
        (["3 Mio.", "4,5 Mio.", "1 Mrd."], [3e6, 4.5e6, 1e9], ["'3 Mio.' read as 3000000"]),
        (["3万", "1.5億", "7"], [3e4, 1.5e8, 7], ["'3万' read as 30000"]),
        (["100 kWh", "0", "120.5 kWh"], [100, 0, 120.5], ["values in kWh"]),
        (["5 kWh/m²", "6 kWh/m²", "7.5 kWh/m²"], [5, 6, 7.5], ["values in kWh/m²"]),
        (["3.5 °C", "", "-4 °C", "5 °C"], [3.5, np.nan, -4, 5], ["values in °C"]),
        (["$1,200.50", "-$5", "($6.25)"], [1200.5, -5, -6.25], ["$", "'($6.25)' read as -6.25"]),
        (["1.234,50 €", "5 €", "7,25 €"], [1234.5, 5, 7.25], ["values in €"]),
        (["EUR 1'200.50", "EUR 5", "EUR 6"], [1200.5, 5, 6], ["values in EUR"]),
        (["1 200 kr", "5 kr", "6 kr"], [1200, 5, 6], ["values in kr"]),
        (["₹12,34,567.5", "₹1,00,000", "₹900"], [1234567.5, 1e5, 900], ["values in ₹"]),
        (["R$ 5", "R$ 6", "R$ 7"], [5, 6, 7], ["values in R$"]),
        (["１２３", "٣", "４．５"], [123, 3, 4.5], []),
        (["<1", "53", "60"], [0.5, 53, 60], ["'<1' read as 0.5 (guessed; else --read below=zero)"]),
        (["<1%", "5%", "6%"], [0.5, 5, 6], ["%", "'<1%' read as 0.5"]),
    ],
)
def test_numbers_with_something_around_them(
    tmp_path: Path, cells: list[str], numbers: list[float], notes: list[str]
) -> None:
    panel = read(tmp_path, cells)
    np.testing.assert_array_equal(panel.y, numbers)
    assert len(said(panel)) == len(notes)
    assert all(words in note for words, note in zip(notes, said(panel), strict=True))


def test_below_as_zero(tmp_path: Path) -> None:
    panel = read(tmp_path, ["<1", "53", "60"], "below=zero")
    np.testing.assert_array_equal(panel.y, [0, 53, 60])
    assert said(panel) == []


def test_the_unit_joins_the_name_of_the_values(tmp_path: Path) -> None:
    table = read(tmp_path, ["5 MW", "6 MW", "7 MW"], header="month;load").table
    assert table is not None
    assert table.value == "load (MW)"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["5 kWh", "6 MWh", "7 kWh"], "row 3: column 'y' holds '6 MWh', but 'MWh' is not in all"),
        (
            ["5", "12o", "7"],
            "row 3: column 'y' holds '12o', but 'o' is not in all .*write a number",
        ),
        (["5%", "0.06", "7%"], "row 2: column 'y' holds '5%', but '%' is not in all"),
        (["$5", "€6", "$7"], "holds '€6', but '€' is not in all"),
        (["(5", "6", "7"], r"holds '\(5'; write a number"),
        (["5 PM", "6", "7"], "holds '5 PM'; write a number"),
        (["FY2000", "FY2001", "FY2002"], "holds 'FY2000'; write a number"),
        (["2000年", "2001年", "2002年"], "holds '2000年'; write a number"),
        (["5 May", "6 May", "7 May"], "holds '5 May'; write a number"),
        (["30 kvě", "31 kvě", "1 čvn"], "holds '30 kvě'; write a number"),
        (["1,234%", "2,345%", "3,456%"], "1234 or 1.234; add --read decimal=point"),
    ],
)
def test_several_units_and_times_are_no_numbers(
    tmp_path: Path, cells: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, cells)


def test_each_series_has_its_unit(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{name},{month(n)},{n} {unit}" for name, unit in (("a", "m"), ("b", "s"))
            for n in range(1, 6)]  # fmt: skip
    path.write_text("\n".join(["unique_id,ds,y", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    np.testing.assert_array_equal(panel.y, [1, 2, 3, 4, 5] * 2)
    assert said(panel) == ["values in m, s"]


def test_values_with_a_unit_among_other_columns(tmp_path: Path) -> None:
    cells = ["5 kWh", "6 kWh", "7.5 kWh"]
    panel = read(tmp_path, cells, header="month;load;place", more=";here")
    np.testing.assert_array_equal(panel.y, [5, 6, 7.5])


def test_names_that_look_like_numbers_with_a_unit_stay_names(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{month(n)},{race},{n + len(race)}" for n in range(6) for race in ("5K", "10K")]
    path.write_text("\n".join(["month,race,runners", *rows, ""]))
    assert load_panel(str(path), reading_options([])).ids == ["10K", "5K"]


def test_percents_beside_numbers_are_values_where_most_differ(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{month(n)},{n * n},{n}.5%" for n in range(9)]
    path.write_text("\n".join(["month,a,rate", *rows, ""]))
    panel = load_panel(str(path), reading_options([]))
    assert panel.ids == ["a", "rate"]
    assert panel.y[-1] == 8.5


@pytest.mark.parametrize("names", [("<5", "5-9"), ("5%", "10%"), ("(a)", "(b)")])
def test_groups_stay_names(tmp_path: Path, names: tuple[str, str]) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{month(n)},{name},{n * n}" for name in names for n in range(9)]
    path.write_text("\n".join(["month,group,n", *rows, ""]))
    assert sorted(load_panel(str(path), reading_options([])).ids) == sorted(names)
