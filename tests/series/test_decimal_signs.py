"""Which sign of 1,234 or 1.234 is the decimal one: a whole file decides, or it is asked."""

from pathlib import Path

import numpy as np
import pytest
from layouts import MONTHS, load

from rnnlab.core.errors import InputError

COUNTS = ["12", "987", "1,012", "345", "1,200", "2,345", "3,456"]
PRICES = ["1,234", "1,250", "2,345", "3,456", "2,100", "4,567", "5,678"]
UNCLEAR = "which is {} or {}; add --read decimal=point or decimal=comma"


def table_of(sign: str, separator: str, *columns: list[str]) -> str:
    """A table a month a row, whose numbers have ``sign`` where those above have a comma."""
    lines = [["date", *"abc"[: len(columns)]]]
    lines += [[str(MONTHS[n]), *cells] for n, cells in enumerate(zip(*columns, strict=True))]
    cells = [[cell.replace(",", sign) for cell in line] for line in lines]
    return "".join(separator.join(f'"{cell}"' for cell in line) + "\n" for line in cells)


SIGNS = [(",", ","), (",", ";"), (".", ";"), (",", "\t"), (".", "\t")]


@pytest.mark.parametrize(("sign", "separator"), SIGNS)
def test_short_whole_numbers_beside_groups_tell_thousands(
    tmp_path: Path, sign: str, separator: str
) -> None:
    panel = load(tmp_path / "mine.csv", table_of(sign, separator, COUNTS))
    np.testing.assert_array_equal(panel.y, [12, 987, 1012, 345, 1200, 2345, 3456])
    (note,) = panel.table.notes
    other = "comma" if sign == "," else "point"
    assert note == f"'1{sign}012' read as 1012 (guessed; else --read decimal={other})"


@pytest.mark.parametrize(("sign", "separator"), SIGNS)
@pytest.mark.parametrize("columns", [[PRICES], [PRICES, ["5", "6", "7", "8", "9", "10", "11"]]])
def test_three_digits_after_the_sign_are_thousands_or_decimals(
    tmp_path: Path, sign: str, separator: str, columns: list[list[str]]
) -> None:
    """Whole numbers of another series say nothing."""
    text = table_of(sign, separator, *columns)
    numbers = ("1234", "1.234") if sign == "," else ("1.234", "1234")
    with pytest.raises(InputError) as error:
        load(tmp_path / "mine.csv", text)
    where = f"{tmp_path}/mine.csv: row 2: column 'a' holds '1{sign}234', "
    assert str(error.value) == where + UNCLEAR.format(*numbers)
    decimal = {",": "comma", ".": "point"}[sign]
    assert load(tmp_path / "mine.csv", text, f"decimal={decimal}").y[0] == 1.234
    other = {",": "point", ".": "comma"}[sign]
    assert load(tmp_path / "mine.csv", text, f"decimal={other}").y[0] == 1234


def test_a_point_between_commas_is_the_decimal_sign(tmp_path: Path) -> None:
    """As programs write CSV; short whole numbers in the same series speak against it."""
    panel = load(tmp_path / "mine.csv", table_of(".", ",", PRICES))
    assert panel.y[0] == 1.234
    assert panel.table.notes == ["'1.234' read as 1.234 (guessed; else --read decimal=comma)"]
    with pytest.raises(InputError, match=r"holds '1\.012', which is 1\.012 or 1012; add --read"):
        load(tmp_path / "mine.csv", table_of(".", ",", COUNTS))


DECIMAL, THOUSANDS = (1.234, "0,234 1,23 1234,567 1.234,567 1,5"), (1234, "1,234,567 1,234.5 12.5")


@pytest.mark.parametrize(
    ("first", "cell"), [(n, cell) for n, cells in (DECIMAL, THOUSANDS) for cell in cells.split()]
)
def test_one_cell_tells_the_sign_of_the_whole_file(tmp_path: Path, first: float, cell: str) -> None:
    panel = load(tmp_path / "mine.csv", table_of(",", ";", [*PRICES[:-1], cell]))
    assert panel.y[0] == first
    assert panel.table.notes == []


@pytest.mark.parametrize(("sign", "separator"), [(",", ";"), (",", "\t"), (".", ";")])
def test_zeros_after_the_sign_are_thousands_between_commas_alone(
    tmp_path: Path, sign: str, separator: str
) -> None:
    """SAP writes 112 pieces as 112,000 or 112.000."""
    text = table_of(sign, separator, ["112,000", "118,000", "132,000"])
    with pytest.raises(InputError, match="--read decimal=point or decimal=comma"):
        load(tmp_path / "mine.csv", text)
